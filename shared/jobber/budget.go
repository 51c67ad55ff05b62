package jobber

import (
	"context"
	"log/slog"
	"math"
	"sync"
	"time"

	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/cloud"
)

// Budget plans the queries of all workers of one Jobber account, so that none is ever sent that its cost bucket or its
// request limiter would refuse. The bucket's size and rate are learned from replies: until the first one, a probe alone
// may be sent. Accounts are Fieldboard accounts, each of which is connected to one Jobber account.
type Budget interface {
	// Reserve asks for leave to send one query now. Ask again with the same ticket after Decision.Wait.
	Reserve(ctx context.Context, ask Ask) (Decision, error)
	// Settle tells how a query that was allowed ended. Each allowed query must be settled; one that never is counts as spent
	// in full after a while.
	Settle(ctx context.Context, receipt Receipt) error
	// Leave withdraws a ticket that waits.
	Leave(ctx context.Context, account, ticket string) error
	// Spent returns what the account's queries have cost since its bucket was first learned.
	Spent(ctx context.Context, account string) (Spent, error)
}

// Ask is a wish to send one query.
type Ask struct {
	Account string
	Ticket  string // names the query; unique
	Cost    float64
	Lane    Lane
}

// Lane says who goes first.
type Lane string

// The lanes.
const (
	LaneProbe Lane = "probe" // may go while the bucket is unknown, one at a time
	LaneRead  Lane = "read"  // small; goes ahead of waiting pages
	LanePage  Lane = "page"  // goes in the order of asking
)

// Verdict is the answer to an Ask.
type Verdict string

// The verdicts.
const (
	Go          Verdict = "go"
	Later       Verdict = "later"         // after Wait
	Unknown     Verdict = "unknown"       // nothing is known of the bucket: probe first
	NeverAtOnce Verdict = "never_at_once" // the cost does not fit Maximum
)

// Decision is the answer to an Ask.
type Decision struct {
	Verdict Verdict
	Wait    time.Duration
	Maximum float64 // of the bucket, as far as it may be used; 0 when unknown
}

// Receipt tells how an allowed query ended.
type Receipt struct {
	Account   string
	Ticket    string
	Charge    float64       // the actual cost; the requested one when the reply was lost
	Status    *Cost         // what the reply told of the bucket, if it did
	Throttled bool          // the query was refused for its cost
	Block     time.Duration // the request limiter refused it: nobody may send for so long
}

// Spent is what an account's queries have cost.
type Spent struct {
	Points    float64
	Requests  int64
	Throttled int64
}

const (
	// leaseTime is how long a query may be on its way before it counts as spent in full: longer than httpTimeout.
	leaseTime = 60 * time.Second
	// longestNap bounds a wait between two looks: others' queries may turn out cheaper than reserved.
	longestNap  = time.Second
	shortestNap = 50 * time.Millisecond
)

// nap is how long to wait before asking again when a wait of d would be enough.
func nap(d time.Duration) time.Duration { return min(max(d, shortestNap), longestNap) }

// guarded uses the shared budget while it answers, and else a part of the bucket that is small enough for each process to
// take one: slower, never wrong.
type guarded struct {
	shared Budget
	local  *localBudget
	clock  clock.Clock
	log    *slog.Logger

	mu    sync.Mutex
	until time.Time // the shared one is not asked before
}

// retryShared is how long a shared budget that did not answer is left alone.
const retryShared = 5 * time.Second

func (g *guarded) Reserve(ctx context.Context, ask Ask) (Decision, error) {
	if g.isAlone() {
		return g.local.Reserve(ctx, ask)
	}
	d, err := g.shared.Reserve(ctx, ask)
	if err == nil || ctx.Err() != nil {
		return d, err
	}
	g.log.WarnContext(ctx, "the shared Jobber budget does not answer; using a small part of it alone", "account", ask.Account, "error", err)
	g.mu.Lock()
	g.until = g.clock.Now().Add(retryShared)
	g.mu.Unlock()
	return g.local.Reserve(ctx, ask)
}

func (g *guarded) isAlone() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.clock.Now().Before(g.until)
}

func (g *guarded) Settle(ctx context.Context, r Receipt) error {
	if g.local.holds(r) {
		return g.local.Settle(ctx, r)
	}
	return g.shared.Settle(ctx, r)
}

func (g *guarded) Leave(ctx context.Context, account, ticket string) error {
	if g.isAlone() {
		return g.local.Leave(ctx, account, ticket)
	}
	return g.shared.Leave(ctx, account, ticket)
}

func (g *guarded) Spent(ctx context.Context, account string) (Spent, error) {
	return g.shared.Spent(ctx, account)
}

// localShare is the part of a bucket and of the request limit that a process takes when it cannot ask the others: as many
// processes as this may run for one account without harm.
const localShare = 8

// localBudget plans the queries of one process, one at a time for each account.
type localBudget struct {
	clock    clock.Clock
	interval time.Duration // between two requests

	mu       sync.Mutex
	accounts map[string]*localBucket
}

type localBucket struct {
	ticket        string // of the query that is on its way
	maximum, rate float64
	level         float64
	at, notBefore time.Time
}

func newLocalBudget(clk clock.Clock, limit int, window time.Duration) *localBudget {
	return &localBudget{clock: clk, interval: window * localShare / time.Duration(limit), accounts: map[string]*localBucket{}}
}

func (l *localBudget) Reserve(_ context.Context, ask Ask) (Decision, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.bucket(ask.Account)
	now := l.clock.Now()
	known := b.maximum > 0
	switch {
	case b.ticket != "":
		return Decision{Verdict: Later, Wait: shortestNap, Maximum: b.maximum}, nil
	case now.Before(b.notBefore):
		return Decision{Verdict: Later, Wait: nap(b.notBefore.Sub(now)), Maximum: b.maximum}, nil
	case !known && ask.Lane != LaneProbe:
		return Decision{Verdict: Unknown}, nil
	case known && ask.Cost > b.maximum:
		return Decision{Verdict: NeverAtOnce, Maximum: b.maximum}, nil
	}
	b.refill(now)
	if missing := ask.Cost - b.level; known && missing > 0 {
		return Decision{Verdict: Later, Wait: nap(seconds(missing / b.rate)), Maximum: b.maximum}, nil
	}
	b.ticket = ask.Ticket
	b.notBefore = now.Add(l.interval)
	return Decision{Verdict: Go, Maximum: b.maximum}, nil
}

func (l *localBudget) Settle(_ context.Context, r Receipt) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.bucket(r.Account)
	if b.ticket != r.Ticket {
		return nil
	}
	now := l.clock.Now()
	b.ticket = ""
	if r.Block > 0 {
		b.notBefore = now.Add(r.Block)
	}
	b.refill(now)
	b.level = math.Max(0, b.level-r.Charge)
	if s := r.Status; s != nil {
		if b.maximum == 0 {
			b.level = s.CurrentlyAvailable / localShare
		}
		b.maximum, b.rate = s.MaximumAvailable/localShare, s.RestoreRate/localShare
		b.level = math.Min(b.level, math.Min(s.CurrentlyAvailable, b.maximum))
	}
	return nil
}

func (l *localBudget) Leave(context.Context, string, string) error { return nil }

func (l *localBudget) holds(r Receipt) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	b, ok := l.accounts[r.Account]
	return ok && b.ticket == r.Ticket
}

func (l *localBudget) bucket(account string) *localBucket {
	b, ok := l.accounts[account]
	if !ok {
		b = &localBucket{at: l.clock.Now()}
		l.accounts[account] = b
	}
	return b
}

func (b *localBucket) refill(now time.Time) {
	if d := now.Sub(b.at); d > 0 {
		b.level = math.Min(b.maximum, b.level+b.rate*d.Seconds())
		b.at = now
	}
}

func seconds(s float64) time.Duration { return time.Duration(math.Ceil(s*1e3)) * time.Millisecond }

// NewBudget returns the budget that all workers share, which falls back to a small part for each process while the shared
// one does not answer.
func NewBudget(clients *cloud.Clients, cfg Config, clk clock.Clock, log *slog.Logger) Budget {
	return &guarded{
		shared: newSharedBudget(clients, clk, cfg.RequestLimit, cfg.RequestWindow),
		local:  newLocalBudget(clk, cfg.RequestLimit, cfg.RequestWindow),
		clock:  clk,
		log:    log,
	}
}
