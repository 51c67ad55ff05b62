// Package jobber is Jobber as an app sees it: its OAuth server, its GraphQL API with the two limiters, its webhooks, and
// two businesses that live behind them. Everything that can be known of Jobber's behaviour from outside is kept to; what
// could not be settled is said where it is decided.
//
// Beside Jobber's own surface there is a control API under /_control, which makes things happen in a business, sets
// faults, and tells the true figures. It asks for no sign-in: bind the emulator to a local address only.
package jobber

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"sync"
	"time"

	"fieldboard.dev/fieldboard/emulators/jobber/business"
	"fieldboard.dev/fieldboard/shared/clock"
)

// Jobber's limits for one app and account, and the longest life of an access token.
const (
	DefaultBucket        = 10_000          // points
	DefaultRestoreRate   = 500             // points a second
	DefaultRequestLimit  = 2_500           // requests
	DefaultRequestWindow = 5 * time.Minute // for so many
	accessTokenLife      = 60 * time.Minute
	codeLife             = 10 * time.Minute
)

// DefaultVersion is the newest API version that the emulator serves unless told otherwise.
const DefaultVersion = "2026-09-25"

// Options says what kind of Jobber to be. Zero values mean Jobber's own numbers.
type Options struct {
	Clock          clock.Clock   // default the machine's; it decides every time that can be seen, not how long a delivery waits
	Log            *slog.Logger  // default slog.Default
	Seed           int64         // of the businesses and of the faults' chances
	Scale          float64       // share of the full size of the businesses; default 1
	Bucket         int           // points
	RestoreRate    int           // points a second
	RequestLimit   int           // requests in a RequestWindow
	RequestWindow  time.Duration //
	ClientID       string        // of the one app that is known here, also its appId; required
	ClientSecret   string        // required
	RedirectURI    string        // the one redirect URI of the app; "" allows every one
	WebhookURL     string        // where the app wants its webhooks; "" sends none
	GraphQLVersion string        // the newest API version that is served
	Live           bool          // something happens every few seconds while Run runs
	Pace           time.Duration // between two such things in working hours, on average; default 3 s
}

// Emulator is a running Jobber. See New.
type Emulator struct {
	log      *slog.Logger
	clock    clock.Clock
	accounts []*account // number n at n-1
	versions []string
	graph    *graph
	tokens   *tokens
	faults   *faultBox
	hooks    *dispatcher
	handler  http.Handler

	mu       sync.Mutex
	settings Settings
	live     chan struct{} // closed when Live was changed
}

// account is one Jobber account with its limiters and figures.
type account struct {
	number   int
	business *business.Business
	bucket   *bucket
	window   *window
	ledger   *ledger
	hooks    hookCounts
	counts   requestCounts

	mu        sync.Mutex
	endpoints []webhookEndpoint
	nextID    int64
}

var versionPattern = regexp.MustCompile(`^20\d\d-\d\d-\d\d$`)

// New returns an emulator with two seeded businesses: account 1 is large, account 2 about a tenth of it. It delivers
// webhooks until Close; for things to happen by themselves call Run.
func New(options Options) (*Emulator, error) {
	options = withDefaults(options)
	settings := settingsOf(options)
	if broken := settings.validate(); len(broken) > 0 {
		return nil, fmt.Errorf("jobber: %v", broken)
	}
	if !versionPattern.MatchString(options.GraphQLVersion) {
		return nil, fmt.Errorf("jobber: GraphQL version %q is not a date", options.GraphQLVersion)
	}
	graph, err := newGraph()
	if err != nil {
		return nil, err
	}
	e := &Emulator{
		log: options.Log, clock: options.Clock, settings: settings, live: make(chan struct{}),
		versions: versionsUpTo(options.GraphQLVersion),
		graph:    graph,
		tokens:   newTokens(options.Clock),
		faults:   newFaultBox(options.Seed),
		hooks:    newDispatcher(options.Log),
	}
	for number := 1; number <= 2; number++ {
		b, err := business.New(business.Options{
			Number: number, Clock: options.Clock, Log: options.Log, Seed: options.Seed, Scale: options.Scale,
			Pace: options.Pace,
		})
		if err != nil {
			e.hooks.close()
			return nil, err
		}
		e.accounts = append(e.accounts, e.newAccount(number, b))
	}
	e.handler = e.routes()
	return e, nil
}

func withDefaults(o Options) Options {
	setDefault(&o.Bucket, DefaultBucket)
	setDefault(&o.RestoreRate, DefaultRestoreRate)
	setDefault(&o.RequestLimit, DefaultRequestLimit)
	setDefault(&o.RequestWindow, DefaultRequestWindow)
	setDefault(&o.GraphQLVersion, DefaultVersion)
	setDefault(&o.Scale, 1)
	setDefault(&o.Log, slog.Default())
	if o.Clock == nil {
		o.Clock = clock.System
	}
	return o
}

func setDefault[T comparable](value *T, usual T) {
	var zero T
	if *value == zero {
		*value = usual
	}
}

func (e *Emulator) newAccount(number int, b *business.Business) *account {
	s := e.settings
	a := &account{
		number: number, business: b, ledger: newLedger(),
		bucket: newBucket(s.Bucket, s.RestoreRate, e.clock.Now()),
		window: &window{limit: s.RequestLimit, length: s.window()},
	}
	b.Subscribe(func(c business.Change) {
		a.ledger.changed(c.ItemID)
		e.tell(a, hook{account: number, accountID: b.Account().ID, topic: c.Topic, itemID: c.ItemID, at: c.OccurredAt})
	})
	return a
}

// Handler serves Jobber's surface and the control API.
func (e *Emulator) Handler() http.Handler { return e.handler }

// Run lets the businesses live until ctx ends, as long as the setting live is on.
func (e *Emulator) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		e.mu.Lock()
		on, changed := e.settings.Live, e.live
		e.mu.Unlock()
		if !on {
			select {
			case <-changed:
			case <-ctx.Done():
			}
			continue
		}
		if err := e.liveUntil(ctx, changed); err != nil {
			return err
		}
	}
	return nil
}

// liveUntil lets every business live until ctx ends or changed is closed.
func (e *Emulator) liveUntil(ctx context.Context, changed <-chan struct{}) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	results := make(chan error, len(e.accounts))
	for _, a := range e.accounts {
		go func() { results <- a.business.Live(ctx) }()
	}
	var failed error
	select {
	case failed = <-results:
		results <- nil // stands in for the one that was taken
	case <-changed:
	case <-ctx.Done():
	}
	stop()
	for range e.accounts {
		failed = errors.Join(failed, <-results)
	}
	if errors.Is(failed, context.Canceled) {
		return nil
	}
	return failed
}

// Close stops the delivery of webhooks and waits for what is under way.
func (e *Emulator) Close() { e.hooks.close() }

func (e *Emulator) account(number int) (*account, bool) {
	if number < 1 || number > len(e.accounts) {
		return nil, false
	}
	return e.accounts[number-1], true
}

func (e *Emulator) current() Settings {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.settings
}
