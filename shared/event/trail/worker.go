package trail

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/shared/queue"
)

// Message is the body of a step's task.
type Message struct {
	Account string `json:"account" minLength:"1" maxLength:"64" pattern:"^[A-Za-z0-9_-]+$"`
	ID      string `json:"id" minLength:"1" maxLength:"128" pattern:"^[A-Za-z0-9_-]+$"`
	Step    int64  `json:"step" minimum:"0"`
}

const (
	// slice is how long one step works before it hands over to the next, and lease how long nobody else works meanwhile.
	slice = 2 * time.Minute
	lease = 5 * time.Minute
	// patience is how often in a row a task may fail before it is given up.
	patience = 8
	// abandoned is how long nobody has worked on an open task before Revive takes it up.
	abandoned = 15 * time.Minute
)

// errLost is the fence: the task was cancelled, or another worker has it.
var errLost = errors.New("trail: the task is no longer this worker's")

// Work does one step. It returns no error when the message is done with, whatever became of the task; after an error the same
// message is to be delivered again.
func (t *Trail) Work(ctx context.Context, m Message) error {
	now, holder := t.clock.Now(), rand.Text()
	var mine bool
	d, err := t.store.change(ctx, m.Account, m.ID, func(d *document) error {
		mine = d.Open && d.Step == m.Step && !d.HeldUntil.After(now)
		switch {
		case mine:
			d.State, d.Holder, d.HeldUntil = Running, holder, now.Add(lease)
		case d.Open && d.Step == m.Step:
			return problem.New(problem.Unavailable, "Another worker is at this task.")
		}
		return nil
	})
	switch {
	case err != nil:
		return unlessGone(err)
	case d.Open && d.Step == m.Step+1:
		return t.enqueue(ctx, m.Account, m.ID, d.Step) // the worker before may have died between the two
	case !mine:
		return nil
	}
	err = t.work(ctx, m, d, holder, now.Add(slice))
	if errors.Is(err, errLost) {
		return nil
	}
	return err
}

// unlessGone passes over a task that is gone, because its time is over: no delivery brings it back.
func unlessGone(err error) error {
	if problem.CodeOf(err) == problem.NotFound {
		return nil
	}
	return err
}

// work goes on from page to page, and saves after each how far it is.
func (t *Trail) work(ctx context.Context, m Message, d document, holder string, until time.Time) error {
	for page := 1; ; page++ {
		finished, err := t.page(ctx, m.Account, m.ID, &d)
		if err != nil {
			return t.failed(ctx, m, holder, err)
		}
		over := page >= t.pages || !t.clock.Now().Before(until)
		saved, err := t.store.change(ctx, m.Account, m.ID, func(stored *document) error {
			if !stored.Open || stored.Holder != holder {
				return errLost
			}
			stored.Place, stored.Done, stored.Order, stored.Failures = d.Place, d.Done, d.Order, 0
			switch {
			case finished:
				stored.finish(Done, "", t.clock.Now())
			case over:
				stored.release(t.clock.Now())
				stored.Step++
			default:
				stored.HeldUntil = t.clock.Now().Add(lease)
			}
			return nil
		})
		switch {
		case err != nil:
			return err
		case finished:
			return nil
		case over:
			return t.enqueue(ctx, m.Account, m.ID, saved.Step)
		}
		d = saved
	}
}

// page does the next page of a task.
func (t *Trail) page(ctx context.Context, account, id string, d *document) (finished bool, err error) {
	switch {
	case d.Order.Export != nil:
		return t.exportPage(ctx, account, id, d)
	case d.Order.Replay != nil:
		return t.replayPage(ctx, account, id, d)
	case d.Order.Erasure != nil:
		return t.erasePage(ctx, account, d)
	}
	return false, fmt.Errorf("trail: the task %s of %s has no order", id, account)
}

// failed lets the task go. What would be refused again, or has failed too often, ends it; anything else is tried again.
func (t *Trail) failed(ctx context.Context, m Message, holder string, cause error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTimeout)
	defer cancel()
	d, err := t.store.change(ctx, m.Account, m.ID, func(d *document) error {
		if !d.Open || d.Holder != holder {
			return errLost
		}
		d.release(t.clock.Now())
		d.Failures++
		refusal := &problem.Error{}
		switch {
		case errors.As(cause, &refusal) && (refusal.Code == problem.Conflict || refusal.Code == problem.NotFound || refusal.Code == problem.Forbidden):
			d.finish(Failed, refusal.Message, t.clock.Now())
		case d.Failures >= patience:
			d.finish(Failed, "It could not be done. Try again later.", t.clock.Now())
		}
		return nil
	})
	if err == nil && !d.Open {
		if d.Failures < patience {
			return nil // the refusal is told to who asked
		}
		return fmt.Errorf("giving up task %s of %s: %w", m.ID, m.Account, cause)
	}
	return errors.Join(cause, err)
}

// enqueue queues a step. Its name makes a second one of the same step impossible.
func (t *Trail) enqueue(ctx context.Context, account, id string, step int64) error {
	body, err := json.Marshal(Message{Account: account, ID: id, Step: step})
	if err != nil {
		return err
	}
	_, err = t.queue.Add(ctx, queue.Message{Name: fmt.Sprintf("trail/%s/%s/%d", account, id, step), Body: body, Deadline: lease})
	return err
}

// Revive goes on with the tasks of all accounts at which nobody has worked for a while, at most limit of them: their message
// was never queued, or was given up.
func (t *Trail) Revive(ctx context.Context, limit int) (revived int, failed error) {
	before := t.clock.Now().Add(-abandoned)
	left, err := t.store.abandoned(ctx, before, limit)
	if err != nil {
		return 0, err
	}
	for _, at := range left {
		d, err := t.store.change(ctx, at.account, at.id, func(d *document) error {
			if !d.Open || d.HeldUntil.After(before) {
				return errLost
			}
			d.release(t.clock.Now())
			d.Step++ // the queue remembers the name of the step that was lost
			return nil
		})
		if errors.Is(err, errLost) {
			continue
		}
		if err == nil {
			err = t.enqueue(ctx, at.account, at.id, d.Step)
		}
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("task %s of %s: %w", at.id, at.account, err))
			continue
		}
		revived++
	}
	return revived, failed
}
