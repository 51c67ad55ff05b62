package account

import (
	"fmt"
	"strings"
	"time"

	"fieldboard.dev/fieldboard/shared/problem"
)

// Settings are what an owner decides about who gets in, and for how long.
type Settings struct {
	RequireVerifiedEmail bool      `json:"requireVerifiedEmail" doc:"Only people whose email address the sign-in provider has verified may come in."`
	Privileged           Lifetimes `json:"privileged" doc:"Of the sessions of roles that manage members or see money."`
	Standard             Lifetimes `json:"standard" doc:"Of all other sessions."`
	AuditRetentionDays   int       `json:"auditRetentionDays" minimum:"90" maximum:"3650" doc:"How long events are kept."`
}

// Lifetimes say how long a session lasts.
type Lifetimes struct {
	IdleMinutes     int `json:"idleMinutes" minimum:"5" maximum:"43200" doc:"Without a refresh."`
	AbsoluteMinutes int `json:"absoluteMinutes" minimum:"15" maximum:"129600" doc:"Whatever happens."`
}

// Idle is how long a session lasts without a refresh.
func (l Lifetimes) Idle() time.Duration { return time.Duration(l.IdleMinutes) * time.Minute }

// Absolute is how long a session lasts, whatever happens.
func (l Lifetimes) Absolute() time.Duration { return time.Duration(l.AbsoluteMinutes) * time.Minute }

const (
	hour = 60
	day  = 24 * hour
)

// DefaultSettings are those of a new account. The lifetimes are NIST SP 800-63B's: AAL2 for privileged roles, AAL1 for the
// others.
var DefaultSettings = Settings{
	Privileged: Lifetimes{IdleMinutes: 30, AbsoluteMinutes: 12 * hour},
	Standard:   Lifetimes{IdleMinutes: day, AbsoluteMinutes: 30 * day},

	AuditRetentionDays: 730,
}

// Bounds of how long events are kept, in days.
const (
	shortestRetention = 90
	longestRetention  = 3650
)

// LifetimesOf returns how long the sessions of a role last.
func (s Settings) LifetimesOf(r Role) Lifetimes {
	if Privileged(r) {
		return s.Privileged
	}
	return s.Standard
}

// SettingsChange is what somebody wants of the settings. What is nil stays as it is.
type SettingsChange struct {
	RequireVerifiedEmail *bool
	Privileged           LifetimesChange
	Standard             LifetimesChange
	AuditRetentionDays   *int
	LegalHold            *HoldChange // for the owner alone
}

// HoldChange begins the account's legal hold, with a reason, or ends it.
type HoldChange struct {
	On     bool
	Reason string
}

// apply returns the hold as the change leaves it, and says what changed.
func (c *HoldChange) apply(h LegalHold, by string, now time.Time) (LegalHold, string) {
	switch {
	case c == nil || c.On == h.On && (!c.On || c.Reason == h.Reason):
		return h, ""
	case !c.On:
		return LegalHold{}, "legal hold ended"
	case h.On:
		h.Reason = c.Reason
		return h, "legal hold has another reason"
	}
	return LegalHold{On: true, Reason: c.Reason, By: by, Since: now}, "legal hold begun"
}

const longestReason = 500

func (h LegalHold) check() []problem.Field {
	if h.On && (strings.TrimSpace(h.Reason) == "" || len(h.Reason) > longestReason) {
		return []problem.Field{{Location: "settings.legalHold.reason", Message: fmt.Sprintf("must have 1 to %d bytes", longestReason)}}
	}
	return nil
}

// LifetimesChange is what somebody wants of lifetimes.
type LifetimesChange struct {
	IdleMinutes     *int
	AbsoluteMinutes *int
}

// apply returns the settings as the change leaves them, and says what changed.
func (c SettingsChange) apply(s Settings) (Settings, string) {
	var changed []string
	set(&changed, "verified email required", &s.RequireVerifiedEmail, c.RequireVerifiedEmail)
	set(&changed, "privileged idle minutes", &s.Privileged.IdleMinutes, c.Privileged.IdleMinutes)
	set(&changed, "privileged absolute minutes", &s.Privileged.AbsoluteMinutes, c.Privileged.AbsoluteMinutes)
	set(&changed, "standard idle minutes", &s.Standard.IdleMinutes, c.Standard.IdleMinutes)
	set(&changed, "standard absolute minutes", &s.Standard.AbsoluteMinutes, c.Standard.AbsoluteMinutes)
	set(&changed, "days of the audit log", &s.AuditRetentionDays, c.AuditRetentionDays)
	return s, strings.Join(changed, ", ")
}

func set[T comparable](changed *[]string, name string, now, to *T) {
	if to != nil && *to != *now {
		*changed = append(*changed, fmt.Sprintf("%s %v → %v", name, *now, *to))
		*now = *to
	}
}

// Privileged sessions may not be made to last longer than the others' defaults.
func (s Settings) check(at string) []problem.Field {
	var bad []problem.Field
	if s.AuditRetentionDays < shortestRetention || s.AuditRetentionDays > longestRetention {
		bad = append(bad, problem.Field{Location: at + ".auditRetentionDays", Message: fmt.Sprintf("must be %d to %d", shortestRetention, longestRetention)})
	}
	for _, name := range []string{"privileged", "standard"} {
		l, longestIdle, longest := s.Standard, 30*day, 90*day
		if name == "privileged" {
			l, longestIdle, longest = s.Privileged, day, 30*day
		}
		if l.IdleMinutes < 5 || l.IdleMinutes > longestIdle {
			bad = append(bad, problem.Field{Location: at + "." + name + ".idleMinutes", Message: fmt.Sprintf("must be 5 to %d", longestIdle)})
		}
		if l.AbsoluteMinutes < max(15, l.IdleMinutes) || l.AbsoluteMinutes > longest {
			bad = append(bad, problem.Field{Location: at + "." + name + ".absoluteMinutes", Message: fmt.Sprintf("must be at least 15 and idleMinutes, and at most %d", longest)})
		}
	}
	return bad
}
