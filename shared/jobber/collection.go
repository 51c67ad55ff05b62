package jobber

import (
	"fmt"
	"slices"
	"time"

	"fieldboard.dev/fieldboard/shared/jobber/internal/graphql"
)

// Collection is one of the lists that Jobber keeps.
type Collection string

// The collections that are read.
const (
	Users      Collection = "users"
	Clients    Collection = "clients"
	Properties Collection = "properties"
	Requests   Collection = "requests"
	Quotes     Collection = "quotes"
	Jobs       Collection = "jobs"
	Visits     Collection = "visits"
	Invoices   Collection = "invoices"
	Payments   Collection = "payments"
)

// Collections are all of them, those that others refer to first.
var Collections = []Collection{Users, Clients, Properties, Requests, Quotes, Jobs, Visits, Invoices, Payments}

// Range is a span of time, both ends inclusive. A zero end is open.
type Range struct{ After, Before time.Time }

func (r Range) empty() bool { return r.After.IsZero() && r.Before.IsZero() }

// PageRequest asks for one page. Jobber's collections have few filters; a filter that a collection does not have is an
// error of kind Misuse, before anything is sent.
type PageRequest struct {
	After string // the NextCursor of the page before; empty for the first page
	First int    // at most; 0 is the biggest page, up to 100 or IDs, whose worst case fits the account's cost bucket

	Updated     Range    // clients, requests, quotes, invoices
	Created     Range    // clients, requests, quotes, jobs, visits, invoices
	Starts      Range    // jobs, visits
	Completed   Range    // jobs, visits
	Entered     Range    // payments, by entry date
	ClientID    string   // properties, requests, quotes, invoices, payments; encoded
	IDs         []string // jobs, visits; encoded
	NewestFirst bool     // jobs and payments by last update, visits by creation; without it the oldest come first
}

// maxPageSize is the most that a page may ask for; no larger one is known to be answered.
const maxPageSize = 100

var offers = map[string][]Collection{
	"Updated":     {Clients, Requests, Quotes, Invoices},
	"Created":     {Clients, Requests, Quotes, Jobs, Visits, Invoices},
	"Starts":      {Jobs, Visits},
	"Completed":   {Jobs, Visits},
	"Entered":     {Payments},
	"ClientID":    {Properties, Requests, Quotes, Invoices, Payments},
	"IDs":         {Jobs, Visits},
	"NewestFirst": {Jobs, Visits, Payments},
}

func (p PageRequest) check(c Collection) error {
	if p.First < 0 || p.First > maxPageSize {
		return &Error{Kind: Misuse, Op: string(c), Message: fmt.Sprintf("a page has 1 to %d records, not %d", maxPageSize, p.First)}
	}
	for name, asked := range map[string]bool{
		"Updated": !p.Updated.empty(), "Created": !p.Created.empty(), "Starts": !p.Starts.empty(), "Completed": !p.Completed.empty(),
		"Entered": !p.Entered.empty(), "ClientID": p.ClientID != "", "IDs": p.IDs != nil, "NewestFirst": p.NewestFirst,
	} {
		if asked && !slices.Contains(offers[name], c) {
			return &Error{Kind: Misuse, Op: string(c), Message: name + " is not offered by this collection"}
		}
	}
	if p.IDs != nil && len(p.IDs) == 0 {
		return &Error{Kind: Misuse, Op: string(c), Message: "IDs is empty"}
	}
	return nil
}

func (p PageRequest) filter() graphql.Filter {
	f := graphql.Filter{}
	for key, r := range map[string]Range{
		"updatedAt": p.Updated, "createdAt": p.Created, "startAt": p.Starts, "completedAt": p.Completed, "entryDate": p.Entered,
	} {
		if r.empty() {
			continue
		}
		ends := map[string]string{}
		if !r.After.IsZero() {
			ends["after"] = r.After.UTC().Format(time.RFC3339)
		}
		if !r.Before.IsZero() {
			ends["before"] = r.Before.UTC().Format(time.RFC3339)
		}
		f[key] = ends
	}
	if p.ClientID != "" {
		f["clientId"] = p.ClientID
	}
	if p.IDs != nil {
		f["ids"] = p.IDs
	}
	return f
}

// sort returns the order by oldest, or by newest when that is asked for.
func (p PageRequest) sort(oldest, newest string) graphql.Sort {
	if p.NewestFirst {
		return graphql.Sort{Key: newest, Direction: graphql.Descending}
	}
	return graphql.Sort{Key: oldest, Direction: graphql.Ascending}
}

// Cost is what a reply told of a query's price and of the account's bucket, in points.
type Cost struct {
	Requested          float64 // the worst case, which had to be available
	Actual             float64 // what was taken
	MaximumAvailable   float64
	CurrentlyAvailable float64
	RestoreRate        float64 // points a second
}

// FieldError is one error beside data: something of the reply is missing.
type FieldError struct {
	Path    string // from the top of the reply, with dots: "visits.nodes.3.client"
	Message string
}

// Page is one page of a collection.
type Page[T any] struct {
	Items      []T
	NextCursor string
	HasNext    bool

	// FetchedAt is the time just before the request was sent: nothing in the page is older. It is the fence for records
	// that carry no updatedAt.
	FetchedAt time.Time
	Cost      Cost

	HiddenItems int          // records that exist and may not be read; they are not in Items
	Hidden      []FieldError // every error beside the data
}

// Found is the answer to a read by id. Found is false when Jobber says that there is no such record; a record that may not
// be read is an error of kind HiddenByPermission instead.
type Found[T any] struct {
	Item      T
	Found     bool
	FetchedAt time.Time // as in Page
	Cost      Cost
}
