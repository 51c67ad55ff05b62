package schedule

import (
	"context"
	"slices"
	"strings"
	"time"

	"fieldboard.dev/fieldboard/shared/event"
	"fieldboard.dev/fieldboard/shared/httpapi"
	"fieldboard.dev/fieldboard/shared/problem"
)

// Create stores a new schedule, which runs in the name of who makes it, and makes its job. The id makes the same request sent
// again the same schedule. Its errors are problems: Invalid with all that is wrong, Forbidden, Conflict for too many.
func (s *Schedules) Create(ctx context.Context, p httpapi.Principal, w Wanted, id string) (Schedule, error) {
	c, err := s.check(ctx, p, w)
	if err != nil {
		return Schedule{}, err
	}
	now := s.clock.Now()
	d := document{By: p.UserID, CreatedAt: now, CreatedBy: p.UserID, NextAt: c.times.Next(now), History: []runLine{}}
	d.want(c)
	d.changed()
	if d, err = s.create(ctx, p.AccountID, id, d, s.told(event.ScheduleCreated, p, id, &d)); err != nil {
		return Schedule{}, err
	}
	s.follow(ctx, p.AccountID, id)
	return d.schedule(p.AccountID, id), nil
}

// told returns the event that a member did something with a schedule.
func (s *Schedules) told(typ string, p httpapi.Principal, id string, d *document) event.Event {
	e := event.New(p.AccountID, typ, s.clock.Now())
	e.Audience, e.EntityID, e.Title, e.Actor = event.Security, id, d.Name, p.UserID
	e.Detail = d.Cron + ", " + d.Zone
	return e
}

// pausedItself returns the events that a schedule paused itself: for those who look after the account, and for the member in
// whose name it ran.
func (s *Schedules) pausedItself(f Firing, d *document, now time.Time) []event.Event {
	e := event.New(f.Account, event.SchedulePaused, now)
	e.Audience, e.EntityID, e.Title, e.Detail = event.Security, f.Schedule, d.Name, d.PausedReason
	personal := event.New(f.Account, event.SchedulePaused, now)
	personal.Audience, personal.EntityID, personal.Title, personal.Detail, personal.Member = event.Personal, f.Schedule, d.Name, d.PausedReason, d.By
	return []event.Event{e, personal}
}

// Change is what to change of a schedule; what is nil stays. Order, Action and Recipients are changed with what they stand for.
type Change struct {
	Name       *string
	Action     *string
	Order      []byte
	When       *When
	Zone       *string
	Recipients []string
	Missed     *Missed
	Paused     *bool
}

func (c Change) applied(d document) Wanted {
	w := d.schedule("", "").Wanted
	if c.Name != nil {
		w.Name = *c.Name
	}
	if c.Action != nil {
		w.Action = *c.Action
	}
	if c.Order != nil {
		w.Order = c.Order
	}
	if c.When != nil {
		w.When = *c.When
	}
	if c.Zone != nil {
		w.Zone = *c.Zone
	}
	if c.Recipients != nil {
		w.Recipients = c.Recipients
	}
	if c.Missed != nil {
		w.Missed = *c.Missed
	}
	return w
}

// onlyPauses tells whether nothing but an end of the runs is asked for. That is possible whatever has become of the rest.
func (c Change) onlyPauses() bool {
	return c.Paused != nil && *c.Paused && c.Name == nil && c.Action == nil && c.Order == nil && c.When == nil && c.Zone == nil &&
		c.Recipients == nil && c.Missed == nil
}

// Change changes a schedule, pauses it or lets it go on. Whoever does more than pausing it must be allowed what it needs, before
// and after, and it runs in their name from then on. Slots that came while it was paused are not caught up, nor are those of
// times that were changed.
func (s *Schedules) Change(ctx context.Context, p httpapi.Principal, id string, change Change) (Schedule, error) {
	seen, err := s.there(ctx, p.AccountID, id)
	if err != nil {
		return Schedule{}, err
	}
	var c checked
	if !change.onlyPauses() {
		if err := s.mayTouch(ctx, p, seen); err != nil {
			return Schedule{}, err
		}
		if c, err = s.check(ctx, p, change.applied(seen)); err != nil {
			return Schedule{}, err
		}
	}
	d, err := s.edit(ctx, p.AccountID, id, func(_ context.Context, d *document) ([]event.Event, error) {
		switch {
		case d.Deleted:
			return nil, notFound()
		case d.Version != seen.Version:
			return nil, problem.New(problem.Conflict, "Somebody else changed this schedule just now. Look at it again.")
		}
		return s.apply(p, id, d, change, c), nil
	})
	if err != nil {
		return Schedule{}, err
	}
	s.follow(ctx, p.AccountID, id)
	return d.schedule(p.AccountID, id), nil
}

// apply changes a document, and returns the events that tell of it.
func (s *Schedules) apply(p httpapi.Principal, id string, d *document, change Change, c checked) []event.Event {
	if change.onlyPauses() {
		if d.Paused && d.PausedReason == "" {
			return nil
		}
		d.pause("")
		return []event.Event{s.told(event.SchedulePaused, p, id, d)}
	}
	typ, now := event.ScheduleChanged, s.clock.Now()
	sameTimes := d.Cron == c.cron && d.Zone == c.Zone
	d.want(c)
	d.By = p.UserID
	d.changed()
	switch paused := change.Paused != nil && *change.Paused || change.Paused == nil && d.Paused; {
	case paused && change.Paused != nil:
		d.pause("")
	case paused:
	case d.Paused:
		typ = event.ScheduleResumed
		d.Paused, d.PausedReason, d.NextAt = false, "", c.times.Next(now)
	case !sameTimes:
		d.NextAt = c.times.Next(now)
	}
	return []event.Event{s.told(typ, p, id, d)}
}

// mayTouch refuses who may not do what a schedule does. One whose order means nothing any more may be changed by all who manage
// schedules.
func (s *Schedules) mayTouch(ctx context.Context, p httpapi.Principal, d document) error {
	action, known := s.actions[d.Action]
	if !known {
		return nil
	}
	needs, err := action.Check(ctx, p.AccountID, []byte(d.Order))
	if err != nil {
		return unlessInvalid(err)
	}
	return may(p, needs)
}

// Run starts what a schedule asks for now, besides its slots, in the name of who asks; a paused one too. The same run asked for
// again is not started again.
func (s *Schedules) Run(ctx context.Context, p httpapi.Principal, id, run string) (Run, error) {
	seen, err := s.there(ctx, p.AccountID, id)
	if err != nil {
		return Run{}, err
	}
	if err := s.mayTouch(ctx, p, seen); err != nil {
		return Run{}, err
	}
	f := Firing{p.AccountID, id}
	now := s.clock.Now()
	t, stop, err := s.prepare(ctx, f, seen, now, p.UserID)
	if err != nil {
		return Run{}, err
	}
	if stop != "" {
		return Run{}, problem.New(problem.Conflict, "It cannot run now. %s", stop)
	}
	t.ID = taskID(f, "asked", run)
	line := runLine{Slot: now, At: now, Outcome: Asked, Task: t.ID, By: p.UserID}
	_, err = s.edit(ctx, p.AccountID, id, func(ctx context.Context, d *document) ([]event.Event, error) {
		if d.Deleted {
			return nil, notFound()
		}
		if i := slices.IndexFunc(d.History, func(r runLine) bool { return r.Task == t.ID }); i >= 0 {
			line = d.History[i]
			return nil, errUnchanged
		}
		d.note(line)
		return nil, s.enqueue(ctx, t)
	})
	return Run{line.Slot.UTC(), line.At.UTC(), line.Outcome, line.Task, line.By, line.Reason}, err
}

// Delete ends a schedule. Tasks that it started go on.
func (s *Schedules) Delete(ctx context.Context, p httpapi.Principal, id string) error {
	if _, err := s.there(ctx, p.AccountID, id); err != nil {
		return err
	}
	_, err := s.edit(ctx, p.AccountID, id, func(_ context.Context, d *document) ([]event.Event, error) {
		if d.Deleted {
			return nil, notFound()
		}
		d.Deleted, d.NextAt = true, time.Time{}
		d.changed()
		return []event.Event{s.told(event.ScheduleDeleted, p, id, d)}, nil
	})
	if err != nil {
		return err
	}
	s.follow(ctx, p.AccountID, id)
	return nil
}

// there returns a schedule that is not deleted.
func (s *Schedules) there(ctx context.Context, account, id string) (document, error) {
	d, err := s.store.get(ctx, account, id)
	if err == nil && d.Deleted {
		err = notFound()
	}
	return d, err
}

// Get returns a schedule; a problem NotFound when the account has none by that id.
func (s *Schedules) Get(ctx context.Context, account, id string) (Schedule, error) {
	d, err := s.there(ctx, account, id)
	if err != nil {
		return Schedule{}, err
	}
	return d.schedule(account, id), nil
}

// Position is where a page of a list ends.
type Position struct {
	CreatedAt time.Time `json:"createdAt"`
	ID        string    `json:"id"`
}

// Valid tells whether a list can go on there.
func (p Position) Valid() bool { return p.ID != "" && !p.CreatedAt.IsZero() }

// before orders a list: the newest first.
func (p Position) before(other Position) int {
	if c := other.CreatedAt.Compare(p.CreatedAt); c != 0 {
		return c
	}
	return strings.Compare(p.ID, other.ID)
}

// List returns an account's schedules after a position, the newest first. There are few: see MaxSchedules.
func (s *Schedules) List(ctx context.Context, account string, after Position, limit int) (page []Schedule, more bool, err error) {
	found, err := s.store.list(ctx, account)
	if err != nil {
		return nil, false, err
	}
	slices.SortFunc(found, func(a, b stored) int {
		return Position{a.CreatedAt, a.id}.before(Position{b.CreatedAt, b.id})
	})
	for _, one := range found {
		if one.Deleted || after.ID != "" && after.before(Position{one.CreatedAt, one.id}) >= 0 {
			continue
		}
		if len(page) == limit {
			return page, true, nil
		}
		page = append(page, one.schedule(account, one.id))
	}
	return page, false, nil
}
