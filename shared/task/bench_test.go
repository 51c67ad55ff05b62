package task_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"fieldboard.dev/fieldboard/shared/task"
)

// BenchmarkEnqueueToStart enqueues tasks one after the other, as people do, and tells how long each takes to begin
// and to be done.
func BenchmarkEnqueueToStart(b *testing.B) {
	p := newPlace(b, options{})
	var mu sync.Mutex
	begun := map[string]time.Time{}
	kind := handle(b, p, task.Rules{Name: "nothing"}, func(_ context.Context, r *task.Run, _ note) error {
		mu.Lock()
		defer mu.Unlock()
		begun[r.ID] = time.Now()
		return nil
	})
	var starts, ends []time.Duration
	one := func() {
		x := kind.New(account, note{})
		x.ID = time.Now().Format("150405.000000000")
		asked := time.Now()
		if _, err := p.engine.Enqueue(b.Context(), x); err != nil {
			b.Fatal(err)
		}
		for {
			v, err := p.engine.Get(b.Context(), account, x.ID)
			if err != nil {
				b.Fatal(err)
			}
			if v.State == task.Done {
				break
			}
			time.Sleep(2 * time.Millisecond)
		}
		mu.Lock()
		starts, ends = append(starts, begun[x.ID].Sub(asked)), append(ends, time.Since(asked))
		mu.Unlock()
	}
	one()
	first := ends[0] // connections are made, and the emulator warms up
	starts, ends = nil, nil
	for b.Loop() {
		one()
	}
	b.ReportMetric(float64(first.Milliseconds()), "first-ms")
	for name, all := range map[string][]time.Duration{"start": starts, "done": ends} {
		slices.Sort(all)
		b.ReportMetric(float64(all[len(all)/2].Milliseconds()), name+"-p50-ms")
		b.ReportMetric(float64(all[len(all)*99/100].Milliseconds()), name+"-p99-ms")
	}
}
