package jobber_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	emulated "fieldboard.dev/fieldboard/emulators/jobber"
	"fieldboard.dev/fieldboard/shared/jobber"
)

func hide(b *bench, typ, field string) {
	b.t.Helper()
	b.control("faults", map[string]any{"kind": "hide", "probability": 1, "type": typ, "field": field})
}

func TestAHiddenFieldIsNotNull(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		typ, field   string
		path, intact string
	}{
		"one that may be null":             {"Invoice", "dueDate", "dueDate", "amounts.total"},
		"one whose object goes along":      {"InvoiceAmounts", "total", "amounts.total", "dueDate"},
		"the rest of the object that went": {"InvoiceAmounts", "total", "amounts.invoiceBalance", "dueDate"},
		"a reference":                      {"Invoice", "client", "client", "amounts"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			api := b.connected()
			hide(b, tt.typ, tt.field)
			page, err := api.Invoices(t.Context(), account, jobber.PageRequest{First: 5})
			if err != nil {
				t.Fatal(err)
			}
			if len(page.Items) != 5 || page.HiddenItems != 0 || len(page.Hidden) == 0 {
				t.Fatalf("%d items, %d hidden, %d errors", len(page.Items), page.HiddenItems, len(page.Hidden))
			}
			found, err := api.Invoice(t.Context(), account, page.Items[0].ID)
			if err != nil {
				t.Fatal(err)
			}
			for _, i := range append(page.Items, found.Item) {
				if !i.Hidden.Has(tt.path) || i.Hidden.Has(tt.intact) {
					t.Errorf("hidden %v: want %s and not %s", i.Hidden, tt.path, tt.intact)
				}
			}
		})
	}
}

func TestAHiddenRecordIsNotGone(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	api := b.connected()
	ctx := t.Context()
	visible, err := api.Quotes(ctx, account, jobber.PageRequest{First: 5})
	if err != nil {
		t.Fatal(err)
	}
	hide(b, "Quote", "")
	page, err := api.Quotes(ctx, account, jobber.PageRequest{First: 5})
	if err != nil {
		t.Fatal(err)
	}
	if page.HiddenItems != 5 || len(page.Items) != 0 || !page.HasNext || page.NextCursor == "" {
		t.Errorf("%d hidden, %d items, more %v: want 5 hidden ones and to go on", page.HiddenItems, len(page.Items), page.HasNext)
	}
	if _, err := api.Quote(ctx, account, visible.Items[0].ID); jobber.KindOf(err) != jobber.HiddenByPermission {
		t.Errorf("alone: error %v, want kind %s", err, jobber.HiddenByPermission)
	}
}

func TestACollectionThatMayNotBeReadIsAnError(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	api := b.connected()
	ctx := t.Context()
	hide(b, "Query", "jobs")
	hide(b, "Job", "visits")
	if _, err := api.Jobs(ctx, account, jobber.PageRequest{}); jobber.KindOf(err) != jobber.HiddenByPermission {
		t.Errorf("error %v, want kind %s", err, jobber.HiddenByPermission)
	}
	visits, err := api.Visits(ctx, account, jobber.PageRequest{First: 1})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := api.JobVisits(ctx, account, visits.Items[0].JobID, jobber.PageRequest{}); jobber.KindOf(err) != jobber.HiddenByPermission {
		t.Errorf("a job's visits: error %v, want kind %s", err, jobber.HiddenByPermission)
	}
	counts, err := api.Counts(ctx, account)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := counts[jobber.Jobs]; ok || counts[jobber.Clients] == 0 {
		t.Errorf("counts %v, want those of all but jobs", counts)
	}
}

func TestWhatIsGoneIsNotFound(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	api := b.connected()
	ctx := t.Context()
	const id = "Z2lkOi8vSm9iYmVyL0pvYi85OTk5OTk5OTk="
	job, err := api.Job(ctx, account, id)
	if err != nil || job.Found {
		t.Errorf("job: found %v, error %v", job.Found, err)
	}
	if _, found, err := api.JobVisits(ctx, account, id, jobber.PageRequest{}); err != nil || found {
		t.Errorf("its visits: found %v, error %v", found, err)
	}
	if _, err := api.Job(ctx, account, "no id"); jobber.KindOf(err) != jobber.Refused {
		t.Errorf("an id that is none: error %v, want kind %s", err, jobber.Refused)
	}
}

func TestJobberDownForAMoment(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	api := b.connected()
	b.control("faults", map[string]any{"kind": "500", "count": 3})
	if _, err := api.Clients(t.Context(), account, jobber.PageRequest{First: 10}); err != nil {
		t.Errorf("three failures: %v", err)
	}
	b.control("faults", map[string]any{"kind": "500", "count": 4})
	_, err := api.Clients(t.Context(), account, jobber.PageRequest{First: 10})
	if jobber.KindOf(err) != jobber.Transient {
		t.Errorf("four failures: error %v, want kind %s", err, jobber.Transient)
	}
	if _, ok := jobber.RetryAfter(err); !ok {
		t.Error("it does not say that another attempt may help")
	}
}

func TestThrottledAnyway(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	api := b.connected()
	ctx := t.Context()
	if _, err := api.Clients(ctx, account, jobber.PageRequest{}); err != nil { // learn the bucket
		t.Fatal(err)
	}
	b.control("faults", map[string]any{"kind": "throttle", "count": 2}) // somebody else spent all points
	before := b.clock.Now()
	page, err := api.Clients(ctx, account, jobber.PageRequest{})
	if err != nil {
		t.Fatal(err)
	}
	waited, least := b.clock.Now().Sub(before), time.Duration(page.Cost.Requested/page.Cost.RestoreRate*float64(time.Second))
	if waited < least {
		t.Errorf("waited %v, want at least %v, until the points are back", waited, least)
	}
	if s := b.stats(); s.Throttled != 2 {
		t.Errorf("%d throttled, want only the 2 that nobody could foresee", s.Throttled)
	}
	spent, err := api.Spent(ctx, account)
	if err != nil {
		t.Fatal(err)
	}
	if spent.Throttled != 2 || spent.Points == 0 || spent.Requests == 0 {
		t.Errorf("spent %+v, want 2 throttled", spent)
	}
}

func TestTheRequestLimiter(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.connected()
	ctx := t.Context()
	for name, tt := range map[string]struct {
		header string
		least  time.Duration
	}{
		"with Retry-After":   {"37", 37 * time.Second},
		"without":            {"", 15 * time.Second},
		"with one that lies": {"soon", 15 * time.Second},
	} {
		limited := 1
		api := b.api(through(func(r *http.Request, rt http.RoundTripper) (*http.Response, error) {
			if limited == 0 {
				return rt.RoundTrip(r)
			}
			limited--
			resp := respond(http.StatusTooManyRequests, "Retry later")
			if tt.header != "" {
				resp.Header.Set("Retry-After", tt.header)
			}
			return resp, nil
		}))
		before := b.clock.Now()
		if _, err := api.Account(ctx, account); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if waited := b.clock.Now().Sub(before); waited < tt.least || waited > tt.least+2*time.Second {
			t.Errorf("%s: waited %v, want %v", name, waited, tt.least)
		}
	}
}

func TestAWaitPastTheDeadlineIsNotBegun(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	api := b.connected()
	if _, err := api.Clients(t.Context(), account, jobber.PageRequest{}); err != nil {
		t.Fatal(err)
	}
	limited := b.api(through(func(*http.Request, http.RoundTripper) (*http.Response, error) {
		resp := respond(http.StatusTooManyRequests, "")
		resp.Header.Set("Retry-After", "900")
		return resp, nil
	}))
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	_, err := limited.Account(ctx, account)
	if jobber.KindOf(err) != jobber.Wait {
		t.Fatalf("error %v, want kind %s", err, jobber.Wait)
	}
	if d, ok := jobber.RetryAfter(err); !ok || d < 800*time.Second {
		t.Errorf("retry after %v, %v; want about 900 s", d, ok)
	}
	before := b.stats().Requests
	if _, err := api.Account(ctx, account); jobber.KindOf(err) != jobber.Wait {
		t.Errorf("another instance: error %v, want kind %s", err, jobber.Wait)
	}
	if after := b.stats().Requests; after != before {
		t.Error("a request was sent while the account is blocked")
	}
}

func TestReplies(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.connected()
	for name, tt := range map[string]struct {
		status int
		body   string
		want   jobber.Kind
	}{
		"no JSON":              {200, "<html>", jobber.Transient},
		"unavailable":          {200, `{"message":"Service temporarily unavailable"}`, jobber.Transient},
		"an unknown version":   {404, `{"message":"GraphQL API version '2026-05-12' does not exist"}`, jobber.VersionRefused},
		"an undefined field":   {200, `{"errors":[{"message":"Field 'x' doesn't exist on type 'Client'","extensions":{"code":"undefinedField"}}]}`, jobber.Refused},
		"hidden without data":  {200, `{"data":null,"errors":[{"message":"The field client on an object of type Query was hidden due to permissions","path":["client"]}]}`, jobber.HiddenByPermission},
		"an internal error":    {200, `{"errors":[{"message":"Internal server error"}]}`, jobber.Transient},
		"unprocessable":        {422, `{"message":"no"}`, jobber.Refused},
		"another shape":        {200, `{"data":{"client":[1]}}`, jobber.Refused},
		"an error out of data": {200, `{"data":{"client":null},"errors":[{"message":"hidden","path":["client",7]}]}`, jobber.HiddenByPermission},
		"too expensive": {200, `{"errors":[{"message":"Throttled","extensions":{"code":"THROTTLED"}}],"extensions":{"cost":{"requestedQueryCost":10001,"actualQueryCost":0,
			"throttleStatus":{"maximumAvailable":10000,"currentlyAvailable":10000,"restoreRate":500}}}}`, jobber.TooExpensive},
	} {
		api := b.api(through(func(*http.Request, http.RoundTripper) (*http.Response, error) {
			return respond(tt.status, tt.body), nil
		}),
			func(o *jobber.Options) { o.Budget = free{} })
		if _, err := api.Client(t.Context(), account, "MQ=="); jobber.KindOf(err) != tt.want {
			t.Errorf("%s: error %v, want kind %s", name, err, tt.want)
		}
	}
	gone := b.api(through(func(*http.Request, http.RoundTripper) (*http.Response, error) {
		return respond(200, `{"data":null,"errors":[{"message":"Client not found","path":["client"]}]}`), nil
	}), func(o *jobber.Options) { o.Budget = free{} })
	if found, err := gone.Client(t.Context(), account, "MQ=="); err != nil || found.Found {
		t.Errorf("not found in an error: found %v, error %v", found.Found, err)
	}
	huge := b.api(through(func(*http.Request, http.RoundTripper) (*http.Response, error) {
		resp := respond(200, "")
		resp.Body = io.NopCloser(io.LimitReader(endless{}, 1<<30))
		return resp, nil
	}), func(o *jobber.Options) { o.Budget = free{} })
	if _, err := huge.Client(t.Context(), account, "MQ=="); jobber.KindOf(err) != jobber.Transient {
		t.Errorf("a reply without end: error %v, want kind %s", err, jobber.Transient)
	}
}

func TestAnInactiveAccountBreaksTheConnection(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.connected()
	api := b.api(through(func(*http.Request, http.RoundTripper) (*http.Response, error) {
		return respond(http.StatusForbidden, `{"error":{"message":"This account is not active"}}`), nil
	}))
	if _, err := api.Account(t.Context(), account); jobber.KindOf(err) != jobber.Unauthenticated {
		t.Errorf("error %v, want kind %s", err, jobber.Unauthenticated)
	}
	connection, err := b.store.Connection(t.Context(), account)
	if err != nil || connection.State != jobber.StateBroken || !strings.Contains(connection.Reason, "not active") {
		t.Errorf("connection %+v, %v; want broken because the account is not active", connection, err)
	}
}

func TestThePageFitsTheBucket(t *testing.T) {
	t.Parallel()
	for _, bucket := range []int{80, 700, 2000} {
		t.Run(fmt.Sprint(bucket), func(t *testing.T) {
			t.Parallel()
			b := newBench(t, func(o *emulated.Options) { o.Bucket, o.RestoreRate = bucket, max(1, bucket/20) })
			api := b.connected()
			page, err := api.Clients(t.Context(), account, jobber.PageRequest{})
			if err != nil {
				t.Fatal(err)
			}
			second, err := api.Clients(t.Context(), account, jobber.PageRequest{After: page.NextCursor})
			if err != nil {
				t.Fatal(err)
			}
			if p := second.Cost; p.Requested > p.MaximumAvailable || p.Requested < p.MaximumAvailable*0.9-40 {
				t.Errorf("a page of %d asked for %v of %v points; want nearly all of them", len(second.Items), p.Requested, p.MaximumAvailable)
			}
			if s := b.stats(); s.Throttled != 0 {
				t.Errorf("%d throttled, want none", s.Throttled)
			}
			if _, err := api.Clients(t.Context(), account, jobber.PageRequest{First: 100}); jobber.KindOf(err) != jobber.TooExpensive {
				t.Errorf("a page of 100 that was insisted on: error %v, want kind %s", err, jobber.TooExpensive)
			}
		})
	}
}

// respond makes a response of Jobber.
func respond(status int, body string) *http.Response {
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

// free is a budget without bounds.
type free struct{}

func (free) Reserve(context.Context, jobber.Ask) (jobber.Decision, error) {
	return jobber.Decision{Verdict: jobber.Go}, nil
}
func (free) Settle(context.Context, jobber.Receipt) error { return nil }
func (free) Leave(context.Context, string, string) error  { return nil }
func (free) Spent(context.Context, string) (jobber.Spent, error) {
	return jobber.Spent{}, errors.New("nobody counts")
}
