package event

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Type is a kind of event and what its data is. Only events of a type that is listed here are stored.
type Type struct {
	Name      string     `json:"name"`
	Version   int        `json:"version"`   // of the data; a change that a reader of the version before could not follow makes another
	Audiences []Audience `json:"audiences"` // who may be told
	Doc       string     `json:"doc"`
	data      reflect.Type
}

// Schema names the type's schema, as in the envelope's dataschema.
func (t Type) Schema() string { return fmt.Sprintf("urn:fieldboard:event:%s:%d", t.Name, t.Version) }

// Types returns all types, by name.
func Types() []Type { return slices.Clone(types) }

// TypeOf returns a type by its name.
func TypeOf(name string) (Type, bool) {
	i, found := slices.BinarySearchFunc(types, name, func(t Type, name string) int { return strings.Compare(t.Name, name) })
	if !found {
		return Type{}, false
	}
	return types[i], true
}

// The data of events, by what they are about. Each is a part of Data, which is what all of them together have.
type (
	// AboutRecord is the data of an event about a record of the business.
	AboutRecord struct {
		Account    string   `json:"account"`
		Audience   Audience `json:"audience" enum:"operations"`
		Collection string   `json:"collection" enum:"clients,properties,requests,quotes,jobs,visits,users"`
		ID         string   `json:"id"`
		Title      string   `json:"title,omitempty" doc:"What a person calls it"`
		Detail     string   `json:"detail,omitempty" doc:"The client's name"`
	}

	// AboutMoney is the data of an event about an invoice or a payment.
	AboutMoney struct {
		Account     string   `json:"account"`
		Audience    Audience `json:"audience" enum:"finance"`
		Collection  string   `json:"collection" enum:"invoices,payments"`
		ID          string   `json:"id"`
		Title       string   `json:"title,omitempty"`
		Detail      string   `json:"detail,omitempty" doc:"The client's name"`
		AmountCents *int64   `json:"amountCents,omitempty" doc:"In the account's currency"`
	}

	// AboutCopy is the data of an event about the copy of the business's data, or its connection to Jobber.
	AboutCopy struct {
		Account    string   `json:"account"`
		Audience   Audience `json:"audience" enum:"operations"`
		Collection string   `json:"collection,omitempty" enum:"sync"`
		ID         string   `json:"id,omitempty" doc:"Of the state of the copy"`
		Title      string   `json:"title,omitempty"`
		Detail     string   `json:"detail,omitempty"`
		Member     string   `json:"member,omitempty" doc:"The id of the member who connected"`
		Actor      string   `json:"actor,omitempty"`
	}

	// AboutAccess is the data of an event about who may come in and what they may do.
	AboutAccess struct {
		Account  string   `json:"account"`
		Audience Audience `json:"audience" enum:"security,personal"`
		ID       string   `json:"id,omitempty" doc:"Of the API key"`
		Title    string   `json:"title,omitempty" doc:"The name of the member, the key or the account"`
		Detail   string   `json:"detail,omitempty"`
		Member   string   `json:"member,omitempty" doc:"The id of the member whom it is about"`
		Actor    string   `json:"actor,omitempty" doc:"The id of the member who did it"`
	}
)

var types = list()

// list is the table of all types.
func list() []Type {
	var all []Type
	add := func(data any, audiences []Audience, docs map[string]string) {
		for name, doc := range docs {
			all = append(all, Type{Name: name, Version: 1, Audiences: audiences, Doc: doc, data: reflect.TypeOf(data)})
		}
	}
	for _, entity := range []string{"client", "property", "request", "quote", "job", "visit", "user"} {
		add(AboutRecord{}, []Audience{Operations}, lifeOf(entity))
	}
	add(AboutRecord{}, []Audience{Operations}, map[string]string{
		"visit.completed":   "The work of a visit is done",
		"visit.rescheduled": "A visit is at another time, or at none",
		"job.completed":     "A job is closed",
		"quote.sent":        "A quote awaits the client's answer",
		"quote.approved":    "A client has agreed to a quote",
		"quote.converted":   "A quote has become a job",
	})
	for _, entity := range []string{"invoice", "payment"} {
		add(AboutMoney{}, []Audience{Finance}, lifeOf(entity))
	}
	add(AboutMoney{}, []Audience{Finance}, map[string]string{
		"invoice.issued":   "An invoice was sent to the client",
		"invoice.paid":     "An invoice has nothing left to pay",
		"payment.received": "Money came in",
		"payment.refunded": "Money went back",
	})
	add(AboutCopy{}, []Audience{Operations}, map[string]string{
		SyncProgress:       "Records are being copied from Jobber",
		SyncCompleted:      "A copy from Jobber is complete",
		SyncFailed:         "A copy from Jobber, or a change there, could not be followed",
		JobberConnected:    "The account is connected to Jobber",
		JobberDisconnected: "The account is no longer connected to Jobber",
	})
	add(AboutAccess{}, []Audience{Security}, map[string]string{
		"member.invited":            "Somebody was invited, or invited again",
		"member.uninvited":          "An invitation was withdrawn",
		"member.joined":             "Somebody accepted an invitation",
		"member.updated":            "A member's name or person in Jobber was changed",
		"member.role_changed":       "A member has another role",
		"member.disabled":           "A member may no longer come in",
		"member.enabled":            "A member may come in again",
		"member.removed":            "A member is no longer in the account",
		"member.owner_transferred":  "The account has another owner",
		"security.settings_changed": "The account's settings were changed",
		"security.key_created":      "An API key was made",
		"security.key_rotated":      "An API key has another secret",
		"security.key_revoked":      "An API key was ended",
		AuditRead:                   "Somebody looked into the audit log",
		LimitTightened:              "Requests went on after they were refused, so fewer are taken for a while",
	})
	add(AboutAccess{}, []Audience{Security, Personal}, map[string]string{
		SignedIn:      "Somebody signed in",
		RefreshReused: "A refresh token was used twice, so its session was ended",
		SessionEnded:  "A session was ended by somebody",
	})
	slices.SortFunc(all, func(a, b Type) int { return strings.Compare(a.Name, b.Name) })
	return all
}

func lifeOf(entity string) map[string]string {
	return map[string]string{
		entity + ".created": "A " + entity + " is new",
		entity + ".updated": "A " + entity + " is no longer what it was",
		entity + ".deleted": "A " + entity + " is gone from Jobber",
	}
}

// check refuses an event that nobody knows how to read, or that is for others than those its type is for.
func (e Event) check() error {
	t, known := TypeOf(e.Type)
	switch {
	case !known:
		return fmt.Errorf("event: there is no type %q", e.Type)
	case !slices.Contains(t.Audiences, e.Audience):
		return fmt.Errorf("event: %s is not for the audience %q", e.Type, e.Audience)
	}
	return nil
}
