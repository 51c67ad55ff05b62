package event

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/pubsub/v2"
	"google.golang.org/api/iterator"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"fieldboard.dev/fieldboard/shared/cloud"
)

// publishTimeout bounds one publish: the caller answers a user or a webhook, and relay publishes what was left.
const publishTimeout = 5 * time.Second

// Config is the events' settings.
type Config struct {
	Topic string `env:"EVENTS_TOPIC, default=events"`
}

// Store keeps events at accounts/{a}/events/{id} and publishes them.
type Store struct {
	clients *cloud.Clients
	cfg     Config
	log     *slog.Logger
}

// NewStore returns a store. It dials nothing.
func NewStore(clients *cloud.Clients, cfg Config, log *slog.Logger) *Store {
	return &Store{clients: clients, cfg: cfg, log: log}
}

// document is an event as stored. Pending is there, and true, until the event is published, and Unsealed until it is sealed: a
// query for it finds what is left alone, however long the history.
type document struct {
	Type        string    `firestore:"type"`
	Audience    Audience  `firestore:"audience"`
	Collection  string    `firestore:"collection,omitempty"`
	EntityID    string    `firestore:"entityId,omitempty"`
	Title       string    `firestore:"title,omitempty"`
	Detail      string    `firestore:"detail,omitempty"`
	AmountCents *int64    `firestore:"amountCents,omitempty"`
	Member      string    `firestore:"member,omitempty"`
	Actor       string    `firestore:"actor,omitempty"`
	Time        time.Time `firestore:"time"`
	Audit       Audit     `firestore:"audit"`
	Family      string    `firestore:"family"` // the first part of the type
	Pending     bool      `firestore:"pending,omitempty"`
	Unsealed    bool      `firestore:"unsealed,omitempty"`
	LeafIndex   *int64    `firestore:"leafIndex,omitempty"`
	Seal        *seal     `firestore:"seal,omitempty"`
}

func (d document) event(ref *firestore.DocumentRef) Event {
	return Event{
		ID: ref.ID, Account: ref.Parent.Parent.ID, Type: d.Type, Audience: d.Audience, Collection: d.Collection,
		EntityID: d.EntityID, Title: d.Title, Detail: d.Detail, AmountCents: d.AmountCents, Member: d.Member, Actor: d.Actor,
		Time: d.Time, Audit: d.Audit,
	}
}

// Put writes the event within tx; it reads nothing. Publish it after the commit.
func (s *Store) Put(ctx context.Context, tx *firestore.Transaction, e Event) error {
	if err := e.check(); err != nil {
		return err
	}
	client, err := s.clients.Firestore(ctx)
	if err != nil {
		return err
	}
	e.stamp(ctx)
	return tx.Create(Ref(client, e.Account, e.ID), newDocument(e))
}

// Emit stores events that belong to no other write, then publishes them.
func (s *Store) Emit(ctx context.Context, events ...Event) error {
	client, err := s.clients.Firestore(ctx)
	if err != nil {
		return err
	}
	err = client.RunTransaction(ctx, func(ctx context.Context, tx *firestore.Transaction) error {
		for _, e := range events {
			if err := s.Put(ctx, tx, e); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("storing events: %w", err)
	}
	s.Publish(ctx, events)
	return nil
}

// EmitOnce stores and publishes an event whose id says what happened, so that it is told once however often it is found. One
// that is there already is left as it is.
func (s *Store) EmitOnce(ctx context.Context, e Event) error {
	err := s.Emit(ctx, e)
	if status.Code(errors.Unwrap(err)) == codes.AlreadyExists {
		return nil
	}
	return err
}

// Publish publishes stored events and takes them out of the outbox. What fails stays there for Relay, so a failure is
// logged and not returned: the change itself is done.
func (s *Store) Publish(ctx context.Context, events []Event) {
	if len(events) == 0 {
		return
	}
	if err := s.publish(ctx, events); err != nil {
		s.log.WarnContext(ctx, "publishing events failed; relay will publish them", "events", len(events), "error", err)
	}
}

func (s *Store) publish(ctx context.Context, events []Event) error {
	ctx, cancel := context.WithTimeout(ctx, publishTimeout)
	defer cancel()
	publisher, err := s.clients.Publisher(ctx, s.cfg.Topic)
	if err != nil {
		return err
	}
	if events, err = s.withOvertaken(ctx, events); err != nil {
		return err
	}
	results := make([]*pubsub.PublishResult, len(events))
	for i, e := range events {
		message, err := message(e)
		if err != nil {
			return err
		}
		results[i] = publisher.Publish(ctx, message)
	}
	var published []Event
	var failed error
	for i, r := range results {
		if _, err := r.Get(ctx); err != nil {
			publisher.ResumePublish(events[i].Account) // an ordering key stops at its first failure until it is told to go on
			failed = errors.Join(failed, err)
			continue
		}
		published = append(published, events[i])
	}
	return errors.Join(failed, s.settle(ctx, published))
}

// Pass publishes an event that is not kept, without waiting: whoever is connected sees it, and losing it costs nothing but time.
func (s *Store) Pass(ctx context.Context, e Event) {
	publisher, err := s.clients.Publisher(ctx, s.cfg.Topic)
	if err == nil {
		err = e.check()
	}
	var m *pubsub.Message
	if err == nil {
		m, err = message(e)
	}
	if err != nil {
		s.log.WarnContext(ctx, "an event could not be passed on", "type", e.Type, "error", err)
		return
	}
	m.OrderingKey = "" // it holds nothing up, and nothing holds it up
	ctx = context.WithoutCancel(ctx)
	result := publisher.Publish(ctx, m)
	go func() {
		ctx, cancel := context.WithTimeout(ctx, publishTimeout)
		defer cancel()
		if _, err := result.Get(ctx); err != nil {
			s.log.WarnContext(ctx, "an event could not be passed on", "type", e.Type, "error", err)
		}
	}()
}

func message(e Event) (*pubsub.Message, error) {
	data, err := json.Marshal(e)
	if err != nil {
		return nil, err
	}
	return &pubsub.Message{
		Data:        data,
		OrderingKey: e.Account,
		Attributes: map[string]string{
			"type": e.Type, "account": e.Account, "audience": string(e.Audience), "entity": e.Collection, "id": e.EntityID,
			"content-type": "application/cloudevents+json",
		},
	}, nil
}

// settle takes published events out of the outbox. Dying before it publishes them twice; consumers drop a known id.
func (s *Store) settle(ctx context.Context, events []Event) error {
	if len(events) == 0 {
		return nil
	}
	client, err := s.clients.Firestore(ctx)
	if err != nil {
		return err
	}
	writer := client.BulkWriter(ctx)
	jobs := make([]*firestore.BulkWriterJob, 0, len(events))
	for _, e := range events {
		job, err := writer.Update(Ref(client, e.Account, e.ID), []firestore.Update{{Path: "pending", Value: firestore.Delete}})
		if err != nil {
			return err
		}
		jobs = append(jobs, job)
	}
	writer.End()
	var failed error
	for _, job := range jobs {
		if _, err := job.Results(); err != nil && status.Code(err) != codes.NotFound {
			failed = errors.Join(failed, err)
		}
	}
	return failed
}

// Relay publishes events that were stored before the given moment and never published, oldest first, at most limit of
// them. It returns how many it found.
func (s *Store) Relay(ctx context.Context, before time.Time, limit int) (int, error) {
	client, err := s.clients.Firestore(ctx)
	if err != nil {
		return 0, err
	}
	docs, err := client.CollectionGroup("events").Where("pending", "==", true).Where("time", "<", before).
		OrderBy("time", firestore.Asc).Limit(limit).Documents(ctx).GetAll()
	if err != nil {
		return 0, fmt.Errorf("reading the outbox: %w", err)
	}
	var events []Event
	for _, snap := range docs {
		var d document
		if err := snap.DataTo(&d); err != nil {
			return 0, fmt.Errorf("reading event %s: %w", snap.Ref.ID, err)
		}
		events = append(events, d.event(snap.Ref))
	}
	if len(events) == 0 {
		return 0, nil
	}
	return len(events), s.publish(ctx, events)
}

// Position is where a page of events ends; the zero value is before the newest.
type Position struct {
	Time time.Time `json:"t"`
	ID   string    `json:"i"`
}

// Valid tells whether a list can go on there.
func (p Position) Valid() bool { return cloud.AreIDs(p.ID) && cloud.IsTime(p.Time) }

// List returns the account's events for the given audiences, newest first, after a position. More reports whether there
// are older ones.
func (s *Store) List(ctx context.Context, account string, audiences []Audience, after Position, limit int) (events []Event, more bool, err error) {
	client, err := s.clients.Firestore(ctx)
	if err != nil {
		return nil, false, err
	}
	q := client.Collection("accounts").Doc(account).Collection("events").Where("audience", "in", audiences).
		OrderBy("time", firestore.Desc).OrderBy(firestore.DocumentID, firestore.Desc).Limit(limit + 1)
	if after.ID != "" {
		q = q.StartAfter(after.Time, after.ID)
	}
	docs := q.Documents(ctx)
	defer docs.Stop()
	for {
		snap, err := docs.Next()
		if errors.Is(err, iterator.Done) {
			return events, false, nil
		}
		if err != nil {
			return nil, false, fmt.Errorf("reading events: %w", err)
		}
		if len(events) == limit {
			return events, true, nil
		}
		var d document
		if err := snap.DataTo(&d); err != nil {
			return nil, false, fmt.Errorf("reading event %s: %w", snap.Ref.ID, err)
		}
		events = append(events, d.event(snap.Ref))
	}
}

func (e Event) family() string {
	family, _, _ := strings.Cut(e.Type, ".")
	return family
}

func newDocument(e Event) document {
	return document{
		Type: e.Type, Audience: e.Audience, Collection: e.Collection, EntityID: e.EntityID, Title: e.Title, Detail: e.Detail,
		AmountCents: e.AmountCents, Member: e.Member, Actor: e.Actor, Time: e.Time.UTC(),
		Audit: e.Audit, Family: e.family(), Pending: true, Unsealed: true,
	}
}
