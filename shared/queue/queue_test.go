package queue_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"
	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"fieldboard.dev/fieldboard/shared/cloud"
	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/shared/queue"
	"fieldboard.dev/fieldboard/tests/emulator"
)

const invoker = "invoker@demo.iam.gserviceaccount.com"

type delivered struct {
	ContentType, Body, Email, Audience string
}

// newQueue returns a queue of its own and what its worker gets.
func newQueue(t *testing.T) (*queue.Queue, string, <-chan delivered) {
	t.Helper()
	got := make(chan delivered, 10)
	worker := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		var claims struct {
			jwt.RegisteredClaims
			Email string `json:"email"`
		}
		token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		if _, _, err := jwt.NewParser().ParseUnverified(token, &claims); err != nil {
			t.Error(err)
		}
		got <- delivered{r.Header.Get("Content-Type"), string(body), claims.Email, strings.Join(claims.Audience, " ")}
	}))
	t.Cleanup(worker.Close)

	clients := cloud.New(cloud.Config{Project: emulator.Project(t), Location: "us-central1", TasksEmulatorHost: emulator.Tasks(t)})
	t.Cleanup(func() {
		if err := clients.Close(); err != nil {
			t.Error(err)
		}
	})
	client, err := clients.Tasks(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	parent := "projects/" + clients.Config().Project + "/locations/us-central1"
	if _, err := client.CreateQueue(t.Context(), &cloudtaskspb.CreateQueueRequest{
		Parent: parent, Queue: &cloudtaskspb.Queue{Name: parent + "/queues/work"},
	}); err != nil {
		t.Fatal(err)
	}
	q, err := queue.New(clients, queue.Config{Queue: "work", WorkerURL: worker.URL, Invoker: invoker})
	if err != nil {
		t.Fatal(err)
	}
	return q, worker.URL, got
}

func TestAddDeliversOnceByName(t *testing.T) {
	t.Parallel()
	q, url, got := newQueue(t)
	for i, want := range []bool{true, false} {
		added, err := q.Add(t.Context(), queue.Message{Name: "sync/acc_1/RUN/0", Body: []byte(`{"n":1}`), Deadline: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		if added != want {
			t.Errorf("call %d: added %v, want %v", i, added, want)
		}
	}
	added, err := q.Add(t.Context(), queue.Message{Name: "sync/acc_1/RUN/1", Body: []byte(`{"n":2}`), Deadline: time.Minute})
	if err != nil || !added {
		t.Fatalf("another name: added %v, error %v", added, err)
	}
	bodies := map[string]int{}
	for range 2 {
		select {
		case d := <-got:
			bodies[d.Body]++
			want := delivered{"application/json", d.Body, invoker, url}
			if diff := cmp.Diff(want, d); diff != "" {
				t.Errorf("delivery (-want +got):\n%s", diff)
			}
		case <-time.After(20 * time.Second):
			t.Fatal("nothing was delivered")
		}
	}
	if diff := cmp.Diff(map[string]int{`{"n":1}`: 1, `{"n":2}`: 1}, bodies); diff != "" {
		t.Errorf("bodies (-want +got):\n%s", diff)
	}
}

func TestAddRefuses(t *testing.T) {
	t.Parallel()
	q, err := queue.New(cloud.New(cloud.Config{}), queue.Config{Queue: "work", WorkerURL: "https://worker.example", Invoker: invoker})
	if err != nil {
		t.Fatal(err)
	}
	good := queue.Message{Name: "a", Deadline: time.Minute}
	for name, tt := range map[string]struct {
		change func(*queue.Message)
		want   problem.Code
	}{
		"no name":            {func(x *queue.Message) { x.Name = "" }, problem.Invalid},
		"a body too large":   {func(x *queue.Message) { x.Body = make([]byte, queue.MaxBody+1) }, problem.TooLarge},
		"a deadline too far": {func(x *queue.Message) { x.Deadline = time.Hour }, problem.Invalid},
		"no deadline":        {func(x *queue.Message) { x.Deadline = 0 }, problem.Invalid},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bad := good
			tt.change(&bad)
			_, err := q.Add(t.Context(), bad)
			if got := problem.CodeOf(err); err == nil || got != tt.want {
				t.Errorf("error %v with code %q, want %q", err, got, tt.want)
			}
		})
	}
}

func TestAddWithoutTheQueueIsUnavailable(t *testing.T) {
	t.Parallel()
	clients := cloud.New(cloud.Config{Project: emulator.Project(t), Location: "us-central1", TasksEmulatorHost: emulator.Tasks(t)})
	t.Cleanup(func() {
		if err := clients.Close(); err != nil {
			t.Error(err)
		}
	})
	q, err := queue.New(clients, queue.Config{Queue: "absent", WorkerURL: "https://worker.example", Invoker: invoker})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	_, err = q.Add(ctx, queue.Message{Name: "a", Deadline: time.Minute})
	if got := problem.CodeOf(err); err == nil || got != problem.Unavailable {
		t.Errorf("error %v with code %q, want %q", err, got, problem.Unavailable)
	}
}

func TestConfigIsChecked(t *testing.T) {
	t.Parallel()
	for name, cfg := range map[string]queue.Config{
		"no queue":       {WorkerURL: "https://w.example", Invoker: invoker},
		"a full name":    {Queue: "projects/p/queues/q", WorkerURL: "https://w.example", Invoker: invoker},
		"no address":     {Queue: "q", Invoker: invoker},
		"a bad scheme":   {Queue: "q", WorkerURL: "ftp://w.example", Invoker: invoker},
		"no invoker":     {Queue: "q", WorkerURL: "https://w.example"},
		"no mail at all": {Queue: "q", WorkerURL: "https://w.example", Invoker: "invoker"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := queue.New(cloud.New(cloud.Config{}), cfg); err == nil {
				t.Error("the settings were taken")
			}
		})
	}
}

func TestIDKeepsNamesApartAndFitsTheQueue(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x/", 400)
	for _, name := range []string{"sync/acc_1/RUN/0", "a b", long} {
		id := queue.ID(name)
		if len(id) > 500 || strings.Trim(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") != "" {
			t.Errorf("%.20q has the id %q, which a queue refuses", name, id)
		}
		if queue.ID(name) != id || queue.ID(name+"1") == id {
			t.Errorf("the id of %.20q is not its own", name)
		}
	}
}
