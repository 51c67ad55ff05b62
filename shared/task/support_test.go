package task_test

import (
	"context"
	"encoding/json"
	"io"
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

func newPlace(t testing.TB, o options) *place {
	t.Helper()
	emulator.Firestore(t)
	emulator.PubSub(t)
	if o.clock == nil {
		o.clock = clock.System
	}
	if o.redis == "" {
		o.redis = emulator.Redis(t)
	}
	if o.lease == 0 {
		o.lease = 30 * time.Second
	}
	if o.tasks == "" {
		o.tasks = emulator.Tasks(t)
	}
	emulator.Storage(t)
	project := emulator.Project(t)
	p := &place{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { p.deliver(t, w, r) }))
	in, err := instance.New(t.Context(), envconfig.MapLookuper(map[string]string{
		"GOOGLE_CLOUD_PROJECT": project, "TASKS_BUCKET": project + "-tasks", "REDIS_URL": o.redis, "REDIS_PREFIX": emulator.Prefix(t),
		"CLOUD_TASKS_EMULATOR_HOST": o.tasks, "TASK_WORKERS": "work=" + server.URL,
		"TASKS_INVOKER": "invoker@demo.iam.gserviceaccount.com", "TASK_LEASE": o.lease.String(),
	}), o.clock, slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := in.Cloud.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(server.Close) // before the clients, which its last deliveries use
	if p.engine, err = task.NewEngine(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	p.worker = task.NewWorker(p.engine, "work")
	if p.client, err = in.Cloud.Firestore(t.Context()); err != nil {
		t.Fatal(err)
	}
	files, err := in.Cloud.Storage(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := files.Bucket(project+"-tasks").Create(t.Context(), project, nil); err != nil {
		t.Fatal(err)
	}
	if o.tasks != emulator.Tasks(t) {
		return p // nothing is delivered
	}
	queues, err := in.Cloud.Tasks(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	parent := "projects/" + in.Cloud.Config().Project + "/locations/us-central1"
	_, err = queues.CreateQueue(t.Context(), &cloudtaskspb.CreateQueueRequest{Parent: parent, Queue: &cloudtaskspb.Queue{
		Name:        parent + "/queues/work",
		RateLimits:  &cloudtaskspb.RateLimits{MaxDispatchesPerSecond: 200, MaxConcurrentDispatches: 4},
		RetryConfig: &cloudtaskspb.RetryConfig{MaxAttempts: 20, MinBackoff: durationpb.New(50 * time.Millisecond), MaxBackoff: durationpb.New(time.Second)},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *place) deliver(t testing.TB, w http.ResponseWriter, r *http.Request) {
	var token task.Token
	if err := json.NewDecoder(r.Body).Decode(&token); err != nil {
		t.Errorf("a delivery that is no token: %v", err)
	}
	if p.broken.Load() {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	if err := p.worker.Work(r.Context(), token, r.Header.Get("X-CloudTasks-TaskRetryCount") != "0"); err != nil && r.Context().Err() == nil {
		t.Errorf("work: %v", err)
		w.WriteHeader(http.StatusServiceUnavailable)
	}
}

// handle makes the worker work on a kind.
func handle(t testing.TB, p *place, rules task.Rules, f func(ctx context.Context, r *task.Run, n note) error) task.Kind[note] {
	t.Helper()
	rules.Queue = "work"
	if rules.Backoff == (task.Backoff{}) {
		rules.Backoff = task.Backoff{First: 20 * time.Millisecond, Most: 50 * time.Millisecond}
	}
	kind := task.Kind[note](rules)
	if err := task.Handle(p.worker, kind, f); err != nil {
		t.Fatal(err)
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
