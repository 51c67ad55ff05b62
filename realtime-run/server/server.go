// Package server is the realtime service: it pulls events from one Pub/Sub subscription that all instances share, and
// publishes each into its account's channel, which Redis carries to every instance that has a listener.
//
// What a client can count on: it gets the events of the channels that its role may see, each once and in the channel's
// order; after a reconnect, to any instance, it gets what it missed, or is told that there is a gap. Redis being down
// delays events; it never loses one that was not yet published, and never crosses accounts.
package server

import (
	"context"
	"crypto/rand"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"fieldboard.dev/fieldboard/shared/account"
	"fieldboard.dev/fieldboard/shared/crew"
	"fieldboard.dev/fieldboard/shared/event"
	"fieldboard.dev/fieldboard/shared/httpapi"
	"fieldboard.dev/fieldboard/shared/instance"
	"fieldboard.dev/fieldboard/shared/live"
	"fieldboard.dev/fieldboard/shared/overview"
	"fieldboard.dev/fieldboard/shared/record"
	"fieldboard.dev/fieldboard/shared/session"
)

// Server is one instance of the service.
type Server struct {
	in        *instance.Instance
	cfg       Config
	sessions  Sessions
	origins   map[string]bool
	hub       atomic.Pointer[hub] // nil until Redis was reached for the first time
	seats     *seats
	names     *names
	name      string // of the instance, without a meaning
	doings    *doings
	ears      *ears
	metrics   *metrics
	crews     *crew.Reader
	overviews Overviews
	summaries *summaries // set before hub is
	draining  atomic.Bool
	redis     status
	pubsub    status
}

// Sessions tells who a client is, and when that ends.
type Sessions interface {
	httpapi.Verifier
	// Stands tells whether the session and the seat of somebody who was verified some time ago still stand.
	Stands(ctx context.Context, p httpapi.Principal) (bool, error)
	// Watch calls ended for what ends or changes, and resumed when something may have ended unheard, until ctx is done.
	Watch(ctx context.Context, ended func(session.Ended), resumed func())
}

// New returns a server with the settings of in. It connects to nothing.
func New(in *instance.Instance, sessions Sessions, members Seats) (*Server, error) {
	events := event.NewStore(in.Cloud, event.Config{}, in.Log) // reads only: it publishes nothing
	s := &Server{
		in: in, sessions: sessions, origins: map[string]bool{}, name: strings.ToLower(rand.Text()[:8]), doings: &doings{lags: live.Lags{}},
		seats:     &seats{register: live.NewRegister(in.Cloud), mine: map[string]live.Seat{}},
		names:     &names{seats: members, now: in.Clock.Now, known: map[string]name{}},
		crews:     crew.NewReader(account.NewStore(in.Cloud, in.Clock), record.NewStore(in.Cloud, events, in.Clock, in.Log)),
		overviews: overview.NewReader(in),
	}
	if err := in.Config(context.Background(), &s.cfg); err != nil {
		return nil, err
	}
	s.ears = &ears{now: in.Clock.Now, every: s.cfg.Heartbeat}
	s.metrics = newMetrics(s.ears)
	for _, address := range append([]string{s.cfg.PublicURL}, s.cfg.AllowedOrigins...) {
		origin, err := originOf(address)
		if err != nil {
			return nil, err
		}
		s.origins[origin] = true
	}
	if _, err := in.Cloud.Redis(); err != nil { // does not connect
		return nil, err
	}
	return s, nil
}

// How long Run may take after its context is done. Cloud Run allows 10 s after SIGTERM.
const (
	consumerDrain = 3 * time.Second
	clientsDrain  = 3 * time.Second // after letGo, which takes up to 3.5 s
)

// Run carries events until ctx is done; then it hands back the messages in its hands, tells every client to reconnect
// elsewhere, and returns nil. It waits for Redis as long as it takes. Call it once.
func (s *Server) Run(ctx context.Context) error {
	h := s.openHub(ctx)
	if h == nil {
		s.draining.Store(true)
		return nil
	}
	s.summaries = newSummaries(ctx, s, h)
	s.hub.Store(h)
	s.in.Log.InfoContext(ctx, "realtime service ready", "subscription", s.cfg.Subscription)
	idle := make(chan struct{})
	go func() {
		defer close(idle)
		var work sync.WaitGroup
		work.Go(func() { s.watchRedis(ctx) })
		work.Go(func() { s.consume(ctx, h) })
		work.Go(func() { s.closeEnded(ctx, h) })
		work.Go(func() { s.keepSeats(ctx, h) })
		work.Go(s.summaries.run)
		work.Go(func() { s.hearLetGo(ctx, h) })
		work.Go(func() { s.beatOn(ctx) })
		work.Go(func() { s.noteDoings(ctx) })
		work.Wait()
	}()
	<-ctx.Done()
	s.draining.Store(true)
	gone := make(chan struct{})
	go func() { defer close(gone); s.letGo(h) }()
	select {
	case <-idle:
	case <-time.After(consumerDrain):
		// Pub/Sub does not answer. It gives the messages to another instance when their lease ends.
		s.in.Log.WarnContext(ctx, "the events in hand could not be handed back in time")
	}
	<-gone
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), clientsDrain)
	defer cancel()
	return h.close(drain)
}

// pause waits for d, or less when ctx ends first.
func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
