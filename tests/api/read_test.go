package api_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"fieldboard.dev/fieldboard/emulators/demo"
	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/event"
	"fieldboard.dev/fieldboard/tests/harness"
)

var lists = []string{"clients", "properties", "requests", "quotes", "jobs", "visits", "invoices", "payments", "users"}

type page struct {
	Items      []map[string]any `json:"items"`
	NextCursor string           `json:"nextCursor"`
}

// statusOf returns the status of a GET.
func statusOf(t *testing.T, client *demo.Client, path string) int {
	t.Helper()
	err := client.Call(t.Context(), http.MethodGet, path, nil, nil)
	var refused *demo.StatusError
	switch {
	case err == nil:
		return http.StatusOK
	case errors.As(err, &refused):
		return refused.Status
	}
	t.Fatal(err)
	return 0
}

// reads are the subtests of TestReading: they share one stack, since none of them disturbs another.
type reads struct{ *harness.Stack }

func TestReading(t *testing.T) {
	t.Parallel()
	stack := harness.New(t, harness.Options{Clock: clock.NewShifted(afternoon)})
	for n := range owners {
		stack.Connect(t, n)
	}
	for n := range owners {
		stack.WaitCopied(t, n)
	}
	reading := reads{stack}
	t.Run("a list is walked whole, once", reading.walkedWhole)
	t.Run("filters", reading.filtered)
	t.Run("who may read what", reading.permissions)
	t.Run("accounts stay apart", reading.apart)
	t.Run("bad input", reading.badInput)
	t.Run("an ETag saves the body", reading.revalidated)
	t.Run("activity", reading.activity)
	t.Run("the relay publishes what was left", reading.relayed)
}

// walkedWhole walks every list in each of its directions and compares with the number of records in the figures.
func (s reads) walkedWhole(t *testing.T) {
	var summary struct {
		AsOf struct {
			Sources []struct {
				Collection string
				Records    int
			}
		} `json:"asOf"`
	}
	s.Get(t, "owner", "/api/v1/dashboard/summary", &summary)
	sorts := map[string][]string{
		"clients": {"name", "-balanceCents"}, "jobs": {"-updatedAt", "startAt"}, "visits": {"startAt", "-startAt"},
		"invoices": {"-issuedDate", "dueDate"}, "payments": {"-entryDate"}, "quotes": {"sentAt"},
	}
	for _, source := range summary.AsOf.Sources {
		for _, sort := range append(sorts[source.Collection], "") {
			seen := map[string]bool{}
			path := "/api/v1/" + source.Collection + "?limit=37"
			if sort != "" {
				path += "&sort=" + sort
			}
			for cursor := ""; ; {
				var p page
				s.Get(t, "owner", path+"&cursor="+url.QueryEscape(cursor), &p)
				for _, item := range p.Items {
					id, _ := item["id"].(string)
					if seen[id] {
						t.Errorf("%s by %q shows %s twice", source.Collection, sort, id)
					}
					seen[id] = true
				}
				if cursor = p.NextCursor; cursor == "" {
					break
				}
			}
			if len(seen) != source.Records || source.Records == 0 {
				t.Errorf("%s by %q: %d records, the figures count %d", source.Collection, sort, len(seen), source.Records)
			}
		}
	}
}

func (s reads) filtered(t *testing.T) {
	all := func(path string) []map[string]any {
		t.Helper()
		var items []map[string]any
		for cursor := ""; ; {
			var p page
			s.Get(t, "owner", path+"&limit=100&cursor="+url.QueryEscape(cursor), &p)
			items = append(items, p.Items...)
			if cursor = p.NextCursor; cursor == "" {
				return items
			}
		}
	}
	for _, state := range []string{"completed", "late", "inProgress", "upcoming", "unscheduled"} {
		want := 0
		for _, v := range all("/api/v1/visits?sort=startAt") {
			if v["state"] == state {
				want++
			}
		}
		if got := len(all("/api/v1/visits?sort=startAt&status=" + state)); got != want {
			t.Errorf("%d visits by status=%s, %d by looking at all", got, state, want)
		}
	}
	for _, standing := range []string{"draft", "awaitingPayment", "pastDue", "paid", "badDebt", "voided"} {
		want := 0
		for _, i := range all("/api/v1/invoices?sort=-issuedDate") {
			if i["status"] == standing {
				want++
			}
		}
		if got := len(all("/api/v1/invoices?status=" + standing)); got != want {
			t.Errorf("%d invoices by status=%s, %d by looking at all", got, standing, want)
		}
	}
	today := all("/api/v1/visits?sort=startAt&from=2026-06-10&to=2026-06-10")
	var summary struct {
		VisitsToday struct{ Total int } `json:"visitsToday"`
	}
	s.Get(t, "owner", "/api/v1/dashboard/summary?period=today", &summary)
	if len(today) != summary.VisitsToday.Total || len(today) == 0 {
		t.Errorf("%d visits from today to today, the summary counts %d", len(today), summary.VisitsToday.Total)
	}
	client := all("/api/v1/clients?sort=name")[5]
	name, _ := client["name"].(string)
	found := all("/api/v1/jobs?q=" + url.QueryEscape(name))
	own := all("/api/v1/jobs?clientId=" + client["id"].(string))
	if len(found) < len(own) {
		t.Errorf("searching jobs for %q finds %d, the client has %d", name, len(found), len(own))
	}
}

func (s reads) permissions(t *testing.T) {
	for _, who := range []string{"owner", "admin", "dispatcher", "technician", "viewer"} {
		finance, everything := who == "owner" || who == "admin", who != "technician"
		for _, list := range lists {
			want := http.StatusOK
			if !finance && (list == "invoices" || list == "payments") || !everything && list != "visits" {
				want = http.StatusForbidden
			}
			if got := statusOf(t, s.As(t, who), "/api/v1/"+list); got != want {
				t.Errorf("%s reading %s: %d, want %d", who, list, got, want)
			}
		}
		wantSort := http.StatusOK
		if !finance {
			wantSort = http.StatusForbidden
		}
		if got := statusOf(t, s.As(t, who), "/api/v1/jobs?sort=-totalCents"); got != wantSort {
			t.Errorf("%s sorting jobs by their total: %d, want %d", who, got, wantSort)
		}
		var jobs page
		if everything {
			s.Get(t, who, "/api/v1/jobs", &jobs)
		}
		for _, j := range jobs.Items {
			if (j["totalCents"] == nil) == finance || (j["uninvoicedCents"] == nil) == finance {
				t.Errorf("%s sees a job's total as %v", who, j["totalCents"])
				break
			}
		}
	}
	for _, path := range append(lists, "dashboard/summary", "dashboard/activity", "dashboard/sync", "jobber/connection") {
		if got := statusOf(t, demo.Anonymous(s.URL), "/api/v1/"+path); got != http.StatusUnauthorized {
			t.Errorf("nobody reading %s: %d, want 401", path, got)
		}
	}
}

// apart asks for each kind of record of one account as the owner of the other.
func (s reads) apart(t *testing.T) {
	for _, list := range lists {
		var p page
		s.Get(t, "owner", "/api/v1/"+list+"?limit=1", &p)
		id, _ := p.Items[0]["id"].(string)
		if got := statusOf(t, s.As(t, "owner"), "/api/v1/"+list+"/"+id); got != http.StatusOK {
			t.Errorf("%s/%s as its owner: %d", list, id, got)
		}
		if got := statusOf(t, s.As(t, "other"), "/api/v1/"+list+"/"+id); got != http.StatusNotFound {
			t.Errorf("%s/%s as the other owner: %d, want 404", list, id, got)
		}
	}
}

func (s reads) badInput(t *testing.T) {
	owner := s.As(t, "owner")
	var invoices page
	s.Get(t, "owner", "/api/v1/invoices?limit=1", &invoices)
	for _, path := range []string{
		"jobs?limit=0", "jobs?limit=101", "jobs?limit=ten", "jobs?sort=secret", "jobs?status=none", "jobs?cursor=%00", "jobs?cursor=e30",
		"jobs?cursor=" + invoices.NextCursor, // of another list and order
		"jobs?colour=red", "jobs?q=" + strings.Repeat("x", 101), "visits?from=yesterday", "jobs?from=2026-01-01&sort=-updatedAt",
		"dashboard/summary?period=decade", "dashboard/activity?cursor=bad",
	} {
		if got := statusOf(t, owner, "/api/v1/"+path); got != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d, want 422", path, got)
		}
	}
	for _, path := range []string{"jobs/Job_0", "jobs/..%2F..%2Fmembers", "jobs/" + strings.Repeat("x", 90), "nothing"} {
		if got := statusOf(t, owner, "/api/v1/"+path); got != http.StatusNotFound {
			t.Errorf("%s: %d, want 404", path, got)
		}
	}
}

func (s reads) revalidated(t *testing.T) {
	get := func(tag string) *http.Response {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/api/v1/clients?limit=3", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+s.As(t, "owner").AccessToken)
		req.Header.Set("If-None-Match", tag)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if _, err := io.Copy(io.Discard, res.Body); err != nil {
			t.Fatal(err)
		}
		return res
	}
	first := get("")
	tag := first.Header.Get("ETag")
	if first.StatusCode != http.StatusOK || tag == "" {
		t.Fatalf("status %d, ETag %q", first.StatusCode, tag)
	}
	if again := get(tag); again.StatusCode != http.StatusNotModified {
		t.Errorf("with its ETag: %d, want 304", again.StatusCode)
	}
}

func (s reads) activity(t *testing.T) {
	s.Control(t, http.MethodPost, "accounts/1/invoices/any/pay", nil, nil)
	types := func(who string) map[string]int {
		counts := map[string]int{}
		for cursor := ""; ; {
			var p page
			s.Get(t, who, "/api/v1/dashboard/activity?limit=7&cursor="+url.QueryEscape(cursor), &p)
			for _, item := range p.Items {
				kind, _ := item["type"].(string)
				counts[kind]++
			}
			if cursor = p.NextCursor; cursor == "" {
				return counts
			}
		}
	}
	harness.Eventually(t, func() error {
		if seen := types("owner"); seen["payment.received"] == 0 || seen["invoice.paid"] == 0 || seen["sync.completed"] == 0 {
			return fmt.Errorf("the owner's activity: %v", seen)
		}
		return nil
	})
	for kind := range types("viewer") {
		if strings.HasPrefix(kind, "invoice.") || strings.HasPrefix(kind, "payment.") {
			t.Errorf("a viewer's activity has %s", kind)
		}
	}
}

// relayed stores an event whose publishing died, and waits until the relay has taken it out of the outbox.
func (s reads) relayed(t *testing.T) {
	client, err := s.Cloud.Firestore(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	left := client.Collection("accounts").Doc("acc_demo").Collection("events").Doc("left-behind")
	_, err = left.Create(t.Context(), map[string]any{
		"type": event.SyncCompleted, "audience": "operations", "time": s.Clock.Now().Add(-time.Hour), "pending": true,
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Schedule(t, "relay")
	snap, err := left.Get(context.WithoutCancel(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	if pending, there := snap.Data()["pending"]; there {
		t.Errorf("pending is still %v", pending)
	}
}
