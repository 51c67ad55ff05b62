// Package problem is the one vocabulary of failures. A domain returns an *Error with a Code; the edge turns the code into
// an HTTP status and an RFC 9457 body. An error of any other type is Internal and shows nothing of itself to a caller.
package problem

import (
	"errors"
	"fmt"
	"net/http"
)

// Code names a class of failure. It is stable: clients may branch on it.
type Code string

// The codes, each with one HTTP status in statuses.
const (
	Invalid         Code = "invalid"          // the input breaks a rule; Fields say which
	Unauthenticated Code = "unauthenticated"  // nobody is signed in, or the token is not good
	Forbidden       Code = "forbidden"        // signed in, but not allowed
	EmailUnverified Code = "email_unverified" // not allowed before the email address is verified
	NotFound        Code = "not_found"        // nothing by that name that the caller may see
	Conflict        Code = "conflict"         // the state of the thing does not allow it
	TooLarge        Code = "too_large"        // the body or a field is over its bound
	Unsupported     Code = "unsupported_type" // the content type is not one that is read here
	MethodNotAllow  Code = "method_not_allowed"
	RateLimited     Code = "rate_limited" // try again after Retry-After
	Unavailable     Code = "unavailable"  // a part that is needed is down; safe to try again
	Internal        Code = "internal"     // ours to fix; shows nothing
)

var statuses = map[Code]int{
	Invalid:         http.StatusUnprocessableEntity,
	Unauthenticated: http.StatusUnauthorized,
	Forbidden:       http.StatusForbidden,
	EmailUnverified: http.StatusForbidden,
	NotFound:        http.StatusNotFound,
	Conflict:        http.StatusConflict,
	TooLarge:        http.StatusRequestEntityTooLarge,
	Unsupported:     http.StatusUnsupportedMediaType,
	MethodNotAllow:  http.StatusMethodNotAllowed,
	RateLimited:     http.StatusTooManyRequests,
	Unavailable:     http.StatusServiceUnavailable,
	Internal:        http.StatusInternalServerError,
}

// Field is one broken rule of the input.
type Field struct {
	Location string `json:"location"` // where: "query.limit", "body.idToken"
	Message  string `json:"message"`  // what to do about it
}

// Error is a failure with a code, a message that is safe to show to anyone, and the cause, which is only logged.
type Error struct {
	Code    Code
	Message string
	Fields  []Field
	Cause   error
}

// New returns an error whose message is shown to the caller.
func New(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Wrap returns an error with a cause that is logged and never shown.
func Wrap(cause error, code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...), Cause: cause}
}

func (e *Error) Error() string {
	if e.Cause != nil {
		return fmt.Sprintf("%s: %s: %v", e.Code, e.Message, e.Cause)
	}
	return fmt.Sprintf("%s: %s", e.Code, e.Message)
}

func (e *Error) Unwrap() error { return e.Cause }

// CodeOf returns the code of err; Internal for an error that carries none.
func CodeOf(err error) Code {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return Internal
}

// IsNotFound tells that a thing is not there, or no longer.
func IsNotFound(err error) bool { return err != nil && CodeOf(err) == NotFound }

// Status returns the HTTP status of a code.
func Status(code Code) int {
	if s, ok := statuses[code]; ok {
		return s
	}
	return http.StatusInternalServerError
}
