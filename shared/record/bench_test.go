package record_test

import (
	"fmt"
	"log/slog"
	"testing"
	"time"

	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/cloud"
	"fieldboard.dev/fieldboard/shared/event"
	"fieldboard.dev/fieldboard/shared/record"
	"fieldboard.dev/fieldboard/tests/emulator"
)

// BenchmarkApplyPage writes pages of 100 new visits in the order of their days, as a first copy reads them.
func BenchmarkApplyPage(b *testing.B) {
	emulator.Firestore(b)
	clients := cloud.New(cloud.Config{Project: emulator.Project(b)})
	b.Cleanup(func() { _ = clients.Close() })
	log := slog.New(slog.DiscardHandler)
	store := record.NewStore(clients, event.NewStore(clients, event.Config{Topic: "events"}, log), clock.System, log)
	page := 0
	for b.Loop() {
		batch := record.Batch{Quiet: true}
		for i := range 100 {
			n := page*100 + i
			from := start.Add(time.Duration(n/40%365)*24*time.Hour + time.Duration(n%8)*time.Hour)
			batch.Upserts = append(batch.Upserts, record.Upsert{Record: &record.Visit{
				Meta: meta(fmt.Sprint("Visit_", n), 1), Title: "Lawn mowing and edging", StartAt: &from, EndAt: timePtr(from.Add(time.Hour)), IsComplete: n%3 > 0, UserIDs: []string{fmt.Sprint("User_", n%20), fmt.Sprint("User_", (n+1)%20)},
			}})
		}
		if _, err := store.Apply(b.Context(), record.Scope{Account: "a", Zone: denver}, batch); err != nil {
			b.Fatal(err)
		}
		page++
	}
	b.ReportMetric(float64(page*100)/b.Elapsed().Minutes(), "records/min")
}
