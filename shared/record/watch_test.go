package record_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fieldboard.dev/fieldboard/shared/event"
	"fieldboard.dev/fieldboard/shared/record"
)

// told returns the events that the clock made, by their types and records.
func (w world) told(t *testing.T, account string) []string {
	t.Helper()
	events, more, err := w.events.List(t.Context(), account, []event.Audience{event.Operations, event.Finance}, event.Position{}, 500)
	if err != nil || more {
		t.Fatal(more, err)
	}
	var all []string
	for _, e := range events {
		if e.Audit.Kind == event.BySystem {
			all = append(all, fmt.Sprint(e.Type, " ", e.EntityID, " ", e.Title, " / ", e.Detail))
		}
	}
	slices.Sort(all)
	return all
}

func (w world) tellDue(t *testing.T) int {
	t.Helper()
	n, err := w.store.TellDue(t.Context(), 10)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func upserts(records ...record.Record) record.Batch {
	var b record.Batch
	for _, r := range records {
		b.Upserts = append(b.Upserts, record.Upsert{Record: r})
	}
	return b
}

// What becomes late by the clock alone is told once, when it does.
func TestTheClockTells(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	due := time.Date(2026, 3, 4, 12, 0, 0, 0, denver)
	w.clock.Set(time.Date(2026, 3, 4, 8, 0, 0, 0, denver))
	now := w.clock.Now()
	visit := func(fetched time.Time, from, to time.Duration) *record.Visit {
		return &record.Visit{
			Meta: record.Meta{ID: "Visit_1", JobberID: "Visit_1", FetchedAt: fetched}, Title: "Mowing", ClientID: "Client_1",
			StartAt: timePtr(now.Add(from)), EndAt: timePtr(now.Add(to)),
		}
	}
	base := func(id string) record.Meta { return record.Meta{ID: id, JobberID: id, FetchedAt: now} }
	w.apply(t, "a", upserts(
		&record.Client{Meta: base("Client_1"), Name: "Ada Lane"},
		visit(now, time.Hour, 2*time.Hour),
		&record.Visit{Meta: base("Visit_done"), StartAt: timePtr(now.Add(time.Hour)), IsComplete: true},
		&record.Visit{Meta: base("Visit_old"), StartAt: timePtr(now.Add(-48 * time.Hour))},
		&record.Job{Meta: base("Job_1"), Number: "3", Status: "today", EndAt: timePtr(now.Add(2 * time.Hour))},
		&record.Job{Meta: base("Job_closed"), Status: "archived", EndAt: timePtr(now.Add(2 * time.Hour))},
		&record.Invoice{Meta: base("Invoice_1"), Number: "7", Status: "awaiting_payment", TotalCents: 900, DueDate: &due},
		&record.Invoice{Meta: base("Invoice_paid"), Status: "paid", DueDate: &due},
	))
	first := upserts(&record.Visit{Meta: base("Visit_1"), Title: "Raking", StartAt: timePtr(now.Add(-time.Minute))})
	first.Quiet = true // a first copy tells nothing that was before it
	w.apply(t, "b", first)

	step := func(at time.Duration, want ...string) {
		t.Helper()
		w.clock.Set(now.Add(at))
		var wait sync.WaitGroup
		for range 3 { // at the same time, and again
			wait.Go(func() {
				if _, err := w.store.TellDue(t.Context(), 10); err != nil {
					t.Error(err)
				}
			})
		}
		wait.Wait()
		if n := w.tellDue(t); n != 0 {
			t.Errorf("after %s %d events were told again", at, n)
		}
		if diff := cmp.Diff(want, w.told(t, "a")); diff != "" {
			t.Errorf("after %s (-want +got):\n%s", at, diff)
		}
	}
	step(0)
	step(time.Hour, "visit.started Visit_1 Mowing / Ada Lane")
	w.apply(t, "a", upserts(visit(now.Add(61*time.Minute), time.Hour, 90*time.Minute))) // ends earlier
	step(90*time.Minute, "visit.late Visit_1 Mowing / Ada Lane", "visit.started Visit_1 Mowing / Ada Lane")
	renamed := visit(now.Add(91*time.Minute), time.Hour, 90*time.Minute)
	renamed.Title = "Edging"
	w.apply(t, "a", upserts(renamed)) // no moment is told for a second time
	step(2*time.Hour, "job.late Job_1 Job #3 / ", "visit.late Visit_1 Mowing / Ada Lane", "visit.started Visit_1 Mowing / Ada Lane")
	w.apply(t, "a", upserts(visit(now.Add(121*time.Minute), 3*time.Hour, 4*time.Hour))) // a new time is late anew
	step(5*time.Hour, "job.late Job_1 Job #3 / ", "visit.late Visit_1 Mowing / Ada Lane", "visit.late Visit_1 Mowing / Ada Lane",
		"visit.started Visit_1 Mowing / Ada Lane", "visit.started Visit_1 Mowing / Ada Lane")
	overdue := []string{
		"invoice.overdue Invoice_1 Invoice #7 / ", "job.late Job_1 Job #3 / ", "visit.late Visit_1 Mowing / Ada Lane", "visit.late Visit_1 Mowing / Ada Lane",
		"visit.started Visit_1 Mowing / Ada Lane", "visit.started Visit_1 Mowing / Ada Lane",
	}
	step(16*time.Hour-time.Second, overdue[1:]...) // the day is not over
	step(16*time.Hour, overdue...)
	if got := w.told(t, "b"); len(got) > 0 {
		t.Errorf("of a first copy: %v", got)
	}
}
