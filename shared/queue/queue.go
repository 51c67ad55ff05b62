// Package queue hands messages to Cloud Tasks: named HTTP requests that a queue delivers to a worker function, at least once,
// signed with an OIDC token of the invoker's service account.
package queue

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"fieldboard.dev/fieldboard/shared/problem"
)

// Config says where tasks go and as whom they are delivered.
type Config struct {
	Queue     string // the queue's id, not its full name
	WorkerURL string // the worker's address; also the audience of the token that the worker verifies
	Invoker   string // email of the service account whose OIDC token the delivery carries
}

// Validate checks the settings, so that a missing one fails the start and not the first task.
func (c Config) Validate() error {
	var errs []error
	if c.Queue == "" || strings.Contains(c.Queue, "/") {
		errs = append(errs, fmt.Errorf("the queue must be a plain id, got %q", c.Queue))
	}
	if u, err := url.Parse(c.WorkerURL); err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
		errs = append(errs, fmt.Errorf("the worker must be an http(s) address, got %q", c.WorkerURL))
	}
	if !strings.Contains(c.Invoker, "@") {
		errs = append(errs, fmt.Errorf("the invoker must be a service account's email, got %q", c.Invoker))
	}
	return errors.Join(errs...)
}

// Bounds of a message that Cloud Tasks accepts for HTTP targets
// (https://cloud.google.com/tasks/docs/quotas and the Task message's reference).
const (
	MaxBody     = 100 << 10
	MinDeadline = 15 * time.Second
	MaxDeadline = 30 * time.Minute
)

// Message is one request to deliver.
type Message struct {
	// Name makes the message unique: another of the same name is not added, even for some time after the first was
	// done (Cloud Tasks remembers names for up to an hour or more). So it names the step, not the kind:
	// "sync/acc_1/run_7/step_3". It may hold any character; the queue sees a hash of it in front of a readable form.
	Name string
	Body []byte    // JSON, at most MaxBody
	At   time.Time // not before this instant; zero means now
	// Deadline is how long one delivery may take before the queue gives up on it and delivers again.
	Deadline time.Duration
}

// Queue adds tasks.
type Queue struct {
	cfg   Config
	store store
}

// store is the queue's storage; see store.go.
type store interface {
	create(ctx context.Context, cfg Config, id string, m Message) (added bool, err error)
}

// Add adds a message. It returns false and no error when one of that name was added before. Every failure that may
// pass with time has the code problem.Unavailable.
func (q *Queue) Add(ctx context.Context, m Message) (added bool, err error) {
	switch {
	case m.Name == "":
		return false, problem.New(problem.Invalid, "A message needs a name.")
	case len(m.Body) > MaxBody:
		return false, problem.New(problem.TooLarge, "A message's body may have %d bytes, not %d.", MaxBody, len(m.Body))
	case m.Deadline < MinDeadline || m.Deadline > MaxDeadline:
		return false, problem.New(problem.Invalid, "A message's deadline must lie between %s and %s, not %s.", MinDeadline, MaxDeadline, m.Deadline)
	}
	return q.store.create(ctx, q.cfg, ID(m.Name), m)
}

// ID returns the id that a name has in the queue: a hash first, because ids that share a prefix slow a queue down
// (Cloud Tasks reference, Task.name), then the name in the characters that an id may have.
func ID(name string) string {
	sum := sha256.Sum256([]byte(name))
	readable := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' {
			return r
		}
		return '-'
	}, name)
	return hex.EncodeToString(sum[:8]) + "-" + readable[:min(len(readable), 200)]
}
