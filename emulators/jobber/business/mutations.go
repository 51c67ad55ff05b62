package business

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// A mutation is an action that an app asks for, with what it is to write. It tells of changes as people's actions do.

// Refusal is why a mutation changed nothing: what Jobber tells in userErrors. Jobber documents no list of its texts; those here
// are made up, except that they are for people to read.
type Refusal []Reason

// Reason is one of Jobber's MutationErrors.
type Reason struct {
	Message string
	Path    []string
}

func (r Refusal) Error() string {
	texts := make([]string, len(r))
	for i, reason := range r {
		texts[i] = reason.Message
	}
	return strings.Join(texts, "; ")
}

func refuse(message string, path ...string) Refusal { return Refusal{{message, path}} }

// ClientChange is what a mutation writes of a client. What is nil or empty stays as it is.
type ClientChange struct {
	Title, FirstName, LastName, CompanyName *string
	IsCompany                               *bool
	BillingAddress                          *ClientAddress
	EmailsToAdd, EmailsToEdit               []EmailChange
	PhonesToAdd, PhonesToEdit               []PhoneChange
	EmailsToDelete, PhonesToDelete          []string
	TagsToAdd, TagsToDelete                 []string
	Properties                              []PropertyAddress // to add
}

// EmailChange is an address to add, or, with the ID of one that is there, to change.
type EmailChange struct {
	ID                   string
	Address, Description *string
	Primary              *bool
}

// PhoneChange is a telephone to add, or, with the ID of one that is there, to change.
type PhoneChange struct {
	ID                  string
	Number, Description *string
	Primary             *bool
	SmsAllowed          *bool
}

// MakeClient adds a client with the properties of the change, and tells of each.
func (b *Business) MakeClient(change ClientChange) (Done, error) {
	return b.act(func() (Done, error) {
		c := Client{IsLead: true, SourceText: "Fieldboard"}
		if err := b.changeClient(&c, change); err != nil {
			return Done{}, err
		}
		c.CreatedAt = b.stamp()
		c.UpdatedAt = c.CreatedAt
		c.Number = b.number(TypeClient)
		c.ID = EncodeID(TypeClient, c.Number)
		b.Clients.put(c)
		b.tell("CLIENT_CREATE", c.ID, c.CreatedAt)
		for i, address := range change.Properties {
			address.ID = b.encoded("PropertyAddress")
			b.newProperty(Property{ClientID: c.ID, IsBillingAddress: i == 0 && c.BillingAddress != nil, Address: address})
		}
		return Done{"client.create", c.ID, c.CreatedAt}, nil
	})
}

// EditClient changes a client. It refuses what MakeClient refuses, and an unknown id of an e-mail address or telephone.
func (b *Business) EditClient(id string, change ClientChange) (Done, error) {
	return b.act(func() (Done, error) {
		old, err := chosen(b, b.Clients, TypeClient, id, existing)
		if err != nil {
			return Done{}, err
		}
		c := *old
		if err := b.changeClient(&c, change); err != nil {
			return Done{}, err
		}
		return b.clientUpdated("client.update", c), nil
	})
}

// UnarchiveClient takes the archiving of a client back.
func (b *Business) UnarchiveClient(id string) (Done, error) {
	return b.act(func() (Done, error) {
		old, err := chosen(b, b.Clients, TypeClient, id, func(c *Client) int { return when(c.IsArchived) })
		if err != nil {
			return Done{}, err
		}
		c := *old
		c.IsArchived = false
		return b.clientUpdated("client.unarchive", c), nil
	})
}

// CompleteVisitAt is CompleteVisit at an instant of the past; the zero time is now.
func (b *Business) CompleteVisitAt(id string, at time.Time) (Done, error) {
	if !at.IsZero() && at.After(b.Now()) {
		return Done{}, refuse("Completed at can't be in the future", "input", "completedAt")
	}
	done, err := b.CompleteVisit(id)
	if err != nil || at.IsZero() {
		return done, err
	}
	return b.act(func() (Done, error) {
		v := *b.Visits.records[done.ID]
		v.CompletedAt = second(at)
		b.Visits.put(v)
		return done, nil
	})
}

// changeClient writes a change into c, which is not stored yet, or tells everything that forbids it.
func (b *Business) changeClient(c *Client, change ClientChange) error {
	refusal := badContacts(change)
	for to, value := range map[*string]*string{
		&c.Title: change.Title, &c.FirstName: change.FirstName, &c.LastName: change.LastName, &c.CompanyName: change.CompanyName,
	} {
		if value != nil {
			*to = strings.TrimSpace(*value)
		}
	}
	if change.IsCompany != nil {
		c.IsCompany = *change.IsCompany
	}
	if c.FirstName == "" && c.LastName == "" && c.CompanyName == "" {
		refusal = append(refusal, refuse("A client must have a first name, last name or company name", "input")...)
	}
	if c.IsCompany && c.CompanyName == "" {
		refusal = append(refusal, refuse("Company name can't be blank", "input", "companyName")...)
	}
	c.Name, c.SecondaryName = strings.TrimSpace(strings.Join(strings.Fields(c.Title+" "+c.FirstName+" "+c.LastName), " ")), ""
	if c.IsCompany || c.Name == "" {
		c.Name, c.SecondaryName = c.CompanyName, c.Name
	}
	if change.BillingAddress != nil {
		c.BillingAddress = change.BillingAddress
	}
	refusal = append(refusal, b.changeEmails(c, change)...)
	refusal = append(refusal, b.changePhones(c, change)...)
	b.changeTags(c, change)
	if len(refusal) > 0 {
		return refusal
	}
	return nil
}

func badContacts(change ClientChange) Refusal {
	var refusal Refusal
	for list, emails := range map[string][]EmailChange{"emails": change.EmailsToAdd, "emailsToEdit": change.EmailsToEdit} {
		for i, e := range emails {
			if e.Address != nil && (!strings.Contains(*e.Address, "@") || strings.ContainsAny(*e.Address, " \t\n")) {
				refusal = append(refusal, refuse("Address is invalid", "input", list, fmt.Sprint(i), "address")...)
			}
		}
	}
	return refusal
}

func (b *Business) changeEmails(c *Client, change ClientChange) Refusal {
	c.Emails = slices.DeleteFunc(slices.Clone(c.Emails), func(e Email) bool { return slices.Contains(change.EmailsToDelete, e.ID) })
	for i, e := range change.EmailsToEdit {
		at := slices.IndexFunc(c.Emails, func(known Email) bool { return known.ID == e.ID })
		if at < 0 {
			return refuse("Email not found", "input", "emailsToEdit", fmt.Sprint(i), "id")
		}
		set(&c.Emails[at].Address, e.Address)
		set(&c.Emails[at].Description, e.Description)
		b.primeEmail(c, at, e.Primary)
	}
	for _, e := range change.EmailsToAdd {
		added := Email{ID: b.encoded("Email"), Description: "MAIN"}
		set(&added.Address, e.Address)
		set(&added.Description, e.Description)
		c.Emails = append(c.Emails, added)
		first := len(c.Emails) == 1
		if first && e.Primary == nil {
			e.Primary = &first
		}
		b.primeEmail(c, len(c.Emails)-1, e.Primary)
	}
	return nil
}

// primeEmail makes one address the primary one, of which there is one at most.
func (b *Business) primeEmail(c *Client, at int, primary *bool) {
	if primary == nil {
		return
	}
	for i := range c.Emails {
		c.Emails[i].Primary = c.Emails[i].Primary && !*primary || i == at && *primary
	}
}

func (b *Business) changePhones(c *Client, change ClientChange) Refusal {
	c.Phones = slices.DeleteFunc(slices.Clone(c.Phones), func(p ClientPhoneNumber) bool { return slices.Contains(change.PhonesToDelete, p.ID) })
	for i, p := range change.PhonesToEdit {
		at := slices.IndexFunc(c.Phones, func(known ClientPhoneNumber) bool { return known.ID == p.ID })
		if at < 0 {
			return refuse("Phone number not found", "input", "phonesToEdit", fmt.Sprint(i), "id")
		}
		b.setPhone(c, at, p)
	}
	for _, p := range change.PhonesToAdd {
		c.Phones = append(c.Phones, ClientPhoneNumber{ID: b.encoded("ClientPhoneNumber"), Description: "MAIN"})
		first := len(c.Phones) == 1
		if first && p.Primary == nil {
			p.Primary = &first
		}
		b.setPhone(c, len(c.Phones)-1, p)
	}
	return nil
}

func (b *Business) setPhone(c *Client, at int, p PhoneChange) {
	phone := &c.Phones[at]
	set(&phone.Description, p.Description)
	set(&phone.SmsAllowed, p.SmsAllowed)
	if p.Number != nil {
		phone.Number, phone.Friendly = *p.Number, *p.Number
		phone.NormalizedPhoneNumber = "+" + strings.Map(func(r rune) rune {
			if r < '0' || r > '9' {
				return -1
			}
			return r
		}, *p.Number)
	}
	if p.Primary != nil {
		for i := range c.Phones {
			c.Phones[i].Primary = c.Phones[i].Primary && !*p.Primary || i == at && *p.Primary
		}
	}
}

// changeTags takes tags by their labels. One that is there already, in capitals or not, is not added again, and one that is
// not there is not missed; what Jobber does about either is not documented.
func (b *Business) changeTags(c *Client, change ClientChange) {
	c.Tags = slices.DeleteFunc(slices.Clone(c.Tags), func(t Tag) bool { return hasLabel(change.TagsToDelete, t.Label) })
	for _, label := range change.TagsToAdd {
		if slices.ContainsFunc(c.Tags, func(t Tag) bool { return strings.EqualFold(t.Label, label) }) {
			continue
		}
		c.Tags = append(c.Tags, b.tag(label))
	}
}

// tag is the account's tag of a label, a new one when no client has it.
func (b *Business) tag(label string) Tag {
	for _, c := range b.Clients.all() {
		for _, t := range c.Tags {
			if strings.EqualFold(t.Label, label) {
				return t
			}
		}
	}
	return Tag{b.encoded("Tag"), label}
}

func hasLabel(labels []string, label string) bool {
	return slices.ContainsFunc(labels, func(other string) bool { return strings.EqualFold(other, label) })
}

func set[T any](to, value *T) {
	if value != nil {
		*to = *value
	}
}
