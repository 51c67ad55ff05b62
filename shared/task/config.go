package task

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/event"
	"fieldboard.dev/fieldboard/shared/instance"
	"fieldboard.dev/fieldboard/shared/queue"
)

// Config says where tasks are worked on.
type Config struct {
	Workers map[string]string `env:"TASK_WORKERS, separator==, required"` // queue=address of its worker, and audience of the token; by commas
	Invoker string            `env:"TASKS_INVOKER, required"`             // the service account that delivers
	Bucket  string            `env:"TASKS_BUCKET"`                        // for payloads above 64 KiB; without it they are refused
	Lease   time.Duration     `env:"TASK_LEASE, default=30s"`             // how long a worker that is silent is waited for
}

// Validate checks the settings.
func (c Config) Validate() error {
	if c.Lease < time.Second || c.Lease > time.Hour {
		return fmt.Errorf("TASK_LEASE must lie between 1s and 1h, not %s", c.Lease)
	}
	for name := range c.Workers {
		if err := c.queue(name).Validate(); err != nil {
			return fmt.Errorf("TASK_WORKERS, TASKS_INVOKER: %w", err)
		}
	}
	return nil
}

func (c Config) queue(name string) queue.Config {
	return queue.Config{Queue: name, WorkerURL: c.Workers[name], Invoker: c.Invoker}
}

// Engine adds tasks and tells how they stand.
type Engine struct {
	cfg    Config
	store  store
	turns  *turns
	queues map[string]*queue.Queue
	events *event.Store
	clock  clock.Clock
	log    *slog.Logger

	mu     sync.Mutex
	chance *rand.Rand
}

// NewEngine returns the engine of an instance's settings. It dials nothing.
func NewEngine(ctx context.Context, in *instance.Instance) (*Engine, error) {
	var cfg Config
	var published event.Config
	if err := in.Config(ctx, &cfg); err != nil {
		return nil, err
	}
	if err := in.Config(ctx, &published); err != nil {
		return nil, err
	}
	e := &Engine{
		cfg: cfg, store: store{in.Cloud, cfg.Bucket}, turns: &turns{in.Cloud}, queues: map[string]*queue.Queue{},
		events: event.NewStore(in.Cloud, published, in.Log), clock: in.Clock, log: in.Log,
		chance: rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())), //nolint:gosec // spreads retries; nobody gains by guessing it
	}
	for name := range cfg.Workers {
		q, err := queue.New(in.Cloud, cfg.queue(name))
		if err != nil {
			return nil, err
		}
		e.queues[name] = q
	}
	return e, nil
}

func (e *Engine) backoff(b Backoff, failures int) time.Duration {
	e.mu.Lock()
	defer e.mu.Unlock()
	return b.After(failures, e.chance)
}
