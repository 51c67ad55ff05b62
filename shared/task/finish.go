package task

import (
	"context"
	"errors"
	"time"

	"fieldboard.dev/fieldboard/shared/event"
)

// finish stores how an attempt ended, and returns the task; ErrLost when it is another worker's by now.
func (r *Run) finish(ctx context.Context, s stop) (*document, error) {
	r.mu.Lock()
	progress, result, seen := r.progress, r.result, r.seen
	r.mu.Unlock()
	e := r.engine
	d, err := e.change(ctx, r.Account, r.ID, change{make: func(d *document) ([]event.Event, error) {
		if d.State != Running || d.Holder != r.holder {
			return nil, ErrLost
		}
		now := e.clock.Now().UTC()
		d.Progress, d.Result = progress, result
		return e.settle(r.Account, r.ID, d, r.rules, s, now), nil
	}})
	if err == nil && seen {
		e.show(ctx, r.Account, r.ID, d)
	}
	if s.err != nil && err == nil && d.State != Cancelled {
		log := e.log.WarnContext
		if d.State == Failed {
			log = e.log.ErrorContext
		}
		log(ctx, "a task's attempt failed", "task", r.ID, "kind", r.rules.Name, "account", r.Account, "attempt", r.Attempt,
			"class", string(s.class), "state", string(d.State), "error", s.err)
	}
	return d, err
}

// settle makes of a running task what its attempt's end makes of it, and returns the events that tell of it.
func (e *Engine) settle(account, id string, d *document, rules Rules, s stop, now time.Time) []event.Event {
	goesOn := s.err != nil || d.Parts && !d.Continued
	switch {
	case goesOn && (errors.Is(s.cause, ErrCancelled) || d.Cancel != ""): // what is done already is done
		by := d.Cancel
		d.note(now, "cancelled", "")
		d.end(Cancelled, now, rules.Keep)
		return e.tell(event.TaskCancelled, account, id, d, by, now)
	case s.err == nil && d.Parts && !d.Continued:
		d.note(now, "parted", "")
		d.State, d.WakeAt, d.Holder, d.HeldUntil = Parted, now.Add(grace), "", time.Time{}
		return nil
	case s.err == nil:
		d.note(now, "done", "")
		d.Failure, d.Checkpoint = nil, ""
		d.end(Done, now, rules.Keep)
		if !rules.Told {
			return nil
		}
		return e.tell(event.TaskCompleted, account, id, d, "", now)
	case errors.Is(s.cause, context.Canceled): // the worker is being shut down
		d.note(now, "released", "")
		d.wait(now, now)
		return nil
	}
	d.note(now, string(s.class), s.message)
	d.Failure = &Failure{s.class, s.message, now}
	switch s.class {
	case ClassThrottled:
		d.wait(s.at.UTC(), now)
		return nil
	case ClassPermanent:
		d.end(Failed, now, rules.Keep)
		return e.tell(event.TaskFailed, account, id, d, "", now)
	}
	return e.again(account, id, d, rules, now)
}

// again counts a failure: the task waits for its next attempt, or becomes a dead letter.
func (e *Engine) again(account, id string, d *document, rules Rules, now time.Time) []event.Event {
	d.Failures++
	if d.Failures >= rules.Attempts {
		d.end(Failed, now, rules.Keep)
		return e.tell(event.TaskFailed, account, id, d, "", now)
	}
	d.wait(now.Add(e.backoff(rules.Backoff, d.Failures)), now)
	return nil
}

// lost counts a failure of a task whose worker died. It tells whether the task has ended by it, or was to be cancelled.
func (e *Engine) lost(account, id string, d *document, rules Rules, now time.Time) (tell []event.Event, ended bool) {
	if by := d.Cancel; by != "" {
		d.note(now, "cancelled", "")
		d.end(Cancelled, now, rules.Keep)
		return e.tell(event.TaskCancelled, account, id, d, by, now), true
	}
	const message = "The worker was lost."
	d.note(now, string(ClassDied), message)
	d.Failure = &Failure{ClassDied, message, now}
	d.Failures++
	if d.Failures < rules.Attempts {
		return nil, false
	}
	d.end(Failed, now, rules.Keep)
	return e.tell(event.TaskFailed, account, id, d, "", now), true
}

// tell returns the event of a task's end. A child's end is its parent's matter.
func (e *Engine) tell(typ, account, id string, d *document, by string, now time.Time) []event.Event {
	if d.Parent != "" {
		return nil
	}
	t := d.happened(typ, account, id, now)
	t.Actor = by
	return []event.Event{t}
}

// show lets who looks at a task see how far it is now.
func (e *Engine) show(ctx context.Context, account, id string, d *document) {
	e.events.Pass(ctx, d.happened(event.TaskProgress, account, id, e.clock.Now()))
}

func (d *document) happened(typ, account, id string, now time.Time) event.Event {
	t := event.New(account, typ, now)
	t.Collection, t.EntityID, t.Title, t.Member, t.Detail = "tasks", id, d.Title, d.By, d.Kind
	return t
}

// after does what follows from a task's new state, once it is stored: what dies in between is found by Tend.
func (e *Engine) after(ctx context.Context, account, id string, d *document) error {
	switch {
	case d.State == Waiting:
		e.send(ctx, []addition{{account: account, id: id, document: d}})
	case d.State == Parted:
		return e.continueParent(ctx, account, id)
	case !d.Open && d.Parent != "":
		return e.continueParent(ctx, account, d.Parent)
	}
	return nil
}

// continueParent lets a task go on whose children have all ended. Of the last two children to end, at least the one whose end
// was stored last sees none open; both may, and the task goes on once.
func (e *Engine) continueParent(ctx context.Context, account, id string) error {
	open, err := e.store.hasOpenChildren(ctx, account, id)
	if err != nil || open {
		return err
	}
	var goesOn bool
	d, err := e.change(ctx, account, id, change{make: func(d *document) ([]event.Event, error) {
		goesOn = d.State == Parted
		if !goesOn {
			return nil, errUnchanged
		}
		now := e.clock.Now().UTC()
		d.Continued = true
		d.wait(now, now)
		return nil, nil
	}})
	if err != nil || !goesOn {
		return err
	}
	e.send(ctx, []addition{{account: account, id: id, document: d}})
	return nil
}
