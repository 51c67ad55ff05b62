package task

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"fieldboard.dev/fieldboard/shared/event"
	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/shared/telemetry"
)

// Worker works on the tasks of one queue.
type Worker struct {
	engine   *Engine
	queue    string
	handlers map[string]handler
}

type handler struct {
	rules Rules
	run   func(ctx context.Context, r *Run, payload json.RawMessage) error
}

// NewWorker returns a worker that knows no kind yet.
func NewWorker(e *Engine, queue string) *Worker {
	return &Worker{e, queue, map[string]handler{}}
}

// Handle makes the worker work on a kind. Call it before the first Work. The handler's context ends when its attempt has
// taken as long as it may, when the task was cancelled (context.Cause is ErrCancelled) and when another worker may have it
// (ErrLost); what it returns then is not told to anyone. A kind that is mistaken, or of another queue, is an error.
func Handle[P any](w *Worker, k Kind[P], run func(ctx context.Context, r *Run, payload P) error) error {
	rules := Rules(k).filled()
	if err := rules.validate(); err != nil {
		return err
	}
	if rules.Queue != w.queue {
		return fmt.Errorf("the kind %q is of the queue %q, not %q", rules.Name, rules.Queue, w.queue)
	}
	w.handlers[rules.Name] = handler{rules, func(ctx context.Context, r *Run, payload json.RawMessage) error {
		p, err := decode[P](payload)
		if err != nil {
			return err
		}
		return run(ctx, r, p)
	}}
	return nil
}

// shift is for how long one delivery takes on further tasks. What began goes on for as long as its kind allows.
const shift = 30 * time.Second

// Work spends one token: it works on the tasks whose turn it is, one after the other, for up to shift. It returns no error when
// the token is spent, however the tasks ended; after an error the token is to be delivered again. again says that this is such
// a delivery: a worker may have died with a task in its hands, which is looked for when its lease has ended.
func (w *Worker) Work(ctx context.Context, t Token, again bool) error {
	over := w.engine.clock.Now().Add(shift)
	if err := w.announce(ctx, t); err != nil {
		return err
	}
	kinds := w.rules()
	for {
		next, err := w.engine.turns.next(ctx, w.queue, kinds, w.engine.clock.Now(), w.engine.cfg.Lease)
		if err != nil {
			w.engine.log.WarnContext(ctx, "turns cannot be asked; the token's own task is next", "queue", w.queue, "error", err)
			return w.attempt(ctx, turn{account: t.Account, id: t.ID})
		}
		if !next.found {
			if next.waits && next.in > 0 { // the pace of a kind, which no end of a task brings on
				return w.engine.token(ctx, w.queue, Token{}, w.engine.clock.Now().Add(max(next.in, soon)).Truncate(soon).Add(soon))
			}
			if again {
				lease := w.engine.cfg.Lease
				return w.engine.token(ctx, w.queue, Token{}, w.engine.clock.Now().Add(lease).Truncate(lease/4).Add(lease/2))
			}
			return nil
		}
		if err := w.attempt(ctx, next.turn); err != nil {
			return err
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if !w.engine.clock.Now().Before(over) {
			return w.engine.token(ctx, w.queue, Token{Account: t.Account, ID: t.ID}, time.Time{})
		}
	}
}

func (w *Worker) rules() []Rules {
	all := make([]Rules, 0, len(w.handlers))
	for _, h := range w.handlers {
		all = append(all, h.rules)
	}
	slices.SortFunc(all, func(a, b Rules) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// announce lets the token's own task wait for its turn, in case the turns forgot it, or it was not due before.
func (w *Worker) announce(ctx context.Context, t Token) error {
	if t.ID == "" {
		return nil
	}
	d, err := w.engine.store.get(ctx, t.Account, t.ID)
	if problem.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if !d.Open || d.State == Parted {
		return nil
	}
	now := w.engine.clock.Now()
	at := d.RunAt
	if d.State == Running {
		at = d.HeldUntil // if it was this token's worker that died
	}
	if at.After(now.Add(soon)) {
		return w.engine.token(ctx, w.queue, t, at)
	}
	if err := w.engine.turns.add(ctx, w.queue, []turn{turnOf(t.Account, t.ID, d)}); err != nil {
		w.engine.log.WarnContext(ctx, "turns cannot be kept", "queue", w.queue, "error", err)
	}
	return nil
}

// attempt takes a task and works on it. It returns an error only when it cannot be known how the task stands.
func (w *Worker) attempt(ctx context.Context, x turn) error {
	r, h, err := w.take(ctx, x)
	if err != nil || r == nil {
		if err == nil {
			w.leaveTurn(ctx, x)
		}
		return err
	}
	x.kind = r.rules.Name
	ctx = telemetry.WithCorrelation(ctx, r.correlation(ctx))
	stopped, lost := w.run(ctx, r, h)
	if lost {
		w.leaveTurn(ctx, x)
		return nil
	}
	finished, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*storeTimeout)
	defer cancel()
	d, err := r.finish(finished, stopped)
	w.leaveTurn(finished, x)
	if errors.Is(err, ErrLost) {
		return nil
	}
	if err != nil {
		return err
	}
	return w.engine.after(finished, r.Account, r.ID, d)
}

// correlation ties what the task does to the request that asked for it.
func (r *Run) correlation(ctx context.Context) telemetry.Correlation {
	c := telemetry.CorrelationFrom(ctx)
	if r.document.Request != "" {
		c.RequestID = r.document.Request
	}
	return c
}

func (w *Worker) leaveTurn(ctx context.Context, x turn) {
	if x.kind == "" {
		return
	}
	if err := w.engine.turns.done(ctx, w.queue, x); err != nil {
		w.engine.log.WarnContext(ctx, "a task that ended still counts as running, for a lease", "task", x.id, "error", err)
	}
}

// take claims a task for this worker. It returns nil for one that is not to be worked on now.
func (w *Worker) take(ctx context.Context, x turn) (*Run, handler, error) {
	e := w.engine
	if x.kind == "" { // the turns did not say
		d, err := e.store.get(ctx, x.account, x.id)
		if problem.IsNotFound(err) || err == nil && !d.Open {
			return nil, handler{}, nil
		}
		if err != nil {
			return nil, handler{}, err
		}
		x.kind = d.Kind
	}
	holder := rand.Text()
	var taken bool
	var paused string
	d, err := e.change(ctx, x.account, x.id, change{
		beside: pausesOf(x.account, x.kind),
		read:   func(snaps []*snapshot) { paused = first(snaps) },
		make: func(d *document) ([]event.Event, error) {
			now := e.clock.Now().UTC()
			taken = false
			switch {
			case paused != "" || !d.Open || d.Queue != w.queue || d.State == Parted,
				d.State == Waiting && d.RunAt.After(now.Add(soon)), d.State == Running && d.HeldUntil.After(now):
				return nil, errUnchanged
			}
			if d.State == Running { // its worker died
				if tell, ended := w.died(x.account, x.id, d, now); ended {
					return tell, nil
				}
			}
			taken = true
			d.State, d.Holder, d.HeldUntil, d.Began = Running, holder, now.Add(e.cfg.Lease), now
			d.WakeAt = d.HeldUntil
			d.Attempt++
			if d.StartedAt.IsZero() {
				d.StartedAt = now
			}
			return nil, nil
		},
	})
	if problem.IsNotFound(err) {
		return nil, handler{}, nil
	}
	if err == nil && paused != "" {
		w.standBack(ctx, x, d, paused)
	}
	if err == nil && !taken && !d.Open && d.Parent != "" { // it may have ended just now, or its worker died before it told
		err = e.continueParent(ctx, x.account, d.Parent)
	}
	if err != nil || !taken {
		return nil, handler{}, err
	}
	h, known := w.handlers[d.Kind]
	if !known { // this version of the worker does not; another may
		h = handler{d.rules(), func(context.Context, *Run, json.RawMessage) error {
			return problem.New(problem.Internal, "There is no kind of task called %q.", d.Kind)
		}}
	}
	return &Run{
		Account: x.account, ID: x.id, By: d.By, Title: d.Title, Attempt: d.Attempt, Continued: d.Continued,
		engine: e, rules: h.rules, holder: holder, document: *d, progress: d.Progress, result: d.Result,
	}, h, nil
}

// standBack lets a task wait on that is paused, although the turns gave it: they have forgotten the pause, or are away.
func (w *Worker) standBack(ctx context.Context, x turn, d *document, which string) {
	e := w.engine
	if err := errors.Join(
		e.turns.pause(ctx, w.queue, x.account, which, true),
		e.turns.done(ctx, w.queue, x),
		e.turns.add(ctx, w.queue, []turn{turnOf(x.account, x.id, d)}),
	); err != nil {
		e.log.WarnContext(ctx, "the turns could not be told of a pause", "queue", w.queue, "kind", x.kind, "error", err)
	}
}

// died counts a failure for a worker that was lost. It tells whether that was one too many.
func (w *Worker) died(account, id string, d *document, now time.Time) ([]event.Event, bool) {
	rules := d.rules()
	if h, known := w.handlers[d.Kind]; known {
		rules = h.rules
	}
	return w.engine.lost(account, id, d, rules, now)
}

// run calls the handler, and tells what it returned, or that the task is another worker's.
func (w *Worker) run(ctx context.Context, r *Run, h handler) (stopped stop, lost bool) {
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	limited, cancel := context.WithTimeoutCause(ctx, h.rules.Timeout, errTimeout)
	defer cancel()
	taken := r.document // before anything else changes it
	watched := make(chan struct{})
	go func() { defer close(watched); r.watch(limited, end) }()
	err := w.parentLives(limited, r.Account, taken.Parent)
	if errors.Is(err, ErrCancelled) {
		end(ErrCancelled)
	}
	var payload json.RawMessage
	if err == nil {
		payload, err = w.engine.store.payload(limited, &taken)
	}
	if err == nil {
		err = guarded(limited, r, h, payload)
	}
	if errors.Is(err, ErrLost) {
		end(ErrLost)
	}
	stopped = stop{err: err, cause: context.Cause(limited)}
	if err != nil {
		stopped.class, stopped.at = classify(limited, err)
		stopped.message = told(limited, err)
	}
	end(nil)
	<-watched
	return stopped, errors.Is(stopped.cause, ErrLost)
}

// parentLives cancels a child whose parent has ended: by being cancelled, since it waits for its children otherwise.
func (w *Worker) parentLives(ctx context.Context, account, parent string) error {
	if parent == "" {
		return nil
	}
	ended, err := w.engine.store.ended(ctx, account, parent)
	if err == nil && ended {
		return ErrCancelled
	}
	return err
}

// guarded turns a handler's panic into an error: it is the task's failure, and no reason to end the others of the instance.
func guarded(ctx context.Context, r *Run, h handler, payload json.RawMessage) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the handler of %s panicked: %v", h.rules.Name, p)
		}
	}()
	return h.run(ctx, r, payload)
}

// stop is how a handler ended.
type stop struct {
	err     error
	cause   error // why its context ended; nil when it did not
	class   Class
	at      time.Time
	message string
}
