package batch

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"cloud.google.com/go/firestore"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/cloud"
	"fieldboard.dev/fieldboard/shared/event"
	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/shared/task"
)

const (
	// storeTimeout bounds one call, the client's own retries included; writeTimeout one that writes all rows.
	storeTimeout = 10 * time.Second
	writeTimeout = 40 * time.Second
	// perTransaction bounds the rows of one transaction: 400 of 4 KiB, with what they were, are well under Firestore's 10 MiB.
	perTransaction = 400
)

// store keeps batches at accounts/{a}/batches/{id}, and each row at batchRows/{number} below: a row is written when it is
// claimed and when it is done, so that rows share no document.
type store struct {
	clients *cloud.Clients
	events  *event.Store
	clock   clock.Clock
}

// document is a batch as stored.
type document struct {
	Action     Action    `firestore:"action"`
	State      State     `firestore:"state"`
	By         string    `firestore:"by"`
	File       string    `firestore:"file,omitempty"`
	Encoding   string    `firestore:"encoding,omitempty"`
	Ignored    []string  `firestore:"ignored,omitempty"`
	Tags       []string  `firestore:"tags,omitempty"`
	Counts     Counts    `firestore:"counts"`
	Reason     string    `firestore:"reason,omitempty"`
	Task       string    `firestore:"task,omitempty"`
	Run        int       `firestore:"run"` // how often it was started: fences a run that is over
	CreatedAt  time.Time `firestore:"createdAt"`
	StartedAt  time.Time `firestore:"startedAt,omitempty"`
	FinishedAt time.Time `firestore:"finishedAt,omitempty"`
	ExpireAt   time.Time `firestore:"expireAt"` // Firestore deletes it then
}

func (d *document) batch(account, id string) Batch {
	return Batch{
		ID: id, Account: account, Action: d.Action, State: d.State, By: d.By, File: d.File, Encoding: d.Encoding, Ignored: d.Ignored,
		Tags: d.Tags, Counts: d.Counts, Reason: d.Reason, Task: d.Task, CreatedAt: d.CreatedAt.UTC(), StartedAt: d.StartedAt.UTC(),
		FinishedAt: d.FinishedAt.UTC(), ExpireAt: d.ExpireAt.UTC(),
	}
}

// rowDocument is a row as stored.
type rowDocument struct {
	Line     int               `firestore:"line,omitempty"`
	Does     Does              `firestore:"does"`
	Label    string            `firestore:"label"`
	RecordID string            `firestore:"recordId,omitempty"`
	Cells    map[string]string `firestore:"cells,omitempty"`
	Tags     []string          `firestore:"tags,omitempty"`
	Changes  []Change          `firestore:"changes,omitempty"`
	State    RowState          `firestore:"state"`
	Warnings []string          `firestore:"warnings,omitempty"`
	Message  string            `firestore:"message,omitempty"`
	DoneAt   time.Time         `firestore:"doneAt,omitempty"`
	Began    time.Time         `firestore:"began,omitempty"`
	Holder   string            `firestore:"holder,omitempty"` // who does it
	Since    time.Time         `firestore:"since,omitempty"`  // since when
	ExpireAt time.Time         `firestore:"expireAt"`         // Firestore deletes it then
}

func newRow(r Row, expireAt time.Time) rowDocument {
	d := rowDocument{
		Line: r.Line, Does: r.Does, Label: r.Label, RecordID: r.RecordID, Tags: r.tags, Changes: r.Changes, State: r.State,
		Warnings: r.Warnings, Message: r.Message, DoneAt: r.DoneAt, Began: r.began, ExpireAt: expireAt,
	}
	if len(r.cells) > 0 {
		d.Cells = map[string]string{}
		for c, text := range r.cells {
			d.Cells[string(c)] = text
		}
	}
	return d
}

func (d rowDocument) row(number int) Row {
	r := Row{
		Number: number, Line: d.Line, Does: d.Does, Label: d.Label, RecordID: d.RecordID, tags: d.Tags, Changes: d.Changes, State: d.State,
		Warnings: d.Warnings, Message: d.Message, DoneAt: d.DoneAt.UTC(), began: d.Began, since: d.Since, cells: map[Column]string{},
	}
	for c, text := range d.Cells {
		r.cells[Column(c)] = text
	}
	return r
}

func ref(client *firestore.Client, account, id string) *firestore.DocumentRef {
	return client.Collection("accounts").Doc(account).Collection("batches").Doc(id)
}

func rowRef(batch *firestore.DocumentRef, number int) *firestore.DocumentRef {
	return batch.Collection("batchRows").Doc(rowID(number))
}

// rowID sorts as its number does.
func rowID(number int) string { return fmt.Sprintf("%05d", number) }

func notFound() error { return problem.New(problem.NotFound, "There is no such batch.") }

// errAsItIs leaves a batch as it is.
var errAsItIs = errors.New("batch: nothing to change")

// create stores a draft: its rows first, so that what is seen is whole. It returns the one that is there when the id is taken.
func (s store) create(ctx context.Context, b Batch, rows []Row) error {
	client, err := s.clients.Firestore(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	batch := ref(client, b.Account, b.ID)
	if _, err := batch.Get(ctx); status.Code(err) != codes.NotFound {
		return unavailable(err) // the same request was here before, and is answered by what it made
	}
	writer := client.BulkWriter(ctx)
	jobs := make([]*firestore.BulkWriterJob, 0, len(rows))
	for _, r := range rows {
		job, err := writer.Set(rowRef(batch, r.Number), newRow(r, b.ExpireAt))
		if err != nil {
			writer.End()
			return unavailable(err)
		}
		jobs = append(jobs, job)
	}
	writer.End()
	for _, job := range jobs {
		if _, err := job.Results(); err != nil {
			return unavailable(err)
		}
	}
	_, err = batch.Create(ctx, document{
		Action: b.Action, State: b.State, By: b.By, File: b.File, Encoding: b.Encoding, Ignored: b.Ignored, Tags: b.Tags, Counts: b.Counts,
		CreatedAt: b.CreatedAt, ExpireAt: b.ExpireAt,
	})
	if status.Code(err) == codes.AlreadyExists {
		return nil
	}
	return unavailable(err)
}

func (s store) get(ctx context.Context, account, id string) (*document, error) {
	if !cloud.AreIDs(account, id) {
		return nil, notFound()
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

func read(snap *firestore.DocumentSnapshot) (*document, error) {
	var d document
	if err := snap.DataTo(&d); err != nil {
		return nil, fmt.Errorf("reading %s: %w", snap.Ref.Path, err)
	}
	return &d, nil
}

func (s store) list(ctx context.Context, account string, after event.Position, limit int) (batches []Batch, more bool, err error) {
	client, err := s.clients.Firestore(ctx)
	if err != nil {
		return nil, false, err
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	q := client.Collection("accounts").Doc(account).Collection("batches").
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
		d, err := read(snap)
		if err != nil {
			return nil, false, err
		}
		batches = append(batches, d.batch(account, snap.Ref.ID))
	}
	return batches, more, nil
}

// rows returns rows after a number, in their order; of a state alone unless it is empty.
func (s store) rows(ctx context.Context, account, id string, state RowState, after, limit int) ([]Row, error) {
	client, err := s.clients.Firestore(ctx)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	q := ref(client, account, id).Collection("batchRows").OrderBy(firestore.DocumentID, firestore.Asc).Limit(limit)
	if state != "" {
		q = q.Where("state", "==", state)
	}
	if after > 0 {
		q = q.StartAfter(rowID(after))
	}
	snaps, err := q.Documents(ctx).GetAll()
	if err != nil {
		return nil, unavailable(err)
	}
	rows := make([]Row, len(snaps))
	for i, snap := range snaps {
		d, number, err := readRow(snap)
		if err != nil {
			return nil, err
		}
		rows[i] = d.row(number)
	}
	return rows, nil
}

func readRow(snap *firestore.DocumentSnapshot) (rowDocument, int, error) {
	var d rowDocument
	number, err := strconv.Atoi(snap.Ref.ID)
	if err == nil {
		err = snap.DataTo(&d)
	}
	if err != nil {
		return d, 0, fmt.Errorf("reading %s: %w", snap.Ref.Path, err)
	}
	return d, number, nil
}

// begin stores what f makes of a batch, with the task that it enqueues and the event that tells of it; nothing without a task.
func (s store) begin(ctx context.Context, engine *task.Engine, account, id string, f func(*document) (*task.Task, *event.Event, error)) error {
	if !cloud.AreIDs(account, id) {
		return notFound()
	}
	client, err := s.clients.Firestore(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	var told []event.Event
	err = engine.Transaction(ctx, func(ctx context.Context, tx *firestore.Transaction) error {
		told = nil
		snap, err := tx.Get(ref(client, account, id))
		if err != nil {
			return unavailable(err)
		}
		d, err := read(snap)
		if err != nil {
			return err
		}
		t, e, err := f(d)
		if err != nil || t == nil {
			return err
		}
		if _, err := engine.Enqueue(ctx, *t); err != nil {
			return err
		}
		told = append(told, *e)
		if err := tx.Set(snap.Ref, d); err != nil {
			return err
		}
		return s.events.Put(ctx, tx, *e)
	})
	if err != nil {
		return unavailable(err)
	}
	s.events.Publish(ctx, told)
	return nil
}

// end stores what f makes of a batch, with the event that tells of it, and returns the batch; as it is after errAsItIs.
func (s store) end(ctx context.Context, account, id string, f func(*document) (*event.Event, error)) (*document, error) {
	if !cloud.AreIDs(account, id) {
		return nil, notFound()
	}
	client, err := s.clients.Firestore(ctx)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	var d *document
	var told []event.Event
	err = client.RunTransaction(ctx, func(ctx context.Context, tx *firestore.Transaction) error {
		told = nil
		snap, err := tx.Get(ref(client, account, id))
		if err != nil {
			return err
		}
		if d, err = read(snap); err != nil {
			return err
		}
		e, err := f(d)
		if err != nil {
			return err
		}
		told = append(told, *e)
		if err := tx.Set(snap.Ref, d); err != nil {
			return err
		}
		return s.events.Put(ctx, tx, *e)
	})
	if err != nil && !errors.Is(err, errAsItIs) {
		return nil, unavailable(err)
	}
	if err == nil {
		s.events.Publish(ctx, told)
	}
	return d, nil
}

// again makes the rows that failed, and those that nobody knows of, pending again.
func (s store) again(ctx context.Context, account, id string) error {
	client, err := s.clients.Firestore(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	batch := ref(client, account, id)
	for {
		n := 0
		err := client.RunTransaction(ctx, func(_ context.Context, tx *firestore.Transaction) error {
			snap, err := tx.Get(batch)
			if err != nil {
				return err
			}
			d, err := read(snap)
			if err != nil {
				return err
			}
			if d.State == Running {
				return problem.New(problem.Conflict, "This batch is running. Stop it, or wait for its end.")
			}
			rows, err := tx.Documents(batch.Collection("batchRows").Where("state", "in", []RowState{Failed, Unsure}).Limit(perTransaction)).GetAll()
			if err != nil {
				return err
			}
			if n = len(rows); n == 0 {
				return nil
			}
			for _, row := range rows {
				before, _, err := readRow(row)
				if err != nil {
					return err
				}
				d.Counts.add(before.State, -1)
				d.Counts.add(Pending, 1)
				if err := tx.Update(row.Ref, []firestore.Update{{Path: "state", Value: Pending}, {Path: "message", Value: firestore.Delete}}); err != nil {
					return err
				}
			}
			return tx.Set(batch, d)
		})
		if err != nil {
			return unavailable(err)
		}
		if n < perTransaction {
			return nil
		}
	}
}

// remove deletes a batch, and then its rows; what is left of them when that dies expires.
func (s store) remove(ctx context.Context, account, id string) error {
	client, err := s.clients.Firestore(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	batch := ref(client, account, id)
	if _, err := batch.Delete(ctx); err != nil {
		return unavailable(err)
	}
	refs, err := batch.Collection("batchRows").DocumentRefs(ctx).GetAll()
	if err != nil {
		return unavailable(err)
	}
	writer := client.BulkWriter(ctx)
	defer writer.End()
	for _, r := range refs {
		if _, err := writer.Delete(r); err != nil {
			return unavailable(err)
		}
	}
	return nil
}

// unavailable makes a problem of what Firestore answered, and leaves what is one already.
func unavailable(err error) error {
	var known *problem.Error
	if err == nil || errors.As(err, &known) || errors.Is(err, task.ErrLost) || errors.Is(err, errOver) {
		return err
	}
	if status.Code(err) == codes.NotFound {
		return problem.Wrap(err, problem.NotFound, "There is no such batch.")
	}
	return problem.Wrap(err, problem.Unavailable, "The batches cannot be reached right now. Try again shortly.")
}
