package syncing

import (
	"context"
	"errors"
	"fmt"
	"time"

	"fieldboard.dev/fieldboard/shared/account"
	"fieldboard.dev/fieldboard/shared/event"
	"fieldboard.dev/fieldboard/shared/instance"
	"fieldboard.dev/fieldboard/shared/jobber"
	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/shared/record"
)

// closing is how long a step may take, after its time is up, to write what it has read.
const closing = time.Minute

// manyFailures is how many steps in a row may fail before people are told.
const manyFailures = 3

// Outcome says what became of a task.
type Outcome string

// The outcomes.
const (
	Completed  Outcome = "completed"  // the run went through
	Continued  Outcome = "continued"  // the next step is queued
	Waiting    Outcome = "waiting"    // the step failed in a way that time may cure; the next one is queued for later
	Ended      Outcome = "ended"      // the run cannot go on until a person did something
	Superseded Outcome = "superseded" // the task is an old one
	Busy       Outcome = "busy"       // another worker is at it: deliver again later
)

// Runner works on runs, a step for each task.
type Runner struct {
	*Starter
	copyist
	events   *event.Store
	accounts *account.Store
}

// NewRunner returns a runner. It dials nothing.
func NewRunner(ctx context.Context, in *instance.Instance) (*Runner, error) {
	starter, err := NewStarter(ctx, in)
	if err != nil {
		return nil, err
	}
	api, err := jobber.New(ctx, in)
	if err != nil {
		return nil, err
	}
	var cfg event.Config
	if err := in.Config(ctx, &cfg); err != nil {
		return nil, err
	}
	events := event.NewStore(in.Cloud, cfg, in.Log)
	return &Runner{
		Starter: starter, copyist: newCopyist(api, record.NewStore(in.Cloud, events, in.Clock, in.Log), in.Log),
		events: events, accounts: account.NewStore(in.Cloud, in.Clock),
	}, nil
}

// errSliceOver says that the step's time is up; all that was read is kept.
var errSliceOver = errors.New("the step's time is up")

// Run does the work of one task. Two deliveries of a task never work at the same time, and a worker that dies loses at
// most a page that it had not written: the next one takes over when the lease has run out. An error means that the task
// must be delivered again.
func (r *Runner) Run(ctx context.Context, m Message) (Outcome, error) {
	claimed, v, err := r.claim(ctx, m)
	if err != nil {
		return "", err
	}
	switch v {
	case busy:
		return Busy, nil
	case over:
		return Superseded, nil
	case passed:
		// The worker of this step may have died between writing the next step down and queueing it.
		return Superseded, r.enqueue(ctx, m.Account, claimed)
	}
	step, err := r.step(ctx, m.Account, claimed)
	if err == nil {
		err = step.work(ctx)
	}
	if ctx.Err() != nil {
		return "", fmt.Errorf("the step was broken off: %w", context.Cause(ctx))
	}
	return r.conclude(ctx, step, err)
}

func (r *Runner) claim(ctx context.Context, m Message) (run, verdict, error) {
	var v verdict
	claimed, err := r.store.changeRun(ctx, m.Account, func(x run) (run, bool, error) {
		x, v = x.claim(r.clock.Now(), m)
		return x, v == mine, nil
	})
	return claimed, v, err
}

// step is one task's work on a run.
type step struct {
	*Runner
	account string
	scope   record.Scope
	run     run
	states  checkpoints
	held    inTransaction
	ends    time.Time // when to hand over to the next step
	renewed time.Time
	pages   int       // read from Jobber so far
	told    time.Time // when the last progress was told
	wasCopy bool      // the full copy was not complete when the step began
}

func (r *Runner) step(ctx context.Context, accountID string, claimed run) (*step, error) {
	now := r.clock.Now()
	s := &step{Runner: r, account: accountID, run: claimed, ends: now.Add(r.cfg.Slice), renewed: now}
	scope, err := scopeOf(ctx, r.accounts, accountID)
	if err != nil {
		return s, err
	}
	s.scope = scope
	if _, s.states, err = r.store.read(ctx, accountID); err != nil {
		return s, err
	}
	s.wasCopy = s.states.copying()
	s.held, err = r.store.held(ctx, accountID, claimed.Fence)
	return s, err
}

// scopeOf returns what the account's records are stored under.
func scopeOf(ctx context.Context, accounts *account.Store, id string) (record.Scope, error) {
	a, err := accounts.Account(ctx, id)
	if err != nil {
		return record.Scope{}, err
	}
	zone, err := time.LoadLocation(a.TimeZone)
	if err != nil {
		return record.Scope{}, problem.Wrap(err, problem.Internal, "The account's time zone is not known.")
	}
	return record.Scope{Account: id, Zone: zone}, nil
}

// work copies what is not copied, then reads what changed, then looks for what got lost.
func (s *step) work(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Slice+closing)
	defer cancel()
	for _, stage := range []func(context.Context) error{s.connected, s.copyAll, s.catchUpAll, s.reconcileAll} {
		if err := stage(ctx); err != nil {
			return err
		}
	}
	return nil
}

// connected checks that there is something to read. A copy is always of one business: package jobber connects an account
// to no other than the one whose data it holds.
func (s *step) connected(ctx context.Context) error {
	c, err := s.api.Store().Connection(ctx, s.account)
	if err != nil {
		return err
	}
	if !c.Connected() {
		return &jobber.Error{Kind: jobber.Disconnected, Op: "sync", Message: "the account is not connected"}
	}
	return nil
}

// change changes the run, as long as this worker holds it.
func (s *step) change(ctx context.Context, change func(run) run) (run, error) {
	return s.store.changeRun(ctx, s.account, func(r run) (run, bool, error) {
		if r.Fence != s.run.Fence {
			return r, false, errFenced
		}
		return change(r), true, nil
	})
}

// renew keeps the lease, now and then.
func (s *step) renew(ctx context.Context) error {
	now := s.clock.Now()
	if now.Sub(s.renewed) < renewAfter {
		return nil
	}
	_, err := s.change(ctx, func(r run) run { r.Until = now.Add(lease); return r })
	s.renewed = now
	return err
}

// over reports whether it is time to hand over. A step reads a page at least, so that a run comes to its end however short
// its steps are.
func (s *step) over() bool { return s.pages > 0 && !s.clock.Now().Before(s.ends) }

// conclude writes down how the step ended and queues what comes next.
func (r *Runner) conclude(ctx context.Context, s *step, err error) (Outcome, error) {
	log := r.log.With("account", s.account, "run", s.run.ID, "step", s.run.Step)
	now := r.clock.Now()
	switch {
	case err == nil:
		var behind bool
		_, err := s.change(ctx, func(x run) run {
			behind = x.Behind
			return x.end(now, true)
		})
		if err != nil {
			return "", err
		}
		s.tellCompleted(ctx)
		if behind {
			s.tellRecovered(ctx)
		}
		log.InfoContext(ctx, "sync run completed", "copy", s.wasCopy)
		return Completed, nil

	case errors.Is(err, errFenced):
		return Superseded, nil

	case errors.Is(err, errSliceOver):
		return Continued, s.goOn(ctx, now, "")

	case jobber.KindOf(err) == jobber.Wait:
		wait, _ := jobber.RetryAfter(err)
		return Continued, s.goOn(ctx, now.Add(wait), "")

	case hopeless(err), problem.CodeOf(err) == problem.NotFound:
		log.ErrorContext(ctx, "sync run ended", "error", err)
		if _, err := s.change(ctx, func(x run) run { return x.end(now, false) }); err != nil {
			return "", err
		}
		if !disconnected(err) { // that was told when it happened
			s.tellFailed(ctx, told(err))
		}
		return Ended, nil

	default:
		failures := s.run.Failures + 1
		wait := delay(s.run.Failures)
		if after, ok := jobber.RetryAfter(err); ok {
			wait = max(wait, after)
		}
		log.WarnContext(ctx, "sync step failed; it is tried again", "error", err, "failures", failures, "again_in", wait.String())
		if failures == manyFailures {
			s.tellFailed(ctx, told(err))
		}
		return Waiting, s.goOn(ctx, now.Add(wait), told(err))
	}
}

// goOn hands over to the next step.
func (s *step) goOn(ctx context.Context, at time.Time, failure string) error {
	next, err := s.change(ctx, func(r run) run { return r.next(at, failure) })
	if err != nil {
		return err
	}
	return s.enqueue(ctx, s.account, next)
}
