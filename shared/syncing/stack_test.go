package syncing

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"
	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"github.com/google/go-cmp/cmp"
	"github.com/sethvargo/go-envconfig"

	emulated "fieldboard.dev/fieldboard/emulators/jobber"
	"fieldboard.dev/fieldboard/shared/account"
	"fieldboard.dev/fieldboard/shared/instance"
	"fieldboard.dev/fieldboard/shared/jobber"
	"fieldboard.dev/fieldboard/shared/record"
	"fieldboard.dev/fieldboard/tests/emulator"
)

// driftingClock runs like the machine's and can be moved forward.
type driftingClock struct{ ahead atomic.Int64 }

func (c *driftingClock) Now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())).UTC() }

func (c *driftingClock) advance(d time.Duration) { c.ahead.Add(int64(d)) }

// stack is a Jobber with a business, and an account that is connected to it.
type stack struct {
	in      *instance.Instance
	clock   *driftingClock
	jobber  *httptest.Server
	runner  *Runner
	account string
	secret  string

	mu       sync.Mutex
	webhooks []webhook // that the emulator sent
}

// webhook is one as it came.
type webhook struct {
	body      []byte
	signature string
}

const invoker = "invoker@demo.iam.gserviceaccount.com"

// newStack returns a stack whose Jobber has a business of the given scale and more budget than anybody could use.
func newStack(tb testing.TB, scale float64, change ...func(*emulated.Options)) *stack {
	tb.Helper()
	emulator.Firestore(tb)
	emulator.PubSub(tb)
	s := &stack{clock: &driftingClock{}, secret: "the-app's-secret"}
	log := slog.New(slog.NewTextHandler(testWriter{tb}, &slog.HandlerOptions{Level: slog.LevelWarn}))

	hooks := httptest.NewServer(http.HandlerFunc(s.keepWebhook))
	tb.Cleanup(hooks.Close)
	options := emulated.Options{
		Clock: s.clock, Log: log, Seed: 1, Scale: scale, Bucket: 10_000_000, RestoreRate: 1_000_000, RequestLimit: 1_000_000,
		ClientID: "app", ClientSecret: s.secret, WebhookURL: hooks.URL,
	}
	for _, f := range change {
		f(&options)
	}
	fake, err := emulated.New(options)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(fake.Close)
	s.jobber = httptest.NewServer(fake.Handler())
	tb.Cleanup(s.jobber.Close)

	worker := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})) // tests run the steps themselves
	tb.Cleanup(worker.Close)
	settings := map[string]string{
		"GOOGLE_CLOUD_PROJECT": emulator.Project(tb), "REDIS_URL": emulator.Redis(tb), "REDIS_PREFIX": emulator.Prefix(tb),
		"CLOUD_TASKS_EMULATOR_HOST": emulator.Tasks(tb), "SYNC_WORKER_URL": worker.URL, "TASKS_INVOKER": invoker,
		"JOBBER_CLIENT_ID": "app", "JOBBER_CLIENT_SECRET": s.secret, "JOBBER_AUTHORIZE_URL": s.jobber.URL + "/api/oauth/authorize",
		"JOBBER_TOKEN_URL": s.jobber.URL + "/api/oauth/token", "JOBBER_GRAPHQL_URL": s.jobber.URL + "/api/graphql",
		"JOBBER_GRAPHQL_VERSION": emulated.DefaultVersion, "JOBBER_REQUEST_LIMIT": "1000000",
		"TOKEN_ENCRYPTION_KEY": base64.StdEncoding.EncodeToString(make([]byte, 32)), "PUBLIC_URL": "http://127.0.0.1:5000",
	}
	s.in, err = instance.New(tb.Context(), envconfig.MapLookuper(settings), s.clock, log)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.in.Cloud.Close(); err != nil {
			tb.Error(err)
		}
	})
	s.makeTopicsAndQueue(tb)
	s.runner, err = NewRunner(tb.Context(), s.in)
	if err != nil {
		tb.Fatal(err)
	}
	s.connect(tb)
	return s
}

func (s *stack) makeTopicsAndQueue(tb testing.TB) {
	tb.Helper()
	ctx, project := tb.Context(), s.in.Cloud.Config().Project
	pubsub, err := s.in.Cloud.PubSub(ctx)
	if err != nil {
		tb.Fatal(err)
	}
	for _, topic := range []string{"events", "jobber-webhooks"} {
		if _, err := pubsub.TopicAdminClient.CreateTopic(ctx, &pubsubpb.Topic{Name: "projects/" + project + "/topics/" + topic}); err != nil {
			tb.Fatal(err)
		}
	}
	tasks, err := s.in.Cloud.Tasks(ctx)
	if err != nil {
		tb.Fatal(err)
	}
	parent := "projects/" + project + "/locations/us-central1"
	if _, err := tasks.CreateQueue(ctx, &cloudtaskspb.CreateQueueRequest{Parent: parent, Queue: &cloudtaskspb.Queue{Name: parent + "/queues/sync"}}); err != nil {
		tb.Fatal(err)
	}
}

// connect makes an account and connects it to the emulator's account 1 by the real exchange.
func (s *stack) connect(tb testing.TB) {
	tb.Helper()
	ctx := tb.Context()
	owner := account.Member{UserID: "owner", Email: "owner@example.com", Name: "Owner"}
	a, err := account.NewStore(s.in.Cloud, s.clock).Create(ctx, account.Account{Name: "Demo", Currency: "USD", TimeZone: "America/Denver"}, owner)
	if err != nil {
		tb.Fatal(err)
	}
	s.account = a.ID
	consent, err := s.runner.api.AuthorizeURL(ctx, a.ID, "owner")
	if err != nil {
		tb.Fatal(err)
	}
	u, err := url.Parse(consent)
	if err != nil {
		tb.Fatal(err)
	}
	form := u.Query()
	form.Set("account", "1")
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.PostForm(s.jobber.URL+"/api/oauth/authorize", form)
	if err != nil {
		tb.Fatal(err)
	}
	defer res.Body.Close()
	back, err := res.Location()
	if err != nil {
		tb.Fatalf("the consent page answered %s: %v", res.Status, err)
	}
	if _, err := s.runner.api.Connect(ctx, a.ID, "owner", back.Query().Get("code"), back.Query().Get("state")); err != nil {
		tb.Fatal(err)
	}
}

// control asks the emulator's control API for something and returns its answer.
func (s *stack) control(tb testing.TB, method, path string, body any) map[string]any {
	tb.Helper()
	var b bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&b).Encode(body); err != nil {
			tb.Fatal(err)
		}
	}
	req, err := http.NewRequestWithContext(tb.Context(), method, s.jobber.URL+"/_control/"+path, &b)
	if err != nil {
		tb.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		tb.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		tb.Fatal(err)
	}
	if res.StatusCode >= 300 {
		tb.Fatalf("%s %s: %s %s", method, path, res.Status, raw)
	}
	answer := map[string]any{}
	if len(raw) > 0 && raw[0] == '{' {
		if err := json.Unmarshal(raw, &answer); err != nil {
			tb.Fatalf("%s %s answered %s: %v", method, path, raw, err)
		}
	}
	return answer
}

// act makes something happen in the business and returns our id of the record that it happened to.
func (s *stack) act(t *testing.T, method, path string) string {
	t.Helper()
	id, err := record.IDOf(s.control(t, method, "accounts/1/"+path, nil)["id"].(string))
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// start begins a run.
func (s *stack) start(tb testing.TB) {
	tb.Helper()
	if err := s.runner.Start(tb.Context(), s.account); err != nil {
		tb.Fatal(err)
	}
}

// awaited is the task that the run waits for.
func (s *stack) awaited(tb testing.TB) Message {
	tb.Helper()
	r, _, err := s.runner.store.read(tb.Context(), s.account)
	if err != nil {
		tb.Fatal(err)
	}
	return Message{Account: s.account, Run: r.ID, Step: r.Step}
}

// finish delivers the run's tasks until it is completed.
func (s *stack) finish(tb testing.TB) {
	tb.Helper()
	for range 100 {
		outcome, err := s.runner.Run(tb.Context(), s.awaited(tb))
		if err != nil {
			tb.Fatal(err)
		}
		switch outcome {
		case Completed:
			return
		case Continued:
		default:
			tb.Fatalf("a step %s", outcome)
		}
	}
	tb.Fatal("the run has no end")
}

// sync runs a whole run.
func (s *stack) sync(tb testing.TB) {
	tb.Helper()
	s.start(tb)
	s.finish(tb)
}

// business returns every record of the business, read from Jobber in one go, by collection and id.
func (s *stack) business(t *testing.T) map[key]record.Record {
	t.Helper()
	all := map[key]record.Record{}
	for _, src := range s.runner.sources {
		for q := (jobber.PageRequest{}); ; {
			p, err := src.page(t.Context(), s.account, q)
			if err != nil {
				t.Fatal(err)
			}
			for _, u := range p.upserts {
				all[key{src.collection, u.Record.Base().ID}] = u.Record
			}
			if !p.more {
				break
			}
			q.After = p.next
		}
	}
	return all
}

// copied returns every living record of the copy.
func (s *stack) copied(t *testing.T) map[key]record.Record {
	t.Helper()
	all := map[key]record.Record{}
	for _, c := range record.Collections {
		known, err := s.runner.store.living(t.Context(), s.account, c)
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		for id := range known {
			ids = append(ids, id)
		}
		records, err := s.runner.records.GetMany(t.Context(), s.account, c, ids)
		if err != nil {
			t.Fatal(err)
		}
		for id, r := range records {
			all[key{c, id}] = r
		}
	}
	return all
}

// diff tells how the copy differs from the business, in what Jobber tells of it, leaving out some collections.
func (s *stack) diff(t *testing.T, except ...record.Collection) string {
	t.Helper()
	want, got := s.business(t), s.copied(t)
	var b strings.Builder
	for k, r := range want {
		if slices.Contains(except, k.collection) {
			continue
		}
		have, there := got[k]
		if !there {
			fmt.Fprintf(&b, "%s/%s is missing\n", k.collection, k.id)
			continue
		}
		if d := cmp.Diff(plain(t, r), plain(t, have)); d != "" {
			fmt.Fprintf(&b, "%s/%s (-business +copy):\n%s", k.collection, k.id, d)
		}
	}
	for k := range got {
		if _, there := want[k]; !there && !slices.Contains(except, k.collection) {
			fmt.Fprintf(&b, "%s/%s is gone in the business\n", k.collection, k.id)
		}
	}
	return b.String()
}

// plain is a record's content, without when it was fetched and what the store works out itself.
func plain(t *testing.T, r record.Record) map[string]any {
	t.Helper()
	raw, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	m := map[string]any{}
	if err := json.Unmarshal(raw, &m); err != nil {
		t.Fatal(err)
	}
	delete(m, "FetchedAt")
	delete(m, "UpdatedAt") // moves also when what is copied stays the same
	delete(m, "Terms")
	delete(m, "Open")
	delete(m, "Watch")
	for name, value := range m { // an empty list is none
		if list, ok := value.([]any); ok && len(list) == 0 {
			m[name] = nil
		}
	}
	return m
}

func (s *stack) keepWebhook(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.webhooks = append(s.webhooks, webhook{body, r.Header.Get(jobber.SignatureHeader)})
}

// sent takes the webhooks that the emulator sent, once it has sent all of them.
func (s *stack) sent(t *testing.T) []webhook {
	t.Helper()
	for {
		stats := s.control(t, http.MethodGet, "accounts/1/stats", nil)["webhooks"].(map[string]any)
		if stats["pending"].(float64) == 0 {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	taken := s.webhooks
	s.webhooks = nil
	return taken
}

// testWriter writes a logger's lines to the test's log.
type testWriter struct{ t testing.TB }

func (w testWriter) Write(b []byte) (int, error) {
	if w.t.Context().Err() == nil {
		w.t.Log(strings.TrimSpace(string(b)))
	}
	return len(b), nil
}

func sign(secret string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// signed is a webhook that an app with the secret gets.
func signed(secret, topic, accountID, itemID string, at time.Time) webhook {
	body := fmt.Appendf(nil, `{"data":{"webHookEvent":{"topic":%q,"appId":"app","accountId":%q,"itemId":%q,"occurredAt":%q}}}`,
		topic, accountID, itemID, at.UTC().Format(time.RFC3339))
	return webhook{body, sign(secret, body)}
}
