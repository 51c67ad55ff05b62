package business_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"fieldboard.dev/fieldboard/emulators/jobber/business"
	"fieldboard.dev/fieldboard/shared/clock"
)

// seeded is a business as of an instant.
func seeded(t *testing.T, number int, now string, seed int64, scale float64) (*business.Business, *clock.Manual) {
	t.Helper()
	clk := clock.NewManual(at(now))
	b, err := business.New(business.Options{Number: number, Clock: clk, Seed: seed, Scale: scale})
	if err != nil {
		t.Fatal(err)
	}
	return b, clk
}

// broken lists what is wrong with a business, by rules that are written down here once more.
func broken(b *business.Business) []string {
	c := checker{b: b, stamps: map[time.Time]string{}}
	c.users()
	c.clients()
	c.properties()
	c.requests()
	c.quotes()
	c.jobs()
	c.visits()
	c.invoices()
	c.payments()
	return c.found
}

type checker struct {
	b      *business.Business
	stamps map[time.Time]string
	found  []string
}

func (c *checker) must(ok bool, format string, args ...any) {
	if !ok {
		c.found = append(c.found, fmt.Sprintf(format, args...))
	}
}

func (c *checker) record(typeName, id string, number int64, created, updated time.Time) string {
	name := fmt.Sprintf("%s %d", typeName, number)
	c.must(id == business.EncodeID(typeName, number), "%s: id %s", name, id)
	c.must(!updated.Before(created), "%s: updated %v before it was created %v", name, updated, created)
	c.must(updated.Equal(updated.Truncate(time.Microsecond)), "%s: updated at finer than a microsecond", name)
	c.must(!updated.After(c.b.Now().Add(time.Second)), "%s: updated in the future: %v", name, updated)
	other, taken := c.stamps[updated]
	c.must(!taken, "%s: updated at the very time of %s", name, other)
	c.stamps[updated] = name
	return name
}

func (c *checker) seconds(name string, times ...*time.Time) {
	for _, t := range times {
		c.must(t == nil || t.Equal(t.Truncate(time.Second)) && t.Location() == time.UTC, "%s: %v is not a whole second in UTC", name, t)
	}
}

func (c *checker) over(name string, times ...*time.Time) {
	c.seconds(name, times...)
	for _, t := range times {
		c.must(t == nil || !t.After(c.b.Now()), "%s: %v is in the future", name, t)
	}
}

// refers says that a reference is null or names a record of the table.
func refers[T any](c *checker, name string, table *business.Table[T], id string) *T {
	if id == "" {
		return nil
	}
	r, ok := table.Get(id)
	c.must(ok, "%s: refers to %s, which does not exist", name, id)
	return r
}

func (c *checker) users() {
	owners := 0
	for _, u := range c.b.Users.List(business.ByID) {
		name := c.record(business.TypeUser, u.ID, u.Number, u.CreatedAt, u.UpdatedAt)
		c.must(slices.Contains([]string{"ACTIVATED", "DEACTIVATED"}, u.Status), "%s: status %s", name, u.Status)
		c.must(strings.HasSuffix(u.Email.Raw, ".example"), "%s: e-mail %s", name, u.Email.Raw)
		c.must(!u.IsAccountOwner || u.IsAccountAdmin, "%s: owner, but no admin", name)
		if u.IsAccountOwner {
			owners++
		}
	}
	c.must(owners == 1, "%d owners", owners)
}

func (c *checker) clients() {
	for _, r := range c.b.Clients.List(business.ByID) {
		name := c.record(business.TypeClient, r.ID, r.Number, r.CreatedAt, r.UpdatedAt)
		c.must(r.Name != "", "%s: no name", name)
		for _, e := range r.Emails {
			c.must(strings.HasSuffix(e.Address, ".example"), "%s: e-mail %s", name, e.Address)
		}
		for _, p := range r.Phones {
			c.must(strings.Contains(p.Number, "555-01"), "%s: telephone %s", name, p.Number)
		}
		owed := 0.0
		for _, i := range c.b.Invoices.Of(business.OfClient, r.ID) {
			if i.InvoiceStatus == "awaiting_payment" || i.InvoiceStatus == "paid" {
				owed += i.Amounts.InvoiceBalance
			}
		}
		for _, p := range c.b.Payments.Of(business.OfClient, r.ID) {
			if p.InvoiceID != "" {
				continue
			}
			switch p.AdjustmentType {
			case "PAYMENT", "DEPOSIT":
				owed -= p.Amount
			case "REFUND", "FAILED_ACH_PAYMENT", "INITIAL_BALANCE":
				owed += p.Amount
			}
		}
		c.must(math.Abs(owed-r.Balance) < 0.005, "%s: balance %v, owes %v", name, r.Balance, owed)
		c.must(r.IsLead == (len(c.b.Jobs.Of(business.OfClient, r.ID)) == 0), "%s: lead %v", name, r.IsLead)
	}
}

func (c *checker) properties() {
	for _, r := range c.b.Properties.List(business.ByID) {
		name := c.record(business.TypeProperty, r.ID, r.Number, r.CreatedAt, r.UpdatedAt)
		c.must(refers(c, name, c.b.Clients, r.ClientID) != nil, "%s: no client", name)
		c.must(r.Address.Street1 != "" && r.Address.City != "" && r.Address.PostalCode != "", "%s: address %v", name, r.Address)
	}
}

func (c *checker) place(name, client, property string) {
	c.must(refers(c, name, c.b.Clients, client) != nil, "%s: no client", name)
	p := refers(c, name, c.b.Properties, property)
	c.must(p != nil && p.ClientID == client, "%s: property is not the client's", name)
}

func (c *checker) requests() {
	for _, r := range c.b.Requests.List(business.ByID) {
		name := c.record(business.TypeRequest, r.ID, r.Number, r.CreatedAt, r.UpdatedAt)
		c.place(name, r.ClientID, r.PropertyID)
		c.must(slices.Contains([]string{"new", "completed", "converted", "archived"}, r.RequestStatus), "%s: status %s", name, r.RequestStatus)
		if r.Assessment != nil {
			c.seconds(name, r.Assessment.StartAt, r.Assessment.EndAt)
			c.over(name, r.Assessment.CompletedAt)
			c.must(r.Assessment.IsComplete == (r.Assessment.CompletedAt != nil), "%s: assessment's completion", name)
		}
	}
}

func (c *checker) quotes() {
	for _, r := range c.b.Quotes.List(business.ByID) {
		name := c.record(business.TypeQuote, r.ID, r.Number, r.CreatedAt, r.UpdatedAt)
		c.place(name, r.ClientID, r.PropertyID)
		refers(c, name, c.b.Requests, r.RequestID)
		c.over(name, r.SentAt, r.LastTransitioned.ApprovedAt, r.LastTransitioned.ConvertedAt, r.LastTransitioned.ChangesRequestedAt, &r.TransitionedAt)
		switch r.QuoteStatus {
		case "draft", "archived":
		case "awaiting_response":
			c.must(r.SentAt != nil, "%s: waits for an answer, never sent", name)
		case "changes_requested":
			c.must(r.SentAt != nil && r.LastTransitioned.ChangesRequestedAt != nil, "%s: changes requested, when?", name)
		case "approved":
			c.must(r.SentAt != nil && r.LastTransitioned.ApprovedAt != nil, "%s: approved, when?", name)
		case "converted":
			c.must(r.SentAt != nil && r.LastTransitioned.ApprovedAt != nil && r.LastTransitioned.ConvertedAt != nil, "%s: converted, when?", name)
		default:
			c.must(false, "%s: status %s", name, r.QuoteStatus)
		}
		if r.LastTransitioned.ConvertedAt != nil {
			c.must(!r.LastTransitioned.ConvertedAt.Before(*r.LastTransitioned.ApprovedAt), "%s: converted before it was approved", name)
		}
		c.must(math.Abs(r.Amounts.Subtotal+r.Amounts.TaxAmount-r.Amounts.Total) < 0.01, "%s: amounts %v", name, r.Amounts)
		c.must(r.Amounts.Total > 0, "%s: total %v", name, r.Amounts.Total)
	}
}

func (c *checker) jobs() {
	numbers := map[int]bool{}
	for _, r := range c.b.Jobs.List(business.ByID) {
		name := c.record(business.TypeJob, r.ID, r.Number, r.CreatedAt, r.UpdatedAt)
		c.place(name, r.ClientID, r.PropertyID)
		c.must(!numbers[r.JobNumber], "%s: number %d twice", name, r.JobNumber)
		numbers[r.JobNumber] = true
		c.seconds(name, r.StartAt, r.EndAt)
		c.over(name, r.CompletedAt)
		if q := refers(c, name, c.b.Quotes, r.QuoteID); q != nil {
			c.must(q.QuoteStatus == "converted", "%s: of a quote that is %s", name, q.QuoteStatus)
		}
		if q := refers(c, name, c.b.Requests, r.RequestID); q != nil {
			c.must(q.RequestStatus == "converted", "%s: of a request that is %s", name, q.RequestStatus)
		}
		complete, visits := 0, c.b.Visits.Of(business.OfJob, r.ID)
		for _, v := range visits {
			if v.IsComplete {
				complete++
			}
		}
		invoiced := 0.0
		for _, i := range c.b.Invoices.Of(business.OfJob, r.ID) {
			for _, part := range i.Jobs {
				if part.JobID == r.ID && i.InvoiceStatus != "voided" {
					invoiced += part.Amount
				}
			}
		}
		c.must(math.Abs(r.InvoicedTotal-invoiced) < 0.005, "%s: invoiced %v, is %v", name, r.InvoicedTotal, invoiced)
		c.must(math.Abs(r.UninvoicedTotal-max(0, r.Total-invoiced)) < 0.005, "%s: uninvoiced %v of %v, invoiced %v", name, r.UninvoicedTotal, r.Total, invoiced)
		switch r.JobStatus {
		case "archived":
			c.must(r.CompletedAt != nil, "%s: archived, when?", name)
		case "requires_invoicing":
			c.must(complete > 0 && r.UninvoicedTotal > 0, "%s: requires invoicing of %v after %d visits", name, r.UninvoicedTotal, complete)
		case "active":
			c.must(len(visits) == 0 || complete < len(visits), "%s: active, though all visits are complete", name)
		default:
			c.must(false, "%s: status %s", name, r.JobStatus)
		}
	}
}

func (c *checker) visits() {
	for _, r := range c.b.Visits.List(business.ByID) {
		name := c.record(business.TypeVisit, r.ID, r.Number, r.CreatedAt, r.UpdatedAt)
		c.place(name, r.ClientID, r.PropertyID)
		job := refers(c, name, c.b.Jobs, r.JobID)
		c.must(job != nil && job.ClientID == r.ClientID && job.PropertyID == r.PropertyID, "%s: its job is elsewhere", name)
		if i := refers(c, name, c.b.Invoices, r.InvoiceID); i != nil {
			c.must(r.IsComplete, "%s: billed, not made", name)
			c.must(slices.ContainsFunc(i.Jobs, func(part business.InvoiceJob) bool { return part.JobID == r.JobID }), "%s: billed by an invoice of other jobs", name)
		}
		c.seconds(name, r.StartAt, r.EndAt)
		c.over(name, r.CompletedAt)
		c.must(r.IsComplete == (r.CompletedAt != nil), "%s: complete %v at %v", name, r.IsComplete, r.CompletedAt)
		c.must((r.StartAt == nil) == (r.EndAt == nil), "%s: from %v to %v", name, r.StartAt, r.EndAt)
		c.must(r.StartAt == nil || r.EndAt.After(*r.StartAt), "%s: from %v to %v", name, r.StartAt, r.EndAt)
		for n, id := range r.AssignedUserIDs {
			refers(c, name, c.b.Users, id)
			c.must(!slices.Contains(r.AssignedUserIDs[:n], id), "%s: the same user twice", name)
		}
	}
}

func (c *checker) invoices() {
	for _, r := range c.b.Invoices.List(business.ByID) {
		name := c.record(business.TypeInvoice, r.ID, r.Number, r.CreatedAt, r.UpdatedAt)
		c.must(refers(c, name, c.b.Clients, r.ClientID) != nil, "%s: no client", name)
		parts := 0.0
		for _, part := range r.Jobs {
			if job := refers(c, name, c.b.Jobs, part.JobID); job != nil {
				c.must(job.ClientID == r.ClientID, "%s: bills another client's job", name)
			}
			parts += part.Amount
		}
		c.must(parts < r.Amounts.Subtotal+0.005, "%s: bills %v of jobs in %v", name, parts, r.Amounts.Subtotal)
		c.must(math.Abs(r.Amounts.Subtotal-r.Amounts.DiscountAmount+r.Amounts.TaxAmount-r.Amounts.Total) < 0.01, "%s: amounts %v", name, r.Amounts)
		paid := 0.0
		for _, p := range c.b.Payments.Of(business.OfInvoice, r.ID) {
			c.must(p.ClientID == r.ClientID, "%s: another client's payment", name)
			switch p.AdjustmentType {
			case "PAYMENT", "DEPOSIT":
				paid += p.Amount
			case "REFUND", "FAILED_ACH_PAYMENT":
				paid -= p.Amount
			}
		}
		c.must(math.Abs(r.Amounts.Total-paid-r.Amounts.InvoiceBalance) < 0.005, "%s: balance %v of %v, paid %v", name, r.Amounts.InvoiceBalance, r.Amounts.Total, paid)
		c.over(name, r.IssuedDate, r.ReceivedDate)
		c.seconds(name, r.DueDate)
		c.must(r.InvoiceStatus == "draft" || r.IssuedDate != nil && r.DueDate != nil, "%s: %s, never issued", name, r.InvoiceStatus)
		switch r.InvoiceStatus {
		case "draft", "voided":
		case "paid":
			c.must(r.Amounts.InvoiceBalance <= 0 && r.ReceivedDate != nil, "%s: paid, balance %v", name, r.Amounts.InvoiceBalance)
		case "awaiting_payment", "bad_debt":
			c.must(r.Amounts.InvoiceBalance > 0, "%s: %s, balance %v", name, r.InvoiceStatus, r.Amounts.InvoiceBalance)
		default:
			c.must(false, "%s: status %s", name, r.InvoiceStatus)
		}
	}
}

func (c *checker) payments() {
	for _, r := range c.b.Payments.List(business.ByID) {
		name := c.record(business.TypePaymentRecord, r.ID, r.Number, r.CreatedAt, r.UpdatedAt)
		c.must(refers(c, name, c.b.Clients, r.ClientID) != nil, "%s: no client", name)
		refers(c, name, c.b.Invoices, r.InvoiceID)
		refers(c, name, c.b.Quotes, r.QuoteID)
		refers(c, name, c.b.Payments, r.RefundedPaymentID)
		c.must(r.Amount > 0, "%s: amount %v", name, r.Amount)
		signed := r.Amount
		if r.AdjustmentType == "REFUND" || r.AdjustmentType == "FAILED_ACH_PAYMENT" {
			signed = -signed
		}
		c.must(r.RawAmount == signed, "%s: raw amount %v of %v", name, r.RawAmount, r.Amount)
		c.must(strings.HasSuffix(r.TypeName, "PaymentRecord"), "%s: type %s", name, r.TypeName)
		c.over(name, &r.EntryDate)
	}
}

func sound(t *testing.T, b *business.Business) {
	t.Helper()
	found := broken(b)
	for _, f := range found[:min(len(found), 10)] {
		t.Error(f)
	}
	if len(found) > 0 {
		t.FailNow()
	}
}
