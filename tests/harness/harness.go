// Package harness gives a test the whole product in its own process: every function built by its own Build, the gateway, the
// realtime service and a Jobber emulator under the test's control, on the real emulators and a real Redis. Stacks share
// nothing but those servers, so tests may run at once.
//
//	stack := harness.New(t, harness.Options{})
//	stack.Connect(t, 1)
//	stack.WaitCopied(t, 1)
//	var summary Summary
//	stack.Get(t, "owner", "/api/v1/dashboard/summary?period=7d", &summary)
package harness

import (
	"context"
	"io/fs"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"fieldboard.dev/fieldboard/emulators/demo"
	"fieldboard.dev/fieldboard/emulators/jobber"
	"fieldboard.dev/fieldboard/emulators/parts"
	"fieldboard.dev/fieldboard/emulators/provision"
	"fieldboard.dev/fieldboard/emulators/scheduler"
	"fieldboard.dev/fieldboard/emulators/settings"
	"fieldboard.dev/fieldboard/emulators/signin"
	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/cloud"
	"fieldboard.dev/fieldboard/shared/instance"
	"fieldboard.dev/fieldboard/shared/manifest"
	"fieldboard.dev/fieldboard/tests/emulator"
)

// Options choose what kind of stack. Zero values mean what each field says.
type Options struct {
	Clock   clock.Clock    // of everything that is ours; the machine's. Queues and Pub/Sub keep the machine's time
	Project string         // one that no other test uses; emulator.BrowserProject where a browser signs in
	Jobber  jobber.Options // Scale 0.02, and a hundred times Jobber's limits. Who and where the app is, is filled in
	// SyncSlice is how long one task of a copy works; the product's default.
	SyncSlice time.Duration
	// Settings replace or add environment variables of every function and of the realtime service. RATE_LIMIT_FACTOR is 1000
	// unless it is set here; a test of the limits sets it to 1, and RATE_LIMIT_TIMEOUT to more than a busy machine needs.
	Settings map[string]string
	// Apart names functions and services that the stack leaves to the test, which runs them as processes of their own: each at
	// its address, with Environment.
	Apart []string
}

// Stack is a running product.
type Stack struct {
	URL         string // of the gateway
	JobberURL   string
	RealtimeURL string // "ws://127.0.0.1:…"
	Project     string
	Clock       clock.Clock
	Cloud       *cloud.Clients // to look at what the product stored
	Jobber      *jobber.Emulator
	Auth        signin.Auth
	Functions   map[string]string // the address of each function
	Secrets     settings.Secrets  // as somebody has them who may sign what the product signs

	servers  map[string]*httptest.Server // by function, service or emulator
	settings map[string]string           // Options.Settings
	env      settings.Stack
	manifest *manifest.Manifest
	issuer   *scheduler.Issuer
	// scheduler has the jobs and calls none by itself: a test decides when.
	scheduler *scheduler.Scheduler

	operations []Operation

	mu      sync.Mutex
	clients map[string]signedIn
}

type signedIn struct {
	client *demo.Client
	at     time.Time
}

// startLimit bounds each step of a stack's start, and each wait of its helpers, on a busy machine.
const startLimit = 2 * time.Minute

// New starts a stack with both demo businesses, neither connected to Jobber. It ends with the test.
func New(tb testing.TB, opts Options) *Stack {
	tb.Helper()
	b := newBuilder(tb, opts)
	b.reserve()
	b.settle()
	b.startJobber()
	b.startOpenID()
	b.startFunctions()
	b.prepare()
	b.startRealtime()
	b.startGateway()
	if !b.apart(realtimeServer) {
		b.awaitRealtime()
	}
	return b.stack
}

// builder makes a stack step by step. A step that fails ends the test.
type builder struct {
	tb      testing.TB
	ctx     context.Context //nolint:containedctx // ends when the test does; a builder lives for one call of New
	opts    Options
	log     *slog.Logger
	stack   *Stack
	servers map[string]*httptest.Server
	issuer  *scheduler.Issuer
}

func newBuilder(tb testing.TB, opts Options) *builder {
	tb.Helper()
	m, err := manifest.Load()
	if err != nil {
		tb.Fatal(err)
	}
	if opts.Clock == nil {
		opts.Clock = clock.System
	}
	if opts.Project == "" {
		opts.Project = emulator.Project(tb)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(tb.Context()))
	tb.Cleanup(cancel)
	servers := map[string]*httptest.Server{}
	return &builder{
		tb: tb, ctx: ctx, opts: opts, log: testLog(tb), servers: servers,
		stack: &Stack{
			Project: opts.Project, Clock: opts.Clock, manifest: m, servers: servers,
			Functions: map[string]string{}, clients: map[string]signedIn{}, settings: opts.Settings,
		},
	}
}

func (b *builder) must(err error) {
	b.tb.Helper()
	if err != nil {
		b.tb.Fatal(err)
	}
}

// prepare makes the topics, queues, businesses and people, and takes the topics and queues away when the test ends, so that
// the emulators stop delivering to it.
func (b *builder) prepare() {
	b.tb.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, startLimit)
	defer cancel()
	s := b.stack
	b.must(provision.All(ctx, s.Cloud, s.manifest, s.Functions, settings.Invoker))
	b.tb.Cleanup(func() {
		if err := provision.Remove(context.Background(), s.Cloud, s.manifest); err != nil {
			b.tb.Error(err)
		}
	})
	b.must(demo.Seed(ctx, s.Cloud, s.Auth, b.opts.Clock))
}

// instance returns what a function or service is built from, with the settings that it would have in the cloud.
func (b *builder) instance(env map[string]string) *instance.Instance {
	b.tb.Helper()
	in, err := instance.New(b.ctx, lookuper(env, b.opts.Settings), b.opts.Clock, b.log)
	b.must(err)
	b.tb.Cleanup(func() {
		if err := in.Cloud.Close(); err != nil {
			b.tb.Error(err)
		}
	})
	return in
}

// builtDashboard returns the built dashboard, or a page in its place where it has not been built.
func builtDashboard() fs.FS {
	root, err := parts.Root()
	if err == nil {
		dist := filepath.Join(root, "web", "dist")
		if _, err := os.Stat(filepath.Join(dist, "index.html")); err == nil {
			return os.DirFS(dist)
		}
	}
	return fstest.MapFS{"index.html": {Data: []byte("<!doctype html><title>Fieldboard</title>")}}
}
