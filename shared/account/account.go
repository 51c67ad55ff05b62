package account

import (
	"crypto/rand"
	"encoding/base32"
	"regexp"
	"strings"
	"time"

	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/shared/telemetry"
)

// Account is one business.
type Account struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	Currency  string    `json:"currency" doc:"ISO 4217."`
	TimeZone  string    `json:"timeZone" doc:"IANA name; the business's days begin and end by it."`
	CreatedAt time.Time `json:"createdAt"`
	Plan      string    `json:"plan" doc:"What the business pays for; it decides the rate limits."`
	Settings  Settings  `json:"settings"`
	LegalHold LegalHold `json:"legalHold"`
}

// LegalHold keeps every event of the account, whatever its retention and whoever asks for an erasure.
type LegalHold struct {
	On     bool      `json:"on"`
	Reason string    `json:"reason,omitempty" doc:"Why, such as the name of a case."`
	By     string    `json:"by,omitempty" doc:"The id of the member who began it."`
	Since  time.Time `json:"since,omitzero"`
}

// StandardPlan is the plan of an account that names none.
const StandardPlan = "standard"

// Status says whether a member may come in.
type Status string

// The statuses.
const (
	Active   Status = "active"
	Disabled Status = "disabled"
)

// Member is a person in an account.
type Member struct {
	UserID       string // Firebase's uid
	Email        telemetry.Personal
	Name         telemetry.Personal
	Role         Role
	JobberUserID string // the same person's record, User_ and a number; empty when there is none
	Status       Status
	Version      int64 // counts what changed of the role or the status: an access token is for one version
}

var (
	goodID       = regexp.MustCompile(`^acc_[a-z0-9]{4,32}$`)
	goodCurrency = regexp.MustCompile(`^[A-Z]{3}$`)
)

// NewID returns a new account id: acc_ and 128 random bits.
func NewID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	return "acc_" + strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b[:]))
}

func (a Account) validate() error {
	var bad []problem.Field
	if !goodID.MatchString(a.ID) {
		bad = append(bad, problem.Field{Location: "id", Message: "must be acc_ and 4 to 32 small letters and digits"})
	}
	if n := len(a.Name); n == 0 || n > 200 {
		bad = append(bad, problem.Field{Location: "name", Message: "must have 1 to 200 bytes"})
	}
	if !goodCurrency.MatchString(a.Currency) {
		bad = append(bad, problem.Field{Location: "currency", Message: "must be an ISO 4217 code"})
	}
	if _, err := time.LoadLocation(a.TimeZone); err != nil || a.TimeZone == "" || a.TimeZone == "Local" {
		bad = append(bad, problem.Field{Location: "timeZone", Message: "must be an IANA time zone"})
	}
	bad = append(bad, a.Settings.check("settings")...)
	return invalid("account", bad)
}

func (m Member) validate() error {
	var bad []problem.Field
	if m.UserID == "" || len(m.UserID) > 128 || strings.ContainsAny(m.UserID, "/.") {
		bad = append(bad, problem.Field{Location: "userId", Message: "must be a Firebase uid"})
	}
	if !Exists(m.Role) {
		bad = append(bad, problem.Field{Location: "role", Message: "must be a role"})
	}
	if m.Status != Active && m.Status != Disabled {
		bad = append(bad, problem.Field{Location: "status", Message: "must be active or disabled"})
	}
	return invalid("member", bad)
}

func invalid(what string, bad []problem.Field) error {
	if len(bad) == 0 {
		return nil
	}
	return &problem.Error{Code: problem.Invalid, Message: "The " + what + " is not valid.", Fields: bad}
}
