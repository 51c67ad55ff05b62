package task

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"fieldboard.dev/fieldboard/shared/problem"
)

// Class says what an attempt's failure means for the next one.
type Class string

// The classes.
const (
	ClassPermanent Class = "permanent" // no attempt would go better
	ClassTransient Class = "transient" // it may pass: again after the backoff, so and so often
	ClassThrottled Class = "throttled" // it goes on at a known time, and counts for nothing
	ClassDied      Class = "died"      // the worker was lost: counts as transient
)

// Backoff is how long a task waits before it is tried again: First, twice as long each time, never above Most, each time a
// part of it by chance, so that what failed together does not come again together.
type Backoff struct{ First, Most time.Duration }

// DefaultBackoff reaches its most with the eighth failure.
var DefaultBackoff = Backoff{First: 2 * time.Second, Most: 5 * time.Minute}

// After returns the wait after so many failures: between half and the whole of what doubling gives.
func (b Backoff) After(failures int, chance *rand.Rand) time.Duration {
	wait := b.Most
	if shift := failures - 1; shift < 30 && b.First<<shift < b.Most {
		wait = b.First << max(shift, 0)
	}
	return wait/2 + time.Duration(chance.Int64N(int64(wait/2)+1))
}

type permanent struct{ cause error }

func (e permanent) Error() string { return e.cause.Error() }
func (e permanent) Unwrap() error { return e.cause }

// Permanent marks an error after which no other attempt is made.
func Permanent(err error) error { return permanent{err} }

type throttled struct {
	cause error
	at    time.Time
}

func (e throttled) Error() string { return e.cause.Error() }
func (e throttled) Unwrap() error { return e.cause }

// Throttled marks an error after which the task goes on at a known time. It counts for nothing, however often it happens.
func Throttled(err error, at time.Time) error { return throttled{err, at} }

// Why a task's context ended before its handler did.
var (
	ErrCancelled = errors.New("the task was cancelled")
	ErrLost      = errors.New("the task is no longer this worker's")
	errTimeout   = errors.New("the attempt took longer than it may")
)

// classify returns the class of a handler's error, and for a throttled one when it goes on.
func classify(ctx context.Context, err error) (Class, time.Time) {
	var p permanent
	var t throttled
	switch {
	case errors.As(err, &t):
		return ClassThrottled, t.at
	case errors.As(err, &p):
		return ClassPermanent, time.Time{}
	case ctx.Err() != nil: // what the handler makes of its end says nothing
		return ClassTransient, time.Time{}
	}
	switch problem.CodeOf(err) {
	case problem.Invalid, problem.NotFound, problem.Forbidden, problem.Conflict, problem.TooLarge, problem.Unsupported:
		return ClassPermanent, time.Time{}
	}
	return ClassTransient, time.Time{}
}

// told is what a person may read of an error; the error itself is in the log only.
func told(ctx context.Context, err error) string {
	var known *problem.Error
	switch {
	case errors.Is(context.Cause(ctx), errTimeout):
		return "The attempt took longer than this kind of task may."
	case errors.As(err, &known):
		return known.Message
	}
	return "Something failed that is ours to fix. The log has it under the request id."
}
