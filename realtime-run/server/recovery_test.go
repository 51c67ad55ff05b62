package server_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/centrifugal/centrifuge-go"
	"github.com/google/go-cmp/cmp"

	"fieldboard.dev/fieldboard/emulators/parts"
	"fieldboard.dev/fieldboard/shared/account"
	"fieldboard.dev/fieldboard/shared/event"
)

const operations = "account:acc_1:operations"

func several(n int) []event.Event {
	events := make([]event.Event, n)
	for i := range events {
		events[i] = happened("acc_1")
	}
	return events
}

func TestAClientThatComesBackGetsWhatItMissed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.started(t)
	witness, l := w.listen(t, s, person("acc_1", account.Viewer)), w.listen(t, s, person("acc_1", account.Viewer))
	before, missed, after := several(3), several(40), several(3)
	w.publish(t, before...)
	witness.await(before...)
	l.await(before...)
	check(t, l.client.Disconnect())
	w.publish(t, missed...)
	witness.await(missed...)
	check(t, l.client.Connect())
	l.await(missed...)
	w.publish(t, after...)
	l.await(after...)
	witness.await(after...)
	// The Pub/Sub emulator keeps no order, so the witness says what the channel's order was.
	if diff := cmp.Diff(witness.ids(), l.ids()); diff != "" {
		t.Errorf("order of the events (-of one that was there +of one that was away):\n%s", diff)
	}
	if word, _ := l.subscribed(operations); !word.WasRecovering || !word.Recovered {
		t.Errorf("was recovering %t, recovered %t; want both", word.WasRecovering, word.Recovered)
	}
}

func TestAClientThatWasAwayTooLongIsToldOfTheGap(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "REALTIME_HISTORY_SIZE", "5")
	s := w.started(t)
	witness, l := w.listen(t, s, person("acc_1", account.Viewer)), w.listen(t, s, person("acc_1", account.Viewer))
	first := happened("acc_1")
	w.publish(t, first)
	l.await(first)
	check(t, l.client.Disconnect())
	missed := several(6)
	w.publish(t, missed...)
	witness.await(missed...)
	check(t, l.client.Connect())
	eventually(t, "the client is told of a gap", func() bool {
		word, _ := l.subscribed(operations)
		return word.WasRecovering && !word.Recovered
	})
	last := happened("acc_1")
	w.publish(t, last)
	l.await(last)
	if diff := cmp.Diff([]string{first.ID, last.ID}, l.ids()); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

func TestALargeHistoryIsRecovered(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.started(t)
	witness, l := w.listen(t, s, person("acc_1", account.Viewer)), w.listen(t, s, person("acc_1", account.Viewer))
	first := happened("acc_1")
	w.publish(t, first)
	l.await(first)
	check(t, l.client.Disconnect())
	missed := several(200)
	for i := range missed {
		missed[i].Detail = string(make([]byte, 2<<10)) // six times as long in JSON: 2.4 MB in all
	}
	w.publish(t, missed...)
	witness.await(missed...)
	check(t, l.client.Connect())
	l.await(missed...)
	if diff := cmp.Diff(witness.ids(), l.ids()); diff != "" {
		t.Errorf("events (-of one that was there +of one that was away):\n%s", diff)
	}
}

// front is a proxy before the instances, as Cloud Run's.
type front struct {
	*httptest.Server
	target atomic.Pointer[url.URL]
}

func newFront(t *testing.T, s *service) *front {
	t.Helper()
	f := &front{}
	f.to(t, s)
	f.Server = httptest.NewServer(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(f.target.Load()); r.Out.Host = r.In.Host },
	})
	t.Cleanup(func() { f.CloseClientConnections(); f.Close() })
	return f
}

func (f *front) to(t *testing.T, s *service) {
	t.Helper()
	u, err := url.Parse(s.url)
	if err != nil {
		t.Fatal(err)
	}
	f.target.Store(u)
}

// An instance is replaced while events flow: its clients move to another one, and nobody misses anything.
func TestAnInstanceEnds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	old, next := w.started(t), w.started(t)
	proxy := newFront(t, old)
	witness := w.listen(t, next, person("acc_1", account.Viewer))
	l := dial(t, proxy.URL, centrifuge.Config{Token: w.issue(t, person("acc_1", account.Viewer))})
	l.connected()
	events := several(120)
	w.publish(t, events[:40]...)
	l.await(events[:40]...)
	proxy.to(t, next)
	stopped := make(chan struct{})
	go func() { defer close(stopped); old.stop() }()
	w.publish(t, events[40:]...)
	<-stopped
	l.ended(3001)
	// What the old instance had in its hands comes again when its lease ends.
	l.await(events...)
	witness.await(events...)
	if diff := cmp.Diff(witness.ids(), l.ids()); diff != "" {
		t.Errorf("events (-of one that stayed +of one that moved):\n%s", diff)
	}
	eventually(t, "it recovers", func() bool {
		word, _ := l.subscribed(operations)
		return word.WasRecovering && word.Recovered
	})
}

// redisServer is a Redis of the test's own, to be stopped and started.
type redisServer struct {
	t       *testing.T
	address string
	process *parts.Process
}

func newRedis(t *testing.T) *redisServer {
	t.Helper()
	address, err := parts.FreeAddress(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r := &redisServer{t: t, address: address}
	t.Cleanup(r.stop)
	return r
}

func (r *redisServer) start() {
	r.t.Helper()
	command, err := parts.Redis().Command(context.WithoutCancel(r.t.Context()), r.address)
	if err != nil {
		r.t.Fatal(err)
	}
	if r.process, err = parts.Start(command); err != nil {
		r.t.Fatal(err)
	}
	if err := parts.Redis().Await(r.t.Context(), r.address); err != nil {
		r.t.Fatal(err)
	}
}

func (r *redisServer) stop() {
	if r.process == nil {
		return
	}
	check(r.t, r.process.Stop(5*time.Second))
	r.process = nil
}

func TestRedisIsNotThereAtTheStart(t *testing.T) {
	t.Parallel()
	redis := newRedis(t)
	w := newWorld(t, "REDIS_URL", parts.RedisURL(redis.address))
	s := w.start(t)
	eventually(t, "the service knows", func() bool { return s.health(t)["redis"] == "down" })
	if got := s.health(t)["status"]; got != "degraded" {
		t.Errorf("health is %q, want degraded", got)
	}
	for _, path := range []string{"/readyz", "/connection/websocket"} {
		if got := s.status(t, path); got != http.StatusServiceUnavailable {
			t.Errorf("%s answered %d, want 503", path, got)
		}
	}
	early := happened("acc_1")
	w.publish(t, early)
	l := dial(t, s.url, centrifuge.Config{Token: w.issue(t, person("acc_1", account.Viewer))})
	redis.start()
	l.connected()
	late := happened("acc_1")
	w.publish(t, late)
	l.await(late)
	eventually(t, "the service is well", func() bool { return s.health(t)["status"] == "ok" })
}

// Redis comes back empty. Events that were told while it was away are late, not lost; a client whose place in the history
// is gone is told so.
func TestRedisRestarts(t *testing.T) {
	t.Parallel()
	redis := newRedis(t)
	redis.start()
	w := newWorld(t, "REDIS_URL", parts.RedisURL(redis.address))
	s := w.started(t)
	l := w.listen(t, s, person("acc_1", account.Viewer))
	before := several(3)
	w.publish(t, before...)
	l.await(before...)
	redis.stop()
	eventually(t, "the service knows", func() bool { return s.health(t)["redis"] == "down" })
	if got := s.status(t, "/readyz"); got != http.StatusServiceUnavailable {
		t.Errorf("/readyz answered %d, want 503", got)
	}
	during := several(3)
	w.publish(t, during...)
	redis.start()
	gap := func() bool {
		word, _ := l.subscribed(operations)
		return word.WasRecovering && !word.Recovered
	}
	eventually(t, "the events arrive, or the client is told of a gap", func() bool {
		all := true
		for _, e := range during {
			all = all && l.has(e)
		}
		return all || gap()
	})
	eventually(t, "the service is well", func() bool { return s.health(t)["status"] == "ok" })
	// From here on everything arrives again.
	l.connected()
	eventually(t, "a new event arrives", func() bool {
		e := happened("acc_1")
		w.publish(t, e)
		for deadline := time.Now().Add(2 * time.Second); time.Now().Before(deadline) && !l.has(e); {
			time.Sleep(10 * time.Millisecond)
		}
		return l.has(e)
	})
	seen := map[string]bool{}
	for _, id := range l.ids() {
		if seen[id] {
			t.Errorf("%s arrived twice", id)
		}
		seen[id] = true
	}
}

// A subscription that does not exist yet, or not any more, does not end the service.
func TestTheSubscriptionIsMissing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "EVENTS_SUBSCRIPTION", "later")
	s := w.started(t)
	eventually(t, "the service knows", func() bool { return s.health(t)["subscription"] == "down" })
	if got := s.health(t)["status"]; got != "degraded" {
		t.Errorf("health is %q, want degraded", got)
	}
	l := w.listen(t, s, person("acc_1", account.Viewer))
	w.subscribe(t, "later")
	e := happened("acc_1")
	w.publish(t, e)
	l.await(e)
}
