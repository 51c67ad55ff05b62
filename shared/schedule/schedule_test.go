package schedule_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cloud.google.com/go/scheduler/apiv1/schedulerpb"
	"github.com/google/go-cmp/cmp"

	"fieldboard.dev/fieldboard/shared/account"
	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/shared/schedule"
)

func sorted(all []string) []string {
	slices.Sort(all)
	return all
}

// outcomes is a history as text, the latest first.
func outcomes(s schedule.Schedule) []string {
	var all []string
	for _, r := range s.History {
		all = append(all, fmt.Sprintf("%s %s", r.Slot.Format("01-02T15:04"), r.Outcome))
	}
	return all
}

func same(t *testing.T, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// Monday 08:00 is Monday 08:00 before and after the clocks go forward, and each runs once, by the calls of Cloud Scheduler alone.
func TestEveryMondayInDenver(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "2026-03-01T00:00:00Z")
	made := p.create(monday(), "one")
	same(t, "the job", []string{"0 8 * * 1 America/Denver ENABLED"}, p.listed())
	same(t, "the next", "2026-03-02T15:00:00Z", made.NextAt.Format(time.RFC3339))
	p.until("2026-03-17T00:00:00Z", time.Hour)
	want := []string{"2026-03-02T15:00:00Z", "2026-03-09T14:00:00Z", "2026-03-16T14:00:00Z"}
	same(t, "ran", want, p.slots())
	s := p.get("one")
	same(t, "the history", []string{"03-16T14:00 ran", "03-09T14:00 ran", "03-02T15:00 ran"}, outcomes(s))
	for _, r := range s.History {
		if got := p.tasks()[r.Task]; !got.Slot.Equal(r.Slot) || !slices.Equal(got.Recipients, []string{"owner"}) {
			t.Errorf("the task of %s is %+v", r.Slot, got)
		}
	}
	same(t, "told", []string{"schedule.created"}, p.told())
}

// Where the clocks are changed, Cloud Scheduler calls twice or not at all. What runs is once all the same.
func TestChangesOfTheClockRunOnce(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		at, zone, from, to string
		calls              int32
		want               []string
	}{
		"Denver, left out":     {"02:30", "America/Denver", "2026-03-08T06:00:00Z", "2026-03-08T12:00:00Z", 0, []string{"2026-03-08T09:00:00Z"}},
		"Denver, twice":        {"01:30", "America/Denver", "2026-11-01T06:00:00Z", "2026-11-01T12:00:00Z", 2, []string{"2026-11-01T07:30:00Z"}},
		"Berlin, left out":     {"02:00", "Europe/Berlin", "2026-03-28T20:00:00Z", "2026-03-29T06:00:00Z", 0, []string{"2026-03-29T01:00:00Z"}},
		"Berlin, twice":        {"02:30", "Europe/Berlin", "2026-10-24T20:00:00Z", "2026-10-25T06:00:00Z", 2, []string{"2026-10-25T00:30:00Z"}},
		"Lord Howe, twice":     {"01:45", "Australia/Lord_Howe", "2026-04-04T10:00:00Z", "2026-04-04T20:00:00Z", 2, []string{"2026-04-04T14:45:00Z"}},
		"Sao Paulo, no change": {"00:00", "America/Sao_Paulo", "2026-10-17T20:00:00Z", "2026-10-18T10:00:00Z", 1, []string{"2026-10-18T03:00:00Z"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t, test.from)
			w := monday()
			w.When, w.Zone, w.Missed = schedule.When{Every: schedule.EveryDay, At: test.at}, test.zone, schedule.Skip
			p.create(w, "one")
			for to := instant(t, test.to); p.clock.Now().Before(to); {
				p.until(p.clock.Now().Add(5*time.Minute).Format(time.RFC3339), 5*time.Minute)
				p.tend() // as every five minutes
			}
			if got := p.calls.Load(); got != test.calls {
				t.Errorf("Cloud Scheduler called %d times, want %d", got, test.calls)
			}
			same(t, "ran", test.want, p.slots())
		})
	}
}

// However often and however much at once a slot is called for, it runs once.
func TestFiredTwiceRunsOnce(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "2026-03-01T00:00:00Z")
	p.create(monday(), "one")
	p.clock.Set(instant(t, "2026-03-02T14:59:55Z")) // Cloud Scheduler's clock is ahead of ours
	var calls sync.WaitGroup
	var mu sync.Mutex
	ran := 0
	for range 8 {
		calls.Go(func() {
			fired, err := p.Fire(t.Context(), schedule.Firing{Account: tenant, Schedule: "one"})
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			if fired.Outcome != "" {
				ran++
			}
		})
	}
	calls.Wait()
	p.clock.Advance(time.Minute)
	if again, err := p.Fire(t.Context(), schedule.Firing{Account: tenant, Schedule: "one"}); err != nil || again.Outcome != "" {
		t.Errorf("called once more: %+v, %v", again, err)
	}
	if done := p.tend(); done.Fired != 0 {
		t.Errorf("tended: %+v", done)
	}
	same(t, "ran", []string{"2026-03-02T15:00:00Z"}, p.slots())
	same(t, "the history", []string{"03-02T15:00 ran"}, outcomes(p.get("one")))
	if ran != 1 {
		t.Errorf("%d calls ran it, want 1", ran)
	}
}

// Nobody called for two weeks: the latest slot is caught up or skipped, by the policy, and those before it are skipped.
func TestMissedSlots(t *testing.T) {
	t.Parallel()
	for missed, want := range map[schedule.Missed]struct{ ran, history []string }{
		schedule.CatchUp: {[]string{"2026-03-09T14:00:00Z"}, []string{"03-09T14:00 caught_up", "03-02T15:00 skipped"}},
		schedule.Skip:    {nil, []string{"03-09T14:00 skipped", "03-02T15:00 skipped"}},
	} {
		t.Run(string(missed), func(t *testing.T) {
			t.Parallel()
			p := newPlace(t, "2026-03-01T00:00:00Z")
			w := monday()
			w.Missed = missed
			p.create(w, "one")
			p.clock.Set(instant(t, "2026-03-10T00:00:00Z"))
			if done := p.tend(); done.Fired != 1 {
				t.Errorf("tended: %+v", done)
			}
			same(t, "ran", want.ran, p.slots())
			same(t, "the history", want.history, outcomes(p.get("one")))
			if again := p.tend(); again.Fired != 0 {
				t.Errorf("tended again: %+v", again)
			}
			same(t, "the next", "2026-03-16T14:00:00Z", p.get("one").NextAt.Format(time.RFC3339))
		})
	}
}

// Tend starts within the grace what nobody called for, whatever the policy: it is late, and not missed.
func TestTendStartsWhatNobodyCalledFor(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "2026-03-01T00:00:00Z")
	w := monday()
	w.Missed = schedule.Skip
	p.create(w, "one")
	p.clock.Set(instant(t, "2026-03-02T15:05:00Z"))
	p.tend()
	same(t, "the history", []string{"03-02T15:00 ran"}, outcomes(p.get("one")))
	same(t, "ran", []string{"2026-03-02T15:00:00Z"}, p.slots())
}

// Cloud Scheduler is away whenever a member does something: the schedules are as they want them, run all the same, and the
// jobs follow when it is back.
func TestJobsFollow(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "2026-03-01T00:00:00Z")
	ctx := t.Context()
	p.shut.Store(true)
	p.create(monday(), "made")
	p.shut.Store(false)
	same(t, "no job", []string(nil), p.listed())
	for _, id := range []string{"paused", "moved", "gone"} {
		p.create(monday(), id)
	}
	p.shut.Store(true)
	yes, berlin := true, "Europe/Berlin"
	if _, err := p.Change(ctx, as(account.Admin), "paused", schedule.Change{Paused: &yes}); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Change(ctx, as(account.Admin), "moved", schedule.Change{Zone: &berlin}); err != nil {
		t.Fatal(err)
	}
	if err := p.Delete(ctx, as(account.Admin), "gone"); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Get(ctx, tenant, "gone"); problem.CodeOf(err) != problem.NotFound {
		t.Errorf("the deleted one: %v", err)
	}
	if _, err := p.Tend(ctx); problem.CodeOf(err) != problem.Unavailable {
		t.Errorf("tended while it is away: %v", err)
	}
	p.shut.Store(false)
	same(t, "the jobs before", slices.Repeat([]string{"0 8 * * 1 America/Denver ENABLED"}, 3), p.listed())
	if done := p.tend(); done.Synced != 4 {
		t.Errorf("tended: %+v", done)
	}
	want := []string{"0 8 * * 1 America/Denver ENABLED", "0 8 * * 1 America/Denver PAUSED", "0 8 * * 1 Europe/Berlin ENABLED"}
	same(t, "the jobs", want, p.listed())
	if again := p.tend(); again != (schedule.Tended{}) {
		t.Errorf("tended again: %+v", again)
	}
	if _, err := p.client.Doc("accounts/" + tenant + "/schedules/gone").Get(ctx); err == nil {
		t.Error("the deleted schedule is still stored")
	}
}

// What was done by hand, or restored, is found by comparing all.
func TestReconcile(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "2026-03-01T00:00:00Z")
	ctx := t.Context()
	for _, id := range []string{"one", "two"} {
		p.create(monday(), id)
	}
	it := p.jobs.ListJobs(ctx, &schedulerpb.ListJobsRequest{Parent: p.location})
	deleted, err := it.Next()
	if err != nil {
		t.Fatal(err)
	}
	orphan := &schedulerpb.Job{
		Name: p.location + "/jobs/fieldboard-0123", Schedule: "0 1 * * *", Target: deleted.GetTarget(),
	}
	other := &schedulerpb.Job{Name: p.location + "/jobs/relay", Schedule: "0 2 * * *", Target: deleted.GetTarget()}
	for _, j := range []*schedulerpb.Job{orphan, other} {
		if _, err := p.jobs.CreateJob(ctx, &schedulerpb.CreateJobRequest{Parent: p.location, Job: j}); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.jobs.DeleteJob(ctx, &schedulerpb.DeleteJobRequest{Name: deleted.GetName()}); err != nil {
		t.Fatal(err)
	}
	if done := p.tend(); done != (schedule.Tended{}) {
		t.Errorf("tended: %+v", done)
	}
	done, err := p.Reconcile(ctx)
	if err != nil || done != (schedule.Tended{Synced: 1, Orphans: 1}) {
		t.Errorf("compared: %+v, %v", done, err)
	}
	want := []string{"0 2 * * * UTC ENABLED", "0 8 * * 1 America/Denver ENABLED", "0 8 * * 1 America/Denver ENABLED"}
	same(t, "the jobs", want, p.listed())
}

// Whoever may not see any more what a schedule needs, or has left, runs none: it pauses itself and says why. Somebody else takes
// it over by resuming it.
func TestItPausesItself(t *testing.T) {
	t.Parallel()
	no := false
	for name, test := range map[string]struct {
		by      account.Role
		money   bool
		to      []string
		meddle  func(*place) error
		resumes account.Role
		want    string // in the reason; empty where it runs
	}{
		"nothing happened": {account.Admin, true, []string{"owner", "admin"}, func(*place) error { return nil }, "", ""},
		"disabled": {account.Admin, false, []string{"owner"}, func(p *place) error {
			return p.accounts.SetStatus(p.t.Context(), tenant, "admin", account.Disabled)
		}, account.Owner, "in whose name it runs is disabled"},
		"left": {account.Dispatcher, false, []string{"owner"}, func(p *place) error {
			_, err := p.client.Doc("accounts/" + tenant + "/members/dispatcher").Delete(p.t.Context())
			return err
		}, account.Owner, "in whose name it runs is no member"},
		"may not see money any more": {account.Admin, true, []string{"owner"}, func(p *place) error {
			_, err := p.client.Doc("accounts/"+tenant+"/members/admin").Set(p.t.Context(), map[string]any{"role": "dispatcher", "status": "active"})
			return err
		}, account.Owner, "needs finance:read"},
		"nobody is left to be sent it": {account.Owner, false, []string{"dispatcher"}, func(p *place) error {
			return p.accounts.SetStatus(p.t.Context(), tenant, "dispatcher", account.Disabled)
		}, "", "None of its recipients"},
		"one recipient is left": {account.Owner, true, []string{"admin", "owner"}, func(p *place) error {
			return p.accounts.SetStatus(p.t.Context(), tenant, "admin", account.Disabled)
		}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t, "2026-03-01T00:00:00Z")
			w := monday()
			w.Recipients = test.to
			if test.money {
				w.Order = json.RawMessage(`{"of":"revenue","money":true}`)
			}
			if _, err := p.Create(t.Context(), as(test.by), w, "one"); err != nil {
				t.Fatal(err)
			}
			if err := test.meddle(p); err != nil {
				t.Fatal(err)
			}
			p.until("2026-03-03T00:00:00Z", time.Hour)
			s := p.get("one")
			if test.want == "" {
				same(t, "the history", []string{"03-02T15:00 ran"}, outcomes(s))
				return
			}
			if !s.Paused || !s.NextAt.IsZero() || !strings.Contains(s.PausedReason, test.want) || s.History[0].Reason != s.PausedReason {
				t.Errorf("it is %+v, want it paused since %q", s, test.want)
			}
			same(t, "ran", []string(nil), p.slots())
			same(t, "the job", []string{"0 8 * * 1 America/Denver PAUSED"}, p.listed())
			same(t, "told", []string{"schedule.created", "schedule.paused", "schedule.paused personal"}, p.told())
			if test.resumes == "" {
				return
			}
			resumed, err := p.Change(t.Context(), as(test.resumes), "one", schedule.Change{Paused: &no})
			if err != nil || resumed.Paused || resumed.By != string(test.resumes) || resumed.PausedReason != "" {
				t.Errorf("resumed: %+v, %v", resumed, err)
			}
			p.until("2026-03-10T00:00:00Z", time.Hour)
			same(t, "ran", []string{"2026-03-09T14:00:00Z"}, p.slots())
		})
	}
}

// What came while it was paused is not caught up; run now is besides the slots, and once for each time that it is asked for.
func TestPauseResumeRunDelete(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "2026-03-01T00:00:00Z")
	ctx := t.Context()
	p.create(monday(), "one")
	yes, no := true, false
	if _, err := p.Change(ctx, as(account.Dispatcher), "one", schedule.Change{Paused: &yes}); err != nil {
		t.Fatal(err)
	}
	p.until("2026-03-04T00:00:00Z", 12*time.Hour)
	p.tend()
	for range 2 {
		if r, err := p.Run(ctx, as(account.Owner), "one", "a"); err != nil || r.Outcome != schedule.Asked || r.By != "owner" {
			t.Errorf("run now: %+v, %v", r, err)
		}
	}
	p.clock.Advance(time.Minute)
	if _, err := p.Run(ctx, as(account.Owner), "one", "b"); err != nil {
		t.Error(err)
	}
	same(t, "ran", []string{"2026-03-04T00:00:00Z", "2026-03-04T00:01:00Z"}, p.slots())
	resumed, err := p.Change(ctx, as(account.Admin), "one", schedule.Change{Paused: &no})
	if err != nil || resumed.NextAt.Format(time.RFC3339) != "2026-03-09T14:00:00Z" {
		t.Errorf("resumed: %+v, %v", resumed, err)
	}
	tuesday := schedule.When{Every: schedule.EveryWeek, Weekdays: []string{"tuesday", "friday"}, At: "17:30"}
	changed, err := p.Change(ctx, as(account.Admin), "one", schedule.Change{When: &tuesday})
	if err != nil || changed.Cron != "30 17 * * 2,5" || changed.NextAt.Format(time.RFC3339) != "2026-03-04T00:30:00Z" {
		t.Errorf("changed: %+v, %v", changed, err)
	}
	same(t, "the job", []string{"30 17 * * 2,5 America/Denver ENABLED"}, p.listed())
	if err := p.Delete(ctx, as(account.Admin), "one"); err != nil {
		t.Fatal(err)
	}
	same(t, "no job", []string(nil), p.listed())
	if fired, err := p.Fire(ctx, schedule.Firing{Account: tenant, Schedule: "one"}); err != nil || fired != (schedule.Fired{}) {
		t.Errorf("called after its end: %+v, %v", fired, err)
	}
	same(t, "told", []string{"schedule.changed", "schedule.created", "schedule.deleted", "schedule.paused", "schedule.resumed"}, p.told())
}

// All that is wrong is told at once, and nothing is made.
func TestCreateRefuses(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "2026-03-01T00:00:00Z")
	for name, test := range map[string]struct {
		by     account.Role
		change func(*schedule.Wanted)
		code   problem.Code
		want   []string
	}{
		"a broken line and a zone": {account.Owner, func(w *schedule.Wanted) {
			w.When, w.Zone = schedule.When{Every: schedule.EveryLine, Cron: "61 8 * * *"}, "Mars/Base"
		}, problem.Invalid, []string{"zone", "when.cron"}},
		"everything": {account.Owner, func(w *schedule.Wanted) {
			*w = schedule.Wanted{Name: " ", Action: "none", Zone: "x", When: schedule.When{Every: "often"}, Missed: "perhaps"}
		}, problem.Invalid, []string{"name", "missed", "when.every", "zone", "action", "recipients"}},
		"a week without days, at no time": {account.Owner, func(w *schedule.Wanted) {
			w.When = schedule.When{Every: schedule.EveryWeek, At: "8:00", Day: 3}
		}, problem.Invalid, []string{"when.weekdays", "when.day", "when.at"}},
		"the 31st of each month": {account.Owner, func(w *schedule.Wanted) {
			w.When = schedule.When{Every: schedule.EveryMonth, At: "08:00", Day: 31}
		}, problem.Invalid, []string{"when.day"}},
		"days that there are not, twice": {account.Owner, func(w *schedule.Wanted) {
			w.When.Weekdays = []string{"monday", "someday", "monday"}
		}, problem.Invalid, []string{"when.weekdays[1]", "when.weekdays[2]"}},
		"an order that means nothing": {account.Owner, func(w *schedule.Wanted) { w.Order = json.RawMessage(`{}`) }, problem.Invalid, []string{"order.of"}},
		"recipients who may not see it": {account.Owner, func(w *schedule.Wanted) {
			w.Order, w.Recipients = json.RawMessage(`{"of":"revenue","money":true}`), []string{"dispatcher", "owner", "owner", "nobody"}
		}, problem.Invalid, []string{"recipients[0]", "recipients[2]", "recipients[3]"}},
		"who may not see it": {account.Dispatcher, func(w *schedule.Wanted) { w.Order = json.RawMessage(`{"of":"revenue","money":true}`) }, problem.Forbidden, nil},
	} {
		t.Run(name, func(t *testing.T) {
			w := monday()
			test.change(&w)
			_, err := p.Create(t.Context(), as(test.by), w, "one")
			if got := problem.CodeOf(err); err == nil || got != test.code {
				t.Fatalf("%v, want %s", err, test.code)
			}
			var e *problem.Error
			if errors.As(err, &e) {
				same(t, "the fields", test.want, locations(e.Fields))
			}
		})
	}
	list, more, err := p.List(t.Context(), tenant, schedule.Position{}, 10)
	if err != nil || len(list) != 0 || more {
		t.Errorf("%d schedules, %v", len(list), err)
	}
	same(t, "no job", []string(nil), p.listed())
}

// A page after the other shows each once, the newest first; another account's are not there.
func TestList(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "2026-03-01T00:00:00Z")
	for _, id := range []string{"a", "b", "c", "d"} {
		p.create(monday(), id)
		if id != "b" {
			p.clock.Advance(time.Second)
		}
	}
	if err := p.Delete(t.Context(), as(account.Owner), "c"); err != nil {
		t.Fatal(err)
	}
	var got []string
	for after := (schedule.Position{}); ; {
		page, more, err := p.List(t.Context(), tenant, after, 1)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range page {
			got = append(got, s.ID)
			after = schedule.Position{CreatedAt: s.CreatedAt, ID: s.ID}
		}
		if !more {
			break
		}
	}
	same(t, "listed", []string{"d", "b", "a"}, got)
	if _, err := p.Get(t.Context(), "acc_other", "a"); problem.CodeOf(err) != problem.NotFound {
		t.Errorf("another account's: %v", err)
	}
	if _, err := p.Change(t.Context(), as(account.Owner), "c", schedule.Change{}); problem.CodeOf(err) != problem.NotFound {
		t.Errorf("a deleted one: %v", err)
	}
}

func TestAnAccountHasSoManyAndNoMore(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "2026-03-01T00:00:00Z")
	for i := range schedule.MaxSchedules {
		_, err := p.client.Doc(fmt.Sprintf("accounts/%s/schedules/s%d", tenant, i)).Create(t.Context(), map[string]any{"deleted": i == 0, "createdAt": p.clock.Now()})
		if err != nil {
			t.Fatal(err)
		}
	}
	p.create(monday(), "last")
	if again := p.create(monday(), "last"); again.ID != "last" {
		t.Errorf("made again: %+v", again)
	}
	if _, err := p.Create(t.Context(), as(account.Owner), monday(), "more"); problem.CodeOf(err) != problem.Conflict {
		t.Errorf("one too many: %v", err)
	}
}
