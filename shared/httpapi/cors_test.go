package httpapi_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/go-cmp/cmp"

	"fieldboard.dev/fieldboard/shared/httpapi"
	"fieldboard.dev/fieldboard/shared/ratelimit"
)

const friend = "https://app.example.test"

func corsAPI(t *testing.T, limiter httpapi.Limiter) http.Handler {
	t.Helper()
	api := httpapi.New(newInstance(t, io.Discard), httpapi.Options{
		Name: "cors", Verifier: known, Limiter: limiter, Edge: httpapi.Edge{AllowedOrigins: []string{friend, "http://127.0.0.1:3000"}},
	})
	handle := func(context.Context, *struct{}) (*seen, error) { return &seen{}, nil }
	httpapi.Register(api, huma.Operation{OperationID: "read", Method: http.MethodGet, Path: "/things/{id}"}, httpapi.Needs("thing:read"),
		func(context.Context, *struct {
			ID string `path:"id"`
		}) (*seen, error) {
			return &seen{}, nil
		})
	httpapi.Register(api, huma.Operation{OperationID: "change", Method: http.MethodPatch, Path: "/things"}, httpapi.Within("thing:read"), handle)
	httpapi.Register(api, huma.Operation{OperationID: "fail", Method: http.MethodGet, Path: "/fail"}, httpapi.Needs("thing:read"),
		func(context.Context, *struct{}) (*seen, error) { panic("hunter2") })
	httpapi.Register(api, huma.Operation{OperationID: "refresh", Method: http.MethodPost, Path: "/session/refresh"}, httpapi.Public, handle)
	return api.Handler()
}

// allowed are the headers by which a browser lets a page of another origin in.
func allowed(h http.Header) map[string]string {
	got := map[string]string{}
	for name := range h {
		if strings.HasPrefix(name, "Access-Control-") {
			got[strings.TrimPrefix(name, "Access-Control-")] = strings.Join(h[name], ", ")
		}
	}
	return got
}

func TestCORS(t *testing.T) {
	t.Parallel()
	h := corsAPI(t, nil)
	readable := map[string]string{"Allow-Origin": friend, "Expose-Headers": "Etag, Location, Ratelimit, Ratelimit-Policy, Retry-After, X-Request-Id"}
	none := map[string]string{}
	preflight := func(origin, method, headers string) http.Header {
		h := http.Header{"Origin": {origin}, "Access-Control-Request-Method": {method}}
		if headers != "" {
			h.Set("Access-Control-Request-Headers", headers)
		}
		return h
	}
	allow := func(method, headers string) map[string]string {
		m := map[string]string{"Allow-Origin": friend, "Allow-Methods": method, "Max-Age": "600"}
		if headers != "" {
			m["Allow-Headers"] = headers
		}
		return m
	}
	for _, tt := range []struct {
		name   string
		call   call
		status int
		want   map[string]string
	}{
		{"a friend reads", call{method: "GET", path: "/things/1", header: as("reader", "Origin", friend)}, 200, readable},
		{"a friend reads a problem", call{method: "GET", path: "/things/1", header: as("stranger", "Origin", friend)}, 401, readable},
		{"a friend reads a failure", call{method: "GET", path: "/fail", header: as("reader", "Origin", friend)}, 500, readable},
		{"a stranger", call{method: "GET", path: "/things/1", header: as("reader", "Origin", "https://evil.test")}, 200, none},
		{"a friend's subdomain", call{method: "GET", path: "/things/1", header: as("reader", "Origin", "https://x.app.example.test")}, 200, none},
		{"a friend without https", call{method: "GET", path: "/things/1", header: as("reader", "Origin", "http://app.example.test")}, 200, none},
		{"no origin to tell", call{method: "GET", path: "/things/1", header: as("reader", "Origin", "null")}, 200, none},
		{"no origin", call{method: "GET", path: "/things/1", header: as("reader")}, 200, none},
		{"what reads a cookie", call{method: "POST", path: "/session/refresh", header: http.Header{"Origin": {friend}}}, 200, none},
		{"nothing there", call{method: "GET", path: "/nowhere", header: http.Header{"Origin": {friend}}}, 404, none},

		{"a preflight", call{method: "OPTIONS", path: "/things/1", header: preflight(friend, "GET", "authorization")}, 204, allow("GET", "authorization")},
		{"of a change", call{method: "OPTIONS", path: "/things", header: preflight(friend, "PATCH", "authorization,content-type,idempotency-key")}, 204, allow("PATCH", "authorization,content-type,idempotency-key")},
		{"of a stranger", call{method: "OPTIONS", path: "/things/1", header: preflight("https://evil.test", "GET", "authorization")}, 204, none},
		{"with a header that is not allowed", call{method: "OPTIONS", path: "/things/1", header: preflight(friend, "GET", "authorization,cookie")}, 204, none},
		{"of a method that is not there", call{method: "OPTIONS", path: "/things/1", header: preflight(friend, "DELETE", "")}, 405, none},
		{"of no method", call{method: "OPTIONS", path: "/things/1", header: http.Header{"Origin": {friend}}}, 405, none},
		{"of what reads a cookie", call{method: "OPTIONS", path: "/session/refresh", header: preflight(friend, "POST", "content-type")}, 405, none},
		{"of nothing", call{method: "OPTIONS", path: "/nowhere", header: preflight(friend, "GET", "")}, 404, none},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			res := tt.call.do(t, h)
			if res.StatusCode != tt.status {
				t.Errorf("status %d, want %d", res.StatusCode, tt.status)
			}
			if diff := cmp.Diff(tt.want, allowed(res.Header)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if res.Header.Get("Access-Control-Allow-Credentials") != "" {
				t.Error("credentials are allowed")
			}
		})
	}
}

// Caches must keep apart what is for one origin and for another.
func TestCORSVaries(t *testing.T) {
	t.Parallel()
	res := call{method: "GET", path: "/things/1", header: as("reader")}.do(t, corsAPI(t, nil))
	if got := strings.Join(res.Header.Values("Vary"), ", "); got != "Origin, Authorization" {
		t.Errorf("got Vary %q, want Origin, Authorization", got)
	}
}

func TestPreflightsAreLimited(t *testing.T) {
	t.Parallel()
	b := &book{refuses: map[ratelimit.Class]ratelimit.Decision{ratelimit.Read: {Standings: []ratelimit.Standing{{Policy: "ip-read", Quota: 1, Wait: 1}}}}}
	res := call{method: "OPTIONS", path: "/things/1", header: http.Header{"Origin": {friend}, "Access-Control-Request-Method": {"GET"}}}.do(t, corsAPI(t, b))
	if res.StatusCode != http.StatusTooManyRequests || len(allowed(res.Header)) != 0 {
		t.Errorf("got %d with %v, want 429 and nothing allowed", res.StatusCode, res.Header)
	}
	if len(b.asked) != 1 || b.asked[0].Kind != ratelimit.Nobody {
		t.Errorf("charged %+v, want one request of nobody", b.asked)
	}
}

func TestEdgeSettings(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, value, want string }{
		{"CORS_ALLOWED_ORIGINS", "", ""},
		{"CORS_ALLOWED_ORIGINS", friend + ",http://127.0.0.1:3000", ""},
		{"CORS_ALLOWED_ORIGINS", "*", "CORS_ALLOWED_ORIGINS"},
		{"CORS_ALLOWED_ORIGINS", "https://*.example.test", "CORS_ALLOWED_ORIGINS"},
		{"CORS_ALLOWED_ORIGINS", friend + "/", "CORS_ALLOWED_ORIGINS"},
		{"CORS_ALLOWED_ORIGINS", "null", "CORS_ALLOWED_ORIGINS"},
		{"CORS_ALLOWED_ORIGINS", "app.example.test", "CORS_ALLOWED_ORIGINS"},
		{"CORS_ALLOWED_ORIGINS", friend + ",ftp://x.test", "ftp://x.test"},
		{"TRUSTED_PROXIES", "2", ""},
		{"TRUSTED_PROXIES", "-1", "TRUSTED_PROXIES"},
		{"TRUSTED_PROXIES", "100", "TRUSTED_PROXIES"},
		{"RATE_LIMIT_FACTOR", "0", "RATE_LIMIT_FACTOR"},
	} {
		t.Run(tt.name+"="+tt.value, func(t *testing.T) {
			t.Parallel()
			in := publicInstance(t, map[string]string{"REDIS_URL": "redis://127.0.0.1:1", tt.name: tt.value})
			_, err := httpapi.NewPublic(t.Context(), in, httpapi.Options{Name: "x"})
			if tt.want == "" && err != nil {
				t.Errorf("got %v, want no error", err)
			}
			if tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("got %v, want an error with %q", err, tt.want)
			}
		})
	}
}
