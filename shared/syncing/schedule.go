package syncing

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"fieldboard.dev/fieldboard/shared/event"
	"fieldboard.dev/fieldboard/shared/instance"
	"fieldboard.dev/fieldboard/shared/jobber"
)

const (
	accountsPage = 200 // accounts read at a time
	accountsWide = 16  // accounts looked at in parallel
	// A notice that waits longer than republishAfter was not handed to the worker, or the worker fails on it. One that
	// waits longer than giveUpAfter is left to the runs, which find what it told.
	republishAfter = 2 * time.Minute
	giveUpAfter    = 24 * time.Hour
	republishMost  = 500
)

// Schedule begins the runs that are due, revives dead ones, and hands on notices that were left.
type Schedule struct {
	starter  *Starter
	accounts connections
	inbox    inbox
	events   *event.Store
	log      *slog.Logger
}

// connections is what the schedule needs to know of accounts' connections; jobber.Store knows it.
type connections interface {
	Connected(ctx context.Context, after string, limit int) (accounts []string, next string, err error)
	Connection(ctx context.Context, account string) (jobber.Connection, error)
}

// NewSchedule returns a schedule. It dials nothing.
func NewSchedule(ctx context.Context, in *instance.Instance) (*Schedule, error) {
	starter, err := NewStarter(ctx, in)
	if err != nil {
		return nil, err
	}
	var cfg InboxConfig
	if err := in.Config(ctx, &cfg); err != nil {
		return nil, err
	}
	var events event.Config
	if err := in.Config(ctx, &events); err != nil {
		return nil, err
	}
	return &Schedule{
		starter: starter, accounts: jobber.NewReader(in.Cloud), inbox: inbox{in.Cloud, cfg.Topic},
		events: event.NewStore(in.Cloud, events, in.Log), log: in.Log,
	}, nil
}

// Ticked says what one tick of the schedule did.
type Ticked struct {
	Accounts    int `json:"accounts"`    // connected ones
	Started     int `json:"started"`     // runs begun or revived
	Republished int `json:"republished"` // notices handed on again
}

// Tick does what is due. Two ticks at the same time do no more than one. What fails for one account does not hold up the
// others; its error is returned at the end, and the next tick tries again.
func (s *Schedule) Tick(ctx context.Context) (Ticked, error) {
	t, runsErr := s.startRuns(ctx)
	republished, inboxErr := s.republish(ctx)
	t.Republished = republished
	return t, errors.Join(runsErr, inboxErr)
}

func (s *Schedule) startRuns(ctx context.Context) (Ticked, error) {
	var t Ticked
	var failed error
	for after := ""; ; {
		accounts, next, err := s.accounts.Connected(ctx, after, accountsPage)
		if err != nil {
			return t, errors.Join(failed, fmt.Errorf("reading the connected accounts: %w", err))
		}
		var mu sync.Mutex
		var g errgroup.Group
		g.SetLimit(accountsWide)
		for _, account := range accounts {
			g.Go(func() error {
				started, err := s.startRun(ctx, account)
				mu.Lock()
				defer mu.Unlock()
				if started {
					t.Started++
				}
				if err != nil {
					failed = errors.Join(failed, fmt.Errorf("starting a run of %s: %w", account, err))
				}
				return nil
			})
		}
		if err := g.Wait(); err != nil {
			return t, err
		}
		t.Accounts += len(accounts)
		if next == "" {
			return t, failed
		}
		after = next
	}
}

func (s *Schedule) startRun(ctx context.Context, account string) (bool, error) {
	c, err := s.accounts.Connection(ctx, account)
	if err != nil || !c.Connected() {
		return false, err
	}
	r, started, err := s.starter.startWhenDue(ctx, account)
	if err != nil {
		return started, err
	}
	return started, s.tellBehind(ctx, account, r, c.ConnectedAt)
}

// republish hands on what was left in the inbox.
func (s *Schedule) republish(ctx context.Context) (int, error) {
	now := s.starter.clock.Now()
	left, err := s.inbox.pending(ctx, now.Add(-republishAfter), republishMost)
	if err != nil {
		return 0, err
	}
	var n int
	var failed error
	for id, d := range left {
		if now.Sub(d.ReceivedAt) > giveUpAfter {
			s.log.ErrorContext(ctx, "a notice could not be settled in time", "account", d.Account, "topic", d.Topic, "received_at", d.ReceivedAt)
			_, err := s.inbox.settle(ctx, id, d, now, "given up")
			failed = errors.Join(failed, err)
			continue
		}
		if err := s.inbox.publish(ctx, id, d); err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		n++
	}
	return n, failed
}
