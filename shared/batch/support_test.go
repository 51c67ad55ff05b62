package batch

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"
	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"github.com/sethvargo/go-envconfig"
	"google.golang.org/protobuf/types/known/durationpb"

	emulated "fieldboard.dev/fieldboard/emulators/jobber"
	"fieldboard.dev/fieldboard/shared/account"
	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/httpapi"
	"fieldboard.dev/fieldboard/shared/instance"
	"fieldboard.dev/fieldboard/shared/jobber"
	"fieldboard.dev/fieldboard/shared/record"
	"fieldboard.dev/fieldboard/shared/task"
	"fieldboard.dev/fieldboard/tests/emulator"
)

// bench is a Jobber with a business, an account that is connected to it, and a worker that Cloud Tasks delivers to.
type bench struct {
	t       *testing.T
	in      *instance.Instance
	batches *Batches
	worker  *Worker
	engine  *task.Engine
	jobber  *httptest.Server
	by      httpapi.Principal
	broken  atomic.Bool // deliveries are refused
}

func newBench(t *testing.T, change ...func(*emulated.Options)) *bench {
	t.Helper()
	emulator.Firestore(t)
	emulator.PubSub(t)
	b := &bench{t: t}
	log := slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	options := emulated.Options{
		Log: slog.New(slog.DiscardHandler), Seed: 1, Scale: 0.02, Bucket: 10_000_000, RestoreRate: 1_000_000, RequestLimit: 1_000_000,
		ClientID: "app", ClientSecret: "secret",
	}
	for _, f := range change {
		f(&options)
	}
	fake, err := emulated.New(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(fake.Close)
	b.jobber = httptest.NewServer(fake.Handler())
	t.Cleanup(b.jobber.Close)
	ready := make(chan struct{})
	var worker *task.Worker
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		<-ready
		var token task.Token
		err := json.NewDecoder(r.Body).Decode(&token)
		if err != nil || b.broken.Load() || worker.Work(r.Context(), token, r.Header.Get("X-CloudTasks-TaskRetryCount") != "0") != nil {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	b.in, err = instance.New(t.Context(), envconfig.MapLookuper(map[string]string{
		"GOOGLE_CLOUD_PROJECT": emulator.Project(t), "REDIS_URL": emulator.Redis(t), "REDIS_PREFIX": emulator.Prefix(t),
		"CLOUD_TASKS_EMULATOR_HOST": emulator.Tasks(t), "TASK_WORKERS": "batches=" + server.URL, "TASKS_INVOKER": "invoker@demo.iam.gserviceaccount.com",
		"TASK_LEASE": "3s", "BATCH_SETTLING": "1500ms",
		"JOBBER_CLIENT_ID": "app", "JOBBER_CLIENT_SECRET": "secret", "JOBBER_AUTHORIZE_URL": b.jobber.URL + "/api/oauth/authorize",
		"JOBBER_TOKEN_URL": b.jobber.URL + "/api/oauth/token", "JOBBER_GRAPHQL_URL": b.jobber.URL + "/api/graphql",
		"JOBBER_GRAPHQL_VERSION": emulated.DefaultVersion, "JOBBER_REQUEST_LIMIT": "1000000",
		"TOKEN_ENCRYPTION_KEY": base64.StdEncoding.EncodeToString(make([]byte, 32)), "PUBLIC_URL": "http://127.0.0.1:5000",
	}), clock.System, log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.in.Cloud.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(server.Close) // before the clients, which its last deliveries use
	b.provide()
	if b.batches, err = New(t.Context(), b.in); err != nil {
		t.Fatal(err)
	}
	if b.worker, err = NewWorker(t.Context(), b.in); err != nil {
		t.Fatal(err)
	}
	if b.engine, err = task.NewEngine(t.Context(), b.in); err != nil {
		t.Fatal(err)
	}
	worker = task.NewWorker(b.engine, Kind.Queue)
	if err := task.Handle(worker, Kind, b.worker.Run); err != nil {
		t.Fatal(err)
	}
	close(ready)
	b.connect()
	return b
}

// provide makes the topics and the queue.
func (b *bench) provide() {
	b.t.Helper()
	ctx, project := b.t.Context(), b.in.Cloud.Config().Project
	pubsub, err := b.in.Cloud.PubSub(ctx)
	if err != nil {
		b.t.Fatal(err)
	}
	if _, err := pubsub.TopicAdminClient.CreateTopic(ctx, &pubsubpb.Topic{Name: "projects/" + project + "/topics/events"}); err != nil {
		b.t.Fatal(err)
	}
	tasks, err := b.in.Cloud.Tasks(ctx)
	if err != nil {
		b.t.Fatal(err)
	}
	parent := "projects/" + project + "/locations/us-central1"
	_, err = tasks.CreateQueue(ctx, &cloudtaskspb.CreateQueueRequest{Parent: parent, Queue: &cloudtaskspb.Queue{
		Name:        parent + "/queues/batches",
		RateLimits:  &cloudtaskspb.RateLimits{MaxDispatchesPerSecond: 200, MaxConcurrentDispatches: 4},
		RetryConfig: &cloudtaskspb.RetryConfig{MaxAttempts: 20, MinBackoff: durationpb.New(50 * time.Millisecond), MaxBackoff: durationpb.New(time.Second)},
	}})
	if err != nil {
		b.t.Fatal(err)
	}
}

// connect makes an account and connects it to the emulator's account 1 by the real exchange.
func (b *bench) connect() {
	b.t.Helper()
	ctx := b.t.Context()
	owner := account.Member{UserID: "owner", Email: "owner@example.com", Name: "Owner"}
	a, err := account.NewStore(b.in.Cloud, b.in.Clock).Create(ctx, account.Account{Name: "Demo", Currency: "USD", TimeZone: "America/Denver"}, owner)
	if err != nil {
		b.t.Fatal(err)
	}
	b.by = httpapi.Principal{UserID: "owner", AccountID: a.ID}
	consent, err := b.worker.jobber.AuthorizeURL(ctx, a.ID, "owner")
	if err != nil {
		b.t.Fatal(err)
	}
	u, err := url.Parse(consent)
	if err != nil {
		b.t.Fatal(err)
	}
	form := u.Query()
	form.Set("account", "1")
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.PostForm(b.jobber.URL+"/api/oauth/authorize", form)
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	back, err := res.Location()
	if err != nil {
		b.t.Fatal(err)
	}
	if _, err := b.worker.jobber.Connect(ctx, a.ID, "owner", back.Query().Get("code"), back.Query().Get("state")); err != nil {
		b.t.Fatal(err)
	}
}

// control asks the emulator's control API for something.
func (b *bench) control(method, path string, body any) map[string]any {
	b.t.Helper()
	var buffer bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&buffer).Encode(body); err != nil {
			b.t.Fatal(err)
		}
	}
	req, err := http.NewRequestWithContext(b.t.Context(), method, b.jobber.URL+"/_control/"+path, &buffer)
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode >= 300 {
		b.t.Fatalf("%s: %s %s %v", path, res.Status, raw, err)
	}
	answer := map[string]any{}
	if err := json.Unmarshal(raw, &answer); err != nil {
		b.t.Fatal(err)
	}
	return answer
}

// copied copies clients, or other records, of the business into the account, and returns their ids.
func (b *bench) copied(c record.Collection, n int) []string {
	b.t.Helper()
	var theirs []string
	ctx, q := b.t.Context(), jobber.PageRequest{First: n}
	var err error
	switch c {
	case record.Clients:
		var page jobber.Page[jobber.Client]
		page, err = b.worker.jobber.Clients(ctx, b.by.AccountID, q)
		for _, r := range page.Items {
			theirs = append(theirs, r.ID)
		}
	case record.Visits:
		var page jobber.Page[jobber.Visit]
		page, err = b.worker.jobber.Visits(ctx, b.by.AccountID, jobber.PageRequest{First: n, Starts: jobber.Range{After: time.Now()}})
		for _, r := range page.Items {
			theirs = append(theirs, r.ID)
		}
	case record.Invoices:
		var page jobber.Page[jobber.Invoice]
		page, err = b.worker.jobber.Invoices(ctx, b.by.AccountID, jobber.PageRequest{})
		for _, r := range page.Items {
			if r.Status == "draft" && len(theirs) < n {
				theirs = append(theirs, r.ID)
			}
		}
	}
	if err != nil {
		b.t.Fatal(err)
	}
	var ours []string
	for _, id := range theirs {
		if err := b.worker.copy.Fetch(ctx, b.by.AccountID, c, id, false); err != nil {
			b.t.Fatal(err)
		}
		own, err := record.IDOf(id)
		if err != nil {
			b.t.Fatal(err)
		}
		ours = append(ours, own)
	}
	if len(ours) == 0 {
		b.t.Fatalf("no %s", c)
	}
	return ours
}

// file makes a draft of a file.
func (b *bench) file(id, content string) Batch {
	b.t.Helper()
	d, err := b.batches.FromFile(b.t.Context(), b.by, id, "clients.csv", []byte(content))
	if err != nil {
		b.t.Fatal(err)
	}
	return d
}

func (b *bench) start(id string) {
	b.t.Helper()
	if d, err := b.batches.Start(b.t.Context(), b.by, id); err != nil || d.State != Running {
		b.t.Fatalf("%+v: %v", d, err)
	}
}

// await waits until a batch stands as asked.
func (b *bench) await(id string, want State) Batch {
	b.t.Helper()
	var d Batch
	for deadline := time.Now().Add(90 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		var err error
		if d, err = b.batches.Get(b.t.Context(), b.by.AccountID, id); err != nil {
			b.t.Fatal(err)
		}
		if d.State == want {
			return d
		}
	}
	b.t.Fatalf("the batch is %s: %+v", d.State, d)
	return d
}

func (b *bench) rows(id string) []Row {
	b.t.Helper()
	var all []Row
	for {
		after := 0
		if len(all) > 0 {
			after = all[len(all)-1].Number
		}
		rows, more, err := b.batches.Rows(b.t.Context(), b.by.AccountID, id, "", after, 100)
		if err != nil {
			b.t.Fatal(err)
		}
		all = append(all, rows...)
		if !more {
			return all
		}
	}
}

// named returns the clients at Jobber that a name begins, and those in the copy.
func (b *bench) named(name string) (theirs []jobber.Client, ours []*record.Client) {
	b.t.Helper()
	for q := (jobber.PageRequest{}); ; {
		page, err := b.worker.jobber.Clients(b.t.Context(), b.by.AccountID, q)
		if err != nil {
			b.t.Fatal(err)
		}
		for _, c := range page.Items {
			if strings.HasPrefix(c.Name, name) {
				theirs = append(theirs, c)
			}
		}
		if !page.HasNext {
			break
		}
		q.After = page.NextCursor
	}
	page, err := b.batches.records.List(b.t.Context(), b.by.AccountID, record.Clients, record.Query{Sort: "name", Limit: 10_000})
	if err != nil {
		b.t.Fatal(err)
	}
	for _, r := range page.Records {
		if c := r.(*record.Client); strings.HasPrefix(c.Name, name) {
			ours = append(ours, c)
		}
	}
	return theirs, ours
}
