package faults_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/sethvargo/go-envconfig"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/event"
	"fieldboard.dev/fieldboard/shared/instance"
)

const (
	emitterMode = "FAULTS_EMITTER"
	account     = "acc_demo"
	entities    = 25
)

// TestMain makes this program the emitter as well, which stores and publishes events, and a worker of tasks: both can be killed.
func TestMain(m *testing.M) {
	if os.Getenv(emitterMode) != "" {
		if err := emitAll(context.Background()); err != nil {
			fmt.Fprintln(os.Stderr, "emitter:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if os.Getenv(workerMode) != "" {
		fmt.Fprintln(os.Stderr, "worker:", workAll(context.Background()))
		os.Exit(1)
	}
	code := m.Run()
	if dir, err := programs(); err == nil {
		if err := os.RemoveAll(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// numbered returns the nth event, of one of the audiences.
func numbered(n int) event.Event {
	e := event.New(account, "", time.Now())
	e.ID = fmt.Sprintf("faults-%06d", n)
	entity := strconv.Itoa(n / 4 % entities)
	switch n % 4 {
	case 0:
		e.Type, e.Collection, e.EntityID, e.Title = "visit.completed", "visits", "Visit_"+entity, "Gutter cleaning"
	case 1:
		cents := int64(n)
		e.Type, e.Audience, e.Collection, e.EntityID, e.AmountCents = "invoice.paid", event.Finance, "invoices", "Invoice_"+entity, &cents
	case 2:
		e.Type, e.Audience, e.Member = "member.updated", event.Security, "demo-viewer"
	case 3:
		e.Type, e.Audience, e.Member = event.SignedIn, event.Personal, "demo-dispatcher"
	}
	return e
}

// emitAll stores and publishes the event of each number that is posted, until it is killed.
func emitAll(ctx context.Context) error {
	in, err := instance.New(ctx, envconfig.OsLookuper(), clock.System, slog.New(slog.NewTextHandler(os.Stderr, nil)))
	if err != nil {
		return err
	}
	var cfg event.Config
	if err := in.Config(ctx, &cfg); err != nil {
		return err
	}
	store := event.NewStore(in.Cloud, cfg, in.Log)
	return http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, err := strconv.Atoi(r.URL.Path[1:])
		if err == nil {
			err = store.Emit(r.Context(), numbered(n))
		}
		if err != nil && status.Code(unwrapped(err)) != codes.AlreadyExists { // stored before a kill; the relay publishes it
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
		}
	}))
}

// unwrapped returns the innermost error, which is where a gRPC status is.
func unwrapped(err error) error {
	for {
		inner, ok := err.(interface{ Unwrap() error })
		if !ok || inner.Unwrap() == nil {
			return err
		}
		err = inner.Unwrap()
	}
}
