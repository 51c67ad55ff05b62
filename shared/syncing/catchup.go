package syncing

import (
	"context"
	"errors"

	"fieldboard.dev/fieldboard/shared/record"
)

// catchUpAll reads, collection by collection, what changed since the last time. What webhooks brought in between is known
// already and costs its reading alone.
func (s *step) catchUpAll(ctx context.Context) error {
	for _, c := range record.Collections {
		state := s.states[c]
		if !state.Copied || state.CaughtUp == s.run.ID {
			continue // it could not be copied, and the next run tries again; or an earlier step did it
		}
		err := s.catchUp(ctx, s.sources[c])
		if err != nil && hopeless(err) && !disconnected(err) {
			err = s.fail(ctx, c, s.states[c], err)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// catchUp makes a pass through the collection's readings, or what is left of one. Its checkpoint is written once, at the
// end: pages that a dead worker read are read again, which changes nothing.
func (s *step) catchUp(ctx context.Context, src source) error {
	c := src.collection
	state, err := s.read(ctx, src, s.states[c].begin(s.clock.Now()))
	if errors.Is(err, errFenced) {
		return err
	}
	s.states[c] = state
	return errors.Join(err, s.keep(ctx, c, state))
}

// read goes through what is left of a pass and returns how far it came.
func (s *step) read(ctx context.Context, src source, state checkpoint) (checkpoint, error) {
	w := window{since: state.HighWater.Add(-overlap), now: state.PassAt}
	for state.Reading < len(src.readings) {
		if s.over() {
			return state, errSliceOver
		}
		if err := s.renew(ctx); err != nil {
			return state, err
		}
		rd := src.readings[state.Reading]
		q := rd.request(w)
		q.After = state.Cursor
		if rd.rolling {
			q.After = state.Scan
		}
		s.pages++
		p, err := src.page(ctx, s.account, q)
		if err != nil {
			return state, err
		}
		result, err := s.records.Apply(ctx, s.scope, record.Batch{Upserts: p.upserts, Check: s.held})
		if err != nil {
			return state, err
		}
		state = state.readPage(rd, w, p, result)
	}
	state.CaughtUp = s.run.ID
	return state.finish(), nil
}

// keep writes a checkpoint that goes with no page.
func (s *step) keep(ctx context.Context, c record.Collection, state checkpoint) error {
	state.Version++
	s.states[c] = state
	return s.store.save(ctx, s.account, s.run.Fence, c, state)
}

// readPage is the checkpoint after a page of a reading.
func (c checkpoint) readPage(rd reading, w window, p page, r record.Result) checkpoint {
	c.Pages++
	c.Cursor = p.next
	if rd.rolling {
		c.Scan = ""
		if p.more {
			c.Scan = p.next
		}
	}
	if !p.more || rd.pages > 0 && c.Pages >= rd.pages || rd.until != nil && rd.until(w, p, r) {
		c.Reading, c.Pages, c.Cursor = c.Reading+1, 0, ""
	}
	return c
}
