package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"fieldboard.dev/fieldboard/emulators/demo"
	"fieldboard.dev/fieldboard/tests/emulator"
	"fieldboard.dev/fieldboard/tests/harness"
)

// A member's schedule, asked for through the API and run: the report is made, and its recipient gets a letter.
func TestAScheduledReportArrives(t *testing.T) {
	t.Parallel()
	stack := harness.New(t, harness.Options{})
	stack.Connect(t, 1)
	stack.WaitCopied(t, 1)
	var me struct{ Member struct{ ID, Email string } }
	stack.Get(t, "owner", "/api/v1/me", &me)
	name := "Visits " + stack.Project
	var made struct {
		ID, NextAt string
	}
	ask := map[string]any{
		"name": name, "action": "report.make", "zone": "America/Denver", "recipients": []string{me.Member.ID},
		"when":  map[string]any{"every": "week", "weekdays": []string{"monday"}, "at": "08:00"},
		"order": map[string]any{"kind": "visits", "grouping": firstGrouping(t, stack, "visits"), "format": "csv", "period": "30d", "filters": map[string]any{}},
	}
	owner := stack.As(t, "owner")
	if err := owner.Call(t.Context(), http.MethodPost, "/api/v1/schedules", ask, &made); err != nil {
		t.Fatal(err)
	}
	if called := stack.CallJobs(t, "fieldboard-"); called != 1 { // before its time: nothing is due
		t.Errorf("%d jobs, want 1", called)
	}
	if err := owner.Call(t.Context(), http.MethodPost, "/api/v1/schedules/"+made.ID+"/runs", nil, nil); err != nil {
		t.Fatal(err)
	}
	harness.Eventually(t, func() error {
		var reports struct {
			Items []struct{ State, Period string }
		}
		stack.Get(t, "owner", "/api/v1/reports", &reports)
		if len(reports.Items) != 1 || reports.Items[0].State != "done" || reports.Items[0].Period != "30d" {
			return fmt.Errorf("the reports are %+v", reports.Items)
		}
		return nil
	})
	harness.Eventually(t, func() error { // other stacks write to the same address
		if letter := emulator.AwaitMail(t, me.Member.Email); letter.Subject != name || !strings.Contains(letter.Text, "It is attached.") ||
			len(letter.Attached) != 1 || !strings.HasPrefix(letter.Attached[0], "visits-") {
			return fmt.Errorf("the letter is %+v", letter)
		}
		return nil
	})
	refused(t, stack.As(t, "dispatcher"), ask)
}

// refused tells that somebody who may not see money cannot ask for it by the calendar.
func refused(t *testing.T, dispatcher *demo.Client, ask map[string]any) {
	t.Helper()
	order := map[string]any{"kind": "revenue", "grouping": "month", "format": "csv", "period": "30d", "filters": map[string]any{}, "money": true}
	ask["order"] = order
	if err := dispatcher.Call(t.Context(), http.MethodPost, "/api/v1/schedules", ask, nil); err == nil || !strings.Contains(err.Error(), "403") {
		t.Errorf("a dispatcher asks for revenue: %v, want a 403", err)
	}
}

func firstGrouping(t *testing.T, stack *harness.Stack, kind string) string {
	t.Helper()
	var kinds struct {
		Items []struct {
			Kind      string
			Groupings []struct{ ID string }
		}
	}
	stack.Get(t, "owner", "/api/v1/report-kinds", &kinds)
	for _, k := range kinds.Items {
		if k.Kind == kind {
			return k.Groupings[0].ID
		}
	}
	t.Fatalf("there is no report %q", kind)
	return ""
}
