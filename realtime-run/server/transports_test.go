package server_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"fieldboard.dev/fieldboard/shared/account"
)

// streams are the transports of clients whose network lets no WebSocket through.
var streams = map[string]func(tb testing.TB, s *service, command string) *http.Request{
	"http_stream": func(tb testing.TB, s *service, command string) *http.Request {
		tb.Helper()
		return request(tb, http.MethodPost, s.url+"/connection/http_stream", command)
	},
	"sse": func(tb testing.TB, s *service, command string) *http.Request {
		tb.Helper()
		return request(tb, http.MethodPost, s.url+"/connection/sse", command)
	},
}

func request(tb testing.TB, method, address, body string) *http.Request {
	tb.Helper()
	r, err := http.NewRequestWithContext(tb.Context(), method, address, strings.NewReader(body))
	if err != nil {
		tb.Fatal(err)
	}
	r.Header.Set("Origin", "https://board.example")
	return r
}

func do(tb testing.TB, r *http.Request) *http.Response {
	tb.Helper()
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		tb.Fatal(err)
	}
	return response
}

// pushed is what these tests read of a stream's message.
type pushed struct {
	ID    uint32 `json:"id"`
	Error *struct {
		Code uint32 `json:"code"`
	} `json:"error"`
	Connect *struct {
		Session string `json:"session"`
		Node    string `json:"node"`
	} `json:"connect"`
	Refresh *struct {
		Client string `json:"client"`
	} `json:"refresh"`
	Push *struct {
		Pub *struct {
			Data struct {
				ID string `json:"id"`
			} `json:"data"`
		} `json:"pub"`
		Disconnect *struct {
			Code uint32 `json:"code"`
		} `json:"disconnect"`
		Message *struct {
			Data json.RawMessage `json:"data"`
		} `json:"message"`
	} `json:"push"`
}

// stream is a client that hears over an HTTP answer.
type stream struct {
	tb            testing.TB
	lines         *bufio.Scanner
	session, node string
}

func openStream(tb testing.TB, r *http.Request) *stream {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), patience)
	response := do(tb, r.WithContext(ctx))
	tb.Cleanup(func() { cancel(); _ = response.Body.Close() }) // cut off in its midst
	if response.StatusCode != http.StatusOK {
		tb.Fatalf("answered %d", response.StatusCode)
	}
	s := &stream{tb: tb, lines: bufio.NewScanner(response.Body)}
	first := s.next()
	if first.Connect == nil {
		tb.Fatalf("no connection: %+v", first)
	}
	s.session, s.node = first.Connect.Session, first.Connect.Node
	return s
}

// next returns the next message that is no ping.
func (s *stream) next() pushed {
	s.tb.Helper()
	for s.lines.Scan() {
		line := strings.TrimPrefix(strings.TrimSpace(s.lines.Text()), "data: ")
		if line == "" || line == "{}" {
			continue
		}
		var p pushed
		if err := json.Unmarshal([]byte(line), &p); err != nil {
			s.tb.Fatalf("%v in %q", err, line)
		}
		return p
	}
	s.tb.Fatalf("the stream ended: %v", s.lines.Err())
	return pushed{}
}

// await returns the first message for which holds is true.
func (s *stream) await(holds func(pushed) bool) {
	s.tb.Helper()
	for !holds(s.next()) {
	}
}

// command sends a command for the stream to any instance.
func (s *stream) command(via *service, command string) int {
	s.tb.Helper()
	body, err := json.Marshal(map[string]string{"session": s.session, "node": s.node, "data": command})
	if err != nil {
		s.tb.Fatal(err)
	}
	response := do(s.tb, request(s.tb, http.MethodPost, via.url+"/connection/emulation", string(body)))
	check(s.tb, response.Body.Close())
	return response.StatusCode
}

// A stream stands longer than the server gives a plain request, and its client's commands may reach another instance.
func TestAStreamHearsAndItsCommandsReachItFromAnyInstance(t *testing.T) {
	t.Parallel()
	for name, open := range streams {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			here, there := w.started(t), w.started(t)
			p := person("acc_1", account.Owner)
			c := openStream(t, open(t, here, connectCommand(w.issue(t, p))))
			before := happened("acc_1")
			w.publish(t, before)
			c.await(func(p pushed) bool { return p.Push != nil && p.Push.Pub != nil && p.Push.Pub.Data.ID == before.ID })
			outlast(t)
			for id, via := range map[uint32]*service{7: there, 8: here} {
				command, err := json.Marshal(map[string]any{"id": id, "refresh": map[string]string{"token": w.issue(t, p)}})
				if err != nil {
					t.Fatal(err)
				}
				// The instances hear of each other within some seconds of their start.
				eventually(t, "the command is taken", func() bool { return c.command(via, string(command)) == http.StatusNoContent })
				c.await(func(p pushed) bool { return p.ID == id && p.Refresh != nil && p.Error == nil })
			}
			after := paid("acc_1")
			w.publish(t, after)
			c.await(func(p pushed) bool { return p.Push != nil && p.Push.Pub != nil && p.Push.Pub.Data.ID == after.ID })
		})
	}
}

func TestAStreamNeedsAGoodToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.started(t)
	for name, open := range streams {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			response := do(t, open(t, s, connectCommand("forged")))
			defer func() { check(t, response.Body.Close()) }()
			c := &stream{tb: t, lines: bufio.NewScanner(response.Body)}
			if got := c.next(); got.Error == nil || got.Error.Code != 109 || got.Connect != nil {
				t.Errorf("got %+v, want error 109", got)
			}
		})
	}
}

func TestCrossOrigin(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "REALTIME_ALLOWED_ORIGINS", "http://localhost:5173")
	s := w.started(t)
	methods := map[string]string{"http_stream": http.MethodPost, "sse": http.MethodPost, "emulation": http.MethodPost}
	cors := func(h http.Header) http.Header {
		got := http.Header{}
		for name, values := range h {
			if name == "Vary" || strings.HasPrefix(name, "Access-Control-") || name == "Set-Cookie" {
				got[name] = values
			}
		}
		return got
	}
	for path, method := range methods {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			ask := func(method string, origins ...string) (int, http.Header) {
				r := request(t, method, s.url+"/connection/"+path, "{")
				r.Header["Origin"] = origins
				r.Header.Set("Cookie", "a=b")
				response := do(t, r)
				check(t, response.Body.Close())
				return response.StatusCode, cors(response.Header)
			}
			for _, origin := range []string{"https://board.example", "http://localhost:5173"} {
				status, header := ask(http.MethodOptions, origin)
				want := http.Header{
					"Vary": {"Origin"}, "Access-Control-Allow-Origin": {origin}, "Access-Control-Allow-Methods": {method},
					"Access-Control-Allow-Headers": {"Content-Type"}, "Access-Control-Max-Age": {"600"},
				}
				if diff := cmp.Diff(want, header); status != http.StatusNoContent || diff != "" {
					t.Errorf("OPTIONS from %s answered %d (-want +got):\n%s", origin, status, diff)
				}
				_, header = ask(method, origin)
				want = http.Header{"Vary": {"Origin"}, "Access-Control-Allow-Origin": {origin}}
				if diff := cmp.Diff(want, header); diff != "" {
					t.Errorf("%s from %s (-want +got):\n%s", method, origin, diff)
				}
			}
			for _, origins := range [][]string{
				{"https://evil.example"}, {"http://board.example"}, {"https://board.example.evil.example"}, {"null"}, {""},
				{"https://board.example", "https://evil.example"},
			} {
				for _, m := range []string{http.MethodOptions, method} {
					status, header := ask(m, origins...)
					if diff := cmp.Diff(http.Header{"Vary": {"Origin"}}, header, cmpopts.EquateEmpty()); status != http.StatusForbidden || diff != "" {
						t.Errorf("%s from %q answered %d, want 403 (-want +got):\n%s", m, origins, status, diff)
					}
				}
			}
			if status, _ := ask(http.MethodDelete, "https://board.example"); status != http.StatusMethodNotAllowed {
				t.Errorf("DELETE answered %d, want 405", status)
			}
		})
	}
}

// An instance that goes takes no new client, on whichever transport.
func TestADrainingInstanceRefusesEveryTransport(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.started(t)
	s.drain()
	for _, r := range []*http.Request{
		request(t, http.MethodGet, s.url+"/connection/websocket", ""), request(t, http.MethodPost, s.url+"/connection/http_stream", "{}"),
		request(t, http.MethodPost, s.url+"/connection/emulation", "{}"),
	} {
		eventually(t, r.URL.Path+" is refused", func() bool {
			again := r.Clone(t.Context())
			again.Body = io.NopCloser(bytes.NewReader(nil))
			again.ContentLength = 0
			response := do(t, again)
			check(t, response.Body.Close())
			return response.StatusCode == http.StatusServiceUnavailable && response.Header.Get("Retry-After") != ""
		})
	}
}
