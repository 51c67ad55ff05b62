package jobber

import (
	"slices"
	"strings"
	"time"

	"fieldboard.dev/fieldboard/emulators/jobber/business"
)

// timeRange is Iso8601DateTimeRangeInput; both ends are inclusive.
type timeRange struct{ Before, After, Eq *dateTime }

func (r *timeRange) has(t *time.Time) bool {
	switch {
	case r == nil:
		return true
	case t == nil:
		return r.Before == nil && r.After == nil && r.Eq == nil
	}
	return (r.Before == nil || !t.After(r.Before.Time)) &&
		(r.After == nil || !t.Before(r.After.Time)) &&
		(r.Eq == nil || t.Truncate(time.Second).Equal(r.Eq.Truncate(time.Second)))
}

// numberRange is IntRangeInput and FloatRangeInput.
type numberRange[N int32 | float64] struct{ Min, Max, Eq *N }

func (r *numberRange[N]) has(n N) bool {
	return r == nil || (r.Min == nil || n >= *r.Min) && (r.Max == nil || n <= *r.Max) && (r.Eq == nil || n == *r.Eq)
}

// is says whether an optional condition holds.
func is[T comparable](wanted *T, got T) bool { return wanted == nil || *wanted == got }

func isID(wanted *encodedID, got string) bool { return wanted == nil || string(*wanted) == got }

func isOneOf(wanted *[]encodedID, got string) bool {
	return wanted == nil || slices.Contains(*wanted, encodedID(got))
}

// keep returns the rows that a condition holds for.
func keep[T any](rows []*T, condition func(*T) bool) []*T {
	var kept []*T
	for _, row := range rows {
		if condition(row) {
			kept = append(kept, row)
		}
	}
	return kept
}

type usersFilter struct {
	Status  string
	UserIDs *[]encodedID
}

func (f *usersFilter) keep(u *business.User) bool {
	return (u.Status == "ACTIVATED") == (f.Status == "ACTIVATED") && isOneOf(f.UserIDs, u.ID)
}

type clientFilter struct {
	IsCompany, IsLead, IsArchived *bool
	UpdatedAt, CreatedAt          *timeRange
	Tags                          *[]string
}

func (f *clientFilter) keep(c *business.Client) bool {
	return is(f.IsCompany, c.IsCompany) && is(f.IsLead, c.IsLead) && is(f.IsArchived, c.IsArchived) &&
		f.UpdatedAt.has(&c.UpdatedAt) && f.CreatedAt.has(&c.CreatedAt) &&
		(f.Tags == nil || slices.ContainsFunc(c.Tags, func(t business.Tag) bool { return slices.Contains(*f.Tags, t.Label) }))
}

type propertiesFilter struct {
	ClientID *encodedID
	Primary  *bool
}

func (f *propertiesFilter) keep(p *business.Property) bool {
	return isID(f.ClientID, p.ClientID) && is(f.Primary, p.IsBillingAddress)
}

type requestFilter struct {
	ClientID, PropertyID *encodedID
	Status               *string
	UpdatedAt, CreatedAt *timeRange
}

func (f *requestFilter) keep(s *session, r *business.Request) bool {
	return isID(f.ClientID, r.ClientID) && isID(f.PropertyID, r.PropertyID) &&
		f.UpdatedAt.has(&r.UpdatedAt) && f.CreatedAt.has(&r.CreatedAt) &&
		(f.Status == nil || *f.Status == s.business.RequestStatus(r, s.now()))
}

type quoteFilter struct {
	ClientID, SalespersonID      *encodedID
	QuoteNumber                  *numberRange[int32]
	Status                       *string
	Cost                         *numberRange[float64]
	SentAt, UpdatedAt, CreatedAt *timeRange
}

func (f *quoteFilter) keep(q *business.Quote) bool {
	return isID(f.ClientID, q.ClientID) && isID(f.SalespersonID, q.SalespersonID) &&
		f.QuoteNumber.has(number(q.QuoteNumber)) && is(f.Status, q.QuoteStatus) && f.Cost.has(q.Amounts.Total) &&
		f.SentAt.has(q.SentAt) && f.UpdatedAt.has(&q.UpdatedAt) && f.CreatedAt.has(&q.CreatedAt)
}

type jobFilter struct {
	JobType                                                        *string
	CreatedAt, StartAt, EndAt, CompletedAt, VisitsScheduledBetween *timeRange
	IncludeUnscheduled, OnlyInvoiceable                            *bool
	IDs                                                            *[]encodedID
	Status                                                         *string
}

func (f *jobFilter) keep(s *session, j *business.Job) bool {
	unscheduled := f.IncludeUnscheduled != nil && *f.IncludeUnscheduled && j.StartAt == nil
	return is(f.JobType, j.JobType) && isOneOf(f.IDs, j.ID) && f.CreatedAt.has(&j.CreatedAt) &&
		(unscheduled || f.StartAt.has(j.StartAt) && f.EndAt.has(j.EndAt)) && f.CompletedAt.has(j.CompletedAt) &&
		(f.OnlyInvoiceable == nil || *f.OnlyInvoiceable == (j.JobStatus == "requires_invoicing")) &&
		(f.VisitsScheduledBetween == nil || slices.ContainsFunc(s.business.Visits.Of(business.OfJob, j.ID),
			func(v *business.Visit) bool { return f.VisitsScheduledBetween.has(v.StartAt) })) &&
		(f.Status == nil || isJobStatus(*f.Status, s.business.JobStatus(j, s.now())))
}

// isJobStatus knows that active is every status of an open job, and on_hold another name of action_required.
func isJobStatus(wanted, got string) bool {
	switch wanted {
	case "active":
		return got != "archived" && got != "requires_invoicing"
	case "on_hold":
		return got == "action_required"
	default:
		return got == wanted
	}
}

type visitFilter struct {
	Status                                 *string
	CreatedAt, StartAt, EndAt, CompletedAt *timeRange
	AssignedTo                             *encodedID
	IDs                                    *[]encodedID
}

func (f *visitFilter) keep(s *session, v *business.Visit, zone *time.Location) bool {
	return f.CreatedAt.has(&v.CreatedAt) && f.StartAt.has(v.StartAt) && f.EndAt.has(v.EndAt) &&
		f.CompletedAt.has(v.CompletedAt) && isOneOf(f.IDs, v.ID) &&
		(f.AssignedTo == nil || slices.Contains(v.AssignedUserIDs, string(*f.AssignedTo))) &&
		(f.Status == nil || isVisitStatus(*f.Status, s.visitStatus(v, zone)))
}

// isVisitStatus knows that ACTIVE is every status of a visit that is not complete.
func isVisitStatus(wanted, got string) bool {
	return got == wanted || wanted == "ACTIVE" && got != "COMPLETED"
}

type invoiceFilter struct {
	ClientID                                  *encodedID
	InvoiceNumber                             *string
	Total                                     *numberRange[float64]
	IssuedDate, DueDate, UpdatedAt, CreatedAt *timeRange
	Status                                    *string
}

func (f *invoiceFilter) keep(s *session, i *business.Invoice) bool {
	return isID(f.ClientID, i.ClientID) && is(f.InvoiceNumber, i.InvoiceNumber) && f.Total.has(i.Amounts.Total) &&
		f.IssuedDate.has(i.IssuedDate) && f.DueDate.has(i.DueDate) &&
		f.UpdatedAt.has(&i.UpdatedAt) && f.CreatedAt.has(&i.CreatedAt) &&
		(f.Status == nil || *f.Status == s.business.InvoiceStatus(i, s.now()))
}

type paymentFilter struct {
	EntryDate                   *timeRange
	AdjustmentType, PaymentType *string
	ClientID                    *encodedID
}

func (f *paymentFilter) keep(p *business.PaymentRecord) bool {
	return f.EntryDate.has(&p.EntryDate) && is(f.AdjustmentType, p.AdjustmentType) && is(f.PaymentType, p.PaymentType) &&
		isID(f.ClientID, p.ClientID)
}

// matches says whether one of the texts contains the search term, whatever the case.
func matches(term *string, texts ...string) bool {
	if term == nil {
		return true
	}
	wanted := strings.ToLower(strings.TrimSpace(*term))
	return slices.ContainsFunc(texts, func(t string) bool { return strings.Contains(strings.ToLower(t), wanted) })
}
