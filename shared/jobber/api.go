// Package jobber is the connection to Jobber: its consent and tokens, its GraphQL API within the limits that it sets, and
// its webhooks. Facts about Jobber are from developer.getjobber.com; where its documentation is silent, the code says so.
package jobber

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/event"
	"fieldboard.dev/fieldboard/shared/instance"
)

// API calls Jobber for connected accounts. A call waits by itself for the account's budget and repeats what failed in
// passing, as long as ctx's deadline allows; without a deadline it may wait for long. It is safe for concurrent use.
type API struct {
	cfg    Config
	store  *Store
	oauth  *oauth
	tokens *tokenSource
	budget Budget
	http   *http.Client
	clock  clock.Clock
	sleep  func(context.Context, time.Duration) error
	log    *slog.Logger
	prices prices

	mu      sync.Mutex
	maximum map[string]float64 // by account: what of its bucket one query may ask for
	warned  map[string]bool    // API versions whose replacement was logged
}

// Options are the parts of an API. Config, Store and Budget are required; the rest has defaults.
type Options struct {
	Config Config
	Store  *Store
	Budget Budget
	Clock  clock.Clock
	Log    *slog.Logger
	HTTP   *http.Client
	Sleep  func(context.Context, time.Duration) error // returns ctx's error when that ends first
}

// New returns an API with the instance's settings, store and shared budget. It dials nothing.
func New(ctx context.Context, in *instance.Instance) (*API, error) {
	var cfg Config
	if err := in.Config(ctx, &cfg); err != nil {
		return nil, err
	}
	var events event.Config
	if err := in.Config(ctx, &events); err != nil {
		return nil, err
	}
	store, err := NewStore(in.Cloud, event.NewStore(in.Cloud, events, in.Log), cfg.TokenKeys, in.Clock, in.Log)
	if err != nil {
		return nil, err
	}
	budget := NewBudget(in.Cloud, cfg, in.Clock, in.Log)
	return NewAPI(Options{Config: cfg, Store: store, Budget: budget, Clock: in.Clock, Log: in.Log}), nil
}

// NewAPI returns an API made of parts.
func NewAPI(o Options) *API {
	if o.Clock == nil {
		o.Clock = clock.System
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.HTTP == nil {
		o.HTTP = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	if o.Sleep == nil {
		o.Sleep = sleep
	}
	auth := &oauth{cfg: o.Config, http: o.HTTP, clock: o.Clock, log: o.Log}
	return &API{
		cfg: o.Config, store: o.Store, oauth: auth, budget: o.Budget, http: o.HTTP, clock: o.Clock, sleep: o.Sleep, log: o.Log,
		tokens:  &tokenSource{store: o.Store, oauth: auth, clock: o.Clock, sleep: o.Sleep, log: o.Log, known: map[string]Token{}},
		maximum: map[string]float64{}, warned: map[string]bool{},
	}
}

// Store returns where the connections are kept.
func (a *API) Store() *Store { return a.store }

// Spent returns what the account's queries have cost since its bucket was first learned.
func (a *API) Spent(ctx context.Context, account string) (Spent, error) {
	return a.budget.Spent(ctx, account)
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
