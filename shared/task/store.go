package task

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"time"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/storage"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"fieldboard.dev/fieldboard/shared/cloud"
	"fieldboard.dev/fieldboard/shared/event"
	"fieldboard.dev/fieldboard/shared/problem"
)

// storeTimeout bounds one call, the client's own retries included.
const storeTimeout = 10 * time.Second

// store keeps tasks at accounts/{a}/tasks/{id}, what they are about at accounts/{a}/taskKeys/{digest}, and large payloads in a
// bucket.
type store struct {
	clients *cloud.Clients
	bucket  string
}

// document is a task as stored.
type document struct {
	Kind     string   `firestore:"kind"`
	Queue    string   `firestore:"queue"`
	Title    string   `firestore:"title,omitempty"`
	By       string   `firestore:"by,omitempty"`
	Parent   string   `firestore:"parent,omitempty"`
	Request  string   `firestore:"request,omitempty"`
	Priority Priority `firestore:"priority"`
	Payload  string   `firestore:"payload,omitempty"`
	Object   string   `firestore:"object,omitempty"` // of the bucket, instead of Payload
	Attempts int      `firestore:"attempts"`         // as the kind had it; the worker's own rules decide

	State State `firestore:"state"`
	// Open is there, and true, until the task has ended, and WakeAt is when Tend looks at it if nothing happened: a query for
	// both finds what is left alone, however many tasks have ended.
	Open      bool      `firestore:"open,omitempty"`
	WakeAt    time.Time `firestore:"wakeAt"`
	CreatedAt time.Time `firestore:"createdAt"`
	RunAt     time.Time `firestore:"runAt"`
	StartedAt time.Time `firestore:"startedAt,omitempty"`
	EndedAt   time.Time `firestore:"endedAt,omitempty"`
	ExpireAt  time.Time `firestore:"expireAt,omitempty"` // Firestore deletes it then

	Attempt   int       `firestore:"attempt"`
	Failures  int       `firestore:"failures"`
	Holder    string    `firestore:"holder,omitempty"`
	HeldUntil time.Time `firestore:"heldUntil,omitempty"`
	Began     time.Time `firestore:"began,omitempty"`  // the attempt that runs
	Cancel    string    `firestore:"cancel,omitempty"` // by whom, while it runs
	Parts     bool      `firestore:"parts,omitempty"`
	Continued bool      `firestore:"continued,omitempty"`

	Progress   Progress  `firestore:"progress"`
	Checkpoint string    `firestore:"checkpoint,omitempty"`
	Result     string    `firestore:"result,omitempty"`
	Failure    *Failure  `firestore:"failure,omitempty"`
	Timeline   []Attempt `firestore:"timeline,omitempty"`
}

func (d *document) view(account, id string) View {
	return View{
		ID: id, Account: account, Kind: d.Kind, Queue: d.Queue, Title: d.Title, State: d.State, By: d.By, Parent: d.Parent,
		Request: d.Request, CreatedAt: d.CreatedAt.UTC(), RunAt: d.RunAt.UTC(), StartedAt: d.StartedAt.UTC(), EndedAt: d.EndedAt.UTC(),
		ExpireAt: d.ExpireAt.UTC(), Attempt: d.Attempt, Attempts: d.Attempts, Failures: d.Failures, Progress: d.Progress,
		Result: json.RawMessage(d.Result), Failure: d.Failure, Timeline: d.Timeline, Parts: d.Parts,
		Cancelling: d.State == Running && d.Cancel != "",
	}
}

// rules are those of a task whose kind the caller does not know.
func (d *document) rules() Rules {
	return Rules{Name: d.Kind, Queue: d.Queue, Attempts: d.Attempts}.filled()
}

// end closes the task for good.
func (d *document) end(s State, now time.Time, keep time.Duration) {
	d.State, d.Open, d.EndedAt, d.ExpireAt = s, false, now, now.Add(keep)
	d.Holder, d.HeldUntil, d.Cancel = "", time.Time{}, ""
}

// wait puts the task back until a time.
func (d *document) wait(at, now time.Time) {
	d.State, d.RunAt, d.WakeAt = Waiting, at, maxTime(at, now).Add(grace)
	d.Holder, d.HeldUntil = "", time.Time{}
}

func maxTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// note adds a line to the timeline.
func (d *document) note(now time.Time, outcome, message string) {
	d.Timeline = append(d.Timeline, Attempt{Number: d.Attempt, Began: d.Began, Ended: now, Outcome: outcome, Message: message})
	d.Timeline = d.Timeline[max(0, len(d.Timeline)-timelineMost):]
}

func tasksOf(client *firestore.Client, account string) *firestore.CollectionRef {
	return client.Collection("accounts").Doc(account).Collection("tasks")
}

func ref(client *firestore.Client, account, id string) *firestore.DocumentRef {
	return tasksOf(client, account).Doc(id)
}

func read(snap *firestore.DocumentSnapshot) (*document, error) {
	var d document
	if err := snap.DataTo(&d); err != nil {
		return nil, problem.Wrap(err, problem.Internal, "The task cannot be read.")
	}
	return &d, nil
}

func (s store) get(ctx context.Context, account, id string) (*document, error) {
	if !cloud.AreIDs(account, id) {
		return nil, problem.New(problem.NotFound, "There is no such task.")
	}
	client, err := s.clients.Firestore(ctx)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	snap, err := ref(client, account, id).Get(ctx)
	if err != nil {
		return nil, unavailable(err)
	}
	return read(snap)
}

// errUnchanged ends a change that has nothing to store.
var errUnchanged = errors.New("task: unchanged")

// change is what is made of a task. Its functions may run several times.
type change struct {
	make    func(d *document) ([]event.Event, error) // errUnchanged from it stores nothing and is no error
	effects effects                                  // written with the task; nil for none
	beside  func(client *firestore.Client) []*firestore.DocumentRef
	read    func(beside []*firestore.DocumentSnapshot) // what is read with the task, before make
}

// change stores what is made of a task, with the effects that belong to it and the events that tell of it, and returns it. The
// task is read outside of the transaction, and written on the condition that nobody has written it since: a worker that dies in
// a transaction which has read the task would keep it locked for a minute, from everyone.
func (e *Engine) change(ctx context.Context, account, id string, c change) (*document, error) {
	if !cloud.AreIDs(account, id) {
		return nil, problem.New(problem.NotFound, "There is no such task.")
	}
	client, err := e.store.clients.Firestore(ctx)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	for {
		d, err := e.changeOnce(ctx, client, account, id, c)
		if status.Code(err) != codes.FailedPrecondition { // somebody else was faster
			return d, unavailable(err)
		}
		select {
		case <-ctx.Done():
			return nil, unavailable(err)
		case <-time.After(time.Duration(rand.IntN(20)) * time.Millisecond): //nolint:gosec // keeps those who meet from meeting again
		}
	}
}

func (e *Engine) changeOnce(ctx context.Context, client *firestore.Client, account, id string, c change) (*document, error) {
	refs := []*firestore.DocumentRef{ref(client, account, id)}
	if c.beside != nil {
		refs = append(refs, c.beside(client)...)
	}
	snaps, err := client.GetAll(ctx, refs)
	if err != nil {
		return nil, err
	}
	if !snaps[0].Exists() {
		return nil, problem.New(problem.NotFound, "There is no such task.")
	}
	before, err := read(snaps[0])
	if err != nil {
		return nil, err
	}
	if c.read != nil {
		c.read(snaps[1:])
	}
	d := *before
	d.Timeline = slices.Clone(before.Timeline)
	tell, err := c.make(&d)
	if errors.Is(err, errUnchanged) {
		return &d, nil
	}
	if err != nil {
		return nil, err
	}
	err = client.RunTransaction(ctx, func(ctx context.Context, tx *firestore.Transaction) error {
		if c.effects != nil { // first, since it may read
			if err := c.effects(ctx, tx); err != nil {
				return err
			}
		}
		for _, t := range tell {
			if err := e.events.Put(ctx, tx, t); err != nil {
				return err
			}
		}
		return tx.Update(refs[0], difference(before, &d), firestore.LastUpdateTime(snaps[0].UpdateTime))
	})
	if err != nil {
		return nil, err
	}
	e.events.Publish(ctx, tell)
	return &d, nil
}

// difference is what has to be written to make one document of another: always something, since a task that is written is
// fenced by having been written.
func difference(before, after *document) []firestore.Update {
	var updates []firestore.Update
	was, is := reflect.ValueOf(*before), reflect.ValueOf(*after)
	for i := range is.NumField() {
		tag := is.Type().Field(i).Tag.Get("firestore")
		name, omitted, _ := strings.Cut(tag, ",")
		value := is.Field(i)
		if name != "wakeAt" && reflect.DeepEqual(was.Field(i).Interface(), value.Interface()) {
			continue
		}
		update := firestore.Update{Path: name, Value: value.Interface()}
		if omitted != "" && value.IsZero() {
			update.Value = firestore.Delete
		}
		updates = append(updates, update)
	}
	return updates
}

// unavailable makes a problem of what Firestore answered, and leaves what is one already, or an error of this package.
func unavailable(err error) error {
	var known *problem.Error
	switch {
	case err == nil || errors.As(err, &known) || errors.Is(err, ErrLost) || errors.Is(err, errUnchanged):
		return err
	case status.Code(err) == codes.NotFound:
		return problem.Wrap(err, problem.NotFound, "There is no such task.")
	case status.Code(err) == codes.Unknown: // an effect's own error
		return err
	}
	return problem.Wrap(err, problem.Unavailable, "Tasks cannot be reached right now. Try again shortly.")
}

// savePayload keeps a large payload in the bucket. Saved twice it is the same; one whose task was never stored is deleted by
// the bucket's own rule.
func (s store) savePayload(ctx context.Context, name string, payload []byte) error {
	client, err := s.clients.Storage(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	w := client.Bucket(s.bucket).Object(name).NewWriter(ctx)
	if _, err := io.Copy(w, bytes.NewReader(payload)); err != nil {
		return problem.Wrap(err, problem.Unavailable, "The task's payload cannot be kept right now. Try again shortly.")
	}
	if err := w.Close(); err != nil {
		return problem.Wrap(err, problem.Unavailable, "The task's payload cannot be kept right now. Try again shortly.")
	}
	return nil
}

// payload returns a task's payload from wherever it is.
func (s store) payload(ctx context.Context, d *document) (json.RawMessage, error) {
	if d.Object == "" {
		return json.RawMessage(d.Payload), nil
	}
	client, err := s.clients.Storage(ctx)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	r, err := client.Bucket(s.bucket).Object(d.Object).NewReader(ctx)
	if errors.Is(err, storage.ErrObjectNotExist) {
		return nil, problem.Wrap(err, problem.NotFound, "The task's payload is gone.")
	}
	if err != nil {
		return nil, problem.Wrap(err, problem.Unavailable, "The task's payload cannot be read right now.")
	}
	text, err := io.ReadAll(io.LimitReader(r, MaxPayload+1))
	if err := errors.Join(err, r.Close()); err != nil {
		return nil, problem.Wrap(err, problem.Unavailable, "The task's payload cannot be read right now.")
	}
	return text, nil
}
