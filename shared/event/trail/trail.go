// Package trail does with an account's events what takes long: it exports them, sends them again to a consumer, and takes a
// person out of them. Each is a task: a document that says what to do and how far it is, worked on in steps that Cloud Tasks
// delivers, at least once, and fenced by a lease, so that a step that runs twice or dies does no harm.
package trail

import (
	"context"
	"errors"
	"fmt"
	"time"

	"fieldboard.dev/fieldboard/shared/account"
	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/cloud"
	"fieldboard.dev/fieldboard/shared/event"
	"fieldboard.dev/fieldboard/shared/event/ledger"
	"fieldboard.dev/fieldboard/shared/httpapi"
	"fieldboard.dev/fieldboard/shared/instance"
	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/shared/queue"
	"fieldboard.dev/fieldboard/shared/record"
)

// Config is what working on the trail needs to know.
type Config struct {
	WorkerURL string `env:"TRAIL_WORKER_URL, required"` // where steps are delivered; also the audience of their token
	Queue     string `env:"TRAIL_QUEUE, default=trail"` // the Cloud Tasks queue
	Invoker   string `env:"TASKS_INVOKER, required"`    // the service account that delivers tasks
	Bucket    string `env:"EXPORTS_BUCKET, required"`   // of Cloud Storage, which deletes what is in it after Kept
}

// Validate checks the settings.
func (c Config) Validate() error {
	if err := c.queue().Validate(); err != nil {
		return fmt.Errorf("TRAIL_QUEUE, TRAIL_WORKER_URL, TASKS_INVOKER: %w", err)
	}
	return nil
}

func (c Config) queue() queue.Config {
	return queue.Config{Queue: c.Queue, WorkerURL: c.WorkerURL, Invoker: c.Invoker}
}

// Kept is how long a task and the file that it made are kept; the bucket's own rule in the manifest is as long.
const Kept = 7 * 24 * time.Hour

// Kind is what a task does.
type Kind string

// The kinds.
const (
	Exports  Kind = "export"
	Replays  Kind = "replay"
	Erasures Kind = "erasure"
)

// State says how a task stands.
type State string

// The states. The last three are for good.
const (
	Queued    State = "queued"
	Running   State = "running"
	Done      State = "done"
	Failed    State = "failed"
	Cancelled State = "cancelled"
)

// Task is one piece of work, as it stands.
type Task struct {
	ID         string
	Account    string
	Kind       Kind
	State      State
	By         string // id of the member who asked
	Done       int64  // events dealt with
	Total      int64  // about as many as there are
	Failure    string // for a person; only when State is Failed
	CreatedAt  time.Time
	FinishedAt time.Time // zero before
	ExpireAt   time.Time // when the task and its file are gone
	Order      Order
}

// Order is what is to be done: one of the three, by the kind.
type Order struct {
	Export  *Export  `firestore:"export,omitempty"`
	Replay  *Replay  `firestore:"replay,omitempty"`
	Erasure *Erasure `firestore:"erasure,omitempty"`
}

// Trail makes tasks, tells how they stand and works on them.
type Trail struct {
	store    store
	events   *event.Store
	ledger   *ledger.Ledger
	accounts *account.Store
	records  *record.Store
	queue    *queue.Queue
	clock    clock.Clock
	pages    int // of events, at most, in one step
}

// pagesOfStep keeps a step well under the worker's timeout.
const pagesOfStep = 20

// New returns the trail of an instance's settings. It dials nothing.
func New(ctx context.Context, in *instance.Instance) (*Trail, error) {
	var cfg Config
	var sealing ledger.Config
	var published event.Config
	if err := errors.Join(in.Config(ctx, &cfg), in.Config(ctx, &sealing), in.Config(ctx, &published)); err != nil {
		return nil, err
	}
	queue, err := queue.New(in.Cloud, cfg.queue())
	if err != nil {
		return nil, err
	}
	sealed, err := ledger.New(in.Cloud, sealing)
	if err != nil {
		return nil, err
	}
	events := event.NewStore(in.Cloud, published, in.Log)
	return &Trail{
		store: store{in.Cloud, cfg.Bucket}, events: events, ledger: sealed, records: record.NewStore(in.Cloud, events, in.Clock, in.Log),
		accounts: account.NewStore(in.Cloud, in.Clock), queue: queue, clock: in.Clock, pages: pagesOfStep,
	}, nil
}

// create stores a task with the event that tells of it, and queues its first step. An id that is there already is the same
// request sent again: its task is queued again, which adds nothing when it was.
func (t *Trail) create(ctx context.Context, id string, kind Kind, by httpapi.Principal, total int64, order Order, tell event.Event) (Task, error) {
	if !cloud.AreIDs(id) {
		return Task{}, problem.New(problem.Invalid, "A task needs an id.")
	}
	now := t.clock.Now()
	d := document{
		Kind: kind, State: Queued, By: by.UserID, Total: total, CreatedAt: now, HeldUntil: now, ExpireAt: now.Add(Kept), Open: true, Order: order,
	}
	d, err := t.store.create(ctx, by.AccountID, id, d, t.events, tell)
	if err != nil {
		return Task{}, err
	}
	if d.Open {
		if err := t.enqueue(ctx, by.AccountID, id, d.Step); err != nil {
			return Task{}, err // it is taken up within the hour all the same
		}
	}
	return d.task(by.AccountID, id), nil
}

// told returns an event of the security audience that somebody asked for a task.
func (t *Trail) told(typ string, by httpapi.Principal, detail, reason string) event.Event {
	e := event.New(by.AccountID, typ, t.clock.Now())
	e.Audience, e.Detail, e.Actor, e.Audit.Reason = event.Security, detail, by.UserID, reason
	return e
}

// Get returns a task; a problem NotFound when the account has none of that kind by that id.
func (t *Trail) Get(ctx context.Context, account string, kind Kind, id string) (Task, error) {
	d, err := t.store.get(ctx, account, id)
	if err == nil && d.Kind != kind {
		err = notFound(kind)
	}
	if err != nil {
		return Task{}, err
	}
	return d.task(account, id), nil
}

// List returns an account's tasks of a kind, the newest first, after a position.
func (t *Trail) List(ctx context.Context, account string, kind Kind, after event.Position, limit int) (tasks []Task, more bool, err error) {
	return t.store.list(ctx, account, kind, after, limit)
}

// Cancel ends a task that is not finished; what it did stays done. One that is finished stays as it is.
func (t *Trail) Cancel(ctx context.Context, account string, kind Kind, id string) (Task, error) {
	d, err := t.store.change(ctx, account, id, func(d *document) error {
		if d.Kind != kind {
			return notFound(kind)
		}
		if d.Open {
			d.finish(Cancelled, "", t.clock.Now())
		}
		return nil
	})
	if err != nil {
		return Task{}, err
	}
	return d.task(account, id), nil
}

func notFound(kind Kind) error { return problem.New(problem.NotFound, "There is no such %s.", kind) }
