package records

import (
	"context"
	"strings"
	"time"

	"fieldboard.dev/fieldboard/shared/cloud"
	"fieldboard.dev/fieldboard/shared/crew"
	"fieldboard.dev/fieldboard/shared/httpapi"
	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/shared/record"
)

// SearchInput is what every list takes. It is exported, as all that is embedded in inputs here: huma passes over embedded
// types that are not.
type SearchInput struct {
	httpapi.PageInput
	Q string `query:"q" maxLength:"100" doc:"Words to search for, by their beginnings: in the record itself and in its client"`
}

// SpanInput bounds a list by its main date.
type SpanInput struct {
	From string `query:"from" maxLength:"40" doc:"First day (2006-01-02, in the account's time zone) or instant (RFC 3339), included"`
	To   string `query:"to" maxLength:"40" doc:"Last day, included, or instant, not included"`
}

// listing is what a list's input asks for.
type listing struct {
	page   SearchInput
	sort   string // a field, with "-" before it for descending
	span   SpanInput
	spanOf string // the field that span bounds
	where  map[string]any
	keep   func(record.Record) bool
}

// position is a cursor: where the page before ended, in which order.
type position struct {
	Sort string     `json:"s"`
	ID   string     `json:"i"`
	Time *time.Time `json:"t,omitempty"`
	Text *string    `json:"x,omitempty"`
	Int  *int64     `json:"n,omitempty"`
}

// Valid tells whether a list can go on there.
func (p position) Valid() bool { return cloud.AreIDs(p.ID) && (p.Time == nil || cloud.IsTime(*p.Time)) }

func list[I, V any](ctx context.Context, h *handler, res resource[I, V], v view, in *I) (httpapi.Page[V], error) {
	asked, err := res.list(v, in)
	if err != nil {
		return httpapi.Page[V]{}, err
	}
	query, sort, err := asked.query(v)
	if err != nil {
		return httpapi.Page[V]{}, err
	}
	if v.people != nil && crew.Shares(res.collection) {
		query.People = v.people
		if len(query.People) == 0 {
			return httpapi.NewPage[V](nil, ""), nil
		}
	}
	found, err := h.records.List(ctx, v.account.ID, res.collection, query)
	if err != nil {
		return httpapi.Page[V]{}, err
	}
	items, err := show(ctx, h, res, v, found.Records)
	if err != nil {
		return httpapi.Page[V]{}, err
	}
	next := ""
	if found.Next != nil {
		if next, err = httpapi.EncodeCursor(cursorAt(sort, *found.Next)); err != nil {
			return httpapi.Page[V]{}, err
		}
	}
	return httpapi.NewPage(items, next), nil
}

// query turns what was asked for into a query of the store, and tells the sort that it came out with.
func (l listing) query(v view) (record.Query, string, error) {
	q := record.Query{Where: l.where, Search: l.page.Q, Limit: l.page.Limit, Keep: l.keep}
	from, badFrom := instant(l.span.From, v.zone, 0)
	to, badTo := instant(l.span.To, v.zone, 1)
	var fields []problem.Field
	if badFrom {
		fields = append(fields, problem.Field{Location: "query.from", Message: "is neither a day (2026-01-31) nor an instant (2026-01-31T08:00:00Z)"})
	}
	if badTo {
		fields = append(fields, problem.Field{Location: "query.to", Message: "is neither a day (2026-01-31) nor an instant (2026-01-31T08:00:00Z)"})
	}
	sort := l.sort
	q.Sort, q.Desc = strings.TrimPrefix(sort, "-"), strings.HasPrefix(sort, "-")
	if from != nil || to != nil {
		q.Range, q.From, q.To = l.spanOf, from, to
		if q.Sort != l.spanOf {
			fields = append(fields, problem.Field{Location: "query.sort", Message: "must be " + l.spanOf + " or -" + l.spanOf + " when from or to is given"})
		}
	}
	if len(fields) > 0 {
		return record.Query{}, "", invalid(fields...)
	}
	var at position
	given, err := httpapi.DecodeCursor(l.page.Cursor, &at)
	if err != nil {
		return record.Query{}, "", err
	}
	if given {
		if at.Sort != sort {
			return record.Query{}, "", invalid(problem.Field{Location: "query.cursor", Message: "is of a list in another order; leave it out to start again"})
		}
		q.After = &record.Position{Value: at.value(), ID: at.ID}
	}
	return q, sort, nil
}

// instant reads a day, or an instant; a day stands for its beginning, days later.
func instant(text string, zone *time.Location, days int) (at *time.Time, bad bool) {
	if text == "" {
		return nil, false
	}
	t, err := time.ParseInLocation("2006-01-02", text, zone)
	if err == nil {
		t = t.AddDate(0, 0, days)
	} else {
		t, err = time.Parse(time.RFC3339, text)
	}
	if err != nil || !cloud.IsTime(t) {
		return nil, true
	}
	return &t, false
}

func cursorAt(sort string, at record.Position) position {
	p := position{Sort: sort, ID: at.ID}
	switch value := at.Value.(type) {
	case time.Time:
		p.Time = &value
	case string:
		p.Text = &value
	case int64:
		p.Int = &value
	}
	return p
}

func (p position) value() any {
	switch {
	case p.Time != nil:
		return *p.Time
	case p.Text != nil:
		return *p.Text
	case p.Int != nil:
		return *p.Int
	}
	return nil
}

func invalid(fields ...problem.Field) error {
	return &problem.Error{Code: problem.Invalid, Message: "Correct the fields below and send the request again.", Fields: fields}
}

// moneySort refuses to sort by an amount for somebody who may not see it: the order would tell it.
func (v view) moneySort(sort string, amounts ...string) error {
	for _, a := range amounts {
		if !v.finance && strings.TrimPrefix(sort, "-") == a {
			return problem.New(problem.Forbidden, "Sorting by %s needs the permission finance:read, which your role does not have.", a)
		}
	}
	return nil
}

// equals collects the filters that were given.
func equals(pairs ...string) map[string]any {
	where := map[string]any{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			where[pairs[i]] = pairs[i+1]
		}
	}
	return where
}
