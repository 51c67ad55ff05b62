// Package batch makes many changes at Jobber at once: clients are made and edited from a file, and tagged and archived, visits
// completed and invoices marked as sent, from a selection. A batch is a draft at first, which shows row by row what it will do
// and changes nothing. Once it is started it is a task: row after row is claimed, done at Jobber, and stored with what became of
// it, so that it can be stopped and resumed, and so that a worker which dies leaves one row at most of which nobody knows.
// After each row its records are fetched by the sync's own way, so that the copy follows at once.
package batch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode"

	"fieldboard.dev/fieldboard/shared/account"
	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/cloud"
	"fieldboard.dev/fieldboard/shared/event"
	"fieldboard.dev/fieldboard/shared/httpapi"
	"fieldboard.dev/fieldboard/shared/instance"
	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/shared/record"
	"fieldboard.dev/fieldboard/shared/task"
)

// Action is what a batch does.
type Action string

// The actions.
const (
	ImportClients    Action = "clients.import" // from a file: rows with an id edit, rows without one create
	TagClients       Action = "clients.tag"
	UntagClients     Action = "clients.untag"
	ArchiveClients   Action = "clients.archive"
	UnarchiveClients Action = "clients.unarchive"
	CompleteVisits   Action = "visits.complete"
	SendInvoices     Action = "invoices.mark_sent"
)

// Collection is that of the records which an action changes.
func (a Action) Collection() record.Collection {
	c, _, _ := strings.Cut(string(a), ".")
	return record.Collection(c)
}

// tags tells whether an action is about tags, which it must name.
func (a Action) tags() bool { return a == TagClients || a == UntagClients }

// State says how a batch stands.
type State string

// The states.
const (
	Draft    State = "draft"
	Running  State = "running"  // or waiting for its turn
	Stopped  State = "stopped"  // by somebody, or because it could not go on; what was done stays done
	Finished State = "finished" // no row is left to do; some may have failed
)

// RowState says how a row stands.
type RowState string

// The states of rows.
const (
	Pending   RowState = "pending"
	Doing     RowState = "doing"
	Done      RowState = "done"
	Failed    RowState = "failed"    // Jobber declined it
	Unsure    RowState = "unsure"    // it may have been done, and it cannot be found out
	Unchanged RowState = "unchanged" // there is nothing to do
	Invalid   RowState = "invalid"   // it cannot be done, and is left out
)

// RowStates are all of them.
var RowStates = []RowState{Pending, Doing, Done, Failed, Unsure, Unchanged, Invalid}

// Counts are how many rows stand how. Rows that are being done are among the pending ones.
type Counts struct {
	Total, Pending, Done, Failed, Unsure, Unchanged, Invalid int64
}

// Batch is a batch as it stands.
type Batch struct {
	ID         string
	Account    string
	Action     Action
	State      State
	By         string   // id of the member who made it
	File       string   // its name; empty for a selection
	Encoding   string   // of the file
	Ignored    []string // headings of the file that are no field
	Tags       []string // to put on or to take off
	Counts     Counts
	Reason     string // why it was stopped, for a person; empty when somebody stopped it
	Task       string // that works on it, or did last; empty for a draft
	CreatedAt  time.Time
	StartedAt  time.Time // zero before
	FinishedAt time.Time // zero before
	ExpireAt   time.Time // when it and its rows are gone
}

// Does is what a row does to its record.
type Does string

// What rows do.
const (
	Creates    Does = "create"
	Edits      Does = "edit"
	Tagging    Does = "tag"
	Untagging  Does = "untag"
	Archives   Does = "archive"
	Unarchives Does = "unarchive"
	Completes  Does = "complete"
	Sends      Does = "send"
)

// Change is one field before and after.
type Change struct {
	Field string `firestore:"field" json:"field"`
	From  string `firestore:"from" json:"from"`
	To    string `firestore:"to" json:"to"`
}

// Row is one row of a batch.
type Row struct {
	Number   int // from 1
	Line     int // of the file, as a spreadsheet numbers it; 0 for a selection
	Does     Does
	Label    string // what a person calls the record
	RecordID string // of ours; empty until a client is made
	Changes  []Change
	State    RowState
	Warnings []string
	Message  string // why it is unchanged or invalid, or what Jobber said
	DoneAt   time.Time

	cells map[Column]string // what is sent
	tags  []string
	began time.Time // when a client's making was first sent: it may be there
	since time.Time // since when a worker has it
}

const (
	// Kept is how long a batch and its rows are kept.
	Kept = 30 * 24 * time.Hour
	// maxTags bounds the tags of one row.
	maxTags = 20
)

// Config is what batches need to know.
type Config struct {
	// Settling is how long a row may be in the hands of a worker that is gone before another takes it up: longer than a call to
	// Jobber can be under way.
	Settling time.Duration `env:"BATCH_SETTLING, default=90s"`
}

// Validate checks the settings.
func (c Config) Validate() error {
	if c.Settling < 0 || c.Settling > time.Hour {
		return errors.New("BATCH_SETTLING must lie between 0 and 1h")
	}
	return nil
}

// Batches makes drafts, starts and stops them, and tells how they stand.
type Batches struct {
	store    store
	records  *record.Store
	accounts *account.Store
	engine   *task.Engine
	clock    clock.Clock
}

// New returns the batches of an instance's settings. It dials nothing.
func New(ctx context.Context, in *instance.Instance) (*Batches, error) {
	var published event.Config
	if err := in.Config(ctx, &published); err != nil {
		return nil, err
	}
	engine, err := task.NewEngine(ctx, in)
	if err != nil {
		return nil, err
	}
	events := event.NewStore(in.Cloud, published, in.Log)
	return &Batches{
		store:   store{clients: in.Cloud, events: events, clock: in.Clock},
		records: record.NewStore(in.Cloud, events, in.Clock, in.Log), accounts: account.NewStore(in.Cloud, in.Clock),
		engine: engine, clock: in.Clock,
	}, nil
}

// FromFile makes a draft of a CSV file of clients; see ParseFile for what it refuses, and creates nothing then. What its cells
// say is told row by row. id is the draft's: the same one again replaces it.
func (b *Batches) FromFile(ctx context.Context, by httpapi.Principal, id, name string, content []byte) (Batch, error) {
	file, err := ParseFile(content)
	if err != nil {
		return Batch{}, err
	}
	rows, err := b.planFile(ctx, by.AccountID, file)
	if err != nil {
		return Batch{}, err
	}
	return b.draft(ctx, by, Batch{ID: id, Action: ImportClients, File: fileName(name), Encoding: file.Encoding, Ignored: file.Ignored}, rows)
}

// fileName is what can be shown of a file's name.
func fileName(name string) string {
	name = strings.TrimSpace(strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, name))
	if name == "" {
		return "a file"
	}
	return short(name)
}

// FromSelection makes a draft of records of the action's collection, by our ids.
func (b *Batches) FromSelection(ctx context.Context, by httpapi.Principal, id string, action Action, ids, tags []string) (Batch, error) {
	tags, err := cleanTags(action, tags)
	if err != nil {
		return Batch{}, err
	}
	rows, err := b.planSelection(ctx, by.AccountID, action, ids, tags)
	if err != nil {
		return Batch{}, err
	}
	return b.draft(ctx, by, Batch{ID: id, Action: action, Tags: tags}, rows)
}

func cleanTags(action Action, tags []string) ([]string, error) {
	var clean []string
	wrong := ""
	for _, tag := range tags {
		tag = strings.Join(strings.Fields(tag), " ")
		switch {
		case tag == "":
		case wrongTag(tag) != "":
			wrong = wrongTag(tag)
		case !hasFold(clean, tag):
			clean = append(clean, tag)
		}
	}
	switch {
	case !action.tags() && len(tags) > 0:
		wrong = "are for tagging and untagging alone"
	case action.tags() && len(clean) == 0 && wrong == "":
		wrong = "must name at least one tag"
	case len(clean) > maxTags:
		wrong = fmt.Sprintf("may be %d", maxTags)
	}
	if wrong != "" {
		return nil, &problem.Error{
			Code: problem.Invalid, Message: "Correct the fields below and send the request again.",
			Fields: []problem.Field{{Location: "body.tags", Message: wrong}},
		}
	}
	return clean, nil
}

func hasFold(list []string, text string) bool {
	return slices.ContainsFunc(list, func(other string) bool { return strings.EqualFold(other, text) })
}

func (b *Batches) draft(ctx context.Context, by httpapi.Principal, d Batch, rows []Row) (Batch, error) {
	if !cloud.AreIDs(d.ID) {
		return Batch{}, problem.New(problem.Invalid, "A batch needs an id.")
	}
	now := b.clock.Now().UTC()
	d.Account, d.By, d.State, d.CreatedAt, d.ExpireAt = by.AccountID, by.UserID, Draft, now, now.Add(Kept)
	for _, r := range rows {
		d.Counts.add(r.State, 1)
	}
	return d, b.store.create(ctx, d, rows)
}

func (c *Counts) add(s RowState, n int64) {
	c.Total += n
	switch s {
	case Pending, Doing:
		c.Pending += n
	case Done:
		c.Done += n
	case Failed:
		c.Failed += n
	case Unsure:
		c.Unsure += n
	case Unchanged:
		c.Unchanged += n
	case Invalid:
		c.Invalid += n
	}
}

// Get returns a batch; a problem NotFound when the account has none by that id.
func (b *Batches) Get(ctx context.Context, account, id string) (Batch, error) {
	d, err := b.store.get(ctx, account, id)
	if err == nil && d.State == Running {
		d, err = b.settled(ctx, account, id, d)
	}
	if err != nil {
		return Batch{}, err
	}
	return d.batch(account, id), nil
}

// settled returns a running batch as it stands when its task has ended without a word: it was cancelled before it began, or is
// a dead letter.
func (b *Batches) settled(ctx context.Context, account, id string, d *document) (*document, error) {
	t, err := b.engine.Get(ctx, account, d.Task)
	var reason string
	switch {
	case problem.IsNotFound(err):
	case err != nil:
		return nil, err
	case t.State == task.Failed:
		reason = "It failed too often. Resume it to try again."
	case t.State != task.Cancelled:
		return d, nil
	}
	return b.store.end(ctx, account, id, func(now *document) (*event.Event, error) {
		if now.State != Running || now.Run != d.Run {
			return nil, errAsItIs
		}
		now.State, now.Reason, now.FinishedAt = Stopped, reason, b.clock.Now().UTC()
		e := b.told(event.BatchFinished, account, id, now, "")
		return &e, nil
	})
}

// List returns an account's batches, the newest first, after a position.
func (b *Batches) List(ctx context.Context, account string, after event.Position, limit int) (batches []Batch, more bool, err error) {
	return b.store.list(ctx, account, after, limit)
}

// Rows returns rows of a batch in their order, after the one of a number; of a state alone when that is given.
func (b *Batches) Rows(ctx context.Context, account, id string, state RowState, after, limit int) (rows []Row, more bool, err error) {
	if _, err := b.store.get(ctx, account, id); err != nil {
		return nil, false, err
	}
	rows, err = b.store.rows(ctx, account, id, state, after, limit+1)
	if len(rows) > limit {
		return rows[:limit], true, err
	}
	return rows, false, err
}

// Start begins a draft, or goes on with what was stopped. One that runs is left running. It is a problem Conflict when nothing
// is left to do.
func (b *Batches) Start(ctx context.Context, by httpapi.Principal, id string) (Batch, error) {
	return b.start(ctx, by, id)
}

// Retry starts a batch that has ended again, with the rows that failed or that nobody knows of. A client that may be there is
// looked for before it is made.
func (b *Batches) Retry(ctx context.Context, by httpapi.Principal, id string) (Batch, error) {
	d, err := b.store.get(ctx, by.AccountID, id)
	if err != nil {
		return Batch{}, err
	}
	if d.State == Running {
		return Batch{}, problem.New(problem.Conflict, "This batch is running. Stop it, or wait for its end.")
	}
	if d.State == Draft {
		return Batch{}, problem.New(problem.Conflict, "This batch has not been started.")
	}
	if err := b.store.again(ctx, by.AccountID, id); err != nil {
		return Batch{}, err
	}
	return b.start(ctx, by, id)
}

// start lets a new run of a batch take on its pending rows.
func (b *Batches) start(ctx context.Context, by httpapi.Principal, id string) (Batch, error) {
	out, err := b.Get(ctx, by.AccountID, id)
	if err != nil {
		return Batch{}, err
	}
	err = b.store.begin(ctx, b.engine, by.AccountID, id, func(d *document) (*task.Task, *event.Event, error) {
		out = d.batch(by.AccountID, id)
		switch {
		case d.State == Running:
			return nil, nil, nil
		case d.Counts.Pending == 0:
			return nil, nil, problem.New(problem.Conflict, "Nothing is left to do in this batch.")
		}
		now := b.clock.Now().UTC()
		d.Run++
		d.State, d.Reason, d.FinishedAt = Running, "", time.Time{}
		if d.StartedAt.IsZero() {
			d.StartedAt = now
		}
		d.Task = fmt.Sprintf("batch-%s-%d", id, d.Run)
		t := Kind.New(by.AccountID, Order{Batch: id, Run: d.Run})
		t.ID, t.By, t.Title = d.Task, by.UserID, d.title()
		out = d.batch(by.AccountID, id)
		e := b.told(event.BatchStarted, by.AccountID, id, d, by.UserID)
		return &t, &e, nil
	})
	return out, err
}

// Stop ends the run of a batch: the row that is being done is finished, no other begins. One that does not run is left as it is.
func (b *Batches) Stop(ctx context.Context, by httpapi.Principal, id string) (Batch, error) {
	d, err := b.store.end(ctx, by.AccountID, id, func(d *document) (*event.Event, error) {
		if d.State != Running {
			return nil, errAsItIs
		}
		d.State, d.Reason, d.FinishedAt = Stopped, "", b.clock.Now().UTC()
		e := b.told(event.BatchFinished, by.AccountID, id, d, by.UserID)
		return &e, nil
	})
	if err != nil {
		return Batch{}, err
	}
	if d.Task != "" && d.State == Stopped {
		// The worker sees at the next row that the batch is stopped; this only makes it sooner.
		if _, err := b.engine.Cancel(ctx, by.AccountID, d.Task, by.UserID); err != nil && problem.CodeOf(err) != problem.NotFound {
			return Batch{}, err
		}
	}
	return d.batch(by.AccountID, id), nil
}

// Discard removes a batch that does not run, and its rows. What it did stays done.
func (b *Batches) Discard(ctx context.Context, account, id string) error {
	d, err := b.store.get(ctx, account, id)
	if err != nil {
		return err
	}
	if d.State == Running {
		return problem.New(problem.Conflict, "This batch is running. Stop it first.")
	}
	return b.store.remove(ctx, account, id)
}

// Results writes a batch's rows as CSV, and what became of each.
func (b *Batches) Results(ctx context.Context, account, id string) (Batch, func(io.Writer) error, error) {
	d, err := b.store.get(ctx, account, id)
	if err != nil {
		return Batch{}, nil, err
	}
	return d.batch(account, id), func(w io.Writer) error { return b.writeResults(ctx, w, account, id) }, nil
}

// told returns an event that tells of a batch.
func (b *Batches) told(typ, account, id string, d *document, actor string) event.Event {
	e := event.New(account, typ, b.clock.Now())
	e.Collection, e.EntityID, e.Title, e.Actor = "batches", id, d.title(), actor
	if typ == event.BatchFinished {
		e.Detail = d.outcome()
	}
	return e
}
