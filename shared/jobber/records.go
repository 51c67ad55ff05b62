package jobber

import (
	"encoding/base64"
	"slices"
	"strings"
	"time"

	"fieldboard.dev/fieldboard/shared/jobber/internal/graphql"
	"fieldboard.dev/fieldboard/shared/problem"
)

// Hidden lists the fields of one record that Jobber did not show, by Jobber's names with dots ("amounts.total"). Such a
// field is zero here, which says nothing about its value: keep the known one.
type Hidden []string

// Has tells whether the field was hidden, by itself or with the object that it is in.
func (h Hidden) Has(path string) bool {
	return slices.ContainsFunc(h, func(hidden string) bool {
		return hidden == path || strings.HasPrefix(path, hidden+".") || strings.HasPrefix(hidden, path+".")
	})
}

// The records, as Jobber tells them: money in dollars, times in UTC, nil for null, references and ID as encoded ids ("" for
// none), statuses in Jobber's own text, to which it adds values at any time.
type (
	// User is a person who works for the business.
	User struct {
		ID                             string
		FirstName, LastName, FullName  string
		Email, Status, Timezone        string
		IsAccountOwner, IsAccountAdmin bool
		AvailableForScheduling         bool
		Crew                           string // the dropdown custom field labelled "Crew"
		CreatedAt                      time.Time
		Hidden                         Hidden
	}

	// Client is a customer of the business.
	Client struct {
		ID                                     string
		Name, FirstName, LastName, CompanyName string
		IsCompany, IsLead, IsArchived          bool
		Balance                                float64
		Email, Phone                           string // the primary one, else the first
		Tags                                   []string
		BillingAddress                         *Address
		WebURI                                 string
		CreatedAt, UpdatedAt                   time.Time
		Hidden                                 Hidden
	}

	// Address is a postal address.
	Address struct{ Street, City, Province, PostalCode, Country string }

	// Property is a place where work is done. Jobber tells no times of it.
	Property struct {
		ID       string
		Name     string
		Address  Address
		ClientID string
		WebURI   string
		Hidden   Hidden
	}

	// Request is a customer's request for work.
	Request struct {
		ID                    string
		Title, Status, Source string
		ClientID, PropertyID  string
		WebURI                string
		CreatedAt, UpdatedAt  time.Time
		Hidden                Hidden
	}

	// Quote is an offer.
	Quote struct {
		ID                    string
		Number, Status, Title string
		ClientID, PropertyID  string
		Total                 float64
		SentAt                *time.Time
		WebURI                string
		CreatedAt, UpdatedAt  time.Time
		Hidden                Hidden
	}

	// Job is work that was agreed.
	Job struct {
		ID                          string
		Number                      int
		Title, Status, Type         string
		ClientID, PropertyID        string
		Total, UninvoicedTotal      float64
		StartAt, EndAt, CompletedAt *time.Time
		WebURI                      string
		CreatedAt, UpdatedAt        time.Time
		Hidden                      Hidden
	}

	// Visit is one appointment of a job; without StartAt it is not scheduled. Jobber tells no updatedAt of it.
	Visit struct {
		ID                          string
		Title                       string
		IsComplete, AllDay          bool
		StartAt, EndAt, CompletedAt *time.Time
		JobID, ClientID, PropertyID string
		UserIDs                     []string
		CreatedAt                   time.Time
		Hidden                      Hidden
	}

	// Invoice is a bill. Its number is not unique.
	Invoice struct {
		ID                                string
		Number, Subject, Status           string
		ClientID                          string
		Total, TaxAmount, Balance         float64
		IssuedDate, DueDate, ReceivedDate *time.Time
		WebURI                            string
		CreatedAt, UpdatedAt              time.Time
		Hidden                            Hidden
	}

	// Payment is money that came in or went out: Amount is never negative, AdjustmentType tells the direction.
	Payment struct {
		ID                          string
		Amount                      float64
		AdjustmentType, PaymentType string
		EntryDate                   time.Time
		ClientID, InvoiceID         string
		Hidden                      Hidden
	}

	// JobberAccount is the business at Jobber.
	JobberAccount struct{ ID, Name string }
)

// crewLabel is the label of the users' custom field that names their crew.
const crewLabel = "Crew"

func newUser(u graphql.UserFields, hidden Hidden) User {
	user := User{
		ID: u.Id, FirstName: u.Name.First, LastName: u.Name.Last, FullName: u.Name.Full, Email: u.Email.Raw, Status: u.Status,
		Timezone: u.Timezone, IsAccountOwner: u.IsAccountOwner, IsAccountAdmin: u.IsAccountAdmin,
		AvailableForScheduling: u.AvailableForScheduling, CreatedAt: u.CreatedAt.UTC(), Hidden: hidden,
	}
	for _, field := range u.CustomFields {
		if d, ok := field.(*graphql.UserFieldsCustomFieldsCustomFieldDropdown); ok && d.Label == crewLabel {
			user.Crew = d.ValueDropdown
		}
	}
	return user
}

func newClient(c graphql.ClientFields, hidden Hidden) Client {
	client := Client{
		ID: c.Id, Name: c.Name, FirstName: c.FirstName, LastName: c.LastName, CompanyName: c.CompanyName,
		IsCompany: c.IsCompany, IsLead: c.IsLead, IsArchived: c.IsArchived, Balance: c.Balance,
		WebURI: c.JobberWebUri, CreatedAt: c.CreatedAt.UTC(), UpdatedAt: c.UpdatedAt.UTC(), Hidden: hidden,
	}
	for i, e := range c.Emails {
		if i == 0 || e.Primary {
			client.Email = e.Address
		}
	}
	for i, p := range c.Phones {
		if i == 0 || p.Primary {
			client.Phone = p.Number
		}
	}
	if a := c.BillingAddress; a != nil {
		client.BillingAddress = &Address{Street: a.Street, City: a.City, Province: a.Province, PostalCode: a.PostalCode, Country: a.Country}
	}
	for _, tag := range c.Tags.Nodes {
		if tag.Label != "" {
			client.Tags = append(client.Tags, tag.Label)
		}
	}
	return client
}

func newProperty(p graphql.PropertyFields, hidden Hidden) Property {
	return Property{
		ID: p.Id, Name: p.Name, ClientID: p.Client.Id, WebURI: p.JobberWebUri, Hidden: hidden,
		Address: Address{Street: p.Address.Street, City: p.Address.City, Province: p.Address.Province, PostalCode: p.Address.PostalCode, Country: p.Address.Country},
	}
}

func newRequest(r graphql.RequestFields, hidden Hidden) Request {
	return Request{
		ID: r.Id, Title: r.Title, Status: r.RequestStatus, Source: r.Source, ClientID: r.Client.Id, PropertyID: r.Property.Id,
		WebURI: r.JobberWebUri, CreatedAt: r.CreatedAt.UTC(), UpdatedAt: r.UpdatedAt.UTC(), Hidden: hidden,
	}
}

func newQuote(q graphql.QuoteFields, hidden Hidden) Quote {
	return Quote{
		ID: q.Id, Number: q.QuoteNumber, Status: q.QuoteStatus, Title: q.Title, ClientID: q.Client.Id, PropertyID: q.Property.Id,
		Total: q.Amounts.Total, SentAt: nullable(q.SentAt),
		WebURI: q.JobberWebUri, CreatedAt: q.CreatedAt.UTC(), UpdatedAt: q.UpdatedAt.UTC(), Hidden: hidden,
	}
}

func newJob(j graphql.JobFields, hidden Hidden) Job {
	return Job{
		ID: j.Id, Number: j.JobNumber, Title: j.Title, Status: j.JobStatus, Type: j.JobType, ClientID: j.Client.Id, PropertyID: j.Property.Id,
		Total: j.Total, UninvoicedTotal: j.UninvoicedTotal,
		StartAt: nullable(j.StartAt), EndAt: nullable(j.EndAt), CompletedAt: nullable(j.CompletedAt),
		WebURI: j.JobberWebUri, CreatedAt: j.CreatedAt.UTC(), UpdatedAt: j.UpdatedAt.UTC(), Hidden: hidden,
	}
}

func newVisit(v graphql.VisitFields, hidden Hidden) Visit {
	visit := Visit{
		ID: v.Id, Title: v.Title, IsComplete: v.IsComplete, AllDay: v.AllDay,
		StartAt: nullable(v.StartAt), EndAt: nullable(v.EndAt), CompletedAt: nullable(v.CompletedAt),
		JobID: v.Job.Id, ClientID: v.Client.Id, PropertyID: v.Property.Id, CreatedAt: v.CreatedAt.UTC(), Hidden: hidden,
	}
	for _, u := range v.AssignedUsers.Nodes {
		if u.Id != "" { // a hidden one comes as null
			visit.UserIDs = append(visit.UserIDs, u.Id)
		}
	}
	return visit
}

func newInvoice(i graphql.InvoiceFields, hidden Hidden) Invoice {
	return Invoice{
		ID: i.Id, Number: i.InvoiceNumber, Subject: i.Subject, Status: i.InvoiceStatus, ClientID: i.Client.Id,
		Total: i.Amounts.Total, TaxAmount: i.Amounts.TaxAmount, Balance: i.Amounts.InvoiceBalance,
		IssuedDate: nullable(i.IssuedDate), DueDate: nullable(i.DueDate), ReceivedDate: nullable(i.ReceivedDate),
		WebURI: i.JobberWebUri, CreatedAt: i.CreatedAt.UTC(), UpdatedAt: i.UpdatedAt.UTC(), Hidden: hidden,
	}
}

func newPayment(p graphql.PaymentFields, hidden Hidden) Payment {
	return Payment{
		ID: p.Id, Amount: p.Amount, AdjustmentType: p.AdjustmentType, PaymentType: p.PaymentType, EntryDate: p.EntryDate.UTC(),
		ClientID: p.Client.Id, InvoiceID: p.Invoice.Id, Hidden: hidden,
	}
}

func nullable(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// Number returns the number of an encoded id: base64 of gid://Jobber/<Type>/<number>, or of the bare number in old ids, with
// or without padding. The number is also the one in the record's web address.
func Number(encodedID string) (string, error) {
	text := strings.TrimRight(encodedID, "=")
	decoded, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil {
		decoded, err = base64.RawURLEncoding.DecodeString(text)
	}
	number := string(decoded)
	if gid, ok := strings.CutPrefix(number, "gid://Jobber/"); ok {
		_, number, _ = strings.Cut(gid, "/")
	}
	if err != nil || number == "" || strings.Trim(number, "0123456789") != "" {
		return "", problem.New(problem.Invalid, "That is not one of Jobber's ids.")
	}
	return number, nil
}
