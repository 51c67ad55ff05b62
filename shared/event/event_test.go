package event_test

import (
	"encoding/json"
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fieldboard.dev/fieldboard/shared/cloud"
	"fieldboard.dev/fieldboard/shared/event"
	"fieldboard.dev/fieldboard/tests/emulator"
)

func full() event.Event {
	cents := int64(12_50)
	e := event.New("acc_prairie", "invoice.paid", time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
	e.Audience, e.Collection, e.EntityID, e.Title, e.Detail = event.Finance, "invoices", "Invoice_1", "#12", "Vic"
	e.AmountCents, e.Member, e.Actor = &cents, "olive", "ada"
	return e
}

func TestJSONKeepsEverything(t *testing.T) {
	t.Parallel()
	want := full()
	text, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got event.Event
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestTheStoreKeepsEverything(t *testing.T) {
	t.Parallel()
	emulator.Firestore(t)
	emulator.PubSub(t)
	clients := cloud.New(cloud.Config{Project: emulator.Project(t)})
	t.Cleanup(func() {
		if err := clients.Close(); err != nil {
			t.Error(err)
		}
	})
	s := event.NewStore(clients, event.Config{Topic: "events"}, slog.New(slog.DiscardHandler))
	want := full()
	if err := s.Emit(t.Context(), want); err != nil {
		t.Fatal(err)
	}
	got, more, err := s.List(t.Context(), want.Account, []event.Audience{event.Finance}, event.Position{}, 10)
	if err != nil || more {
		t.Fatalf("more %t, %v", more, err)
	}
	if diff := cmp.Diff([]event.Event{want}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
