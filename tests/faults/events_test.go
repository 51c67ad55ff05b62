// Package faults_test breaks what can break while events flow, and counts what became of them.
package faults_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"cloud.google.com/go/pubsub/v2"
	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"fieldboard.dev/fieldboard/emulators/demo"
	"fieldboard.dev/fieldboard/emulators/parts"
	"fieldboard.dev/fieldboard/shared/event"
	"fieldboard.dev/fieldboard/shared/event/ledger"
	"fieldboard.dev/fieldboard/tests/harness"
)

// number reads a setting of the test.
func number(t *testing.T, name string, otherwise int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// EVENTS events are stored and published while their writers, the functions that come after them, the instances of the
// realtime service and Redis are killed, Pub/Sub delivers twice and in any order, and sockets are cut: SEED says when. Each
// is in the audit log once, and everyone saw every event of their channels once and in the same order, those of one record in
// the order in which they happened, or was told of a gap and read what is stored.
func TestNoEventIsLost(t *testing.T) {
	t.Parallel()
	events, seed := number(t, "EVENTS", 500), number(t, "SEED", 1)
	random := rand.New(rand.NewPCG(uint64(seed), 0))
	w := newWorld(t)
	began := time.Now()
	watchers := []*watcher{
		{who: "owner", user: "demo-owner", audiences: []event.Audience{event.Operations, event.Finance, event.Security}},
		{who: "admin", user: "demo-admin", audiences: []event.Audience{event.Operations, event.Finance, event.Security}},
		{who: "dispatcher", user: "demo-dispatcher", audiences: []event.Audience{event.Operations}},
		{who: "dispatcher", user: "demo-dispatcher", audiences: []event.Audience{event.Operations}},
		{who: "viewer", user: "demo-viewer", audiences: []event.Audience{event.Operations}},
		{who: "technician", user: "demo-technician", bare: true},
	}
	for _, one := range watchers {
		w.stack.As(t, one.who) // to have told of the sign-in before
	}
	for _, one := range watchers {
		one.snapshot = func() map[string]bool { return w.storedIDs(t, began) }
		watch(t, w.stack, one)
	}
	began = time.Now()

	breaking, enough := context.WithCancel(t.Context())
	var broken sync.WaitGroup
	broken.Go(func() { w.breakThings(breaking, t, random) })
	renamed := w.emit(t, events)
	took := time.Since(began)
	enough()
	broken.Wait()

	t.Logf("emitted after %.0f s", time.Since(began).Seconds())
	w.settle(t)
	t.Logf("settled after %.0f s", time.Since(began).Seconds())
	stored := w.stored(t, began)
	w.everybodyKnows(t, watchers, stored)
	t.Logf("everyone knows everything after %.0f s", time.Since(began).Seconds())
	w.stopDoubling()
	for _, one := range watchers {
		one.stop()
	}
	w.inAuditLog(t, events, renamed, stored)
	w.sealed(t)
	again := w.pulled.repeated()
	maps.Copy(again, w.again)
	for i, one := range watchers {
		one.check(t, stored)
		for _, other := range watchers[:i] {
			sameOrder(t, one, other)
		}
		total := 0
		for _, ids := range one.seen {
			total += len(ids)
		}
		if n := one.reversed(stored, again); n > 0 {
			t.Errorf("%s saw %d events after a later one of the same record, though Pub/Sub delivered both once", one.who, n)
		}
		t.Logf("%s saw %d events, came back %d times, was told of %d gaps; %d came after a later one of the same record that was delivered twice",
			one.who, total, one.comebacks-1, one.gaps, one.reversed(stored, nil))
	}
	for _, k := range w.mortal {
		t.Logf("%s was killed %d times", k.name, k.kills)
	}
	t.Logf("%d events and %d changes by the API in %.0f s, %d stored in all; %d messages delivered twice; sockets cut %d times; lost: 0",
		events-len(renamed), len(renamed), took.Seconds(), len(stored), len(w.again), w.proxy.cuts)
}

// everybodyKnows returns when each has seen all that is stored, or read it at a gap: what a killed instance had in its hands goes
// to the other one ten seconds later.
func (w *world) everybodyKnows(t *testing.T, watchers []*watcher, stored []event.Event) {
	t.Helper()
	for deadline := time.Now().Add(3 * time.Minute); ; time.Sleep(time.Second) {
		var lost error
		for _, one := range watchers {
			for _, e := range one.missing(stored) {
				lost = errors.Join(lost, fmt.Errorf("%s neither saw nor read %s %s of %s in %s; Pub/Sub carried it: %v",
					one.who, e.Type, e.ID, e.Time.Format(time.TimeOnly), one.channelOf(e), w.carries(e)))
			}
		}
		if lost == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(lost)
		}
	}
}

// world is the product with what can be killed in processes of their own.
type world struct {
	stack   *harness.Stack
	proxy   *proxy
	mortal  []*kept
	emitter string // its address
	http    *http.Client

	pulled *pullerProxy

	stopDoubling func()
	mu           sync.Mutex
	carried      map[string]bool // by Pub/Sub
	again        map[string]bool // those that it carried twice, the second time past all that waits
}

func newWorld(t *testing.T) *world {
	t.Helper()
	redisAddress := freeAddress(t)
	redis := keep(t, "Redis", func() *exec.Cmd {
		cmd, err := parts.Redis().Command(context.WithoutCancel(t.Context()), redisAddress)
		if err != nil {
			t.Fatal(err)
		}
		return cmd
	})
	if err := parts.Redis().Await(t.Context(), redisAddress); err != nil {
		t.Fatal(err)
	}
	apart := []string{"members", "relay", "sealevents", "realtime-run"}
	stack := harness.New(t, harness.Options{Apart: apart, Settings: map[string]string{"REDIS_URL": parts.RedisURL(redisAddress)}})
	w := &world{stack: stack, mortal: []*kept{redis}, http: &http.Client{Timeout: 20 * time.Second}}
	for _, name := range apart[:3] {
		env, _ := stack.Environment(t, name)
		w.mortal = append(w.mortal, service(t, name, "functionhost", env))
	}
	env, public := stack.Environment(t, "realtime-run")
	w.pulled = newPullerProxy(t, env["PUBSUB_EMULATOR_HOST"])
	var instances []string
	for _, name := range []string{"realtime-run A", "realtime-run B"} {
		address := freeAddress(t)
		instances = append(instances, address)
		own := maps.Clone(env)
		own["PUBSUB_EMULATOR_HOST"] = w.pulled.address
		_, own["PORT"], _ = strings.Cut(address, ":")
		w.mortal = append(w.mortal, service(t, name, "realtime-run", own))
	}
	w.proxy = newProxy(t, public, instances...)
	w.emitter = freeAddress(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := strings.Cut(w.emitter, ":")
	w.mortal = append(w.mortal, keep(t, "the events' writer", func() *exec.Cmd {
		cmd := exec.Command(self)
		cmd.Env = []string{emitterMode + "=1", "PORT=" + port}
		for _, name := range []string{"GOOGLE_CLOUD_PROJECT", "FIRESTORE_EMULATOR_HOST", "PUBSUB_EMULATOR_HOST", "REDIS_URL", "EVENTS_TOPIC"} {
			cmd.Env = append(cmd.Env, name+"="+env[name])
		}
		return cmd
	}))
	w.double(t)
	w.schedule(t)
	return w
}

func (w *world) carries(e event.Event) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.carried[e.ID]
}

func freeAddress(t *testing.T) string {
	t.Helper()
	address, err := parts.FreeAddress(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return address
}

// double has Pub/Sub deliver a fifth of the messages again, up to three seconds later and in no order: where the first one is
// held up, the second comes before what happened before it.
func (w *world) double(t *testing.T) {
	t.Helper()
	admin, err := w.stack.Cloud.PubSub(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	project := "projects/" + w.stack.Project
	if _, err := admin.SubscriptionAdminClient.CreateSubscription(t.Context(), &pubsubpb.Subscription{
		Name: project + "/subscriptions/doubler", Topic: project + "/topics/events", AckDeadlineSeconds: 30,
	}); err != nil {
		t.Fatal(err)
	}
	topic := admin.Publisher("events")
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	w.carried, w.again = map[string]bool{}, map[string]bool{}
	go func() {
		ended <- admin.Subscriber("doubler").Receive(ctx, func(ctx context.Context, m *pubsub.Message) {
			var e event.Event
			if err := json.Unmarshal(m.Data, &e); err != nil { // a heartbeat of the realtime service
				m.Ack()
				return
			}
			w.mu.Lock()
			w.carried[e.ID] = true
			w.mu.Unlock()
			m.Ack()
			if m.Attributes["again"] != "" || rand.N(5) != 0 {
				return
			}
			time.Sleep(rand.N(3 * time.Second))
			m.Attributes["again"] = "1"
			w.mu.Lock()
			w.again[e.ID] = true
			w.mu.Unlock()
			if _, err := topic.Publish(ctx, &pubsub.Message{Data: m.Data, Attributes: m.Attributes}).Get(ctx); err != nil && ctx.Err() == nil {
				t.Error(err)
			}
		})
	}()
	w.stopDoubling = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		topic.Stop()
	})
	t.Cleanup(w.stopDoubling)
}

// schedule calls the functions that come after an event, more often than Cloud Scheduler does. They may be dead just then.
func (w *world) schedule(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	var calling sync.WaitGroup
	for _, function := range []string{"relay", "sealevents"} {
		calling.Go(func() {
			for ctx.Err() == nil {
				_, _ = w.call(ctx, function, w.stack.WorkerToken(t, function, ""))
				pause(ctx, 2*time.Second)
			}
		})
	}
	t.Cleanup(func() {
		cancel()
		calling.Wait()
	})
}

// call calls a worker and returns its answer.
func (w *world) call(ctx context.Context, function, token string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.stack.Functions[function]+"/", nil)
	if err != nil {
		return "", err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	return w.do(req)
}

func (w *world) do(req *http.Request) (string, error) {
	res, err := w.http.Do(req)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err == nil && res.StatusCode/100 != 2 {
		err = fmt.Errorf("%s: %s", res.Status, body)
	}
	return string(body), err
}

// breakThings breaks one thing after the other until ctx ends.
func (w *world) breakThings(ctx context.Context, t *testing.T, random *rand.Rand) {
	t.Helper()
	for ctx.Err() == nil {
		pause(ctx, 300*time.Millisecond+time.Duration(random.IntN(1500))*time.Millisecond)
		down := time.Duration(random.IntN(1500)) * time.Millisecond
		i := random.IntN(len(w.mortal) + 2)
		if i >= len(w.mortal) {
			w.proxy.cut()
			continue
		}
		w.mortal[i].kill(t, down)
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// emit has every event stored: nine in ten by the writer, the tenth by a change through the API, which is repeated until it
// is answered. It returns the numbers of the latter.
func (w *world) emit(t *testing.T, events int) []int {
	t.Helper()
	var byAPI []int
	group, ctx := errgroup.WithContext(t.Context())
	group.SetLimit(8)
	renames := make(chan int, events)
	owner := w.stack.As(t, "owner")
	for n := range events {
		if n%10 == 9 {
			byAPI = append(byAPI, n)
			renames <- n
			continue
		}
		group.Go(func() error { return w.insist(ctx, func() error { return w.write(ctx, n) }) })
		if n == 7 { // one who changes things through the API all the while
			group.Go(func() error { return w.rename(ctx, owner, renames) })
		}
	}
	close(renames)
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	return byAPI
}

// insist repeats what fails while things are broken.
func (w *world) insist(ctx context.Context, do func() error) error {
	deadline := time.Now().Add(2 * time.Minute)
	for {
		err := do()
		if err == nil || ctx.Err() != nil || time.Now().After(deadline) {
			return err
		}
		pause(ctx, 100*time.Millisecond)
	}
}

func (w *world) write(ctx context.Context, n int) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+w.emitter+"/"+strconv.Itoa(n), nil)
	if err != nil {
		return err
	}
	_, err = w.do(req)
	return err
}

// rename gives a member another name for each number, so that each makes one event, however often it is asked for.
func (w *world) rename(ctx context.Context, owner *demo.Client, numbers <-chan int) error {
	for n := range numbers {
		err := w.insist(ctx, func() error {
			return owner.Call(ctx, http.MethodPatch, "/api/v1/members/demo-viewer", map[string]string{"name": nameOf(n)}, nil)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func nameOf(n int) string { return fmt.Sprintf("Person %06d", n) }

// settle returns when the outbox is empty and everything is sealed.
func (w *world) settle(t *testing.T) {
	t.Helper()
	firestore, err := w.stack.Cloud.Firestore(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	harness.Eventually(t, func() error {
		for _, left := range []string{"pending", "unsealed"} {
			docs, err := firestore.Collection("accounts/"+account+"/events").Where(left, "==", true).Limit(1).Documents(t.Context()).GetAll()
			if err != nil {
				return err
			}
			if len(docs) > 0 {
				return fmt.Errorf("event %s is still %s", docs[0].Ref.ID, left)
			}
		}
		return nil
	})
}

// stored returns the account's events since a moment.
func (w *world) stored(t *testing.T, since time.Time) []event.Event {
	t.Helper()
	firestore, err := w.stack.Cloud.Firestore(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	snaps, err := firestore.Collection("accounts/"+account+"/events").Where("time", ">=", since).Documents(t.Context()).GetAll()
	if err != nil {
		t.Fatal(err)
	}
	events := make([]event.Event, len(snaps))
	for i, snap := range snaps {
		text := func(field string) string {
			s, _ := snap.Data()[field].(string)
			return s
		}
		at, _ := snap.Data()["time"].(time.Time)
		events[i] = event.Event{
			ID: snap.Ref.ID, Type: text("type"), Audience: event.Audience(text("audience")), EntityID: text("entityId"), Member: text("member"), Time: at,
		}
	}
	return events
}

func (w *world) storedIDs(t *testing.T, since time.Time) map[string]bool {
	t.Helper()
	ids := map[string]bool{}
	for _, e := range w.stored(t, since) {
		ids[e.ID] = true
	}
	return ids
}

// inAuditLog compares the audit log, as an owner reads it, with what was done: each once.
func (w *world) inAuditLog(t *testing.T, events int, renamed []int, stored []event.Event) {
	t.Helper()
	times := map[string]int{}
	names := map[string]int{}
	cursor := ""
	for {
		var page struct {
			Items []struct {
				ID      string
				Changes []struct {
					Field string
					After any
				}
			}
			NextCursor string
		}
		w.stack.Get(t, "owner", "/api/v1/audit/events?limit=100&cursor="+url.QueryEscape(cursor), &page)
		for _, item := range page.Items {
			times[item.ID]++
			for _, change := range item.Changes {
				if name, ok := change.After.(string); ok && change.Field == "name" {
					names[name]++
				}
			}
		}
		if cursor = page.NextCursor; cursor == "" {
			break
		}
	}
	personal := map[string]bool{}
	for _, e := range stored {
		personal[e.ID] = e.Audience == event.Personal
	}
	byAPI := map[int]bool{}
	for _, n := range renamed {
		byAPI[n] = true
		if names[nameOf(n)] != 1 {
			t.Errorf("the audit log has the change to %q %d times", nameOf(n), names[nameOf(n)])
		}
	}
	want, got := map[string]int{}, map[string]int{}
	for n := range events {
		id := numbered(n).ID
		if byAPI[n] {
			continue
		}
		want[id], got[id] = 1, times[id]
		if _, kept := personal[id]; kept && personal[id] {
			got[id]++ // what is for one member alone is in the account's store, and in no log that others read
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("how often each event is in the audit log (-want +got):\n%s", diff)
	}
}

// sealed verifies an export of all events as somebody outside does.
func (w *world) sealed(t *testing.T) {
	t.Helper()
	log, err := ledger.New(w.stack.Cloud, ledger.Config{PublicKeys: w.stack.Secrets.EventPublicKeys})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file, err := os.Create(filepath.Join(dir, "export.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := log.Export(t.Context(), file, account, func(event.Event) bool { return true }); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	keys := filepath.Join(dir, "keys.txt")
	if err := os.WriteFile(keys, []byte(w.stack.Secrets.EventPublicKeys), 0o600); err != nil {
		t.Fatal(err)
	}
	verify := exec.Command("go", "run", "./shared/event/verify", "-key", keys, file.Name())
	if verify.Dir, err = parts.Root(); err != nil {
		t.Fatal(err)
	}
	out, err := verify.CombinedOutput()
	if err != nil {
		t.Errorf("the export does not verify: %v", err)
	}
	t.Logf("verify: %s", strings.TrimSpace(string(out)))
}
