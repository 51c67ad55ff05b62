package syncing

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"fieldboard.dev/fieldboard/shared/jobber"
	"fieldboard.dev/fieldboard/shared/record"
)

// What Jobber tells becomes a record here: ids become ours, dollars become cents, half away from zero, field by field. A
// field that Jobber hid is named in Upsert.Hidden, so that the value which is known is kept.

// field maps a field's name at Jobber, from the record down, to the record's.
type field struct{ theirs, ours string }

func hidden(h jobber.Hidden, fields ...field) []string {
	var names []string
	for _, f := range fields {
		if h.Has(f.theirs) {
			names = append(names, f.ours)
		}
	}
	return names
}

// meta is the part that every record has. It keeps Jobber's id, by which the record is fetched again.
func meta(id, uri string, created, updated, fetched time.Time) (record.Meta, error) {
	own, err := record.IDOf(id)
	if err != nil {
		return record.Meta{}, err
	}
	if !strings.HasPrefix(uri, "https://") {
		uri = "" // pages link to it
	}
	return record.Meta{ID: own, JobberID: id, WebURI: uri, CreatedAt: created.UTC(), UpdatedAt: updated.UTC(), FetchedAt: fetched.UTC()}, nil
}

// refs collects the first bad reference of a record.
type refs struct{ err error }

// id turns a reference into our id; none stays "".
func (r *refs) id(jobberID string) string {
	if jobberID == "" {
		return ""
	}
	id, err := record.IDOf(jobberID)
	if err != nil && r.err == nil {
		r.err = err
	}
	return id
}

// upsert completes a conversion. Its error names the record by Jobber's id, which tells nothing about a person.
func (r *refs) upsert(rec record.Record, metaErr error, hidden []string) (record.Upsert, error) {
	if metaErr != nil {
		return record.Upsert{}, fmt.Errorf("a record of %s: %w", rec.Collection(), metaErr)
	}
	if r.err != nil {
		return record.Upsert{}, fmt.Errorf("a reference of %s: %w", rec.Base().ID, r.err)
	}
	return record.Upsert{Record: rec, Hidden: hidden}, nil
}

func utc(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	u := t.UTC()
	return &u
}

func address(a jobber.Address) record.Address {
	return record.Address{Street: a.Street, City: a.City, Province: a.Province, PostalCode: a.PostalCode, Country: a.Country}
}

func user(u jobber.User, fetched time.Time) (record.Upsert, error) {
	m, err := meta(u.ID, "", u.CreatedAt, time.Time{}, fetched)
	var r refs
	return r.upsert(&record.User{
		Meta: m, Name: u.FullName, Email: u.Email, Status: u.Status,
		IsAccountOwner: u.IsAccountOwner, IsAccountAdmin: u.IsAccountAdmin, AvailableForScheduling: u.AvailableForScheduling,
		Team: record.TeamSlug(u.Crew), TeamName: u.Crew,
	}, err, hidden(u.Hidden,
		field{"name.full", "name"}, field{"email.raw", "email"}, field{"status", "status"}, field{"isAccountOwner", "isAccountOwner"},
		field{"isAccountAdmin", "isAccountAdmin"}, field{"availableForScheduling", "availableForScheduling"},
		field{"customFields", "team"}, field{"customFields", "teamName"}, field{"createdAt", "createdAt"}))
}

func client(c jobber.Client, fetched time.Time) (record.Upsert, error) {
	m, err := meta(c.ID, c.WebURI, c.CreatedAt, c.UpdatedAt, fetched)
	var r refs
	out := &record.Client{
		Meta: m, Name: c.Name, FirstName: c.FirstName, LastName: c.LastName, CompanyName: c.CompanyName,
		IsCompany: c.IsCompany, IsLead: c.IsLead, IsArchived: c.IsArchived, Email: c.Email, Phone: c.Phone,
		BalanceCents: record.Cents(c.Balance), Tags: c.Tags,
	}
	if c.BillingAddress != nil {
		a := address(*c.BillingAddress)
		out.BillingAddress = &a
	}
	return r.upsert(out, err, hidden(c.Hidden,
		field{"name", "name"}, field{"firstName", "firstName"}, field{"lastName", "lastName"}, field{"companyName", "companyName"},
		field{"isCompany", "isCompany"}, field{"isLead", "isLead"}, field{"isArchived", "isArchived"}, field{"emails", "email"},
		field{"phones", "phone"}, field{"balance", "balanceCents"}, field{"tags", "tags"}, field{"billingAddress", "billingAddress"},
		field{"jobberWebUri", "webUri"}))
}

func property(p jobber.Property, fetched time.Time) (record.Upsert, error) {
	m, err := meta(p.ID, p.WebURI, time.Time{}, time.Time{}, fetched)
	var r refs
	return r.upsert(&record.Property{Meta: m, ClientID: r.id(p.ClientID), Name: p.Name, Address: address(p.Address)}, err, hidden(p.Hidden,
		field{"client", "clientId"}, field{"name", "name"}, field{"address", "address"}, field{"jobberWebUri", "webUri"}))
}

func request(q jobber.Request, fetched time.Time) (record.Upsert, error) {
	m, err := meta(q.ID, q.WebURI, q.CreatedAt, q.UpdatedAt, fetched)
	var r refs
	return r.upsert(&record.Request{
		Meta: m, Title: q.Title, Status: q.Status, ClientID: r.id(q.ClientID), PropertyID: r.id(q.PropertyID), Source: q.Source,
	}, err, hidden(q.Hidden,
		field{"title", "title"}, field{"requestStatus", "status"}, field{"client", "clientId"}, field{"property", "propertyId"},
		field{"source", "source"}, field{"jobberWebUri", "webUri"}))
}

func quote(q jobber.Quote, fetched time.Time) (record.Upsert, error) {
	m, err := meta(q.ID, q.WebURI, q.CreatedAt, q.UpdatedAt, fetched)
	var r refs
	return r.upsert(&record.Quote{
		Meta: m, Number: q.Number, Title: q.Title, Status: q.Status, ClientID: r.id(q.ClientID), PropertyID: r.id(q.PropertyID),
		TotalCents: record.Cents(q.Total), SentAt: utc(q.SentAt),
	}, err, hidden(q.Hidden,
		field{"quoteNumber", "number"}, field{"title", "title"}, field{"quoteStatus", "status"}, field{"client", "clientId"}, field{"property", "propertyId"},
		field{"amounts.total", "totalCents"}, field{"sentAt", "sentAt"}, field{"jobberWebUri", "webUri"}))
}

func job(j jobber.Job, fetched time.Time) (record.Upsert, error) {
	m, err := meta(j.ID, j.WebURI, j.CreatedAt, j.UpdatedAt, fetched)
	var r refs
	return r.upsert(&record.Job{
		Meta: m, Number: strconv.Itoa(j.Number), Title: j.Title, Status: j.Status, JobType: j.Type,
		ClientID: r.id(j.ClientID), PropertyID: r.id(j.PropertyID),
		TotalCents: record.Cents(j.Total), UninvoicedCents: record.Cents(j.UninvoicedTotal),
		StartAt: utc(j.StartAt), EndAt: utc(j.EndAt), CompletedAt: utc(j.CompletedAt),
	}, err, hidden(j.Hidden,
		field{"jobNumber", "number"}, field{"title", "title"}, field{"jobStatus", "status"}, field{"jobType", "jobType"},
		field{"client", "clientId"}, field{"property", "propertyId"}, field{"total", "totalCents"}, field{"uninvoicedTotal", "uninvoicedCents"},
		field{"startAt", "startAt"}, field{"endAt", "endAt"}, field{"completedAt", "completedAt"}, field{"jobberWebUri", "webUri"}))
}

func visit(v jobber.Visit, fetched time.Time) (record.Upsert, error) {
	m, err := meta(v.ID, "", v.CreatedAt, time.Time{}, fetched)
	var r refs
	users := make([]string, 0, len(v.UserIDs))
	for _, id := range v.UserIDs {
		users = append(users, r.id(id))
	}
	return r.upsert(&record.Visit{
		Meta: m, Title: v.Title, IsComplete: v.IsComplete, AllDay: v.AllDay,
		StartAt: utc(v.StartAt), EndAt: utc(v.EndAt), CompletedAt: utc(v.CompletedAt),
		JobID: r.id(v.JobID), ClientID: r.id(v.ClientID), PropertyID: r.id(v.PropertyID), UserIDs: users,
	}, err, hidden(v.Hidden,
		field{"title", "title"}, field{"isComplete", "isComplete"}, field{"allDay", "allDay"}, field{"startAt", "startAt"},
		field{"endAt", "endAt"}, field{"completedAt", "completedAt"}, field{"job", "jobId"}, field{"client", "clientId"},
		field{"property", "propertyId"}, field{"assignedUsers", "userIds"}))
}

func invoice(i jobber.Invoice, fetched time.Time) (record.Upsert, error) {
	m, err := meta(i.ID, i.WebURI, i.CreatedAt, i.UpdatedAt, fetched)
	var r refs
	return r.upsert(&record.Invoice{
		Meta: m, Number: i.Number, Subject: i.Subject, Status: i.Status, ClientID: r.id(i.ClientID),
		TotalCents: record.Cents(i.Total), TaxCents: record.Cents(i.TaxAmount), BalanceCents: record.Cents(i.Balance),
		IssuedDate: utc(i.IssuedDate), DueDate: utc(i.DueDate), ReceivedDate: utc(i.ReceivedDate),
	}, err, hidden(i.Hidden,
		field{"invoiceNumber", "number"}, field{"subject", "subject"}, field{"invoiceStatus", "status"}, field{"client", "clientId"},
		field{"amounts.total", "totalCents"}, field{"amounts.taxAmount", "taxCents"}, field{"amounts.invoiceBalance", "balanceCents"},
		field{"issuedDate", "issuedDate"}, field{"dueDate", "dueDate"}, field{"receivedDate", "receivedDate"}, field{"jobberWebUri", "webUri"}))
}

func payment(p jobber.Payment, fetched time.Time) (record.Upsert, error) {
	m, err := meta(p.ID, "", time.Time{}, time.Time{}, fetched)
	var r refs
	out := &record.Payment{
		Meta: m, AmountCents: record.Cents(p.Amount), AdjustmentType: p.AdjustmentType, PaymentType: p.PaymentType,
		ClientID: r.id(p.ClientID), InvoiceID: r.id(p.InvoiceID),
	}
	if !p.EntryDate.IsZero() {
		out.EntryDate = utc(&p.EntryDate)
	}
	return r.upsert(out, err, hidden(p.Hidden,
		field{"amount", "amountCents"}, field{"adjustmentType", "adjustmentType"}, field{"paymentType", "paymentType"},
		field{"entryDate", "entryDate"}, field{"client", "clientId"}, field{"invoice", "invoiceId"}))
}
