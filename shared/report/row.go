package report

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"strings"
	"time"

	"fieldboard.dev/fieldboard/shared/account"
	"fieldboard.dev/fieldboard/shared/event"
	"fieldboard.dev/fieldboard/shared/record"
	"fieldboard.dev/fieldboard/shared/rollup"
)

// Value is one cell: by its column's type a text (Text, Date, Month) or a number (Count, Money, Percent, Minutes, and of a
// Moment its second since 1970). None is a cell without a value.
type Value struct {
	Text   string
	Number int64
	None   bool
}

// Row is the values of a row, one for each column.
type Row []Value

// rows are the rows of a report, as they are read. After an error there are none.
type rows = iter.Seq2[Row, error]

// source makes the rows of a report, with a value for every column of its grouping.
type source func(ctx context.Context, r *reading) rows

// reading is the making of one report.
type reading struct {
	records  *record.Store
	figures  *rollup.Store
	events   *event.Store
	accounts *account.Store
	account  account.Account
	zone     *time.Location
	now      time.Time
	order    Order
	expect   func(n int64) // so many more are going to be read
	read     func(n int)
	users    []*record.User // those of the account, where somebody asked for them
}

var none = Value{None: true}

func text(s string) Value    { return Value{Text: s} }
func number(n int64) Value   { return Value{Number: n} }
func day(d rollup.Day) Value { return Value{Text: string(d), None: d == ""} }
func share(part, of int64) Value { // to 1/10,000, half up; amounts may be up to 4e14
	if of <= 0 {
		return none
	}
	return number((2*10_000*part + of) / (2 * of))
}

func (r *reading) dayOf(t *time.Time) Value {
	if t == nil {
		return none
	}
	return day(rollup.DayOf(*t, r.zone))
}

func moment(t *time.Time) Value {
	if t == nil || t.IsZero() {
		return none
	}
	return number(t.Unix())
}

// failed yields an error alone.
func failed(err error) rows {
	return func(yield func(Row, error) bool) { yield(nil, err) }
}

// step returns the first day of the step of the grouping that a day is in. The first step begins with the period.
func (r *reading) step(d rollup.Day) rollup.Day {
	switch r.order.Grouping {
	case "week":
		return max(d.Add(-d.Weekday()), r.order.From)
	case "month":
		return d.Month().First()
	}
	return d
}

// start is the value of the first column of a row that is a step of time.
func (r *reading) start(d rollup.Day) Value {
	if r.order.Grouping == "month" {
		return text(string(d.Month()))
	}
	return day(d)
}

// daysAtOnce are held in memory together.
const daysAtOnce = 92

// days yields the figures of every day of the period, also of those on which nothing happened.
func (r *reading) days(ctx context.Context) iter.Seq2[dayFigures, error] {
	return func(yield func(dayFigures, error) bool) {
		for from := r.order.From; from <= r.order.To; from = from.Add(daysAtOnce) {
			to := min(from.Add(daysAtOnce-1), r.order.To)
			found, err := r.figures.Days(ctx, r.account.ID, from, to)
			if err != nil {
				yield(dayFigures{}, err)
				return
			}
			for d := from; d <= to; d = d.Add(1) {
				if !yield(dayFigures{d, found[d]}, nil) {
					return
				}
			}
			r.expect(int64(len(found)))
			r.read(len(found))
		}
	}
}

type dayFigures struct {
	Day rollup.Day
	rollup.Figures
}

// stepsOfDays yields one row for each step of the period: the sums over its days of what amounts returns, made a row by rowOf.
func (r *reading) stepsOfDays(ctx context.Context, amounts func(rollup.Figures) []int64, rowOf func(start Value, sums []int64) Row) rows {
	return func(yield func(Row, error) bool) {
		var at rollup.Day
		var sums []int64
		for d, err := range r.days(ctx) {
			if err != nil {
				yield(nil, err)
				return
			}
			if s := r.step(d.Day); s != at {
				if sums != nil && !yield(rowOf(r.start(at), sums), nil) {
					return
				}
				at, sums = s, nil
			}
			sums = plus(sums, amounts(d.Figures))
		}
		if sums != nil {
			yield(rowOf(r.start(at), sums), nil)
		}
	}
}

func plus(sums, more []int64) []int64 {
	if sums == nil {
		return slices.Clone(more)
	}
	for i, n := range more {
		sums[i] += n
	}
	return sums
}

// recordsAtOnce are held in memory together.
const recordsAtOnce = 500

// pages yields the records of a collection that a filter by client leaves, in the order of a field, page by page. Of those
// that have a time in the field only the ones in the period are asked for, and a little around it: inPeriod tells exactly.
func (r *reading) pages(ctx context.Context, c record.Collection, field string, where map[string]any) iter.Seq2[[]record.Record, error] {
	return func(yield func([]record.Record, error) bool) {
		q := record.Query{Where: map[string]any{}, Sort: field, Limit: recordsAtOnce}
		for name, value := range where {
			q.Where[name] = value
		}
		if r.order.From != "" {
			from, to := r.order.From.In(r.zone).Add(-beside), r.order.To.Add(1).In(r.zone).Add(beside)
			q.Range, q.From, q.To = field, &from, &to
		}
		if r.order.Filters.Client != "" && len(where) == 0 { // there is an index for one equal field with the time
			q.Where["clientId"] = r.order.Filters.Client
		}
		expected, err := r.records.Count(ctx, r.account.ID, c, q)
		if err != nil {
			yield(nil, err)
			return
		}
		r.expect(expected)
		for {
			page, err := r.records.List(ctx, r.account.ID, c, q)
			if err != nil {
				yield(nil, err)
				return
			}
			if len(page.Records) > 0 && !yield(page.Records, nil) {
				return
			}
			r.read(len(page.Records))
			if page.Next == nil {
				return
			}
			q.After = page.Next
		}
	}
}

// beside is how far a day's midnight may be from where time.Date puts it, at a change of the clocks.
const beside = 3 * time.Hour

// inPeriod tells whether a moment is on a day of the period; any is when there is no period.
func (r *reading) inPeriod(t time.Time) bool {
	d := rollup.DayOf(t, r.zone)
	return r.order.From == "" || d >= r.order.From && d <= r.order.To
}

// names returns the names of clients by their ids.
func (r *reading) names(ctx context.Context, ids []string) (map[string]string, error) {
	names := make(map[string]string, len(ids))
	for some := range slices.Chunk(ids, recordsAtOnce) {
		found, err := r.records.GetMany(ctx, r.account.ID, record.Clients, some)
		if err != nil {
			return nil, err
		}
		for id, c := range found {
			names[id] = c.(*record.Client).Name
		}
	}
	return names, nil
}

const nameless = "(no client)"

// each yields a row for each record of pages that rowOf returns one for, with the names of the page's clients.
func each[R record.Record](ctx context.Context, r *reading, pages iter.Seq2[[]record.Record, error], client func(R) string, rowOf func(R, string) Row) rows {
	return func(yield func(Row, error) bool) {
		for page, err := range pages {
			if err != nil {
				yield(nil, err)
				return
			}
			ids := []string{}
			for _, x := range page {
				ids = append(ids, client(x.(R)))
			}
			names, err := r.names(ctx, ids)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, x := range page {
				name := names[client(x.(R))]
				if name == "" {
					name = nameless
				}
				if row := rowOf(x.(R), name); row != nil && !yield(row, nil) {
					return
				}
			}
		}
	}
}

// every calls visit with each record of a collection that the period may have.
func every[R record.Record](ctx context.Context, r *reading, c record.Collection, field string, where map[string]any, visit func(R)) error {
	for page, err := range r.pages(ctx, c, field, where) {
		if err != nil {
			return err
		}
		for _, x := range page {
			visit(x.(R))
		}
	}
	return nil
}

// tally sums amounts by a key. It is as large as there are keys: clients, people, teams or days.
type tally map[string][]int64

func (t tally) add(key string, amounts ...int64) { t[key] = plus(t[key], amounts) }

// byName yields the sums with the name of each key, the largest first by the amount at index by.
func (t tally) byName(names map[string]string, by int, rowOf func(name string, sums []int64) Row) rows {
	return func(yield func(Row, error) bool) {
		type entry struct {
			key, name string
			sums      []int64
		}
		entries := make([]entry, 0, len(t))
		for key, sums := range t {
			name := names[key]
			if name == "" {
				name = nameless
			}
			entries = append(entries, entry{key, name, sums})
		}
		slices.SortFunc(entries, func(a, b entry) int {
			if c := cmp.Compare(b.sums[by], a.sums[by]); c != 0 {
				return c
			}
			if c := strings.Compare(a.name, b.name); c != 0 {
				return c
			}
			return strings.Compare(a.key, b.key)
		})
		for _, e := range entries {
			if !yield(rowOf(e.name, e.sums), nil) {
				return
			}
		}
	}
}

// byClient yields the sums with the clients' names.
func (t tally) byClient(ctx context.Context, r *reading, by int, rowOf func(name string, sums []int64) Row) rows {
	ids := make([]string, 0, len(t))
	for id := range t {
		ids = append(ids, id)
	}
	names, err := r.names(ctx, ids)
	if err != nil {
		return failed(err)
	}
	return t.byName(names, by, rowOf)
}

// bySteps yields the sums of every step of the period, also of those in which there is nothing, whose sums are zero.
func (t tally) bySteps(r *reading, width int, rowOf func(start Value, sums []int64) Row) rows {
	return func(yield func(Row, error) bool) {
		var at rollup.Day
		for d := r.order.From; d <= r.order.To; d = d.Add(1) {
			s := r.step(d)
			if s == at {
				continue
			}
			at = s
			sums := t[string(s)]
			if sums == nil {
				sums = make([]int64, width)
			}
			if !yield(rowOf(r.start(s), sums), nil) {
				return
			}
		}
	}
}

// stepKey is the key of a tally by steps.
func (r *reading) stepKey(t time.Time) string { return string(r.step(rollup.DayOf(t, r.zone))) }

func numbersAfter(first Value, sums []int64) Row {
	row := Row{first}
	for _, n := range sums {
		row = append(row, number(n))
	}
	return row
}
