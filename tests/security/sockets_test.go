// Package security attacks the whole product: what must be refused is tried, through its public surface.
package security_test

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/centrifugal/centrifuge-go"

	"fieldboard.dev/fieldboard/emulators/demo"
	"fieldboard.dev/fieldboard/tests/harness"
)

// socket is a live connection and the codes by which it was closed.
type socket struct {
	client *centrifuge.Client
	mu     sync.Mutex
	ends   []uint32
}

func connect(t *testing.T, stack *harness.Stack, token string) *socket {
	t.Helper()
	s := &socket{client: centrifuge.NewJsonClient(stack.RealtimeURL+"/connection/websocket", centrifuge.Config{Token: token})}
	note := func(code uint32) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.ends = append(s.ends, code)
	}
	s.client.OnDisconnected(func(e centrifuge.DisconnectedEvent) { note(e.Code) })
	s.client.OnConnecting(func(e centrifuge.ConnectingEvent) { note(e.Code) })
	t.Cleanup(s.client.Close)
	if err := s.client.Connect(); err != nil {
		t.Fatal(err)
	}
	harness.Eventually(t, func() error {
		if state := s.client.State(); state != centrifuge.StateConnected {
			return fmt.Errorf("the socket is %s", state)
		}
		return nil
	})
	return s
}

func (s *socket) closed(t *testing.T, code uint32) {
	t.Helper()
	since := time.Now()
	harness.Eventually(t, func() error {
		s.mu.Lock()
		defer s.mu.Unlock()
		if !slices.Contains(s.ends, code) {
			return fmt.Errorf("the socket was closed by %v, want %d", s.ends, code)
		}
		return nil
	})
	t.Logf("closed after %s", time.Since(since).Round(time.Millisecond))
}

const endedSession = 4501 // see realtime-run/server

// However a session ends, its sockets close and every function refuses its access token.
func TestARevokedSessionIsOutEverywhere(t *testing.T) {
	t.Parallel()
	stack := harness.New(t, harness.Options{})
	signIn := func(who string) *demo.Client {
		client, err := demo.SignIn(t.Context(), stack.URL, stack.Auth, who+"@demo.fieldboard.test")
		if err != nil {
			t.Fatal(err)
		}
		return client
	}
	ways := map[string]func(t *testing.T, victim *demo.Client){
		"signing out": func(t *testing.T, victim *demo.Client) {
			t.Helper()
			if err := victim.Call(t.Context(), http.MethodDelete, "/api/v1/session", nil, nil); err != nil {
				t.Fatal(err)
			}
		},
		"ending it elsewhere": func(t *testing.T, victim *demo.Client) {
			t.Helper()
			if err := signIn("viewer").Call(t.Context(), http.MethodDelete, "/api/v1/sessions", nil, nil); err != nil {
				t.Fatal(err)
			}
		},
	}
	for name, end := range ways {
		t.Run(name, func(t *testing.T) {
			victim := signIn("viewer")
			live := connect(t, stack, victim.AccessToken)
			end(t, victim)
			live.closed(t, endedSession)
			for _, path := range []string{"/api/v1/me", "/api/v1/dashboard/summary", "/api/v1/jobs", "/api/v1/jobber/connection", "/api/v1/sessions"} {
				res, err := victim.Do(t.Context(), http.MethodGet, path, nil)
				if err != nil {
					t.Fatal(err)
				}
				if err := res.Body.Close(); err != nil {
					t.Error(err)
				}
				if res.StatusCode != http.StatusUnauthorized {
					t.Errorf("%s answers %d, want 401", path, res.StatusCode)
				}
			}
		})
	}
}
