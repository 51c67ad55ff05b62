package jobber

import (
	"math"
	"time"

	"fieldboard.dev/fieldboard/emulators/jobber/business"
)

// A view is a record as the schema shows it: the record's own fields, with methods for what the schema names or types
// otherwise, and for what hangs on the record.

func (s *session) now() time.Time { return s.emulator.clock.Now().UTC() }

// clientOf returns the client of an id, an empty one when there is none.
func (s *session) clientOf(id string) *business.Client {
	if c, ok := s.business.Clients.Get(id); ok {
		return c
	}
	return &business.Client{}
}

// visitStatus is the business's, with today as the zone has it.
func (s *session) visitStatus(v *business.Visit, zone *time.Location) string {
	status := s.business.VisitStatus(v, s.now())
	if zone == nil || status != "TODAY" && status != "UPCOMING" {
		return status
	}
	if v.StartAt.In(zone).Format(time.DateOnly) > s.now().In(zone).Format(time.DateOnly) {
		return "UPCOMING"
	}
	return "TODAY"
}

// view finds a record and makes its view; nil when there is no such record.
func view[T, V any](table *business.Table[T], id string, of func(*T) *V) *V {
	if r, ok := table.Get(id); ok {
		return of(r)
	}
	return nil
}

type accountView struct{ of business.Account }

func (v *accountView) ID() encodedID       { return encodedID(v.of.ID) }
func (v *accountView) Name() string        { return v.of.Name }
func (v *accountView) Phone() *string      { return text(v.of.Phone) }
func (v *accountView) Industry() *string   { return text(v.of.Industry) }
func (v *accountView) SignupName() *string { return text(v.of.SignupName) }
func (v *accountView) CreatedAt() dateTime { return dateTime{v.of.CreatedAt} }

type userView struct {
	s *session
	business.User
}

func (s *session) user(u *business.User) *userView { return &userView{s, *u} }

func (v *userView) ID() encodedID              { return encodedID(v.User.ID) }
func (v *userView) Account() *accountView      { return &accountView{v.s.business.Account()} }
func (v *userView) CreatedAt() dateTime        { return dateTime{v.User.CreatedAt} }
func (v *userView) LastLoginAt() *dateTime     { return when(v.User.LastLoginAt) }
func (v *userView) IsCurrentUser() bool        { return v.Number == v.s.currentUser }
func (v *userView) CustomFields() []*fieldView { return fieldViews(v.User.CustomFields) }

func (v *userView) Timezone() *timezone {
	zone, err := time.LoadLocation(v.User.Timezone)
	if err != nil {
		return nil
	}
	return &timezone{zone}
}

func (v *userView) Phone() *phoneView {
	if v.User.Phone == nil {
		return nil
	}
	return &phoneView{*v.User.Phone}
}

type phoneView struct{ of business.UserPhone }

func (v *phoneView) Raw() string          { return v.of.Raw }
func (v *phoneView) Friendly() *string    { return text(v.of.Friendly) }
func (v *phoneView) AreaCode() *string    { return text(v.of.AreaCode) }
func (v *phoneView) CountryCode() *string { return text(v.of.CountryCode) }
func (v *phoneView) IsValid() bool        { return v.of.IsValid }

// fieldView is every member of CustomFieldUnion and every custom field's configuration.
type fieldView struct{ of business.CustomField }

func fieldViews(fields []business.CustomField) []*fieldView {
	views := make([]*fieldView, len(fields))
	for i, f := range fields {
		views[i] = &fieldView{f}
	}
	return views
}

func (v *fieldView) ToCustomFieldText() (*fieldView, bool) {
	return v, v.of.TypeName == business.CustomFieldText
}

func (v *fieldView) ToCustomFieldTrueFalse() (*fieldView, bool) {
	return v, v.of.TypeName == business.CustomFieldTrueFalse
}

func (v *fieldView) ToCustomFieldDropdown() (*fieldView, bool) {
	return v, v.of.TypeName == business.CustomFieldDropdown
}

func (v *fieldView) ID() *encodedID {
	id := encodedID(v.of.ID)
	return &id
}

func (v *fieldView) Label() string             { return v.of.Label }
func (v *fieldView) ValueText() string         { return v.of.ValueText }
func (v *fieldView) ValueTrueFalse() bool      { return v.of.ValueTrueFalse }
func (v *fieldView) ValueDropdown() string     { return v.of.ValueDropdown }
func (v *fieldView) DropdownOptions() []string { return v.of.DropdownOptions }

func (v *fieldView) CustomFieldConfiguration() *configurationView { return &configurationView{v.of} }

type configurationView struct{ of business.CustomField }

func (v *configurationView) ID() encodedID             { return encodedID(v.of.ConfigurationID) }
func (v *configurationView) Name() string              { return v.of.Label }
func (v *configurationView) AppliesTo() string         { return v.of.AppliesTo }
func (v *configurationView) ReadOnly() bool            { return false }
func (v *configurationView) Transferable() bool        { return false }
func (v *configurationView) Archived() bool            { return false }
func (v *configurationView) DropdownOptions() []string { return v.of.DropdownOptions }

type clientView struct {
	s *session
	business.Client
}

func (s *session) client(c *business.Client) *clientView { return &clientView{s, *c} }

func (v *clientView) ID() encodedID              { return encodedID(v.Client.ID) }
func (v *clientView) CompanyName() *string       { return text(v.Client.CompanyName) }
func (v *clientView) SecondaryName() *string     { return text(v.Client.SecondaryName) }
func (v *clientView) Title() *string             { return text(v.Client.Title) }
func (v *clientView) IsArchivable() bool         { return !v.IsArchived }
func (v *clientView) CreatedAt() dateTime        { return dateTime{v.Client.CreatedAt} }
func (v *clientView) UpdatedAt() dateTime        { return dateTime{v.Client.UpdatedAt} }
func (v *clientView) CustomFields() []*fieldView { return fieldViews(v.Client.CustomFields) }
func (v *clientView) JobberWebURI() string       { return business.WebURI(business.TypeClient, v.Number) }

func (v *clientView) Emails() []*emailView {
	views := make([]*emailView, len(v.Client.Emails))
	for i, e := range v.Client.Emails {
		views[i] = &emailView{v, e}
	}
	return views
}

func (v *clientView) Phones() []*clientPhoneView {
	views := make([]*clientPhoneView, len(v.Client.Phones))
	for i, p := range v.Client.Phones {
		views[i] = &clientPhoneView{v, p}
	}
	return views
}

func (v *clientView) DefaultEmails() []string {
	addresses := []string{}
	for _, e := range v.Client.Emails {
		if e.Primary {
			addresses = append(addresses, e.Address)
		}
	}
	return addresses
}

func (v *clientView) Email() *string {
	for _, e := range v.Client.Emails {
		if e.Primary {
			return text(e.Address)
		}
	}
	return nil
}

func (v *clientView) Phone() *string {
	for _, p := range v.Client.Phones {
		if p.Primary {
			return text(p.Number)
		}
	}
	return nil
}

func (v *clientView) Tags(p paging) (*connection[*tagView], error) {
	return page(v.Client.Tags, p, func(t business.Tag) *tagView { return &tagView{encodedID(t.ID), t.Label} })
}

func (v *clientView) ClientProperties(p paging) (*connection[*propertyView], error) {
	return page(v.s.business.Properties.Of(business.OfClient, v.Client.ID), p, v.s.property)
}

func (v *clientView) Requests(p paging) (*connection[*requestView], error) {
	return page(v.s.business.Requests.Of(business.OfClient, v.Client.ID), p, v.s.request)
}

func (v *clientView) Quotes(p paging) (*connection[*quoteView], error) {
	return page(v.s.business.Quotes.Of(business.OfClient, v.Client.ID), p, v.s.quote)
}

func (v *clientView) Jobs(p paging) (*connection[*jobView], error) {
	return page(v.s.business.Jobs.Of(business.OfClient, v.Client.ID), p, v.s.job)
}

func (v *clientView) Invoices(p paging) (*connection[*invoiceView], error) {
	return page(v.s.business.Invoices.Of(business.OfClient, v.Client.ID), p, v.s.invoice)
}

type tagView struct {
	ID    encodedID
	Label string
}

type emailView struct {
	client *clientView
	business.Email
}

func (v *emailView) ID() encodedID       { return encodedID(v.Email.ID) }
func (v *emailView) Client() *clientView { return v.client }

type clientPhoneView struct {
	client *clientView
	business.ClientPhoneNumber
}

func (v *clientPhoneView) ID() encodedID       { return encodedID(v.ClientPhoneNumber.ID) }
func (v *clientPhoneView) Client() *clientView { return v.client }
func (v *clientPhoneView) NormalizedPhoneNumber() *string {
	return text(v.ClientPhoneNumber.NormalizedPhoneNumber)
}

type propertyView struct {
	s  *session
	of *business.Property
}

func (s *session) property(p *business.Property) *propertyView { return &propertyView{s, p} }

func (v *propertyView) ID() encodedID                 { return encodedID(v.of.ID) }
func (v *propertyView) Name() *string                 { return text(v.of.Name) }
func (v *propertyView) Address() *propertyAddressView { return &propertyAddressView{v.of.Address} }
func (v *propertyView) IsBillingAddress() *bool       { return &v.of.IsBillingAddress }
func (v *propertyView) CustomFields() []*fieldView    { return []*fieldView{} }
func (v *propertyView) JobberWebURI() string {
	return business.WebURI(business.TypeProperty, v.of.Number)
}

func (v *propertyView) Client() *clientView {
	return view(v.s.business.Clients, v.of.ClientID, v.s.client)
}

func (v *propertyView) Requests(p paging) (*connection[*requestView], error) {
	return page(v.s.business.Requests.Of(business.OfProperty, v.of.ID), p, v.s.request)
}

func (v *propertyView) Quotes(p paging) (*connection[*quoteView], error) {
	return page(v.s.business.Quotes.Of(business.OfProperty, v.of.ID), p, v.s.quote)
}

func (v *propertyView) Jobs(p paging) (*connection[*jobView], error) {
	return page(v.s.business.Jobs.Of(business.OfProperty, v.of.ID), p, v.s.job)
}

type propertyAddressView struct{ of business.PropertyAddress }

func (v *propertyAddressView) ID() encodedID       { return encodedID(v.of.ID) }
func (v *propertyAddressView) Street() string      { return v.of.Street() }
func (v *propertyAddressView) Street1() *string    { return text(v.of.Street1) }
func (v *propertyAddressView) Street2() *string    { return text(v.of.Street2) }
func (v *propertyAddressView) City() *string       { return text(v.of.City) }
func (v *propertyAddressView) Province() *string   { return text(v.of.Province) }
func (v *propertyAddressView) PostalCode() *string { return text(v.of.PostalCode) }
func (v *propertyAddressView) Country() *string    { return text(v.of.Country) }

type requestView struct {
	s  *session
	of *business.Request
}

func (s *session) request(r *business.Request) *requestView { return &requestView{s, r} }

func (v *requestView) ID() encodedID        { return encodedID(v.of.ID) }
func (v *requestView) Title() *string       { return text(v.of.Title) }
func (v *requestView) Source() string       { return v.of.Source }
func (v *requestView) CompanyName() *string { return text(v.of.CompanyName) }
func (v *requestView) ContactName() *string { return text(v.of.ContactName) }
func (v *requestView) Email() *string       { return text(v.of.Email) }
func (v *requestView) Phone() *string       { return text(v.of.Phone) }
func (v *requestView) CreatedAt() dateTime  { return dateTime{v.of.CreatedAt} }
func (v *requestView) UpdatedAt() dateTime  { return dateTime{v.of.UpdatedAt} }
func (v *requestView) IsArchivable() bool   { return v.of.RequestStatus != "archived" }
func (v *requestView) JobberWebURI() string {
	return business.WebURI(business.TypeRequest, v.of.Number)
}

func (v *requestView) RequestStatus() string {
	return v.s.business.RequestStatus(v.of, v.s.now())
}

func (v *requestView) IsScheduled() bool {
	return v.of.Assessment != nil && v.of.Assessment.StartAt != nil
}

func (v *requestView) Client() *clientView {
	return view(v.s.business.Clients, v.of.ClientID, v.s.client)
}

func (v *requestView) Property() *propertyView {
	return view(v.s.business.Properties, v.of.PropertyID, v.s.property)
}

func (v *requestView) Assessment() *assessmentView {
	if v.of.Assessment == nil {
		return nil
	}
	return &assessmentView{v, v.of.Assessment}
}

func (v *requestView) Quotes(p paging) (*connection[*quoteView], error) {
	return page(v.s.business.Quotes.Of(business.OfRequest, v.of.ID), p, v.s.quote)
}

func (v *requestView) Jobs(p paging) (*connection[*jobView], error) {
	return page(v.s.business.Jobs.Of(business.OfRequest, v.of.ID), p, v.s.job)
}

type assessmentView struct {
	request *requestView
	of      *business.Assessment
}

func (v *assessmentView) ID() encodedID           { return encodedID(v.of.ID) }
func (v *assessmentView) Title() *string          { return text(v.of.Title) }
func (v *assessmentView) StartAt() *dateTime      { return when(v.of.StartAt) }
func (v *assessmentView) EndAt() *dateTime        { return when(v.of.EndAt) }
func (v *assessmentView) Duration() *int32        { return minutesBetween(v.of.StartAt, v.of.EndAt) }
func (v *assessmentView) AllDay() bool            { return v.of.AllDay }
func (v *assessmentView) IsComplete() bool        { return v.of.IsComplete }
func (v *assessmentView) CompletedAt() *dateTime  { return when(v.of.CompletedAt) }
func (v *assessmentView) Client() *clientView     { return v.request.Client() }
func (v *assessmentView) Property() *propertyView { return v.request.Property() }
func (v *assessmentView) Request() *requestView   { return v.request }

func minutesBetween(start, end *time.Time) *int32 {
	if start == nil || end == nil {
		return nil
	}
	minutes := int32(math.Floor(end.Sub(*start).Minutes()))
	return &minutes
}

type quoteView struct {
	s  *session
	of *business.Quote
}

func (s *session) quote(q *business.Quote) *quoteView { return &quoteView{s, q} }

func (v *quoteView) ID() encodedID                   { return encodedID(v.of.ID) }
func (v *quoteView) QuoteNumber() string             { return v.of.QuoteNumber }
func (v *quoteView) QuoteStatus() string             { return v.of.QuoteStatus }
func (v *quoteView) Title() *string                  { return text(v.of.Title) }
func (v *quoteView) Message() *string                { return text(v.of.Message) }
func (v *quoteView) Amounts() *business.QuoteAmounts { return &v.of.Amounts }
func (v *quoteView) SentAt() *dateTime               { return when(v.of.SentAt) }
func (v *quoteView) TransitionedAt() dateTime        { return dateTime{v.of.TransitionedAt} }
func (v *quoteView) CustomFields() []*fieldView      { return []*fieldView{} }
func (v *quoteView) CreatedAt() dateTime             { return dateTime{v.of.CreatedAt} }
func (v *quoteView) UpdatedAt() dateTime             { return dateTime{v.of.UpdatedAt} }
func (v *quoteView) JobberWebURI() string            { return business.WebURI(business.TypeQuote, v.of.Number) }

func (v *quoteView) LastTransitioned() *transitionsView {
	t := v.of.LastTransitioned
	return &transitionsView{when(t.ApprovedAt), when(t.ChangesRequestedAt), when(t.ConvertedAt)}
}

type transitionsView struct{ ApprovedAt, ChangesRequestedAt, ConvertedAt *dateTime }

func (v *quoteView) Client() *clientView {
	return view(v.s.business.Clients, v.of.ClientID, v.s.client)
}

func (v *quoteView) Property() *propertyView {
	return view(v.s.business.Properties, v.of.PropertyID, v.s.property)
}

func (v *quoteView) Request() *requestView {
	return view(v.s.business.Requests, v.of.RequestID, v.s.request)
}

func (v *quoteView) Salesperson() *userView {
	return view(v.s.business.Users, v.of.SalespersonID, v.s.user)
}

func (v *quoteView) Jobs(p paging) (*connection[*jobView], error) {
	return page(v.s.business.Jobs.Of(business.OfQuote, v.of.ID), p, v.s.job)
}

type jobView struct {
	s  *session
	of *business.Job
}

func (s *session) job(j *business.Job) *jobView { return &jobView{s, j} }

func (v *jobView) ID() encodedID              { return encodedID(v.of.ID) }
func (v *jobView) JobNumber() int32           { return int32(v.of.JobNumber) }
func (v *jobView) Title() *string             { return text(v.of.Title) }
func (v *jobView) Instructions() *string      { return text(v.of.Instructions) }
func (v *jobView) JobStatus() string          { return v.s.business.JobStatus(v.of, v.s.now()) }
func (v *jobView) JobType() string            { return v.of.JobType }
func (v *jobView) BillingType() string        { return v.of.BillingType }
func (v *jobView) Total() float64             { return v.of.Total }
func (v *jobView) InvoicedTotal() float64     { return v.of.InvoicedTotal }
func (v *jobView) UninvoicedTotal() float64   { return v.of.UninvoicedTotal }
func (v *jobView) StartAt() *dateTime         { return when(v.of.StartAt) }
func (v *jobView) EndAt() *dateTime           { return when(v.of.EndAt) }
func (v *jobView) CompletedAt() *dateTime     { return when(v.of.CompletedAt) }
func (v *jobView) CustomFields() []*fieldView { return []*fieldView{} }
func (v *jobView) CreatedAt() dateTime        { return dateTime{v.of.CreatedAt} }
func (v *jobView) UpdatedAt() dateTime        { return dateTime{v.of.UpdatedAt} }
func (v *jobView) JobberWebURI() string       { return business.WebURI(business.TypeJob, v.of.Number) }

func (v *jobView) Client() *clientView {
	return view(v.s.business.Clients, v.of.ClientID, v.s.client)
}

func (v *jobView) Property() *propertyView {
	return view(v.s.business.Properties, v.of.PropertyID, v.s.property)
}

func (v *jobView) Quote() *quoteView {
	return view(v.s.business.Quotes, v.of.QuoteID, v.s.quote)
}

func (v *jobView) Request() *requestView {
	return view(v.s.business.Requests, v.of.RequestID, v.s.request)
}

func (v *jobView) Salesperson() *userView {
	return view(v.s.business.Users, v.of.SalespersonID, v.s.user)
}

// visitsInfoView is VisitsInfo.
type visitsInfoView struct{ FutureCount, PastCount, IncompleteTotal, ScheduledCount, UnscheduledCount int32 }

func (v *jobView) VisitsInfo() *visitsInfoView {
	info := &visitsInfoView{}
	for _, visit := range v.s.business.Visits.Of(business.OfJob, v.of.ID) {
		if !visit.IsComplete {
			info.IncompleteTotal++
		}
		switch {
		case visit.StartAt == nil:
			info.UnscheduledCount++
			continue
		case visit.StartAt.After(v.s.now()):
			info.FutureCount++
		default:
			info.PastCount++
		}
		info.ScheduledCount++
	}
	return info
}

func (v *jobView) Visits(args visitsArgs) (*connection[*visitView], error) {
	rows := v.s.business.Visits.Of(business.OfJob, v.of.ID)
	return v.s.visitPage(rows, args)
}

func (v *jobView) Invoices(p paging) (*connection[*invoiceView], error) {
	return page(v.s.business.Invoices.Of(business.OfJob, v.of.ID), p, v.s.invoice)
}

// PaymentRecords are those of the job's invoices.
func (v *jobView) PaymentRecords(p paging) (*connection[*slimPaymentView], error) {
	var rows []*business.PaymentRecord
	for _, invoice := range v.s.business.Invoices.Of(business.OfJob, v.of.ID) {
		rows = append(rows, v.s.business.Payments.Of(business.OfInvoice, invoice.ID)...)
	}
	return page(rows, p, slimPayment)
}

type visitView struct {
	s  *session
	of *business.Visit
}

func (s *session) visit(v *business.Visit) *visitView { return &visitView{s, v} }

func (v *visitView) ID() encodedID          { return encodedID(v.of.ID) }
func (v *visitView) Title() *string         { return text(v.of.Title) }
func (v *visitView) Instructions() *string  { return text(v.of.Instructions) }
func (v *visitView) IsComplete() bool       { return v.of.IsComplete }
func (v *visitView) AllDay() bool           { return v.of.AllDay }
func (v *visitView) StartAt() *dateTime     { return when(v.of.StartAt) }
func (v *visitView) EndAt() *dateTime       { return when(v.of.EndAt) }
func (v *visitView) Duration() *int32       { return minutesBetween(v.of.StartAt, v.of.EndAt) }
func (v *visitView) CompletedAt() *dateTime { return when(v.of.CompletedAt) }
func (v *visitView) CompletedBy() *string   { return text(v.of.CompletedBy) }
func (v *visitView) CreatedAt() dateTime    { return dateTime{v.of.CreatedAt} }
func (v *visitView) ClientConfirmed() bool  { return v.of.ClientConfirmed }

func (v *visitView) VisitStatus(args struct{ Timezone *timezone }) string {
	return v.s.visitStatus(v.of, args.Timezone.location())
}

func (v *visitView) Client() *clientView {
	return view(v.s.business.Clients, v.of.ClientID, v.s.client)
}

func (v *visitView) Job() *jobView { return view(v.s.business.Jobs, v.of.JobID, v.s.job) }

func (v *visitView) Property() *propertyView {
	return view(v.s.business.Properties, v.of.PropertyID, v.s.property)
}

func (v *visitView) Invoice() *invoiceView {
	return view(v.s.business.Invoices, v.of.InvoiceID, v.s.invoice)
}

func (v *visitView) AssignedUsers(p paging) (*connection[*userView], error) {
	var rows []*business.User
	for _, id := range v.of.AssignedUserIDs {
		if u, ok := v.s.business.Users.Get(id); ok {
			rows = append(rows, u)
		}
	}
	return page(rows, p, v.s.user)
}

type invoiceView struct {
	s  *session
	of *business.Invoice
}

func (s *session) invoice(i *business.Invoice) *invoiceView { return &invoiceView{s, i} }

func (v *invoiceView) ID() encodedID                     { return encodedID(v.of.ID) }
func (v *invoiceView) InvoiceNumber() string             { return v.of.InvoiceNumber }
func (v *invoiceView) InvoiceStatus() string             { return v.s.business.InvoiceStatus(v.of, v.s.now()) }
func (v *invoiceView) Subject() string                   { return v.of.Subject }
func (v *invoiceView) Message() *string                  { return text(v.of.Message) }
func (v *invoiceView) Amounts() *business.InvoiceAmounts { return &v.of.Amounts }
func (v *invoiceView) IssuedDate() *dateTime             { return when(v.of.IssuedDate) }
func (v *invoiceView) DueDate() *dateTime                { return when(v.of.DueDate) }
func (v *invoiceView) ReceivedDate() *dateTime           { return when(v.of.ReceivedDate) }
func (v *invoiceView) TaxCalculationMethod() string      { return v.of.TaxCalculationMethod }
func (v *invoiceView) CustomFields() []*fieldView        { return []*fieldView{} }
func (v *invoiceView) CreatedAt() dateTime               { return dateTime{v.of.CreatedAt} }
func (v *invoiceView) UpdatedAt() dateTime               { return dateTime{v.of.UpdatedAt} }
func (v *invoiceView) JobberWebURI() string {
	return business.WebURI(business.TypeInvoice, v.of.Number)
}

func (v *invoiceView) InvoiceNet() *int32 {
	days := int32(v.of.InvoiceNet)
	return &days
}

func (v *invoiceView) Client() *clientView {
	return view(v.s.business.Clients, v.of.ClientID, v.s.client)
}

func (v *invoiceView) Salesperson() *userView {
	return view(v.s.business.Users, v.of.SalespersonID, v.s.user)
}

func (v *invoiceView) jobs() []*business.Job {
	var rows []*business.Job
	for _, part := range v.of.Jobs {
		if j, ok := v.s.business.Jobs.Get(part.JobID); ok {
			rows = append(rows, j)
		}
	}
	return rows
}

func (v *invoiceView) Jobs(p paging) (*connection[*jobView], error) {
	return page(v.jobs(), p, v.s.job)
}

// Properties are those of the invoice's jobs, each once.
func (v *invoiceView) Properties(p paging) (*connection[*propertyView], error) {
	var rows []*business.Property
	seen := map[string]bool{}
	for _, j := range v.jobs() {
		if property, ok := v.s.business.Properties.Get(j.PropertyID); ok && !seen[property.ID] {
			seen[property.ID] = true
			rows = append(rows, property)
		}
	}
	return page(rows, p, v.s.property)
}

func (v *invoiceView) Visits(p paging) (*connection[*visitView], error) {
	return page(v.s.business.Visits.Of(business.OfInvoice, v.of.ID), p, v.s.visit)
}

func (v *invoiceView) PaymentRecords(p paging) (*connection[*slimPaymentView], error) {
	return page(v.s.business.Payments.Of(business.OfInvoice, v.of.ID), p, slimPayment)
}
