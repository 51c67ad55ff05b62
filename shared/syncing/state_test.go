package syncing

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fieldboard.dev/fieldboard/shared/jobber"
	"fieldboard.dev/fieldboard/shared/record"
)

var noon = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)

func TestClaim(t *testing.T) {
	t.Parallel()
	free := run{ID: "R", Step: 3, Active: true, Fence: 7}
	held := free
	held.Until = noon.Add(time.Second)
	expired := free
	expired.Until = noon
	done := free
	done.Active = false
	for name, tt := range map[string]struct {
		run  run
		task Message
		want verdict
	}{
		"the awaited step":               {free, Message{Run: "R", Step: 3}, mine},
		"while another works":            {held, Message{Run: "R", Step: 3}, busy},
		"after the other's lease ended":  {expired, Message{Run: "R", Step: 3}, mine},
		"a step that was done":           {free, Message{Run: "R", Step: 2}, passed},
		"a step that is not awaited yet": {free, Message{Run: "R", Step: 4}, over},
		"another run's task":             {free, Message{Run: "Q", Step: 3}, over},
		"a run that is done":             {done, Message{Run: "R", Step: 3}, over},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, v := tt.run.claim(noon, tt.task)
			if v != tt.want {
				t.Fatalf("verdict %d, want %d", v, tt.want)
			}
			want := tt.run
			if v == mine {
				want.Fence++
				want.Until = noon.Add(lease)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("run (-want +got):\n%s", diff)
			}
		})
	}
}

func TestARunBeginsOnlyWhenNoneIsUnderWay(t *testing.T) {
	t.Parallel()
	before := run{ID: "A", Fence: 4, StartedAt: noon.Add(-time.Hour), FinishedAt: noon.Add(-time.Minute), Failures: 2}
	got, begun := before.begin(noon, "B")
	want := run{ID: "B", Active: true, Fence: 4, NotBefore: noon, StartedAt: noon, FinishedAt: before.FinishedAt}
	if diff := cmp.Diff(want, got); !begun || diff != "" {
		t.Errorf("begun %v, run (-want +got):\n%s", begun, diff)
	}
	if again, begun := got.begin(noon, "C"); begun || again.ID != "B" {
		t.Errorf("a second run %q began", again.ID)
	}
}

func TestDeadRuns(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		run  run
		want bool
	}{
		"queued just now":              {run{Active: true, NotBefore: noon}, false},
		"queued for later":             {run{Active: true, NotBefore: noon.Add(time.Hour)}, false},
		"at work":                      {run{Active: true, NotBefore: noon.Add(-time.Hour), Until: noon}, false},
		"its worker died long ago":     {run{Active: true, NotBefore: noon.Add(-time.Hour), Until: noon.Add(-lease - 1)}, true},
		"its task was never delivered": {run{Active: true, NotBefore: noon.Add(-lease - 1)}, true},
		"done":                         {run{NotBefore: noon.Add(-time.Hour)}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := tt.run.dead(noon); got != tt.want {
				t.Errorf("dead %v, want %v", got, tt.want)
			}
		})
	}
}

func TestDelayGrowsToABound(t *testing.T) {
	t.Parallel()
	var before time.Duration
	for n := range 20 {
		d := delay(n)
		if d < before || d > 5*time.Minute || d < 5*time.Second {
			t.Errorf("after %d failures %s, after one less %s", n, d, before)
		}
		before = d
	}
	if before != 5*time.Minute {
		t.Errorf("the longest delay is %s", before)
	}
}

func TestACopyEndsWithWhatWasKnownWhenItBegan(t *testing.T) {
	t.Parallel()
	c := checkpoint{}.begin(noon)
	c = c.begin(noon.Add(time.Hour)) // a later step goes on with the same pass
	c = c.copyPage(page{read: 100, next: "c1", more: true})
	if c.Cursor != "c1" || c.Copied || !c.HighWater.IsZero() {
		t.Errorf("after a page: %+v", c)
	}
	c = c.copyPage(page{read: 20, next: "c2"})
	want := checkpoint{Copied: true, Records: 120, HighWater: noon}
	if diff := cmp.Diff(want, c); diff != "" {
		t.Errorf("after the last page (-want +got):\n%s", diff)
	}
}

func TestReadPage(t *testing.T) {
	t.Parallel()
	w := window{since: noon}
	at := func(times ...time.Time) page {
		p := page{next: "n", more: true}
		for _, u := range times {
			p.upserts = append(p.upserts, record.Upsert{Record: &record.Job{Meta: record.Meta{UpdatedAt: u}}})
		}
		return p
	}
	last := page{next: "n"}
	for name, tt := range map[string]struct {
		rd     reading
		page   page
		result record.Result
		pages  int // read before this one
		want   checkpoint
	}{
		"more to come":                   {reading{}, at(noon), record.Result{}, 0, checkpoint{Pages: 1, Cursor: "n"}},
		"the last page":                  {reading{}, last, record.Result{}, 4, checkpoint{Reading: 1}},
		"jobs of the time asked for":     {reading{until: older}, at(noon.Add(time.Hour), noon), record.Result{}, 0, checkpoint{Pages: 1, Cursor: "n"}},
		"jobs that are older":            {reading{until: older}, at(noon, noon.Add(-1)), record.Result{}, 0, checkpoint{Reading: 1}},
		"payments that were not known":   {reading{until: nothingNew}, at(noon), record.Result{Written: 1}, 0, checkpoint{Pages: 1, Cursor: "n"}},
		"payments that were all known":   {reading{until: nothingNew}, at(noon), record.Result{Unchanged: 1}, 0, checkpoint{Reading: 1}},
		"as many pages as a pass may":    {reading{pages: 3}, at(noon), record.Result{}, 2, checkpoint{Reading: 1}},
		"a rolling read stops for now":   {reading{pages: 3, rolling: true}, at(noon), record.Result{}, 2, checkpoint{Reading: 1, Scan: "n"}},
		"a rolling read comes to an end": {reading{pages: 3, rolling: true}, last, record.Result{}, 0, checkpoint{Reading: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := checkpoint{Pages: tt.pages, Scan: "before"}.readPage(tt.rd, w, tt.page, tt.result)
			if !tt.rd.rolling {
				tt.want.Scan = "before"
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("checkpoint (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCountsAskForASweepOnlyWhenTheyDifferTwiceAlike(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		state checkpoint
		gap   int
		want  bool
	}{
		"equal":                              {checkpoint{}, 0, false},
		"a first difference":                 {checkpoint{}, 2, false},
		"the same difference again":          {checkpoint{Gap: 2}, 2, true},
		"another difference":                 {checkpoint{Gap: 1}, 2, false},
		"what a sweep could not close":       {checkpoint{Gap: 2, Settled: 2}, 2, false},
		"something new beside that":          {checkpoint{Gap: 3, Settled: 2}, 3, true},
		"the same too soon after a sweep":    {checkpoint{Gap: 2, SweptAt: noon.Add(-time.Minute)}, 2, false},
		"the same long enough after a sweep": {checkpoint{Gap: 2, SweptAt: noon.Add(-sweepEvery)}, 2, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, sweep := tt.state.counted(tt.gap, noon)
			if sweep != tt.want || got.Gap != tt.gap {
				t.Errorf("sweep %v with gap %d, want %v with %d", sweep, got.Gap, tt.want, tt.gap)
			}
		})
	}
}

func TestStateOfACollection(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		c       checkpoint
		copying bool
		want    State
	}{
		"never begun":                          {checkpoint{}, true, StateCopying},
		"copied while others are not":          {checkpoint{Copied: true, HighWater: noon.Add(-time.Hour)}, true, StateLive},
		"compared lately":                      {checkpoint{Copied: true, HighWater: noon.Add(-staleAfter)}, false, StateLive},
		"not compared for long":                {checkpoint{Copied: true, HighWater: noon.Add(-staleAfter - 1)}, false, StateStale},
		"hidden from the one who connected it": {checkpoint{Error: "hidden"}, true, StateFailed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := tt.c.stateAt(noon, tt.copying); got != tt.want {
				t.Errorf("state %q, want %q", got, tt.want)
			}
		})
	}
}

// Every collection has a way to follow what changes, and what is asked for is what Jobber's lists can be asked for.
func TestReadingsCoverEveryCollection(t *testing.T) {
	t.Parallel()
	for _, c := range record.Collections {
		if len(readings[c]) == 0 {
			t.Errorf("%s are never read again", c)
		}
		for i, rd := range readings[c] {
			if rd.rolling && rd.pages == 0 {
				t.Errorf("reading %d of %s grows with the account", i, c)
			}
			q := rd.request(window{since: noon, now: noon})
			if q.Updated != (jobber.Range{}) && q.Updated.After != noon {
				t.Errorf("reading %d of %s begins at %s", i, c, q.Updated.After)
			}
		}
	}
}

func TestThousands(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 15020: "15,020", 1002003: "1,002,003"} {
		if got := thousands(n); got != want {
			t.Errorf("%d is written %q, want %q", n, got, want)
		}
	}
}
