package jobber

import (
	"context"
	"errors"
	"time"

	"fieldboard.dev/fieldboard/emulators/jobber/business"
)

// The mutations that change records. Their names, arguments and payloads are Jobber's. What is not documented, and is settled
// here so that an app has to be ready for it: archiving a client who is archived, or who has open jobs, is refused; completing a
// visit that is complete, and marking an invoice as sent that is sent, changes nothing and is no error; tags are named by
// their labels.

type addressInput struct {
	Street1, Street2, City, Province, PostalCode, Country *string
}

func (a *addressInput) billing() *business.ClientAddress {
	if a == nil {
		return nil
	}
	return &business.ClientAddress{
		Street1: orEmpty(a.Street1), Street2: orEmpty(a.Street2), City: orEmpty(a.City), Province: orEmpty(a.Province),
		PostalCode: orEmpty(a.PostalCode), Country: orEmpty(a.Country),
	}
}

func (a addressInput) property() business.PropertyAddress {
	return business.PropertyAddress{
		Street1: orEmpty(a.Street1), Street2: orEmpty(a.Street2), City: orEmpty(a.City), Province: orEmpty(a.Province),
		PostalCode: orEmpty(a.PostalCode), Country: orEmpty(a.Country),
	}
}

func orEmpty(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}

type emailCreateInput struct {
	Address     string
	Description *string
	Primary     *bool
}

type phoneCreateInput struct {
	Number              string
	Description         *string
	Primary, SmsAllowed *bool
}

type emailEditInput struct {
	ID                   encodedID
	Address, Description *string
	Primary              *bool
}

type phoneEditInput struct {
	ID                  encodedID
	Number, Description *string
	Primary, SmsAllowed *bool
}

type clientCreateArgs struct {
	Input struct {
		Title, FirstName, LastName, CompanyName *string
		IsCompany                               *bool
		Emails                                  *[]emailCreateInput
		Phones                                  *[]phoneCreateInput
		BillingAddress                          *addressInput
		Properties                              *[]struct{ Address addressInput }
	}
}

type clientEditArgs struct {
	ClientID encodedID
	Input    struct {
		Title, FirstName, LastName, CompanyName *string
		IsCompany                               *bool
		BillingAddress                          *addressInput
		EmailsToAdd                             *[]emailCreateInput
		EmailsToEdit                            *[]emailEditInput
		EmailsToDelete                          *[]encodedID
		PhonesToAdd                             *[]phoneCreateInput
		PhonesToEdit                            *[]phoneEditInput
		PhonesToDelete                          *[]encodedID
		TagsToAdd, TagsToDelete                 *[]string
	}
}

type clientPayload struct {
	Client     *clientView
	UserErrors []*mutationError
}

// ClientCreate makes a client with its properties.
func (*root) ClientCreate(ctx context.Context, args clientCreateArgs) (*clientPayload, error) {
	s, in := sessionOf(ctx), args.Input
	change := business.ClientChange{
		Title: titleText(in.Title), FirstName: in.FirstName, LastName: in.LastName, CompanyName: in.CompanyName, IsCompany: in.IsCompany,
		BillingAddress: in.BillingAddress.billing(), EmailsToAdd: emailsToAdd(in.Emails), PhonesToAdd: phonesToAdd(in.Phones),
	}
	for _, p := range list(in.Properties) {
		change.Properties = append(change.Properties, p.Address.property())
	}
	done, err := s.business.MakeClient(change)
	return s.clientMutated(done, err)
}

// ClientEdit changes a client.
func (*root) ClientEdit(ctx context.Context, args clientEditArgs) (*clientPayload, error) {
	s, in := sessionOf(ctx), args.Input
	change := business.ClientChange{
		Title: titleText(in.Title), FirstName: in.FirstName, LastName: in.LastName, CompanyName: in.CompanyName, IsCompany: in.IsCompany,
		BillingAddress: in.BillingAddress.billing(), EmailsToAdd: emailsToAdd(in.EmailsToAdd), PhonesToAdd: phonesToAdd(in.PhonesToAdd),
		EmailsToDelete: ids(in.EmailsToDelete), PhonesToDelete: ids(in.PhonesToDelete),
		TagsToAdd: list(in.TagsToAdd), TagsToDelete: list(in.TagsToDelete),
	}
	for _, e := range list(in.EmailsToEdit) {
		change.EmailsToEdit = append(change.EmailsToEdit, business.EmailChange{ID: string(e.ID), Address: e.Address, Description: e.Description, Primary: e.Primary})
	}
	for _, p := range list(in.PhonesToEdit) {
		change.PhonesToEdit = append(change.PhonesToEdit, business.PhoneChange{
			ID: string(p.ID), Number: p.Number, Description: p.Description, Primary: p.Primary, SmsAllowed: p.SmsAllowed,
		})
	}
	done, err := s.business.EditClient(string(args.ClientID), change)
	return s.clientMutated(done, err)
}

// ClientArchive archives a client.
func (*root) ClientArchive(ctx context.Context, args struct{ ClientID encodedID }) (*clientPayload, error) {
	s := sessionOf(ctx)
	done, err := s.business.ArchiveClient(string(args.ClientID))
	return s.clientMutated(done, err)
}

// ClientUnarchive takes the archiving of a client back.
func (*root) ClientUnarchive(ctx context.Context, args struct{ ClientID encodedID }) (*clientPayload, error) {
	s := sessionOf(ctx)
	done, err := s.business.UnarchiveClient(string(args.ClientID))
	return s.clientMutated(done, err)
}

func (s *session) clientMutated(done business.Done, err error) (*clientPayload, error) {
	refused, err := refusedBy(err, "Client")
	if err != nil || len(refused) > 0 {
		return &clientPayload{UserErrors: refused}, err
	}
	return &clientPayload{Client: view(s.business.Clients, done.ID, s.client), UserErrors: []*mutationError{}}, nil
}

type visitPayload struct {
	Visit      *visitView
	UserErrors []*mutationError
}

type visitCompleteArgs struct {
	VisitID encodedID
	Input   *struct{ CompletedAt *dateTime }
}

// VisitComplete completes a visit.
func (*root) VisitComplete(ctx context.Context, args visitCompleteArgs) (*visitPayload, error) {
	s, id := sessionOf(ctx), string(args.VisitID)
	var at time.Time
	if args.Input != nil && args.Input.CompletedAt != nil {
		at = args.Input.CompletedAt.Time
	}
	_, err := s.business.CompleteVisitAt(id, at)
	if v, known := s.business.Visits.Get(id); known && v.IsComplete && errors.Is(err, business.ErrNotPossible) {
		err = nil
	}
	refused, err := refusedBy(err, "Visit")
	if err != nil || len(refused) > 0 {
		return &visitPayload{UserErrors: refused}, err
	}
	return &visitPayload{Visit: view(s.business.Visits, id, s.visit), UserErrors: []*mutationError{}}, nil
}

type invoicePayload struct {
	Invoice    *invoiceView
	UserErrors []*mutationError
}

// InvoiceMarkAsSent makes a draft an invoice that awaits payment. It sends nobody anything.
func (*root) InvoiceMarkAsSent(ctx context.Context, args struct{ ID encodedID }) (*invoicePayload, error) {
	s, id := sessionOf(ctx), string(args.ID)
	_, err := s.business.IssueInvoice(id)
	if i, known := s.business.Invoices.Get(id); known && i.InvoiceStatus != "draft" && errors.Is(err, business.ErrNotPossible) {
		err = nil
	}
	refused, err := refusedBy(err, "Invoice")
	if err != nil || len(refused) > 0 {
		return &invoicePayload{UserErrors: refused}, err
	}
	return &invoicePayload{Invoice: view(s.business.Invoices, id, s.invoice), UserErrors: []*mutationError{}}, nil
}

// refusedBy is what a mutation's userErrors tell of an error of the business.
func refusedBy(err error, entity string) ([]*mutationError, error) {
	var refusal business.Refusal
	switch {
	case err == nil:
		return nil, nil
	case errors.As(err, &refusal):
		var told []*mutationError
		for _, reason := range refusal {
			told = append(told, &mutationError{reason.Message, reason.Path})
		}
		return told, nil
	case errors.Is(err, business.ErrNotFound):
		return []*mutationError{{entity + " not found", []string{"id"}}}, nil
	case errors.Is(err, business.ErrNotPossible):
		return []*mutationError{{"The " + entity + "'s state does not allow this", []string{"id"}}}, nil
	}
	return nil, err
}

// titleText is how a ClientTitle reads when it is read back.
func titleText(title *string) *string {
	if title == nil {
		return nil
	}
	read, ok := map[string]string{"MR": "Mr.", "MS": "Ms.", "MRS": "Mrs.", "MISS": "Miss", "DR": "Dr."}[*title]
	if !ok {
		return title
	}
	return &read
}

func emailsToAdd(in *[]emailCreateInput) []business.EmailChange {
	var emails []business.EmailChange
	for _, e := range list(in) {
		emails = append(emails, business.EmailChange{Address: &e.Address, Description: e.Description, Primary: e.Primary})
	}
	return emails
}

func phonesToAdd(in *[]phoneCreateInput) []business.PhoneChange {
	var phones []business.PhoneChange
	for _, p := range list(in) {
		phones = append(phones, business.PhoneChange{Number: &p.Number, Description: p.Description, Primary: p.Primary, SmsAllowed: p.SmsAllowed})
	}
	return phones
}

func ids(in *[]encodedID) []string {
	var out []string
	for _, id := range list(in) {
		out = append(out, string(id))
	}
	return out
}

func list[T any](in *[]T) []T {
	if in == nil {
		return nil
	}
	return *in
}
