package event

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/pubsub/v2"
	"google.golang.org/api/iterator"

	"fieldboard.dev/fieldboard/shared/cloud"
)

// Range asks for an account's events in the order in which they happened. The zero value of a field asks for all.
type Range struct {
	Types      []string  `firestore:"types,omitempty"` // at most MaxTypes
	Collection string    `firestore:"collection,omitempty"`
	EntityID   string    `firestore:"entityId,omitempty"`
	From       time.Time `firestore:"from"`
	To         time.Time `firestore:"to"` // not included
}

// MaxTypes is how many types one Range names: Firestore's bound of an "in", with room for what is joined to it.
const MaxTypes = 10

func (r Range) query(client *firestore.Client, account string) firestore.Query {
	q := client.Collection("accounts").Doc(account).Collection("events").Query
	if len(r.Types) > 0 {
		q = q.Where("type", "in", r.Types)
	}
	if r.EntityID != "" {
		q = q.Where("entityId", "==", r.EntityID)
	}
	if r.Collection != "" {
		q = q.Where("collection", "==", r.Collection)
	}
	if !r.From.IsZero() {
		q = q.Where("time", ">=", r.From)
	}
	if !r.To.IsZero() {
		q = q.Where("time", "<", r.To)
	}
	return q.OrderBy("time", firestore.Asc).OrderBy(firestore.DocumentID, firestore.Asc)
}

// Count returns how many events a range has, up to most.
func (s *Store) Count(ctx context.Context, account string, r Range, most int) (int64, error) {
	client, err := s.clients.Firestore(ctx)
	if err != nil {
		return 0, err
	}
	return count(ctx, r.query(client, account).Limit(most))
}

func count(ctx context.Context, q firestore.Query) (int64, error) {
	n, err := cloud.Count(ctx, q)
	if err != nil {
		return 0, fmt.Errorf("counting events: %w", err)
	}
	return n, nil
}

// Walk returns the next events of a range, the oldest first, after a position.
func (s *Store) Walk(ctx context.Context, account string, r Range, after Position, limit int) ([]Event, error) {
	client, err := s.clients.Firestore(ctx)
	if err != nil {
		return nil, err
	}
	q := r.query(client, account).Limit(limit)
	if after.ID != "" {
		q = q.StartAfter(after.Time, after.ID)
	}
	docs := q.Documents(ctx)
	defer docs.Stop()
	var events []Event
	for {
		snap, err := docs.Next()
		if errors.Is(err, iterator.Done) {
			return events, nil
		}
		if err != nil {
			return nil, fmt.Errorf("reading events: %w", err)
		}
		var d document
		if err := snap.DataTo(&d); err != nil {
			return nil, fmt.Errorf("reading event %s: %w", snap.Ref.ID, err)
		}
		events = append(events, d.event(snap.Ref))
	}
}

// Replay sends stored events to one consumer again, in their order. Nothing is stored.
func (s *Store) Replay(ctx context.Context, consumer, replay string, events []Event) error {
	ctx, cancel := context.WithTimeout(ctx, replayTimeout)
	defer cancel()
	publisher, err := s.clients.Publisher(ctx, s.cfg.Topic)
	if err != nil {
		return err
	}
	results := make([]*pubsub.PublishResult, len(events))
	for i, e := range events {
		m, err := message(e)
		if err != nil {
			return err
		}
		m.Attributes[replayFor], m.Attributes[replayOf] = consumer, replay
		results[i] = publisher.Publish(ctx, m)
	}
	var failed error
	for i, r := range results {
		if _, err := r.Get(ctx); err != nil {
			publisher.ResumePublish(events[i].Account)
			failed = errors.Join(failed, err)
		}
	}
	return failed
}

// replayTimeout bounds the publishing of one page of a replay.
const replayTimeout = 30 * time.Second
