package gateway_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/fstest"

	"fieldboard.dev/fieldboard/emulators/gateway"
)

func hosting(t *testing.T) gateway.Hosting {
	t.Helper()
	h, err := gateway.ReadHosting("../../firebase.json")
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// start serves a small dashboard and, for every function, an answer that tells what reached it.
func start(t *testing.T) *httptest.Server {
	t.Helper()
	h := hosting(t)
	functions := map[string]*url.URL{}
	for _, rewrite := range h.Rewrites {
		if rewrite.Function == nil || functions[rewrite.Function.ID] != nil {
			continue
		}
		name := rewrite.Function.ID
		f := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				t.Error(err)
			}
			w.Header().Set("Seen", strings.Join([]string{name, r.Method, r.URL.RequestURI(), r.Header.Get("Cookie"), string(body)}, " "))
			w.Header().Set("Seen-Forwarded", strings.Join(r.Header.Values("X-Forwarded-For"), "; "))
		}))
		t.Cleanup(f.Close)
		u, err := url.Parse(f.URL)
		if err != nil {
			t.Fatal(err)
		}
		functions[name] = u
	}
	handler, err := gateway.New(gateway.Config{
		Hosting: h,
		Files: fstest.MapFS{
			"index.html":         {Data: []byte("<html>")},
			"assets/app-1a2b.js": {Data: []byte("code")},
		},
		Functions:      functions,
		ConnectSources: []string{"ws://127.0.0.1:8090"},
		Log:            slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server
}

func TestFiles(t *testing.T) {
	t.Parallel()
	server := start(t)
	tests := []struct {
		path   string
		status int
		body   string
		cache  string
	}{
		{"/", 200, "<html>", "no-cache"},
		{"/index.html", 200, "<html>", "no-cache"},
		{"/visits/Visit_12", 200, "<html>", "no-cache"},
		{"/connect/jobber?code=1", 200, "<html>", "no-cache"},
		{"/assets/app-1a2b.js", 200, "code", "public, max-age=31536000, immutable"},
		{"/assets/gone.js", 404, "404 page not found\n", ""},
		{"/../gateway.go", 200, "<html>", "no-cache"},
	}
	for _, test := range tests {
		t.Run(test.path, func(t *testing.T) {
			t.Parallel()
			res := get(t, server.URL+test.path)
			if res.status != test.status || res.body != test.body || res.header.Get("Cache-Control") != test.cache {
				t.Errorf("got %d %q cached %q, want %d %q cached %q",
					res.status, res.body, res.header.Get("Cache-Control"), test.status, test.body, test.cache)
			}
			if csp := res.header.Get("Content-Security-Policy"); test.status == 200 && !strings.Contains(csp, "connect-src ws://127.0.0.1:8090 'self'") {
				t.Errorf("policy %q does not allow the realtime service", csp)
			}
			if csp := res.header.Get("Content-Security-Policy"); strings.Contains(csp, "upgrade-insecure-requests") {
				t.Errorf("policy %q asks for https", csp)
			}
		})
	}
}

func TestFilesAreNotSentTwice(t *testing.T) {
	t.Parallel()
	server := start(t)
	etag := get(t, server.URL+"/").header.Get("ETag")
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("If-None-Match", etag)
	if res := do(t, req); res.status != http.StatusNotModified {
		t.Errorf("status %d for the known version %s, want 304", res.status, etag)
	}
}

func TestFunctions(t *testing.T) {
	t.Parallel()
	server := start(t)
	tests := []struct {
		method, path, body, want string
	}{
		{"GET", "/api/v1/dashboard/summary?period=7d", "", "dashboard GET /api/v1/dashboard/summary?period=7d __session=s"},
		{"GET", "/api/v1/jobs", "", "records GET /api/v1/jobs __session=s"},
		{"GET", "/api/v1/jobs/Job_1", "", "records GET /api/v1/jobs/Job_1 __session=s"},
		{"POST", "/api/v1/session", "{}", "session POST /api/v1/session __session=s {}"},
		{"POST", "/api/webhooks/jobber", "{}", "jobberwebhook POST /api/webhooks/jobber __session=s {}"},
		{"GET", "/api/v2/nothing", "", "session GET /api/v2/nothing __session=s"},
	}
	for _, test := range tests {
		t.Run(test.method+" "+test.path, func(t *testing.T) {
			t.Parallel()
			req, err := http.NewRequestWithContext(t.Context(), test.method, server.URL+test.path, strings.NewReader(test.body))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Cookie", "theme=dark; __session=s; other=1")
			if got := do(t, req).header.Get("Seen"); got != test.want {
				t.Errorf("reached %q, want %q", got, test.want)
			}
		})
	}
}

// Hosting appends whom it was called from to what the client wrote.
func TestForwardedFor(t *testing.T) {
	t.Parallel()
	server := start(t)
	for written, want := range map[string]string{"": "127.0.0.1", "203.0.113.9, 203.0.113.8": "203.0.113.9, 203.0.113.8, 127.0.0.1"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/api/v1/jobs", nil)
		if err != nil {
			t.Fatal(err)
		}
		if written != "" {
			req.Header.Set("X-Forwarded-For", written)
		}
		if got := do(t, req).header.Get("Seen-Forwarded"); got != want {
			t.Errorf("the function saw %q, want %q", got, want)
		}
	}
}

func TestSilentFunction(t *testing.T) {
	t.Parallel()
	gone := httptest.NewServer(http.NotFoundHandler())
	u, err := url.Parse(gone.URL)
	if err != nil {
		t.Fatal(err)
	}
	gone.Close()
	handler, err := gateway.New(gateway.Config{
		Hosting:   gateway.Hosting{Rewrites: []gateway.Rewrite{{Source: "/api/**", Function: &gateway.FunctionRef{ID: "f"}}}},
		Files:     fstest.MapFS{},
		Functions: map[string]*url.URL{"f": u},
		Log:       slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/api/x", nil))
	if w.Code != http.StatusBadGateway || !strings.Contains(w.Body.String(), `"unavailable"`) {
		t.Errorf("got %d %s, want 502 and the code unavailable", w.Code, w.Body)
	}
}

func TestNewRefusesAnUnknownFunction(t *testing.T) {
	t.Parallel()
	_, err := gateway.New(gateway.Config{Hosting: hosting(t), Log: slog.New(slog.DiscardHandler)})
	if err == nil || !strings.Contains(err.Error(), "has no address") {
		t.Errorf("error %v, want one that names the function", err)
	}
}

type answer struct {
	status int
	header http.Header
	body   string
}

func get(t *testing.T, url string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	return do(t, req)
}

func do(t *testing.T, req *http.Request) answer {
	t.Helper()
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{res.StatusCode, res.Header, string(body)}
}
