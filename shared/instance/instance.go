// Package instance is what lives as long as one instance of a function: its settings, clock, logger and cloud clients.
// A function's package has a Build that makes its handler from an Instance; register.go hands Build to the framework
// through HTTP or Event, which build on the first request and try again after a failure. Tests and the local stack call
// Build themselves, with settings of their own.
package instance

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"sync"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/sethvargo/go-envconfig"

	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/cloud"
	"fieldboard.dev/fieldboard/shared/telemetry"
)

// Instance carries what every function needs.
type Instance struct {
	Lookup envconfig.Lookuper // where settings come from; the only door to the environment
	Clock  clock.Clock
	Log    *slog.Logger
	Cloud  *cloud.Clients
}

// New returns an instance whose settings come from lookup.
func New(ctx context.Context, lookup envconfig.Lookuper, clk clock.Clock, log *slog.Logger) (*Instance, error) {
	in := &Instance{Lookup: lookup, Clock: clk, Log: log}
	var cfg cloud.Config
	if err := in.Config(ctx, &cfg); err != nil {
		return nil, err
	}
	in.Log = slog.New(telemetry.NewHandler(log.Handler(), cfg.Project)) // every line of a request carries its trace
	in.Cloud = cloud.New(cfg)
	return in, nil
}

// Config fills target, a struct with env tags, and validates it. Its errors name the variable.
func (in *Instance) Config(ctx context.Context, target any) error {
	if err := envconfig.ProcessWith(ctx, &envconfig.Config{Target: target, Lookuper: in.Lookup}); err != nil {
		return fmt.Errorf("settings: %w", err)
	}
	if v, ok := target.(interface{ Validate() error }); ok {
		if err := v.Validate(); err != nil {
			return fmt.Errorf("settings: %w", err)
		}
	}
	return nil
}

// BuildHTTP makes an HTTP function's handler.
type BuildHTTP func(ctx context.Context, in *Instance) (http.Handler, error)

// EventHandler handles one CloudEvent. A returned error asks for another delivery.
type EventHandler func(ctx context.Context, e event.Event) error

// BuildEvent makes an event function's handler.
type BuildEvent func(ctx context.Context, in *Instance) (EventHandler, error)

// HTTP adapts a BuildHTTP to what functions-framework registers.
func HTTP(build BuildHTTP) func(http.ResponseWriter, *http.Request) {
	handler := onFirstUse(build)
	return func(w http.ResponseWriter, r *http.Request) {
		h, err := handler(r.Context())
		if err != nil {
			slog.ErrorContext(r.Context(), "building the function failed", "error", err)
			w.Header().Set("Content-Type", "application/problem+json")
			w.Header().Set("Cache-Control", "no-store")
			w.Header().Set("Retry-After", "5")
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = io.WriteString(w, unbuilt) // the caller is gone when this fails
			return
		}
		h.ServeHTTP(w, r)
	}
}

// unbuilt answers for a function that could not be built; it shows nothing of why.
const unbuilt = `{"type":"about:blank","title":"Service Unavailable","status":503,"detail":"The service cannot answer right now. Try again shortly.","code":"unavailable"}`

// Event adapts a BuildEvent to what functions-framework registers.
func Event(build BuildEvent) func(context.Context, event.Event) error {
	handler := onFirstUse(build)
	return func(ctx context.Context, e event.Event) error {
		h, err := handler(ctx)
		if err != nil {
			return fmt.Errorf("building the function: %w", err)
		}
		return h(ctx, e)
	}
}

func onFirstUse[T any, B ~func(context.Context, *Instance) (T, error)](build B) func(context.Context) (T, error) {
	var mu sync.Mutex
	var built bool
	var value T
	return func(ctx context.Context) (T, error) {
		mu.Lock()
		defer mu.Unlock()
		if built {
			return value, nil
		}
		var zero T
		ctx = context.WithoutCancel(ctx)
		in, err := New(ctx, envconfig.OsLookuper(), clock.System, Logger(os.Stderr))
		if err != nil {
			return zero, err
		}
		v, err := build(ctx, in)
		if err != nil {
			return zero, err
		}
		value, built = v, true
		return v, nil
	}
}
