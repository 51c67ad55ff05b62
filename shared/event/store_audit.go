package event

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"cloud.google.com/go/firestore"
	"google.golang.org/api/iterator"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"fieldboard.dev/fieldboard/shared/cloud"
	"fieldboard.dev/fieldboard/shared/problem"
)

// Search asks for events. The zero value of a field asks for all.
type Search struct {
	Family      string // the first part of the type: security
	Type        string
	Actor       string // id of the member who did it
	Member      string // id of the member whom it is about
	EntityID    string // id of the record that it is about
	Correlation string // what one request caused
	From, To    time.Time
	Text        string // a part of the title, the detail or the changes, in any case
	Audiences   []Audience
}

// Equalities are the stored fields by which Find looks for events. Each has an index with the time in descending order, and
// Firestore joins them.
func (q Search) Equalities() map[string]string {
	given := map[string]string{
		"family": q.Family, "type": q.Type, "actor": q.Actor, "member": q.Member, "entityId": q.EntityID, "audit.correlation": q.Correlation,
	}
	for field, value := range given {
		if value == "" {
			delete(given, field)
		}
	}
	return given
}

// scanned bounds the events that one page looks at where a text or the audiences leave some out: a page may then hold fewer
// than asked for and still have a next.
const scanned = 1000

// Found is one page of a search, the newest first. Next is nil at the end.
type Found struct {
	Events []Event
	Next   *Position
}

// Find returns one page of an account's events with all that they tell.
func (s *Store) Find(ctx context.Context, account string, q Search, after Position, limit int) (Found, error) {
	client, err := s.clients.Firestore(ctx)
	if err != nil {
		return Found{}, err
	}
	query := client.Collection("accounts").Doc(account).Collection("events").Query
	for field, value := range q.Equalities() {
		query = query.Where(field, "==", value)
	}
	if !q.From.IsZero() {
		query = query.Where("time", ">=", q.From)
	}
	if !q.To.IsZero() {
		query = query.Where("time", "<", q.To)
	}
	query = query.OrderBy("time", firestore.Desc).OrderBy(firestore.DocumentID, firestore.Desc).Limit(scanned + 1)
	if after.ID != "" {
		query = query.StartAfter(after.Time, after.ID)
	}
	docs := query.Documents(ctx)
	defer docs.Stop()
	var page Found
	var last *Position
	for seen := 0; ; seen++ {
		snap, err := docs.Next()
		if errors.Is(err, iterator.Done) {
			return page, nil
		}
		if err != nil {
			return Found{}, fmt.Errorf("searching events: %w", err)
		}
		if len(page.Events) == limit || seen == scanned {
			page.Next = last
			return page, nil
		}
		var d document
		if err := snap.DataTo(&d); err != nil {
			return Found{}, fmt.Errorf("reading event %s: %w", snap.Ref.ID, err)
		}
		last = &Position{Time: d.Time, ID: snap.Ref.ID}
		if e := d.event(snap.Ref); slices.Contains(q.Audiences, e.Audience) && e.says(q.Text) {
			page.Events = append(page.Events, e)
		}
	}
}

// Get returns one event with all that it tells; a problem NotFound when there is none by that id.
func (s *Store) Get(ctx context.Context, account, id string) (Event, error) {
	if !cloud.AreIDs(id) {
		return Event{}, errNoEvent
	}
	client, err := s.clients.Firestore(ctx)
	if err != nil {
		return Event{}, err
	}
	snap, err := Ref(client, account, id).Get(ctx)
	if status.Code(err) == codes.NotFound {
		return Event{}, errNoEvent
	}
	if err != nil {
		return Event{}, problem.Wrap(err, problem.Unavailable, "The event cannot be read right now. Try again shortly.")
	}
	stored, err := ReadStored(snap)
	return stored.Event, err
}

var errNoEvent = problem.New(problem.NotFound, "There is no such event.")

// says tells whether a text is a part of what the event tells.
func (e Event) says(text string) bool {
	if text == "" {
		return true
	}
	text = strings.ToLower(text)
	told := []string{e.Title, e.Detail, e.Audit.Reason}
	for _, c := range e.Audit.Changes {
		told = append(told, c.Field, c.Before, c.After)
	}
	return slices.ContainsFunc(told, func(s string) bool { return strings.Contains(strings.ToLower(s), text) })
}
