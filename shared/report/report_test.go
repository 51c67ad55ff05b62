package report

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"
	"cloud.google.com/go/storage"
	"github.com/google/go-cmp/cmp"
	"github.com/sethvargo/go-envconfig"
	"google.golang.org/api/iterator"

	"fieldboard.dev/fieldboard/shared/account"
	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/event"
	"fieldboard.dev/fieldboard/shared/httpapi"
	"fieldboard.dev/fieldboard/shared/instance"
	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/shared/record"
	"fieldboard.dev/fieldboard/shared/rollup"
	"fieldboard.dev/fieldboard/shared/task"
	"fieldboard.dev/fieldboard/tests/emulator"
)

const business = "acc_test1"

// now is a moment at which the account's month has begun and UTC's day is the next.
var now = time.Date(2026, time.March, 18, 1, 30, 0, 0, time.UTC)

// place is everything that reports need, with a worker that Cloud Tasks delivers to.
type place struct {
	reports *Reports
	maker   *Maker
	records *record.Store
	figures *rollup.Store
	bucket  *storage.BucketHandle
	in      *instance.Instance
}

func newPlace(tb testing.TB, clk clock.Clock) *place {
	tb.Helper()
	emulator.Firestore(tb)
	emulator.PubSub(tb)
	emulator.Storage(tb)
	p := &place{}
	var worker *task.Worker
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var token task.Token
		if err := json.NewDecoder(r.Body).Decode(&token); err != nil {
			tb.Errorf("a delivery that is no token: %v", err)
		}
		if err := worker.Work(r.Context(), token, false); err != nil && r.Context().Err() == nil {
			tb.Errorf("work: %v", err)
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	bucket := "bucket-" + emulator.Project(tb)
	in, err := instance.New(tb.Context(), envconfig.MapLookuper(map[string]string{
		"GOOGLE_CLOUD_PROJECT": emulator.Project(tb), "REDIS_URL": emulator.Redis(tb), "REDIS_PREFIX": emulator.Prefix(tb),
		"CLOUD_TASKS_EMULATOR_HOST": emulator.Tasks(tb), "TASK_WORKERS": Queue + "=" + server.URL, "TASKS_INVOKER": "invoker@demo.iam.gserviceaccount.com",
		"REPORTS_BUCKET": bucket, "EXPORTS_BUCKET": bucket, "PUBLIC_URL": "https://app.example",
		"REPORT_LINK_KEY": base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32)),
	}), clk, slog.New(slog.DiscardHandler))
	if err != nil {
		tb.Fatal(err)
	}
	p.in = in
	tb.Cleanup(func() {
		if err := in.Cloud.Close(); err != nil {
			tb.Error(err)
		}
	})
	tb.Cleanup(server.Close) // before the clients, which its last deliveries use
	ctx := tb.Context()
	if p.reports, err = New(ctx, in); err != nil {
		tb.Fatal(err)
	}
	if p.maker, err = NewMaker(ctx, in); err != nil {
		tb.Fatal(err)
	}
	worker = task.NewWorker(p.reports.engine, Queue)
	if err := task.Handle(worker, Making, func(ctx context.Context, run *task.Run, o Order) error { return p.maker.Make(ctx, run, o) }); err != nil {
		tb.Fatal(err)
	}
	p.records, p.figures = p.maker.records, p.maker.figures
	files, err := in.Cloud.Storage(ctx)
	if err != nil {
		tb.Fatal(err)
	}
	p.bucket = files.Bucket(bucket)
	if err := p.bucket.Create(ctx, in.Cloud.Config().Project, nil); err != nil {
		tb.Fatal(err)
	}
	queues, err := in.Cloud.Tasks(ctx)
	if err != nil {
		tb.Fatal(err)
	}
	parent := "projects/" + in.Cloud.Config().Project + "/locations/us-central1"
	if _, err := queues.CreateQueue(ctx, &cloudtaskspb.CreateQueueRequest{Parent: parent, Queue: &cloudtaskspb.Queue{
		Name: parent + "/queues/" + Queue, RateLimits: &cloudtaskspb.RateLimits{MaxDispatchesPerSecond: 200, MaxConcurrentDispatches: 4},
	}}); err != nil {
		tb.Fatal(err)
	}
	_, err = account.NewStore(in.Cloud, clk).Create(ctx, account.Account{
		ID: business, Name: "Alder Creek", Currency: "USD", TimeZone: "America/Denver", CreatedAt: now, Plan: account.StandardPlan, Settings: account.DefaultSettings,
	}, account.Member{UserID: "owner", Email: "owner@example.test", Name: "Owner", Role: account.Owner, Status: account.Active})
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

func as(role account.Role) httpapi.Principal {
	return httpapi.Principal{UserID: string(role), AccountID: business, Role: role, Grants: account.GrantsOf(role)}
}

// fill stores some of everything around now, by chance of a seed.
func (p *place) fill(tb testing.TB, seed uint64, records int) {
	tb.Helper()
	r := rand.New(rand.NewPCG(seed, 9))
	day := func() *time.Time {
		at := now.Add(time.Duration(r.IntN(130*24*60)-110*24*60) * time.Minute)
		return &at
	}
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	var b record.Batch
	b.Quiet = true
	add := func(x record.Record, collection string, i int) {
		*x.Base() = record.Meta{ID: fmt.Sprintf("%s_%d", collection, i), JobberID: "x", CreatedAt: *day(), FetchedAt: now}
		b.Upserts = append(b.Upserts, record.Upsert{Record: x})
	}
	for i, name := range []string{"Jiří Dvořák", "Łukasz & Sons", "Ada Lane", `=HYPERLINK("x")`} {
		add(&record.Client{Name: name}, "Client", i)
	}
	for i := range 5 {
		team := fmt.Sprintf("Crew %d", i%2)
		add(&record.User{Name: fmt.Sprintf("Person %d", i), Status: "ACTIVATED", AvailableForScheduling: i > 0, Team: record.TeamSlug(team), TeamName: team}, "User", i)
	}
	for i := range records {
		client := fmt.Sprintf("Client_%d", r.IntN(4))
		cents := r.Int64N(1_000_000)
		switch i % 5 {
		case 0:
			add(&record.Invoice{
				Number: strconv.Itoa(i), Subject: "Work", ClientID: client, Status: pick("draft", "awaiting_payment", "past_due", "paid", "bad_debt", "voided"),
				TotalCents: cents, TaxCents: cents / 10, BalanceCents: r.Int64N(cents + 1), IssuedDate: day(), DueDate: day(),
			}, "Invoice", i)
		case 1:
			add(&record.Payment{ClientID: client, AmountCents: cents, AdjustmentType: pick("PAYMENT", "DEPOSIT", "REFUND", "INVOICE"), EntryDate: day()}, "Payment", i)
		case 2:
			start := day()
			end := start.Add(time.Duration(r.IntN(300)) * time.Minute)
			add(&record.Visit{
				Title: "Visit", ClientID: client, StartAt: start, EndAt: &end, IsComplete: r.IntN(2) == 0,
				UserIDs: []string{fmt.Sprintf("User_%d", r.IntN(3)), fmt.Sprintf("User_%d", 3+r.IntN(2))},
			}, "Visit", i)
		case 3:
			add(&record.Quote{Number: strconv.Itoa(i), ClientID: client, TotalCents: cents, SentAt: day(), Status: pick("awaiting_response", "approved", "converted", "archived")}, "Quote", i)
		case 4:
			add(&record.Job{Number: strconv.Itoa(i), ClientID: client, TotalCents: cents, UninvoicedCents: cents / 2, StartAt: day(), Status: pick("late", "active", "archived")}, "Job", i)
		}
	}
	if _, err := p.records.Apply(tb.Context(), record.Scope{Account: business, Zone: denver}, b); err != nil {
		tb.Fatal(err)
	}
}

// await waits until a report is over.
func (p *place) await(tb testing.TB, by httpapi.Principal, id string) Report {
	tb.Helper()
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(20 * time.Millisecond) {
		r, err := p.reports.Get(tb.Context(), by, id)
		if err != nil {
			tb.Fatal(err)
		}
		if r.State == Done || r.State == Failed || r.State == Cancelled {
			return r
		}
		if time.Now().After(deadline) {
			tb.Fatalf("%s is %s at %d", id, r.State, r.Read)
		}
	}
}

// made asks for a report and returns it when it is done, with its file.
func (p *place) made(tb testing.TB, by httpapi.Principal, id string, request Request) (Report, []byte) {
	tb.Helper()
	if _, err := p.reports.Create(tb.Context(), id, by, request); err != nil {
		tb.Fatal(err)
	}
	r := p.await(tb, by, id)
	if r.State != Done {
		tb.Fatalf("%+v", r)
	}
	f, err := p.reports.Open(tb.Context(), by, id)
	if err != nil {
		tb.Fatal(err)
	}
	var file bytes.Buffer
	if err := f.Write(&file); err != nil {
		tb.Fatal(err)
	}
	if int64(file.Len()) != r.Bytes {
		tb.Errorf("the file has %d bytes, the report says %d", file.Len(), r.Bytes)
	}
	return r, file.Bytes()
}

func (p *place) objects(tb testing.TB) []string {
	tb.Helper()
	var names []string
	for objects := p.bucket.Objects(tb.Context(), nil); ; {
		o, err := objects.Next()
		if errors.Is(err, iterator.Done) {
			return names
		}
		if err != nil {
			tb.Fatal(err)
		}
		names = append(names, o.Name)
	}
}

// Each report's totals are the dashboard's figures of the same period, and the same whatever it is grouped by.
func TestFiguresAreTheDashboards(t *testing.T) {
	t.Parallel()
	p := newPlace(t, clock.NewManual(now))
	p.fill(t, 1, 3000) // more of each than are read at once
	users, err := p.records.Users(t.Context(), business)
	if err != nil {
		t.Fatal(err)
	}
	var people []rollup.Teammate
	for _, u := range users {
		people = append(people, rollup.Teammate{UserID: u.ID, Team: u.Team, TeamName: u.TeamName, Schedulable: u.Schedulable()})
	}
	for _, name := range []string{"today", "mtd", "ytd"} {
		period, err := rollup.NewPeriod(name, now, denver)
		if err != nil {
			t.Fatal(err)
		}
		sheet, err := p.figures.Sheet(t.Context(), business, period, now)
		if err != nil {
			t.Fatal(err)
		}
		shown := sheet.Summarise("USD", people, true)
		var scheduled, completed, capacity int64
		for _, c := range shown.CrewUtilisation {
			scheduled, completed, capacity = scheduled+c.ScheduledMinutes, completed+c.CompletedMinutes, capacity+c.CapacityMinutes
		}
		if name != "today" && (shown.Revenue.Cents == 0 || shown.Collected.Cents == 0 || scheduled == 0 || shown.QuoteConversion.Sent == 0) {
			t.Fatalf("%s has no figures", name)
		}
		check := func(kind, grouping string, want map[string]int64) {
			t.Helper()
			request := Request{Kind: kind, Grouping: grouping, Format: "csv", Period: name}
			if d, _ := Find(kind); d.NoPeriod {
				request.Period = ""
			}
			r, _ := p.made(t, as(account.Owner), fmt.Sprintf("%s-%s-%s", kind, grouping, name), request)
			for column, n := range want {
				if r.Totals[column] != n {
					t.Errorf("%s %s of %s: %s is %d, the dashboard says %d", kind, grouping, name, column, r.Totals[column], n)
				}
			}
		}
		for _, g := range []string{"day", "week", "month", "client"} {
			check("revenue", g, map[string]int64{"revenue": shown.Revenue.Cents, "collected": shown.Collected.Cents})
			check("quotes", g, map[string]int64{
				"sent": shown.QuoteConversion.Sent, "won": shown.QuoteConversion.Won,
				"sentAmount": *shown.QuoteConversion.SentCents, "wonAmount": *shown.QuoteConversion.WonCents,
			})
		}
		check("revenue", "invoice", map[string]int64{"revenue": shown.Revenue.Cents})
		check("quotes", "quote", map[string]int64{"amount": *shown.QuoteConversion.SentCents})
		for _, g := range []string{"age", "client", "invoice"} {
			check("receivables", g, map[string]int64{"owed": shown.Receivables.Cents})
		}
		for _, g := range []string{"team", "person"} {
			check("crew", g, map[string]int64{"scheduled": scheduled, "completed": completed, "capacity": capacity})
		}
		if name == "today" {
			for _, g := range []string{"day", "client"} {
				check("visits", g, map[string]int64{"visits": shown.VisitsToday.Total, "completed": shown.VisitsToday.Completed})
			}
		}
	}

	// The ages of receivables one by one.
	_, file := p.made(t, as(account.Owner), "ages", Request{Kind: "receivables", Grouping: "age", Format: "csv"})
	got, err := csv.NewReader(bytes.NewReader(file)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	period, err := rollup.NewPeriod("30d", now, denver)
	if err != nil {
		t.Fatal(err)
	}
	sheet, err := p.figures.Sheet(t.Context(), business, period, now)
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{{"Days since issue", "Invoices", "Outstanding (USD)"}}
	for _, b := range sheet.Summarise("USD", people, true).Receivables.Ageing {
		want = append(want, []string{b.Bucket, strconv.FormatInt(b.Invoices, 10), decimal(b.Cents)})
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("ages (-dashboard +report):\n%s", diff)
	}
}

// Every report can be made in every format, with and without amounts, and a filter by client leaves that client's part.
func TestEveryReport(t *testing.T) {
	t.Parallel()
	p := newPlace(t, clock.NewManual(now))
	p.fill(t, 2, 200)
	n := 0
	for _, d := range Definitions {
		for _, g := range d.Groupings {
			for _, role := range []account.Role{account.Owner, account.Dispatcher} {
				if !may(as(role), d) {
					continue
				}
				n++
				request := Request{Kind: d.Kind, Grouping: g.ID, Format: string(Formats[n%len(Formats)]), From: "2025-11-01", To: "2026-04-30"}
				if d.NoPeriod {
					request.From, request.To = "", ""
				}
				if len(g.Needs) > 0 {
					request.Filters.Client = "Client_1"
				}
				r, file := p.made(t, as(role), fmt.Sprintf("%s-%s-%s", d.Kind, g.ID, role), request)
				if r.Rows == 0 && d.Kind != "audit" || len(file) == 0 {
					t.Errorf("%s %s for the %s has %d rows, %d bytes", d.Kind, g.ID, role, r.Rows, len(file))
				}
				if role == account.Owner {
					continue
				}
				for _, c := range g.Columns {
					if _, there := r.Totals[c.ID]; there && hasAmounts(c) {
						t.Errorf("%s %s tells the dispatcher of %s", d.Kind, g.ID, c.ID)
					}
				}
			}
		}
	}
	for _, kind := range []string{"revenue", "visits", "quotes", "jobs"} {
		var whole, parts int64
		column := map[string]string{"revenue": "revenue", "visits": "visits", "quotes": "sent", "jobs": "jobs"}[kind]
		request := Request{Kind: kind, Grouping: "month", Format: "csv", From: "2025-11-01", To: "2026-04-30"}
		all, _ := p.made(t, as(account.Owner), kind+"-all", request)
		whole = all.Totals[column]
		for i := range 4 {
			request.Filters.Client = fmt.Sprintf("Client_%d", i)
			r, _ := p.made(t, as(account.Owner), fmt.Sprintf("%s-of-%d", kind, i), request)
			parts += r.Totals[column]
		}
		if whole == 0 || whole != parts {
			t.Errorf("%s: %d in all, %d by clients", kind, whole, parts)
		}
	}
	_, file := p.made(t, as(account.Owner), "safe", Request{Kind: "jobs", Grouping: "client", Format: "csv", Period: "ytd"})
	if !strings.Contains(string(file), `"'=HYPERLINK(""x"")"`) || !strings.Contains(string(file), "Jiří Dvořák") {
		t.Errorf("got %s", file)
	}
}

func TestBadRequests(t *testing.T) {
	t.Parallel()
	p := newPlace(t, clock.NewManual(now))
	p.fill(t, 3, 5)
	for name, x := range map[string]struct {
		request Request
		fields  []string
	}{
		"nothing":           {Request{}, []string{"body.kind", "body.format", "body.from", "body.to"}},
		"unknown names":     {Request{Kind: "revenue", Grouping: "hour", Format: "doc", Period: "soon"}, []string{"body.grouping", "body.format", "body.period"}},
		"ends before":       {Request{Kind: "visits", Grouping: "day", Format: "csv", From: "2026-03-02", To: "2026-03-01"}, []string{"body.to"}},
		"no days":           {Request{Kind: "visits", Grouping: "day", Format: "csv", From: "2026-02-30", To: "1/3/2026"}, []string{"body.from", "body.to"}},
		"too long":          {Request{Kind: "visits", Grouping: "day", Format: "csv", From: "2020-01-01", To: "2026-01-01"}, []string{"body.to"}},
		"both":              {Request{Kind: "visits", Grouping: "day", Format: "csv", From: "2026-01-01", Period: "7d"}, []string{"body.period"}},
		"a period of now":   {Request{Kind: "receivables", Grouping: "age", Format: "csv", Period: "7d"}, []string{"body.period"}},
		"unknown filters":   {Request{Kind: "visits", Grouping: "day", Format: "csv", Period: "7d", Filters: Filters{Client: "Client_99", Person: "a/b", Team: "none", Status: "gone"}}, []string{"body.filters.status", "body.filters.client", "body.filters.person", "body.filters.team"}},
		"filters not of it": {Request{Kind: "revenue", Grouping: "day", Format: "csv", Period: "7d", Filters: Filters{Team: "crew-0"}}, []string{"body.filters.team"}},
		"a filter missing":  {Request{Kind: "clients", Grouping: "entry", Format: "csv", Period: "7d"}, []string{"body.filters.client"}},
	} {
		_, err := p.reports.Create(t.Context(), "bad", as(account.Owner), x.request)
		var known *problem.Error
		if !errors.As(err, &known) || known.Code != problem.Invalid {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var fields []string
		for _, f := range known.Fields {
			fields = append(fields, f.Location)
		}
		slices.Sort(fields)
		slices.Sort(x.fields)
		if diff := cmp.Diff(x.fields, fields); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	_, err := p.reports.Create(t.Context(), "bad", as(account.Dispatcher), Request{Kind: "revenue", Grouping: "day", Format: "csv", Period: "7d"})
	if problem.CodeOf(err) != problem.Forbidden {
		t.Errorf("a dispatcher asks for revenue: %v", err)
	}
	if list, _, err := p.reports.List(t.Context(), as(account.Owner), nil, 10); err != nil || len(list) != 0 {
		t.Errorf("%d reports were made of bad requests: %v", len(list), err)
	}
	if _, err := p.reports.engine.Get(t.Context(), business, "bad"); problem.CodeOf(err) != problem.NotFound {
		t.Errorf("a task was made: %v", err)
	}
}

// endless is a report whose rows never end, until whoever makes it is stopped.
func endless(kind string) (Definition, bool) {
	d, known := Find(kind)
	d.Groupings = slices.Clone(d.Groupings)
	for i := range d.Groupings {
		width := len(d.Groupings[i].Columns)
		d.Groupings[i].source = func(_ context.Context, r *reading) rows {
			return func(yield func(Row, error) bool) {
				for n := 0; ; n++ {
					if n%1000 == 0 {
						r.read(1000)
					}
					row := make(Row, width)
					row[0] = day("2026-03-01")
					if !yield(row, nil) {
						return
					}
				}
			}
		}
	}
	return d, known
}

// A report that is cancelled, or deleted, while it is made leaves no file.
func TestCancel(t *testing.T) {
	t.Parallel()
	p := newPlace(t, clock.System)
	p.maker.find = endless
	owner := as(account.Owner)
	for _, format := range []Format{CSV, XLSX} {
		id := "endless-" + string(format)
		if _, err := p.reports.Create(t.Context(), id, owner, Request{Kind: "visits", Grouping: "day", Format: string(format), Period: "7d"}); err != nil {
			t.Fatal(err)
		}
		for {
			r, err := p.reports.Get(t.Context(), owner, id)
			if err != nil {
				t.Fatal(err)
			}
			if r.State == Running && r.Read > 100_000 {
				break
			}
			time.Sleep(20 * time.Millisecond)
		}
		asked := time.Now()
		if r, err := p.reports.Cancel(t.Context(), owner, id); err != nil || r.State != Cancelled {
			t.Fatalf("%+v, %v", r, err)
		}
		for {
			v, err := p.reports.engine.Get(t.Context(), business, id)
			if err != nil {
				t.Fatal(err)
			}
			if v.State == task.Cancelled {
				break
			}
			time.Sleep(20 * time.Millisecond)
		}
		t.Logf("%s stopped %s after it was cancelled", format, time.Since(asked).Round(time.Millisecond))
		if left := p.objects(t); len(left) > 0 {
			t.Errorf("%v was left", left)
		}
		if _, err := p.reports.Open(t.Context(), owner, id); problem.CodeOf(err) != problem.Conflict {
			t.Errorf("its file: %v", err)
		}
	}
	p.maker.find = Find
	again, err := p.reports.Rerun(t.Context(), "again", owner, "endless-csv")
	if err != nil {
		t.Fatal(err)
	}
	if got := p.await(t, owner, again.ID); got.State != Done || len(p.objects(t)) != 1 {
		t.Errorf("the same again is %+v", got)
	}
	if err := p.reports.Delete(t.Context(), owner, "again"); err != nil {
		t.Fatal(err)
	}
	if left := p.objects(t); len(left) > 0 {
		t.Errorf("%v is left of a deleted report", left)
	}
	if _, err := p.reports.Get(t.Context(), owner, "again"); problem.CodeOf(err) != problem.NotFound {
		t.Errorf("it is still there: %v", err)
	}
}

// A row that cannot be read ends the report without a file.
func TestFailureLeavesNoFile(t *testing.T) {
	t.Parallel()
	p := newPlace(t, clock.System)
	p.maker.find = func(kind string) (Definition, bool) {
		d, known := endless(kind)
		g := d.Groupings[0]
		source := g.source
		d.Groupings[0].source = func(ctx context.Context, r *reading) rows {
			return func(yield func(Row, error) bool) {
				n := 0
				for row, err := range source(ctx, r) {
					if n++; n > 50_000 {
						yield(nil, problem.New(problem.Conflict, "The rows changed."))
						return
					}
					if !yield(row, err) {
						return
					}
				}
			}
		}
		return d, known
	}
	if _, err := p.reports.Create(t.Context(), "broken", as(account.Owner), Request{Kind: "visits", Grouping: "day", Format: "csv", Period: "7d"}); err != nil {
		t.Fatal(err)
	}
	if r := p.await(t, as(account.Owner), "broken"); r.State != Failed || r.Failure != "The rows changed." {
		t.Errorf("got %+v", r)
	}
	if left := p.objects(t); len(left) > 0 {
		t.Errorf("%v was left", left)
	}
}

// Who sees no amounts sees no report that has some, and nobody sees another account's; the same id twice is one report.
func TestWhoSeesWhat(t *testing.T) {
	t.Parallel()
	p := newPlace(t, clock.NewManual(now))
	p.fill(t, 4, 50)
	owner, dispatcher := as(account.Owner), as(account.Dispatcher)
	stranger := owner
	stranger.AccountID = "acc_other"
	for id, request := range map[string]Request{
		"money": {Kind: "revenue", Grouping: "month", Format: "csv", Period: "ytd"},
		"mixed": {Kind: "jobs", Grouping: "client", Format: "csv", Period: "ytd"},
		"plain": {Kind: "crew", Grouping: "team", Format: "csv", Period: "ytd"},
		"audit": {Kind: "audit", Grouping: "event", Format: "csv", Period: "ytd"},
	} {
		p.made(t, owner, id, request)
		if _, err := p.reports.Create(t.Context(), id, owner, request); err != nil {
			t.Errorf("%s again: %v", id, err)
		}
		_, err := p.reports.Open(t.Context(), dispatcher, id)
		if seen := id == "plain"; seen != (err == nil) || !seen && problem.CodeOf(err) != problem.NotFound {
			t.Errorf("%s, the dispatcher: %v", id, err)
		}
		for name, try := range map[string]func() error{
			"get":    func() error { _, err := p.reports.Get(t.Context(), stranger, id); return err },
			"open":   func() error { _, err := p.reports.Open(t.Context(), stranger, id); return err },
			"cancel": func() error { _, err := p.reports.Cancel(t.Context(), stranger, id); return err },
			"delete": func() error { return p.reports.Delete(t.Context(), stranger, id) },
			"rerun":  func() error { _, err := p.reports.Rerun(t.Context(), "new", stranger, id); return err },
			"link":   func() error { _, _, err := p.reports.Link(t.Context(), stranger, id); return err },
		} {
			if err := try(); problem.CodeOf(err) != problem.NotFound {
				t.Errorf("%s of another account's %s: %v", name, id, err)
			}
		}
	}
	p.made(t, dispatcher, "theirs", Request{Kind: "jobs", Grouping: "client", Format: "csv", Period: "ytd"})
	list := func(by httpapi.Principal) string {
		var ids []string
		var after *Position
		for {
			page, more, err := p.reports.List(t.Context(), by, after, 2)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range page {
				ids = append(ids, r.ID)
			}
			if !more {
				slices.Sort(ids)
				return strings.Join(ids, " ")
			}
			after = &Position{page[len(page)-1].CreatedAt, page[len(page)-1].ID}
		}
	}
	if got := list(owner); got != "audit mixed money plain theirs" {
		t.Errorf("the owner sees %s", got)
	}
	if got := list(dispatcher); got != "plain theirs" {
		t.Errorf("the dispatcher sees %s", got)
	}
	found, err := event.NewStore(p.in.Cloud, event.Config{}, p.in.Log).Find(t.Context(), business,
		event.Search{Type: event.ReportMade, Audiences: []event.Audience{event.Security}}, event.Position{}, 10)
	if err != nil || len(found.Events) != 5 {
		t.Errorf("%d events tell of 5 reports: %v", len(found.Events), err)
	}
}

func TestLinks(t *testing.T) {
	t.Parallel()
	clk := clock.NewManual(now)
	p := newPlace(t, clk)
	p.fill(t, 5, 50)
	_, want := p.made(t, as(account.Owner), "linked", Request{Kind: "revenue", Grouping: "day", Format: "csv", Period: "mtd"})
	address, until, err := p.reports.Link(t.Context(), as(account.Owner), "linked")
	if err != nil || !until.Equal(now.Add(LinkLife)) {
		t.Fatalf("%v, %v", until, err)
	}
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	token := u.Query().Get("token")
	open := func(token string) ([]byte, error) {
		f, err := p.reports.OpenLinked(t.Context(), token)
		if err != nil {
			return nil, err
		}
		var b bytes.Buffer
		return b.Bytes(), errors.Join(f.Write(&b), func() error {
			if !bytes.Equal(b.Bytes(), want) {
				return errors.New("another file")
			}
			return nil
		}())
	}
	if _, err := open(token); err != nil {
		t.Error(err)
	}
	other, err := sign(bytes.Repeat([]byte{8}, 32), claims{business, "linked", until.Unix()})
	if err != nil {
		t.Fatal(err)
	}
	payload, mac, _ := strings.Cut(token, ".")
	forged := base64.RawURLEncoding.EncodeToString([]byte(`{"a":"acc_other","r":"linked","u":9999999999}`))
	for name, bad := range map[string]string{
		"empty": "", "a dot": ".", "another key": other, "no seal": payload + ".", "another payload": forged + "." + mac, "more": token + "A", "cut": token[:len(token)-1],
	} {
		if _, err := open(bad); problem.CodeOf(err) != problem.NotFound {
			t.Errorf("%s: %v", name, err)
		}
	}
	for i := range []byte(token) { // no letter of it may be another
		changed := []byte(token)
		changed[i] ^= 1
		if _, err := verify(p.reports.key, string(changed), now); err == nil {
			t.Errorf("letter %d may be another", i)
		}
	}
	clk.Set(until)
	if _, err := open(token); problem.CodeOf(err) != problem.NotFound {
		t.Errorf("after its time: %v", err)
	}
	clk.Set(now)
	if err := p.reports.Delete(t.Context(), as(account.Owner), "linked"); err != nil {
		t.Fatal(err)
	}
	if _, err := open(token); problem.CodeOf(err) != problem.NotFound {
		t.Errorf("of a deleted report: %v", err)
	}
}

func FuzzVerify(f *testing.F) {
	key := bytes.Repeat([]byte{7}, 32)
	good, err := sign(key, claims{business, "x", now.Unix() + 1})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add("a.b")
	f.Fuzz(func(t *testing.T, token string) {
		if c, err := verify(key, token, now); err == nil && (token != good || c != claims{business, "x", now.Unix() + 1}) {
			t.Errorf("%q is taken for %+v", token, c)
		}
	})
}

// BenchmarkFile makes a report of 200,000 rows into the Storage emulator.
func BenchmarkFile(b *testing.B) {
	p := newPlace(b, clock.NewManual(now))
	p.maker.find = func(kind string) (Definition, bool) {
		d, known := Find(kind)
		d.Groupings = slices.Clone(d.Groupings)
		g := sample()
		d.Groupings[0].Columns = g.Columns
		d.Groupings[0].source = func(_ context.Context, r *reading) rows {
			return func(yield func(Row, error) bool) {
				for i := range benchRows {
					if !yield(sampleRow(i), nil) {
						return
					}
				}
				r.read(benchRows)
			}
		}
		return d, known
	}
	for _, format := range Formats {
		b.Run(string(format), func(b *testing.B) {
			peak := peakHeap()
			for b.Loop() {
				o := Order{Kind: "revenue", Grouping: "day", Format: format, From: "2026-03-01", To: "2026-03-31", Money: true}
				w, err := p.maker.file(b.Context(), business, p.maker.store.cfg.Bucket, "bench/"+string(format), o, func(int64, int64, int64) {})
				if err != nil || w.rows != benchRows {
					b.Fatalf("%d rows, %v", w.rows, err)
				}
			}
			b.ReportMetric(float64(benchRows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
			b.ReportMetric(peak(), "peak-MiB")
		})
	}
}
