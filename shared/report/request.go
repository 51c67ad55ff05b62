package report

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"fieldboard.dev/fieldboard/shared/account"
	"fieldboard.dev/fieldboard/shared/httpapi"
	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/shared/record"
	"fieldboard.dev/fieldboard/shared/rollup"
)

// Request is what somebody asks for. The period is one of the dashboard's by its name, or the days from..to.
type Request struct {
	Kind     string
	Grouping string
	Format   string
	Period   string
	From, To string
	Filters  Filters
}

// longestPeriod is five years, in days.
const longestPeriod = 5*365 + 2

// order checks a request and works out what it means now. Every broken rule is told at once, in one problem Invalid whose
// fields are in the body.
func (r Request) order(ctx context.Context, records *record.Store, acc account.Account, by httpapi.Principal, now time.Time) (Order, Definition, Grouping, error) {
	zone, err := time.LoadLocation(acc.TimeZone)
	if err != nil {
		return Order{}, Definition{}, Grouping{}, fmt.Errorf("account %s: %w", acc.ID, err)
	}
	c := checker{request: r, now: now, zone: zone}
	o := Order{Kind: r.Kind, Grouping: r.Grouping, Format: Format(r.Format), Filters: r.Filters, Money: by.Can(account.FinanceRead)}
	d, g := c.definition()
	if !slices.Contains(Formats, o.Format) {
		c.refuse("format", "must be pdf, xlsx or csv")
	}
	o.Period, o.From, o.To = c.period(d)
	if d.Kind != "" && g.ID != "" {
		c.filters(d, g)
		if err := c.names(ctx, records, acc.ID); err != nil {
			return Order{}, d, g, err
		}
	}
	if len(c.bad) > 0 {
		return Order{}, d, g, &problem.Error{Code: problem.Invalid, Message: "Correct the fields below and ask for the report again.", Fields: c.bad}
	}
	for _, permission := range d.Needs {
		if !by.Can(permission) {
			return Order{}, d, g, problem.New(problem.Forbidden, "This report needs the permission %s, which you do not have.", permission)
		}
	}
	return o, d, g, nil
}

// checker collects what is wrong with a request.
type checker struct {
	request Request
	now     time.Time
	zone    *time.Location
	bad     []problem.Field
}

func (c *checker) refuse(field, format string, args ...any) {
	c.bad = append(c.bad, problem.Field{Location: "body." + field, Message: fmt.Sprintf(format, args...)})
}

func (c *checker) definition() (Definition, Grouping) {
	d, known := Find(c.request.Kind)
	if !known {
		kinds := make([]string, len(Definitions))
		for i, d := range Definitions {
			kinds[i] = d.Kind
		}
		c.refuse("kind", "must be one of: %s", strings.Join(kinds, ", "))
		return Definition{}, Grouping{}
	}
	g, known := d.Grouping(c.request.Grouping)
	if !known {
		ids := make([]string, len(d.Groupings))
		for i, g := range d.Groupings {
			ids[i] = g.ID
		}
		c.refuse("grouping", "must be one of: %s", strings.Join(ids, ", "))
	}
	return d, g
}

func (c *checker) period(d Definition) (name string, from, to rollup.Day) {
	r := c.request
	if d.NoPeriod {
		if r.Period != "" || r.From != "" || r.To != "" {
			c.refuse("period", "must be left out: this report tells how things are now")
		}
		return "", "", ""
	}
	if r.Period != "" {
		if r.From != "" || r.To != "" {
			c.refuse("period", "must be left out where from and to are given")
			return "", "", ""
		}
		p, err := rollup.NewPeriod(r.Period, c.now, c.zone)
		if err != nil {
			c.refuse("period", "must be one of: %s", strings.Join(rollup.Names, ", "))
			return "", "", ""
		}
		return r.Period, p.From, p.To
	}
	from, fromOK := c.day("from", r.From)
	to, toOK := c.day("to", r.To)
	switch {
	case !fromOK || !toOK:
		return "", "", ""
	case to < from:
		c.refuse("to", "must not be before from")
	case to.Since(from) >= longestPeriod:
		c.refuse("to", "must be within five years of from")
	}
	return "", from, to
}

// day reads a day of the years in which a business can have done something.
func (c *checker) day(field, value string) (rollup.Day, bool) {
	if value == "" {
		c.refuse(field, "is required: a day, or a period by its name")
		return "", false
	}
	d, ok := rollup.ParseDay(value)
	if !ok || d < "1990-01-01" || d > "2100-12-31" {
		c.refuse(field, "must be a day from 1990 to 2100, such as 2026-03-31")
		return "", false
	}
	return d, true
}

func (c *checker) filters(d Definition, g Grouping) {
	given := c.request.Filters.byName()
	for _, name := range filterNames {
		switch {
		case given[name] != "" && !slices.Contains(g.Filters, name):
			c.refuse("filters."+name, "is not a filter of this report %s", g.Title)
		case given[name] == "" && slices.Contains(g.Needs, name):
			c.refuse("filters."+name, "is required for this report")
		}
	}
	status := c.request.Filters.Status
	if status != "" && len(d.Statuses) > 0 && !slices.ContainsFunc(d.Statuses, func(s Status) bool { return s.ID == status }) {
		ids := make([]string, len(d.Statuses))
		for i, s := range d.Statuses {
			ids[i] = s.ID
		}
		c.refuse("filters.status", "must be one of: %s", strings.Join(ids, ", "))
	}
}

// names asks whether what the filters name is there, so that a typing error makes no empty report.
func (c *checker) names(ctx context.Context, records *record.Store, accountID string) error {
	f := c.request.Filters
	for field, of := range map[string]struct {
		collection record.Collection
		id         string
	}{"client": {record.Clients, f.Client}, "person": {record.Users, f.Person}} {
		if of.id == "" {
			continue
		}
		_, err := records.Get(ctx, accountID, of.collection, of.id)
		if problem.CodeOf(err) == problem.NotFound {
			c.refuse("filters."+field, "is not there")
		} else if err != nil {
			return err
		}
	}
	if f.Team == "" {
		return nil
	}
	users, err := records.Users(ctx, accountID)
	if err != nil {
		return problem.Wrap(err, problem.Unavailable, "The teams cannot be read right now. Try again shortly.")
	}
	if !slices.ContainsFunc(users, func(u *record.User) bool { return u.Team == f.Team }) {
		c.refuse("filters.team", "is not there")
	}
	return nil
}

// filterNames are the filters that there are.
var filterNames = []string{"client", "person", "team", "status"}

func (f Filters) byName() map[string]string {
	return map[string]string{"client": f.Client, "person": f.Person, "team": f.Team, "status": f.Status}
}
