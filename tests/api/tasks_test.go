package api_test

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/sethvargo/go-envconfig"

	"fieldboard.dev/fieldboard/emulators/demo"
	"fieldboard.dev/fieldboard/functions/tasks"
	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/email"
	"fieldboard.dev/fieldboard/shared/instance"
	"fieldboard.dev/fieldboard/shared/task"
	"fieldboard.dev/fieldboard/shared/telemetry"
	"fieldboard.dev/fieldboard/tests/emulator"
	"fieldboard.dev/fieldboard/tests/harness"
)

// enqueuer adds tasks as any function of the stack does.
func enqueuer(t *testing.T, stack *harness.Stack) *task.Engine {
	t.Helper()
	env, _ := stack.Environment(t, "workemail")
	in, err := instance.New(t.Context(), envconfig.MapLookuper(env), clock.System, slog.New(slog.NewTextHandler(io.Discard, nil)))
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

func awaitTask(t *testing.T, stack *harness.Stack, id, state string) tasks.Detail {
	t.Helper()
	var got tasks.Detail
	harness.Eventually(t, func() error {
		got = tasks.Detail{}
		stack.Get(t, "admin", "/api/v1/tasks/"+id, &got)
		if got.State != state {
			return fmt.Errorf("the task is %s, want %s: %+v", got.State, state, got)
		}
		return nil
	})
	return got
}

func TestTasks(t *testing.T) {
	t.Parallel()
	stack := harness.New(t, harness.Options{})
	engine := enqueuer(t, stack)
	to := strings.ToLower(emulator.Prefix(t)[:21]) + "@example.test"
	letter := email.Letter{
		To: telemetry.Personal(to), Business: "Demo Home Services", Subject: "Revenue in November", Lines: []string{"Here are the figures <b>you</b> asked for."},
		Facts: []email.Fact{{Name: "Revenue", Value: "$1,200.00"}}, Action: &email.Action{Text: "Open the report", URL: "https://fieldboard.test/reports"},
		Reason: "You get this every Monday.",
	}
	add := func(id string, l email.Letter) {
		t.Helper()
		x := email.Sending.New("acc_demo", l)
		x.ID, x.By, x.Title = id, "demo-owner", l.Subject
		if added, err := engine.Enqueue(t.Context(), x); err != nil || !added {
			t.Fatalf("added %v, error %v", added, err)
		}
	}

	t.Run("a letter arrives", func(t *testing.T) {
		add("letter", letter)
		got := awaitTask(t, stack, "letter", "done")
		if got.KindTitle != "Email" || got.ByName == "" || len(got.Timeline) != 1 || got.EndedAt == nil {
			t.Errorf("the task is %+v", got)
		}
		mail := emulator.AwaitMail(t, to)
		if mail.Subject != letter.Subject || !strings.Contains(mail.Text, "Revenue  $1,200.00") || strings.Contains(mail.HTML, "<b>you</b>") ||
			!strings.Contains(mail.HTML, `href="https://fieldboard.test/reports"`) {
			t.Errorf("the mail is %+v", mail)
		}
		if id, _ := mail.Headers["message-id"].(string); !strings.HasPrefix(id, "<letter@") {
			t.Errorf("its id is %q", id)
		}
	})

	t.Run("a dead letter is mended", func(t *testing.T) {
		broken := letter
		broken.Action = &email.Action{Text: "Open", URL: "javascript:alert(1)"}
		broken.Subject = ""
		add("broken", broken)
		got := awaitTask(t, stack, "broken", "failed")
		if got.Failure == nil || got.Failure.Class != "permanent" || got.Attempt != 1 {
			t.Errorf("it failed as %+v", got)
		}
		admin := stack.As(t, "admin")
		var payload struct {
			Payload map[string]any `json:"payload"`
		}
		if err := admin.Call(t.Context(), http.MethodGet, "/api/v1/tasks/broken/payload", nil, &payload); err != nil {
			t.Fatal(err)
		}
		payload.Payload["subjekt"] = "x"
		err := admin.Call(t.Context(), http.MethodPut, "/api/v1/tasks/broken/payload", payload, nil)
		var refused *demo.StatusError
		if !errors.As(err, &refused) || refused.Status != http.StatusUnprocessableEntity || !strings.Contains(err.Error(), "subjekt") {
			t.Errorf("a slip of the pen: %v", err)
		}
		delete(payload.Payload, "subjekt")
		payload.Payload["subject"] = "Mended"
		payload.Payload["action"] = map[string]string{"text": "Open", "url": "https://fieldboard.test/"}
		if err := admin.Call(t.Context(), http.MethodPut, "/api/v1/tasks/broken/payload", payload, nil); err != nil {
			t.Fatal(err)
		}
		if got := awaitTask(t, stack, "broken", "done"); len(got.Timeline) != 2 {
			t.Errorf("its timeline is %+v", got.Timeline)
		}
	})

	t.Run("a kind is paused, and goes on", func(t *testing.T) {
		admin := stack.As(t, "admin")
		if err := admin.Call(t.Context(), http.MethodPut, "/api/v1/task-kinds/email.send/pause", nil, nil); err != nil {
			t.Fatal(err)
		}
		add("paused", letter)
		var kinds struct{ Items []tasks.Kind }
		harness.Eventually(t, func() error {
			kinds.Items = nil
			stack.Get(t, "dispatcher", "/api/v1/task-kinds", &kinds)
			for _, k := range kinds.Items {
				if k.Kind == "email.send" && k.Paused && k.PausedBy == "demo-admin" && k.Waiting == 1 && k.DoneHour >= 2 && k.OldestDue != nil {
					return nil
				}
			}
			return fmt.Errorf("the kinds are %+v", kinds.Items)
		})
		if err := admin.Call(t.Context(), http.MethodDelete, "/api/v1/task-kinds/email.send/pause", nil, nil); err != nil {
			t.Fatal(err)
		}
		awaitTask(t, stack, "paused", "done")
	})

	t.Run("lists", func(t *testing.T) {
		var page struct {
			Items      []tasks.Task
			NextCursor string
		}
		seen := map[string]bool{}
		for {
			path := "/api/v1/tasks?limit=1&state=done&kind=email.send&by=demo-owner&cursor=" + page.NextCursor
			page.Items, page.NextCursor = nil, ""
			stack.Get(t, "dispatcher", path, &page)
			for _, item := range page.Items {
				seen[item.ID] = true
			}
			if page.NextCursor == "" {
				break
			}
		}
		if !seen["letter"] || !seen["broken"] || !seen["paused"] || len(seen) != 3 {
			t.Errorf("the list has %v", seen)
		}
	})
}
