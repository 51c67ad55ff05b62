package syncing

import (
	"context"
	"errors"
	"fmt"
	"time"

	"fieldboard.dev/fieldboard/shared/jobber"
	"fieldboard.dev/fieldboard/shared/record"
)

// Deletions are told by webhooks alone, and what is deleted with its parent by nobody. What got lost is found by counting:
// when Jobber's number of records and ours differ in the same way in two runs, every id is compared.
const (
	sweepEvery = 15 * time.Minute // at most one comparison of a collection in this time
	// A comparison that finds more records gone than vanishAlways, and more than one in vanishShare of the collection,
	// deletes nothing: it is likelier that something is wrong at Jobber, or with what it shows us.
	vanishAlways = 25
	vanishShare  = 10
)

// reconcileAll compares the counts of all collections, and the ids of those whose counts call for it.
func (s *step) reconcileAll(ctx context.Context) error {
	theirs, err := s.api.Counts(ctx, s.account)
	if err != nil {
		return s.without(ctx, "all", err)
	}
	ours, err := s.store.counts(ctx, s.account)
	if err != nil {
		return err
	}
	for _, c := range record.Collections {
		src := s.sources[c]
		before := s.states[c]
		total, counted := theirs[jobber.Collection(c)]
		if !before.Copied || !counted {
			continue
		}
		state, sweep := before.counted(total-int(ours[string(c)]), s.clock.Now())
		switch {
		case sweep:
			err = s.sweep(ctx, src, state)
		case state != before:
			err = s.keep(ctx, c, state)
		}
		if err := s.without(ctx, c, err); err != nil {
			return err
		}
	}
	return nil
}

// without lets a run go on when Jobber does not let its ids be compared; what was read is no worse for it.
func (s *step) without(ctx context.Context, c record.Collection, err error) error {
	if err == nil || !hopeless(err) || disconnected(err) {
		return err
	}
	s.log.ErrorContext(ctx, "the copy cannot be compared with Jobber", "account", s.account, "collection", c, "error", err)
	return nil
}

// counted notes by how many records Jobber is ahead of the copy, and tells whether the ids must be compared. A difference
// that is seen once is likely a change on its way here.
func (c checkpoint) counted(gap int, now time.Time) (checkpoint, bool) {
	sweep := gap != 0 && gap == c.Gap && gap != c.Settled && now.Sub(c.SweptAt) >= sweepEvery
	c.Gap = gap
	if gap == 0 {
		c.Settled, c.Held = 0, ""
	}
	return c, sweep
}

// sweep compares all ids and fetches each record that one side lacks: what Jobber confirms to be gone is deleted, what
// the copy lacks is taken in.
func (s *step) sweep(ctx context.Context, src source, state checkpoint) error {
	began := s.clock.Now()
	theirs, err := s.jobberIDs(ctx, src.collection)
	if err != nil {
		return err
	}
	ours, err := s.store.living(ctx, s.account, src.collection)
	if err != nil {
		return err
	}
	var vanished, missed []string
	for id, known := range ours {
		if _, there := theirs[id]; !there && known.fetchedAt.Before(began) {
			vanished = append(vanished, known.jobberID)
		}
	}
	if len(vanished) > vanishAlways && len(vanished)*vanishShare > len(ours) {
		return s.stopDeleting(ctx, src.collection, state, len(vanished), len(ours))
	}
	for id, jobberID := range theirs {
		if _, known := ours[id]; !known {
			missed = append(missed, jobberID)
		}
	}
	err = s.confirm(ctx, src, vanished, jobber.Deleted)
	if errors.Is(err, errTooManyVanish) {
		return s.stopDeleting(ctx, src.collection, state, len(vanished), len(ours))
	}
	if err != nil {
		return err
	}
	if err := s.confirm(ctx, src, missed, jobber.Created); err != nil {
		return err
	}
	counts, err := s.store.counts(ctx, s.account)
	if err != nil {
		return err
	}
	state.SweptAt, state.Held = began, ""
	state.Gap = len(theirs) - int(counts[string(src.collection)])
	state.Settled = state.Gap
	s.log.InfoContext(ctx, "ids compared", "account", s.account, "collection", src.collection, "theirs", len(theirs), "ours", len(ours),
		"vanished", len(vanished), "missed", len(missed), "left", state.Gap)
	return s.keep(ctx, src.collection, state)
}

// jobberIDs returns every id of a collection at Jobber, by record id.
func (s *step) jobberIDs(ctx context.Context, c record.Collection) (map[string]string, error) {
	ids := map[string]string{}
	for q := (jobber.PageRequest{}); ; {
		if s.over() {
			return nil, errSliceOver
		}
		if err := s.renew(ctx); err != nil {
			return nil, err
		}
		p, err := s.api.IDs(ctx, s.account, jobber.Collection(c), q)
		if err != nil {
			return nil, err
		}
		for _, jobberID := range p.Items {
			id, err := record.IDOf(jobberID)
			if err != nil {
				return nil, err
			}
			ids[id] = jobberID
		}
		if !p.HasNext {
			return ids, nil
		}
		q.After = p.NextCursor
	}
}

// confirm fetches each suspect, with what was deleted or made along with it, and applies what it finds.
func (s *step) confirm(ctx context.Context, src source, suspects []string, what jobber.Action) error {
	for _, jobberID := range suspects {
		if s.over() {
			return errSliceOver
		}
		if err := s.renew(ctx); err != nil {
			return err
		}
		e := s.errand(s.account)
		if err := e.gather(ctx, src.collection, jobberID, what); err != nil {
			return err
		}
		e.batch.Check = s.held
		if _, err := s.records.Apply(ctx, s.scope, e.batch); err != nil {
			return err
		}
	}
	return nil
}

// stopDeleting keeps everything and tells people.
func (s *step) stopDeleting(ctx context.Context, c record.Collection, state checkpoint, suspects, ours int) error {
	s.log.ErrorContext(ctx, "too many records vanished; nothing is deleted", "account", s.account, "collection", c, "vanished", suspects, "of", ours)
	first := state.Held == ""
	state.SweptAt = s.clock.Now()
	state.Held = fmt.Sprintf("%s of %s %s are no longer shown by Jobber. They are kept until this is looked into.",
		thousands(suspects), thousands(ours), c)
	if err := s.keep(ctx, c, state); err != nil {
		return err
	}
	if first {
		s.tellFailed(ctx, state.Held)
	}
	return nil
}
