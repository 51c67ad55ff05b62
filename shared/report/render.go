package report

import (
	"fmt"
	"io"
	"strconv"
	"time"
)

// head is what a file tells besides its rows.
type head struct {
	Title    string // "Revenue by month"
	Business string
	Period   string // "1 Mar 2026 to 31 Mar 2026", or "As of 4 Mar 2026 15:04"
	Filters  []string
	Currency string
	Zone     *time.Location
	Made     time.Time
	Columns  []Column
	Chart    Chart
	Plots    []string
}

// renderer writes a report. begin comes first, then each row, then end with the totals; an error of one ends the report. What
// a renderer holds in memory is bounded whatever the number of rows.
type renderer interface {
	begin(h head) error
	row(r Row) error
	end(totals Row) error
}

func newRenderer(f Format, w io.Writer) renderer {
	switch f {
	case XLSX:
		return newXLSX(w)
	case PDF:
		return newPDF(w)
	}
	return newCSV(w)
}

// totals sums the rows of a report.
type totals struct {
	columns []Column
	sums    []int64
}

func newTotals(columns []Column) *totals { return &totals{columns, make([]int64, len(columns))} }

func (t *totals) add(r Row) {
	for i, c := range t.columns {
		if c.Summed && !r[i].None {
			t.sums[i] += r[i].Number
		}
	}
}

// row returns the totals, with None where a column has none.
func (t *totals) row() Row {
	r := make(Row, len(t.columns))
	for i, c := range t.columns {
		switch {
		case c.Summed:
			r[i] = number(t.sums[i])
		case c.Type == Percent && c.Share[0] != "":
			r[i] = share(t.of(c.Share[0]), t.of(c.Share[1]))
		default:
			r[i] = none
		}
	}
	return r
}

func (t *totals) of(id string) int64 {
	if i := columnAt(t.columns, id); i >= 0 {
		return t.sums[i]
	}
	return 0
}

func (t *totals) byID() map[string]int64 {
	sums := map[string]int64{}
	for i, c := range t.columns {
		if c.Summed {
			sums[c.ID] = t.sums[i]
		}
	}
	return sums
}

func columnAt(columns []Column, id string) int {
	for i, c := range columns {
		if c.ID == id {
			return i
		}
	}
	return -1
}

// label is a column's name, with the currency where it has amounts.
func (h head) label(c Column) string {
	if c.Type == Money {
		return c.Label + " (" + h.Currency + ")"
	}
	return c.Label
}

// decimal is an amount of cents as a plain number: -12.05.
func decimal(cents int64) string { return scaled(cents, 2) }

// scaled is n divided by ten to the power of places, as a plain number. It is worked out in whole numbers.
func scaled(n int64, places int) string {
	digits, sign := strconv.FormatInt(n, 10), ""
	if n < 0 {
		digits, sign = digits[1:], "-"
	}
	for len(digits) <= places {
		digits = "0" + digits
	}
	return sign + digits[:len(digits)-places] + "." + digits[len(digits)-places:]
}

// shown is a value as a person reads it.
func (h head) shown(c Column, v Value) string {
	if v.None {
		return ""
	}
	switch c.Type {
	case Count, Minutes:
		return grouped(strconv.FormatInt(v.Number, 10))
	case Money:
		return grouped(decimal(v.Number))
	case Percent:
		return scaled(v.Number, 2) + " %"
	case Moment:
		return time.Unix(v.Number, 0).In(h.Zone).Format("2 Jan 2006 15:04")
	case Date:
		return reformatted(v.Text, "2006-01-02", "2 Jan 2006")
	case Month:
		return reformatted(v.Text, "2006-01", "Jan 2006")
	case Text:
	}
	return v.Text
}

func reformatted(s, from, to string) string {
	t, err := time.Parse(from, s)
	if err != nil {
		return s
	}
	return t.Format(to)
}

// grouped puts commas between the thousands of a plain number.
func grouped(s string) string {
	sign, whole, rest := "", s, ""
	if whole[0] == '-' {
		sign, whole = "-", whole[1:]
	}
	for i, r := range whole {
		if r == '.' {
			whole, rest = whole[:i], whole[i:]
			break
		}
	}
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	return sign + whole + rest
}

func (o Order) period(now time.Time, zone *time.Location) string {
	if o.From == "" {
		return "As of " + now.In(zone).Format("2 Jan 2006 15:04")
	}
	from, to := reformatted(string(o.From), "2006-01-02", "2 Jan 2006"), reformatted(string(o.To), "2006-01-02", "2 Jan 2006")
	if from == to {
		return from
	}
	return fmt.Sprintf("%s to %s", from, to)
}
