package syncing

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"time"

	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/instance"
	"fieldboard.dev/fieldboard/shared/queue"
)

// Message is the body of a run's task.
type Message struct {
	Account string `json:"account" minLength:"1" maxLength:"64" pattern:"^[A-Za-z0-9_-]+$"`
	Run     string `json:"run" minLength:"1" maxLength:"64"`
	Step    int64  `json:"step" minimum:"0"`
}

// Starter begins runs.
type Starter struct {
	cfg   Config
	store store
	queue *queue.Queue
	clock clock.Clock
}

// NewStarter returns a starter. It dials nothing.
func NewStarter(ctx context.Context, in *instance.Instance) (*Starter, error) {
	var cfg Config
	if err := in.Config(ctx, &cfg); err != nil {
		return nil, err
	}
	queue, err := queue.New(in.Cloud, cfg.queue())
	if err != nil {
		return nil, err
	}
	return &Starter{cfg: cfg, store: store{in.Cloud}, queue: queue, clock: in.Clock}, nil
}

// Start begins a run of the account now: what is left of its full copy, then all that changed. One that is under way goes
// on. When the task cannot be queued it returns an error, but the run is due all the same: the schedule queues it later.
func (s *Starter) Start(ctx context.Context, account string) error {
	now := s.clock.Now()
	r, err := s.store.changeRun(ctx, account, func(r run) (run, bool, error) {
		if r.dead(now) {
			return r.next(now, ""), true, nil
		}
		r, begun := r.begin(now, rand.Text())
		return r, begun, nil
	})
	if err != nil {
		return err
	}
	return s.enqueue(ctx, account, r)
}

// startWhenDue begins a run when the last one began long enough ago, and revives one that is dead.
func (s *Starter) startWhenDue(ctx context.Context, account string) (r run, started bool, err error) {
	now := s.clock.Now()
	r, err = s.store.changeRun(ctx, account, func(r run) (run, bool, error) {
		started = false
		switch {
		case r.dead(now):
			r, started = r.next(now, ""), true
		case now.Sub(r.StartedAt) >= s.cfg.Interval-scheduleJitter:
			r, started = r.begin(now, rand.Text())
		}
		return r, started, nil
	})
	if err != nil || !started {
		return r, false, err
	}
	return r, true, s.enqueue(ctx, account, r)
}

// scheduleJitter is how much earlier than the interval a run may begin: the schedule ticks in the same interval, and must
// not miss a run by the seconds that the last one began late.
const scheduleJitter = time.Minute

// enqueue queues the task of the run's step. Its name makes a second one of the same step impossible.
func (s *Starter) enqueue(ctx context.Context, account string, r run) error {
	m := Message{Account: account, Run: r.ID, Step: r.Step}
	body, err := json.Marshal(m)
	if err != nil {
		return err
	}
	t := queue.Message{
		Name:     fmt.Sprintf("sync/%s/%s/%d", m.Account, m.Run, m.Step),
		Body:     body,
		Deadline: s.cfg.Slice + closing + time.Minute,
	}
	if r.NotBefore.After(s.clock.Now()) {
		t.At = r.NotBefore
	}
	_, err = s.queue.Add(ctx, t)
	return err
}
