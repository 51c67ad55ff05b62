package account

import (
	"net/mail"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/shared/telemetry"
)

// Bounds of what people type.
const (
	MaxNameRunes  = 100
	MaxEmailBytes = 254 // RFC 5321, part 4.5.3.1.3, less the angle brackets
)

// ParseEmail returns an address in the form in which it is stored and compared: lower case, without spaces around it. It
// tells what is wrong with one that is not good.
func ParseEmail(text string) (email telemetry.Personal, fault string) {
	text = strings.ToLower(strings.TrimSpace(text))
	if len(text) > MaxEmailBytes {
		return "", "is too long"
	}
	parsed, err := mail.ParseAddress(text)
	// What else the parser takes, such as a name before the address, a quoted part or an address of numbers, nobody signs in with.
	if err != nil || parsed.Address != text || !plainEmail.MatchString(text) {
		return "", "must be an email address, such as name@example.com"
	}
	return telemetry.Personal(text), ""
}

var plainEmail = regexp.MustCompile("^[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])$")

// ParseName returns a person's name without spaces around it. It tells what is wrong with one that is not good. Empty is
// good.
func ParseName(text string) (name telemetry.Personal, fault string) {
	text = strings.TrimSpace(text)
	if !utf8.ValidString(text) || strings.ContainsFunc(text, IsHidden) {
		return "", "may not have control characters, nor ones that change the direction of text"
	}
	if utf8.RuneCountInString(text) > MaxNameRunes {
		return "", "is too long"
	}
	return telemetry.Personal(text), ""
}

// IsHidden tells whether a character is not seen itself and changes what is: control characters, line ends, and those that
// turn the direction of text, by which a name could pass for another.
func IsHidden(r rune) bool {
	return unicode.IsControl(r) || unicode.In(r, unicode.Bidi_Control, unicode.Zl, unicode.Zp) || r == '\uFEFF'
}

var goodJobberUser = regexp.MustCompile(`^User_[1-9][0-9]{0,18}$`)

// CheckJobberUserID tells what is wrong with the id of a person's record. Empty is good.
func CheckJobberUserID(id string) (fault string) {
	if id != "" && !goodJobberUser.MatchString(id) {
		return "must be the id of a user's record, User_ and a number"
	}
	return ""
}

// faults collects the broken rules of an input.
type faults []problem.Field

func (f *faults) add(location, fault string) {
	if fault != "" {
		*f = append(*f, problem.Field{Location: location, Message: fault})
	}
}
