package httpapi_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"fieldboard.dev/fieldboard/shared/httpapi"
)

type whereOutput struct {
	Body struct {
		IP string `json:"ip"`
	}
}

// where returns an API that answers with the client's address.
func where(t *testing.T, log io.Writer, proxies int) http.Handler {
	t.Helper()
	api := httpapi.New(newInstance(t, log), httpapi.Options{Name: "where", Edge: httpapi.Edge{TrustedProxies: proxies}})
	httpapi.Register(api, huma.Operation{OperationID: "where", Method: http.MethodGet, Path: "/where"}, httpapi.Public,
		func(ctx context.Context, _ *struct{}) (*whereOutput, error) {
			var out whereOutput
			out.Body.IP = httpapi.ClientIP(ctx).String()
			return &out, nil
		})
	return api.Handler()
}

func ask(t *testing.T, h http.Handler, peer string, forwarded ...string) string {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/where", nil)
	r.RemoteAddr = peer
	for _, line := range forwarded {
		r.Header.Add("X-Forwarded-For", line)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	var answer struct{ IP string }
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
		t.Fatal(err)
	}
	return answer.IP
}

func TestClientIP(t *testing.T) {
	t.Parallel()
	const peer = "10.0.0.1:4711"
	for _, tt := range []struct {
		name      string
		proxies   int
		forwarded []string
		want      string
	}{
		{"no proxy", 0, nil, "10.0.0.1"},
		{"no proxy is trusted", 0, []string{"192.0.2.1"}, "10.0.0.1"},
		{"one proxy", 1, []string{"192.0.2.1"}, "192.0.2.1"},
		{"one, and a client that writes the header", 1, []string{"203.0.113.9, 192.0.2.1"}, "192.0.2.1"},
		{"one, and a client that writes many", 1, []string{strings.Repeat("203.0.113.9,", 5000) + "192.0.2.1"}, "192.0.2.1"},
		{"one, and a client that writes lines", 1, []string{"203.0.113.9", "203.0.113.8", "192.0.2.1"}, "192.0.2.1"},
		{"two proxies", 2, []string{"203.0.113.9, 192.0.2.1, 10.0.0.2"}, "192.0.2.1"},
		{"two, in lines", 2, []string{"203.0.113.9, 192.0.2.1", "10.0.0.2"}, "192.0.2.1"},
		{"two, but fewer entries", 2, []string{"192.0.2.1"}, "10.0.0.1"},
		{"one, and no header", 1, nil, "10.0.0.1"},
		{"one, and an empty header", 1, []string{""}, "10.0.0.1"},
		{"an empty entry where the client stands", 1, []string{"192.0.2.1,"}, "10.0.0.1"},
		{"no address where the client stands", 1, []string{"192.0.2.1, unknown"}, "10.0.0.1"},
		{"an entry that hides a comma", 1, []string{`192.0.2.1, "203.0.113.9, x"`}, "10.0.0.1"},
		{"with a port", 1, []string{"192.0.2.1:5678"}, "192.0.2.1"},
		{"IPv6", 1, []string{"2001:db8::1"}, "2001:db8::1"},
		{"IPv6 with a port", 1, []string{"[2001:db8::1]:5678"}, "2001:db8::1"},
		{"IPv6 with a zone", 1, []string{"fe80::1%eth0"}, "fe80::1"},
		{"IPv4 written as IPv6", 1, []string{"::ffff:192.0.2.1"}, "192.0.2.1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := ask(t, where(t, io.Discard, tt.proxies), peer, tt.forwarded...); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
	t.Run("a peer that is none", func(t *testing.T) {
		t.Parallel()
		if got, want := ask(t, where(t, io.Discard, 0), "@"), (netip.Addr{}).String(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}

// A client's own entries never decide, whatever they hold.
func FuzzClientIP(f *testing.F) {
	f.Add("203.0.113.9")
	f.Add(", ,")
	f.Add("\"")
	f.Add("192.0.2.1, 192.0.2.2:80, [::1]:1")
	f.Fuzz(func(t *testing.T, written string) {
		if strings.ContainsAny(written, "\r\n") {
			return // no header's value: a server never sees one
		}
		h := where(t, io.Discard, 2)
		if got, want := ask(t, h, "10.0.0.1:1", written+", 192.0.2.1, 10.0.0.2"), "192.0.2.1"; got != want {
			t.Errorf("got %s after %q, want %s", got, written, want)
		}
	})
}

// The log keeps the network, which is enough to see an attack and names no person.
func TestTheLogKeepsTheNetworkAlone(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ peer, want string }{
		{"192.0.2.77:1", "192.0.2.0"},
		{"[2001:db8:1:2:3::4]:1", "2001:db8:1::"},
		{"@", ""},
	} {
		var log lines
		ask(t, where(t, &log, 0), tt.peer)
		var line struct {
			HTTPRequest struct{ RemoteIP string } `json:"httpRequest"`
		}
		if err := json.Unmarshal([]byte(log.String()), &line); err != nil {
			t.Fatal(err)
		}
		if got := line.HTTPRequest.RemoteIP; got != tt.want {
			t.Errorf("%s is logged as %q, want %q", tt.peer, got, tt.want)
		}
	}
}
