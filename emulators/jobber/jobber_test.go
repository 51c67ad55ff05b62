package jobber_test

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"fieldboard.dev/fieldboard/emulators/jobber"
	"fieldboard.dev/fieldboard/shared/clock"
)

const (
	clientID     = "3ef22a50-0000-4000-8000-000000000001"
	clientSecret = "the secret of the app"
	redirectURI  = "http://127.0.0.1:5000/connect/jobber"
	version      = "2026-05-12"
)

// start is an instant on a Tuesday at noon in Denver.
var start = time.Date(2026, 6, 16, 18, 0, 0, 0, time.UTC)

// bench is a Jobber that a test talks to over HTTP, small and with a clock that stands still.
type bench struct {
	t      testing.TB
	clock  *clock.Manual
	url    string
	client *http.Client
}

func newBench(tb testing.TB, change ...func(*jobber.Options)) *bench {
	tb.Helper()
	b := &bench{t: tb, clock: clock.NewManual(start), client: &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	options := jobber.Options{
		Clock: b.clock, Log: slog.New(slog.NewTextHandler(tb.Output(), nil)), Seed: 7, Scale: 0.05,
		ClientID: clientID, ClientSecret: clientSecret, RedirectURI: redirectURI,
	}
	for _, f := range change {
		f(&options)
	}
	e, err := jobber.New(options)
	if err != nil {
		tb.Fatal(err)
	}
	server := httptest.NewServer(e.Handler())
	b.url = server.URL
	tb.Cleanup(func() {
		server.Close()
		e.Close()
		b.client.CloseIdleConnections()
	})
	return b
}

// answer is what came back.
type answer struct {
	t        testing.TB
	status   int
	body     []byte
	location string
}

func (a answer) into(v any) {
	a.t.Helper()
	if err := json.Unmarshal(a.body, v); err != nil {
		a.t.Fatalf("status %d, body %s: %v", a.status, a.body, err)
	}
}

func (a answer) want(status int) answer {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("status %d, want %d; body: %s", a.status, status, a.body)
	}
	return a
}

func (b *bench) do(method, path, contentType string, body io.Reader, header http.Header) answer {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), method, b.url+path, body)
	if err != nil {
		b.t.Fatal(err)
	}
	for name, values := range header {
		r.Header[name] = values
	}
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	response, err := b.client.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer response.Body.Close()
	read, err := io.ReadAll(response.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return answer{b.t, response.StatusCode, read, response.Header.Get("Location")}
}

func (b *bench) get(path string) answer {
	b.t.Helper()
	return b.do(http.MethodGet, path, "", nil, nil)
}

func (b *bench) post(path string, body any) answer {
	b.t.Helper()
	encoded, err := json.Marshal(body)
	if err != nil {
		b.t.Fatal(err)
	}
	return b.do(http.MethodPost, path, "application/json", bytes.NewReader(encoded), nil)
}

func (b *bench) form(path string, values url.Values) answer {
	b.t.Helper()
	return b.do(http.MethodPost, path, "application/x-www-form-urlencoded", strings.NewReader(values.Encode()), nil)
}

type m = map[string]any

// control acts and returns the id of the record that it was about.
func (b *bench) control(path string) string {
	b.t.Helper()
	var done struct {
		ID string
		At time.Time
	}
	b.post("/_control"+path, nil).want(http.StatusOK).into(&done)
	if done.ID == "" || done.At.IsZero() {
		b.t.Fatalf("%s: answered %+v, want an id and a time", path, done)
	}
	return done.ID
}

func (b *bench) fault(f m) {
	b.t.Helper()
	b.post("/_control/faults", f).want(http.StatusCreated)
}

func (b *bench) settings(s m) {
	b.t.Helper()
	b.post("/_control/settings", s).want(http.StatusOK)
}

func (b *bench) stats(account string) (s jobber.Stats) {
	b.t.Helper()
	b.get("/_control/accounts/" + account + "/stats").want(http.StatusOK).into(&s)
	return s
}

type tokens struct {
	Access    string `json:"access_token"`
	Refresh   string `json:"refresh_token"`
	ExpiresAt string `json:"expires_at"`
	Warning   string `json:"warning"`
}

// authorize answers the consent page and returns the code.
func (b *bench) authorize(account string) string {
	b.t.Helper()
	a := b.form("/api/oauth/authorize", url.Values{
		"client_id": {clientID}, "redirect_uri": {redirectURI}, "state": {"a state"}, "account": {account}, "decision": {"allow"},
	}).want(http.StatusFound)
	target, err := url.Parse(a.location)
	if err != nil {
		b.t.Fatal(err)
	}
	return target.Query().Get("code")
}

func (b *bench) exchange(code string) answer {
	b.t.Helper()
	return b.form("/api/oauth/token", url.Values{
		"client_id": {clientID}, "client_secret": {clientSecret}, "grant_type": {"authorization_code"},
		"code": {code}, "redirect_uri": {redirectURI},
	})
}

func (b *bench) refresh(token string) answer {
	b.t.Helper()
	return b.form("/api/oauth/token", url.Values{
		"client_id": {clientID}, "client_secret": {clientSecret}, "grant_type": {"refresh_token"}, "refresh_token": {token},
	})
}

// connect goes through the whole exchange.
func (b *bench) connect(account string) (t tokens) {
	b.t.Helper()
	b.exchange(b.authorize(account)).want(http.StatusOK).into(&t)
	return t
}

// reply is a GraphQL answer.
type reply struct {
	Data   m
	Errors []struct {
		Message    string
		Path       []any
		Extensions m
	}
	Extensions struct {
		Cost struct {
			Requested int                                                             `json:"requestedQueryCost"`
			Actual    int                                                             `json:"actualQueryCost"`
			Throttle  struct{ MaximumAvailable, CurrentlyAvailable, RestoreRate int } `json:"throttleStatus"`
		}
		Versioning struct{ Version, Warning string }
	}
}

func (r reply) code() any {
	if len(r.Errors) == 0 {
		return nil
	}
	return r.Errors[0].Extensions["code"]
}

func (b *bench) ask(token, query string, variables m) answer {
	b.t.Helper()
	encoded, err := json.Marshal(m{"query": query, "variables": variables})
	if err != nil {
		b.t.Fatal(err)
	}
	header := http.Header{"X-Jobber-Graphql-Version": {version}}
	if token != "" {
		header.Set("Authorization", "Bearer "+token)
	}
	return b.do(http.MethodPost, "/api/graphql", "application/json", bytes.NewReader(encoded), header)
}

// lost tells whether no answer comes to a query: the connection breaks.
func (b *bench) lost(token, query string, variables m) bool {
	b.t.Helper()
	encoded, err := json.Marshal(m{"query": query, "variables": variables})
	if err != nil {
		b.t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, b.url+"/api/graphql", bytes.NewReader(encoded))
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header = http.Header{
		"Content-Type": {"application/json"}, "Authorization": {"Bearer " + token}, "X-Jobber-Graphql-Version": {version},
	}
	response, err := b.client.Do(r)
	if err != nil {
		return true
	}
	if err := response.Body.Close(); err != nil {
		b.t.Error(err)
	}
	return false
}

// reply asks and wants an answer of status 200.
func (b *bench) reply(token, query string, variables m) (r reply) {
	b.t.Helper()
	b.ask(token, query, variables).want(http.StatusOK).into(&r)
	return r
}

// data asks and wants an answer without errors.
func (b *bench) data(token, query string, variables m) m {
	b.t.Helper()
	r := b.reply(token, query, variables)
	if len(r.Errors) > 0 {
		b.t.Fatalf("%s: %+v", query, r.Errors)
	}
	return r.Data
}

// dig follows keys into nested objects.
func dig(v any, keys ...string) any {
	for _, key := range keys {
		object, ok := v.(m)
		if !ok {
			return nil
		}
		v = object[key]
	}
	return v
}

// nodes are the nodes of a connection in data.
func nodes(data m, keys ...string) []m {
	list, _ := dig(data, append(keys, "nodes")...).([]any)
	var objects []m
	for _, item := range list {
		object, _ := item.(m)
		objects = append(objects, object)
	}
	return objects
}
