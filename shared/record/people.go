package record

import "fieldboard.dev/fieldboard/shared/rollup"

// Address is a postal address.
type Address struct {
	Street     string `firestore:"street" json:"street"`
	City       string `firestore:"city" json:"city"`
	Province   string `firestore:"province" json:"province"`
	PostalCode string `firestore:"postalCode" json:"postalCode"`
	Country    string `firestore:"country" json:"country"`
}

func (a *Address) terms() []string {
	if a == nil {
		return nil
	}
	return []string{a.Street, a.City, a.PostalCode}
}

// Client is a customer or a lead.
type Client struct {
	Meta
	Name           string   `firestore:"name"`
	FirstName      string   `firestore:"firstName"`
	LastName       string   `firestore:"lastName"`
	CompanyName    string   `firestore:"companyName"`
	IsCompany      bool     `firestore:"isCompany"`
	IsLead         bool     `firestore:"isLead"`
	IsArchived     bool     `firestore:"isArchived"`
	Email          string   `firestore:"email"`
	Phone          string   `firestore:"phone"`
	BalanceCents   int64    `firestore:"balanceCents"`
	Tags           []string `firestore:"tags"`
	BillingAddress *Address `firestore:"billingAddress"`
}

// Collection returns Clients.
func (*Client) Collection() Collection { return Clients }
func (c *Client) label() string        { return c.Name }
func (c *Client) client() string       { return "" }
func (c *Client) terms() []string {
	return append([]string{c.Name, c.FirstName, c.LastName, c.CompanyName, c.Email, c.Phone}, c.BillingAddress.terms()...)
}
func (c *Client) contribute(to rollup.Contribution) { to.Record(string(Clients)) }
func (c *Client) happened(Record) []string          { return nil }

// Property is a place where work is done.
type Property struct {
	Meta
	ClientID string  `firestore:"clientId"`
	Name     string  `firestore:"name"`
	Address  Address `firestore:"address"`
}

// Collection returns Properties.
func (*Property) Collection() Collection { return Properties }
func (p *Property) label() string {
	if p.Name != "" {
		return p.Name
	}
	return p.Address.Street
}
func (p *Property) client() string                    { return p.ClientID }
func (p *Property) terms() []string                   { return append([]string{p.Name}, p.Address.terms()...) }
func (p *Property) contribute(to rollup.Contribution) { to.Record(string(Properties)) }
func (p *Property) happened(Record) []string          { return nil }

// User is a person who works in the business. Team is the slug of their crew.
type User struct {
	Meta
	Name                   string `firestore:"name"`
	Email                  string `firestore:"email"`
	Status                 string `firestore:"status"` // Jobber's UserStatusEnum
	IsAccountOwner         bool   `firestore:"isAccountOwner"`
	IsAccountAdmin         bool   `firestore:"isAccountAdmin"`
	AvailableForScheduling bool   `firestore:"availableForScheduling"`
	Team                   string `firestore:"team"`
	TeamName               string `firestore:"teamName"`
}

// Collection returns Users.
func (*User) Collection() Collection              { return Users }
func (u *User) label() string                     { return u.Name }
func (u *User) client() string                    { return "" }
func (u *User) terms() []string                   { return []string{u.Name, u.Email, u.TeamName} }
func (u *User) contribute(to rollup.Contribution) { to.Record(string(Users)) }
func (u *User) happened(Record) []string          { return nil }

// Schedulable reports whether the person adds to their team's capacity.
func (u *User) Schedulable() bool { return u.Status == "ACTIVATED" && u.AvailableForScheduling }
