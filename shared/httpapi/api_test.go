package httpapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/sethvargo/go-envconfig"

	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/httpapi"
	"fieldboard.dev/fieldboard/shared/instance"
	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/shared/ratelimit"
)

// tokens is a Verifier that knows its tokens by heart.
type tokens map[string]httpapi.Principal

func (t tokens) Verify(_ context.Context, token string) (httpapi.Principal, error) {
	if token == "unreachable" {
		return httpapi.Principal{}, problem.New(problem.Unavailable, "Try again.")
	}
	p, ok := t[token]
	if !ok {
		return httpapi.Principal{}, problem.New(problem.Unauthenticated, "The access token is not valid.")
	}
	return p, nil
}

var known = tokens{
	"reader":  {UserID: "u1", AccountID: "acc_one", Grants: httpapi.Grants{"thing:read": httpapi.WholeAccount}},
	"nothing": {UserID: "u2", AccountID: "acc_one"},
}

type things struct {
	httpapi.PageInput
	State string `query:"state" enum:"open,shut"`
}

type thing struct {
	Body struct {
		Name  string   `json:"name" minLength:"1" maxLength:"70000"`
		Size  int      `json:"size" minimum:"1"`
		Words []string `json:"words,omitempty"`
	}
}

type seen struct {
	Body struct {
		Account string `json:"account"`
		Limit   int    `json:"limit"`
	}
}

var logStart = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func newInstance(t *testing.T, log io.Writer) *instance.Instance {
	t.Helper()
	in, err := instance.New(t.Context(), envconfig.MapLookuper(map[string]string{
		"GOOGLE_CLOUD_PROJECT": "demo-api", "REDIS_URL": "redis://127.0.0.1:1",
	}), clock.NewManual(logStart), instance.Logger(log))
	if err != nil {
		t.Fatal(err)
	}
	return in
}

// newAPI returns an API of operations that behave in every way that the chain must bear.
func newAPI(t *testing.T, log io.Writer) *httpapi.API {
	t.Helper()
	api := httpapi.New(newInstance(t, log), httpapi.Options{Name: "things", Verifier: known, Timeout: 200 * time.Millisecond})
	read := httpapi.Needs("thing:read")
	httpapi.Register(api, huma.Operation{OperationID: "list-things", Method: http.MethodGet, Path: "/api/v1/things"}, read,
		func(ctx context.Context, in *things) (*seen, error) {
			var out seen
			out.Body.Account, out.Body.Limit = httpapi.PrincipalFrom(ctx).AccountID, in.Limit
			return &out, nil
		})
	httpapi.Register(api, huma.Operation{OperationID: "create-thing", Method: http.MethodPost, Path: "/api/v1/things"}, read,
		func(ctx context.Context, in *thing) (*seen, error) {
			var out seen
			out.Body.Limit = len(in.Body.Name)
			return &out, nil
		})
	httpapi.Register(api, huma.Operation{OperationID: "create-small", Method: http.MethodPost, Path: "/small", MaxBodyBytes: 24}, httpapi.Public,
		func(context.Context, *thing) (*struct{}, error) { return &struct{}{}, nil })
	fail := func(id, path string, err error) {
		httpapi.Register(api, huma.Operation{OperationID: id, Method: http.MethodGet, Path: path}, httpapi.Public,
			func(context.Context, *struct{}) (*seen, error) { return nil, err })
	}
	fail("unknown", "/fail/unknown", errors.New("password=hunter2 at 10.0.0.3"))
	fail("internal", "/fail/internal", problem.Wrap(errors.New("hunter2"), problem.Internal, "hunter2"))
	fail("gone", "/fail/gone", problem.Wrap(errors.New("hunter2"), problem.NotFound, "There is no such thing."))
	fail("headers", "/fail/headers", huma.ErrorWithHeaders(problem.New(problem.RateLimited, "Slower."), http.Header{"Retry-After": {"7"}}))
	fail("strange", "/fail/strange", problem.New("made_up", "hunter2"))
	httpapi.Register(api, huma.Operation{OperationID: "slow", Method: http.MethodGet, Path: "/fail/slow"}, httpapi.Public,
		func(ctx context.Context, _ *struct{}) (*seen, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		})
	httpapi.Register(api, huma.Operation{OperationID: "panic", Method: http.MethodGet, Path: "/fail/panic"}, httpapi.Public,
		func(context.Context, *struct{}) (*seen, error) { panic("hunter2") })
	httpapi.Register(api, huma.Operation{OperationID: "late-panic", Method: http.MethodGet, Path: "/fail/late"}, httpapi.Public,
		func(context.Context, *struct{}) (*huma.StreamResponse, error) {
			return &huma.StreamResponse{Body: func(hc huma.Context) {
				hc.SetHeader("Content-Type", "text/plain")
				hc.SetHeader("Set-Cookie", "half=1")
				hc.SetStatus(http.StatusOK)
				if _, err := hc.BodyWriter().Write([]byte("half an answer, hunter2")); err != nil {
					t.Error(err)
				}
				panic("hunter2")
			}}, nil
		})
	httpapi.Register(api, huma.Operation{OperationID: "shared", Method: http.MethodGet, Path: "/shared"}, httpapi.Public,
		func(context.Context, *struct{}) (*seen, error) { return &seen{}, nil })
	return api
}

type call struct {
	method, path, body string
	header             http.Header
}

func (c call) do(t *testing.T, h http.Handler) *http.Response {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), c.method, "http://fieldboard.test"+c.path, strings.NewReader(c.body))
	for k, v := range c.header {
		r.Header[k] = v
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func as(token string, more ...string) http.Header {
	h := http.Header{"Content-Type": {"application/json"}}
	if token != "" {
		h.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i < len(more); i += 2 {
		h.Add(more[i], more[i+1])
	}
	return h
}

func readAll(t *testing.T, res *http.Response) string {
	t.Helper()
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestProblems(t *testing.T) {
	t.Parallel()
	fields := func(pairs ...string) (f []problem.Field) {
		for i := 0; i < len(pairs); i += 2 {
			f = append(f, problem.Field{Location: pairs[i], Message: pairs[i+1]})
		}
		return f
	}
	const jsonPath, good = "/api/v1/things", `{"name":"a","size":1}`
	tests := []struct {
		name   string
		call   call
		status int
		code   problem.Code
		errors []problem.Field
	}{
		{"nothing there", call{method: "GET", path: "/nowhere"}, 404, problem.NotFound, nil},
		{"a path with dots", call{method: "GET", path: "/x/../api/v1/things", header: as("reader")}, 404, problem.NotFound, nil},
		{"a doubled slash", call{method: "GET", path: "//api/v1/things", header: as("reader")}, 404, problem.NotFound, nil},
		{"a trailing slash", call{method: "GET", path: "/api/v1/things/", header: as("reader")}, 404, problem.NotFound, nil},
		{"method", call{method: "DELETE", path: jsonPath, header: as("reader")}, 405, problem.MethodNotAllow, nil},
		{"preflight", call{method: "OPTIONS", path: jsonPath, header: http.Header{"Origin": {"https://evil.test"}}}, 405, problem.MethodNotAllow, nil},
		{"method override", call{method: "POST", path: "/shared", header: as("", "X-Http-Method-Override", "GET")}, 405, problem.MethodNotAllow, nil},

		{"no token", call{method: "GET", path: jsonPath}, 401, problem.Unauthenticated, nil},
		{"unknown token", call{method: "GET", path: jsonPath, header: as("stranger")}, 401, problem.Unauthenticated, nil},
		{"another scheme", call{method: "GET", path: jsonPath, header: http.Header{"Authorization": {"Basic cmVhZGVy"}}}, 401, problem.Unauthenticated, nil},
		{"an empty token", call{method: "GET", path: jsonPath, header: http.Header{"Authorization": {"Bearer "}}}, 401, problem.Unauthenticated, nil},
		{"two tokens", call{method: "GET", path: jsonPath, header: as("reader", "Authorization", "Bearer nothing")}, 401, problem.Unauthenticated, nil},
		{"a token in the query", call{method: "GET", path: jsonPath + "?access_token=reader"}, 401, problem.Unauthenticated, nil},
		{"a huge token", call{method: "GET", path: jsonPath, header: as(strings.Repeat("x", 9000))}, 401, problem.Unauthenticated, nil},
		{"verifier down", call{method: "GET", path: jsonPath, header: as("unreachable")}, 503, problem.Unavailable, nil},
		{"no permission", call{method: "GET", path: jsonPath, header: as("nothing")}, 403, problem.Forbidden, nil},
		{"no permission and a bad body", call{method: "POST", path: jsonPath, body: "{", header: as("nothing")}, 403, problem.Forbidden, nil},

		{"content type", call{method: "POST", path: jsonPath, body: good, header: as("reader", "Content-Type", "x")}, 200, "", nil},
		{"a form", call{method: "POST", path: jsonPath, body: "name=a", header: http.Header{"Authorization": {"Bearer reader"}, "Content-Type": {"application/x-www-form-urlencoded"}}}, 415, problem.Unsupported, nil},
		{"text", call{method: "POST", path: jsonPath, body: good, header: http.Header{"Authorization": {"Bearer reader"}, "Content-Type": {"text/plain"}}}, 415, problem.Unsupported, nil},
		{"no content type", call{method: "POST", path: jsonPath, body: good, header: http.Header{"Authorization": {"Bearer reader"}}}, 415, problem.Unsupported, nil},
		{"a suffix type", call{method: "POST", path: jsonPath, body: good, header: http.Header{"Authorization": {"Bearer reader"}, "Content-Type": {"text/x+json"}}}, 415, problem.Unsupported, nil},

		{"malformed", call{method: "POST", path: jsonPath, body: `{"name":`, header: as("reader")}, 422, problem.Invalid, fields("body", "is not valid JSON at byte 8")},
		{"trailing data", call{method: "POST", path: jsonPath, body: good + good, header: as("reader")}, 422, problem.Invalid, fields("body", "is not valid JSON at byte 22")},
		{"no body", call{method: "POST", path: jsonPath, header: as("reader")}, 422, problem.Invalid, fields("body", "a body is required")},
		{"unknown field", call{method: "POST", path: jsonPath, body: `{"name":"a","size":1,"role":"owner"}`, header: as("reader")}, 422, problem.Invalid, fields("body.role", "unexpected property")},
		{"another case", call{method: "POST", path: jsonPath, body: `{"Name":"a","size":1}`, header: as("reader")}, 422, problem.Invalid, fields("body.name", "is required", "body.Name", "unexpected property")},
		{"all fields at once", call{method: "POST", path: jsonPath + "?a=1", body: `{"name":"","words":[1,"b",true]}`, header: as("reader")}, 422, problem.Invalid, fields(
			"query.a", "is not a parameter of this operation",
			"body.name", "expected length >= 1",
			"body.size", "is required",
			"body.words[0]", "expected string",
			"body.words[2]", "expected string")},
		{"the query at once", call{method: "GET", path: jsonPath + "?limit=0&state=ajar&other=1", header: as("reader")}, 422, problem.Invalid, fields(
			"query.other", "is not a parameter of this operation",
			"query.limit", "expected number >= 1",
			"query.state", `expected value to be one of "open, shut"`)},
		{"over the limit", call{method: "GET", path: jsonPath + "?limit=101", header: as("reader")}, 422, problem.Invalid, fields("query.limit", "expected number <= 100")},
		{"not a number", call{method: "GET", path: jsonPath + "?limit=ten", header: as("reader")}, 422, problem.Invalid, fields("query.limit", "invalid integer")},
		{"a parameter twice", call{method: "GET", path: jsonPath + "?limit=1&limit=100", header: as("reader")}, 422, problem.Invalid, fields("query.limit", "may be given only once")},
		{"an unknown parameter", call{method: "GET", path: jsonPath + "?account=acc_two", header: as("reader")}, 422, problem.Invalid, fields("query.account", "is not a parameter of this operation")},
		{"a broken query", call{method: "GET", path: jsonPath + "?a=%zz", header: as("reader")}, 422, problem.Invalid, fields("query", "is not a valid query string")},

		{"the largest body", call{method: "POST", path: jsonPath, body: sized(httpapi.MaxBodyBytes), header: as("reader")}, 200, "", nil},
		{"a byte too many", call{method: "POST", path: jsonPath, body: sized(httpapi.MaxBodyBytes + 1), header: as("reader")}, 413, problem.TooLarge, nil},
		{"over the operation's own bound", call{method: "POST", path: "/small", body: sized(25), header: as("")}, 413, problem.TooLarge, nil},

		{"an unknown error", call{method: "GET", path: "/fail/unknown"}, 500, problem.Internal, nil},
		{"an internal error", call{method: "GET", path: "/fail/internal"}, 500, problem.Internal, nil},
		{"a code that does not exist", call{method: "GET", path: "/fail/strange"}, 500, problem.Internal, nil},
		{"a known error", call{method: "GET", path: "/fail/gone"}, 404, problem.NotFound, nil},
		{"an error with headers", call{method: "GET", path: "/fail/headers"}, 429, problem.RateLimited, nil},
		{"too slow", call{method: "GET", path: "/fail/slow"}, 503, problem.Unavailable, nil},
		{"a panic", call{method: "GET", path: "/fail/panic"}, 500, problem.Internal, nil},
		{"a panic half-way", call{method: "GET", path: "/fail/late"}, 500, problem.Internal, nil},
	}
	api := newAPI(t, io.Discard).Handler()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			res := tt.call.do(t, api)
			body := readAll(t, res)
			if res.StatusCode != tt.status {
				t.Fatalf("got status %d, want %d: %s", res.StatusCode, tt.status, body)
			}
			if tt.code == "" {
				return
			}
			if strings.Contains(body, "hunter2") || res.Header.Get("Set-Cookie") != "" {
				t.Errorf("the answer shows what it must not: %s %v", body, res.Header)
			}
			if got, want := res.Header.Get("Content-Type"), "application/problem+json"; got != want {
				t.Errorf("got content type %q, want %q", got, want)
			}
			if got, want := res.Header.Get("Cache-Control"), "no-store"; got != want {
				t.Errorf("got Cache-Control %q, want %q", got, want)
			}
			if got, want := res.Header.Get("WWW-Authenticate") != "", tt.status == 401; got != want {
				t.Errorf("got WWW-Authenticate %t, want %t", got, want)
			}
			var got httpapi.Problem
			d := json.NewDecoder(strings.NewReader(body))
			d.DisallowUnknownFields()
			if err := d.Decode(&got); err != nil {
				t.Fatalf("%v: %s", err, body)
			}
			want := httpapi.Problem{
				Type:      "urn:fieldboard:problem:" + string(tt.code),
				Status:    tt.status,
				Code:      tt.code,
				RequestID: res.Header.Get("X-Request-Id"),
				Errors:    tt.errors,
			}
			sorted := cmpopts.SortSlices(func(a, b problem.Field) bool { return a.Location < b.Location })
			if diff := cmp.Diff(want, got, sorted, cmpopts.IgnoreFields(httpapi.Problem{}, "Title", "Detail")); diff != "" {
				t.Errorf("problem (-want +got):\n%s", diff)
			}
			if got.Title == "" || got.Detail == "" || got.RequestID == "" {
				t.Errorf("got an empty title, detail or request id: %s", body)
			}
		})
	}
}

// sized is a JSON body of so many bytes.
func sized(n int) string {
	const head, tail = `{"name":"`, `","size":1}`
	return head + strings.Repeat("a", n-len(head)-len(tail)) + tail
}

func TestBodyOfUnknownLength(t *testing.T) {
	t.Parallel()
	api := newAPI(t, io.Discard).Handler()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/small", io.MultiReader(strings.NewReader(sized(100_000))))
	r.Header = as("")
	r.ContentLength = -1
	w := httptest.NewRecorder()
	api.ServeHTTP(w, r)
	if got, want := w.Code, http.StatusRequestEntityTooLarge; got != want {
		t.Errorf("got %d, want %d", got, want)
	}
}

func TestMethodNotAllowedNamesTheMethods(t *testing.T) {
	t.Parallel()
	res := call{method: "PATCH", path: "/api/v1/things"}.do(t, newAPI(t, io.Discard).Handler())
	if got, want := res.Header.Get("Allow"), "GET, HEAD, POST"; got != want {
		t.Errorf("got Allow %q, want %q", got, want)
	}
}

func TestHeadersOfAProblem(t *testing.T) {
	t.Parallel()
	res := call{method: "GET", path: "/fail/headers"}.do(t, newAPI(t, io.Discard).Handler())
	if got, want := res.Header.Get("Retry-After"), "7"; got != want {
		t.Errorf("got Retry-After %q, want %q", got, want)
	}
}

func TestPrincipalReachesTheHandler(t *testing.T) {
	t.Parallel()
	res := call{method: "GET", path: "/api/v1/things", header: as("reader")}.do(t, newAPI(t, io.Discard).Handler())
	if got, want := readAll(t, res), `{"account":"acc_one","limit":25}`+"\n"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestConditionalGet(t *testing.T) {
	t.Parallel()
	api := newAPI(t, io.Discard).Handler()
	get := func(path string, header http.Header) (int, string, http.Header) {
		res := call{method: "GET", path: path, header: header}.do(t, api)
		return res.StatusCode, readAll(t, res), res.Header
	}
	status, body, h := get("/api/v1/things", as("reader"))
	tag := h.Get("ETag")
	if status != 200 || body == "" || !strings.HasPrefix(tag, `"`) {
		t.Fatalf("got %d %q with ETag %q, want a body with a strong tag", status, body, tag)
	}
	if _, _, again := get("/api/v1/things?limit=7", as("reader")); again.Get("ETag") == tag {
		t.Errorf("two bodies have one tag %s", tag)
	}
	for _, condition := range []string{tag, "W/" + tag, `"other", ` + tag, "*"} {
		status, body, h := get("/api/v1/things", as("reader", "If-None-Match", condition))
		if status != 304 || body != "" || h.Get("ETag") != tag {
			t.Errorf("If-None-Match %s: got %d %q %q, want 304 without a body and the tag", condition, status, body, h.Get("ETag"))
		}
	}
	if status, _, _ := get("/api/v1/things", as("reader", "If-None-Match", `"other"`)); status != 200 {
		t.Errorf("another tag: got %d, want 200", status)
	}
	if status, _, _ := get("/api/v1/things", as("stranger", "If-None-Match", tag)); status != 401 {
		t.Errorf("a stranger with the tag: got %d, want 401", status)
	}
	res := call{method: "HEAD", path: "/api/v1/things", header: as("reader")}.do(t, api)
	if b := readAll(t, res); b != "" || res.Header.Get("ETag") != tag {
		t.Errorf("HEAD: got %q and tag %q, want no body and %q", b, res.Header.Get("ETag"), tag)
	}
}

func TestCaching(t *testing.T) {
	t.Parallel()
	api := newAPI(t, io.Discard).Handler()
	tests := []struct {
		call        call
		cache, vary string
	}{
		{call{method: "GET", path: "/api/v1/things", header: as("reader")}, "private, no-cache", "Authorization"},
		{call{method: "POST", path: "/api/v1/things", body: sized(50), header: as("reader")}, "no-store", ""},
		{call{method: "GET", path: "/shared"}, "no-cache", ""},
	}
	for _, tt := range tests {
		h := tt.call.do(t, api).Header
		if h.Get("Cache-Control") != tt.cache || h.Get("Vary") != tt.vary {
			t.Errorf("%s %s: got %q %q, want %q %q", tt.call.method, tt.call.path, h.Get("Cache-Control"), h.Get("Vary"), tt.cache, tt.vary)
		}
	}
}

func TestRequestLog(t *testing.T) {
	t.Parallel()
	var log lines
	api := newAPI(t, &log).Handler()
	header := as("reader",
		"X-Request-Id", "req_12345678",
		"Traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
	call{method: "GET", path: "/api/v1/things?state=secretsearch", header: header}.do(t, api)
	call{method: "GET", path: "/fail/unknown", header: http.Header{"X-Request-Id": {"has spaces\nand lines"}}}.do(t, api)

	var got []map[string]any
	for line := range strings.Lines(log.String()) {
		var m map[string]any
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		got = append(got, m)
	}
	if len(got) != 2 {
		t.Fatalf("got %d lines, want one for each request:\n%s", len(got), log.String())
	}
	want := map[string]any{
		"severity": "INFO", "message": "request", "function": "things",
		"route": "GET /api/v1/things", "account": "acc_one", "user": "u1",
		"request_id":                           "req_12345678",
		"logging.googleapis.com/trace":         "projects/demo-api/traces/4bf92f3577b34da6a3ce929d0e0e4736",
		"logging.googleapis.com/spanId":        "00f067aa0ba902b7",
		"logging.googleapis.com/trace_sampled": true,
		"code":                                 "invalid",
	}
	delete(got[0], "time")
	request := got[0]["httpRequest"].(map[string]any)
	if request["requestUrl"] != "/api/v1/things" || request["status"] != 422.0 || request["remoteIp"] != "192.0.2.0" {
		t.Errorf("got httpRequest %v, want the path without its query, 422 and the caller's network", request)
	}
	delete(got[0], "httpRequest")
	delete(got[0], "error")
	if diff := cmp.Diff(want, got[0]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if strings.Contains(log.String(), "secretsearch") {
		t.Errorf("the query is in the log: %s", log.String())
	}
	if got[1]["severity"] != "ERROR" || !strings.Contains(got[1]["error"].(string), "hunter2") {
		t.Errorf("got %v, want the cause of a failure, as an error", got[1])
	}
	if id := got[1]["request_id"].(string); len(id) != 32 {
		t.Errorf("got request id %q, want one of our own in place of a broken one", id)
	}
}

func TestPanicIsLogged(t *testing.T) {
	t.Parallel()
	var log lines
	call{method: "GET", path: "/fail/panic"}.do(t, newAPI(t, &log).Handler())
	if s := log.String(); !strings.Contains(s, "hunter2") || !strings.Contains(s, "api_test.go") || strings.Count(s, "\n") != 1 {
		t.Errorf("got %s, want one line with the panic and where it was", s)
	}
}

func TestRegisterRefuses(t *testing.T) {
	t.Parallel()
	op := huma.Operation{OperationID: "x", Method: http.MethodGet, Path: "/x"}
	tests := []struct {
		name     string
		verifier httpapi.Verifier
		op       huma.Operation
		access   httpapi.Access
	}{
		{"no access", known, op, httpapi.Access{}},
		{"no verifier", nil, op, httpapi.Needs("thing:read")},
		{"no operation id", known, huma.Operation{Method: http.MethodGet, Path: "/x"}, httpapi.Public},
		{"no such class", known, op, httpapi.Public.Class("cheap")},
		{"the class of failures", known, op, httpapi.Public.Class(ratelimit.Failure)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			api := httpapi.New(newInstance(t, io.Discard), httpapi.Options{Name: "x", Verifier: tt.verifier})
			defer func() {
				if recover() == nil {
					t.Error("got an operation, want a panic")
				}
			}()
			httpapi.Register(api, tt.op, tt.access, func(context.Context, *struct{}) (*struct{}, error) { return &struct{}{}, nil })
		})
	}
}

func TestOpenAPI(t *testing.T) {
	t.Parallel()
	doc, err := newAPI(t, io.Discard).OpenAPI()
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		OpenAPI string `json:"openapi"`
		Paths   map[string]map[string]struct {
			Security   []map[string][]string `json:"security"`
			Permission []string              `json:"x-permission"`
			Class      ratelimit.Class       `json:"x-rate-limit-class"`
			Responses  map[string]struct {
				Content map[string]struct {
					Schema struct {
						Ref string `json:"$ref"`
					} `json:"schema"`
				} `json:"content"`
			} `json:"responses"`
		} `json:"paths"`
	}
	if err := json.Unmarshal(doc, &got); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(got.OpenAPI, "3.1") {
		t.Errorf("got OpenAPI %q, want 3.1", got.OpenAPI)
	}
	list := got.Paths["/api/v1/things"]["get"]
	if diff := cmp.Diff([]string{"thing:read"}, list.Permission); diff != "" {
		t.Errorf("x-permission (-want +got):\n%s", diff)
	}
	if create := got.Paths["/api/v1/things"]["post"]; list.Class != ratelimit.Read || create.Class != ratelimit.Write {
		t.Errorf("got the classes %s of the list and %s of the creation, want read and write", list.Class, create.Class)
	}
	if diff := cmp.Diff([]map[string][]string{{"session": {}}}, list.Security); diff != "" {
		t.Errorf("security (-want +got):\n%s", diff)
	}
	if got, want := list.Responses["default"].Content["application/problem+json"].Schema.Ref, "#/components/schemas/Problem"; got != want {
		t.Errorf("got error schema %q, want %q", got, want)
	}
	if public := got.Paths["/shared"]["get"]; public.Security == nil || len(public.Security) != 0 {
		t.Errorf("got security %v of a public operation, want an empty list", public.Security)
	}
}
