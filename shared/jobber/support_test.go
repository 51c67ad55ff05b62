package jobber_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"

	emulated "fieldboard.dev/fieldboard/emulators/jobber"
	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/cloud"
	"fieldboard.dev/fieldboard/shared/event"
	"fieldboard.dev/fieldboard/shared/jobber"
	"fieldboard.dev/fieldboard/shared/telemetry"
	"fieldboard.dev/fieldboard/tests/emulator"
)

const (
	account = "acc_test1"
	owner   = "uid_owner"
	version = "2026-05-12"
	secret  = "the secret of the app"
)

// start is a Tuesday.
var start = time.Date(2026, 6, 16, 18, 0, 0, 0, time.UTC)

// bench is an emulated Jobber with a product beside it. Time stands still but for what the product sleeps.
type bench struct {
	t       *testing.T
	clock   *clock.Manual
	clients *cloud.Clients
	cfg     jobber.Config
	events  *event.Store
	store   *jobber.Store
	log     *slog.Logger
	url     string
}

func newBench(t *testing.T, change ...func(*emulated.Options)) *bench {
	t.Helper()
	emulator.Firestore(t)
	emulator.PubSub(t)
	b := &bench{t: t, clock: clock.NewManual(start), log: slog.New(slog.NewTextHandler(t.Output(), nil))}
	b.clients = cloud.New(cloud.Config{Project: emulator.Project(t), Location: "us-central1", RedisURL: emulator.Redis(t), RedisPrefix: emulator.Prefix(t)})
	t.Cleanup(func() {
		if err := b.clients.Close(); err != nil {
			t.Error(err)
		}
	})
	pubsub, err := b.clients.PubSub(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pubsub.TopicAdminClient.CreateTopic(t.Context(), &pubsubpb.Topic{Name: "projects/" + b.clients.Config().Project + "/topics/events"}); err != nil {
		t.Fatal(err)
	}
	b.cfg = jobber.Config{
		ClientID: "3ef22a50-0000-4000-8000-000000000001", ClientSecret: secret, GraphQLVersion: version,
		TokenKeys: testKey(1), PublicURL: "http://127.0.0.1:5000", RequestLimit: 2500, RequestWindow: 300 * time.Second,
	}
	options := emulated.Options{
		Clock: b.clock, Log: slog.New(slog.DiscardHandler), Seed: 7, Scale: 0.03,
		ClientID: b.cfg.ClientID, ClientSecret: secret, RedirectURI: b.cfg.PublicURL + "/connect/jobber",
	}
	for _, f := range change {
		f(&options)
	}
	e, err := emulated.New(options)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(e.Handler())
	t.Cleanup(func() {
		server.Close()
		e.Close()
	})
	b.url = server.URL
	b.cfg.AuthorizeURL, b.cfg.TokenURL, b.cfg.GraphQLURL = b.url+"/api/oauth/authorize", b.url+"/api/oauth/token", b.url+"/api/graphql"
	b.events = event.NewStore(b.clients, event.Config{Topic: "events"}, b.log)
	if b.store, err = jobber.NewStore(b.clients, b.events, b.cfg.TokenKeys, b.clock, b.log); err != nil {
		t.Fatal(err)
	}
	return b
}

func testKey(n byte) telemetry.Secret {
	return telemetry.Secret(base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{n}, 32)))
}

// api returns an API as one instance of a function has it. Its sleeping moves the clock.
func (b *bench) api(change ...func(*jobber.Options)) *jobber.API {
	o := jobber.Options{
		Config: b.cfg, Store: b.store, Budget: jobber.NewBudget(b.clients, b.cfg, b.clock, b.log), Clock: b.clock, Log: b.log,
		Sleep: func(ctx context.Context, d time.Duration) error {
			b.clock.Advance(d)
			return ctx.Err()
		},
	}
	for _, f := range change {
		f(&o)
	}
	return jobber.NewAPI(o)
}

// through makes an API's requests pass through f.
func through(f func(*http.Request, http.RoundTripper) (*http.Response, error)) func(*jobber.Options) {
	return func(o *jobber.Options) { o.HTTP = &http.Client{Transport: transport(f)} }
}

type transport func(*http.Request, http.RoundTripper) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) {
	return f(r, http.DefaultTransport)
}

// napping is for concurrent APIs: they really sleep, briefly, and the clock stands.
func napping(o *jobber.Options) {
	o.Sleep = func(ctx context.Context, _ time.Duration) error {
		select {
		case <-time.After(5 * time.Millisecond):
		case <-ctx.Done():
		}
		return ctx.Err()
	}
}

// consent is what a person does on Jobber's page: it returns what comes back to the dashboard.
func (b *bench) consent(page string, jobberAccount string) (code, state string) {
	b.t.Helper()
	u, err := url.Parse(page)
	if err != nil {
		b.t.Fatal(err)
	}
	form := u.Query()
	form.Set("account", jobberAccount)
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.PostForm(b.cfg.AuthorizeURL, form)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	back, err := resp.Location()
	if err != nil {
		b.t.Fatalf("status %d: %v", resp.StatusCode, err)
	}
	if got, want := back.Scheme+"://"+back.Host+back.Path, b.cfg.PublicURL+"/connect/jobber"; got != want {
		b.t.Fatalf("Jobber leads back to %s, want %s", got, want)
	}
	return back.Query().Get("code"), back.Query().Get("state")
}

// connect connects an account to the emulator's account number.
func (b *bench) connect(api *jobber.API, account, number string) (jobber.Connection, error) {
	b.t.Helper()
	page, err := api.AuthorizeURL(b.t.Context(), account, owner)
	if err != nil {
		b.t.Fatal(err)
	}
	code, state := b.consent(page, number)
	return api.Connect(b.t.Context(), account, owner, code, state)
}

func (b *bench) connected(change ...func(*jobber.Options)) *jobber.API {
	b.t.Helper()
	api := b.api(change...)
	if _, err := b.connect(api, account, "1"); err != nil {
		b.t.Fatal(err)
	}
	return api
}

// control posts to the emulator's control API.
func (b *bench) control(path string, body any) {
	b.t.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		b.t.Fatal(err)
	}
	resp, err := http.Post(b.url+"/_control/"+path, "application/json", bytes.NewReader(raw))
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode >= 300 {
		text, err := io.ReadAll(resp.Body)
		b.t.Fatalf("%s: status %d: %s %v", path, resp.StatusCode, text, err)
	}
}

func (b *bench) stats() emulated.Stats {
	b.t.Helper()
	resp, err := http.Get(b.url + "/_control/accounts/1/stats")
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	var s emulated.Stats
	if err := json.NewDecoder(resp.Body).Decode(&s); err != nil {
		b.t.Fatal(err)
	}
	return s
}

// counter counts the refreshes that are sent.
type counter struct {
	mu        sync.Mutex
	refreshes int
	used      map[string]int // by refresh token
	queries   int
}

func (c *counter) counting(next func(*http.Request, http.RoundTripper) (*http.Response, error)) func(*jobber.Options) {
	return through(func(r *http.Request, rt http.RoundTripper) (*http.Response, error) {
		if strings.HasSuffix(r.URL.Path, "/token") {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return nil, err
			}
			r.Body = io.NopCloser(bytes.NewReader(body))
			form, err := url.ParseQuery(string(body))
			if err != nil {
				return nil, err
			}
			if form.Get("grant_type") == "refresh_token" {
				c.mu.Lock()
				if c.used == nil {
					c.used = map[string]int{}
				}
				c.refreshes++
				c.used[form.Get("refresh_token")]++
				c.mu.Unlock()
			}
		} else {
			c.mu.Lock()
			c.queries++
			c.mu.Unlock()
		}
		if next != nil {
			return next(r, rt)
		}
		return rt.RoundTrip(r)
	})
}

func isRefresh(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/token") }
