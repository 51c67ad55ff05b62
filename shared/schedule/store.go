package schedule

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"cloud.google.com/go/firestore"
	"google.golang.org/api/iterator"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"fieldboard.dev/fieldboard/shared/cloud"
	"fieldboard.dev/fieldboard/shared/event"
	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/shared/task"
)

// storeTimeout bounds one call, the client's own retries included.
const storeTimeout = 10 * time.Second

// store keeps schedules at accounts/{a}/schedules/{id}.
type store struct{ clients *cloud.Clients }

// document is a schedule as stored. NextAt is there only while a slot is waited for, and Unsynced, true, only while the job may
// differ from the document: a query for either finds what is to be done alone. Version counts what members and the schedule
// itself changed, not the runs.
type document struct {
	Name         string       `firestore:"name"`
	Action       string       `firestore:"action"`
	Order        string       `firestore:"order"` // JSON
	When         whenDocument `firestore:"when"`
	Cron         string       `firestore:"cron"`
	Zone         string       `firestore:"zone"`
	Recipients   []string     `firestore:"recipients"`
	Missed       Missed       `firestore:"missed"`
	Paused       bool         `firestore:"paused"`
	PausedReason string       `firestore:"pausedReason,omitempty"`
	By           string       `firestore:"by"`
	CreatedAt    time.Time    `firestore:"createdAt"`
	CreatedBy    string       `firestore:"createdBy"`
	NextAt       time.Time    `firestore:"nextAt,omitempty"`
	Version      int64        `firestore:"version"`
	Unsynced     bool         `firestore:"unsynced,omitempty"`
	Deleted      bool         `firestore:"deleted,omitempty"` // it is gone for members, and its job may be there
	History      []runLine    `firestore:"history"`           // the latest first
}

type whenDocument struct {
	Every    Every    `firestore:"every"`
	Weekdays []string `firestore:"weekdays,omitempty"`
	Day      int      `firestore:"day,omitempty"`
	At       string   `firestore:"at,omitempty"`
	Cron     string   `firestore:"cron,omitempty"`
}

type runLine struct {
	Slot    time.Time `firestore:"slot"`
	At      time.Time `firestore:"at"`
	Outcome Outcome   `firestore:"outcome"`
	Task    string    `firestore:"task,omitempty"`
	By      string    `firestore:"by,omitempty"`
	Reason  string    `firestore:"reason,omitempty"`
}

func (d *document) schedule(account, id string) Schedule {
	s := Schedule{
		ID: id, Account: account, Cron: d.Cron, Paused: d.Paused, PausedReason: d.PausedReason, By: d.By, NextAt: utc(d.NextAt),
		CreatedAt: utc(d.CreatedAt), CreatedBy: d.CreatedBy,
		Wanted: Wanted{
			Name: d.Name, Action: d.Action, Order: json.RawMessage(d.Order), When: When(d.When), Zone: d.Zone,
			Recipients: d.Recipients, Missed: d.Missed,
		},
	}
	for _, r := range d.History {
		s.History = append(s.History, Run{utc(r.Slot), utc(r.At), r.Outcome, r.Task, r.By, r.Reason})
	}
	return s
}

func utc(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC()
}

// want sets what a member asked for.
func (d *document) want(c checked) {
	d.Name, d.Action, d.Order, d.When, d.Cron = c.Name, c.Action, string(c.Order), whenDocument(c.When), c.cron
	d.Zone, d.Recipients, d.Missed = c.Zone, c.Recipients, c.Missed
}

// changed notes that the job must follow.
func (d *document) changed() { d.Version, d.Unsynced = d.Version+1, true }

// note adds a line to the history.
func (d *document) note(r runLine) {
	d.History = append([]runLine{r}, d.History...)
	d.History = d.History[:min(len(d.History), historyMost)]
}

func all(client *firestore.Client, account string) *firestore.CollectionRef {
	return client.Collection("accounts").Doc(account).Collection("schedules")
}

// create stores a schedule that is not there, and returns the one that is. An account has at most MaxSchedules.
func (s *Schedules) create(ctx context.Context, account, id string, d document, tell event.Event) (document, error) {
	if !cloud.AreIDs(account, id) {
		return document{}, problem.New(problem.Invalid, "A schedule needs an id.")
	}
	var stored document
	err := s.change(ctx, func(ctx context.Context, tx *firestore.Transaction, client *firestore.Client) ([]event.Event, error) {
		stored = d
		switch snap, err := tx.Get(all(client, account).Doc(id)); {
		case err == nil:
			return nil, read(snap, &stored)
		case status.Code(err) != codes.NotFound:
			return nil, err
		}
		there, err := tx.Documents(all(client, account).Select("deleted").Limit(2 * MaxSchedules)).GetAll()
		if err != nil {
			return nil, err
		}
		count := 0
		for _, snap := range there {
			if deleted, _ := snap.Data()["deleted"].(bool); !deleted {
				count++
			}
		}
		if count >= MaxSchedules {
			return nil, problem.New(problem.Conflict, "An account can have %d schedules. Delete one that is not needed any more.", MaxSchedules)
		}
		return []event.Event{tell}, tx.Create(all(client, account).Doc(id), d)
	})
	return stored, err
}

// change runs a transaction of the task engine and publishes the events that it tells of.
func (s *Schedules) change(ctx context.Context,
	f func(context.Context, *firestore.Transaction, *firestore.Client) ([]event.Event, error),
) error {
	client, err := s.store.clients.Firestore(ctx)
	if err != nil {
		return unavailable(err)
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	var told []event.Event
	err = s.engine.Transaction(ctx, func(ctx context.Context, tx *firestore.Transaction) error {
		var err error
		if told, err = f(ctx, tx, client); err != nil {
			return err
		}
		for _, e := range told {
			if err := s.events.Put(ctx, tx, e); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return unavailable(err)
	}
	s.events.Publish(ctx, told)
	return nil
}

// errUnchanged ends a transaction that has nothing to store.
var errUnchanged = errors.New("unchanged")

// edit stores what a function makes of a schedule. The function may enqueue a task by the context that it gets, before
// anything is written. With errUnchanged it leaves the schedule as it is.
func (s *Schedules) edit(ctx context.Context, account, id string, f func(ctx context.Context, d *document) ([]event.Event, error)) (document, error) {
	if !cloud.AreIDs(account, id) {
		return document{}, notFound()
	}
	var d document
	err := s.change(ctx, func(ctx context.Context, tx *firestore.Transaction, client *firestore.Client) ([]event.Event, error) {
		snap, err := tx.Get(all(client, account).Doc(id))
		if status.Code(err) == codes.NotFound {
			return nil, notFound()
		}
		if err != nil {
			return nil, err
		}
		d = document{}
		if err := read(snap, &d); err != nil {
			return nil, err
		}
		told, err := f(ctx, &d)
		if err != nil {
			return nil, err
		}
		return told, tx.Set(snap.Ref, d)
	})
	if errors.Is(err, errUnchanged) {
		err = nil
	}
	return d, err
}

func read(snap *firestore.DocumentSnapshot, d *document) error {
	if err := snap.DataTo(d); err != nil {
		return fmt.Errorf("reading %s: %w", snap.Ref.Path, err)
	}
	return nil
}

// get returns a schedule as stored, one that is deleted too.
func (s store) get(ctx context.Context, account, id string) (document, error) {
	if !cloud.AreIDs(account, id) {
		return document{}, notFound()
	}
	client, err := s.clients.Firestore(ctx)
	if err != nil {
		return document{}, unavailable(err)
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	snap, err := all(client, account).Doc(id).Get(ctx)
	if err != nil {
		return document{}, unavailable(err)
	}
	var d document
	return d, read(snap, &d)
}

// stored is a document and where it is.
type stored struct {
	account, id string
	document
}

// list returns an account's schedules, the newest first, those that are deleted too.
func (s store) list(ctx context.Context, account string) ([]stored, error) {
	return s.query(ctx, func(client *firestore.Client) firestore.Query {
		return all(client, account).OrderBy("createdAt", firestore.Desc).Limit(4 * MaxSchedules)
	})
}

// due returns schedules of all accounts whose next slot is not after a moment, the longest waiting first.
func (s store) due(ctx context.Context, now time.Time, limit int) ([]stored, error) {
	return s.query(ctx, func(client *firestore.Client) firestore.Query {
		return client.CollectionGroup("schedules").Where("nextAt", "<=", now).OrderBy("nextAt", firestore.Asc).Limit(limit)
	})
}

// unsynced returns schedules of all accounts whose jobs may differ.
func (s store) unsynced(ctx context.Context, limit int) ([]stored, error) {
	return s.query(ctx, func(client *firestore.Client) firestore.Query {
		return client.CollectionGroup("schedules").Where("unsynced", "==", true).Limit(limit)
	})
}

func (s store) query(ctx context.Context, of func(*firestore.Client) firestore.Query) ([]stored, error) {
	client, err := s.clients.Firestore(ctx)
	if err != nil {
		return nil, unavailable(err)
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	snaps, err := of(client).Documents(ctx).GetAll()
	if err != nil {
		return nil, unavailable(err)
	}
	found := make([]stored, len(snaps))
	for i, snap := range snaps {
		found[i] = stored{account: snap.Ref.Parent.Parent.ID, id: snap.Ref.ID}
		if err := read(snap, &found[i].document); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// each calls f with every schedule of all accounts.
func (s store) each(ctx context.Context, f func(stored) error) error {
	client, err := s.clients.Firestore(ctx)
	if err != nil {
		return unavailable(err)
	}
	found := client.CollectionGroup("schedules").Documents(ctx)
	defer found.Stop()
	for {
		snap, err := found.Next()
		if errors.Is(err, iterator.Done) {
			return nil
		}
		if err != nil {
			return unavailable(err)
		}
		one := stored{account: snap.Ref.Parent.Parent.ID, id: snap.Ref.ID}
		if err := read(snap, &one.document); err != nil {
			return err
		}
		if err := f(one); err != nil {
			return err
		}
	}
}

// settled notes that the job is what the document says, as long as it says what it said. It returns whether it does.
func (s store) settled(ctx context.Context, account, id string, version int64) (bool, error) {
	client, err := s.clients.Firestore(ctx)
	if err != nil {
		return false, unavailable(err)
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	same := false
	err = client.RunTransaction(ctx, func(_ context.Context, tx *firestore.Transaction) error {
		snap, err := tx.Get(all(client, account).Doc(id))
		if status.Code(err) == codes.NotFound {
			same = true
			return nil
		}
		if err != nil {
			return err
		}
		var d document
		if err := read(snap, &d); err != nil {
			return err
		}
		switch same = d.Version == version; {
		case same && d.Deleted:
			return tx.Delete(snap.Ref)
		case same && d.Unsynced:
			return tx.Update(snap.Ref, []firestore.Update{{Path: "unsynced", Value: firestore.Delete}})
		}
		return nil
	})
	return same, unavailable(err)
}

// enqueue adds a task to the transaction that ctx is of.
func (s *Schedules) enqueue(ctx context.Context, t task.Task) error {
	_, err := s.engine.Enqueue(ctx, t) // one that is there already is the same run
	return err
}

// unavailable makes a problem of what Firestore answered, and leaves what is one already.
func unavailable(err error) error {
	var known *problem.Error
	if err == nil || errors.As(err, &known) || errors.Is(err, errUnchanged) {
		return err
	}
	if status.Code(err) == codes.NotFound {
		return problem.Wrap(err, problem.NotFound, "There is no such schedule.")
	}
	return problem.Wrap(err, problem.Unavailable, "The schedules cannot be reached right now. Try again shortly.")
}
