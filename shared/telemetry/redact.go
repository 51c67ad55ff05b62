// Package telemetry is what every log line carries and what none may: the correlation of a request, and the types that keep
// secrets and personal data out.
package telemetry

import "log/slog"

const redacted = "[redacted]"

// Secret is text that must never be shown: a key, a token, a password. Printing, logging and marshalling it show only that
// it is there; Reveal is the one way to its content, so a search for Reveal finds every use.
type Secret string

// Reveal returns the content.
func (s Secret) Reveal() string { return string(s) }

// String hides the text.
func (s Secret) String() string { return mask(string(s)) }

// GoString hides the text.
func (s Secret) GoString() string { return mask(string(s)) }

// LogValue hides the text.
func (s Secret) LogValue() slog.Value { return slog.StringValue(mask(string(s))) }

// MarshalText hides the text.
func (s Secret) MarshalText() ([]byte, error) { return []byte(mask(string(s))), nil }

// Personal is text about a person, such as an address: it may be stored and shown to those who may see it, but not logged.
type Personal string

// LogValue hides the text.
func (p Personal) LogValue() slog.Value { return slog.StringValue(mask(string(p))) }

func mask(s string) string {
	if s == "" {
		return ""
	}
	return redacted
}
