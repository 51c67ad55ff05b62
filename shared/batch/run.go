package batch

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/event"
	"fieldboard.dev/fieldboard/shared/instance"
	"fieldboard.dev/fieldboard/shared/jobber"
	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/shared/record"
	"fieldboard.dev/fieldboard/shared/syncing"
	"fieldboard.dev/fieldboard/shared/task"
)

// Order is the payload of a batch's task.
type Order struct {
	Batch string `json:"batch"`
	Run   int    `json:"run"`
}

// Kind is the task that works on a batch. Batches of one account share its budget at Jobber, so few of them run at once.
var Kind = task.Kind[Order]{
	Name: "batch.run", Title: "Batch to Jobber", Queue: "batches", Timeout: 25 * time.Minute, Attempts: 20,
	RunningPerAccount: 2, Keep: 7 * 24 * time.Hour,
}

const (
	// rowTimeout bounds what is done for one row, waiting for the budget included. Config.Settling is longer.
	rowTimeout = 60 * time.Second
	// handOver is how long an attempt works before it lets another go on: well before the kind's timeout.
	handOver = 20 * time.Minute
	// saveEvery is how often a run stores its counts, and sees that it was stopped.
	saveEvery = time.Second
	// ahead is how many rows are read at once.
	ahead = 100
	// skew is by how much Jobber's clock may be behind ours.
	skew = 2 * time.Minute
)

// Worker works on batches.
type Worker struct {
	cfg    Config
	store  store
	jobber *jobber.API
	copy   *syncing.Follower
	clock  clock.Clock
	log    *slog.Logger

	handOver time.Duration
}

// NewWorker returns a worker of an instance's settings. It dials nothing.
func NewWorker(ctx context.Context, in *instance.Instance) (*Worker, error) {
	var cfg Config
	var published event.Config
	if err := errors.Join(in.Config(ctx, &cfg), in.Config(ctx, &published)); err != nil {
		return nil, err
	}
	api, err := jobber.New(ctx, in)
	if err != nil {
		return nil, err
	}
	follower, err := syncing.NewFollower(ctx, in)
	if err != nil {
		return nil, err
	}
	return &Worker{
		cfg: cfg, store: store{clients: in.Cloud, events: event.NewStore(in.Cloud, published, in.Log), clock: in.Clock},
		jobber: api, copy: follower, clock: in.Clock, log: in.Log, handOver: handOver,
	}, nil
}

// shift is one attempt at a run of a batch.
type shift struct {
	*Worker
	run    *task.Run
	order  Order
	holder string
	counts Counts
	saved  time.Time

	ready []Row     // read and not yet tried
	last  int       // number of the last row that was read
	left  bool      // the pending ones are all read: what is left is in others' hands
	young time.Time // when the last row was claimed that cannot be taken up yet; zero without one
}

// Run works on a batch until nothing is left to do, it is stopped, or its time is over. It is a task's handler.
func (w *Worker) Run(ctx context.Context, run *task.Run, o Order) error {
	d, err := w.store.get(ctx, run.Account, o.Batch)
	if problem.IsNotFound(err) {
		return nil // it was discarded
	}
	if err != nil || d.Run != o.Run || d.State != Running {
		return err
	}
	s := &shift{Worker: w, run: run, order: o, holder: rand.Text(), saved: w.clock.Now()}
	if s.counts, err = w.store.tally(ctx, run.Account, o.Batch); err != nil {
		return err
	}
	err = s.work(ctx)
	switch {
	case errors.Is(err, errOver):
		return s.store.recount(context.WithoutCancel(ctx), run.Account, o)
	case errors.Is(context.Cause(ctx), task.ErrLost):
		return nil
	}
	if errors.Is(context.Cause(ctx), task.ErrCancelled) {
		return s.finish(ctx, Stopped, "")
	}
	return err
}

// work does row after row.
func (s *shift) work(ctx context.Context) error {
	until := s.clock.Now().Add(s.handOver)
	var done *Row
	for {
		number, err := s.next(ctx, done)
		if err != nil {
			return errors.Join(err, s.keep(ctx, done))
		}
		over := ctx.Err() != nil || !s.clock.Now().Before(until)
		if number == 0 || over {
			return s.pause(ctx, done, number)
		}
		row, err := s.store.turn(ctx, s.run.Account, s.order.Batch, s.holder, done, number, s.clock.Now().Add(-s.cfg.Settling))
		if err != nil {
			return errors.Join(err, s.keep(ctx, done))
		}
		done = nil
		if row == nil {
			continue
		}
		stop := s.do(ctx, row)
		if row.State == Doing { // it is left in our hands until it can be found out
			s.young = s.clock.Now()
		} else {
			done = row
			s.counts.add(Pending, -1)
			s.counts.add(row.State, 1)
		}
		if stop != nil {
			return errors.Join(s.keep(ctx, done), stop())
		}
		if err := s.tell(ctx); err != nil {
			return errors.Join(err, s.keep(ctx, done))
		}
	}
}

// keep stores what became of a row, whatever happened to the attempt: it is fenced by the row itself.
func (s *shift) keep(ctx context.Context, done *Row) error {
	if done == nil {
		return nil
	}
	_, err := s.store.turn(context.WithoutCancel(ctx), s.run.Account, s.order.Batch, s.holder, done, 0, time.Time{})
	return err
}

// pause ends an attempt: the batch is finished, or goes on when rows that others had can be looked after, or at once.
func (s *shift) pause(ctx context.Context, done *Row, number int) error {
	if err := s.keep(ctx, done); err != nil {
		return err
	}
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case number != 0:
		return task.Throttled(errors.New("the batch goes on"), s.clock.Now())
	case !s.young.IsZero():
		return task.Throttled(errors.New("rows whose outcome is not known are waited for"), s.young.Add(s.cfg.Settling))
	}
	return s.finish(ctx, Finished, "")
}

// next returns the number of the next row to try; 0 when there is none. done is the row that this attempt did last: its end is
// stored with the claim of the next, so until then it looks as if it were still being done.
func (s *shift) next(ctx context.Context, done *Row) (number int, err error) {
	for len(s.ready) == 0 {
		state := Pending
		if s.left {
			state = Doing
		}
		if s.ready, err = s.store.rows(ctx, s.run.Account, s.order.Batch, state, s.last, ahead); err != nil {
			return 0, err
		}
		switch {
		case len(s.ready) > 0 && s.left:
			stale := s.clock.Now().Add(-s.cfg.Settling)
			for _, r := range s.ready {
				s.last = r.Number
				if done != nil && r.Number == done.Number {
					continue
				}
				if !r.since.Before(stale) && r.since.After(s.young) {
					s.young = r.since
				}
			}
			s.ready = slices.DeleteFunc(s.ready, func(r Row) bool { return !r.since.Before(stale) || done != nil && r.Number == done.Number })
		case len(s.ready) > 0:
			s.last = s.ready[len(s.ready)-1].Number
		case s.left:
			return 0, nil
		default:
			s.left, s.last = true, 0
		}
	}
	number = s.ready[0].Number
	s.ready = s.ready[1:]
	return number, nil
}

// tell shows how far the batch is, and finds out whether it was stopped.
func (s *shift) tell(ctx context.Context) error {
	c := s.counts
	s.run.Progress(c.Done+c.Failed+c.Unsure, c.Done+c.Failed+c.Unsure+c.Pending, c.text())
	if s.clock.Now().Sub(s.saved) < saveEvery {
		return nil
	}
	s.saved = s.clock.Now()
	return s.store.save(ctx, s.run, s.order, func(d *document) *event.Event {
		d.Counts = s.counts
		return nil
	})
}

// finish ends the run with the rows counted anew.
func (s *shift) finish(ctx context.Context, state State, reason string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*storeTimeout)
	defer cancel()
	counts, err := s.store.tally(ctx, s.run.Account, s.order.Batch)
	if err != nil {
		return err
	}
	err = s.store.save(ctx, s.run, s.order, func(d *document) *event.Event {
		now := s.clock.Now().UTC()
		d.Counts, d.State, d.Reason, d.FinishedAt = counts, state, reason, now
		e := event.New(s.run.Account, event.BatchFinished, now)
		e.Collection, e.EntityID, e.Title, e.Detail, e.Actor = "batches", s.order.Batch, d.title(), d.outcome(), s.run.By
		return &e
	})
	switch {
	case errors.Is(err, errOver): // it was stopped before this row was done
		return s.store.recount(ctx, s.run.Account, s.order)
	case errors.Is(err, task.ErrLost):
		return nil
	}
	return err
}

// do does one row at Jobber and brings the copy up to it. It says in the row what became of it: Doing when that is not known
// yet. What it returns ends the attempt. A row that has begun is brought to its end, also when the batch is stopped meanwhile.
func (s *shift) do(ctx context.Context, row *Row) (stop func() error) {
	rowCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rowTimeout)
	defer cancel()
	err := s.change(rowCtx, row)
	row.DoneAt = s.clock.Now().UTC()
	if err == nil {
		row.State, row.began = Done, time.Time{}
		return nil
	}
	kind := jobber.KindOf(err)
	switch kind {
	case jobber.Declined:
		row.State, row.Message, row.began = Failed, words(err), time.Time{}
		return nil
	case jobber.Unsure:
		row.State = Doing
		s.log.WarnContext(ctx, "a row's outcome is not known; it is looked for", "account", s.run.Account, "batch", s.order.Batch, "row", row.Number)
		return nil
	case jobber.Refused, jobber.TooExpensive, jobber.Misuse, jobber.NotFound:
		// Jobber's words may repeat what the row says of a person, so they are not logged.
		s.log.ErrorContext(ctx, "a row cannot be done", "account", s.run.Account, "batch", s.order.Batch, "row", row.Number, "kind", kind)
		row.State, row.Message, row.began = Failed, "Jobber refused the request. We are told and look into it.", time.Time{}
		return nil
	case "":
		var known *unsureError
		if errors.As(err, &known) {
			row.State, row.Message = Unsure, known.message
			return nil
		}
	}
	row.State, row.DoneAt = Pending, time.Time{}
	if after, again := jobber.RetryAfter(err); again && kind != jobber.Transient {
		at := s.clock.Now().Add(max(after, time.Second))
		return func() error { return task.Throttled(err, at) }
	}
	if reason := reasons[kind]; reason != "" {
		return func() error { return s.finish(ctx, Stopped, reason) }
	}
	return func() error { return err }
}

// reasons say why a batch cannot go on, for what only a person can change.
var reasons = map[jobber.Kind]string{
	jobber.Disconnected:       "Jobber is disconnected. Connect it again, then resume.",
	jobber.Unauthenticated:    "Jobber is disconnected. Connect it again, then resume.",
	jobber.VersionRefused:     "Jobber refused the request. We are told and look into it.",
	jobber.HiddenByPermission: "Jobber does not let Fieldboard make this change. An administrator of the Jobber account must connect it again, with the permission to write.",
}

// words are Jobber's reasons, for a person.
func words(err error) string {
	var texts []string
	for _, r := range jobber.ReasonsOf(err) {
		texts = append(texts, strings.TrimSuffix(r.Message, ".")+".")
	}
	return short(strings.Join(texts, " "))
}

// unsureError says that it cannot be found out whether a row was done.
type unsureError struct{ message string }

func (e *unsureError) Error() string { return e.message }

// change makes a row's change at Jobber, and has its records fetched.
func (s *shift) change(ctx context.Context, row *Row) error {
	account := s.run.Account
	if row.Does == Creates {
		return s.create(ctx, row)
	}
	id := record.JobberIDOf(row.RecordID)
	collection := record.Clients
	var err error
	switch row.Does {
	case Edits:
		if len(row.cells) > 0 {
			err = s.jobber.EditClient(ctx, account, id, contactOf(row.cells))
		}
		if err == nil && len(row.tags) > 0 {
			err = s.jobber.TagClient(ctx, account, id, row.tags, nil)
		}
	case Tagging:
		err = s.jobber.TagClient(ctx, account, id, row.tags, nil)
	case Untagging:
		err = s.jobber.TagClient(ctx, account, id, nil, row.tags)
	case Archives:
		err = s.jobber.ArchiveClient(ctx, account, id)
	case Unarchives:
		err = s.jobber.UnarchiveClient(ctx, account, id)
	case Completes:
		collection = record.Visits
		err = s.jobber.CompleteVisit(ctx, account, id)
	case Sends:
		collection = record.Invoices
		err = s.jobber.MarkInvoiceSent(ctx, account, id)
	default:
		return fmt.Errorf("batch: a row is to %q", row.Does)
	}
	if jobber.KindOf(err) == jobber.Declined && s.isSo(ctx, row, id) {
		row.Message, err = "Was so already.", nil
	}
	if err == nil {
		s.fetch(ctx, collection, id, false)
	}
	return err
}

// isSo tells whether a client is archived, or is not, as a row wants it: what Jobber declines then was done before, by a worker
// that died or by somebody else.
func (s *shift) isSo(ctx context.Context, row *Row, id string) bool {
	if row.Does != Archives && row.Does != Unarchives {
		return false
	}
	found, err := s.jobber.Client(ctx, s.run.Account, id)
	return err == nil && found.Found && found.Item.IsArchived == (row.Does == Archives)
}

// create makes a client. One whose making was begun before is looked for first.
func (s *shift) create(ctx context.Context, row *Row) error {
	contact := contactOf(row.cells)
	if contact.CompanyName != nil { // else Jobber calls the client by the person's name
		isCompany := true
		contact.IsCompany = &isCompany
	}
	var made jobber.Made
	var err error
	switch {
	case row.RecordID != "":
		made.ID = record.JobberIDOf(row.RecordID)
	case !row.began.IsZero():
		if made, err = s.find(ctx, row); err != nil {
			return err
		}
	}
	if made.ID == "" {
		if made, err = s.jobber.CreateClient(ctx, s.run.Account, contact); err != nil {
			return err
		}
	}
	if row.RecordID, err = record.IDOf(made.ID); err != nil {
		return &unsureError{"Was created, but Jobber told an id that cannot be read."}
	}
	if len(row.tags) > 0 {
		err = s.jobber.TagClient(ctx, s.run.Account, made.ID, row.tags, nil)
	}
	s.fetch(ctx, record.Clients, made.ID, true)
	for _, id := range made.Properties {
		s.fetch(ctx, record.Properties, id, true)
	}
	if jobber.KindOf(err) == jobber.Declined {
		row.Message, err = "Was created, without its tags: "+words(err), nil
	}
	return err
}

// find looks for the client that a row may have made: one made since the row was begun, that says what the row says and that no
// other row has made. It returns none when there is none.
func (s *shift) find(ctx context.Context, row *Row) (jobber.Made, error) {
	var alike []string
	var ids []string
	for q := (jobber.PageRequest{Created: jobber.Range{After: row.began.Add(-skew)}}); ; {
		page, err := s.jobber.Clients(ctx, s.run.Account, q)
		if err != nil {
			return jobber.Made{}, err
		}
		for _, c := range page.Items {
			if id, err := record.IDOf(c.ID); err == nil && saysTheSame(c, row.cells) {
				alike, ids = append(alike, c.ID), append(ids, id)
			}
		}
		if !page.HasNext {
			break
		}
		q.After = page.NextCursor
	}
	taken, err := s.store.taken(ctx, s.run.Account, s.order.Batch, ids)
	if err != nil {
		return jobber.Made{}, err
	}
	var free []string
	for i, id := range ids {
		if !taken[id] {
			free = append(free, alike[i])
		}
	}
	switch len(free) {
	case 0:
		return jobber.Made{}, nil
	case 1:
		return jobber.Made{ID: free[0]}, nil
	}
	return jobber.Made{}, &unsureError{"Several clients that are like this one were made meanwhile. Look at Jobber which of them to keep."}
}

// saysTheSame tells whether a client is what a row makes, however Jobber writes it.
func saysTheSame(c jobber.Client, cells map[Column]string) bool {
	return strings.EqualFold(c.FirstName, cells[FirstName]) && strings.EqualFold(c.LastName, cells[LastName]) &&
		strings.EqualFold(c.CompanyName, cells[Company]) && strings.EqualFold(c.Email, cells[Email]) && samePhone(c.Phone, cells[Phone])
}

// samePhone compares telephone numbers by their digits; one of them may have a country's code before.
func samePhone(a, b string) bool {
	a, b = digits(a), digits(b)
	const local = 7 // digits that a number has without any code
	return a == b || len(a) >= local && len(b) >= local && (strings.HasSuffix(a, b) || strings.HasSuffix(b, a))
}

func contactOf(cells map[Column]string) jobber.Contact {
	text := func(c Column) *string {
		if value, given := cells[c]; given {
			return &value
		}
		return nil
	}
	contact := jobber.Contact{FirstName: text(FirstName), LastName: text(LastName), CompanyName: text(Company), Email: text(Email), Phone: text(Phone)}
	if slices.ContainsFunc(place, func(c Column) bool { return cells[c] != "" }) {
		contact.Address = &jobber.PostalAddress{
			Street: cells[Street], City: cells[City], Province: cells[Province], PostalCode: cells[PostalCode], Country: cells[Country],
		}
	}
	return contact
}

// fetch brings the copy up to a record. When that fails the row is done all the same: Jobber's notice brings it later.
func (s *shift) fetch(ctx context.Context, c record.Collection, id string, created bool) {
	if err := s.copy.Fetch(ctx, s.run.Account, c, id, created); err != nil {
		s.log.WarnContext(ctx, "the copy follows a batch later, by a notice", "account", s.run.Account, "collection", c, "error", err)
	}
}
