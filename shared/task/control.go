package task

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"fieldboard.dev/fieldboard/shared/event"
	"fieldboard.dev/fieldboard/shared/problem"
)

// Cancel ends a task that is not finished: at once when it waits, within seconds when it runs. What it did stays done. Its
// children that have not begun do not begin. One that is finished stays as it is.
func (e *Engine) Cancel(ctx context.Context, account, id, by string) (View, error) {
	d, err := e.change(ctx, account, id, change{make: func(d *document) ([]event.Event, error) {
		now := e.clock.Now().UTC()
		switch d.State {
		case Running:
			d.Cancel = by
			return nil, nil
		case Waiting, Parted:
			d.note(now, "cancelled", "")
			d.end(Cancelled, now, DefaultKeep)
			return e.tell(event.TaskCancelled, account, id, d, by, now), nil
		}
		return nil, errUnchanged
	}})
	if err != nil {
		return View{}, err
	}
	return d.view(account, id), e.after(ctx, account, id, d)
}

// Retry lets a task that waits for its next attempt or its time go on now, and a dead letter begin anew, with all its attempts
// before it. A problem Conflict for any other.
func (e *Engine) Retry(ctx context.Context, account, id string) (View, error) {
	return e.resend(ctx, account, id, nil)
}

// Edit gives a dead letter another payload and lets it begin anew. A problem Invalid for a payload that the kind cannot read,
// Conflict for a task that has not failed.
func (e *Engine) Edit(ctx context.Context, account, id string, payload json.RawMessage, kinds Catalogue) (View, error) {
	d, err := e.store.get(ctx, account, id)
	if err != nil {
		return View{}, err
	}
	if err := kinds.Check(d.Kind, payload); err != nil {
		return View{}, err
	}
	if len(payload) > inline {
		return View{}, problem.New(problem.TooLarge, "An edited payload may have %d bytes, not %d.", inline, len(payload))
	}
	return e.resend(ctx, account, id, payload)
}

func (e *Engine) resend(ctx context.Context, account, id string, payload json.RawMessage) (View, error) {
	d, err := e.change(ctx, account, id, change{make: func(d *document) ([]event.Event, error) {
		now := e.clock.Now().UTC()
		switch {
		case d.State == Waiting && payload == nil:
		case d.State == Failed:
			d.Open, d.Failures, d.EndedAt, d.ExpireAt = true, 0, time.Time{}, time.Time{}
			if payload != nil {
				d.Payload, d.Object, d.Checkpoint = string(payload), "", ""
			}
		case payload != nil:
			return nil, problem.New(problem.Conflict, "Only a task that has failed can be edited. This one is %s.", d.State)
		default:
			return nil, problem.New(problem.Conflict, "Only a task that waits or has failed can be tried again. This one is %s.", d.State)
		}
		d.wait(now, now)
		return nil, nil
	}})
	if err != nil {
		return View{}, err
	}
	return d.view(account, id), e.after(ctx, account, id, d)
}

// Replayed says what a replay in bulk did.
type Replayed struct {
	Sent int  `json:"sent"`
	More bool `json:"more"` // there are more: ask again
}

// replayAtOnce is how many dead letters one request sends.
const replayAtOnce = 100

// Replay sends the dead letters of an account, of a kind or of all (""), the longest dead first, at most 100 at a time.
func (e *Engine) Replay(ctx context.Context, account, kind string) (Replayed, error) {
	ids, more, err := e.store.failed(ctx, account, kind, replayAtOnce)
	if err != nil {
		return Replayed{}, err
	}
	r := Replayed{More: more}
	for _, id := range ids {
		switch _, err := e.Retry(ctx, account, id); {
		case problem.CodeOf(err) == problem.Conflict && err != nil: // somebody else has sent it
		case err != nil:
			return r, fmt.Errorf("after %d tasks: %w", r.Sent, err)
		default:
			r.Sent++
		}
	}
	return r, nil
}
