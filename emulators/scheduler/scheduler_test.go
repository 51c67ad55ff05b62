package scheduler_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/sethvargo/go-envconfig"

	"fieldboard.dev/fieldboard/emulators/scheduler"
	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/httpapi"
	"fieldboard.dev/fieldboard/shared/instance"
)

const account = "invoker@demo.example"

// A worker that verifies its callers as the deployed ones do takes the scheduler's calls and no others.
func TestCallIsVerifiable(t *testing.T) {
	t.Parallel()
	clk := clock.NewManual(time.Date(2031, 5, 1, 12, 0, 0, 0, time.UTC))
	issuer, err := scheduler.NewIssuer("http://issuer.example", clk)
	if err != nil {
		t.Fatal(err)
	}
	keys := httptest.NewServer(issuer)
	defer keys.Close()

	in, err := instance.New(t.Context(), envconfig.MapLookuper(map[string]string{
		"GOOGLE_CLOUD_PROJECT": "demo-x", "REDIS_URL": "redis://127.0.0.1:1/0",
	}), clk, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	var calls atomic.Int32
	worker := httptest.NewUnstartedServer(nil)
	workerURL := "http://" + worker.Listener.Addr().String() + "/"
	api := httpapi.New(in, httpapi.Options{Name: "worker"})
	access := httpapi.OIDC(httpapi.OIDCConfig{
		Issuer: "http://issuer.example", JWKSURL: keys.URL, Invoker: account, Audience: workerURL,
	}, clk)
	httpapi.Register(api, huma.Operation{OperationID: "work", Method: http.MethodPost, Path: "/"}, access,
		func(context.Context, *struct{}) (*struct{}, error) { calls.Add(1); return nil, nil })
	worker.Config.Handler = api.Handler()
	worker.Start()
	defer worker.Close()

	job := scheduler.Job{Name: "work", Schedule: "* * * * *", URL: workerURL, Timeout: 10 * time.Second}
	call := func(as string) error {
		s, err := scheduler.New(issuer, as, []scheduler.Job{job}, clk, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		return s.Call(t.Context(), job)
	}
	if err := call(account); err != nil {
		t.Error(err)
	}
	if err := call("someone@else.example"); err == nil || !strings.Contains(err.Error(), "403") {
		t.Errorf("another account's call: %v, want a 403", err)
	}
	if got := calls.Load(); got != 1 {
		t.Errorf("%d calls reached the worker, want 1", got)
	}
}

func TestNewRefusesABrokenSchedule(t *testing.T) {
	t.Parallel()
	_, err := scheduler.New(nil, account, []scheduler.Job{{Name: "work", Schedule: "often"}}, clock.System, slog.New(slog.DiscardHandler))
	if err == nil || !strings.Contains(err.Error(), "often") {
		t.Errorf("error %v, want one that quotes the schedule", err)
	}
}

// At the year's last second the next minute is less than a second away, so the call comes soon on any clock.
func TestRunCallsAtTheTime(t *testing.T) {
	t.Parallel()
	clk := clock.NewManual(time.Date(2031, 12, 31, 23, 59, 59, 990_000_000, time.UTC))
	issuer, err := scheduler.NewIssuer("http://issuer.example", clk)
	if err != nil {
		t.Fatal(err)
	}
	called := make(chan string, 100)
	worker := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		called <- r.Header.Get("X-CloudScheduler-JobName")
	}))
	defer worker.Close()
	s, err := scheduler.New(issuer, account, []scheduler.Job{
		{Name: "work", Schedule: "0 0 1 1 *", URL: worker.URL, Timeout: time.Minute},
	}, clk, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { s.Run(ctx); close(done) }()
	if name := <-called; name != "work" {
		t.Errorf("called %q, want work", name)
	}
	cancel()
	<-done
}
