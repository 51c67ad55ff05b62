package records

import (
	"fieldboard.dev/fieldboard/shared/account"
	"fieldboard.dev/fieldboard/shared/record"
)

type clientsInput struct {
	SearchInput
	Sort   string `query:"sort" enum:"name,-name,updatedAt,-updatedAt,createdAt,-createdAt,balanceCents,-balanceCents" default:"name"`
	Status string `query:"status" enum:"active,lead,archived" doc:"active: neither lead nor archived"`
}

type clientView struct {
	Meta
	Name           string          `json:"name"`
	FirstName      string          `json:"firstName"`
	LastName       string          `json:"lastName"`
	CompanyName    string          `json:"companyName"`
	IsCompany      bool            `json:"isCompany"`
	IsLead         bool            `json:"isLead"`
	IsArchived     bool            `json:"isArchived"`
	Email          string          `json:"email"`
	Phone          string          `json:"phone"`
	BalanceCents   *int64          `json:"balanceCents" doc:"null without finance:read"`
	Tags           []string        `json:"tags" nullable:"false"`
	BillingAddress *record.Address `json:"billingAddress"`
}

var clients = resource[clientsInput, clientView]{
	collection: record.Clients, singular: "client", needs: account.RecordRead,
	filters: []string{"isLead", "isArchived"},
	list: func(v view, in *clientsInput) (listing, error) {
		where := map[string]any{}
		switch in.Status {
		case "active":
			where["isLead"], where["isArchived"] = false, false
		case "lead":
			where["isLead"], where["isArchived"] = true, false
		case "archived":
			where["isArchived"] = true
		}
		return listing{page: in.SearchInput, sort: in.Sort, where: where}, v.moneySort(in.Sort, "balanceCents")
	},
	show: func(v view, r record.Record) clientView {
		c := r.(*record.Client)
		return clientView{
			Meta: metaOf(r), Name: c.Name, FirstName: c.FirstName, LastName: c.LastName, CompanyName: c.CompanyName,
			IsCompany: c.IsCompany, IsLead: c.IsLead, IsArchived: c.IsArchived, Email: c.Email, Phone: c.Phone,
			BalanceCents: v.money(c.BalanceCents), Tags: orEmpty(c.Tags), BillingAddress: c.BillingAddress,
		}
	},
}

type propertiesInput struct {
	SearchInput
	Sort     string `query:"sort" enum:"name,-name" default:"name"`
	ClientID string `query:"clientId" maxLength:"100"`
}

type propertyView struct {
	Meta
	ClientID   string         `json:"clientId"`
	ClientName string         `json:"clientName"`
	Name       string         `json:"name"`
	Address    record.Address `json:"address"`
}

var properties = resource[propertiesInput, propertyView]{
	collection: record.Properties, singular: "property", needs: account.RecordRead,
	filters: []string{"clientId"},
	list: func(_ view, in *propertiesInput) (listing, error) {
		return listing{page: in.SearchInput, sort: in.Sort, where: equals("clientId", in.ClientID)}, nil
	},
	names: func(r record.Record, want *names) { want.want(record.Clients, r.(*record.Property).ClientID) },
	show: func(v view, r record.Record) propertyView {
		p := r.(*record.Property)
		return propertyView{Meta: metaOf(r), ClientID: p.ClientID, ClientName: v.names.client(p.ClientID), Name: p.Name, Address: p.Address}
	},
}

type usersInput struct {
	SearchInput
	Sort   string `query:"sort" enum:"name,-name" default:"name"`
	Status string `query:"status" enum:"ACTIVATED,DEACTIVATED,NOT_INVITED,RESEND_INVITE,SEND_INVITE"`
	Team   string `query:"team" maxLength:"100" doc:"The team's slug"`
}

type userView struct {
	Meta
	Name                   string `json:"name"`
	Email                  string `json:"email"`
	Status                 string `json:"status"`
	IsAccountOwner         bool   `json:"isAccountOwner"`
	IsAccountAdmin         bool   `json:"isAccountAdmin"`
	AvailableForScheduling bool   `json:"availableForScheduling"`
	Team                   string `json:"team" doc:"The crew's slug; empty without a crew"`
	TeamName               string `json:"teamName"`
}

var users = resource[usersInput, userView]{
	collection: record.Users, singular: "user", needs: account.RecordRead,
	filters: []string{"status", "team"},
	list: func(_ view, in *usersInput) (listing, error) {
		return listing{page: in.SearchInput, sort: in.Sort, where: equals("status", in.Status, "team", in.Team)}, nil
	},
	show: func(_ view, r record.Record) userView {
		u := r.(*record.User)
		return userView{
			Meta: metaOf(r), Name: u.Name, Email: u.Email, Status: u.Status, IsAccountOwner: u.IsAccountOwner, IsAccountAdmin: u.IsAccountAdmin,
			AvailableForScheduling: u.AvailableForScheduling, Team: u.Team, TeamName: u.TeamName,
		}
	},
}
