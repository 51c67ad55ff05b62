package schedule

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// How much one run of Tend does of each; the rest waits for the next.
const (
	tendFires = 200
	tendSyncs = 100
)

// Tended says what Tend did.
type Tended struct {
	Fired   int `json:"fired" doc:"Slots that nobody had called for."`
	Synced  int `json:"synced" doc:"Jobs that were made what their schedules say."`
	Orphans int `json:"orphans" doc:"Jobs of no schedule, which were deleted."`
}

// Tend settles the slots that nobody called for, and makes the jobs of schedules that were changed and not followed. One that
// fails does not keep back the others.
func (s *Schedules) Tend(ctx context.Context) (Tended, error) {
	var done Tended
	var errs []error
	due, err := s.store.due(ctx, s.clock.Now(), tendFires)
	errs = append(errs, err)
	for _, one := range due {
		fired, err := s.Fire(ctx, Firing{one.account, one.id})
		if err != nil {
			errs = append(errs, fmt.Errorf("schedule %s of %s: %w", one.id, one.account, err))
		} else if fired.Outcome != "" {
			done.Fired++
		}
	}
	left, err := s.store.unsynced(ctx, tendSyncs)
	errs = append(errs, err)
	for _, one := range left {
		if err := s.sync(ctx, one.account, one.id); err != nil {
			errs = append(errs, fmt.Errorf("the job of schedule %s of %s: %w", one.id, one.account, err))
		} else {
			done.Synced++
		}
	}
	return done, errors.Join(errs...)
}

// Reconcile compares all jobs with all schedules: it makes those that are missing or differ, and deletes those of no schedule. It
// reads all of both, so it runs seldom; what Tend does not find is only what somebody did by hand, or what was restored.
func (s *Schedules) Reconcile(ctx context.Context) (Tended, error) {
	var done Tended
	var errs []error
	// The jobs first: one that is made meanwhile is not taken for an orphan.
	jobs, err := s.jobs.list(ctx)
	if err != nil {
		return done, err
	}
	known := map[string]bool{}
	err = s.store.each(ctx, func(one stored) error {
		name := s.jobs.name(one.account, one.id)
		known[name] = true
		if !s.jobs.differs(one, jobs[name]) {
			return nil
		}
		if err := s.sync(ctx, one.account, one.id); err != nil {
			errs = append(errs, fmt.Errorf("the job of schedule %s of %s: %w", one.id, one.account, err))
		} else {
			done.Synced++
		}
		return nil
	})
	if err != nil {
		return done, errors.Join(append(errs, err)...) // not all are known, so none is taken for an orphan
	}
	for name := range jobs {
		if known[name] {
			continue
		}
		if err := s.jobs.orphan(ctx, name); err != nil {
			errs = append(errs, err)
		} else {
			done.Orphans++
		}
	}
	return done, errors.Join(errs...)
}

// syncTries bounds how often a job follows a schedule that is changed all the time.
const syncTries = 5

// sync makes the job of a schedule what its document says, and takes the document of a deleted one away.
func (s *Schedules) sync(ctx context.Context, account, id string) error {
	for range syncTries {
		d, err := s.store.get(ctx, account, id)
		if err != nil {
			return err
		}
		if err := s.jobs.ensure(ctx, account, id, d); err != nil {
			return err
		}
		same, err := s.store.settled(ctx, account, id, d.Version)
		if err != nil || same {
			return err
		}
	}
	return fmt.Errorf("the schedule changes faster than its job can follow")
}

// follow makes the job of a schedule that was just changed. What fails is left to Tend, which starts its slots meanwhile, so it
// is logged and not returned: the change itself is done.
func (s *Schedules) follow(ctx context.Context, account, id string) {
	ctx, cancel := context.WithTimeout(ctx, followTimeout)
	defer cancel()
	if err := s.sync(ctx, account, id); err != nil {
		s.log.WarnContext(ctx, "the job of a schedule was not made; tending will", "schedule", id, "error", err)
	}
}

// followTimeout bounds what a member waits for Cloud Scheduler.
const followTimeout = 10 * time.Second
