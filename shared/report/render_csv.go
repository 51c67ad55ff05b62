package report

import (
	"encoding/csv"
	"io"
	"strconv"
	"time"

	"fieldboard.dev/fieldboard/shared/sheet"
)

// csvFile is for programs, so it has no totals: RFC 4180, UTF-8, amounts in whole units with two decimals, shares as
// fractions of 1, days as 2006-01-02 and moments with their offset from UTC.
type csvFile struct {
	out    *csv.Writer
	head   head
	fields []string
}

func newCSV(w io.Writer) *csvFile { return &csvFile{out: csv.NewWriter(w)} }

func (f *csvFile) begin(h head) error {
	f.head = h
	for _, c := range h.Columns {
		f.fields = append(f.fields, sheet.Text(h.label(c)))
	}
	return f.out.Write(f.fields)
}

func (f *csvFile) row(r Row) error {
	for i, c := range f.head.Columns {
		f.fields[i] = f.field(c, r[i])
	}
	return f.out.Write(f.fields)
}

func (f *csvFile) field(c Column, v Value) string {
	if v.None {
		return ""
	}
	switch c.Type {
	case Count, Minutes:
		return strconv.FormatInt(v.Number, 10)
	case Money:
		return decimal(v.Number)
	case Percent:
		return scaled(v.Number, 4)
	case Moment:
		return time.Unix(v.Number, 0).In(f.head.Zone).Format(time.RFC3339)
	case Text, Date, Month:
	}
	return sheet.Text(v.Text)
}

func (f *csvFile) end(Row) error {
	f.out.Flush()
	return f.out.Error()
}
