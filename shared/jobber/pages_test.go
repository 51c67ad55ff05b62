package jobber_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fieldboard.dev/fieldboard/shared/jobber"
)

// readAll reads a collection to its end.
func readAll[T any](t *testing.T, page func(context.Context, string, jobber.PageRequest) (jobber.Page[T], error), req jobber.PageRequest) []T {
	t.Helper()
	var all []T
	for {
		p, err := page(t.Context(), account, req)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p.Items...)
		if !p.HasNext {
			return all
		}
		req.After = p.NextCursor
	}
}

func TestEveryCollectionIsReadWhole(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	api := b.connected()

	got := map[string]int{
		"users":      len(readAll(t, api.Users, jobber.PageRequest{})),
		"clients":    len(readAll(t, api.Clients, jobber.PageRequest{})),
		"properties": len(readAll(t, api.Properties, jobber.PageRequest{})),
		"requests":   len(readAll(t, api.Requests, jobber.PageRequest{})),
		"quotes":     len(readAll(t, api.Quotes, jobber.PageRequest{})),
		"jobs":       len(readAll(t, api.Jobs, jobber.PageRequest{First: 7})),
		"visits":     len(readAll(t, api.Visits, jobber.PageRequest{})),
		"invoices":   len(readAll(t, api.Invoices, jobber.PageRequest{})),
		"payments":   len(readAll(t, api.Payments, jobber.PageRequest{})),
	}
	if diff := cmp.Diff(b.stats().Records, got); diff != "" {
		t.Errorf("records read (-Jobber's +read):\n%s", diff)
	}

	counts, err := api.Counts(t.Context(), account)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range jobber.Collections {
		ids := readAll(t, func(ctx context.Context, a string, r jobber.PageRequest) (jobber.Page[string], error) {
			return api.IDs(ctx, a, c, r)
		}, jobber.PageRequest{})
		if len(ids) != got[string(c)] || counts[c] != got[string(c)] {
			t.Errorf("%s: %d ids, %d counted, %d records", c, len(ids), counts[c], got[string(c)])
		}
	}
	if s := b.stats(); s.Throttled != 0 || s.Refused != 0 {
		t.Errorf("%d queries throttled, %d refused; want none", s.Throttled, s.Refused)
	}
}

func TestARecordReadsTheSameAloneAndInAPage(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	api := b.connected()
	ctx := t.Context()

	visits := readAll(t, api.Visits, jobber.PageRequest{})
	for _, v := range []jobber.Visit{visits[0], visits[len(visits)-1]} {
		found, err := api.Visit(ctx, account, v.ID)
		if err != nil || !found.Found {
			t.Fatalf("visit %s: found %v, error %v", v.ID, found.Found, err)
		}
		if diff := cmp.Diff(v, found.Item); diff != "" {
			t.Errorf("visit (-page +alone):\n%s", diff)
		}
		if v.JobID == "" || v.ClientID == "" || v.PropertyID == "" || v.CreatedAt.IsZero() {
			t.Errorf("visit lacks a reference or its creation: %+v", v)
		}
		siblings, found2, err := api.JobVisits(ctx, account, v.JobID, jobber.PageRequest{})
		if err != nil || !found2 || len(siblings.Items) == 0 {
			t.Errorf("visits of job %s: %d, found %v, error %v", v.JobID, len(siblings.Items), found2, err)
		}
	}
	clients := readAll(t, api.Clients, jobber.PageRequest{})
	one, err := api.Client(ctx, account, clients[3].ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(clients[3], one.Item); diff != "" {
		t.Errorf("client (-page +alone):\n%s", diff)
	}
	payments := readAll(t, api.Payments, jobber.PageRequest{})
	payment, err := api.Payment(ctx, account, payments[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(payments[0], payment.Item); diff != "" {
		t.Errorf("payment (-page +alone):\n%s", diff)
	}
	invoices := readAll(t, api.Invoices, jobber.PageRequest{})
	jobs, found, err := api.InvoiceJobs(ctx, account, invoices[0].ID)
	if err != nil || !found || len(jobs) == 0 {
		t.Errorf("jobs of an invoice: %v, found %v, error %v", jobs, found, err)
	}
	crews := map[string]int{}
	for _, u := range readAll(t, api.Users, jobber.PageRequest{}) {
		crews[u.Crew]++
	}
	if len(crews) < 3 {
		t.Errorf("crews %v, want several", crews)
	}
}

func TestFilters(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	api := b.connected()
	ctx := t.Context()

	since := start.AddDate(0, 0, -30)
	recent := readAll(t, api.Invoices, jobber.PageRequest{Updated: jobber.Range{After: since}})
	all := readAll(t, api.Invoices, jobber.PageRequest{})
	want := 0
	for _, i := range all {
		if !i.UpdatedAt.Before(since) {
			want++
		}
	}
	if len(recent) != want || want == 0 || want == len(all) {
		t.Errorf("%d invoices updated in 30 days, want %d of %d", len(recent), want, len(all))
	}
	jobs, err := api.Jobs(ctx, account, jobber.PageRequest{NewestFirst: true, First: 20})
	if err != nil {
		t.Fatal(err)
	}
	for i := 1; i < len(jobs.Items); i++ {
		if jobs.Items[i].UpdatedAt.After(jobs.Items[i-1].UpdatedAt) {
			t.Fatal("jobs are not most recently updated first")
		}
	}
	visits, err := api.Visits(ctx, account, jobber.PageRequest{First: 5})
	if err != nil {
		t.Fatal(err)
	}
	ids, err := api.IDs(ctx, account, jobber.Visits, jobber.PageRequest{IDs: []string{visits.Items[1].ID, visits.Items[4].ID}})
	if err != nil {
		t.Fatal(err)
	}
	if len(ids.Items) != 2 {
		t.Errorf("ids filter gave %v", ids.Items)
	}
	quotes := readAll(t, api.Quotes, jobber.PageRequest{})
	ofClient := readAll(t, api.Quotes, jobber.PageRequest{ClientID: quotes[0].ClientID})
	for _, q := range ofClient {
		if q.ClientID != quotes[0].ClientID {
			t.Errorf("quote %s is of another client", q.ID)
		}
	}
	entered := readAll(t, api.Payments, jobber.PageRequest{Entered: jobber.Range{After: since, Before: start}})
	for _, p := range entered {
		if p.EntryDate.Before(since) || p.EntryDate.After(start) {
			t.Errorf("payment of %v is outside the range", p.EntryDate)
		}
	}
}

func TestAFilterThatIsNotOfferedIsAMisuse(t *testing.T) {
	t.Parallel()
	api := jobber.NewAPI(jobber.Options{})
	for name, call := range map[string]func() error{
		"jobs by update": func() error {
			_, err := api.Jobs(t.Context(), account, jobber.PageRequest{Updated: jobber.Range{After: start}})
			return err
		},
		"visits by client": func() error {
			_, err := api.Visits(t.Context(), account, jobber.PageRequest{ClientID: "x"})
			return err
		},
		"101 records": func() error { _, err := api.Users(t.Context(), account, jobber.PageRequest{First: 101}); return err },
		"no ids": func() error {
			_, err := api.Jobs(t.Context(), account, jobber.PageRequest{IDs: []string{}})
			return err
		},
		"users newest first": func() error {
			_, err := api.IDs(t.Context(), account, jobber.Users, jobber.PageRequest{NewestFirst: true})
			return err
		},
	} {
		if got := jobber.KindOf(call()); got != jobber.Misuse {
			t.Errorf("%s: kind %q, want %q", name, got, jobber.Misuse)
		}
	}
}

func TestFetchedAtIsBeforeTheRequest(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.connected()
	api := b.api(through(func(r *http.Request, rt http.RoundTripper) (*http.Response, error) {
		b.clock.Advance(3 * time.Second)
		return rt.RoundTrip(r)
	}))
	before := b.clock.Now()
	found, err := api.User(t.Context(), account, "Z2lkOi8vSm9iYmVyL1VzZXIvOTk5OTk5OTk")
	if err != nil || found.Found {
		t.Fatalf("found %v, error %v; want neither", found.Found, err)
	}
	if !found.FetchedAt.Equal(before) {
		t.Errorf("fetched at %v, want the time before the request, %v", found.FetchedAt, before)
	}
}
