package api_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/sethvargo/go-envconfig"

	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/email"
	"fieldboard.dev/fieldboard/shared/instance"
	"fieldboard.dev/fieldboard/shared/task"
	"fieldboard.dev/fieldboard/shared/telemetry"
	"fieldboard.dev/fieldboard/tests/harness"
)

// engineOf is the task engine as a function of the stack has it.
func engineOf(t *testing.T, stack *harness.Stack) *task.Engine {
	t.Helper()
	env, _ := stack.Environment(t, "workemail")
	in, err := instance.New(t.Context(), envconfig.MapLookuper(env), clock.System, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := in.Cloud.Close(); err != nil {
			t.Error(err)
		}
	})
	engine, err := task.NewEngine(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return engine
}

type shownTask struct {
	ID, Kind, KindTitle, Title, State, By, ByName string
	Failure                                       *struct{ Class, Message string }
	Timeline                                      []struct {
		Number  int
		Outcome string
	}
}

type taskPage struct {
	Items      []shownTask
	NextCursor string
}

type shownKind struct {
	Kind, PausedBy, PausedByName string
	Paused, PausedAll            bool
	Waiting, Failed, DoneHour    int64
	OldestDue                    *string
}

// Background work is seen by those who may see it and changed by those who may change it: it is paused, cancelled, mended after
// it failed and begins anew, and no other business knows of it.
func TestTasks(t *testing.T) {
	t.Parallel()
	stack := harness.New(t, harness.Options{})
	engine := engineOf(t, stack)
	owner := stack.As(t, "owner")
	var me struct {
		Account struct{ ID string }
		Member  struct{ ID, Name string }
	}
	stack.Get(t, "owner", "/api/v1/me", &me)
	call := func(method, path string, body, result any) {
		t.Helper()
		if err := owner.Call(t.Context(), method, path, body, result); err != nil {
			t.Fatal(err)
		}
	}
	status := func(who, method, path string, body any) int {
		t.Helper()
		res, err := stack.As(t, who).Do(t.Context(), method, path, body)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		return res.StatusCode
	}
	const pause = "/api/v1/task-kinds/email.send/pause"
	kind := func() (k shownKind) {
		t.Helper()
		var all struct{ Items []shownKind }
		stack.Get(t, "dispatcher", "/api/v1/task-kinds", &all)
		for _, k = range all.Items {
			if k.Kind == email.Sending.Name {
				return k
			}
		}
		t.Fatalf("no %s in %+v", email.Sending.Name, all.Items)
		return k
	}
	await := func(id, state string) (got shownTask) {
		t.Helper()
		harness.Eventually(t, func() error {
			got = shownTask{}
			stack.Get(t, "dispatcher", "/api/v1/tasks/"+id, &got)
			if got.State != state {
				return fmt.Errorf("%s is %s, want %s", id, got.State, state)
			}
			return nil
		})
		return got
	}

	call(http.MethodPut, pause, nil, nil)
	for id, to := range map[string]string{"good": "someone@example.test", "bad": "nobody", "unwanted": "someone@example.test"} {
		letter := email.Sending.New(me.Account.ID, email.Letter{To: telemetry.Personal(to), Subject: id, Lines: []string{"Hello."}})
		letter.ID, letter.Title, letter.By = id, "Letter "+id, me.Member.ID
		if added, err := engine.Enqueue(t.Context(), letter); err != nil || !added {
			t.Fatalf("added %v, error %v", added, err)
		}
	}
	if k := kind(); !k.Paused || k.PausedAll || k.PausedBy != me.Member.ID || k.PausedByName != me.Member.Name || k.Waiting != 3 || k.OldestDue == nil {
		t.Errorf("paused: got %+v", k)
	}

	// The list, page by page and filtered.
	seen := map[string]bool{}
	for path := "/api/v1/tasks?limit=2&kind=email.send&state=waiting&by=" + me.Member.ID; ; {
		var page taskPage
		stack.Get(t, "dispatcher", path, &page)
		for _, x := range page.Items {
			if seen[x.ID] {
				t.Errorf("%s is listed twice", x.ID)
			}
			seen[x.ID] = true
			if x.State != "waiting" || x.KindTitle != email.Sending.Title || x.ByName != me.Member.Name || x.Title != "Letter "+x.ID {
				t.Errorf("got %+v", x)
			}
		}
		if page.NextCursor == "" {
			break
		}
		base, _, _ := strings.Cut(path, "&cursor=")
		path = base + "&cursor=" + page.NextCursor
	}
	if len(seen) != 3 {
		t.Errorf("listed %v, want all three", seen)
	}

	// Who may see may not change, and another business sees nothing.
	for _, x := range []struct {
		who, method, path string
		want              int
	}{
		{"dispatcher", http.MethodPut, pause, http.StatusForbidden},
		{"dispatcher", http.MethodPost, "/api/v1/tasks/good/cancel", http.StatusForbidden},
		{"dispatcher", http.MethodGet, "/api/v1/tasks/good/payload", http.StatusForbidden},
		{"viewer", http.MethodGet, "/api/v1/tasks", http.StatusForbidden},
		{"other", http.MethodGet, "/api/v1/tasks/good", http.StatusNotFound},
		{"other", http.MethodPost, "/api/v1/tasks/good/cancel", http.StatusNotFound},
		{"owner", http.MethodPut, "/api/v1/task-kinds/no.such/pause", http.StatusNotFound},
	} {
		if got := status(x.who, x.method, x.path, nil); got != x.want {
			t.Errorf("%s %s as %s: got %d, want %d", x.method, x.path, x.who, got, x.want)
		}
	}
	var theirs taskPage
	stack.Get(t, "other", "/api/v1/tasks", &theirs)
	if len(theirs.Items) != 0 {
		t.Errorf("another business sees %+v", theirs.Items)
	}

	var cancelled shownTask
	call(http.MethodPost, "/api/v1/tasks/unwanted/cancel", nil, &cancelled)
	if cancelled.State != "cancelled" {
		t.Errorf("got %+v", cancelled)
	}
	if got := status("owner", http.MethodPost, "/api/v1/tasks/unwanted/retry", nil); got != http.StatusConflict {
		t.Errorf("trying a cancelled one again: got %d, want 409", got)
	}

	// One kind stays paused as long as all are.
	call(http.MethodPut, "/api/v1/task-kinds/*/pause", nil, nil)
	call(http.MethodDelete, pause, nil, nil)
	if k := kind(); !k.Paused || !k.PausedAll {
		t.Errorf("all are paused: got %+v", k)
	}
	call(http.MethodDelete, "/api/v1/task-kinds/*/pause", nil, nil)

	await("good", "done")
	bad := await("bad", "failed")
	if bad.Failure == nil || bad.Failure.Class != "permanent" || len(bad.Timeline) != 1 || bad.Timeline[0].Outcome != "permanent" {
		t.Errorf("got %+v", bad)
	}
	if k := kind(); k.Paused || k.Failed != 1 || k.DoneHour != 1 {
		t.Errorf("one failed, one done: got %+v", k)
	}

	// It fails again when it is sent again as it is, and is mended.
	var sent struct {
		Sent int
		More bool
	}
	call(http.MethodPost, "/api/v1/task-replays", map[string]string{"kind": email.Sending.Name}, &sent)
	if sent.Sent != 1 || sent.More {
		t.Errorf("replayed: got %+v", sent)
	}
	harness.Eventually(t, func() error {
		if again := await("bad", "failed"); len(again.Timeline) != 2 {
			return fmt.Errorf("got %+v, want two attempts", again)
		}
		return nil
	})
	var stored struct{ Payload map[string]any }
	call(http.MethodGet, "/api/v1/tasks/bad/payload", nil, &stored)
	if stored.Payload["to"] != "nobody" {
		t.Errorf("the payload is %v", stored.Payload)
	}
	const payload = "/api/v1/tasks/bad/payload"
	stored.Payload["too"] = "x"
	if got := status("owner", http.MethodPut, payload, map[string]any{"payload": stored.Payload}); got != http.StatusUnprocessableEntity && got != http.StatusBadRequest {
		t.Errorf("a payload that the kind cannot read: got %d", got)
	}
	delete(stored.Payload, "too")
	stored.Payload["to"] = "someone@example.test"
	call(http.MethodPut, payload, map[string]any{"payload": stored.Payload}, nil)
	if done := await("bad", "done"); len(done.Timeline) != 3 || done.Failure != nil {
		t.Errorf("mended: got %+v", done)
	}

	// A letter goes with files of its own business alone, whoever wrote or edited it.
	stranger := email.Sending.New(me.Account.ID, email.Letter{
		To: "someone@example.test", Subject: "Figures", Files: []email.File{{Object: "reports/demo-other/r/1.csv", Name: "1.csv", Bytes: 9}},
	})
	stranger.ID = "stranger"
	if _, err := engine.Enqueue(t.Context(), stranger); err != nil {
		t.Fatal(err)
	}
	if x := await("stranger", "failed"); x.Failure == nil || x.Failure.Class != "permanent" {
		t.Errorf("got %+v", x)
	}
}
