package main

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/sethvargo/go-envconfig"

	"fieldboard.dev/fieldboard/realtime-run/server"
	"fieldboard.dev/fieldboard/shared/account"
	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/httpapi"
	"fieldboard.dev/fieldboard/shared/instance"
	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/shared/session"
)

type nobody struct{}

func (nobody) Verify(context.Context, string) (httpapi.Principal, error) {
	return httpapi.Principal{}, problem.New(problem.Unauthenticated, "Sign in.")
}

func (nobody) Stands(context.Context, httpapi.Principal) (bool, error) { return false, nil }

func (nobody) Seat(context.Context, string, string) (account.Seat, error) { return account.Seat{}, nil }

func (nobody) Watch(ctx context.Context, _ func(session.Ended), _ func()) { <-ctx.Done() }

var quiet = slog.New(slog.DiscardHandler)

// idle returns a server whose Redis is not there, and a listener for it.
func idle(t *testing.T) (*server.Server, net.Listener) {
	t.Helper()
	in, err := instance.New(t.Context(), envconfig.MapLookuper(map[string]string{
		"GOOGLE_CLOUD_PROJECT": "demo-main", "PUBLIC_URL": "http://127.0.0.1:5000", "REDIS_URL": "redis://127.0.0.1:1",
	}), clock.System, quiet)
	if err != nil {
		t.Fatal(err)
	}
	srv, err := server.New(in, nobody{}, nobody{})
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return srv, listener
}

func TestServeUntilTheContextIsDone(t *testing.T) {
	t.Parallel()
	srv, listener := idle(t)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- serve(ctx, srv, listener, quiet) }()
	url := "http://" + listener.Addr().String()
	response, err := http.Get(url + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	if err := response.Body.Close(); err != nil {
		t.Error(err)
	}
	if response.StatusCode != http.StatusOK {
		t.Errorf("/healthz answered %d, want 200", response.StatusCode)
	}
	cancel()
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("serve: %v", err)
		}
	case <-time.After(time.Minute):
		t.Fatal("serve did not return")
	}
	if conn, err := net.Dial("tcp", listener.Addr().String()); err == nil {
		t.Errorf("still listening on %s", conn.RemoteAddr())
	}
}

func TestServeFailsWithItsListener(t *testing.T) {
	t.Parallel()
	srv, listener := idle(t)
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	if err := serve(t.Context(), srv, listener, quiet); err == nil {
		t.Error("serve returned no error")
	}
}
