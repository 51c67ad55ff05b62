package jobber

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Kind is a class of failure of a call to Jobber: what it means, and whether another attempt may help.
type Kind string

// The kinds.
const (
	Throttled          Kind = "throttled"            // the cost bucket was empty each time that it was tried
	RateLimited        Kind = "rate_limited"         // too many requests; not before RetryAfter
	Transient          Kind = "transient"            // Jobber was down or unreachable each time that it was tried
	Wait               Kind = "wait"                 // nothing was sent: the budget's wait would pass the deadline
	Unauthenticated    Kind = "unauthenticated"      // Jobber refuses the app's tokens; the connection is marked broken
	Disconnected       Kind = "disconnected"         // there is no connection
	HiddenByPermission Kind = "hidden_by_permission" // the app's scopes or the connecting user may not read this
	NotFound           Kind = "not_found"            // never of a read by id, which answers Found false
	VersionRefused     Kind = "version_refused"      // the pinned API version does not exist
	Refused            Kind = "refused"              // the query or its input is not valid there
	TooExpensive       Kind = "too_expensive"        // the worst case exceeds the whole bucket even for the smallest page
	Misuse             Kind = "misuse"               // the caller's mistake; nothing was sent
	Declined           Kind = "declined"             // Jobber did not make the change, for Reasons; nothing has changed
	Unsure             Kind = "unsure"               // a change that must not be sent twice was sent, and no answer came: look before trying again
)

// Error is a failed call to Jobber.
type Error struct {
	Kind       Kind
	Op         string // the operation's name
	Message    string // Jobber's words or ours; not for people outside
	Status     int    // HTTP status, 0 when there was no reply
	RetryAfter time.Duration
	Asked      float64  // with TooExpensive: the worst case, in points
	Reasons    []Reason // with Declined: at least one
	Cause      error
}

// Reason is why Jobber declined a change, in its words, which are for people.
type Reason struct {
	Message string
	Path    []string // of the input, such as input, emails, 0, address
}

// ReasonsOf returns why Jobber declined a change; none when err is another failure.
func ReasonsOf(err error) []Reason {
	var e *Error
	if errors.As(err, &e) && e.Kind == Declined {
		return e.Reasons
	}
	return nil
}

func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "jobber %s: %s", e.Op, e.Kind)
	if e.Status != 0 {
		fmt.Fprintf(&b, " (status %d)", e.Status)
	}
	if e.Message != "" {
		b.WriteString(": " + e.Message)
	}
	if e.Cause != nil {
		b.WriteString(": " + e.Cause.Error())
	}
	return b.String()
}

func (e *Error) Unwrap() error { return e.Cause }

// KindOf returns the kind of err, or "" when it is not a failed call to Jobber.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return ""
}

// RetryAfter tells whether another attempt may succeed, and not before what time has passed.
func RetryAfter(err error) (time.Duration, bool) {
	var e *Error
	if !errors.As(err, &e) {
		return 0, false
	}
	switch e.Kind {
	case Throttled, RateLimited, Transient, Wait:
		return e.RetryAfter, true
	default:
		return 0, false
	}
}
