package record

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"cloud.google.com/go/firestore"

	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/cloud"
	"fieldboard.dev/fieldboard/shared/event"
	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/shared/rollup"
)

const (
	// perTransaction bounds the records of one transaction: with their days, months and events they stay well under
	// Firestore's 10 MiB a request.
	perTransaction = 100
	// attempts is how often a transaction is tried when another one touches the same records.
	attempts = 12
	// applyTimeout bounds one transaction with its retries.
	applyTimeout = 60 * time.Second
)

// Batch is what Apply writes.
type Batch struct {
	Upserts []Upsert
	Deletes []Delete
	// Quiet leaves out the events of each record: a first copy is no news.
	Quiet bool
	// Events are stored with the batch's last transaction, Quiet or not.
	Events []event.Event
	// Check runs before any write of each transaction and may read; its error stops the batch. It may be nil.
	Check func(tx *firestore.Transaction) error
	// Also runs after the writes of the last transaction and must only write; its error undoes that transaction. It runs
	// again when the transaction is retried. It may be nil.
	Also func(tx *firestore.Transaction) error
}

// Result counts what became of a batch's records.
type Result struct {
	Written   int // new or changed
	Unchanged int // known already; only their fetch time moved
	Stale     int // older than what is stored, left out
	Deleted   int
	Events    []event.Event
}

func (r *Result) add(other Result) {
	r.Written += other.Written
	r.Unchanged += other.Unchanged
	r.Stale += other.Stale
	r.Deleted += other.Deleted
	r.Events = append(r.Events, other.Events...)
}

// Store keeps the records at accounts/{a}/{collection}/{id}.
type Store struct {
	clients *cloud.Clients
	events  *event.Store
	clock   clock.Clock
	log     *slog.Logger
	latches latches
}

// NewStore returns a store. It dials nothing.
func NewStore(clients *cloud.Clients, events *event.Store, clk clock.Clock, log *slog.Logger) *Store {
	return &Store{clients: clients, events: events, clock: clk, log: log}
}

// Apply writes a batch: each record with its contribution to the figures and its event, in transactions of up to 100
// records, then publishes the events. Applying a batch again changes nothing. An error leaves whole transactions done
// and the rest undone.
func (s *Store) Apply(ctx context.Context, scope Scope, b Batch) (Result, error) {
	changes, err := b.changes()
	if err != nil {
		return Result{}, err
	}
	client, err := s.clients.Firestore(ctx)
	if err != nil {
		return Result{}, err
	}
	w := writer{store: s, client: client, account: client.Collection("accounts").Doc(scope.Account), scope: scope, batch: b}
	if !b.Quiet {
		if w.names, err = s.clientNames(ctx, scope.Account, changes); err != nil {
			return Result{}, err
		}
	}
	var total Result
	for {
		n := min(len(changes), perTransaction)
		result, err := w.run(ctx, changes[:n], n == len(changes))
		if err != nil {
			return total, fmt.Errorf("applying records: %w", err)
		}
		s.events.Publish(ctx, result.Events)
		total.add(result)
		if changes = changes[n:]; len(changes) == 0 {
			return total, nil
		}
	}
}

// writer applies the chunks of one batch.
type writer struct {
	store   *Store
	client  *firestore.Client
	account *firestore.DocumentRef
	scope   Scope
	batch   Batch
	names   map[string]string // client id → name, for the events
}

func (w writer) run(ctx context.Context, changes []change, last bool) (Result, error) {
	ctx, cancel := context.WithTimeout(ctx, applyTimeout)
	defer cancel()
	release, err := w.store.latches.hold(ctx, w.keys(changes))
	if err != nil {
		return Result{}, err
	}
	defer release()
	var result Result
	err = w.client.RunTransaction(ctx, func(ctx context.Context, tx *firestore.Transaction) error {
		result = Result{} // a retried transaction counts anew
		if w.batch.Check != nil {
			if err := w.batch.Check(tx); err != nil {
				return err
			}
		}
		known, err := w.read(tx, changes)
		if err != nil {
			return err
		}
		delta := rollup.Delta{}
		for i, c := range changes {
			if err := w.write(tx, c, known[i], delta, &result); err != nil {
				return fmt.Errorf("%s/%s: %w", c.collection, c.id, err)
			}
		}
		if err := rollup.Write(tx, w.account, delta); err != nil {
			return err
		}
		if last {
			result.Events = append(result.Events, w.batch.Events...)
		}
		for _, e := range result.Events {
			if err := w.store.events.Put(ctx, tx, e); err != nil {
				return err
			}
		}
		if last && w.batch.Also != nil {
			return w.batch.Also(tx)
		}
		return nil
	}, firestore.MaxAttempts(attempts))
	if err != nil {
		return Result{}, err
	}
	return result, nil
}

func (w writer) keys(changes []change) []string {
	keys := make([]string, len(changes))
	for i, c := range changes {
		keys[i] = w.scope.Account + "/" + string(c.collection) + "/" + c.id
	}
	return keys
}

// read returns what is stored of each change's record, nil for one that is not known.
func (w writer) read(tx *firestore.Transaction, changes []change) ([]Record, error) {
	known := make([]Record, len(changes))
	if len(changes) == 0 {
		return known, nil
	}
	refs := make([]*firestore.DocumentRef, len(changes))
	for i, c := range changes {
		refs[i] = w.account.Collection(string(c.collection)).Doc(c.id)
	}
	snaps, err := tx.GetAll(refs)
	if err != nil {
		return nil, err
	}
	for i, snap := range snaps {
		if known[i], err = decode(snap, changes[i].collection); err != nil {
			return nil, err
		}
	}
	return known, nil
}

// write applies one change against what is known of its record.
func (w writer) write(tx *firestore.Transaction, c change, old Record, delta rollup.Delta, result *Result) error {
	ref := w.account.Collection(string(c.collection)).Doc(c.id)
	if c.next == nil {
		return w.bury(tx, ref, c, old, delta, result)
	}
	next := c.next.Base()
	if old != nil && old.Base().fences(next) {
		result.Stale++
		return nil
	}
	if old != nil && old.Base().Deleted {
		old = nil // it is back
	}
	if old != nil {
		if err := keepHidden(c.next, old, c.hidden); err != nil {
			return err
		}
	}
	derive(c.next)
	w.watch(c.next, old)
	if old != nil {
		same, err := sameContent(old, c.next)
		if err != nil {
			return err
		}
		if same {
			result.Unchanged++
			return tx.Update(ref, []firestore.Update{{Path: "fetchedAt", Value: next.FetchedAt}, {Path: "updatedAt", Value: next.UpdatedAt}})
		}
		w.contribute(delta, old, -1)
	}
	w.contribute(delta, c.next, 1)
	result.Written++
	if !w.batch.Quiet {
		result.Events = append(result.Events, w.news(c.next, old)...)
	}
	return tx.Set(ref, c.next)
}

// derive fills what is stored only to be searched for.
func derive(r Record) {
	r.Base().Terms = searchTerms(r.terms())
	if i, ok := r.(*Invoice); ok {
		i.Open = i.open()
	}
}

// bury leaves a tombstone: it keeps a late page from bringing the record back, and it has no field that a list sorts by,
// so no list meets it.
func (w writer) bury(tx *firestore.Transaction, ref *firestore.DocumentRef, c change, old Record, delta rollup.Delta, result *Result) error {
	jobberID := ""
	if old != nil {
		if !c.fetchedAt.After(old.Base().FetchedAt) {
			result.Stale++
			return nil
		}
		jobberID = old.Base().JobberID
		if !old.Base().Deleted {
			w.contribute(delta, old, -1)
			result.Deleted++
			if !w.batch.Quiet {
				result.Events = append(result.Events, w.event(c.collection.entity()+".deleted", old, old))
			}
		}
	}
	return tx.Set(ref, map[string]any{"jobberId": jobberID, "deleted": true, "deletedAt": w.store.clock.Now(), "fetchedAt": c.fetchedAt})
}

func (w writer) contribute(delta rollup.Delta, r Record, sign int64) {
	r.contribute(rollup.Contribution{Delta: delta, Zone: w.scope.Zone, Sign: sign})
}

// news tells of a change from old, which may be nil, to next.
func (w writer) news(next, old Record) []event.Event {
	types := next.happened(old)
	switch {
	case len(types) > 0:
	case old == nil:
		types = []string{next.Collection().entity() + ".created"}
	default:
		types = []string{next.Collection().entity() + ".updated"}
	}
	events := make([]event.Event, len(types))
	for i, typ := range types {
		events[i] = w.event(typ, next, old)
	}
	return events
}

func (w writer) event(typ string, next, old Record) event.Event {
	e := about(next, event.New(w.scope.Account, typ, w.store.clock.Now()), w.names[next.client()])
	e.Audit.Kind = event.ByJobber
	if old != nil {
		e.Audit.Changes = event.Diff(old, next, "fetchedAt", "updatedAt", "terms", "open", "watch", "watch.at", "watch.type", "watch.then", "watch.told")
	}
	return e
}

// about fills in what an event says of the record that it is about.
func about(r Record, e event.Event, client string) event.Event {
	e.Collection, e.EntityID, e.Title, e.Detail = string(r.Collection()), r.Base().ID, r.label(), client
	switch r := r.(type) {
	case *Invoice:
		e.Audience, e.AmountCents = event.Finance, &r.TotalCents
	case *Payment:
		e.Audience, e.AmountCents = event.Finance, &r.AmountCents
	}
	return e
}

// clientNames reads the names of the clients that the changes are about, for their events. A name that is read just
// before it changes is only an older name in a feed.
func (s *Store) clientNames(ctx context.Context, account string, changes []change) (map[string]string, error) {
	names := map[string]string{"": ""}
	var ids []string
	for _, c := range changes {
		if c.next == nil {
			continue
		}
		if id := c.next.client(); id != "" {
			ids = append(ids, id)
		}
	}
	clients, err := s.GetMany(ctx, account, Clients, ids)
	if err != nil {
		return nil, err
	}
	for id, r := range clients {
		names[id] = r.label()
	}
	return names, nil
}

// decode turns a snapshot into a record; nil when the document is not there.
func decode(snap *firestore.DocumentSnapshot, c Collection) (Record, error) {
	if !snap.Exists() {
		return nil, nil
	}
	r, err := newOf(c)
	if err != nil {
		return nil, err
	}
	if err := snap.DataTo(r); err != nil {
		return nil, fmt.Errorf("reading %s/%s: %w", c, snap.Ref.ID, err)
	}
	r.Base().ID = snap.Ref.ID
	tidy(r)
	return r, nil
}

// NotFound is the error of a record that is not there, or that somebody may not see.
func NotFound(c Collection, id string) error {
	return problem.New(problem.NotFound, "There is no %s %.60q.", c.entity(), id)
}
