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

// scanned bounds the events that one page looks at for a text.
const scanned = 1000

// Found is one page of a search, the newest first. Next is nil at the end: where the text or the audiences leave events out, a
// page may hold fewer than asked for and still have a next.
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
	most := 2 * limit // the audiences leave few out
	if q.Text != "" {
		most = scanned
	}
	query := q.query(client, account).Limit(most + 1)
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
		if len(page.Events) == limit || seen == most {
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

// Matches tells whether an event is one that the search asks for.
func (q Search) Matches(e Event) bool {
	of := map[string]string{
		"family": e.family(), "type": e.Type, "actor": e.Actor, "member": e.Member, "entityId": e.EntityID, "audit.correlation": e.Audit.Correlation,
	}
	for field, value := range q.Equalities() {
		if of[field] != value {
			return false
		}
	}
	return (q.From.IsZero() || !e.Time.Before(q.From)) && (q.To.IsZero() || e.Time.Before(q.To)) &&
		slices.Contains(q.Audiences, e.Audience) && e.says(q.Text)
}

// CountFound returns about how many events a search finds, up to most: it does not look at the text and the audiences.
func (s *Store) CountFound(ctx context.Context, account string, q Search, most int) (int64, error) {
	client, err := s.clients.Firestore(ctx)
	if err != nil {
		return 0, err
	}
	return count(ctx, q.query(client, account).Limit(most))
}

// query finds the events without regard to the text and the audiences, the newest first.
func (q Search) query(client *firestore.Client, account string) firestore.Query {
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
	return query.OrderBy("time", firestore.Desc).OrderBy(firestore.DocumentID, firestore.Desc)
}

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
