package faults_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"
	"cloud.google.com/go/firestore"
	"github.com/google/go-cmp/cmp"
	"github.com/sethvargo/go-envconfig"
	"google.golang.org/protobuf/types/known/durationpb"

	"fieldboard.dev/fieldboard/emulators/parts"
	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/instance"
	"fieldboard.dev/fieldboard/shared/task"
	"fieldboard.dev/fieldboard/tests/emulator"
)

// perParent is how many children a parent of the test has.
const perParent = 24

// TASKS tasks with children are worked on while their workers and Redis are killed at random and a fifth of the deliveries comes
// twice, at the same time, to different workers: SEED says when. Each ends once, and each effect has happened once.
func TestNoTaskIsLost(t *testing.T) {
	t.Parallel()
	tasks, seed := number(t, "TASKS", 200), number(t, "SEED", 1)
	random := rand.New(rand.NewPCG(uint64(seed), 1))
	w := newTaskWorld(t)
	parents := max(1, tasks/(perParent+1))
	began := time.Now()
	for n := range parents {
		x := parentTask.New(account, numberedTask{Number: n, Children: perParent})
		x.ID = fmt.Sprintf("parent-%d", n)
		if added, err := w.engine.Enqueue(t.Context(), x); err != nil || !added {
			t.Fatalf("added %v, error %v", added, err)
		}
	}
	breaking, enough := context.WithCancel(t.Context())
	var broken sync.WaitGroup
	broken.Go(func() {
		for breaking.Err() == nil {
			pause(breaking, 300*time.Millisecond+time.Duration(random.IntN(1200))*time.Millisecond)
			w.mortal[random.IntN(len(w.mortal))].kill(t, time.Duration(random.IntN(800))*time.Millisecond)
		}
	})
	w.settle(t)
	took := time.Since(began)
	enough()
	broken.Wait()

	states := map[string]int{}
	attempts, died := 0, 0
	for _, snap := range w.all(t, "accounts/"+account+"/tasks") {
		var d struct {
			Kind     string         `firestore:"kind"`
			State    string         `firestore:"state"`
			Attempt  int            `firestore:"attempt"`
			Timeline []task.Attempt `firestore:"timeline"`
		}
		if err := snap.DataTo(&d); err != nil {
			t.Fatal(err)
		}
		states[d.Kind+" "+d.State]++
		attempts += d.Attempt
		ends := 0
		for _, line := range d.Timeline {
			switch line.Outcome {
			case "done":
				ends++
			case "died":
				died++
			}
		}
		if ends != 1 {
			t.Errorf("%s ended %d times: %+v", snap.Ref.ID, ends, d.Timeline)
		}
	}
	if diff := cmp.Diff(map[string]int{"faults.parent done": parents, "faults.child done": parents * perParent}, states); diff != "" {
		t.Errorf("how the tasks ended (-want +got):\n%s", diff)
	}
	want, got := map[string]int64{}, map[string]int64{}
	for n := range parents {
		want[fmt.Sprintf("parent-%d", n)] = 1
		for c := range perParent {
			for step := range childSteps {
				want[fmt.Sprintf("child-%d-%d", n*1000+c, step)] = 1
			}
		}
	}
	for _, snap := range w.all(t, "effects") {
		got[snap.Ref.ID], _ = snap.Data()["times"].(int64)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("how often each effect happened (-want +got):\n%s", diff)
	}
	for _, k := range w.mortal {
		t.Logf("%s was killed %d times", k.name, k.kills)
	}
	t.Logf("%d tasks in %.0f s, %d attempts, of which %d died with their worker; %d deliveries, %d of them doubled; %d effects, each once; lost: 0",
		parents*(perParent+1), took.Seconds(), attempts, died, w.delivered.Load(), w.doubled.Load(), len(want))
}

// taskWorld is an engine whose workers can be killed, behind what doubles deliveries.
type taskWorld struct {
	engine    *task.Engine
	client    *firestore.Client
	mortal    []*kept
	workers   []string
	delivered atomic.Int64
	doubled   atomic.Int64
	http      *http.Client
}

func newTaskWorld(t *testing.T) *taskWorld {
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
	w := &taskWorld{mortal: []*kept{redis}, http: &http.Client{Timeout: time.Minute}}
	front := httptest.NewServer(http.HandlerFunc(w.deliver))
	t.Cleanup(front.Close)
	env := map[string]string{
		"GOOGLE_CLOUD_PROJECT": emulator.Project(t), "FIRESTORE_EMULATOR_HOST": emulator.Firestore(t), "PUBSUB_EMULATOR_HOST": emulator.PubSub(t),
		"REDIS_URL": parts.RedisURL(redisAddress), "CLOUD_TASKS_EMULATOR_HOST": emulator.Tasks(t), "TASK_WORKERS": taskQueue + "=" + front.URL,
		"TASKS_INVOKER": "invoker@demo.iam.gserviceaccount.com", "TASK_LEASE": "3s",
	}
	in, err := instance.New(t.Context(), envconfig.MapLookuper(env), clock.System, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := in.Cloud.Close(); err != nil {
			t.Error(err)
		}
	})
	if w.engine, err = task.NewEngine(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	if w.client, err = in.Cloud.Firestore(t.Context()); err != nil {
		t.Fatal(err)
	}
	queues, err := in.Cloud.Tasks(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	parent := "projects/" + in.Cloud.Config().Project + "/locations/us-central1"
	if _, err := queues.CreateQueue(t.Context(), &cloudtaskspb.CreateQueueRequest{Parent: parent, Queue: &cloudtaskspb.Queue{
		Name:        parent + "/queues/" + taskQueue,
		RateLimits:  &cloudtaskspb.RateLimits{MaxDispatchesPerSecond: 200, MaxConcurrentDispatches: 8},
		RetryConfig: &cloudtaskspb.RetryConfig{MaxAttempts: 100, MinBackoff: durationpb.New(200 * time.Millisecond), MaxBackoff: durationpb.New(2 * time.Second)},
	}}); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"worker A", "worker B"} {
		address := freeAddress(t)
		w.workers = append(w.workers, address)
		_, port, _ := strings.Cut(address, ":")
		w.mortal = append(w.mortal, keep(t, name, func() *exec.Cmd {
			cmd := exec.Command(self)
			cmd.Env = []string{workerMode + "=1", "PORT=" + port}
			for variable, value := range env {
				cmd.Env = append(cmd.Env, variable+"="+value)
			}
			return cmd
		}))
	}
	return w
}

// deliver hands a delivery to a worker, and a fifth of them to the other one as well.
func (w *taskWorld) deliver(out http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		http.Error(out, err.Error(), http.StatusBadRequest)
		return
	}
	first := rand.IntN(len(w.workers))
	var second sync.WaitGroup
	if w.delivered.Add(1); rand.IntN(5) == 0 {
		w.doubled.Add(1)
		second.Go(func() { _ = w.post(r, w.workers[1-first], body) }) // nobody waits for what it answers
	}
	err = w.post(r, w.workers[first], body)
	second.Wait()
	if err != nil {
		http.Error(out, err.Error(), http.StatusServiceUnavailable)
	}
}

func (w *taskWorld) post(r *http.Request, worker string, body []byte) error {
	req, err := http.NewRequestWithContext(r.Context(), http.MethodPost, "http://"+worker+"/", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header = r.Header.Clone()
	res, err := w.http.Do(req)
	if err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		return err
	}
	if err := res.Body.Close(); err != nil {
		return err
	}
	if res.StatusCode/100 != 2 {
		return fmt.Errorf("%s", res.Status)
	}
	return nil
}

// settle returns when no task is open. Meanwhile tasks are tended more often than in the cloud.
func (w *taskWorld) settle(t *testing.T) {
	t.Helper()
	for deadline := time.Now().Add(15 * time.Minute); ; pause(t.Context(), time.Second) {
		if _, err := w.engine.Tend(t.Context(), 1000); err != nil {
			t.Logf("tending: %v", err)
		}
		open, err := w.client.Collection("accounts/"+account+"/tasks").Where("open", "==", true).Limit(1).Documents(t.Context()).GetAll()
		if err != nil {
			t.Fatal(err)
		}
		if len(open) == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("task %s is still open: %v", open[0].Ref.ID, open[0].Data())
		}
	}
}

func (w *taskWorld) all(t *testing.T, collection string) []*firestore.DocumentSnapshot {
	t.Helper()
	snaps, err := w.client.Collection(collection).Documents(t.Context()).GetAll()
	if err != nil {
		t.Fatal(err)
	}
	return snaps
}
