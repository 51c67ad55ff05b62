package syncing

import (
	"errors"
	"fmt"
	"time"

	"fieldboard.dev/fieldboard/shared/queue"
)

// Config is what starting and running copies needs to know.
type Config struct {
	WorkerURL string        `env:"SYNC_WORKER_URL, required"`   // where runs are delivered; also the audience of their token
	Queue     string        `env:"SYNC_QUEUE, default=sync"`    // the Cloud Tasks queue
	Invoker   string        `env:"TASKS_INVOKER, required"`     // the service account that delivers tasks
	Slice     time.Duration `env:"SYNC_SLICE, default=300s"`    // how long one task works before it hands over to the next
	Interval  time.Duration `env:"SYNC_INTERVAL, default=300s"` // between the starts of two incremental runs of an account
}

// Bounds of Config.Slice: shorter than the shortest makes every page a task; longer than the longest does not fit into
// the worker's timeout of 540 s with a last page and its retries.
const (
	minSlice = time.Second
	maxSlice = 400 * time.Second
)

// Validate checks the settings.
func (c Config) Validate() error {
	var errs []error
	if c.Slice < minSlice || c.Slice > maxSlice {
		errs = append(errs, fmt.Errorf("SYNC_SLICE must lie between %s and %s, got %s", minSlice, maxSlice, c.Slice))
	}
	if c.Interval < time.Minute {
		errs = append(errs, fmt.Errorf("SYNC_INTERVAL must be at least a minute, got %s", c.Interval))
	}
	if err := c.queue().Validate(); err != nil {
		errs = append(errs, fmt.Errorf("SYNC_QUEUE, SYNC_WORKER_URL, TASKS_INVOKER: %w", err))
	}
	return errors.Join(errs...)
}

func (c Config) queue() queue.Config {
	return queue.Config{Queue: c.Queue, WorkerURL: c.WorkerURL, Invoker: c.Invoker}
}
