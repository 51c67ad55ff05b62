// Package record is the account's copy of what is in Jobber: clients, properties, requests, quotes, jobs, visits,
// invoices, payments and users. A record is stored with what it adds to the figures and with the event that tells of its
// change, in one transaction.
package record

import (
	"encoding/base64"
	"math"
	"strings"
	"time"

	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/shared/rollup"
)

// Collection names one kind of record; it is also the Firestore collection's name.
type Collection string

// The collections.
const (
	Clients    Collection = "clients"
	Properties Collection = "properties"
	Requests   Collection = "requests"
	Quotes     Collection = "quotes"
	Jobs       Collection = "jobs"
	Visits     Collection = "visits"
	Invoices   Collection = "invoices"
	Payments   Collection = "payments"
	Users      Collection = "users"
)

// Collections are all of them, in the order in which names resolve early when they are copied one after the other.
var Collections = []Collection{Users, Clients, Properties, Requests, Quotes, Jobs, Visits, Invoices, Payments}

// Record is one of *Client, *Property, *Request, *Quote, *Job, *Visit, *Invoice, *Payment and *User.
type Record interface {
	// Base returns the part that every record has.
	Base() *Meta
	// Collection says where it is kept.
	Collection() Collection
	// label is what a person calls it.
	label() string
	// client is the id of the client that it is about, or empty.
	client() string
	// terms are the texts that a search finds it by.
	terms() []string
	// contribute adds what the record is worth to the figures.
	contribute(c rollup.Contribution)
	// happened names what a change from before, which may be nil, to this record means; nothing when no more than
	// created or updated.
	happened(before Record) []string
}

// Meta is what every record has. CreatedAt and UpdatedAt are Jobber's; zero when Jobber tells none for that kind.
type Meta struct {
	ID        string    `firestore:"-"`
	JobberID  string    `firestore:"jobberId"`
	WebURI    string    `firestore:"webUri"`
	CreatedAt time.Time `firestore:"createdAt"`
	UpdatedAt time.Time `firestore:"updatedAt"`
	FetchedAt time.Time `firestore:"fetchedAt"` // when the request that showed this state was begun
	Terms     []string  `firestore:"terms"`     // search terms; Apply fills them
	Deleted   bool      `firestore:"deleted,omitempty"`
	Watch     *Watch    `firestore:"watch,omitempty"` // what the clock will tell of it; Apply fills it
}

// Base returns m.
func (m *Meta) Base() *Meta { return m }

// IDOf turns Jobber's EncodedId, base64 of gid://Jobber/Visit/12, into the record's id, Visit_12.
func IDOf(jobberID string) (string, error) {
	bad := func() (string, error) {
		return "", problem.New(problem.Invalid, "%.60q is not a Jobber id.", jobberID)
	}
	if jobberID == "" || len(jobberID) > 200 {
		return bad()
	}
	raw, err := base64.StdEncoding.DecodeString(jobberID)
	if err != nil {
		if raw, err = base64.RawURLEncoding.DecodeString(strings.TrimRight(jobberID, "=")); err != nil {
			return bad()
		}
	}
	rest, ok := strings.CutPrefix(string(raw), "gid://Jobber/")
	kind, number, found := strings.Cut(rest, "/")
	if !ok || !found || !word(kind) || !word(number) {
		return bad()
	}
	return kind + "_" + number, nil
}

// JobberIDOf is the EncodedId of a record's id: the other way of IDOf.
func JobberIDOf(id string) string {
	kind, number, _ := strings.Cut(id, "_")
	return base64.StdEncoding.EncodeToString([]byte("gid://Jobber/" + kind + "/" + number))
}

func word(s string) bool {
	for _, r := range s {
		if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' {
			return false
		}
	}
	return s != ""
}

// Cents turns Jobber's decimal amount into cents, half away from zero.
func Cents(amount float64) int64 { return int64(math.Round(amount * 100)) }

// TeamSlug turns a crew's name into the team's id: lower case letters and digits, words joined by one dash.
func TeamSlug(name string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(name) {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r > 127:
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	return strings.TrimSuffix(b.String(), "-")
}

// newOf returns an empty record of the collection.
func newOf(c Collection) (Record, error) {
	switch c {
	case Clients:
		return &Client{}, nil
	case Properties:
		return &Property{}, nil
	case Requests:
		return &Request{}, nil
	case Quotes:
		return &Quote{}, nil
	case Jobs:
		return &Job{}, nil
	case Visits:
		return &Visit{}, nil
	case Invoices:
		return &Invoice{}, nil
	case Payments:
		return &Payment{}, nil
	case Users:
		return &User{}, nil
	}
	return nil, problem.New(problem.Invalid, "There is no collection %q.", c)
}

// entity is a collection's name in event types: visits → visit.
func (c Collection) entity() string {
	if c == Properties {
		return "property"
	}
	return strings.TrimSuffix(string(c), "s")
}
