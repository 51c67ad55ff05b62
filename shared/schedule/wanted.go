package schedule

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"fieldboard.dev/fieldboard/shared/account"
	"fieldboard.dev/fieldboard/shared/httpapi"
	"fieldboard.dev/fieldboard/shared/problem"
)

// Bounds of a schedule.
const (
	MaxSchedules  = 50 // of an account
	MaxRecipients = 20
	maxName       = 80       // characters
	maxOrder      = 16 << 10 // bytes
)

// Wanted is what a member asks for.
type Wanted struct {
	Name       string
	Action     string // a kind
	Order      json.RawMessage
	When       When
	Zone       string   // IANA
	Recipients []string // ids of members
	Missed     Missed
}

// Every is how often a schedule comes, in words.
type Every string

// The choices. EveryLine is a cron line.
const (
	EveryDay     Every = "day"
	EveryWeekday Every = "weekday" // Monday to Friday
	EveryWeek    Every = "week"    // on some days of it
	EveryMonth   Every = "month"   // on a day of it
	EveryLine    Every = "cron"
)

// When is when a schedule comes: in words, or by a cron line.
type When struct {
	Every    Every
	Weekdays []string // of a week: "monday", …
	Day      int      // of a month: 1 to 28, which every month has
	At       string   // "08:00"; of all but a cron line
	Cron     string   // of EveryLine alone
}

var weekdays = []string{"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"}

// line returns the cron line, and what is wrong at "when.…".
func (w When) line() (string, []problem.Field) {
	var bad []problem.Field
	refuse := func(where, format string, args ...any) {
		bad = append(bad, problem.Field{Location: "when." + where, Message: fmt.Sprintf(format, args...)})
	}
	only := func(where string, given, wanted bool, why string) {
		switch {
		case given && !wanted:
			refuse(where, "must be left out unless it comes %s", why)
		case !given && wanted:
			refuse(where, "is required where it comes %s", why)
		}
	}
	if !slices.Contains([]Every{EveryDay, EveryWeekday, EveryWeek, EveryMonth, EveryLine}, w.Every) {
		refuse("every", "must be day, weekday, week, month or cron")
		return "", bad
	}
	only("cron", w.Cron != "", w.Every == EveryLine, "by a cron line")
	only("weekdays", len(w.Weekdays) > 0, w.Every == EveryWeek, "every week")
	only("day", w.Day != 0, w.Every == EveryMonth, "every month")
	hour, minute := 0, 0
	if w.Every == EveryLine {
		if w.At != "" {
			refuse("at", "must be left out where it comes by a cron line")
		}
	} else if at, err := time.Parse("15:04", w.At); err != nil || len(w.At) != 5 {
		refuse("at", "must be a time of day, such as 08:00")
	} else {
		hour, minute = at.Hour(), at.Minute()
	}
	var days []string
	for i, name := range w.Weekdays {
		day := slices.Index(weekdays, name)
		switch {
		case day < 0:
			refuse(fmt.Sprintf("weekdays[%d]", i), "must be a day of the week, such as monday")
		case slices.Contains(days, strconv.Itoa(day)):
			refuse(fmt.Sprintf("weekdays[%d]", i), "is there twice")
		default:
			days = append(days, strconv.Itoa(day))
		}
	}
	if w.Every == EveryMonth && w.Day != 0 && (w.Day < 1 || w.Day > 28) {
		refuse("day", "must be from 1 to 28, which every month has")
	}
	if bad != nil {
		return "", bad
	}
	slices.Sort(days)
	switch w.Every {
	case EveryWeekday:
		return fmt.Sprintf("%d %d * * 1-5", minute, hour), nil
	case EveryWeek:
		return fmt.Sprintf("%d %d * * %s", minute, hour, strings.Join(days, ",")), nil
	case EveryMonth:
		return fmt.Sprintf("%d %d %d * *", minute, hour, w.Day), nil
	case EveryLine:
		return strings.Join(strings.Fields(w.Cron), " "), nil
	}
	return fmt.Sprintf("%d %d * * *", minute, hour), nil
}

// times returns when it comes, its cron line, and what is wrong at "when.…" and "zone".
func (w When) times(zone string) (Times, string, []problem.Field) {
	line, bad := w.line()
	checked := line
	if bad != nil {
		checked = "0 0 * * *" // so that the zone is looked at all the same
	}
	x, more := ParseTimes(checked, zone)
	for _, f := range more {
		if f.Location == "cron" {
			f.Location = "when.cron"
		}
		bad = append(bad, f)
	}
	return x, line, bad
}

// Preview returns the next slots of what somebody is about to ask for. All that is wrong is told at once.
func (s *Schedules) Preview(w When, zone string, n int) ([]time.Time, error) {
	x, _, bad := w.times(zone)
	if bad != nil {
		return nil, invalid(bad)
	}
	var slots []time.Time
	for at := x.Next(s.clock.Now()); len(slots) < n && !at.IsZero(); at = x.Next(at) {
		slots = append(slots, at)
	}
	return slots, nil
}

func invalid(bad []problem.Field) error {
	return &problem.Error{Code: problem.Invalid, Message: "Correct the fields below and send the request again.", Fields: bad}
}

// checked is something wanted that was found good.
type checked struct {
	Wanted
	cron  string
	times Times
	needs []account.Permission
}

// check finds all that is wrong with what somebody wants, at once. That they may not ask for it, or somebody not be sent it, is
// told when the rest is good.
func (s *Schedules) check(ctx context.Context, p httpapi.Principal, w Wanted) (checked, error) {
	var bad []problem.Field
	refuse := func(where, format string, args ...any) {
		bad = append(bad, problem.Field{Location: where, Message: fmt.Sprintf(format, args...)})
	}
	w.Name = strings.TrimSpace(w.Name)
	if n := utf8.RuneCountInString(w.Name); n == 0 || n > maxName || !utf8.ValidString(w.Name) || strings.ContainsFunc(w.Name, isControl) {
		refuse("name", "must have 1 to %d characters", maxName)
	}
	if w.Missed != CatchUp && w.Missed != Skip {
		refuse("missed", "must be catch_up or skip")
	}
	c := checked{Wanted: w}
	var wrong []problem.Field
	c.times, c.cron, wrong = w.When.times(w.Zone)
	bad = append(bad, wrong...)
	action, known := s.actions[w.Action]
	switch {
	case !known:
		refuse("action", "must be one of: %s", strings.Join(s.kinds(), ", "))
	case len(w.Order) > maxOrder:
		refuse("order", "may have %d bytes", maxOrder)
	default:
		var err error
		if c.needs, err = action.Check(ctx, p.AccountID, w.Order); err != nil {
			var e *problem.Error
			if !errors.As(err, &e) || e.Code != problem.Invalid {
				return checked{}, err
			}
			for _, f := range e.Fields {
				f.Location = "order." + f.Location
				bad = append(bad, f)
			}
			if len(e.Fields) == 0 {
				refuse("order", "%s", e.Message)
			}
		}
	}
	switch n := len(w.Recipients); {
	case n == 0:
		refuse("recipients", "must name at least one member")
	case n > MaxRecipients:
		refuse("recipients", "may name %d members at most", MaxRecipients)
	default:
		for i, id := range w.Recipients {
			where := fmt.Sprintf("recipients[%d]", i)
			if slices.Contains(w.Recipients[:i], id) {
				refuse(where, "is there twice")
				continue
			}
			switch lacks, err := s.lacks(ctx, p.AccountID, id, c.needs); {
			case err != nil:
				return checked{}, err
			case lacks != "":
				refuse(where, "%s", lacks)
			}
		}
	}
	if bad != nil {
		return checked{}, invalid(bad)
	}
	return c, may(p, c.needs)
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }

func (s *Schedules) kinds() []string {
	kinds := []string{}
	for kind := range s.actions {
		kinds = append(kinds, kind)
	}
	slices.Sort(kinds)
	return kinds
}

// may refuses a principal who lacks one of the permissions.
func may(p httpapi.Principal, needs []account.Permission) error {
	for _, permission := range needs {
		if !p.Can(permission) {
			return problem.New(problem.Forbidden, "This schedule needs the permission %s, which you do not have.", permission)
		}
	}
	return nil
}

// lacks tells why a member may not have what needs the permissions; empty when they may. The reason is for a person.
func (s *Schedules) lacks(ctx context.Context, accountID, userID string, needs []account.Permission) (string, error) {
	m, err := s.accounts.Member(ctx, accountID, userID)
	switch {
	case problem.IsNotFound(err):
		return "is no member", nil
	case err != nil:
		return "", err
	case m.Status != account.Active:
		return "is disabled", nil
	}
	for _, permission := range needs {
		if !account.Can(m.Role, permission) {
			return fmt.Sprintf("may not see this: it needs %s", permission), nil
		}
	}
	return "", nil
}
