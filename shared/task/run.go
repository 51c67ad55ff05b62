package task

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"fieldboard.dev/fieldboard/shared/event"
	"fieldboard.dev/fieldboard/shared/problem"
)

// Run is one attempt at a task, in the hands of its handler.
type Run struct {
	Account   string
	ID        string
	By        string // id of the member who asked; empty when nobody did
	Title     string
	Attempt   int
	Continued bool // all children have ended: see Spawn

	engine *Engine
	rules  Rules
	holder string

	mu       sync.Mutex
	document document // as it was last read
	progress Progress
	dirty    bool // progress is newer than what is stored
	seen     bool // there has been progress, which somebody may be looking at
	result   string
}

// Progress tells how far the task is. It is stored, and shown to who looks, at most once a second, and costs nothing else.
func (r *Run) Progress(done, total int64, message string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if p := (Progress{done, total, message}); p != r.progress {
		r.progress, r.dirty = p, true
	}
}

// Result sets what is kept with the finished task; a problem TooLarge above 64 KiB.
func (r *Run) Result(v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if len(text) > inline {
		return problem.New(problem.TooLarge, "A task's result may have %d bytes, not %d.", inline, len(text))
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.result = string(text)
	return nil
}

// Restore reads what the last checkpoint saved; false when there is none.
func (r *Run) Restore(into any) (bool, error) {
	r.mu.Lock()
	saved := r.document.Checkpoint
	r.mu.Unlock()
	if saved == "" {
		return false, nil
	}
	return true, json.Unmarshal([]byte(saved), into)
}

// checkpoint stores how far the task is, with its effects and only while this run holds the task: else ErrLost, and nothing
// of it is stored. What this is told of twice is stored once.
func (r *Run) checkpoint(ctx context.Context, state any, effects effects) error {
	text, err := json.Marshal(state)
	if err != nil {
		return err
	}
	if len(text) > inline {
		return problem.New(problem.TooLarge, "A task's checkpoint may have %d bytes, not %d.", inline, len(text))
	}
	r.mu.Lock()
	progress := r.progress
	r.mu.Unlock()
	return r.save(ctx, func(d *document) { d.Checkpoint, d.Progress = string(text), progress }, effects)
}

// save changes the task while this run holds it, and holds it for another lease.
func (r *Run) save(ctx context.Context, set func(*document), effects effects) error {
	d, err := r.engine.change(ctx, r.Account, r.ID, change{effects: effects, make: func(d *document) ([]event.Event, error) {
		if d.State != Running || d.Holder != r.holder {
			return nil, ErrLost
		}
		set(d)
		d.HeldUntil = r.engine.clock.Now().Add(r.engine.cfg.Lease)
		d.WakeAt = d.HeldUntil
		return nil, nil
	}})
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if d.Progress != r.document.Progress {
		r.seen = true
		r.engine.show(ctx, r.Account, r.ID, d)
	}
	r.document = *d
	if d.Progress == r.progress {
		r.dirty = false
	}
	return nil
}

// watchEvery is how often a run looks whether it was cancelled, and stores its progress.
const watchEvery = time.Second

// watch keeps the lease until ctx is done, and ends the run when it was cancelled or has lost the task.
func (r *Run) watch(ctx context.Context, end context.CancelCauseFunc) {
	tick := time.NewTicker(min(watchEvery, r.engine.cfg.Lease/3))
	defer tick.Stop()
	kept := r.engine.clock.Now() // since when the lease runs
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		r.mu.Lock()
		dirty, progress := r.dirty, r.progress
		r.mu.Unlock()
		now := r.engine.clock.Now()
		var err error
		var d *document
		if renew := now.Sub(kept) >= r.engine.cfg.Lease/3; dirty || renew {
			if err = r.save(ctx, func(d *document) { d.Progress = progress }, nil); err == nil {
				kept = now
				r.mu.Lock()
				stored := r.document
				r.mu.Unlock()
				d = &stored
			}
			if err == nil && renew {
				r.keepTurn(ctx, now)
			}
		} else {
			d, err = r.engine.store.get(ctx, r.Account, r.ID)
		}
		switch {
		case ctx.Err() != nil:
			return
		case errors.Is(err, ErrLost), problem.IsNotFound(err):
			end(ErrLost)
			return
		case err != nil:
			if now.Sub(kept) > r.engine.cfg.Lease { // somebody else may hold it by now
				end(ErrLost)
				return
			}
			r.engine.log.WarnContext(ctx, "a task's lease could not be renewed; trying again", "task", r.ID, "error", err)
		case d.State != Running || d.Holder != r.holder:
			end(ErrLost)
			return
		case d.Cancel != "":
			end(ErrCancelled)
			return
		}
	}
}

func (r *Run) keepTurn(ctx context.Context, now time.Time) {
	x := turn{account: r.Account, kind: r.rules.Name, id: r.ID}
	if err := r.engine.turns.keep(ctx, r.rules.Queue, x, now.Add(r.engine.cfg.Lease)); err != nil {
		r.engine.log.WarnContext(ctx, "a running task could not be counted; more than allowed may run", "task", r.ID, "error", err)
	}
}
