package server_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"cloud.google.com/go/pubsub/v2"

	"fieldboard.dev/fieldboard/shared/account"
)

// BenchmarkPublishToReceive measures the time from a Pub/Sub publish to the receipt by each of 100 clients of the account,
// one event at a time, and in the same run (pubsub-) the time that Pub/Sub alone takes to bring it to a subscriber. Run it
// with
//
//	go test -run '^$' -bench PublishToReceive -benchtime 200x ./realtime-run/server
func BenchmarkPublishToReceive(b *testing.B) {
	const clients = 100
	w := newWorld(b, "REALTIME_CONNECTIONS_PER_USER", "100")
	s := w.started(b)
	watch := &stopwatch{}
	arrived := make(chan struct{}, clients+1)
	var atClients, atSubscriber delays
	p := person("acc_1", account.Viewer)
	for range clients {
		l := w.listen(b, s, p)
		l.onArrival(func() {
			atClients.add(watch.elapsed())
			arrived <- struct{}{}
		})
	}
	w.subscribe(b, "witness")
	ctx, cancel := context.WithCancel(b.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- w.admin.Subscriber("witness").Receive(ctx, func(_ context.Context, m *pubsub.Message) {
			atSubscriber.add(watch.elapsed())
			m.Ack()
			arrived <- struct{}{}
		})
	}()
	for b.Loop() {
		e := happened("acc_1")
		watch.start()
		w.publish(b, e)
		for range clients + 1 {
			<-arrived
		}
	}
	cancel()
	check(b, <-ended)
	atClients.report(b, "")
	atSubscriber.report(b, "pubsub-")
}

type stopwatch struct {
	mu sync.Mutex
	at time.Time
}

func (w *stopwatch) start() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.at = time.Now()
}

func (w *stopwatch) elapsed() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Since(w.at)
}

type delays struct {
	mu  sync.Mutex
	all []time.Duration
}

func (d *delays) add(one time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.all = append(d.all, one)
}

func (d *delays) report(b *testing.B, prefix string) {
	b.Helper()
	slices.Sort(d.all)
	for _, q := range []struct {
		name     string
		fraction float64
	}{{"p50-ms", 0.50}, {"p95-ms", 0.95}, {"p99-ms", 0.99}} {
		at := d.all[int(q.fraction*float64(len(d.all)-1))]
		b.ReportMetric(float64(at.Microseconds())/1000, prefix+q.name)
	}
}
