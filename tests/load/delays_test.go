package load_test

import (
	"slices"
	"sync"
	"testing"
)

// delays are microseconds.
type delays struct {
	mu  sync.Mutex
	all []int64
}

func (d *delays) add(one int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.all = append(d.all, one)
}

func (d *delays) report(b *testing.B, prefix string) {
	b.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.all) == 0 {
		return
	}
	slices.Sort(d.all)
	for _, q := range []struct {
		name     string
		fraction float64
	}{{"p50-ms", 0.50}, {"p95-ms", 0.95}, {"p99-ms", 0.99}} {
		b.ReportMetric(float64(d.all[int(q.fraction*float64(len(d.all)-1))])/1000, prefix+q.name)
	}
}
