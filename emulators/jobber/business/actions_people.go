package business

import (
	"slices"
	"strings"
)

// CreateClient adds a client with a property.
func (b *Business) CreateClient() (Done, error) { return b.do((*Business).createClient, "") }

// UpdateClient changes a client's telephone, tag or name.
func (b *Business) UpdateClient(id string) (Done, error) { return b.do((*Business).updateClient, id) }

// ArchiveClient archives a client without open work.
func (b *Business) ArchiveClient(id string) (Done, error) { return b.do((*Business).archiveClient, id) }

// CreateProperty adds a property to a client; id is the client's.
func (b *Business) CreateProperty(clientID string) (Done, error) {
	return b.do((*Business).createProperty, clientID)
}

// UpdateProperty gives a property another name.
func (b *Business) UpdateProperty(id string) (Done, error) {
	return b.do((*Business).updateProperty, id)
}

// UpdateUser moves a user who has a crew to another crew, or makes the user available for scheduling or not.
func (b *Business) UpdateUser(id string) (Done, error) { return b.do((*Business).updateUser, id) }

func (b *Business) createClient(string) (Done, error) {
	c := b.inventClient()
	c.CreatedAt = b.stamp()
	c.UpdatedAt = c.CreatedAt
	c.Number = b.number(TypeClient)
	c.ID = EncodeID(TypeClient, c.Number)
	c.IsLead = true
	address := b.inventAddress()
	c.BillingAddress = billingAddress(address)
	b.Clients.put(c)
	b.tell("CLIENT_CREATE", c.ID, c.CreatedAt)
	b.newProperty(Property{ClientID: c.ID, IsBillingAddress: true, Address: address})
	return Done{"client.create", c.ID, c.CreatedAt}, nil
}

func (b *Business) newProperty(p Property) Property {
	p.CreatedAt = b.stamp()
	p.UpdatedAt = p.CreatedAt
	p.Number = b.number(TypeProperty)
	p.ID = EncodeID(TypeProperty, p.Number)
	b.Properties.put(p)
	b.tell("PROPERTY_CREATE", p.ID, p.CreatedAt)
	return p
}

func (b *Business) updateClient(id string) (Done, error) {
	old, err := chosen(b, b.Clients, TypeClient, id, existing)
	if err != nil {
		return Done{}, err
	}
	c := *old
	invented := b.inventClient()
	switch b.rng.IntN(3) {
	case 0:
		c.Phones = invented.Phones
	case 1:
		c.Tags = invented.Tags
	default:
		if !c.IsCompany {
			c.LastName = invented.LastName
			c.Name = strings.TrimSpace(c.FirstName + " " + c.LastName)
		}
		c.Emails = invented.Emails
	}
	return b.clientUpdated("client.update", c), nil
}

func (b *Business) archiveClient(id string) (Done, error) {
	old, err := chosen(b, b.Clients, TypeClient, id, func(c *Client) int {
		open := slices.ContainsFunc(b.Jobs.of(OfClient, c.ID), func(j *Job) bool { return j.JobStatus != "archived" })
		return when(!c.IsArchived && !open)
	})
	if err != nil {
		return Done{}, err
	}
	c := *old
	c.IsArchived = true
	return b.clientUpdated("client.archive", c), nil
}

func (b *Business) clientUpdated(name string, c Client) Done {
	c.UpdatedAt = b.stamp()
	b.Clients.put(c)
	b.tell("CLIENT_UPDATE", c.ID, c.UpdatedAt)
	return Done{name, c.ID, c.UpdatedAt}
}

func (b *Business) createProperty(clientID string) (Done, error) {
	c, err := chosen(b, b.Clients, TypeClient, clientID, func(c *Client) int { return when(!c.IsArchived) })
	if err != nil {
		return Done{}, err
	}
	p := b.newProperty(Property{ClientID: c.ID, Address: b.inventAddress()})
	return Done{"property.create", p.ID, p.CreatedAt}, nil
}

func (b *Business) updateProperty(id string) (Done, error) {
	old, err := chosen(b, b.Properties, TypeProperty, id, existing)
	if err != nil {
		return Done{}, err
	}
	p := *old
	p.Name = pick(b, companyFirst) + " House"
	p.UpdatedAt = b.stamp()
	b.Properties.put(p)
	b.tell("PROPERTY_UPDATE", p.ID, p.UpdatedAt)
	return Done{"property.update", p.ID, p.UpdatedAt}, nil
}

func (b *Business) updateUser(id string) (Done, error) {
	old, err := chosen(b, b.Users, TypeUser, id, func(u *User) int { return when(u.Status == "ACTIVATED" && CrewOf(u) != "") })
	if err != nil {
		return Done{}, err
	}
	u := *old
	if b.chance(2) {
		u.AvailableForScheduling = !u.AvailableForScheduling
		return b.userUpdated("user.update", u), nil
	}
	u.CustomFields = slices.Clone(u.CustomFields)
	for n := range u.CustomFields {
		if u.CustomFields[n].Label == CrewLabel {
			u.CustomFields[n].ValueDropdown = pick(b, b.trade.crews)
		}
	}
	return b.userUpdated("user.update", u), nil
}

func (b *Business) userUpdated(name string, u User) Done {
	u.UpdatedAt = b.stamp()
	b.Users.put(u)
	b.tell("USER_UPDATE", u.ID, u.UpdatedAt)
	return Done{name, u.ID, u.UpdatedAt}
}
