package task_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"
	"cloud.google.com/go/firestore"
	"github.com/sethvargo/go-envconfig"
	"google.golang.org/protobuf/types/known/durationpb"

	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/instance"
	"fieldboard.dev/fieldboard/shared/task"
	"fieldboard.dev/fieldboard/tests/emulator"
)

const account = "acc_1"

// note is the payload of the tests' tasks.
type note struct {
	Text string `json:"text"`
}

// place is an engine on the real parts, with a worker that Cloud Tasks delivers to.
type place struct {
	engine *task.Engine
	worker *task.Worker
	client *firestore.Client
	broken atomic.Bool // the worker does not answer
}

type options struct {
	clock clock.Clock
	redis string // its URL, or the real one
	lease time.Duration
	tasks string // the host of Cloud Tasks, or the real one
}

func newPlace(tb testing.TB, o options) *place {
	tb.Helper()
	emulator.Firestore(tb)
	emulator.PubSub(tb)
	if o.clock == nil {
		o.clock = clock.System
	}
	if o.redis == "" {
		o.redis = emulator.Redis(tb)
	}
	if o.lease == 0 {
		o.lease = 30 * time.Second
	}
	if o.tasks == "" {
		o.tasks = emulator.Tasks(tb)
	}
	emulator.Storage(tb)
	project := emulator.Project(tb)
	p := &place{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { p.deliver(tb, w, r) }))
	in, err := instance.New(tb.Context(), envconfig.MapLookuper(map[string]string{
		"GOOGLE_CLOUD_PROJECT": project, "TASKS_BUCKET": project + "-tasks", "REDIS_URL": o.redis, "REDIS_PREFIX": emulator.Prefix(tb),
		"CLOUD_TASKS_EMULATOR_HOST": o.tasks, "TASK_WORKERS": "work=" + server.URL,
		"TASKS_INVOKER": "invoker@demo.iam.gserviceaccount.com", "TASK_LEASE": o.lease.String(),
	}), o.clock, slog.New(slog.DiscardHandler))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := in.Cloud.Close(); err != nil {
			tb.Error(err)
		}
	})
	tb.Cleanup(server.Close) // before the clients, which its last deliveries use
	if p.engine, err = task.NewEngine(tb.Context(), in); err != nil {
		tb.Fatal(err)
	}
	p.worker = task.NewWorker(p.engine, "work")
	if p.client, err = in.Cloud.Firestore(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	files, err := in.Cloud.Storage(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	if err := files.Bucket(project+"-tasks").Create(tb.Context(), project, nil); err != nil {
		tb.Fatal(err)
	}
	if o.tasks != emulator.Tasks(tb) {
		return p // nothing is delivered
	}
	queues, err := in.Cloud.Tasks(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	parent := "projects/" + in.Cloud.Config().Project + "/locations/us-central1"
	_, err = queues.CreateQueue(tb.Context(), &cloudtaskspb.CreateQueueRequest{Parent: parent, Queue: &cloudtaskspb.Queue{
		Name:        parent + "/queues/work",
		RateLimits:  &cloudtaskspb.RateLimits{MaxDispatchesPerSecond: 200, MaxConcurrentDispatches: 4},
		RetryConfig: &cloudtaskspb.RetryConfig{MaxAttempts: 20, MinBackoff: durationpb.New(50 * time.Millisecond), MaxBackoff: durationpb.New(time.Second)},
	}})
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

func (p *place) deliver(tb testing.TB, w http.ResponseWriter, r *http.Request) {
	tb.Helper()
	var token task.Token
	if err := json.NewDecoder(r.Body).Decode(&token); err != nil {
		tb.Errorf("a delivery that is no token: %v", err)
	}
	if p.broken.Load() {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	if err := p.worker.Work(r.Context(), token, r.Header.Get("X-CloudTasks-TaskRetryCount") != "0"); err != nil && r.Context().Err() == nil {
		tb.Errorf("work: %v", err)
		w.WriteHeader(http.StatusServiceUnavailable)
	}
}

// handle makes the worker work on a kind.
func handle(tb testing.TB, p *place, rules task.Rules, f func(ctx context.Context, r *task.Run, n note) error) task.Kind[note] {
	tb.Helper()
	rules.Queue = "work"
	if rules.Backoff == (task.Backoff{}) {
		rules.Backoff = task.Backoff{First: 20 * time.Millisecond, Most: 50 * time.Millisecond}
	}
	kind := task.Kind[note](rules)
	if err := task.Handle(p.worker, kind, f); err != nil {
		tb.Fatal(err)
	}
	return kind
}

func (p *place) enqueue(t *testing.T, x task.Task) {
	t.Helper()
	added, err := p.engine.Enqueue(t.Context(), x)
	if err != nil || !added {
		t.Fatalf("added %v, error %v", added, err)
	}
}

// await waits until a task stands as asked.
func (p *place) await(t *testing.T, id string, want task.State) task.View {
	t.Helper()
	var v task.View
	for deadline := time.Now().Add(60 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		var err error
		if v, err = p.engine.Get(t.Context(), account, id); err != nil {
			t.Fatal(err)
		}
		if v.State == want {
			return v
		}
	}
	t.Fatalf("the task is %s, want %s: %+v", v.State, want, v)
	return v
}

// leaseOver is a task's lease that ended.
func leaseOver(at time.Time) []firestore.Update {
	return []firestore.Update{{Path: "heldUntil", Value: at}}
}
