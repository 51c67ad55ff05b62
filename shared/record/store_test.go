package record_test

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"cloud.google.com/go/firestore"
	"github.com/google/go-cmp/cmp"

	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/event"
	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/shared/record"
	"fieldboard.dev/fieldboard/tests/emulator"
)

var (
	start  = time.Date(2026, time.March, 4, 15, 0, 0, 0, time.UTC)
	denver = mustZone("America/Denver")
)

func mustZone(name string) *time.Location {
	zone, err := time.LoadLocation(name)
	if err != nil {
		panic(err)
	}
	return zone
}

type world struct {
	store  *record.Store
	events *event.Store
	client *firestore.Client
	clock  *clock.Manual
}

func newWorld(t *testing.T) world {
	t.Helper()
	clients := emulator.Clients(t)
	client, err := clients.Firestore(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	clk := clock.NewManual(start)
	log := slog.New(slog.DiscardHandler)
	events := event.NewStore(clients, event.Config{Topic: "events"}, log) // no such topic: what is published stays in the outbox
	return world{store: record.NewStore(clients, events, clk, log), events: events, client: client, clock: clk}
}

func (w world) apply(t *testing.T, account string, b record.Batch) record.Result {
	t.Helper()
	result, err := w.store.Apply(t.Context(), record.Scope{Account: account, Zone: denver}, b)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// figures reads every figure of an account that is not zero.
func (w world) figures(t *testing.T, account string) map[string]int64 {
	t.Helper()
	sums := map[string]int64{}
	for _, name := range []string{"days", "months", "figures"} {
		snaps, err := w.client.Collection("accounts").Doc(account).Collection(name).Documents(t.Context()).GetAll()
		if err != nil {
			t.Fatal(err)
		}
		for _, snap := range snaps {
			flatten(sums, name+"/"+snap.Ref.ID, snap.Data())
		}
	}
	return sums
}

func flatten(into map[string]int64, path string, fields map[string]any) {
	for name, v := range fields {
		switch v := v.(type) {
		case map[string]any:
			flatten(into, path+"."+name, v)
		case int64:
			if v != 0 {
				into[path+"."+name] = v
			}
		}
	}
}

func at(minutes int) time.Time          { return start.Add(time.Duration(minutes) * time.Minute) }
func timePtr(t time.Time) *time.Time    { return &t }
func meta(id string, m int) record.Meta { return record.Meta{ID: id, JobberID: id, FetchedAt: at(m)} }

// randomRecord makes some state of one of a few records; ids repeat, so states of one record follow each other.
func randomRecord(r *rand.Rand, fetched time.Time) record.Record {
	base := record.Meta{ID: fmt.Sprint("R_", r.IntN(6)), FetchedAt: fetched}
	day := func() *time.Time {
		if r.IntN(6) == 0 {
			return nil
		}
		return timePtr(start.Add(time.Duration(r.IntN(200*24*60)-100*24*60) * time.Minute))
	}
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	cents := func() int64 { return r.Int64N(100000) - 100 }
	switch r.IntN(5) {
	case 0:
		return &record.Invoice{
			Meta: base, Status: pick("draft", "awaiting_payment", "past_due", "paid", "bad_debt", "voided", "sent_not_due", "new_in_a_later_version"),
			TotalCents: cents(), TaxCents: r.Int64N(500), BalanceCents: cents(), IssuedDate: day(), DueDate: day(),
		}
	case 1:
		return &record.Payment{Meta: base, AmountCents: cents(), AdjustmentType: pick("PAYMENT", "REFUND", "DEPOSIT", "INVOICE"), EntryDate: day()}
	case 2:
		v := &record.Visit{Meta: base, StartAt: day(), IsComplete: r.IntN(2) == 0, AllDay: r.IntN(5) == 0}
		if v.StartAt != nil && r.IntN(4) > 0 {
			v.EndAt = timePtr(v.StartAt.Add(time.Duration(r.IntN(400)-20) * time.Minute))
		}
		for _, u := range []string{"User_1", "User_2", "User_3"} {
			if r.IntN(2) == 0 {
				v.UserIDs = append(v.UserIDs, u)
			}
		}
		return v
	case 3:
		return &record.Quote{Meta: base, Status: pick("draft", "awaiting_response", "approved", "converted", "archived"), TotalCents: cents(), SentAt: day()}
	default:
		return &record.Job{Meta: base, Status: pick("late", "archived", "requires_invoicing"), TotalCents: cents(), UninvoicedCents: cents()}
	}
}

// Whatever order pages, webhooks, repeats and deletes come in, records and figures end as if only the newest state of each
// record had been written, once.
func TestFiguresAreTheSumOfTheNewestRecords(t *testing.T) {
	t.Parallel()
	for seed := range uint64(6) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			r := rand.New(rand.NewPCG(seed, 1))
			type state struct {
				upsert record.Upsert
				gone   *record.Delete
			}
			newest := map[string]state{}
			var batches []record.Batch
			for i := range 12 {
				var b record.Batch
				for j := range 8 {
					x := randomRecord(r, at(i*10+j))
					key := string(x.Collection()) + x.Base().ID
					if r.IntN(5) == 0 {
						d := record.Delete{Collection: x.Collection(), ID: x.Base().ID, FetchedAt: at(i*10 + j)}
						b.Deletes = append(b.Deletes, d)
						newest[key] = state{gone: &d}
						continue
					}
					b.Upserts = append(b.Upserts, record.Upsert{Record: x})
					newest[key] = state{upsert: record.Upsert{Record: x}}
				}
				batches = append(batches, b)
			}
			batches = append(batches, batches[r.IntN(len(batches))], batches[r.IntN(len(batches))])
			r.Shuffle(len(batches), func(i, j int) { batches[i], batches[j] = batches[j], batches[i] })
			for _, b := range batches {
				w.apply(t, "mixed", b)
			}

			var last record.Batch
			for _, key := range slices.Sorted(maps.Keys(newest)) {
				if s := newest[key]; s.gone == nil {
					last.Upserts = append(last.Upserts, s.upsert)
				}
			}
			w.apply(t, "straight", last)
			if diff := cmp.Diff(w.figures(t, "straight"), w.figures(t, "mixed")); diff != "" {
				t.Errorf("figures (-newest states alone +every state in any order):\n%s", diff)
			}
		})
	}
}

// Many writers on the same records and days lose nothing and double nothing.
func TestConcurrentWritersAgree(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	done := make(chan error)
	const writers = 6
	for i := range writers {
		go func() {
			r := rand.New(rand.NewPCG(uint64(i), 2))
			for j := range 5 {
				x := &record.Payment{Meta: meta(fmt.Sprint("P_", r.IntN(3)), i*5+j), AmountCents: int64(i*100 + j), AdjustmentType: "PAYMENT", EntryDate: timePtr(start)}
				if _, err := w.store.Apply(context.WithoutCancel(t.Context()), record.Scope{Account: "a", Zone: denver}, record.Batch{Upserts: []record.Upsert{{Record: x}}, Quiet: true}); err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
	}
	for range writers {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	var sum, count int64
	for i := range 3 {
		p, err := w.store.Get(t.Context(), "a", record.Payments, fmt.Sprint("P_", i))
		if problem.CodeOf(err) == problem.NotFound {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		sum += p.(*record.Payment).AmountCents
		count++
	}
	got := w.figures(t, "a")
	if got["days/2026-03-04.collected"] != sum || got["figures/totals.records.payments"] != count {
		t.Errorf("collected %d of %d payments, the records say %d of %d", got["days/2026-03-04.collected"], got["figures/totals.records.payments"], sum, count)
	}
}

func TestFence(t *testing.T) {
	t.Parallel()
	job := func(status string, updated, fetched int) record.Batch {
		m := meta("Job_1", fetched)
		m.UpdatedAt = at(updated)
		return record.Batch{Upserts: []record.Upsert{{Record: &record.Job{Meta: m, Status: status}}}}
	}
	gone := func(fetched int) record.Batch {
		return record.Batch{Deletes: []record.Delete{{Collection: record.Jobs, ID: "Job_1", FetchedAt: at(fetched)}}}
	}
	for _, tc := range []struct {
		name    string
		batches []record.Batch
		want    string // status; empty for gone
	}{
		{"a newer update wins", []record.Batch{job("late", 1, 1), job("archived", 2, 2)}, "archived"},
		{"an older update that comes late loses", []record.Batch{job("archived", 2, 1), job("late", 1, 2)}, "archived"},
		{"of equal updates the later fetch wins", []record.Batch{job("late", 1, 3), job("archived", 1, 2)}, "late"},
		{"a delete", []record.Batch{job("late", 1, 1), gone(2)}, ""},
		{"a page read before the delete does not bring it back", []record.Batch{job("late", 1, 1), gone(3), job("late", 9, 2)}, ""},
		{"a delete before the first page", []record.Batch{gone(3), job("late", 1, 2)}, ""},
		{"a delete that saw less than the last fetch", []record.Batch{job("late", 1, 3), gone(2)}, "late"},
		{"a fetch after the delete brings it back", []record.Batch{job("late", 5, 1), gone(3), job("archived", 4, 4)}, "archived"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			for _, b := range tc.batches {
				w.apply(t, "a", b)
			}
			got := ""
			r, err := w.store.Get(t.Context(), "a", record.Jobs, "Job_1")
			if err == nil {
				got = r.(*record.Job).Status
			} else if problem.CodeOf(err) != problem.NotFound {
				t.Fatal(err)
			}
			if got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestHiddenFieldsKeepWhatIsKnown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply(t, "a", record.Batch{Upserts: []record.Upsert{{Record: &record.Invoice{
		Meta: meta("Invoice_1", 1), Status: "awaiting_payment", TotalCents: 1000, BalanceCents: 700, IssuedDate: timePtr(start),
	}}}})
	w.apply(t, "a", record.Batch{Upserts: []record.Upsert{{
		Record: &record.Invoice{Meta: meta("Invoice_1", 2), Status: "past_due", IssuedDate: timePtr(start)},
		Hidden: []string{"totalCents", "balanceCents"},
	}}})
	r, err := w.store.Get(t.Context(), "a", record.Invoices, "Invoice_1")
	if err != nil {
		t.Fatal(err)
	}
	i := r.(*record.Invoice)
	if i.TotalCents != 1000 || i.BalanceCents != 700 || i.Status != "past_due" {
		t.Errorf("got total %d, balance %d, status %s", i.TotalCents, i.BalanceCents, i.Status)
	}
	if got := w.figures(t, "a")["days/2026-03-04.owed.cents"]; got != 700 {
		t.Errorf("owed %d, want 700", got)
	}
}

func TestEventsTellWhatHappened(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply(t, "a", record.Batch{Quiet: true, Upserts: []record.Upsert{{Record: &record.Client{Meta: meta("Client_1", 0), Name: "Ada Lane"}}}})
	visit := func(m int, change func(*record.Visit)) record.Batch {
		v := &record.Visit{Meta: meta("Visit_1", m), Title: "Mowing", ClientID: "Client_1", StartAt: timePtr(start)}
		change(v)
		return record.Batch{Upserts: []record.Upsert{{Record: v}}}
	}
	invoice := func(m int, status string) record.Batch {
		return record.Batch{Upserts: []record.Upsert{{Record: &record.Invoice{Meta: meta("Invoice_1", m), Number: "7", Status: status, TotalCents: 900, ClientID: "Client_1"}}}}
	}
	job := func(m int, change func(*record.Job)) record.Batch {
		j := &record.Job{Meta: meta("Job_1", m), Number: "3", Status: "unscheduled", ClientID: "Client_1"}
		change(j)
		return record.Batch{Upserts: []record.Upsert{{Record: j}}}
	}
	quote := func(m int, status string) record.Batch {
		return record.Batch{Upserts: []record.Upsert{{Record: &record.Quote{Meta: meta("Quote_1", m), Number: "5", Status: status, ClientID: "Client_1"}}}}
	}
	var got []string
	for _, b := range []record.Batch{
		visit(1, func(*record.Visit) {}),
		visit(2, func(*record.Visit) {}), // the same again is no news
		visit(3, func(v *record.Visit) { v.StartAt = timePtr(at(60)) }),
		visit(4, func(v *record.Visit) { v.IsComplete = true }),
		invoice(5, "draft"), invoice(6, "awaiting_payment"), invoice(7, "paid"),
		{Deletes: []record.Delete{{Collection: record.Visits, ID: "Visit_1", FetchedAt: at(8)}}},
		visit(9, func(v *record.Visit) { v.StartAt = nil }),
		visit(10, func(v *record.Visit) { v.StartAt = timePtr(at(60)) }),
		visit(11, func(v *record.Visit) { v.StartAt = nil }),
		job(12, func(*record.Job) {}),
		job(13, func(j *record.Job) { j.StartAt = timePtr(start) }),
		job(14, func(j *record.Job) { j.StartAt, j.Status, j.CompletedAt = timePtr(start), "archived", timePtr(at(14)) }),
		quote(15, "draft"), quote(16, "awaiting_response"), quote(17, "changes_requested"), quote(18, "approved"), quote(19, "converted"),
	} {
		for _, e := range w.apply(t, "a", b).Events {
			got = append(got, fmt.Sprint(e.Type, " ", e.Audience, " ", e.Title, " / ", e.Detail))
		}
	}
	want := []string{
		"visit.created operations Mowing / Ada Lane",
		"visit.rescheduled operations Mowing / Ada Lane",
		"visit.completed operations Mowing / Ada Lane",
		"invoice.created finance Invoice #7 / Ada Lane",
		"invoice.issued finance Invoice #7 / Ada Lane",
		"invoice.paid finance Invoice #7 / Ada Lane",
		"visit.deleted operations Mowing / ",
		"visit.created operations Mowing / Ada Lane",
		"visit.scheduled operations Mowing / Ada Lane",
		"visit.rescheduled operations Mowing / Ada Lane",
		"job.created operations Job #3 / Ada Lane",
		"job.scheduled operations Job #3 / Ada Lane",
		"job.completed operations Job #3 / Ada Lane",
		"job.closed operations Job #3 / Ada Lane",
		"quote.created operations Quote #5 / Ada Lane",
		"quote.sent operations Quote #5 / Ada Lane",
		"quote.changes_requested operations Quote #5 / Ada Lane",
		"quote.approved operations Quote #5 / Ada Lane",
		"quote.converted operations Quote #5 / Ada Lane",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	operations, _, err := w.events.List(t.Context(), "a", []event.Audience{event.Operations}, event.Position{}, 50)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range operations {
		if e.Audience != event.Operations || e.AmountCents != nil {
			t.Errorf("%s is told to everyone", e.Type)
		}
	}
	if len(operations) != 16 {
		t.Errorf("%d events for everyone, want 16", len(operations))
	}
}

func TestCheckStopsTheBatch(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	lost := problem.New(problem.Conflict, "The lease is lost.")
	_, err := w.store.Apply(t.Context(), record.Scope{Account: "a", Zone: denver}, record.Batch{
		Upserts: []record.Upsert{{Record: &record.Client{Meta: meta("Client_1", 1), Name: "Ada"}}},
		Check:   func(*firestore.Transaction) error { return lost },
	})
	if problem.CodeOf(err) != problem.Conflict {
		t.Errorf("got %v, want the check's error", err)
	}
	if _, err := w.store.Get(t.Context(), "a", record.Clients, "Client_1"); problem.CodeOf(err) != problem.NotFound {
		t.Errorf("the record was written: %v", err)
	}
}

func TestList(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := record.Batch{Quiet: true}
	for i, name := range []string{"Ada Lane", "Adrian Lake", "Bo Adams", "Cy Young"} {
		b.Upserts = append(b.Upserts, record.Upsert{Record: &record.Client{Meta: meta(fmt.Sprint("Client_", i), 1), Name: name}})
	}
	for i := range 250 {
		m := meta(fmt.Sprintf("Job_%03d", i), 1)
		m.UpdatedAt = at(i / 3) // ties
		b.Upserts = append(b.Upserts, record.Upsert{Record: &record.Job{Meta: m, Number: fmt.Sprint(1000 + i), Title: "Hedge", ClientID: fmt.Sprint("Client_", i%4), Status: "late"}})
	}
	b.Upserts = append(b.Upserts, record.Upsert{Record: &record.Job{Meta: meta("Job_gone", 1), Title: "Hedge"}})
	w.apply(t, "a", b)
	w.apply(t, "a", record.Batch{Deletes: []record.Delete{{Collection: record.Jobs, ID: "Job_gone", FetchedAt: at(2)}}})
	w.apply(t, "other", record.Batch{Quiet: true, Upserts: []record.Upsert{{Record: &record.Job{Meta: meta("Job_other", 1), Title: "Hedge"}}}})

	all := func(c record.Collection, q record.Query) []string {
		t.Helper()
		var ids []string
		for {
			page, err := w.store.List(t.Context(), "a", c, q)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range page.Records {
				ids = append(ids, r.Base().ID)
			}
			if page.Next == nil {
				return ids
			}
			q.After = page.Next
		}
	}
	jobs := all(record.Jobs, record.Query{Sort: "updatedAt", Desc: true, Limit: 7})
	if len(jobs) != 250 || jobs[0] != "Job_249" || len(slices.Compact(slices.Sorted(slices.Values(jobs)))) != 250 {
		t.Errorf("walking all jobs: %d, first %s", len(jobs), jobs[0])
	}
	if got := all(record.Clients, record.Query{Search: "ad la", Sort: "name", Limit: 10}); !slices.Equal(got, []string{"Client_0", "Client_1"}) {
		t.Errorf("clients by the beginnings of their words: %v", got)
	}
	if got := all(record.Jobs, record.Query{Search: "bo adams", Sort: "updatedAt", Limit: 100}); len(got) != 62 {
		t.Errorf("jobs by their client's name: %d, want 62", len(got))
	}
	if got := all(record.Jobs, record.Query{Search: "1007", Sort: "updatedAt", Limit: 10}); !slices.Equal(got, []string{"Job_007"}) {
		t.Errorf("jobs by number: %v", got)
	}
	kept := all(record.Jobs, record.Query{Sort: "updatedAt", Limit: 10, Where: map[string]any{"clientId": "Client_2"}, Keep: func(r record.Record) bool { return r.Base().ID > "Job_200" }})
	if len(kept) != 12 {
		t.Errorf("jobs that are kept: %d, want 12", len(kept))
	}
}
