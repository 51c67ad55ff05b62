package schedule_test

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/shared/schedule"
)

func times(t *testing.T, line, zone string) schedule.Times {
	t.Helper()
	x, bad := schedule.ParseTimes(line, zone)
	if bad != nil {
		t.Fatalf("%s in %s: %v", line, zone, bad)
	}
	return x
}

// between returns the slots after one instant, up to and with another.
func between(t *testing.T, x schedule.Times, from, to time.Time) []time.Time {
	t.Helper()
	var slots []time.Time
	for s := x.Next(from); !s.IsZero() && !s.After(to); s = x.Next(s) {
		if len(slots) > 0 && !s.After(slots[len(slots)-1]) {
			t.Fatalf("%s comes after %s", s, slots[len(slots)-1])
		}
		slots = append(slots, s)
	}
	return slots
}

func instant(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// What a person sees on the clock of the zone, over the days on which it is changed, and on those that look odd.
func TestTimesOverChangesOfTheClock(t *testing.T) {
	t.Parallel()
	const (
		denver = "America/Denver"      // forward 8 Mar 2026 at 02:00 by an hour, back 1 Nov 2026 at 02:00
		berlin = "Europe/Berlin"       // forward 29 Mar 2026 at 02:00 by an hour, back 25 Oct 2026 at 03:00
		howe   = "Australia/Lord_Howe" // back 5 Apr 2026 at 02:00 by half an hour, forward 4 Oct 2026 at 02:00
		paulo  = "America/Sao_Paulo"   // no change since 2019; before that at midnight
		apia   = "Pacific/Apia"        // left out 30 Dec 2011 altogether
	)
	for name, test := range map[string]struct {
		line, zone, from, to string
		want                 []string
	}{
		"Monday 08:00 in winter and summer": {"0 8 * * 1", denver, "2026-03-01T00:00:00Z", "2026-03-10T00:00:00Z",
			[]string{"2026-03-02T08:00:00-07:00", "2026-03-09T08:00:00-06:00"}},
		"left out, an hour": {"30 2 * * *", denver, "2026-03-07T00:00:00Z", "2026-03-09T12:00:00Z",
			[]string{"2026-03-07T02:30:00-07:00", "2026-03-08T03:00:00-06:00", "2026-03-09T02:30:00-06:00"}},
		"left out, beside the time after it": {"0 2,3 * * *", denver, "2026-03-08T00:00:00Z", "2026-03-09T00:00:00Z",
			[]string{"2026-03-08T03:00:00-06:00"}},
		"twice, once": {"30 1 * * *", denver, "2026-10-31T12:00:00Z", "2026-11-02T12:00:00Z",
			[]string{"2026-11-01T01:30:00-06:00", "2026-11-02T01:30:00-07:00"}},
		"every hour, forward": {"30 * * * *", denver, "2026-03-08T07:00:00Z", "2026-03-08T10:00:00Z",
			[]string{"2026-03-08T00:30:00-07:00", "2026-03-08T01:30:00-07:00", "2026-03-08T03:30:00-06:00"}},
		"every hour, back": {"30 * * * *", denver, "2026-11-01T06:00:00Z", "2026-11-01T10:00:00Z",
			[]string{"2026-11-01T00:30:00-06:00", "2026-11-01T01:30:00-06:00", "2026-11-01T01:30:00-07:00", "2026-11-01T02:30:00-07:00"}},
		"Berlin, left out": {"0 2 * * *", berlin, "2026-03-28T12:00:00Z", "2026-03-30T12:00:00Z",
			[]string{"2026-03-29T03:00:00+02:00", "2026-03-30T02:00:00+02:00"}},
		"Berlin, twice": {"0 2 * * *", berlin, "2026-10-24T12:00:00Z", "2026-10-26T12:00:00Z",
			[]string{"2026-10-25T02:00:00+02:00", "2026-10-26T02:00:00+01:00"}},
		"Berlin, the first of the month": {"15 6 1 * *", berlin, "2026-10-01T12:00:00Z", "2026-12-02T00:00:00Z",
			[]string{"2026-11-01T06:15:00+01:00", "2026-12-01T06:15:00+01:00"}},
		"Lord Howe, left out, half an hour": {"15 2 * * *", howe, "2026-10-03T00:00:00Z", "2026-10-05T00:00:00Z",
			[]string{"2026-10-04T02:30:00+11:00", "2026-10-05T02:15:00+11:00"}},
		"Lord Howe, twice, half an hour": {"45 1 * * *", howe, "2026-04-04T00:00:00Z", "2026-04-06T00:00:00Z",
			[]string{"2026-04-05T01:45:00+11:00", "2026-04-06T01:45:00+10:30"}},
		"Lord Howe, not within the half hour": {"15 1 * * *", howe, "2026-04-04T00:00:00Z", "2026-04-06T00:00:00Z",
			[]string{"2026-04-05T01:15:00+11:00", "2026-04-06T01:15:00+10:30"}},
		"Sao Paulo, none now": {"0 0 * * *", paulo, "2026-10-17T12:00:00Z", "2026-10-19T12:00:00Z",
			[]string{"2026-10-18T00:00:00-03:00", "2026-10-19T00:00:00-03:00"}},
		"Sao Paulo, midnight left out": {"0 0 * * *", paulo, "2018-11-03T12:00:00Z", "2018-11-05T12:00:00Z",
			[]string{"2018-11-04T01:00:00-02:00", "2018-11-05T00:00:00-02:00"}},
		"Sao Paulo, the hour before midnight twice": {"30 23 * * *", paulo, "2019-02-16T12:00:00Z", "2019-02-18T12:00:00Z",
			[]string{"2019-02-16T23:30:00-02:00", "2019-02-17T23:30:00-03:00"}},
		"Apia, a day left out": {"0 8 * * *", apia, "2011-12-29T00:00:00-10:00", "2012-01-01T00:00:00+14:00",
			[]string{"2011-12-29T08:00:00-10:00", "2011-12-31T00:00:00+14:00", "2011-12-31T08:00:00+14:00"}},
		"the 31st only where there is one": {"0 8 31 * *", denver, "2026-01-31T20:00:00Z", "2026-06-01T00:00:00Z",
			[]string{"2026-03-31T08:00:00-06:00", "2026-05-31T08:00:00-06:00"}},
		"29 February": {"0 8 29 2 *", denver, "2026-01-01T00:00:00Z", "2033-01-01T00:00:00Z",
			[]string{"2028-02-29T08:00:00-07:00", "2032-02-29T08:00:00-07:00"}},
		"a day of the month or of the week": {"0 8 13 * 5", denver, "2026-02-01T00:00:00Z", "2026-02-16T00:00:00Z",
			[]string{"2026-02-06T08:00:00-07:00", "2026-02-13T08:00:00-07:00"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			zone, err := time.LoadLocation(test.zone)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, s := range between(t, times(t, test.line, test.zone), instant(t, test.from), instant(t, test.to)) {
				got = append(got, s.In(zone).Format(time.RFC3339))
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", test.line, diff)
			}
		})
	}
}

// Random lines in random zones, over three years, against a clock that is watched minute by minute.
func TestTimesAreWhatAClockShows(t *testing.T) {
	t.Parallel()
	zones := []string{"America/Denver", "Europe/Berlin", "Australia/Lord_Howe", "America/Sao_Paulo", "America/St_Johns", "Asia/Kathmandu",
		"Africa/Casablanca", "America/Havana", "Pacific/Chatham", "Asia/Tehran", "UTC"}
	for seed := range uint64(16) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(seed, 1))
			line, zone := randomLine(r), zones[int(seed)%len(zones)]
			from := time.Date(2015+r.IntN(15), time.Month(1+r.IntN(12)), 1+r.IntN(28), 0, 0, 0, 0, time.UTC)
			to := from.AddDate(3, 0, 0)
			location, err := time.LoadLocation(zone)
			if err != nil {
				t.Fatal(err)
			}
			want := watched(t, line, location, from, to)
			got := between(t, times(t, line, zone), from, to)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s in %s (-clock +ours):\n%.2000s", line, zone, diff)
			}
			t.Logf("%s in %s: %d slots", line, zone, len(got))
		})
	}
}

func randomLine(r *rand.Rand) string {
	pick := func(choices ...string) string { return choices[r.IntN(len(choices))] }
	number := func(from, to int) string { return strconv.Itoa(from + r.IntN(to-from+1)) }
	fields := []string{
		number(0, 59), pick("*", "*/2", "0-6", "1,2,3,23", "0", number(0, 23), "22-23,0-4"),
		pick("*", "*", "*", number(1, 31), "1-7", "*/5"), pick("*", "*", "3,10,11", "MAR-APR"), pick("*", "*", "1", "sun", "1-5"),
	}
	return strings.Join(fields, " ")
}

// matcher tells for each field of a line which numbers it names; it is written without looking at how Times reads them.
func matcher(t *testing.T, line string) func(wall time.Time) bool {
	t.Helper()
	names := strings.NewReplacer("MAR", "3", "APR", "4", "sun", "0")
	var sets [5]map[int]bool
	var stars [5]bool
	for i, field := range strings.Fields(names.Replace(line)) {
		sets[i], stars[i] = map[int]bool{}, field == "*"
		low, high := []int{0, 0, 1, 1, 0}[i], []int{59, 23, 31, 12, 6}[i]
		for part := range strings.SplitSeq(field, ",") {
			span, every, stepped := strings.Cut(part, "/")
			step, first, last := 1, low, high
			if stepped {
				step = atoi(t, every)
			}
			if span != "*" {
				a, b, isRange := strings.Cut(span, "-")
				first = atoi(t, a)
				last = first
				if isRange {
					last = atoi(t, b)
				}
			}
			for n := first; n <= last; n += step {
				sets[i][n] = true
			}
		}
	}
	return func(w time.Time) bool {
		if !sets[0][w.Minute()] || !sets[1][w.Hour()] {
			return false
		}
		day := sets[2][w.Day()] && sets[4][int(w.Weekday())]
		if !stars[2] && !stars[4] {
			day = sets[2][w.Day()] || sets[4][int(w.Weekday())]
		}
		return sets[3][int(w.Month())] && day
	}
}

func atoi(t *testing.T, text string) int {
	t.Helper()
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// watched returns when a line comes, by looking at the clock of a zone each minute.
func watched(t *testing.T, line string, zone *time.Location, from, to time.Time) []time.Time {
	t.Helper()
	names := matcher(t, line)
	hourly := strings.Fields(line)[1] == "*"
	var offset int
	var until time.Time
	wallAt := func(at time.Time) time.Time {
		if !at.Before(until) {
			_, offset = at.In(zone).Zone()
			if _, until = at.In(zone).ZoneBounds(); until.IsZero() {
				until = to.AddDate(1, 0, 0)
			}
		}
		return at.Add(time.Duration(offset) * time.Second)
	}
	var slots []time.Time
	// A day before, so that what the clock showed before from is known.
	latest := wallAt(from.Add(-24 * time.Hour))
	for at := from.Add(-24*time.Hour + time.Minute); !at.After(to); at = at.Add(time.Minute) {
		wall := wallAt(at)
		comes := names(wall)
		if !hourly {
			comes = false
			for w := latest.Add(time.Minute); !w.After(wall); w = w.Add(time.Minute) { // more than one where some were left out
				comes = comes || names(w)
			}
		}
		if wall.After(latest) {
			latest = wall
		}
		if comes && at.After(from) {
			slots = append(slots, at)
		}
	}
	return slots
}

func TestParseTimesRefuses(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		line, zone string
		want       []string // locations
	}{
		{"0 8 * * 1", "Mars/Base", []string{"zone"}},
		{"0 8 * * 1", "", []string{"zone"}},
		{"0 8 * * 1", "Local", []string{"zone"}},
		{"often", "Mars/Base", []string{"zone", "cron"}},
		{"0 8 * *", "UTC", []string{"cron"}},
		{"0 8 * * * *", "UTC", []string{"cron"}},
		{"@daily", "UTC", []string{"cron"}},
		{"@every 1h", "UTC", []string{"cron"}},
		{"TZ=UTC 8 * * *", "UTC", []string{"cron"}},
		{"61 8 * * *", "UTC", []string{"cron"}},
		{"0 24 * * *", "UTC", []string{"cron"}},
		{"0 8 ? * 1", "UTC", []string{"cron"}},
		{"0 8 L * *", "UTC", []string{"cron"}},
		{"0 8 30 2 *", "UTC", []string{"cron"}},
		{"* * * * *", "UTC", []string{"cron"}},
		{"*/30 8 * * *", "UTC", []string{"cron"}},
		{"0,30 8 * * *", "UTC", []string{"cron"}},
		{"0 5/2 * * *", "UTC", []string{"cron"}}, // package cron reads it, Cloud Scheduler does not
		{strings.Repeat("0", 101) + " 8 * * *", "UTC", []string{"cron"}},
	} {
		_, bad := schedule.ParseTimes(test.line, test.zone)
		if diff := cmp.Diff(test.want, locations(bad)); diff != "" {
			t.Errorf("%.30q in %q (-want +got):\n%s%v", test.line, test.zone, diff, bad)
		}
	}
}

func locations(bad []problem.Field) []string {
	var all []string
	for _, f := range bad {
		all = append(all, f.Location)
	}
	return all
}

func FuzzParseTimes(f *testing.F) {
	for _, line := range []string{"0 8 * * 1", "30 2 1-7 */2 MON-FRI", "0 0 29 2 *", "59 23 31 12 0,6", "@daily", "0 8 30 2 *"} {
		f.Add(line, "America/Denver")
	}
	f.Fuzz(func(t *testing.T, line, zone string) {
		x, bad := schedule.ParseTimes(line, zone)
		if bad != nil {
			return
		}
		from := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		if next := x.Next(from); !next.After(from) || next.Second() != 0 {
			t.Errorf("%q in %q comes at %s", line, zone, next)
		}
	})
}
