package syncing

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	emulated "fieldboard.dev/fieldboard/emulators/jobber"
	"fieldboard.dev/fieldboard/shared/event"
	"fieldboard.dev/fieldboard/shared/record"
)

// Of two deliveries of a task one works and the other comes again later.
func TestOneWorkerAtATime(t *testing.T) {
	t.Parallel()
	s := newStack(t, 0.02)
	s.start(t)
	m := s.awaited(t)
	outcomes := make(chan Outcome, 4)
	for range cap(outcomes) {
		go func() {
			outcome, err := s.runner.Run(t.Context(), m)
			if err != nil {
				t.Error(err)
			}
			outcomes <- outcome
		}()
	}
	got := map[Outcome]int{}
	for range cap(outcomes) {
		got[<-outcomes]++
	}
	got[Busy] += got[Superseded] // those that came when it was over
	delete(got, Superseded)
	if diff := cmp.Diff(map[Outcome]int{Completed: 1, Busy: 3}, got); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
	if d := s.diff(t); d != "" {
		t.Errorf("the copy differs:\n%s", d)
	}
}

// A worker that was taken for dead and is not cannot write any more.
func TestAWorkerThatLostItsLeaseWritesNothing(t *testing.T) {
	t.Parallel()
	s := newStack(t, 0.02)
	s.start(t)
	m := s.awaited(t)
	claimed, v, err := s.runner.claim(t.Context(), m)
	if err != nil || v != mine {
		t.Fatalf("verdict %d, error %v", v, err)
	}
	slow, err := s.runner.step(t.Context(), s.account, claimed)
	if err != nil {
		t.Fatal(err)
	}
	s.clock.advance(lease)
	if outcome, err := s.runner.Run(t.Context(), m); err != nil || outcome != Completed {
		t.Fatalf("the one that took over: %s, error %v", outcome, err)
	}
	rows := rowsCopied(t, s)
	if outcome, err := s.runner.conclude(t.Context(), slow, slow.work(t.Context())); err != nil || outcome != Superseded {
		t.Errorf("the slow one: %s, error %v", outcome, err)
	}
	if after := rowsCopied(t, s); after != rows {
		t.Errorf("the slow one wrote: %d rows, %d before", after, rows)
	}
}

// Jobber fails and throttles now and then; the copy comes to its end all the same.
func TestACopyThroughFaults(t *testing.T) {
	t.Parallel()
	s := newStack(t, 0.02)
	for _, kind := range []string{"500", "throttle"} {
		s.control(t, http.MethodPost, "faults", map[string]any{"kind": kind, "probability": 0.15})
	}
	s.start(t)
	for range 50 {
		outcome, err := s.runner.Run(t.Context(), s.awaited(t))
		if err != nil {
			t.Fatal(err)
		}
		if outcome == Completed {
			break
		}
		if outcome == Ended || outcome == Busy {
			t.Fatalf("a step %s", outcome)
		}
		s.clock.advance(delay(10))
	}
	s.control(t, http.MethodDelete, "faults", nil)
	if d := s.diff(t); d != "" {
		t.Errorf("the copy differs:\n%s", d)
	}
	if total := len(s.copied(t)); rowsCopied(t, s) != total {
		t.Errorf("%d rows were read for %d records", rowsCopied(t, s), total)
	}
}

// What is hidden from the connecting person is not taken for empty.
func TestHiddenFieldsKeepWhatIsKnown(t *testing.T) {
	t.Parallel()
	s := newWebhookSide(t, newStack(t, 0.02))
	s.sync(t)
	var known *record.Invoice
	for _, r := range s.copied(t) {
		if i, ok := r.(*record.Invoice); ok && i.BalanceCents > 0 {
			known = i
		}
	}
	s.control(t, http.MethodPost, "faults", map[string]any{"kind": "hide", "type": "Invoice", "field": "amounts", "probability": 1})
	s.receive(t, s.notice(t, "INVOICE_UPDATE", known.JobberID, s.clock.Now()))
	s.followAll(t)
	got, err := s.runner.records.Get(t.Context(), s.account, record.Invoices, known.ID)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(plain(t, known), plain(t, got)); d != "" {
		t.Errorf("the invoice changed (-before +after):\n%s", d)
	}
	if !got.Base().FetchedAt.After(known.FetchedAt) {
		t.Error("the invoice was not read again")
	}
}

// A collection that may not be read is told of, the others are copied, and it is copied as soon as it may be.
func TestAHiddenCollection(t *testing.T) {
	t.Parallel()
	s := newStack(t, 0.02)
	s.control(t, http.MethodPost, "faults", map[string]any{"kind": "hide", "type": "Query", "field": "requests", "probability": 1})
	s.sync(t)
	states := func() map[record.Collection]State {
		got := map[record.Collection]State{}
		for _, c := range s.status(t).Collections {
			got[c.Collection] = c.State
		}
		return got
	}
	want := map[record.Collection]State{}
	for _, c := range record.Collections {
		want[c] = StateLive
	}
	want[record.Requests] = StateFailed
	if d := cmp.Diff(want, states()); d != "" {
		t.Errorf("while it is hidden (-want +got):\n%s", d)
	}
	if told := s.told(t, event.SyncFailed); len(told) != 1 || !strings.Contains(told[0].Detail, "requests") {
		t.Errorf("people were told %+v", told)
	}
	s.later(t)
	if told := s.told(t, event.SyncFailed); len(told) != 1 {
		t.Errorf("people were told %d times", len(told))
	}
	s.control(t, http.MethodDelete, "faults", nil)
	s.later(t)
	want[record.Requests] = StateLive
	if d := cmp.Diff(want, states()); d != "" {
		t.Errorf("when it is shown (-want +got):\n%s", d)
	}
	if d := s.diff(t); d != "" {
		t.Errorf("the copy differs:\n%s", d)
	}
}

func TestProgressIsTold(t *testing.T) {
	t.Parallel()
	s := newStack(t, 0.02)
	s.sync(t)
	progress := s.told(t, event.SyncProgress)
	if len(progress) == 0 || !strings.HasPrefix(progress[0].Title, "Copying ") || !strings.Contains(progress[0].Detail, " of ") {
		t.Errorf("progress: %+v", progress)
	}
	slices.Reverse(progress) // oldest first
	for i, e := range progress[1:] {
		if gap := e.Time.Sub(progress[i].Time); gap < progressEvery-time.Second {
			t.Errorf("%s after another one", gap)
		}
	}
	completed := s.told(t, event.SyncCompleted)
	want := fmt.Sprintf("%s records", thousands(len(s.copied(t))))
	if len(completed) != 1 || completed[0].Detail != want {
		t.Errorf("completion: %+v, want %q", completed, want)
	}
	s.later(t)
	if n := len(s.told(t, event.SyncCompleted)); n != 1 {
		t.Errorf("%d completions were told", n)
	}
}

func TestTheScheduleStartsWhatIsDue(t *testing.T) {
	t.Parallel()
	s := newWebhookSide(t, newStack(t, 0.02))
	schedule, err := NewSchedule(t.Context(), s.in)
	if err != nil {
		t.Fatal(err)
	}
	tick := func(what string, want Ticked) {
		t.Helper()
		got, err := schedule.Tick(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", what, d)
		}
	}
	tick("an account that was never copied", Ticked{Accounts: 1, Started: 1})
	tick("a run that is queued", Ticked{Accounts: 1})
	s.clock.advance(lease + time.Second)
	tick("a run whose task was lost", Ticked{Accounts: 1, Started: 1})
	s.finish(t)
	tick("a run that is done", Ticked{Accounts: 1})
	s.clock.advance(s.runner.cfg.Interval)
	s.receive(t, s.notice(t, "CLIENT_UPDATE", record.JobberIDOf(s.act(t, http.MethodPost, "clients")), s.clock.Now()))
	tick("the interval is over", Ticked{Accounts: 1, Started: 1})
	s.finish(t)
	s.clock.advance(republishAfter + time.Second)
	tick("a notice that nobody followed", Ticked{Accounts: 1, Republished: 1})
	s.followAll(t)
	tick("a notice that was followed", Ticked{Accounts: 1})
	if _, err := s.runner.api.Store().Disconnect(t.Context(), s.account, "a test"); err != nil {
		t.Fatal(err)
	}
	s.clock.advance(time.Hour)
	tick("an account that is not connected", Ticked{})
}

// A copy that does not come to its end any more is told of once, and so is that it does again.
func TestACopyThatIsBehindIsTold(t *testing.T) {
	t.Parallel()
	s := newWebhookSide(t, newStack(t, 0.02))
	schedule, err := NewSchedule(t.Context(), s.in)
	if err != nil {
		t.Fatal(err)
	}
	told := func(degraded, recovered int) {
		t.Helper()
		if _, err := schedule.Tick(t.Context()); err != nil {
			t.Fatal(err)
		}
		if d, r := len(s.told(t, event.HealthDegraded)), len(s.told(t, event.HealthRecovered)); d != degraded || r != recovered {
			t.Errorf("told %d times that it is behind and %d times that it is not, want %d and %d", d, r, degraded, recovered)
		}
	}
	s.clock.advance(time.Hour)
	told(0, 0) // it was never complete
	s.finish(t)
	interval := s.runner.cfg.Interval
	s.clock.advance(missedRuns*interval - time.Second)
	told(0, 0)
	for range 3 {
		s.clock.advance(interval)
		told(1, 0)
	}
	s.finish(t)
	told(1, 1)
	s.clock.advance(missedRuns * interval)
	told(2, 1) // again
}

// With Jobber's own limits the copy waits for its budget and is never refused.
func TestACopyWithinTheBudget(t *testing.T) {
	t.Parallel()
	s := newStack(t, 0.02, func(o *emulated.Options) {
		o.Bucket, o.RestoreRate = emulated.DefaultBucket, emulated.DefaultRestoreRate
	})
	s.sync(t)
	stats := s.control(t, http.MethodGet, "accounts/1/stats", nil)
	if spent := stats["pointsSpent"].(float64); spent <= emulated.DefaultBucket {
		t.Errorf("%v points were spent: that shows nothing", spent)
	}
	if throttled := stats["throttled"].(float64); throttled != 0 {
		t.Errorf("%v queries were refused", throttled)
	}
}

// While Jobber does not answer, people are told once, see why nothing moves, and do nothing for it to go on.
func TestAnOutageIsTold(t *testing.T) {
	t.Parallel()
	s := newStack(t, 0.02)
	s.sync(t)
	s.control(t, http.MethodPost, "faults", map[string]any{"kind": "500", "probability": 1})
	s.clock.advance(5 * time.Minute)
	s.start(t)
	for range manyFailures + 1 {
		if outcome, err := s.runner.Run(t.Context(), s.awaited(t)); err != nil || outcome != Waiting {
			t.Fatalf("a step %s, error %v", outcome, err)
		}
		s.clock.advance(delay(manyFailures))
	}
	for _, c := range s.status(t).Collections {
		if c.State != StateFailed || !strings.Contains(c.Error, "does not answer") || c.Records == 0 {
			t.Errorf("during the outage: %+v", c)
		}
	}
	if told := s.told(t, event.SyncFailed); len(told) != 1 {
		t.Errorf("people were told %d times", len(told))
	}
	s.control(t, http.MethodDelete, "faults", nil)
	s.finish(t)
	for _, c := range s.status(t).Collections {
		if c.State != StateLive || c.Error != "" {
			t.Errorf("after the outage: %+v", c)
		}
	}
}
