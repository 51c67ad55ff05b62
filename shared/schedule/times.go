package schedule

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/robfig/cron/v3"

	"fieldboard.dev/fieldboard/shared/problem"
)

// Times are the instants at which a cron line comes in a time zone. Each instant is a slot, by which a run is known.
//
// Where the clocks are changed:
//   - A time that the clocks leave out comes when they have been moved: 02:30 at 03:00.
//   - A time that they show twice comes at its first. So a line that names its hours comes once for each of its times of day.
//   - A line of every hour goes by what passes and not by what the clocks show: it comes in both of two equal hours, and no more
//     often for an hour that is left out.
//
// Cloud Scheduler promises neither: it goes by the wall clock and speaks of anomalies
// (https://cloud.google.com/scheduler/docs/configuring/cron-job-schedules#time_zone). So what it calls at another time finds
// nothing due, and what it leaves out is found by Tend.
type Times struct {
	line   *cron.SpecSchedule
	zone   *time.Location
	hourly bool // every hour
}

// starBit is package cron's mark of a field that is *.
const starBit = 1 << 63

// horizon is how far ahead a line must come: 29 February is up to eight years away, over a year like 2100.
const horizon = 9 * 366

// partRule is one of the parts of a field, which commas divide.
const partRule = `(\*(/[0-9]{1,2})?|[0-9A-Za-z]{1,3}(-[0-9A-Za-z]{1,3}(/[0-9]{1,2})?)?)`

var (
	// fieldRule is one field of a cron line as both Cloud Scheduler and package cron read it.
	fieldRule  = regexp.MustCompile(`^` + partRule + `(,` + partRule + `)*$`)
	minuteRule = regexp.MustCompile(`^[0-9]{1,2}$`)
)

// maxLine is longer than any sensible line.
const maxLine = 100

// ParseTimes reads a cron line of five fields and the name of a zone. The fields say all that is wrong, at "cron" and "zone".
func ParseTimes(line, zone string) (Times, []problem.Field) {
	var bad []problem.Field
	location, err := time.LoadLocation(zone)
	if err != nil || zone == "" || zone == "Local" {
		bad = append(bad, problem.Field{Location: "zone", Message: "must be an IANA time zone, such as America/Denver"})
		location = time.UTC
	}
	x := Times{zone: location}
	if message := x.read(line); message != "" {
		bad = append(bad, problem.Field{Location: "cron", Message: message})
	}
	if bad != nil {
		return Times{}, bad
	}
	return x, nil
}

// read reads a cron line. It returns what is wrong with it.
func (x *Times) read(line string) string {
	fields := strings.Fields(line)
	if len(line) > maxLine || len(fields) != 5 {
		return "must be a cron line of five fields: minute, hour, day, month and day of the week"
	}
	for _, f := range fields {
		if !fieldRule.MatchString(f) {
			return fmt.Sprintf("%.20q is no field of a cron line", f)
		}
	}
	parsed, err := cron.ParseStandard(strings.Join(fields, " "))
	if err != nil {
		return fmt.Sprintf("is no cron line: %s", err)
	}
	line5, plain := parsed.(*cron.SpecSchedule)
	if !plain {
		return "must be a cron line of five fields"
	}
	if !minuteRule.MatchString(fields[0]) {
		return "may come once an hour at most: name one minute, from 0 to 59"
	}
	x.line, x.hourly = line5, line5.Hour&starBit != 0
	if x.Next(time.Date(2000, 3, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
		return "names a day that never comes"
	}
	return ""
}

// Next returns the first slot after t, in UTC; the zero time when none comes.
func (x Times) Next(t time.Time) time.Time {
	var best time.Time
	// One day more than where the first is found: where the clocks go back over midnight, the evening's second time comes after
	// the morning's first.
	x.days(t, func(slots []time.Time) bool {
		found := !best.IsZero()
		for _, s := range slots {
			if s.After(t) && (best.IsZero() || s.Before(best)) {
				best = s
			}
		}
		return !found
	})
	return best
}

// days calls f with the slots of each day that the line names, from the day before t's on, until f returns false or the horizon
// is reached.
func (x Times) days(t time.Time, f func([]time.Time) bool) {
	y, m, d := t.In(x.zone).Date()
	for i := range horizon {
		day := time.Date(y, m, d+i-1, 12, 0, 0, 0, time.UTC)
		if x.comesOn(day) && !f(x.slotsOn(day)) {
			return
		}
	}
}

// comesOn tells whether the line names a day. Of the two ways to name one, either will do where both are there: so has cron it.
func (x Times) comesOn(day time.Time) bool {
	if x.line.Month&(1<<uint(day.Month())) == 0 {
		return false
	}
	ofMonth, ofWeek := x.line.Dom&(1<<uint(day.Day())) != 0, x.line.Dow&(1<<uint(day.Weekday())) != 0
	if x.line.Dom&starBit != 0 || x.line.Dow&starBit != 0 {
		return ofMonth && ofWeek
	}
	return ofMonth || ofWeek
}

// slotsOn returns the slots whose time of day is on a day, in order, each once.
func (x Times) slotsOn(day time.Time) []time.Time {
	var slots []time.Time
	y, m, d := day.Date()
	for hour := range 24 {
		if x.line.Hour&(1<<uint(hour)) == 0 {
			continue
		}
		for minute := range 60 {
			if x.line.Minute&(1<<uint(minute)) == 0 {
				continue
			}
			shown, after := instants(y, m, d, hour, minute, x.zone)
			switch {
			case x.hourly:
				slots = append(slots, shown...)
			case len(shown) > 0:
				slots = append(slots, shown[0])
			default:
				slots = append(slots, after)
			}
		}
	}
	slices.SortFunc(slots, time.Time.Compare)
	return slices.CompactFunc(slots, time.Time.Equal)
}

// instants returns when the clocks of a zone show a time, in order: once, twice or never. When never, after is when they have
// been moved over it.
func instants(y int, m time.Month, d, hour, minute int, zone *time.Location) (shown []time.Time, after time.Time) {
	near := time.Date(y, m, d, hour, minute, 0, 0, zone)
	wall := time.Date(y, m, d, hour, minute, 0, 0, time.UTC)
	start, end := near.ZoneBounds()
	offsets := []int{offsetAt(near)}
	if !start.IsZero() {
		offsets = append(offsets, offsetAt(start.Add(-1)))
	}
	if !end.IsZero() {
		offsets = append(offsets, offsetAt(end))
	}
	for _, offset := range offsets {
		t := wall.Add(-time.Duration(offset) * time.Second)
		if offsetAt(t.In(zone)) == offset && !slices.ContainsFunc(shown, t.Equal) {
			shown = append(shown, t)
		}
	}
	slices.SortFunc(shown, time.Time.Compare)
	if len(shown) == 0 {
		// Package time answers with one of the two offsets around the change, and does not promise which.
		after = end.UTC()
		if near.Add(time.Duration(offsetAt(near)) * time.Second).UTC().After(wall) {
			after = start.UTC()
		}
	}
	return shown, after
}

func offsetAt(t time.Time) int {
	_, offset := t.Zone()
	return offset
}
