package rollup_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/shared/rollup"
)

func TestPeriods(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, zone, now string
		want            [4]rollup.Day // from, to, previous from, previous to
	}{
		{"today", "America/Denver", "2026-03-01T06:59:59Z", [4]rollup.Day{"2026-02-28", "2026-02-28", "2026-02-27", "2026-02-27"}},
		{"today", "America/Denver", "2026-03-01T07:00:00Z", [4]rollup.Day{"2026-03-01", "2026-03-01", "2026-02-28", "2026-02-28"}},
		{"today", "America/St_Johns", "2026-07-01T02:29:59Z", [4]rollup.Day{"2026-06-30", "2026-06-30", "2026-06-29", "2026-06-29"}},
		{"7d", "UTC", "2026-03-08T12:00:00Z", [4]rollup.Day{"2026-03-02", "2026-03-08", "2026-02-23", "2026-03-01"}},
		{"7d", "America/Denver", "2026-03-09T05:59:00Z", [4]rollup.Day{"2026-03-02", "2026-03-08", "2026-02-23", "2026-03-01"}}, // the clocks went forward
		{"30d", "UTC", "2026-01-15T12:00:00Z", [4]rollup.Day{"2025-12-17", "2026-01-15", "2025-11-17", "2025-12-16"}},
		{"mtd", "UTC", "2026-03-31T12:00:00Z", [4]rollup.Day{"2026-03-01", "2026-03-31", "2026-02-01", "2026-02-28"}},
		{"mtd", "UTC", "2026-01-02T12:00:00Z", [4]rollup.Day{"2026-01-01", "2026-01-02", "2025-12-01", "2025-12-02"}},
		{"ytd", "UTC", "2028-02-29T12:00:00Z", [4]rollup.Day{"2028-01-01", "2028-02-29", "2027-01-01", "2027-02-28"}},
		{"ytd", "UTC", "2026-12-31T12:00:00Z", [4]rollup.Day{"2026-01-01", "2026-12-31", "2025-01-01", "2025-12-31"}},
	} {
		t.Run(tc.name+" "+tc.now, func(t *testing.T) {
			t.Parallel()
			zone, err := time.LoadLocation(tc.zone)
			if err != nil {
				t.Fatal(err)
			}
			now, err := time.Parse(time.RFC3339, tc.now)
			if err != nil {
				t.Fatal(err)
			}
			p, err := rollup.NewPeriod(tc.name, now, zone)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, [4]rollup.Day{p.From, p.To, p.PreviousFrom, p.PreviousTo}); diff != "" {
				t.Errorf("days (-want +got):\n%s", diff)
			}
		})
	}
}

func TestUnknownPeriod(t *testing.T) {
	t.Parallel()
	if _, err := rollup.NewPeriod("fortnight", time.Now(), time.UTC); problem.CodeOf(err) != problem.Invalid {
		t.Errorf("got %v, want an invalid input", err)
	}
}

// A visit that is on is late from its end's minute on, and in progress from its start's.
func TestVisitsTodayFollowTheClock(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, time.June, 3, 9, 0, 30, 0, time.UTC)
	end := start.Add(time.Hour)
	before := start.Add(-time.Hour)
	delta := rollup.Delta{}
	c := rollup.Contribution{Delta: delta, Zone: time.UTC, Sign: 1}
	c.Visit(start, &end, false, false, nil)
	c.Visit(start, nil, false, false, nil)     // over as it starts
	c.Visit(start, &before, false, false, nil) // ends before it starts
	c.Visit(start, &end, false, true, nil)
	day := rollup.Figures{Visits: rollup.Visits{Starts: map[string]int64{}, Ends: map[string]int64{}}}
	for field, n := range delta["days/2026-06-03"] {
		switch {
		case field == "visits.total":
			day.Visits.Total = n
		case field == "visits.completed":
			day.Visits.Completed = n
		case len(field) > len("visits.starts.") && field[:len("visits.starts.")] == "visits.starts.":
			day.Visits.Starts[field[len("visits.starts."):]] = n
		case len(field) > len("visits.ends.") && field[:len("visits.ends.")] == "visits.ends.":
			day.Visits.Ends[field[len("visits.ends."):]] = n
		}
	}
	for _, tc := range []struct {
		at   string
		want rollup.VisitsToday
	}{
		{"08:00", rollup.VisitsToday{Upcoming: 3}},
		{"08:01", rollup.VisitsToday{Upcoming: 2, Late: 1}},
		{"09:00", rollup.VisitsToday{Upcoming: 0, InProgress: 2, Late: 1}},
		{"09:01", rollup.VisitsToday{InProgress: 1, Late: 2}},
		{"10:00", rollup.VisitsToday{InProgress: 1, Late: 2}},
		{"10:01", rollup.VisitsToday{Late: 3}},
	} {
		now, err := time.Parse("2006-01-02 15:04", "2026-06-03 "+tc.at)
		if err != nil {
			t.Fatal(err)
		}
		period, err := rollup.NewPeriod("today", now, time.UTC)
		if err != nil {
			t.Fatal(err)
		}
		got := rollup.Sheet{Period: period, Now: now, Days: map[rollup.Day]rollup.Figures{"2026-06-03": day}}.Summarise("USD", nil, false).VisitsToday
		tc.want.Date, tc.want.Total, tc.want.Completed = "2026-06-03", 4, 1
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("at %s (-want +got):\n%s", tc.at, diff)
		}
	}
}
