package security_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"fieldboard.dev/fieldboard/emulators/demo"
	"fieldboard.dev/fieldboard/tests/harness"
)

// bodies are good ones for the operations on a thing that take one: what is refused is refused for the thing.
var bodies = map[string]string{
	"change-member": `{"name":"x"}`, "name-session": `{"name":"x"}`, "rotate-api-key": `{}`, "change-schedule": `{"name":"x"}`,
	"edit-task": `{"payload":{}}`,
}

// belongings are ids of an account's things, by the path that leads to them.
type belongings map[string]string

// Every operation on a thing × every role that may call it × whose the thing is. Of another business it is answered as what does
// not exist, and nothing changes; of another team too, where a role sees its team's alone; of one's own it is there.
func TestWhoseThingsOneReaches(t *testing.T) {
	t.Parallel()
	stack := harness.New(t, harness.Options{})
	for n := 1; n <= 2; n++ {
		stack.Connect(t, n)
	}
	for n := 1; n <= 2; n++ {
		stack.WaitCopied(t, n)
	}
	if _, err := stack.As(t, "owner").LinkTechnician(t.Context(), "demo-technician"); err != nil {
		t.Fatal(err)
	}
	callers := map[string]string{"key": makeKey(t, stack, "owner",
		`{"name":"x","permissions":["summary:read","record:read","finance:read","sync:manage","member:read","security:read","batch:run","report:read","report:make","task:read"]}`).Secret}
	for _, role := range strings.Fields(everyone) {
		callers[role] = stack.As(t, role).AccessToken
	}
	own, others := belongingsOf(t, stack, "owner", "demo-viewer"), belongingsOf(t, stack, "other", "other-owner")
	team, otherTeams := teams(t, stack)
	stack.Schedule(t, "sealevents") // an event has a proof from then on

	// The copies are complete and every caller has asked once, so that nothing else changes what is stored from here on.
	for _, token := range callers {
		try(t, stack, attempt{path: "/api/v1/dashboard/sync", token: token})
	}
	before := stored(t, stack)
	asked := 0
	for _, o := range stack.Operations() {
		collection, rest, onThing := strings.Cut(o.Path, "/{id}")
		if !onThing {
			continue
		}
		if o.Body && bodies[o.ID] == "" {
			t.Errorf("%s takes a body: write a good one down", o.ID)
		}
		ask := func(caller, id, sid string) result {
			path := collection + "/" + url.PathEscape(id) + strings.Replace(rest, "{sid}", sid, 1)
			return try(t, stack, attempt{name: o.ID, method: o.Method, path: path, token: callers[caller], body: bodies[o.ID]})
		}
		theirs, known := others[collection]
		if !known {
			t.Errorf("%s is on a thing of %s: say where to find one", o.ID, collection)
			continue
		}
		for caller := range callers {
			if !slices.Contains(strings.Fields(mayCall[o.ID]), caller) {
				continue
			}
			asked++
			if got := ask(caller, theirs, others["sid"]); got.status != http.StatusNotFound {
				t.Errorf("%s, the %s, another business's: got %d %.200s, want 404", o.ID, caller, got.status, got.body)
			} else {
				sameAnswer(t, o.ID+" of another business", got, ask(caller, "nobody", strings.Repeat("0", 32)))
			}
			if rest != "" && strings.Contains(rest, "{sid}") {
				if got := ask(caller, own[collection], others["sid"]); got.status != http.StatusNotFound {
					t.Errorf("%s, the %s, one's own member and another's session: got %d %.200s, want 404", o.ID, caller, got.status, got.body)
				}
			}
			if o.Method != http.MethodGet {
				continue
			}
			mine := own[collection]
			if o.Narrowed && caller == "technician" {
				mine = team[collection]
				if got := ask(caller, otherTeams[collection], ""); got.status != http.StatusNotFound {
					t.Errorf("%s, the %s, another team's: got %d %.200s, want 404", o.ID, caller, got.status, got.body)
				}
			}
			if got := ask(caller, mine, ""); got.status != http.StatusOK {
				t.Errorf("%s, the %s, their own: got %d %.200s, want 200", o.ID, caller, got.status, got.body)
			}
		}
	}
	if asked == 0 {
		t.Error("no operation is on a thing")
	}
	t.Logf("%d operations by callers, each with a thing of another business", asked)
	leftAlone(t, stack, before)
}

func belongingsOf(t *testing.T, stack *harness.Stack, owner, member string) belongings {
	t.Helper()
	b := belongings{members: member}
	for _, collection := range []string{"clients", "properties", "requests", "quotes", "jobs", "visits", "invoices", "payments", "users"} {
		b["/api/v1/"+collection] = firstOf(t, stack.As(t, owner), "/api/v1/"+collection)
	}
	b[keys] = makeKey(t, stack, owner, `{"name":"x","permissions":["record:read"]}`).Key.ID
	var invited struct{ ID string }
	ask := map[string]string{"email": "new@" + owner + ".example.test", "role": "viewer"}
	if err := stack.As(t, owner).Call(t.Context(), http.MethodPost, invitations, ask, &invited); err != nil {
		t.Fatal(err)
	}
	b[invitations] = invited.ID
	b["/api/v1/schedules"] = scheduleOf(t, stack, owner)
	b["/api/v1/sessions"] = firstOf(t, stack.As(t, owner), "/api/v1/sessions")
	b["/api/v1/audit/events"] = firstOf(t, stack.As(t, owner), "/api/v1/audit/events")
	b["sid"] = b["/api/v1/sessions"]
	connect(t, stack, stack.As(t, owner).AccessToken)
	b["/api/v1/live/connections"] = firstOf(t, stack.As(t, owner), "/api/v1/live/connections")
	b["/api/v1/live/members"] = member
	for path, ask := range map[string]any{
		"replays":  map[string]any{"consumer": "realtime", "types": []string{"job.closed"}, "from": "2026-01-01T00:00:00Z", "to": "2026-01-02T00:00:00Z"},
		"erasures": map[string]string{"member": "nobody-" + owner, "reason": "x"},
	} {
		var made struct {
			ID   string
			Task struct{ ID string }
		}
		path = "/api/v1/audit/" + path
		if err := stack.As(t, owner).Call(t.Context(), http.MethodPost, path, ask, &made); err != nil {
			t.Fatal(err)
		}
		b[path] = made.ID + made.Task.ID
	}
	for _, path := range []string{"/api/v1/audit/erasures", "/api/v1/audit/replays"} { // an erasure ends with the removal of exports
		finish(t, stack, owner, path+"/"+b[path])
	}
	var batch struct{ ID string }
	archive := map[string]any{"action": "clients.archive", "ids": []string{b["/api/v1/clients"]}}
	if err := stack.As(t, owner).Call(t.Context(), http.MethodPost, "/api/v1/batches", archive, &batch); err != nil {
		t.Fatal(err)
	}
	b["/api/v1/batches"] = batch.ID
	var made struct{ ID string }
	if err := stack.As(t, owner).Call(t.Context(), http.MethodPost, "/api/v1/audit/exports", map[string]string{"format": "csv"}, &made); err != nil {
		t.Fatal(err)
	}
	b["/api/v1/audit/exports"] = made.ID
	finish(t, stack, owner, "/api/v1/audit/exports/"+made.ID)
	report := map[string]string{"kind": "crew", "grouping": "team", "format": "csv", "period": "mtd"} // without amounts, so that all see it
	if err := stack.As(t, owner).Call(t.Context(), http.MethodPost, reports, report, &made); err != nil {
		t.Fatal(err)
	}
	b[reports] = made.ID
	finish(t, stack, owner, reports+"/"+made.ID)
	b["/api/v1/tasks"] = made.ID // which makes the report
	finish(t, stack, owner, "/api/v1/tasks/"+made.ID)
	return b
}

// scheduleOf stores a schedule of an account: what can be asked for by the calendar is not what this test is about.
func scheduleOf(t *testing.T, stack *harness.Stack, owner string) string {
	t.Helper()
	client, err := stack.Cloud.Firestore(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var me struct{ Account struct{ ID string } }
	stack.Get(t, owner, "/api/v1/me", &me)
	ref := client.Collection("accounts").Doc(me.Account.ID).Collection("schedules").Doc("schedule-" + owner)
	_, err = ref.Create(t.Context(), map[string]any{
		"name": "x", "action": "none", "order": "{}", "cron": "0 8 * * 1", "zone": "UTC", "missed": "skip", "paused": true, "by": "x", "createdAt": stack.Clock.Now(),
	})
	if err != nil {
		t.Fatal(err)
	}
	return ref.ID
}

// finish waits until a task of the audit log is done.
func finish(t *testing.T, stack *harness.Stack, who, path string) {
	t.Helper()
	harness.Eventually(t, func() error {
		var task struct{ State string }
		stack.Get(t, who, path, &task)
		if task.State != "done" {
			return fmt.Errorf("%s is %s", path, task.State)
		}
		return nil
	})
}

func firstOf(t *testing.T, as *demo.Client, path string) string {
	t.Helper()
	var page struct{ Items []struct{ ID string } }
	if err := as.Call(t.Context(), http.MethodGet, path+"?limit=1", nil, &page); err != nil {
		t.Fatal(err)
	}
	if len(page.Items) == 0 {
		t.Fatalf("%s is empty", path)
	}
	return page.Items[0].ID
}

// teams returns things of the technician's team, and of other teams alone.
func teams(t *testing.T, stack *harness.Stack) (team, others belongings) {
	t.Helper()
	type visit struct{ ID, JobID, ClientID, PropertyID string }
	visits := func(who string) []visit {
		var all []visit
		for cursor := ""; ; {
			var page struct {
				Items      []visit
				NextCursor string
			}
			stack.Get(t, who, "/api/v1/visits?limit=100&cursor="+url.QueryEscape(cursor), &page)
			all = append(all, page.Items...)
			if cursor = page.NextCursor; cursor == "" {
				return all
			}
		}
	}
	reached := map[string]bool{}
	things := func(v visit) belongings {
		return belongings{"/api/v1/visits": v.ID, "/api/v1/jobs": v.JobID, "/api/v1/clients": v.ClientID, "/api/v1/properties": v.PropertyID}
	}
	for _, v := range visits("technician") {
		if team == nil {
			team = things(v)
		}
		for id := range maps.Values(things(v)) {
			reached[id] = true
		}
	}
	others = belongings{}
	for _, v := range visits("owner") {
		for path, id := range things(v) {
			if !reached[id] {
				others[path] = id
			}
		}
	}
	if team == nil || len(others) != 4 {
		text, err := json.Marshal(others)
		t.Fatal(fmt.Errorf("too small a business to tell teams apart: %v %s %w", team, text, err))
	}
	return team, others
}
