package task

import (
	"context"
	"crypto/rand"
	"time"

	"cloud.google.com/go/firestore"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"fieldboard.dev/fieldboard/shared/cloud"
	"fieldboard.dev/fieldboard/shared/event"
	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/shared/telemetry"
)

// joined is what a transaction of Engine.Transaction is to store at its end.
type joined struct {
	tx     *firestore.Transaction
	client *firestore.Client
	added  []addition
}

// addition is a task that is added, and what it is about.
type addition struct {
	account, id string
	document    *document
	key         string // of its claim; empty without one
	claim       claim
}

// claim is what no other task may be about. It holds until its time, or, without one, until its task has ended.
type claim struct {
	Task     string    `firestore:"task"`
	Until    time.Time `firestore:"until,omitempty"`
	ExpireAt time.Time `firestore:"expireAt"` // Firestore deletes it then
}

type joinedKey struct{}

// Transaction runs a transaction whose Enqueues are part of it: their tasks are stored with whatever else it writes, or not at
// all, and are sent after the commit. Firestore wants all reads before the first write, and Enqueue may read: enqueue before
// you write. The function may run several times.
func (e *Engine) Transaction(ctx context.Context, f func(ctx context.Context, tx *firestore.Transaction) error) error {
	client, err := e.store.clients.Firestore(ctx)
	if err != nil {
		return err
	}
	var j *joined
	err = client.RunTransaction(ctx, func(ctx context.Context, tx *firestore.Transaction) error {
		j = &joined{tx: tx, client: client}
		if err := f(context.WithValue(ctx, joinedKey{}, j), tx); err != nil {
			return err
		}
		return j.write()
	})
	if err != nil {
		return unavailable(err)
	}
	e.send(ctx, j.added)
	return nil
}

func (j *joined) write() error {
	for _, a := range j.added {
		if a.key != "" {
			if err := j.tx.Set(claims(j.client, a.account).Doc(a.key), a.claim); err != nil {
				return err
			}
		}
		if err := j.tx.Create(ref(j.client, a.account, a.id), a.document); err != nil {
			return err
		}
	}
	return nil
}

func claims(client *firestore.Client, account string) *firestore.CollectionRef {
	return client.Collection("accounts").Doc(account).Collection("taskKeys")
}

// Enqueue adds a task: within the transaction of Engine.Transaction when ctx is of one, else in one of its own. It returns
// false and no error for a task that is there already, by its ID or its Key. After it returned, the task is done some time,
// whatever dies. Its errors are problems: Invalid for a task that breaks a rule, TooLarge for its payload, else Unavailable.
func (e *Engine) Enqueue(ctx context.Context, t Task) (added bool, err error) {
	if err := e.check(t); err != nil {
		return false, err
	}
	fresh := t.ID == ""
	if fresh {
		t.ID = rand.Text()
	}
	if j, inside := ctx.Value(joinedKey{}).(*joined); inside {
		return e.enqueueIn(ctx, j, t, fresh)
	}
	err = e.Transaction(ctx, func(ctx context.Context, _ *firestore.Transaction) error {
		j, _ := ctx.Value(joinedKey{}).(*joined)
		added, err = e.enqueueIn(ctx, j, t, fresh)
		return err
	})
	return added, err
}

func (e *Engine) check(t Task) error {
	if t.broken != nil {
		return problem.Wrap(t.broken, problem.Invalid, "The task's payload cannot be written as JSON.")
	}
	if err := t.rules.validate(); err != nil {
		return problem.Wrap(err, problem.Invalid, "The task is of no kind that can be worked on.")
	}
	if e.queues[t.rules.Queue] == nil {
		return problem.New(problem.Invalid, "There is no worker for the queue %q.", t.rules.Queue)
	}
	var fields []problem.Field
	add := func(ok bool, where, message string) {
		if !ok {
			fields = append(fields, problem.Field{Location: where, Message: message})
		}
	}
	add(cloud.AreIDs(t.Account), "account", "Must be an account's id")
	add(t.ID == "" || cloud.AreIDs(t.ID), "id", "Must be an id of at most 128 bytes")
	add(len(t.Key) <= 1000, "key", "May have 1,000 bytes")
	add(t.Window >= 0, "window", "Must not be below zero")
	add(len(t.Title) <= 300, "title", "May have 300 bytes")
	add(t.At.IsZero() || cloud.IsTime(t.At), "at", "Must be a time that can be stored")
	add(t.Priority >= Low && t.Priority <= High, "priority", "Must be -1, 0 or 1")
	if len(fields) > 0 {
		return &problem.Error{Code: problem.Invalid, Message: "The task breaks a rule.", Fields: fields}
	}
	if len(t.Payload) > MaxPayload || len(t.Payload) > inline && e.cfg.Bucket == "" {
		return problem.New(problem.TooLarge, "A task's payload may have %d bytes, not %d.", MaxPayload, len(t.Payload))
	}
	return nil
}

// enqueueIn reads whether the task is there already, and if not leaves it for the end of the transaction.
func (e *Engine) enqueueIn(ctx context.Context, j *joined, t Task, fresh bool) (added bool, err error) {
	now := e.clock.Now().UTC()
	a := addition{account: t.Account, id: t.ID}
	for _, other := range j.added {
		if other.account == a.account && other.id == a.id {
			return false, nil
		}
	}
	if !fresh {
		switch _, err := j.tx.Get(ref(j.client, a.account, a.id)); {
		case err == nil:
			return false, nil
		case status.Code(err) != codes.NotFound:
			return false, err
		}
	}
	if t.Key != "" {
		a.key = event.Digest(t.rules.Name, t.Key)
		free, err := j.free(a.account, a.key, now)
		if err != nil || !free {
			return false, err
		}
		a.claim = claim{Task: a.id, ExpireAt: now.Add(max(t.Window, 366*24*time.Hour))}
		if t.Window > 0 {
			a.claim.Until = now.Add(t.Window)
		}
	}
	return true, e.join(ctx, j, a, t)
}

// join leaves a task for the end of the transaction.
func (e *Engine) join(ctx context.Context, j *joined, a addition, t Task) error {
	a.document = newDocument(ctx, t, e.clock.Now().UTC())
	if len(t.Payload) > inline {
		a.document.Payload, a.document.Object = "", "tasks/"+a.account+"/"+a.id
		if err := e.store.savePayload(ctx, a.document.Object, t.Payload); err != nil {
			return err
		}
	}
	j.added = append(j.added, a)
	return nil
}

// free tells whether no task holds a claim.
func (j *joined) free(account, key string, now time.Time) (bool, error) {
	for _, other := range j.added {
		if other.account == account && other.key == key {
			return false, nil
		}
	}
	snap, err := j.tx.Get(claims(j.client, account).Doc(key))
	if status.Code(err) == codes.NotFound {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	var c claim
	if err := snap.DataTo(&c); err != nil {
		return false, err
	}
	if !c.Until.IsZero() {
		return !now.Before(c.Until), nil
	}
	holder, err := j.tx.Get(ref(j.client, account, c.Task))
	if status.Code(err) == codes.NotFound {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	d, err := read(holder)
	return err == nil && !d.Open, err
}

func newDocument(ctx context.Context, t Task, now time.Time) *document {
	d := &document{
		Kind: t.rules.Name, Queue: t.rules.Queue, Title: t.Title, By: t.By, Parent: t.parent, Priority: t.Priority,
		Request: telemetry.CorrelationFrom(ctx).RequestID, Payload: string(t.Payload), Attempts: t.rules.Attempts,
		State: Waiting, Open: true, CreatedAt: now,
	}
	d.wait(maxTime(t.At.UTC(), now), now)
	return d
}
