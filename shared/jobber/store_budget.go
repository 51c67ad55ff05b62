package jobber

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/cloud"
)

var (
	//go:embed reserve.lua
	reserveLua    string
	reserveScript = redis.NewScript(reserveLua)

	//go:embed settle.lua
	settleLua    string
	settleScript = redis.NewScript(settleLua)
)

// budgetKept is how long an idle account's bucket is remembered. It is long full by then, and a probe learns it again.
const budgetKept = 24 * time.Hour

// budgetTimeout bounds one call to Redis; without an answer the caller plans for itself.
const budgetTimeout = 2 * time.Second

// sharedBudget keeps the budget in Redis, where each decision is one script.
type sharedBudget struct {
	clients *cloud.Clients
	clock   clock.Clock
	burst   int
	spacing time.Duration
}

// newSharedBudget plans for at most limit requests in any span of length window: a fifth of them at once, the rest evenly.
func newSharedBudget(clients *cloud.Clients, clk clock.Clock, limit int, window time.Duration) *sharedBudget {
	burst := max(1, limit/5)
	return &sharedBudget{clients: clients, clock: clk, burst: burst, spacing: window / time.Duration(limit-burst)}
}

func (b *sharedBudget) Reserve(ctx context.Context, ask Ask) (Decision, error) {
	ctx, cancel := context.WithTimeout(ctx, budgetTimeout)
	defer cancel()
	client, err := b.clients.Redis()
	if err != nil {
		return Decision{}, err
	}
	reply, err := reserveScript.Run(ctx, client, b.keys(ask.Account),
		b.clock.Now().UnixMilli(), ask.Ticket, ask.Cost, string(ask.Lane), leaseTime.Milliseconds(),
		b.burst, float64(b.spacing.Microseconds())/1e3, int(budgetKept.Seconds())).StringSlice()
	if err != nil {
		return Decision{}, fmt.Errorf("the Jobber budget: %w", err)
	}
	wait, err1 := strconv.ParseInt(reply[1], 10, 64)
	maximum, err2 := strconv.ParseFloat(reply[2], 64)
	if err := errors.Join(err1, err2); err != nil {
		return Decision{}, fmt.Errorf("the Jobber budget: %w", err)
	}
	return Decision{Verdict: Verdict(reply[0]), Wait: time.Duration(wait) * time.Millisecond, Maximum: maximum}, nil
}

func (b *sharedBudget) Settle(ctx context.Context, r Receipt) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), budgetTimeout)
	defer cancel()
	client, err := b.clients.Redis()
	if err != nil {
		return err
	}
	var available, maximum, rate any = "", 0, 0
	if s := r.Status; s != nil {
		available, maximum, rate = s.CurrentlyAvailable, s.MaximumAvailable, s.RestoreRate
	}
	throttled := 0
	if r.Throttled {
		throttled = 1
	}
	err = settleScript.Run(ctx, client, b.keys(r.Account)[:2],
		b.clock.Now().UnixMilli(), r.Ticket, r.Charge, available, maximum, rate, throttled, r.Block.Milliseconds(),
		int(budgetKept.Seconds())).Err()
	if err != nil {
		return fmt.Errorf("the Jobber budget: %w", err)
	}
	return nil
}

func (b *sharedBudget) Leave(ctx context.Context, account, ticket string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), budgetTimeout)
	defer cancel()
	client, err := b.clients.Redis()
	if err != nil {
		return err
	}
	keys := b.keys(account)
	_, err = client.Pipelined(ctx, func(p redis.Pipeliner) error {
		p.ZRem(ctx, keys[2], ticket)
		p.HDel(ctx, keys[3], ticket)
		return nil
	})
	return err
}

func (b *sharedBudget) Spent(ctx context.Context, account string) (Spent, error) {
	ctx, cancel := context.WithTimeout(ctx, budgetTimeout)
	defer cancel()
	client, err := b.clients.Redis()
	if err != nil {
		return Spent{}, err
	}
	var fields struct {
		Points    float64 `redis:"points"`
		Requests  int64   `redis:"requests"`
		Throttled int64   `redis:"throttled"`
	}
	if err := client.HMGet(ctx, b.keys(account)[0], "points", "requests", "throttled").Scan(&fields); err != nil {
		return Spent{}, fmt.Errorf("the Jobber budget: %w", err)
	}
	return Spent(fields), nil
}

// keys have the account in braces, so that a Redis cluster keeps them together.
func (b *sharedBudget) keys(account string) []string {
	prefix := b.clients.Config().RedisPrefix + "jobber:{" + account + "}:"
	return []string{prefix + "budget", prefix + "flying", prefix + "line", prefix + "seen"}
}
