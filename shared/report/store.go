package report

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
	"fieldboard.dev/fieldboard/shared/task"
)

// storeTimeout bounds one call, the client's own retries included.
const storeTimeout = 10 * time.Second

// store keeps reports at accounts/{a}/reports/{id} and their files in buckets. How a report stands while it is not done is its
// task's matter, which has the same id.
type store struct {
	clients *cloud.Clients
	cfg     Config
}

// document is a report as stored.
type document struct {
	Title     string    `firestore:"title"`
	Order     Order     `firestore:"order"`
	Audience  Audience  `firestore:"audience"`
	By        string    `firestore:"by"`
	CreatedAt time.Time `firestore:"createdAt"`
	ExpireAt  time.Time `firestore:"expireAt"` // Firestore deletes it then

	DoneAt time.Time        `firestore:"doneAt,omitempty"`
	Object string           `firestore:"object,omitempty"` // of the bucket, when it is done
	Rows   int64            `firestore:"rows"`
	Bytes  int64            `firestore:"bytes"`
	Totals map[string]int64 `firestore:"totals,omitempty"`
}

func (d document) fileName() string {
	return fmt.Sprintf("%s-%s.%s", d.Order.Kind, d.CreatedAt.UTC().Format("2006-01-02"), d.Order.Format)
}

func (d document) report(account, id string) Report {
	r := Report{
		ID: id, Account: account, Title: d.Title, Order: d.Order, Audience: d.Audience, State: Queued, By: d.By,
		Rows: d.Rows, Bytes: d.Bytes, Totals: d.Totals, CreatedAt: d.CreatedAt.UTC(), FinishedAt: d.DoneAt.UTC(), ExpireAt: d.ExpireAt.UTC(),
	}
	if d.Object != "" {
		r.State = Done
	}
	return r
}

func ref(client *firestore.Client, account, id string) *firestore.DocumentRef {
	return client.Collection("accounts").Doc(account).Collection("reports").Doc(id)
}

// create stores a report with its task and the event that tells of it. It returns the one that is there when the id is taken.
func (s store) create(ctx context.Context, engine *task.Engine, account, id string, d document, t task.Task, events *event.Store, tell event.Event) (document, error) {
	client, err := s.clients.Firestore(ctx)
	if err != nil {
		return document{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	err = engine.Transaction(ctx, func(ctx context.Context, tx *firestore.Transaction) error {
		if _, err := engine.Enqueue(ctx, t); err != nil {
			return err
		}
		if err := tx.Create(ref(client, account, id), d); err != nil {
			return err
		}
		return events.Put(ctx, tx, tell)
	})
	var known *problem.Error
	if errors.As(err, &known) && status.Code(known.Cause) == codes.AlreadyExists || status.Code(err) == codes.AlreadyExists {
		return s.get(ctx, account, id)
	}
	if err != nil {
		return document{}, unavailable(err)
	}
	events.Publish(ctx, []event.Event{tell})
	return d, nil
}

func (s store) get(ctx context.Context, account, id string) (document, error) {
	if !cloud.AreIDs(account, id) {
		return document{}, notFound()
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

// Position is where a page of the list ends.
type Position struct {
	Time time.Time `json:"t"`
	ID   string    `json:"i"`
}

// Valid tells whether a list can go on there.
func (p Position) Valid() bool { return cloud.IsTime(p.Time) && cloud.AreIDs(p.ID) }

// list returns the reports of audiences, the newest first.
func (s store) list(ctx context.Context, account string, audiences []Audience, after *Position, limit int) (reports []Report, more bool, err error) {
	client, err := s.clients.Firestore(ctx)
	if err != nil {
		return nil, false, err
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	q := client.Collection("accounts").Doc(account).Collection("reports").Where("audience", "in", audiences).
		OrderBy("createdAt", firestore.Desc).OrderBy(firestore.DocumentID, firestore.Desc).Limit(limit + 1)
	if after != nil {
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
		reports = append(reports, d.report(account, snap.Ref.ID))
	}
	return reports, more, nil
}

// remove deletes a report and returns it as it was then.
func (s store) remove(ctx context.Context, account, id string) (d document, err error) {
	client, err := s.clients.Firestore(ctx)
	if err != nil {
		return document{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	err = client.RunTransaction(ctx, func(_ context.Context, tx *firestore.Transaction) error {
		snap, err := tx.Get(ref(client, account, id))
		if err != nil {
			return err
		}
		d = document{}
		if err := snap.DataTo(&d); err != nil {
			return err
		}
		return tx.Delete(snap.Ref)
	})
	return d, unavailable(err)
}

// finish returns an effect that makes a report done. It fails with a problem NotFound when the report was deleted meanwhile.
func (s store) finish(ctx context.Context, account, id string, now time.Time, w written) (func(context.Context, *firestore.Transaction) error, error) {
	client, err := s.clients.Firestore(ctx)
	if err != nil {
		return nil, err
	}
	return func(_ context.Context, tx *firestore.Transaction) error {
		snap, err := tx.Get(ref(client, account, id))
		if status.Code(err) == codes.NotFound {
			return notFound()
		}
		if err != nil {
			return err
		}
		var d document
		if err := snap.DataTo(&d); err != nil {
			return err
		}
		d.DoneAt, d.Object, d.Rows, d.Bytes, d.Totals = now.UTC(), w.object, w.rows, w.bytes, w.totals
		return tx.Set(snap.Ref, d)
	}, nil
}

func notFound() error { return problem.New(problem.NotFound, "There is no such report.") }

// unavailable makes a problem of what Firestore answered, and leaves what is one already.
func unavailable(err error) error {
	var known *problem.Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	if status.Code(err) == codes.NotFound {
		return notFound()
	}
	return problem.Wrap(err, problem.Unavailable, "The reports cannot be reached right now. Try again shortly.")
}
