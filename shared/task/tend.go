package task

import (
	"context"
	"errors"
	"fmt"
	"time"

	"fieldboard.dev/fieldboard/shared/event"
)

// Tended says what one tending did.
type Tended struct {
	Sent      int `json:"sent"`      // waiting tasks whose token was lost, or was never made
	Revived   int `json:"revived"`   // tasks whose worker died
	Continued int `json:"continued"` // parents that were looked at
}

const (
	tendAtOnce = 200
	// tendAgain is after how long a task that waits for its turn is looked at again: it may wait that long in a full queue.
	tendAgain = 5 * time.Minute
)

// Tend finds what was left alone, in all accounts, and goes on with it; at most so many. What fails for one task does not hold
// up the others. Two that tend at the same time do no more than one.
func (e *Engine) Tend(ctx context.Context, most int) (t Tended, failed error) {
	for done := 0; done < most; {
		left, err := e.store.left(ctx, e.clock.Now(), min(tendAtOnce, most-done))
		if err != nil || len(left) == 0 {
			return t, errors.Join(failed, err)
		}
		for _, at := range left {
			if err := e.tend(ctx, at, &t); err != nil {
				failed = errors.Join(failed, fmt.Errorf("task %s of %s: %w", at.id, at.account, err))
			}
		}
		done += len(left)
		if failed != nil || len(left) < tendAtOnce {
			break
		}
	}
	return t, failed
}

func (e *Engine) tend(ctx context.Context, at whose, t *Tended) error {
	var was State
	d, err := e.change(ctx, at.account, at.id, change{make: func(d *document) ([]event.Event, error) {
		now := e.clock.Now().UTC()
		if !d.Open || d.WakeAt.After(now) {
			return nil, errUnchanged
		}
		was = d.State
		if d.State == Running {
			if tell, ended := e.lost(at.account, at.id, d, d.rules(), now); ended {
				return tell, nil
			}
			d.wait(now, now)
			return nil, nil
		}
		d.WakeAt = now.Add(tendAgain)
		return nil, nil
	}})
	if err != nil {
		return err
	}
	switch was {
	case Waiting:
		t.Sent++
	case Running:
		t.Revived++
	case Parted:
		t.Continued++
	}
	return e.after(ctx, at.account, at.id, d)
}
