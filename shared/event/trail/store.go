package trail

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cloud.google.com/go/firestore"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"fieldboard.dev/fieldboard/shared/cloud"
	"fieldboard.dev/fieldboard/shared/event"
	"fieldboard.dev/fieldboard/shared/problem"
)

// storeTimeout bounds one call, the client's own retries included.
const storeTimeout = 10 * time.Second

// store keeps tasks at accounts/{a}/trail/{id} and exports in a bucket.
type store struct {
	clients *cloud.Clients
	bucket  string
}

// document is a task as stored. Open is there, and true, until the task is finished: a query for it finds what is left alone.
type document struct {
	Kind       Kind      `firestore:"kind"`
	State      State     `firestore:"state"`
	By         string    `firestore:"by"`
	Done       int64     `firestore:"done"`
	Total      int64     `firestore:"total"`
	Failure    string    `firestore:"failure,omitempty"`
	CreatedAt  time.Time `firestore:"createdAt"`
	FinishedAt time.Time `firestore:"finishedAt,omitempty"`
	ExpireAt   time.Time `firestore:"expireAt"` // Firestore deletes it then
	Order      Order     `firestore:"order"`

	Open      bool      `firestore:"open,omitempty"`
	Step      int64     `firestore:"step"`
	Place     place     `firestore:"place"`
	Holder    string    `firestore:"holder,omitempty"`
	HeldUntil time.Time `firestore:"heldUntil"`
	Failures  int       `firestore:"failures,omitempty"` // in a row
}

// place is how far a task is.
type place struct {
	Phase int       `firestore:"phase,omitempty"`
	Time  time.Time `firestore:"time,omitempty"` // of the last event that was dealt with
	ID    string    `firestore:"id,omitempty"`
	Index int64     `firestore:"index,omitempty"` // of the next leaf
	Parts int       `firestore:"parts,omitempty"` // of the file, written
}

func (p place) position() event.Position { return event.Position{Time: p.Time, ID: p.ID} }

func (d *document) release(now time.Time) { d.Holder, d.HeldUntil = "", now }

func (d *document) finish(s State, failure string, now time.Time) {
	d.release(now)
	d.State, d.Failure, d.FinishedAt, d.Open = s, failure, now, false
	if d.Order.Erasure != nil {
		d.Order.Erasure.Texts = nil // they are the person's
	}
}

func (d document) task(account, id string) Task {
	return Task{
		ID: id, Account: account, Kind: d.Kind, State: d.State, By: d.By, Done: d.Done, Total: d.Total, Failure: d.Failure,
		CreatedAt: d.CreatedAt.UTC(), FinishedAt: d.FinishedAt.UTC(), ExpireAt: d.ExpireAt.UTC(), Order: d.Order,
	}
}

func ref(client *firestore.Client, account, id string) *firestore.DocumentRef {
	return client.Collection("accounts").Doc(account).Collection("trail").Doc(id)
}

// create stores a task and its event. It returns the one that is there when the id is taken.
func (s store) create(ctx context.Context, account, id string, d document, events *event.Store, tell event.Event) (document, error) {
	client, err := s.clients.Firestore(ctx)
	if err != nil {
		return document{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	err = client.RunTransaction(ctx, func(ctx context.Context, tx *firestore.Transaction) error {
		if err := tx.Create(ref(client, account, id), d); err != nil {
			return err
		}
		return events.Put(ctx, tx, tell)
	})
	if status.Code(err) == codes.AlreadyExists {
		return s.get(ctx, account, id)
	}
	if err != nil {
		return document{}, unavailable(err)
	}
	events.Publish(ctx, []event.Event{tell})
	return d, nil
}

func (s store) get(ctx context.Context, account, id string) (document, error) {
	if !cloud.AreIDs(id) {
		return document{}, notFound("task")
	}
	client, err := s.clients.Firestore(ctx)
	if err != nil {
		return document{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	snap, err := ref(client, account, id).Get(ctx)
	if err != nil {
		return document{}, unavailable(err)
	}
	var d document
	return d, snap.DataTo(&d)
}

// change stores what a function makes of a task, and returns it.
func (s store) change(ctx context.Context, account, id string, change func(*document) error) (document, error) {
	if !cloud.AreIDs(id) {
		return document{}, notFound("task")
	}
	client, err := s.clients.Firestore(ctx)
	if err != nil {
		return document{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	var d document
	err = client.RunTransaction(ctx, func(_ context.Context, tx *firestore.Transaction) error {
		snap, err := tx.Get(ref(client, account, id))
		if err != nil {
			return err
		}
		d = document{}
		if err := snap.DataTo(&d); err != nil {
			return err
		}
		if err := change(&d); err != nil {
			return err
		}
		return tx.Set(snap.Ref, d)
	})
	return d, unavailable(err)
}

func (s store) list(ctx context.Context, account string, kind Kind, after event.Position, limit int) (tasks []Task, more bool, err error) {
	client, err := s.clients.Firestore(ctx)
	if err != nil {
		return nil, false, err
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	q := client.Collection("accounts").Doc(account).Collection("trail").Where("kind", "==", kind).
		OrderBy("createdAt", firestore.Desc).OrderBy(firestore.DocumentID, firestore.Desc).Limit(limit + 1)
	if after.ID != "" {
		q = q.StartAfter(after.Time, after.ID)
	}
	snaps, err := q.Documents(ctx).GetAll()
	if err != nil {
		return nil, false, unavailable(err)
	}
	if more = len(snaps) > limit; more {
		snaps = snaps[:limit]
	}
	for _, snap := range snaps {
		var d document
		if err := snap.DataTo(&d); err != nil {
			return nil, false, fmt.Errorf("reading %s: %w", snap.Ref.Path, err)
		}
		tasks = append(tasks, d.task(account, snap.Ref.ID))
	}
	return tasks, more, nil
}

// whose is where a task is kept.
type whose struct{ account, id string }

// abandoned returns open tasks of all accounts that nobody has held since a moment.
func (s store) abandoned(ctx context.Context, before time.Time, limit int) ([]whose, error) {
	client, err := s.clients.Firestore(ctx)
	if err != nil {
		return nil, err
	}
	snaps, err := client.CollectionGroup("trail").Where("open", "==", true).Where("heldUntil", "<=", before).
		OrderBy("heldUntil", firestore.Asc).Limit(limit).Documents(ctx).GetAll()
	if err != nil {
		return nil, fmt.Errorf("looking for tasks that were left: %w", err)
	}
	all := make([]whose, len(snaps))
	for i, snap := range snaps {
		all[i] = whose{snap.Ref.Parent.Parent.ID, snap.Ref.ID}
	}
	return all, nil
}

// unavailable makes a problem of what Firestore answered, and leaves what is one already.
func unavailable(err error) error {
	var known *problem.Error
	if err == nil || errors.As(err, &known) || errors.Is(err, errLost) {
		return err
	}
	if status.Code(err) == codes.NotFound {
		return problem.Wrap(err, problem.NotFound, "There is no such task.")
	}
	return problem.Wrap(err, problem.Unavailable, "The audit log cannot be reached right now. Try again shortly.")
}
