package task_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"cloud.google.com/go/firestore"

	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/task"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// However many tasks one account has, a task of another waits at most for as many of them as for those of its own account.
func TestOneAccountCannotKeepAnotherWaiting(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(seed, 2))
			p := newPlace(t, options{clock: clock.NewManual(start)}) // a shift that never ends: one worker does everything
			p.broken.Store(true)                                     // and no token brings another
			many, few, when := 100+random.IntN(60), 1+random.IntN(10), random.IntN(60)
			var order []string
			kind := task.Kind[note]{Name: "turn", Queue: "work"}
			add := func(account string, n int) {
				err := p.engine.Transaction(t.Context(), func(ctx context.Context, _ *firestore.Transaction) error {
					for range n {
						if added, err := p.engine.Enqueue(ctx, kind.New(account, note{})); err != nil || !added {
							return fmt.Errorf("added %v, error %w", added, err)
						}
					}
					return nil
				})
				if err != nil {
					t.Error(err)
				}
			}
			err := task.Handle(p.worker, kind, func(_ context.Context, r *task.Run, _ note) error {
				if len(order) == when {
					add("few", few)
				}
				order = append(order, r.Account)
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			add("many", many)
			if err := p.worker.Work(t.Context(), task.Token{}, false); err != nil {
				t.Fatal(err)
			}
			if len(order) != many+few {
				t.Fatalf("%d tasks ran, want %d", len(order), many+few)
			}
			nth := 0
			for place, account := range order {
				if account != "few" {
					continue
				}
				nth++
				if waited := place - when; waited > 2*nth {
					t.Errorf("task %d of the account with %d tasks waited for %d others, while the other had %d", nth, few, waited, many)
				}
			}
		})
	}
}

// A task whose key another holds is not added: within the window exactly, or until the other has ended.
func TestKeysAreExact(t *testing.T) {
	t.Parallel()
	now := clock.NewManual(start)
	p := newPlace(t, options{clock: now})
	p.broken.Store(true)
	kind := task.Kind[note]{Name: "keyed", Queue: "work"}
	random := rand.New(rand.NewPCG(4, 0))
	type held struct {
		until time.Time
		open  string // the task that has to end, for a key without a window
	}
	holds := map[string]held{}
	for step := range 120 {
		now.Advance(time.Duration(random.IntN(4000)) * time.Millisecond)
		x := kind.New([]string{account, "acc_2"}[random.IntN(2)], note{})
		x.ID, x.Key = fmt.Sprint(step), []string{"a", "b"}[random.IntN(2)]
		x.Window = []time.Duration{0, 3 * time.Second, 10 * time.Second}[random.IntN(3)]
		name := x.Account + x.Key
		h := holds[name]
		want := h.open == "" && !now.Now().Before(h.until)
		added, err := p.engine.Enqueue(t.Context(), x)
		if err != nil {
			t.Fatal(err)
		}
		if added != want {
			t.Fatalf("step %d: added %v, want %v: %+v at %s", step, added, want, h, now.Now())
		}
		if added && x.Window > 0 {
			holds[name] = held{until: now.Now().Add(x.Window)}
		} else if added {
			holds[name] = held{open: x.ID}
		}
		if h := holds[name]; h.open != "" && random.IntN(3) == 0 {
			if _, err := p.engine.Cancel(t.Context(), x.Account, h.open, "user_1"); err != nil {
				t.Fatal(err)
			}
			holds[name] = held{}
		}
	}
}
