// Package security attacks the whole product: what must be refused is tried, through its public surface.
package security_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"cloud.google.com/go/pubsub/v2"
	"github.com/centrifugal/centrifuge-go"

	"fieldboard.dev/fieldboard/emulators/demo"
	live "fieldboard.dev/fieldboard/realtime-run/client"
	"fieldboard.dev/fieldboard/shared/account"
	"fieldboard.dev/fieldboard/shared/event"
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
			socket := connect(t, stack, victim.AccessToken)
			end(t, victim)
			socket.closed(t, endedSession)
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

// page follows the live events of a member as the dashboard does: refused, it asks for another token.
type page struct {
	mu      sync.Mutex
	live    bool
	tokens  int                 // that it asked for
	arrived map[string][]string // ids of events, by channel
}

func follow(t *testing.T, stack *harness.Stack, member *demo.Client) *page {
	t.Helper()
	p := &page{arrived: map[string][]string{}}
	config := live.Config{URL: stack.RealtimeURL}
	config.Retry.Min, config.Retry.Max = 20*time.Millisecond, 200*time.Millisecond
	config.Token = func(ctx context.Context, refused string) (string, error) {
		p.mu.Lock()
		p.tokens++
		p.mu.Unlock()
		if refused == "" {
			return member.AccessToken, nil
		}
		var grant struct {
			AccessToken string `json:"accessToken"`
		}
		err := member.Call(ctx, http.MethodPost, "/api/v1/session/refresh", nil, &grant)
		return grant.AccessToken, err
	}
	config.Event = func(channel string, e event.Event) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.arrived[channel] = append(p.arrived[channel], e.ID)
	}
	config.Connected = func(is bool) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.live = is
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- live.Follow(ctx, config) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	p.isLive(t, 1)
	return p
}

// isLive returns once the page is live by so many tokens.
func (p *page) isLive(t *testing.T, tokens int) {
	t.Helper()
	harness.Eventually(t, func() error {
		p.mu.Lock()
		defer p.mu.Unlock()
		if !p.live || p.tokens < tokens {
			return fmt.Errorf("live: %t, by %d tokens", p.live, p.tokens)
		}
		return nil
	})
}

func (p *page) gets(t *testing.T, channel string, e event.Event) {
	t.Helper()
	harness.Eventually(t, func() error {
		if !p.has(channel, e) {
			return fmt.Errorf("%s has not arrived in %s", e.Type, channel)
		}
		return nil
	})
}

func (p *page) has(channel string, e event.Event) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Contains(p.arrived[channel], e.ID)
}

// An open page follows its member's role, by another token and without being loaded again.
func TestAChangedRoleMovesTheChannels(t *testing.T) {
	t.Parallel()
	stack := harness.New(t, harness.Options{})
	member, err := demo.SignIn(t.Context(), stack.URL, stack.Auth, "dispatcher@demo.fieldboard.test")
	if err != nil {
		t.Fatal(err)
	}
	const (
		operations = "account:acc_demo:operations"
		finance    = "account:acc_demo:finance"
		changes    = "account:acc_demo:changes"
	)
	publish := func(e event.Event) event.Event {
		t.Helper()
		data, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		topic, err := stack.Cloud.Publisher(t.Context(), "events")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := topic.Publish(t.Context(), &pubsub.Message{Data: data, OrderingKey: e.Account}).Get(t.Context()); err != nil {
			t.Fatal(err)
		}
		return e
	}
	visit := func() event.Event {
		e := event.New("acc_demo", "visit.updated", time.Now())
		e.Collection, e.EntityID = "visits", "Visit_1"
		return publish(e)
	}
	paid := func() event.Event {
		e := event.New("acc_demo", "invoice.paid", time.Now())
		e.Audience, e.Collection, e.EntityID = event.Finance, "invoices", "Invoice_1"
		return publish(e)
	}
	becomes := func(p *page, role account.Role, tokens int) {
		t.Helper()
		since := time.Now()
		if err := stack.As(t, "owner").Call(t.Context(), http.MethodPatch, "/api/v1/members/demo-dispatcher", map[string]any{"role": role}, nil); err != nil {
			t.Fatal(err)
		}
		p.isLive(t, tokens)
		t.Logf("live as %s after %s", role, time.Since(since).Round(time.Millisecond))
	}

	p := follow(t, stack, member)
	p.gets(t, operations, visit())

	becomes(p, account.Technician, 2)
	e := visit()
	p.gets(t, changes, e)
	if p.has(operations, e) {
		t.Error("a technician gets a whole event")
	}

	becomes(p, account.Admin, 3)
	e = paid()
	p.gets(t, finance, e)
	p.gets(t, operations, visit())

	becomes(p, account.Viewer, 4)
	e = paid()
	p.gets(t, operations, visit())
	if p.has(finance, e) {
		t.Error("a viewer gets an event of money")
	}
}
