package syncing

import (
	"context"
	"time"

	"fieldboard.dev/fieldboard/shared/event"
)

// missedRuns is how many runs in a row may fail to go through before the copy counts as behind.
const missedRuns = 3

// tellBehind tells once that the copy of an account falls behind, until a run goes through. An account that was not copied
// yet, or was connected a moment ago, is not behind.
func (s *Schedule) tellBehind(ctx context.Context, account string, r run, connectedAt time.Time) error {
	now, since := s.starter.clock.Now(), r.FinishedAt
	if connectedAt.After(since) {
		since = connectedAt
	}
	if r.FinishedAt.IsZero() || r.Behind || now.Sub(since) < missedRuns*s.starter.cfg.Interval {
		return nil
	}
	e := event.New(account, event.HealthDegraded, now)
	e.ID = event.Digest(account, "behind", r.FinishedAt.UTC().Format(time.RFC3339Nano))
	e.Collection, e.EntityID, e.Title, e.Detail = "sync", runDocument, "The copy of Jobber's data is behind", r.Error
	if err := s.events.EmitOnce(ctx, e); err != nil {
		return err
	}
	_, err := s.starter.store.changeRun(ctx, account, func(x run) (run, bool, error) {
		same := x.FinishedAt.Equal(r.FinishedAt)
		x.Behind = x.Behind || same
		return x, same, nil
	})
	return err
}

// tellRecovered tells that a copy that was behind is up to date again.
func (s *step) tellRecovered(ctx context.Context) {
	s.emit(ctx, s.event(event.HealthRecovered, "The copy of Jobber's data is up to date again", ""))
}
