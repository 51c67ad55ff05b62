package jobber

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"fieldboard.dev/fieldboard/emulators/jobber/business"
)

// sortInput is every {key, direction} of the schema.
type sortInput struct{ Key, Direction string }

// order is how a sort key compares two records.
type order[T any] struct {
	compare func(a, b *T) int
	derived bool // looks beyond the two records, so a sorted list must not be kept
}

// sorted returns a table's rows in the order that was asked for. Lists are kept by the table until it changes.
func sorted[T any](table *business.Table[T], orders map[string]order[T], by []sortInput) []*T {
	var name strings.Builder
	derived := false
	for _, s := range by {
		name.WriteString("sort " + s.Key + " " + s.Direction + " ")
		derived = derived || orders[s.Key].derived
	}
	if !derived {
		return table.Sorted(name.String(), compareBy(orders, by))
	}
	rows := slices.Clone(table.List(business.ByID))
	slices.SortStableFunc(rows, compareBy(orders, by))
	return rows
}

func compareBy[T any](orders map[string]order[T], by []sortInput) func(a, b *T) int {
	return func(a, b *T) int {
		for _, s := range by {
			c := orders[s.Key].compare(a, b)
			if s.Direction == "DESCENDING" {
				c = -c
			}
			if c != 0 {
				return c
			}
		}
		return 0
	}
}

func byText[T any](text func(*T) string) order[T] {
	return order[T]{compare: func(a, b *T) int {
		return cmp.Compare(strings.ToLower(text(a)), strings.ToLower(text(b)))
	}}
}

func by[T any, K cmp.Ordered](key func(*T) K) order[T] {
	return order[T]{compare: func(a, b *T) int { return cmp.Compare(key(a), key(b)) }}
}

func byTime[T any](at func(*T) time.Time) order[T] {
	return order[T]{compare: func(a, b *T) int { return at(a).Compare(at(b)) }}
}

// byMaybe puts what has no time last, as PostgreSQL does.
func byMaybe[T any](at func(*T) *time.Time) order[T] {
	return order[T]{compare: func(a, b *T) int {
		x, y := at(a), at(b)
		switch {
		case x == nil && y == nil:
			return 0
		case x == nil:
			return 1
		case y == nil:
			return -1
		}
		return x.Compare(*y)
	}}
}

// byOther orders by a text of another record, or by one that the clock decides.
func byOther[T any](text func(*T) string) order[T] {
	o := byText(text)
	o.derived = true
	return o
}

var userOrders = map[string]order[business.User]{
	"NAME": byText(func(u *business.User) string { return u.Name.Full }),
}

var clientOrders = map[string]order[business.Client]{
	"PRIMARY_NAME": byText(func(c *business.Client) string { return c.Name }),
	"FIRST_NAME":   byText(func(c *business.Client) string { return c.FirstName }),
	"LAST_NAME":    byText(func(c *business.Client) string { return c.LastName }),
	"UPDATED_AT":   byTime(func(c *business.Client) time.Time { return c.UpdatedAt }),
}

func (s *session) requestOrders() map[string]order[business.Request] {
	status := byOther(func(r *business.Request) string { return s.business.RequestStatus(r, s.now()) })
	created := byTime(func(r *business.Request) time.Time { return r.CreatedAt })
	return map[string]order[business.Request]{
		"TITLE":        byText(func(r *business.Request) string { return r.Title }),
		"REQUESTED_AT": created,
		"STATUS":       status,
		"STATUS_AND_REQUESTED_AT": {derived: true, compare: func(a, b *business.Request) int {
			return cmp.Or(status.compare(a, b), created.compare(a, b))
		}},
		"PRIMARY_NAME": byOther(func(r *business.Request) string { return s.clientOf(r.ClientID).Name }),
		"FIRST_NAME":   byOther(func(r *business.Request) string { return s.clientOf(r.ClientID).FirstName }),
		"LAST_NAME":    byOther(func(r *business.Request) string { return s.clientOf(r.ClientID).LastName }),
	}
}

func (s *session) quoteOrders() map[string]order[business.Quote] {
	return map[string]order[business.Quote]{
		"CREATED_AT":                byTime(func(q *business.Quote) time.Time { return q.CreatedAt }),
		"QUOTE_NUMBER":              by(func(q *business.Quote) int32 { return number(q.QuoteNumber) }),
		"QUOTE_STATUS":              byText(func(q *business.Quote) string { return q.QuoteStatus }),
		"QUOTE_TOTAL":               by(func(q *business.Quote) float64 { return q.Amounts.Total }),
		"LAST_SENT_AT":              byMaybe(func(q *business.Quote) *time.Time { return q.SentAt }),
		"LAST_CHANGES_REQUESTED_AT": byMaybe(func(q *business.Quote) *time.Time { return q.LastTransitioned.ChangesRequestedAt }),
		"APPROVED_AT":               byMaybe(func(q *business.Quote) *time.Time { return q.LastTransitioned.ApprovedAt }),
		"CONVERTED_AT":              byMaybe(func(q *business.Quote) *time.Time { return q.LastTransitioned.ConvertedAt }),
		"PROPERTY_STREET1": byOther(func(q *business.Quote) string {
			if p, ok := s.business.Properties.Get(q.PropertyID); ok {
				return p.Address.Street1
			}
			return ""
		}),
		"CLIENT_FIRST_NAME":   byOther(func(q *business.Quote) string { return s.clientOf(q.ClientID).FirstName }),
		"CLIENT_PRIMARY_NAME": byOther(func(q *business.Quote) string { return s.clientOf(q.ClientID).Name }),
	}
}

func (s *session) jobOrders() map[string]order[business.Job] {
	schedule := byMaybe(func(j *business.Job) *time.Time { return j.StartAt })
	return map[string]order[business.Job]{
		"UPDATED_AT": byTime(func(j *business.Job) time.Time { return j.UpdatedAt }),
		"JOB_NUMBER": by(func(j *business.Job) int { return j.JobNumber }),
		"JOB_STATUS": byOther(func(j *business.Job) string { return s.business.JobStatus(j, s.now()) }),
		"TOTAL_COST": by(func(j *business.Job) float64 { return j.Total }),
		"SCHEDULE":   schedule,
		"VISIT_START_DATE": {derived: true, compare: byMaybe(func(j *business.Job) *time.Time {
			var first *time.Time
			for _, v := range s.business.Visits.Of(business.OfJob, j.ID) {
				if v.StartAt != nil && (first == nil || v.StartAt.Before(*first)) {
					first = v.StartAt
				}
			}
			return first
		}).compare},
		"CLIENT_FIRST_NAME":   byOther(func(j *business.Job) string { return s.clientOf(j.ClientID).FirstName }),
		"CLIENT_PRIMARY_NAME": byOther(func(j *business.Job) string { return s.clientOf(j.ClientID).Name }),
	}
}

func (s *session) visitOrders() map[string]order[business.Visit] {
	return map[string]order[business.Visit]{
		"CREATED_AT":          byTime(func(v *business.Visit) time.Time { return v.CreatedAt }),
		"START_AT":            byMaybe(func(v *business.Visit) *time.Time { return v.StartAt }),
		"STATUS":              byOther(func(v *business.Visit) string { return s.business.VisitStatus(v, s.now()) }),
		"CLIENT_PRIMARY_NAME": byOther(func(v *business.Visit) string { return s.clientOf(v.ClientID).Name }),
	}
}

func (s *session) invoiceOrders() map[string]order[business.Invoice] {
	return map[string]order[business.Invoice]{
		"CREATED_AT":          byTime(func(i *business.Invoice) time.Time { return i.CreatedAt }),
		"UPDATED_AT":          byTime(func(i *business.Invoice) time.Time { return i.UpdatedAt }),
		"INVOICE_NUMBER":      by(func(i *business.Invoice) int32 { return number(i.InvoiceNumber) }),
		"INVOICE_STATUS":      byOther(func(i *business.Invoice) string { return s.business.InvoiceStatus(i, s.now()) }),
		"ISSUED_DATE":         byMaybe(func(i *business.Invoice) *time.Time { return i.IssuedDate }),
		"RECEIVED_DATE":       byMaybe(func(i *business.Invoice) *time.Time { return i.ReceivedDate }),
		"DUE_DATE":            byMaybe(func(i *business.Invoice) *time.Time { return i.DueDate }),
		"INVOICE_TOTAL":       by(func(i *business.Invoice) float64 { return i.Amounts.Total }),
		"INVOICE_BALANCE":     by(func(i *business.Invoice) float64 { return i.Amounts.InvoiceBalance }),
		"INVOICE_TAX_AMOUNT":  by(func(i *business.Invoice) float64 { return i.Amounts.TaxAmount }),
		"CLIENT_FIRST_NAME":   byOther(func(i *business.Invoice) string { return s.clientOf(i.ClientID).FirstName }),
		"CLIENT_PRIMARY_NAME": byOther(func(i *business.Invoice) string { return s.clientOf(i.ClientID).Name }),
	}
}

var paymentOrders = map[string]order[business.PaymentRecord]{
	"ENTRY_DATE": byTime(func(p *business.PaymentRecord) time.Time { return p.EntryDate }),
	"CREATED_AT": byTime(func(p *business.PaymentRecord) time.Time { return p.CreatedAt }),
	"UPDATED_AT": byTime(func(p *business.PaymentRecord) time.Time { return p.UpdatedAt }),
	"LIST_ORDER": byTime(func(p *business.PaymentRecord) time.Time { return p.EntryDate }),
}

// number reads a number that Jobber tells as text; 0 when it is none.
func number(s string) int32 {
	n, err := strconv.ParseInt(s, 10, 32)
	if err != nil {
		return 0
	}
	return int32(n)
}
