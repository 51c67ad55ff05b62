package schedule

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"fieldboard.dev/fieldboard/shared/account"
	"fieldboard.dev/fieldboard/shared/event"
	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/shared/task"
)

// early is how far Cloud Scheduler's clock may be ahead of ours: a call that comes so soon is for the slot after it.
const early = 10 * time.Second

// Fired says what a call for a schedule did.
type Fired struct {
	Outcome Outcome   `json:"outcome,omitempty" doc:"Absent where nothing was due."`
	Slot    time.Time `json:"slot,omitzero"`
	Task    string    `json:"task,omitempty"`
	Paused  bool      `json:"paused,omitempty" doc:"It paused itself: the reason is in its history."`
}

// Fire settles the latest slot of a schedule that has come and is not settled: it runs, or is skipped, by how late it is and by
// the schedule's policy. When nothing is due, as at a second call for the same slot, it does nothing. It is a problem Unavailable
// when it should be called again; a schedule that is gone is none.
func (s *Schedules) Fire(ctx context.Context, f Firing) (Fired, error) {
	for range 3 { // a member may change it meanwhile
		d, err := s.store.get(ctx, f.Account, f.Schedule)
		if problem.IsNotFound(err) {
			return Fired{}, nil
		}
		if err != nil {
			return Fired{}, err
		}
		slots, times := d.come(s.clock.Now())
		if len(slots) == 0 {
			return Fired{}, nil
		}
		slot := slots[len(slots)-1]
		ready, stop, err := s.prepare(ctx, f, d, slot, d.By)
		if err != nil {
			return Fired{}, err
		}
		ready.ID = taskID(f, "slot", slot.Format(time.RFC3339))
		fired, err := s.settle(ctx, f, d, slots, times, ready, stop)
		if !errors.Is(err, errMoved) {
			return fired, err
		}
	}
	return Fired{}, problem.New(problem.Unavailable, "The schedule was changed at the same time. Try again.")
}

// errMoved says that a schedule is not any more what was looked at.
var errMoved = errors.New("the schedule was changed")

// come returns the slots that have come and are not settled, the latest last, at most as many as a history has; and when it comes.
func (d *document) come(now time.Time) ([]time.Time, Times) {
	if d.Paused || d.Deleted || d.NextAt.IsZero() || d.NextAt.After(now.Add(early)) {
		return nil, Times{}
	}
	times, bad := ParseTimes(d.Cron, d.Zone)
	if bad != nil { // it was good when it was stored: the zone is gone from the tz database
		return []time.Time{d.NextAt.UTC()}, Times{}
	}
	var slots []time.Time
	for slot := d.NextAt.UTC(); !slot.IsZero() && !slot.After(now.Add(early)); slot = times.Next(slot) {
		if slots = append(slots, slot); len(slots) > historyMost {
			slots = slots[1:]
		}
	}
	return slots, times
}

// prepare makes the task of a slot, in the name of a member. stop is why the schedule must not run, for a person; empty where
// it may.
func (s *Schedules) prepare(ctx context.Context, f Firing, d document, slot time.Time, by string) (t task.Task, stop string, err error) {
	if _, bad := ParseTimes(d.Cron, d.Zone); bad != nil {
		return task.Task{}, "Its time zone is not known any more.", nil
	}
	action, known := s.actions[d.Action]
	if !known {
		return task.Task{}, "What it asks for is not offered any more.", nil
	}
	needs, err := action.Check(ctx, f.Account, json.RawMessage(d.Order))
	if err != nil {
		return task.Task{}, impossible(err), unlessInvalid(err)
	}
	lacks, err := s.lacks(ctx, f.Account, by, needs)
	if err != nil {
		return task.Task{}, "", err
	}
	if lacks != "" {
		return task.Task{}, "The member in whose name it runs " + lacks + ". Whoever resumes it takes it over.", nil
	}
	due := Due{
		Account: f.Account, Schedule: f.Schedule, Name: d.Name, By: by, Order: json.RawMessage(d.Order), Zone: d.Zone, Slot: slot,
	}
	if due.Recipients, err = s.allowed(ctx, f.Account, d.Recipients, needs); err != nil {
		return task.Task{}, "", err
	}
	if len(due.Recipients) == 0 {
		return task.Task{}, "None of its recipients may be sent it any more.", nil
	}
	if t, err = action.Task(ctx, due); err != nil {
		return task.Task{}, impossible(err), unlessInvalid(err)
	}
	t.By = by
	return t, "", nil
}

// impossible says for a person why an order is not good any more.
func impossible(err error) string {
	var e *problem.Error
	if !errors.As(err, &e) || e.Code != problem.Invalid {
		return ""
	}
	if len(e.Fields) > 0 {
		return "What it asks for is not possible any more: " + e.Fields[0].Location + " " + e.Fields[0].Message + "."
	}
	return "What it asks for is not possible any more: " + e.Message
}

// unlessInvalid returns an error that may pass, or is ours to fix.
func unlessInvalid(err error) error {
	if problem.CodeOf(err) == problem.Invalid {
		return nil
	}
	return err
}

// allowed returns the recipients who may still be sent what needs the permissions.
func (s *Schedules) allowed(ctx context.Context, accountID string, recipients []string, needs []account.Permission) ([]string, error) {
	var still []string
	for _, id := range recipients {
		lacks, err := s.lacks(ctx, accountID, id, needs)
		if err != nil {
			return nil, err
		}
		if lacks == "" {
			still = append(still, id)
		}
	}
	return still, nil
}

// settle stores what becomes of slots, and with it the task of the latest where it runs.
func (s *Schedules) settle(ctx context.Context, f Firing, seen document, slots []time.Time, times Times, t task.Task, stop string) (Fired, error) {
	var fired Fired
	slot := slots[len(slots)-1]
	_, err := s.edit(ctx, f.Account, f.Schedule, func(ctx context.Context, d *document) ([]event.Event, error) {
		fired = Fired{}
		if d.Version != seen.Version {
			return nil, errMoved
		}
		if !d.NextAt.Equal(seen.NextAt) { // it was settled meanwhile
			return nil, errUnchanged
		}
		now := s.clock.Now()
		for _, earlier := range slots[:len(slots)-1] {
			d.note(runLine{Slot: earlier, At: now, Outcome: Skipped, Reason: "A later one came before it could start."})
		}
		line := runLine{Slot: slot, At: now, Outcome: d.outcome(slot, now)}
		if stop != "" {
			line.Outcome, line.Reason = Skipped, stop
			d.pause(stop)
			d.note(line)
			fired = Fired{Outcome: Skipped, Slot: slot, Paused: true}
			return s.pausedItself(f, d, now), nil
		}
		if line.Outcome == Skipped {
			line.Reason = fmt.Sprintf("It could not start within %d minutes.", int(Grace.Minutes()))
		} else {
			line.Task = t.ID
			if err := s.enqueue(ctx, t); err != nil {
				return nil, err
			}
		}
		d.NextAt = times.Next(slot)
		d.note(line)
		fired = Fired{Outcome: line.Outcome, Slot: slot, Task: line.Task}
		return nil, nil
	})
	if err == nil && fired.Paused {
		s.follow(ctx, f.Account, f.Schedule)
	}
	return fired, err
}

// outcome is what becomes of a slot that is settled now.
func (d *document) outcome(slot, now time.Time) Outcome {
	switch {
	case now.Sub(slot) <= Grace:
		return Ran
	case d.Missed == CatchUp:
		return CaughtUp
	}
	return Skipped
}

// pause lets no more slots come. A reason says that the schedule did it itself.
func (d *document) pause(reason string) {
	d.Paused, d.PausedReason, d.NextAt = true, reason, time.Time{}
	d.changed()
}

// taskID is the id of the task of one run: the same run, tried again, is the same task.
func taskID(f Firing, what, which string) string {
	return "schedule-" + event.Digest(f.Account, f.Schedule, what, which)
}
