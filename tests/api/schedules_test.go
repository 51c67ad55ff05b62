package api_test

import (
	"testing"
	"time"

	"cloud.google.com/go/firestore"

	"fieldboard.dev/fieldboard/tests/harness"
)

// A stored schedule whose job was never made, as after a crash: tending makes the job, and its call reaches the function with a
// token that it verifies. What the schedule asks for is not offered, so it pauses itself and says so.
func TestAScheduleIsFoundAndCalledFor(t *testing.T) {
	t.Parallel()
	stack := harness.New(t, harness.Options{})
	var me struct {
		Account struct{ ID string }
		Member  struct{ ID string }
	}
	stack.Get(t, "owner", "/api/v1/me", &me)
	client, err := stack.Cloud.Firestore(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	now := stack.Clock.Now()
	if _, err := client.Doc("accounts/"+me.Account.ID+"/schedules/left").Create(t.Context(), map[string]any{
		"name": "Left", "action": "none", "order": "{}", "when": map[string]any{"every": "cron", "cron": "0 8 * * *"}, "cron": "0 8 * * *",
		"zone": "America/Denver", "recipients": []string{me.Member.ID}, "missed": "skip", "by": me.Member.ID, "createdBy": me.Member.ID,
		"createdAt": now, "version": 1, "unsynced": true, "nextAt": now.Add(24 * time.Hour),
	}); err != nil {
		t.Fatal(err)
	}
	stack.Schedule(t, "tendschedules")
	var shown struct {
		Paused       bool
		PausedReason string
		NextAt       *time.Time
	}
	if called := stack.CallJobs(t, "fieldboard-"); called != 1 {
		t.Fatalf("%d jobs, want 1", called)
	}
	if stack.Get(t, "dispatcher", "/api/v1/schedules/left", &shown); shown.Paused || shown.NextAt == nil {
		t.Errorf("before its time: %+v", shown)
	}
	if _, err := client.Doc("accounts/"+me.Account.ID+"/schedules/left").Set(t.Context(), map[string]any{"nextAt": now}, firestore.MergeAll); err != nil {
		t.Fatal(err)
	}
	stack.CallJobs(t, "fieldboard-")
	if stack.Get(t, "dispatcher", "/api/v1/schedules/left", &shown); !shown.Paused || shown.PausedReason != "What it asks for is not offered any more." {
		t.Errorf("at its time: %+v", shown)
	}
}
