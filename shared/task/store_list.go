package task

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"cloud.google.com/go/firestore"

	"fieldboard.dev/fieldboard/shared/cloud"
	"fieldboard.dev/fieldboard/shared/problem"
)

// Filter is which tasks are asked for. What is empty asks for nothing.
type Filter struct {
	Kind   string
	State  State
	Parent string
	By     string
}

// Position is a task's place in a list.
type Position struct {
	CreatedAt time.Time `json:"t"`
	ID        string    `json:"i"`
}

// Valid tells whether Firestore can look for it: it comes back from outside.
func (p Position) Valid() bool { return cloud.AreIDs(p.ID) && cloud.IsTime(p.CreatedAt) }

// List returns an account's tasks that a filter lets through, the newest first, after a position.
func (e *Engine) List(ctx context.Context, account string, f Filter, after Position, limit int) (tasks []View, more bool, err error) {
	client, err := e.store.clients.Firestore(ctx)
	if err != nil {
		return nil, false, err
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	q := tasksOf(client, account).Query
	for _, x := range []struct{ field, value string }{
		{"kind", f.Kind}, {"state", string(f.State)}, {"parent", f.Parent}, {"by", f.By},
	} {
		if x.value != "" {
			q = q.Where(x.field, "==", x.value)
		}
	}
	q = q.OrderBy("createdAt", firestore.Desc).OrderBy(firestore.DocumentID, firestore.Desc).Limit(limit + 1)
	if after.ID != "" {
		q = q.StartAfter(after.CreatedAt, after.ID)
	}
	snaps, err := q.Documents(ctx).GetAll()
	if err != nil {
		return nil, false, unavailable(err)
	}
	if more = len(snaps) > limit; more {
		snaps = snaps[:limit]
	}
	tasks = make([]View, 0, len(snaps))
	for _, snap := range snaps {
		d, err := read(snap)
		if err != nil {
			return nil, false, err
		}
		tasks = append(tasks, d.view(account, snap.Ref.ID))
	}
	return tasks, more, nil
}

// Get returns a task; a problem NotFound when the account has none by that id.
func (e *Engine) Get(ctx context.Context, account, id string) (View, error) {
	d, err := e.store.get(ctx, account, id)
	if err != nil {
		return View{}, err
	}
	return d.view(account, id), nil
}

// Payload returns what a task is to do.
func (e *Engine) Payload(ctx context.Context, account, id string) (json.RawMessage, error) {
	d, err := e.store.get(ctx, account, id)
	if err != nil {
		return nil, err
	}
	return e.store.payload(ctx, d)
}

// whose is where a task is kept.
type whose struct{ account, id string }

// left returns open tasks of all accounts to which nothing has happened by a time at which something should have.
func (s store) left(ctx context.Context, now time.Time, limit int) ([]whose, error) {
	client, err := s.clients.Firestore(ctx)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	snaps, err := client.CollectionGroup("tasks").Where("open", "==", true).Where("wakeAt", "<=", now).
		OrderBy("wakeAt", firestore.Asc).Limit(limit).Documents(ctx).GetAll()
	if err != nil {
		return nil, fmt.Errorf("looking for tasks that were left: %w", err)
	}
	all := make([]whose, len(snaps))
	for i, snap := range snaps {
		all[i] = whose{snap.Ref.Parent.Parent.ID, snap.Ref.ID}
	}
	return all, nil
}

// failed returns dead letters, those first that have been dead the longest: one that fails again goes to the end.
func (s store) failed(ctx context.Context, account, kind string, limit int) (ids []string, more bool, err error) {
	client, err := s.clients.Firestore(ctx)
	if err != nil {
		return nil, false, err
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	q := tasksOf(client, account).Where("state", "==", Failed)
	if kind != "" {
		q = q.Where("kind", "==", kind)
	}
	snaps, err := q.OrderBy("endedAt", firestore.Asc).Limit(limit + 1).Select().Documents(ctx).GetAll()
	if err != nil {
		return nil, false, unavailable(err)
	}
	if more = len(snaps) > limit; more {
		snaps = snaps[:limit]
	}
	for _, snap := range snaps {
		ids = append(ids, snap.Ref.ID)
	}
	return ids, more, nil
}

// Standing is how the tasks of one kind stand in an account.
type Standing struct {
	Kind       string
	Waiting    int64
	Running    int64
	Parted     int64
	Failed     int64     // dead letters
	OldestDue  time.Time // of those that are due and wait; zero when none does
	DoneHour   int64     // ended well in the last hour
	FailedHour int64     // became dead letters in the last hour
}

// Standing tells how an account's tasks of a kind stand.
func (e *Engine) Standing(ctx context.Context, account, kind string) (Standing, error) {
	client, err := e.store.clients.Firestore(ctx)
	if err != nil {
		return Standing{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	now := e.clock.Now()
	s := Standing{Kind: kind}
	of := func(state State) firestore.Query {
		return tasksOf(client, account).Where("kind", "==", kind).Where("state", "==", state)
	}
	for _, x := range []struct {
		into  *int64
		query firestore.Query
	}{
		{&s.Waiting, of(Waiting)}, {&s.Running, of(Running)}, {&s.Parted, of(Parted)}, {&s.Failed, of(Failed)},
		{&s.DoneHour, of(Done).Where("endedAt", ">", now.Add(-time.Hour))},
		{&s.FailedHour, of(Failed).Where("endedAt", ">", now.Add(-time.Hour))},
	} {
		if *x.into, err = cloud.Count(ctx, x.query); err != nil {
			return Standing{}, unavailable(err)
		}
	}
	if s.Waiting > 0 {
		snaps, err := of(Waiting).OrderBy("runAt", firestore.Asc).Limit(1).Documents(ctx).GetAll()
		if err != nil {
			return Standing{}, unavailable(err)
		}
		for _, snap := range snaps {
			d, err := read(snap)
			if err != nil {
				return Standing{}, err
			}
			if !d.RunAt.After(now) {
				s.OldestDue = d.RunAt.UTC()
			}
		}
	}
	return s, nil
}

// knows refuses a kind that there is not with a problem NotFound. "*" stands for all.
func (c Catalogue) knows(kind string) error {
	if _, known := c[kind]; !known && kind != "*" {
		return problem.New(problem.NotFound, "There is no kind of task called %q.", kind)
	}
	return nil
}
