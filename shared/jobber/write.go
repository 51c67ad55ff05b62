package jobber

import (
	"context"

	"fieldboard.dev/fieldboard/shared/jobber/internal/graphql"
)

// What is changed at Jobber. A change that Jobber refuses is an error of kind Declined, with its reasons; a record that is not
// there is one of those too, since Jobber tells it the same way. All of them go in the lane of the pages, in the order of
// asking: a long batch of changes must not keep a copy from being made. All but the making of a client may be repeated, and
// are, when they fail in passing.

// Contact is what may be written of a client. A pointer that is nil leaves the field as it is.
type Contact struct {
	FirstName, LastName, CompanyName *string
	IsCompany                        *bool
	Email, Phone                     *string // the primary one
	Address                          *PostalAddress
}

// PostalAddress is a postal address as it is written: read back, both lines of the street are one.
type PostalAddress struct{ Street, City, Province, PostalCode, Country string }

func (a PostalAddress) input() graphql.Input {
	in := graphql.Input{}
	for key, text := range map[string]string{
		"street1": a.Street, "city": a.City, "province": a.Province, "postalCode": a.PostalCode, "country": a.Country,
	} {
		if text != "" {
			in[key] = text
		}
	}
	return in
}

func (c Contact) input() graphql.Input {
	in := graphql.Input{}
	for key, text := range map[string]*string{"firstName": c.FirstName, "lastName": c.LastName, "companyName": c.CompanyName} {
		if text != nil {
			in[key] = *text
		}
	}
	if c.IsCompany != nil {
		in["isCompany"] = *c.IsCompany
	}
	if c.Address != nil {
		in["billingAddress"] = c.Address.input()
	}
	return in
}

// Made is a client that was made, by encoded ids.
type Made struct {
	ID         string
	Properties []string
}

// propertiesMade is how many properties a client is made with at most.
const propertiesMade = 1

// CreateClient makes a client, with a property at the address when there is one. It is never sent twice: when no answer came, the
// error is of kind Unsure, and the client may be there.
func (a *API) CreateClient(ctx context.Context, account string, contact Contact) (Made, error) {
	in := contact.input()
	if contact.Email != nil {
		in["emails"] = []graphql.Input{{"address": *contact.Email, "primary": true}}
	}
	if contact.Phone != nil {
		in["phones"] = []graphql.Input{{"number": *contact.Phone, "primary": true}}
	}
	if contact.Address != nil {
		in["properties"] = []graphql.Input{{"address": contact.Address.input()}}
	}
	c := a.newCall(account, LanePage)
	c.once = true
	data, err := graphql.ClientCreate(ctx, c, in, propertiesMade)
	if err != nil {
		return Made{}, err
	}
	payload := data.ClientCreate
	if payload == nil {
		return Made{}, c.unanswered("clientCreate")
	}
	if err := declined("clientCreate", payload.UserErrors); err != nil {
		return Made{}, err
	}
	if payload.Client == nil {
		return Made{}, &Error{Kind: Unsure, Op: "clientCreate", Message: "the client is not told", Status: 200}
	}
	made := Made{ID: payload.Client.Id}
	for _, p := range payload.Client.ClientProperties.Nodes {
		if p.Id != "" {
			made.Properties = append(made.Properties, p.Id)
		}
	}
	return made, nil
}

// EditClient changes a client. It reads the client first, since addresses and telephones are changed by ids of their own; when
// there is none to change, one is added.
func (a *API) EditClient(ctx context.Context, account, id string, contact Contact) error {
	in := contact.input()
	if contact.Email != nil || contact.Phone != nil {
		c := a.newCall(account, LanePage)
		data, err := graphql.ClientContacts(ctx, c, id)
		if err == nil && data.Client == nil {
			err = c.missing("client")
		}
		if KindOf(err) == NotFound {
			return &Error{Kind: Declined, Op: "clientEdit", Status: 200, Reasons: []Reason{{Message: "Client not found"}}}
		}
		if err != nil {
			return err
		}
		contact.emailInput(in, data.Client.Emails)
		contact.phoneInput(in, data.Client.Phones)
	}
	return a.edit(ctx, account, id, in)
}

func (c Contact) emailInput(in graphql.Input, known []graphql.ClientContactsClientEmailsEmail) {
	if c.Email == nil {
		return
	}
	primary := -1
	for i, e := range known {
		if primary < 0 || e.Primary {
			primary = i
		}
	}
	switch {
	case primary < 0:
		in["emailsToAdd"] = []graphql.Input{{"address": *c.Email, "primary": true}}
	case known[primary].Address != *c.Email:
		in["emailsToEdit"] = []graphql.Input{{"id": known[primary].Id, "address": *c.Email}}
	}
}

func (c Contact) phoneInput(in graphql.Input, known []graphql.ClientContactsClientPhonesClientPhoneNumber) {
	if c.Phone == nil {
		return
	}
	primary := -1
	for i, p := range known {
		if primary < 0 || p.Primary {
			primary = i
		}
	}
	switch {
	case primary < 0:
		in["phonesToAdd"] = []graphql.Input{{"number": *c.Phone, "primary": true}}
	case known[primary].Number != *c.Phone:
		in["phonesToEdit"] = []graphql.Input{{"id": known[primary].Id, "number": *c.Phone}}
	}
}

// TagClient puts tags on a client and takes others off.
func (a *API) TagClient(ctx context.Context, account, id string, add, remove []string) error {
	in := graphql.Input{}
	if len(add) > 0 {
		in["tagsToAdd"] = add
	}
	if len(remove) > 0 {
		in["tagsToDelete"] = remove
	}
	return a.edit(ctx, account, id, in)
}

func (a *API) edit(ctx context.Context, account, id string, in graphql.Input) error {
	if len(in) == 0 {
		return nil
	}
	c := a.newCall(account, LanePage)
	data, err := graphql.ClientEdit(ctx, c, id, in)
	if err != nil {
		return err
	}
	if data.ClientEdit == nil {
		return c.missing("clientEdit")
	}
	return declined("clientEdit", data.ClientEdit.UserErrors)
}

// ArchiveClient archives a client. Whether Jobber declines one who is archived already, or has open jobs, is not documented.
func (a *API) ArchiveClient(ctx context.Context, account, id string) error {
	c := a.newCall(account, LanePage)
	data, err := graphql.ClientArchive(ctx, c, id)
	if err != nil {
		return err
	}
	if data.ClientArchive == nil {
		return c.missing("clientArchive")
	}
	return declined("clientArchive", data.ClientArchive.UserErrors)
}

// UnarchiveClient takes the archiving of a client back.
func (a *API) UnarchiveClient(ctx context.Context, account, id string) error {
	c := a.newCall(account, LanePage)
	data, err := graphql.ClientUnarchive(ctx, c, id)
	if err != nil {
		return err
	}
	if data.ClientUnarchive == nil {
		return c.missing("clientUnarchive")
	}
	return declined("clientUnarchive", data.ClientUnarchive.UserErrors)
}

// CompleteVisit completes a visit now.
func (a *API) CompleteVisit(ctx context.Context, account, id string) error {
	c := a.newCall(account, LanePage)
	data, err := graphql.VisitComplete(ctx, c, id)
	if err != nil {
		return err
	}
	if data.VisitComplete == nil {
		return c.missing("visitComplete")
	}
	return declined("visitComplete", data.VisitComplete.UserErrors)
}

// MarkInvoiceSent makes a draft an invoice that awaits payment. Nobody is sent anything.
func (a *API) MarkInvoiceSent(ctx context.Context, account, id string) error {
	c := a.newCall(account, LanePage)
	data, err := graphql.InvoiceMarkAsSent(ctx, c, id)
	if err != nil {
		return err
	}
	if data.InvoiceMarkAsSent == nil {
		return c.missing("invoiceMarkAsSent")
	}
	return declined("invoiceMarkAsSent", data.InvoiceMarkAsSent.UserErrors)
}

// unanswered says why a change that must not be made twice has no payload: it may have been made all the same, unless it was
// hidden, which is before it is run.
func (c *call) unanswered(path string) error {
	err := asError(c.missing(path))
	if err.Kind != HiddenByPermission {
		err.Kind = Unsure
	}
	return err
}

// declined makes an error of a payload's userErrors.
func declined(op string, told []graphql.UserError) error {
	if len(told) == 0 {
		return nil
	}
	e := &Error{Kind: Declined, Op: op, Status: 200}
	for _, u := range told {
		e.Reasons = append(e.Reasons, Reason{Message: u.Message, Path: u.Path})
	}
	return e
}
