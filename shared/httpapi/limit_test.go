package httpapi_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/sethvargo/go-envconfig"

	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/httpapi"
	"fieldboard.dev/fieldboard/shared/instance"
	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/shared/ratelimit"
	"fieldboard.dev/fieldboard/tests/emulator"
)

// book is a Limiter that notes what it is asked, and refuses nothing but what it is told to.
type book struct {
	mu      sync.Mutex
	asked   []ratelimit.Request
	refuses map[ratelimit.Class]ratelimit.Decision
	says    ratelimit.Decision
}

func (b *book) Take(_ context.Context, r ratelimit.Request) ratelimit.Decision {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.asked = append(b.asked, r)
	if d, ok := b.refuses[r.Class]; ok {
		return d
	}
	d := b.says
	d.Admitted = true
	return d
}

var limited = tokens{
	"reader":  {UserID: "u1", AccountID: "acc_one", Role: "owner", Plan: "premium", Grants: httpapi.Grants{"thing:read": httpapi.WholeAccount}},
	"nothing": {UserID: "u2", AccountID: "acc_one", Plan: "standard"},
	"key":     {UserID: "u1", KeyID: "k1", AccountID: "acc_one", Plan: "standard", Grants: httpapi.Grants{"thing:read": httpapi.WholeAccount}},
}

// limitedAPI returns an API with this limiter. Its operations count their calls.
func limitedAPI(t *testing.T, in *instance.Instance, o httpapi.Options) (handler http.Handler, calls *[]string) {
	t.Helper()
	o.Name, o.Verifier = "limited", limited
	api := httpapi.New(in, o)
	calls = new([]string)
	register := func(id, method, path string, access httpapi.Access) {
		httpapi.Register(api, huma.Operation{OperationID: id, Method: method, Path: path}, access,
			func(context.Context, *struct{}) (*seen, error) {
				*calls = append(*calls, id)
				return &seen{}, nil
			})
	}
	register("read", http.MethodGet, "/things", httpapi.Needs("thing:read"))
	register("write", http.MethodDelete, "/things", httpapi.Needs("thing:read"))
	register("dear", http.MethodPost, "/reports", httpapi.Needs("thing:read").Class(ratelimit.Expensive))
	register("public", http.MethodGet, "/public", httpapi.Public)
	register("sign-in", http.MethodPost, "/session", httpapi.Public.Class(ratelimit.SignIn))
	return api.Handler(), calls
}

func TestWhatARequestIsChargedTo(t *testing.T) {
	t.Parallel()
	ip := netip.MustParseAddr("192.0.2.1")
	reader := ratelimit.Request{IP: ip, Kind: ratelimit.User, Principal: "u1", Account: "acc_one", Plan: "premium", Role: "owner"}
	with := func(r ratelimit.Request, class ratelimit.Class) ratelimit.Request {
		r.Class = class
		return r
	}
	for _, tt := range []struct {
		name   string
		call   call
		status int
		want   []ratelimit.Request
		ran    bool
	}{
		{"a read", call{method: "GET", path: "/things", header: as("reader")}, 200, []ratelimit.Request{with(reader, ratelimit.Read)}, true},
		{"without a body", call{method: "HEAD", path: "/things", header: as("reader")}, 200, []ratelimit.Request{with(reader, ratelimit.Read)}, true},
		{"a write", call{method: "DELETE", path: "/things", header: as("reader")}, 200, []ratelimit.Request{with(reader, ratelimit.Write)}, true},
		{"what declares its class", call{method: "POST", path: "/reports", header: as("reader")}, 200, []ratelimit.Request{with(reader, ratelimit.Expensive)}, true},
		{"a key", call{method: "GET", path: "/things", header: as("key")}, 200, []ratelimit.Request{
			{Class: ratelimit.Read, IP: ip, Kind: ratelimit.Key, Principal: "k1", Account: "acc_one", Plan: "standard"},
		}, true},
		{"before the permission is looked at", call{method: "GET", path: "/things", header: as("nothing")}, 403, []ratelimit.Request{
			{Class: ratelimit.Read, IP: ip, Kind: ratelimit.User, Principal: "u2", Account: "acc_one", Plan: "standard"},
		}, false},
		{"anybody", call{method: "GET", path: "/public", header: as("reader")}, 200, []ratelimit.Request{{Class: ratelimit.Read, IP: ip}}, true},
		{"a sign-in", call{method: "POST", path: "/session"}, 200, []ratelimit.Request{{Class: ratelimit.SignIn, IP: ip}}, true},
		{"a bad token", call{method: "GET", path: "/things", header: as("stranger")}, 401, []ratelimit.Request{{Class: ratelimit.Failure, IP: ip}}, false},
		{"no token", call{method: "GET", path: "/things"}, 401, []ratelimit.Request{{Class: ratelimit.Failure, IP: ip}}, false},
		{"a verifier that is down", call{method: "GET", path: "/things", header: as("unreachable")}, 503, nil, false},
		{"nothing there", call{method: "GET", path: "/nowhere"}, 404, nil, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := &book{}
			h, calls := limitedAPI(t, newInstance(t, io.Discard), httpapi.Options{Limiter: b})
			if res := tt.call.do(t, h); res.StatusCode != tt.status {
				t.Errorf("status %d, want %d", res.StatusCode, tt.status)
			}
			if diff := cmp.Diff(tt.want, b.asked, cmp.Comparer(func(x, y netip.Addr) bool { return x == y })); diff != "" {
				t.Errorf("charged (-want +got):\n%s", diff)
			}
			if got := len(*calls) > 0; got != tt.ran {
				t.Errorf("the operation ran: %t, want %t", got, tt.ran)
			}
		})
	}
}

func TestWithoutALimiter(t *testing.T) {
	t.Parallel()
	h, _ := limitedAPI(t, newInstance(t, io.Discard), httpapi.Options{})
	res := call{method: "GET", path: "/things", header: as("reader")}.do(t, h)
	if res.StatusCode != http.StatusOK || res.Header.Get("RateLimit") != "" || res.Header.Get("RateLimit-Policy") != "" {
		t.Errorf("got %d with %v, want 200 and no word of limits", res.StatusCode, res.Header)
	}
}

// The real limiter, on its own part of the quotas: what it tells, and the problem once there is nothing left.
func TestRefusals(t *testing.T) {
	t.Parallel()
	const iana = "https://iana.org/assignments/http-problem-types#"
	shared := map[string]string{"REDIS_URL": emulator.Redis(t), "RATE_LIMIT_TIMEOUT": "1m"}
	alone := map[string]string{"REDIS_URL": "redis://127.0.0.1:1", "RATE_LIMIT_TIMEOUT": "1ms"}
	for _, tt := range []struct {
		name       string
		settings   map[string]string
		call       call
		before     int // requests
		first      [2]string
		status     int
		code       problem.Code
		kind       string
		violated   []string
		policy     string
		limit      string
		retryAfter string
	}{
		{
			"a user", shared, call{method: "GET", path: "/things", header: as("nothing")}, 100,
			[2]string{`"user";q=100;w=60, "account";q=5000;w=60`, `"user";r=99;t=60, "account";r=4999;t=60`},
			429, problem.RateLimited, "quota-exceeded", []string{"user"}, `"user";q=100;w=60, "account";q=5000;w=60`, `"user";r=0;t=1`, "1",
		},
		{
			"one who does not listen", shared, call{method: "GET", path: "/things", header: as("nothing")}, 160,
			[2]string{`"user";q=100;w=60, "account";q=5000;w=60`, `"user";r=99;t=60, "account";r=4999;t=60`},
			429, problem.RateLimited, "abnormal-usage-detected", []string{"user"}, `"user";q=50;w=60, "account";q=5000;w=60`, `"user";r=0;t=2`, "2",
		},
		{
			"failed authentications", shared, call{method: "GET", path: "/things", header: as("stranger")}, 30,
			[2]string{`"ip-failure";q=30;w=60`, `"ip-failure";r=29;t=58`},
			429, problem.RateLimited, "quota-exceeded", []string{"ip-failure"}, `"ip-failure";q=30;w=60`, `"ip-failure";r=0;t=2`, "2",
		},
		{
			"a user, without Redis", alone, call{method: "GET", path: "/things", header: as("nothing")}, 10,
			[2]string{`"user";q=10;w=60, "account";q=500;w=60`, `"user";r=9;t=54, "account";r=499;t=60`},
			503, problem.Unavailable, "temporary-reduced-capacity", []string{"user"}, `"user";q=10;w=60, "account";q=500;w=60`, `"user";r=0;t=6`, "6",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			in := publicInstance(t, tt.settings)
			limiter, err := ratelimit.New(t.Context(), in)
			if err != nil {
				t.Fatal(err)
			}
			h, _ := limitedAPI(t, in, httpapi.Options{Limiter: limiter})
			for i := range tt.before {
				res := tt.call.do(t, h)
				if got := [2]string{res.Header.Get("RateLimit-Policy"), res.Header.Get("RateLimit")}; i == 0 && got != tt.first {
					t.Errorf("the first answer tells %v, want %v", got, tt.first)
				}
			}
			res := tt.call.do(t, h)
			var got httpapi.Problem
			if err := json.Unmarshal([]byte(readAll(t, res)), &got); err != nil {
				t.Fatal(err)
			}
			want := httpapi.Problem{Type: iana + tt.kind, Status: tt.status, Code: tt.code, ViolatedPolicies: tt.violated}
			if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(httpapi.Problem{}, "Title", "Detail", "RequestID")); diff != "" {
				t.Errorf("problem (-want +got):\n%s", diff)
			}
			told := []string{strconv.Itoa(res.StatusCode), res.Header.Get("RateLimit-Policy"), res.Header.Get("RateLimit"), res.Header.Get("Retry-After"), res.Header.Get("Cache-Control")}
			if diff := cmp.Diff([]string{strconv.Itoa(tt.status), tt.policy, tt.limit, tt.retryAfter, "no-store"}, told); diff != "" {
				t.Errorf("told (-want +got):\n%s", diff)
			}
		})
	}
}

// publicInstance returns an instance with these settings and a Redis prefix of its own. Its clock stands still.
func publicInstance(t *testing.T, settings ...map[string]string) *instance.Instance {
	t.Helper()
	env := map[string]string{"GOOGLE_CLOUD_PROJECT": "demo-api", "REDIS_PREFIX": emulator.Prefix(t)}
	for _, more := range settings {
		for k, v := range more {
			env[k] = v
		}
	}
	in, err := instance.New(t.Context(), envconfig.MapLookuper(env), clock.NewManual(logStart), instance.Logger(io.Discard))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := in.Cloud.Close(); err != nil {
			t.Error(err)
		}
	})
	return in
}

// Who guesses tokens is stopped, and who has a good one is let in from the same address.
func TestBruteForce(t *testing.T) {
	t.Parallel()
	in := publicInstance(t, map[string]string{"REDIS_URL": emulator.Redis(t), "RATE_LIMIT_TIMEOUT": "1m"})
	limiter, err := ratelimit.New(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	h, _ := limitedAPI(t, in, httpapi.Options{Limiter: limiter})
	got := map[int]int{}
	for i := range 50 {
		got[call{method: "GET", path: "/things", header: as(fmt.Sprint("guess", i))}.do(t, h).StatusCode]++
	}
	if want := map[int]int{401: 30, 429: 20}; !cmp.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if res := (call{method: "GET", path: "/things", header: as("reader")}).do(t, h); res.StatusCode != http.StatusOK {
		t.Errorf("a good token: got %d, want 200", res.StatusCode)
	}
}

// A client cannot choose the address that it is limited by.
func TestSpoofedAddressesAreOneClient(t *testing.T) {
	t.Parallel()
	in := publicInstance(t, map[string]string{"REDIS_URL": emulator.Redis(t), "RATE_LIMIT_TIMEOUT": "1m"})
	limiter, err := ratelimit.New(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	h, calls := limitedAPI(t, in, httpapi.Options{Limiter: limiter, Edge: httpapi.Edge{TrustedProxies: 1}})
	send := func(forwarded string, more http.Header) int {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/session", nil)
		for k, v := range more {
			r.Header[k] = v
		}
		r.Header.Set("X-Forwarded-For", forwarded)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w.Code
	}
	for i := range 60 {
		send(fmt.Sprintf("203.0.113.%d, 192.0.2.1", i), http.Header{
			"X-Real-Ip": {fmt.Sprintf("203.0.113.%d", i)}, "Forwarded": {fmt.Sprintf("for=203.0.113.%d", i)}, "True-Client-Ip": {fmt.Sprintf("203.0.113.%d", i)},
		})
	}
	if got := len(*calls); got != 30 {
		t.Errorf("%d sign-ins of one address went through, want 30", got)
	}
	if got := send("192.0.2.1, 192.0.2.2", nil); got != 200 {
		t.Errorf("another address: got %d, want 200", got)
	}
}

func TestOnTightened(t *testing.T) {
	t.Parallel()
	b := &book{says: ratelimit.Decision{Level: 1}, refuses: map[ratelimit.Class]ratelimit.Decision{ratelimit.Write: {Level: 1, Tightened: true}}}
	var heard []string
	h, _ := limitedAPI(t, newInstance(t, io.Discard), httpapi.Options{
		Limiter: b,
		OnTightened: func(_ context.Context, p httpapi.Principal, ip netip.Addr) {
			heard = append(heard, p.AccountID+" "+p.UserID+" "+ip.String())
		},
	})
	call{method: "GET", path: "/things", header: as("reader")}.do(t, h)
	call{method: "DELETE", path: "/things", header: as("reader")}.do(t, h)
	if want := []string{"acc_one u1 192.0.2.1"}; !slices.Equal(heard, want) {
		t.Errorf("heard %v, want %v", heard, want)
	}
}

// A refusal leaves a trace of which limit it was, and no more of the client than its network.
func TestARefusalIsLogged(t *testing.T) {
	t.Parallel()
	var log lines
	in := newInstance(t, &log)
	limiter, err := ratelimit.New(t.Context(), in) // Redis is not there
	if err != nil {
		t.Fatal(err)
	}
	h, _ := limitedAPI(t, in, httpapi.Options{Limiter: limiter})
	for range 4 {
		call{method: "POST", path: "/session"}.do(t, h)
	}
	var last map[string]any
	for line := range strings.Lines(log.String()) {
		last = nil
		if err := json.Unmarshal([]byte(line), &last); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]any{"ip-signin"}, last["violated_policies"]); diff != "" {
		t.Errorf("violated_policies (-want +got):\n%s", diff)
	}
	if strings.Contains(log.String(), "192.0.2.1") {
		t.Errorf("the address is in the log: %s", log.String())
	}
}
