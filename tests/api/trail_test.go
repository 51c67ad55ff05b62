package api_test

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"fieldboard.dev/fieldboard/emulators/demo"
	"fieldboard.dev/fieldboard/shared/event/ledger/evidence"
	"fieldboard.dev/fieldboard/tests/harness"
)

type trailTask struct {
	ID, State, Format, Failure string
	Done, Total, Bytes         int64
}

// finished asks for a task until it is over.
func finished(t *testing.T, stack *harness.Stack, path string) trailTask {
	t.Helper()
	var got trailTask
	harness.Eventually(t, func() error {
		got = trailTask{}
		stack.Get(t, "owner", path, &got)
		if got.State == "queued" || got.State == "running" {
			return fmt.Errorf("%s is %s at %d of %d", path, got.State, got.Done, got.Total)
		}
		return nil
	})
	return got
}

// export makes an export and returns it with its file.
func export(t *testing.T, stack *harness.Stack, ask map[string]any) (trailTask, []byte) {
	t.Helper()
	var made trailTask
	if err := stack.As(t, "owner").Call(t.Context(), http.MethodPost, "/api/v1/audit/exports", ask, &made); err != nil {
		t.Fatal(err)
	}
	path := "/api/v1/audit/exports/" + made.ID
	got := finished(t, stack, path)
	if got.State != "done" {
		t.Fatalf("got %+v", got)
	}
	res, err := stack.As(t, "owner").Do(t.Context(), http.MethodGet, path+"/content", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	file, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%s: %v", res.Status, err)
	}
	if got := res.Header.Get("Content-Disposition"); !strings.HasPrefix(got, "attachment; filename=\"audit-log-") {
		t.Errorf("Content-Disposition is %q", got)
	}
	if int64(len(file)) != got.Bytes {
		t.Errorf("the file has %d bytes, the export says %d", len(file), got.Bytes)
	}
	return got, file
}

// verified checks an export as somebody does who has the file and the public keys alone.
func verified(t *testing.T, stack *harness.Stack, file []byte) evidence.Report {
	t.Helper()
	keys, err := evidence.ParseKeys(stack.Secrets.EventPublicKeys)
	if err != nil {
		t.Fatal(err)
	}
	report, err := evidence.Check(bytes.NewReader(file), keys, "", func(p evidence.Problem) { t.Error(p) })
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// The log is exported in the background, sent again to browsers, and a client is taken out of it; all of that is in the log.
func TestTrail(t *testing.T) {
	t.Parallel()
	stack := harness.New(t, harness.Options{})
	stack.Connect(t, 1)
	stack.WaitCopied(t, 1)
	var done struct{ ID string }
	stack.Control(t, http.MethodPost, "accounts/1/visits/any/complete", nil, &done)
	var completed auditEntry
	harness.Eventually(t, func() error {
		found := audit(t, stack, "owner", url.Values{"type": {"visit.completed"}})
		if len(found) == 0 {
			return fmt.Errorf("no visit was completed")
		}
		completed = found[0]
		return nil
	})
	stack.Schedule(t, "sealevents")

	t.Run("as CSV, what is asked for", func(t *testing.T) {
		got, file := export(t, stack, map[string]any{"format": "csv", "family": "visit"})
		rows, err := csv.NewReader(bytes.NewReader(file)).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		if int64(len(rows)-1) != got.Done || got.Done == 0 || rows[0][1] != "type" {
			t.Errorf("%d rows of %d events: %v", len(rows), got.Done, rows[0])
		}
		if !slices.ContainsFunc(rows, func(row []string) bool { return row[1] == "visit.completed" && row[2] == "In Jobber" }) {
			t.Errorf("got %v", rows)
		}
		for _, row := range rows[1:] {
			if !strings.HasPrefix(row[1], "visit.") {
				t.Errorf("%s was not asked for", row[1])
			}
		}
	})
	t.Run("as JSONL, with proofs", func(t *testing.T) {
		got, file := export(t, stack, map[string]any{"format": "jsonl"})
		if report := verified(t, stack, file); report.Events != got.Total || report.Disclosed == 0 {
			t.Errorf("got %+v of %+v", report, got)
		}
	})
	t.Run("it is told and listed", func(t *testing.T) {
		if found := audit(t, stack, "owner", url.Values{"type": {"security.export_made"}, "actor": {"demo-owner"}}); len(found) != 2 {
			t.Errorf("got %+v", found)
		}
		var page struct{ Items []trailTask }
		stack.Get(t, "admin", "/api/v1/audit/exports?limit=1", &page)
		if len(page.Items) != 1 || page.Items[0].Format != "jsonl" {
			t.Errorf("got %+v", page.Items)
		}
		stack.Get(t, "other", "/api/v1/audit/exports", &page)
		if len(page.Items) != 0 {
			t.Errorf("another business sees %+v", page.Items)
		}
	})
	t.Run("sent again", func(t *testing.T) { replayed(t, stack, completed) })
	t.Run("a client is erased", func(t *testing.T) { erased(t, stack, completed) })
	t.Run("a former member is erased", func(t *testing.T) { erasedMember(t, stack) })
	t.Run("bad input", func(t *testing.T) {
		owner := stack.As(t, "owner")
		for path, bodies := range map[string][]map[string]any{
			"exports":  {{"format": "xml"}, {}, {"format": "csv", "actor": "a/b"}, {"format": "csv", "from": "2026-02-01T00:00:00Z", "to": "2026-01-01T00:00:00Z"}},
			"replays":  {{"consumer": "nobody"}, {"consumer": "realtime", "types": []string{"invoice.lost"}, "from": "2026-01-01T00:00:00Z", "to": "2027-01-01T00:00:00Z"}},
			"erasures": {{"reason": "x"}, {"reason": "x", "member": "a", "entityId": "b", "collection": "clients"}, {"member": "gone"}, {"reason": "x", "entityId": "b", "collection": "events"}},
		} {
			for _, body := range bodies {
				if got := statusOfPost(t, owner, "/api/v1/audit/"+path, body); got != http.StatusUnprocessableEntity {
					t.Errorf("%s %v: %d, want 422", path, body, got)
				}
			}
		}
		if got := statusOfPost(t, owner, "/api/v1/audit/erasures", map[string]any{"reason": "x", "member": "demo-viewer"}); got != http.StatusConflict {
			t.Errorf("erasing a member: %d, want 409", got)
		}
		hold := map[string]any{"settings": map[string]any{"legalHold": map[string]any{"on": true, "reason": "Case 12"}}}
		if err := owner.Call(t.Context(), http.MethodPatch, "/api/v1/account", hold, nil); err != nil {
			t.Fatal(err)
		}
		if got := statusOfPost(t, owner, "/api/v1/audit/erasures", map[string]any{"reason": "x", "member": "gone"}); got != http.StatusConflict {
			t.Errorf("erasing under the legal hold: %d, want 409", got)
		}
	})
}

func statusOfPost(t *testing.T, as *demo.Client, path string, body any) int {
	t.Helper()
	res, err := as.Do(t.Context(), http.MethodPost, path, body)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	return res.StatusCode
}

func replayed(t *testing.T, stack *harness.Stack, completed auditEntry) {
	t.Helper()
	ask := map[string]any{
		"consumer": "realtime", "types": []string{"visit.completed"}, "entityId": completed.Target.ID, "collection": "visits",
		"from": completed.Time.Add(-time.Hour), "to": completed.Time.Add(time.Hour), "dryRun": true,
	}
	var made struct {
		Count    int64
		Examples []struct{ ID, Type string }
		Task     *trailTask
	}
	owner := stack.As(t, "owner")
	if err := owner.Call(t.Context(), http.MethodPost, "/api/v1/audit/replays", ask, &made); err != nil {
		t.Fatal(err)
	}
	if made.Count != 1 || len(made.Examples) != 1 || made.Examples[0].ID != completed.ID || made.Task != nil {
		t.Errorf("the dry run says %+v", made)
	}
	ask["dryRun"] = false
	if err := owner.Call(t.Context(), http.MethodPost, "/api/v1/audit/replays", ask, &made); err != nil {
		t.Fatal(err)
	}
	if got := finished(t, stack, "/api/v1/audit/replays/"+made.Task.ID); got.State != "done" || got.Done != 1 {
		t.Errorf("got %+v", got)
	}
	if found := audit(t, stack, "owner", url.Values{"type": {"security.events_replayed"}}); len(found) != 1 {
		t.Errorf("the dry run and the replay are told as %+v", found)
	}
}

// Who was a member is named no more: neither where something was done to them, nor where they did something.
func erasedMember(t *testing.T, stack *harness.Stack) {
	t.Helper()
	const member, name = "demo-technician", "Theodora Vance"
	owner := stack.As(t, "owner")
	stack.As(t, "technician") // signs in, which is told as done by them
	if err := owner.Call(t.Context(), http.MethodPatch, "/api/v1/members/"+member, map[string]any{"name": name}, nil); err != nil {
		t.Fatal(err)
	}
	if err := owner.Call(t.Context(), http.MethodDelete, "/api/v1/members/"+member, nil, nil); err != nil {
		t.Fatal(err)
	}
	stack.Schedule(t, "sealevents")
	_, before := export(t, stack, map[string]any{"format": "jsonl"})
	if found := audit(t, stack, "owner", url.Values{"actor": {member}}); len(found) == 0 || !bytes.Contains(before, []byte(name)) {
		t.Fatalf("the log has %d events by %s, and names them: %v", len(found), member, bytes.Contains(before, []byte(name)))
	}
	var made trailTask
	if err := owner.Call(t.Context(), http.MethodPost, "/api/v1/audit/erasures", map[string]any{"member": member, "reason": "They left"}, &made); err != nil {
		t.Fatal(err)
	}
	if got := finished(t, stack, "/api/v1/audit/erasures/"+made.ID); got.State != "done" {
		t.Fatalf("got %+v", got)
	}
	_, after := export(t, stack, map[string]any{"format": "jsonl"})
	verified(t, stack, after)
	if bytes.Contains(after, []byte(name)) {
		t.Errorf("an export still names %s", name)
	}
	if found := audit(t, stack, "owner", url.Values{"actor": {member}}); len(found) != 0 {
		t.Errorf("they are still said to have done %+v", found)
	}
}

func erased(t *testing.T, stack *harness.Stack, completed auditEntry) {
	t.Helper()
	var visit struct{ ClientID string }
	stack.Get(t, "owner", "/api/v1/visits/"+completed.Target.ID, &visit)
	name := completed.Detail
	if name == "" || visit.ClientID == "" {
		t.Fatalf("the visit %+v of %+v names no client", visit, completed)
	}
	told, before := export(t, stack, map[string]any{"format": "jsonl"})
	if !bytes.Contains(before, []byte(name)) {
		t.Fatalf("the log does not name %s", name)
	}
	var made trailTask
	owner := stack.As(t, "owner")
	if err := owner.Call(t.Context(), http.MethodPost, "/api/v1/audit/erasures",
		map[string]any{"collection": "clients", "entityId": visit.ClientID, "reason": "Asked for by the client"}, &made); err != nil {
		t.Fatal(err)
	}
	if got := finished(t, stack, "/api/v1/audit/erasures/"+made.ID); got.State != "done" {
		t.Fatalf("got %+v", got)
	}
	for _, e := range audit(t, stack, "owner", url.Values{"q": {name}}) {
		if e.Type != "security.audit_read" { // which tells what was looked for just now
			t.Errorf("%s still names %s", e.Type, name)
		}
	}
	res, err := owner.Do(t.Context(), http.MethodGet, "/api/v1/audit/exports/"+told.ID+"/content", nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := res.Body.Close(); err != nil || res.StatusCode != http.StatusNotFound {
		t.Errorf("the file of an export that names %s: %s (%v), want 404", name, res.Status, err)
	}
	_, after := export(t, stack, map[string]any{"format": "jsonl", "to": completed.Time.Add(time.Second)})
	verified(t, stack, after)
	if bytes.Contains(after, []byte(name)) {
		t.Errorf("an export still names %s", name)
	}
	if found := audit(t, stack, "owner", url.Values{"type": {"security.person_erased"}}); len(found) != 1 || found[0].Target.ID != visit.ClientID || found[0].Target.Title != "" {
		t.Errorf("it is told as %+v", found)
	}
}
