package api_test

import (
	"encoding/json"
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

type auditEntry struct {
	ID, Type, Audience, Detail, Address, CorrelationID string
	Time                                               time.Time
	AmountCents                                        *int64
	Actor                                              struct{ Kind, ID, Name, Key string }
	Target                                             struct{ Collection, ID, Title, MemberID string }
	Changes                                            []struct {
		Field         string
		Before, After json.RawMessage
	}
}

// audit returns all that a search finds.
func audit(t *testing.T, stack *harness.Stack, who string, q url.Values) []auditEntry {
	t.Helper()
	var all []auditEntry
	for cursor := ""; ; {
		var page struct {
			Items      []auditEntry
			NextCursor string
		}
		q.Set("cursor", cursor)
		stack.Get(t, who, "/api/v1/audit/events?"+q.Encode(), &page)
		all = append(all, page.Items...)
		if cursor = page.NextCursor; cursor == "" {
			return all
		}
	}
}

// Who did what, to what, from where, before and after; and everything that one request caused.
func TestAudit(t *testing.T) {
	t.Parallel()
	stack := harness.New(t, harness.Options{})
	stack.Connect(t, 1)
	stack.WaitCopied(t, 1)

	t.Run("a change by a member", func(t *testing.T) {
		change := map[string]string{"role": "dispatcher", "name": "Vera Moss-Hale"}
		if err := stack.As(t, "admin").Call(t.Context(), http.MethodPatch, "/api/v1/members/demo-viewer", change, nil); err != nil {
			t.Fatal(err)
		}
		found := audit(t, stack, "owner", url.Values{"member": {"demo-viewer"}, "type": {"member.role_changed"}})
		if len(found) != 1 {
			t.Fatalf("got %+v", found)
		}
		e := found[0]
		if e.Actor.Kind != "member" || e.Actor.ID != "demo-admin" || e.Actor.Name != "Ada Brook" || e.Address != "127.0.0.1" || e.CorrelationID == "" {
			t.Errorf("got %+v", e)
		}
		if got := fmt.Sprintf("%s", e.Changes); got != `[{name "Vera Moss" "Vera Moss-Hale"} {role "viewer" "dispatcher"}]` {
			t.Errorf("got the changes %s", got)
		}
		together := audit(t, stack, "owner", url.Values{"correlationId": {e.CorrelationID}})
		if !slices.ContainsFunc(together, func(x auditEntry) bool { return x.ID == e.ID }) {
			t.Errorf("what the request caused is %+v", together)
		}
		if found := audit(t, stack, "owner", url.Values{"q": {"MOSS-hale"}, "family": {"member"}}); len(found) == 0 {
			t.Error("a word of a change does not find it")
		}
	})
	t.Run("a change in Jobber", func(t *testing.T) {
		var done struct{ ID string }
		stack.Control(t, http.MethodPost, "accounts/1/visits/any/complete", nil, &done)
		var e auditEntry
		harness.Eventually(t, func() error {
			found := audit(t, stack, "owner", url.Values{"type": {"visit.completed"}})
			if len(found) == 0 {
				return fmt.Errorf("no visit was completed")
			}
			e = found[0]
			return nil
		})
		if e.Actor.Kind != "jobber" || e.Target.Collection != "visits" || e.CorrelationID == "" {
			t.Errorf("got %+v", e)
		}
		if !slices.ContainsFunc(e.Changes, func(c struct {
			Field         string
			Before, After json.RawMessage
		},
		) bool {
			return c.Field == "completedAt" && string(c.Before) == "null" && string(c.After) != "null"
		}) {
			t.Errorf("got the changes %+v", e.Changes)
		}
		if found := audit(t, stack, "owner", url.Values{"entity": {e.Target.ID}}); len(found) == 0 || found[0].Target.ID != e.Target.ID {
			t.Errorf("by its record: %+v", found)
		}
	})
	t.Run("reading is told", func(t *testing.T) {
		audit(t, stack, "admin", url.Values{"q": {"nothing like this"}})
		found := audit(t, stack, "owner", url.Values{"type": {"security.audit_read"}, "actor": {"demo-admin"}})
		if len(found) != 1 || found[0].Detail != "text nothing like this" {
			t.Errorf("got %+v", found)
		}
	})
	t.Run("events are as their schemas say", func(t *testing.T) {
		var document struct {
			Defs map[string]struct {
				ID         string `json:"$id"`
				Properties map[string]any
				Required   []string
			} `json:"$defs"`
		}
		if err := demo.Anonymous(stack.URL).Call(t.Context(), http.MethodGet, "/api/events/schema", nil, &document); err != nil {
			t.Fatal(err)
		}
		var page struct {
			Items []struct {
				Type, DataSchema string
				Data             map[string]any
			}
		}
		stack.Get(t, "owner", "/api/v1/dashboard/activity?limit=100", &page)
		if len(page.Items) == 0 {
			t.Fatal("nothing happened")
		}
		for _, e := range page.Items {
			schema := document.Defs[e.Type]
			if schema.ID == "" || schema.ID != e.DataSchema {
				t.Errorf("%s names the schema %q, its schema is %q", e.Type, e.DataSchema, schema.ID)
			}
			for _, name := range schema.Required {
				if e.Data[name] == nil {
					t.Errorf("%s has no %s: %v", e.Type, name, e.Data)
				}
			}
			for name := range e.Data {
				if schema.Properties[name] == nil {
					t.Errorf("%s has a %s, of which its schema knows nothing", e.Type, name)
				}
			}
		}
	})
	t.Run("an event is proven, by its own proof and by the whole log's", func(t *testing.T) { proven(t, stack) })
	t.Run("pages", func(t *testing.T) {
		before := time.Now().UTC().Format(time.RFC3339Nano)
		whole := audit(t, stack, "owner", url.Values{"limit": {"100"}, "to": {before}})
		small := audit(t, stack, "owner", url.Values{"limit": {"3"}, "to": {before}})
		if len(whole) < 4 || len(whole) != len(small) {
			t.Fatalf("%d by one page, %d by small ones", len(whole), len(small))
		}
		for i := range whole {
			if whole[i].ID != small[i].ID || (i > 0 && whole[i].Time.After(whole[i-1].Time)) {
				t.Errorf("%d is %s at %s, and %s by small pages", i, whole[i].ID, whole[i].Time, small[i].ID)
			}
		}
	})
	t.Run("bad input", func(t *testing.T) {
		for _, q := range []string{"family=Security", "type=x", "actor=a%2Fb", "from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z", "from=yesterday", "limit=0", "colour=red", "q=" + fmt.Sprintf("%0101d", 0)} {
			if got := statusOf(t, stack.As(t, "owner"), "/api/v1/audit/events?"+q); got != http.StatusUnprocessableEntity {
				t.Errorf("%s: %d, want 422", q, got)
			}
		}
	})
	t.Run("of another business", func(t *testing.T) {
		for _, e := range audit(t, stack, "other", url.Values{}) {
			if e.Actor.ID != "" && e.Actor.ID != "other-owner" {
				t.Errorf("got %+v", e)
			}
		}
	})
}

// proven checks the log as somebody outside does: with the public keys, and what the API gives.
func proven(t *testing.T, stack *harness.Stack) {
	t.Helper()
	res, err := demo.Anonymous(stack.URL).Do(t.Context(), http.MethodGet, "/api/events/keys", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	published, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := evidence.ParseKeys(string(published))
	if err != nil {
		t.Fatal(err)
	}
	stack.Schedule(t, "sealevents")
	var old struct{ Checkpoint string }
	stack.Get(t, "owner", "/api/v1/audit/checkpoint", &old)
	tree, err := evidence.Open(old.Checkpoint, "acc_demo", keys)
	if err != nil {
		t.Fatal(err)
	}
	newest := audit(t, stack, "owner", url.Values{"limit": {"100"}})
	stack.Schedule(t, "sealevents") // the search is in the log by now
	for _, e := range newest[1:] {
		var proof evidence.Inclusion
		stack.Get(t, "owner", "/api/v1/audit/events/"+e.ID+"/proof", &proof)
		if err := proof.Verify(keys); err != nil {
			t.Errorf("%s: %v", e.Type, err)
		}
		proof.Leaf = strings.Replace(proof.Leaf, e.Type, "visit.deleted", 1)
		if err := proof.Verify(keys); err == nil {
			t.Error("the proof holds of another event too")
		}
	}
	var onwards evidence.Consistency
	stack.Get(t, "owner", fmt.Sprintf("/api/v1/audit/consistency?size=%d", tree.N), &onwards)
	if err := onwards.Verify(old.Checkpoint, keys); err != nil || onwards.OldCheckpoint != old.Checkpoint || onwards.Checkpoint == old.Checkpoint {
		t.Errorf("from the old checkpoint to the new one: %v, %+v", err, onwards)
	}
}
