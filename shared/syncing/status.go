package syncing

import (
	"cmp"
	"context"
	"time"

	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/cloud"
	"fieldboard.dev/fieldboard/shared/record"
)

// State says how a collection of the copy stands.
type State string

// The states.
const (
	StateCopying State = "copying" // the first full copy is not complete
	StateLive    State = "live"    // the copy follows Jobber
	StateStale   State = "stale"   // nothing was compared with Jobber for staleAfter
	StateFailed  State = "failed"  // it cannot be read, or not again and again; Error says why
)

// staleAfter is three runs of the schedule.
const staleAfter = 15 * time.Minute

// Status says how an account's copy stands. Whether the account is connected is told by package jobber.
type Status struct {
	Collections []CollectionStatus `json:"collections"` // all of them, always, in the order of record.Collections
	StartedAt   *time.Time         `json:"startedAt"`   // of the run under way, or of the last one
	FinishedAt  *time.Time         `json:"finishedAt"`  // of the last run that went through
	Copying     bool               `json:"copying"`     // the first full copy is not complete
}

// CollectionStatus says how one collection stands.
type CollectionStatus struct {
	Collection record.Collection `json:"collection"`
	State      State             `json:"state"`
	Records    int               `json:"records"`  // living ones in the copy
	Copied     int               `json:"copied"`   // rows read by the full copy so far
	Expected   int               `json:"expected"` // rows that Jobber had when it began; 0 when unknown
	AsOf       *time.Time        `json:"asOf"`     // what Jobber knew at this instant is in the copy; nil while that was never so
	Error      string            `json:"error"`    // what went wrong last, for people; "" when nothing did
}

// Reader tells how copies stand.
type Reader struct {
	store store
	clock clock.Clock
}

// NewReader returns a reader. It dials nothing.
func NewReader(clients *cloud.Clients, clk clock.Clock) *Reader {
	return &Reader{store: store{clients}, clock: clk}
}

// Status tells how the account's copy stands. An account that never began has every collection at StateCopying.
func (r *Reader) Status(ctx context.Context, account string) (Status, error) {
	run, states, err := r.store.read(ctx, account)
	if err != nil {
		return Status{}, err
	}
	counts, err := r.store.counts(ctx, account)
	if err != nil {
		return Status{}, err
	}
	now := r.clock.Now()
	s := Status{StartedAt: orNil(run.StartedAt), FinishedAt: orNil(run.FinishedAt), Copying: states.copying()}
	for _, c := range record.Collections {
		state := states[c]
		if run.Failures >= manyFailures && state.CaughtUp != run.ID && state.Error == "" {
			state.Error = run.Error // what the run did not come to
		}
		s.Collections = append(s.Collections, CollectionStatus{
			Collection: c, State: state.stateAt(now, s.Copying), Records: int(counts[string(c)]),
			Copied: state.Records, Expected: state.Total, AsOf: orNil(state.HighWater), Error: cmp.Or(state.Error, state.Held),
		})
	}
	return s, nil
}

// stateAt tells the collection's state. While others are still being copied, one that is copied waits its turn and is
// kept up by webhooks, so it is not called stale.
func (c checkpoint) stateAt(now time.Time, copying bool) State {
	switch {
	case c.Error != "" || c.Held != "":
		return StateFailed
	case !c.Copied:
		return StateCopying
	case !copying && now.Sub(c.HighWater) > staleAfter:
		return StateStale
	}
	return StateLive
}

func orNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	u := t.UTC()
	return &u
}
