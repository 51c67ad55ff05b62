package task

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/shared/queue"
)

// Kind is one sort of task whose payload is a P. A domain declares its kinds as data, so that whoever enqueues needs no worker.
type Kind[P any] Rules

// Rules say how the tasks of a kind are worked on.
type Rules struct {
	Name     string        // "report.make": stable, since stored tasks name it
	Title    string        // "Report": for a person
	Queue    string        // of the manifest, whose worker handles the kind
	Timeout  time.Duration // of one attempt; DefaultTimeout when zero, at most MaxTimeout
	Attempts int           // that may fail before the task becomes a dead letter; DefaultAttempts when zero
	Backoff  Backoff       // between attempts; DefaultBackoff when zero
	Keep     time.Duration // how long a task is kept after its end; DefaultKeep when zero

	Running           int     // at once in all accounts; 0 is as many as the queue delivers
	RunningPerAccount int     // at once in one account; 0 is DefaultPerAccount
	PerSecond         float64 // starts in a second, in all accounts; 0 is no bound
	Burst             int     // starts at once within PerSecond; at least 1

	Told bool // that it is done is an event; that it failed or was cancelled always is
}

// What a kind gets that says nothing.
const (
	DefaultTimeout    = 5 * time.Minute
	DefaultAttempts   = 8
	DefaultKeep       = 30 * 24 * time.Hour
	DefaultPerAccount = 8
)

// MaxTimeout leaves a worker time to end a task within the longest that Cloud Tasks waits for it.
const MaxTimeout = queue.MaxDeadline - 2*time.Minute

// MaxPayload bounds a payload. One above inline goes to Cloud Storage, and the task holds a reference to it: a document may
// have 1 MiB.
const (
	MaxPayload = 10 << 20
	inline     = 64 << 10
)

func (r Rules) filled() Rules {
	if r.Timeout == 0 {
		r.Timeout = DefaultTimeout
	}
	if r.Attempts == 0 {
		r.Attempts = DefaultAttempts
	}
	if r.Keep == 0 {
		r.Keep = DefaultKeep
	}
	if r.RunningPerAccount == 0 {
		r.RunningPerAccount = DefaultPerAccount
	}
	if r.Backoff == (Backoff{}) {
		r.Backoff = DefaultBackoff
	}
	r.Burst = max(r.Burst, 1)
	return r
}

// validate tells every rule that makes no sense.
func (r Rules) validate() error {
	var errs []error
	if r.Name == "" || len(r.Name) > 64 {
		errs = append(errs, errors.New("a kind needs a name of at most 64 bytes"))
	}
	if r.Queue == "" {
		errs = append(errs, errors.New("no queue"))
	}
	if r.Timeout < time.Second || r.Timeout > MaxTimeout {
		errs = append(errs, fmt.Errorf("the timeout %s does not lie between 1s and %s", r.Timeout, MaxTimeout))
	}
	if r.Attempts < 1 || r.Running < 0 || r.RunningPerAccount < 0 || r.PerSecond < 0 {
		errs = append(errs, errors.New("a bound below zero, or no attempt"))
	}
	if len(errs) > 0 {
		return fmt.Errorf("the kind %q: %w", r.Name, errors.Join(errs...))
	}
	return nil
}

// New returns a task of the kind, to be enqueued. Its optional fields may be set.
func (k Kind[P]) New(account string, payload P) Task {
	text, err := json.Marshal(payload)
	return Task{Account: account, Payload: text, rules: Rules(k).filled(), broken: err}
}

// Listed is the kind without its payload's type, for a Catalogue.
func (k Kind[P]) Listed() Listed {
	return Listed{Rules(k).filled(), func(payload json.RawMessage) error { _, err := decode[P](payload); return err }}
}

// Listed is a kind as a catalogue holds it.
type Listed struct {
	Rules
	check func(json.RawMessage) error
}

// Catalogue is the kinds that somebody deals with, by their names.
type Catalogue map[string]Listed

// NewCatalogue lists kinds. A kind that makes no sense, or two of one name, are a mistake in the code and an error.
func NewCatalogue(kinds ...Listed) (Catalogue, error) {
	c := Catalogue{}
	for _, k := range kinds {
		if err := k.validate(); err != nil {
			return nil, err
		}
		if _, taken := c[k.Name]; taken {
			return nil, fmt.Errorf("two kinds are named %q", k.Name)
		}
		c[k.Name] = k
	}
	return c, nil
}

// Check tells what is wrong with a payload of a kind: a problem Invalid for a kind that there is not, and for a payload that
// the kind cannot read.
func (c Catalogue) Check(kind string, payload json.RawMessage) error {
	k, known := c[kind]
	if !known {
		return problem.New(problem.Invalid, "There is no kind of task called %q.", kind)
	}
	if len(payload) > MaxPayload {
		return problem.New(problem.TooLarge, "A payload may have %d bytes, not %d.", MaxPayload, len(payload))
	}
	return k.check(payload)
}

// decode reads a payload, and refuses what the type does not know: an edited payload with a slip of the pen in a name would
// otherwise run without it.
func decode[P any](payload json.RawMessage) (P, error) {
	var p P
	d := json.NewDecoder(bytes.NewReader(payload))
	d.DisallowUnknownFields()
	err := d.Decode(&p)
	if err == nil && d.Decode(&struct{}{}) != io.EOF {
		err = errors.New("something follows the payload")
	}
	if err != nil {
		return p, problem.Wrap(err, problem.Invalid, "The payload is not what this kind of task reads: %s.", err)
	}
	return p, nil
}
