package syncing

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fieldboard.dev/fieldboard/shared/record"
)

func TestACopyHasEverything(t *testing.T) {
	t.Parallel()
	s := newStack(t, 0.02)
	before := s.status(t)
	if !before.Copying || len(before.Collections) != len(record.Collections) || before.FinishedAt != nil {
		t.Errorf("before the copy: %+v", before)
	}
	s.sync(t)
	if d := s.diff(t); d != "" {
		t.Errorf("the copy differs:\n%s", d)
	}
	after := s.status(t)
	if after.Copying || after.FinishedAt == nil {
		t.Errorf("after the copy: copying %v, finished at %v", after.Copying, after.FinishedAt)
	}
	counts := map[record.Collection]int{}
	for k := range s.copied(t) {
		counts[k.collection]++
	}
	for i, c := range after.Collections {
		want := CollectionStatus{
			Collection: record.Collections[i], State: StateLive, Records: counts[c.Collection], Copied: counts[c.Collection],
			Expected: counts[c.Collection], AsOf: c.AsOf,
		}
		if diff := cmp.Diff(want, c); diff != "" || c.AsOf == nil || c.Records == 0 {
			t.Errorf("status (-want +got):\n%s as of %v", diff, c.AsOf)
		}
	}
}

// A worker dies at a random moment, three times; each time another one goes on where it stopped.
func TestACopyGoesOnWhereItStopped(t *testing.T) {
	t.Parallel()
	for _, seed := range []uint64{1, 2, 3} {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			s := newStack(t, 0.02)
			random := rand.New(rand.NewPCG(seed, 0))
			s.start(t)
			var last int
			for range 3 {
				dieAfterPages(t, s, 1+random.IntN(3))
				copied := rowsCopied(t, s)
				if copied < last {
					t.Errorf("%d rows were copied, %d before", copied, last)
				}
				last = copied
				s.clock.advance(lease)
			}
			s.finish(t)
			if d := s.diff(t); d != "" {
				t.Errorf("the copy differs:\n%s", d)
			}
			if total := len(s.copied(t)); rowsCopied(t, s) != total {
				t.Errorf("%d rows were read for %d records: pages were read twice or not at all", rowsCopied(t, s), total)
			}
		})
	}
}

func (s *stack) status(tb testing.TB) Status {
	tb.Helper()
	status, err := NewReader(s.in.Cloud, s.clock).Status(tb.Context(), s.account)
	if err != nil {
		tb.Fatal(err)
	}
	return status
}

func rowsCopied(tb testing.TB, s *stack) int {
	tb.Helper()
	var n int
	for _, c := range s.status(tb).Collections {
		n += c.Copied
	}
	return n
}

// dieAfterPages runs the awaited step and breaks it off when so many more pages were written.
func dieAfterPages(t *testing.T, s *stack, pages int) {
	t.Helper()
	ctx, die := context.WithCancel(t.Context())
	defer die()
	from := rowsCopied(t, s)
	done := make(chan error, 1)
	go func() {
		_, err := s.runner.Run(ctx, s.awaited(t))
		done <- err
	}()
	for written := 0; written < pages; {
		select {
		case err := <-done:
			t.Fatalf("the step ended by itself: %v", err)
		case <-time.After(time.Millisecond):
		}
		if now := rowsCopied(t, s); now != from {
			from = now
			written++
		}
	}
	die()
	if err := <-done; err == nil {
		t.Log("the step came to its end just before it was broken off")
	}
}

func TestStepsHandOver(t *testing.T) {
	t.Parallel()
	s := newStack(t, 0.02)
	s.start(t)
	s.runner.cfg.Slice = 1 // nanosecond: a page a step
	var steps int
	for {
		m := s.awaited(t)
		outcome, err := s.runner.Run(t.Context(), m)
		if err != nil {
			t.Fatal(err)
		}
		steps++
		if outcome == Completed {
			break
		}
		if outcome != Continued {
			t.Fatalf("step %d %s", m.Step, outcome)
		}
		if again, err := s.runner.Run(t.Context(), m); err != nil || again != Superseded {
			t.Fatalf("step %d, delivered again: %s, error %v", m.Step, again, err)
		}
	}
	if steps <= len(record.Collections) {
		t.Errorf("the run had %d steps only", steps)
	}
	if d := s.diff(t); d != "" {
		t.Errorf("the copy differs:\n%s", d)
	}
}
