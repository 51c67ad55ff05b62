package event_test

import (
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

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
	s := newStore(t)
	want := full()
	if err := s.Emit(t.Context(), want); err != nil {
		t.Fatal(err)
	}
	got, more, err := s.List(t.Context(), want.Account, []event.Audience{event.Finance}, event.Position{}, 10)
	if err != nil || more {
		t.Fatalf("more %t, %v", more, err)
	}
	want.Audit.Kind = event.ByMember
	if diff := cmp.Diff([]event.Event{want}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

type place struct {
	Street string `firestore:"street"`
}

type meta struct {
	Touched time.Time `firestore:"touched"`
}

type house struct {
	meta
	Name   string   `firestore:"name"`
	Place  place    `firestore:"place"`
	Other  *place   `firestore:"other"`
	Rooms  []string `firestore:"rooms"`
	Cents  int64    `firestore:"cents,omitempty"`
	Hidden string   `firestore:"-"`
}

func TestDiff(t *testing.T) {
	t.Parallel()
	before := house{Name: "A", Place: place{"Elm"}, Rooms: []string{"x"}, Cents: 5, Hidden: "a", meta: meta{time.Unix(1, 0).UTC()}}
	after := house{Name: "A", Place: place{"Oak"}, Other: &place{"Ash"}, Hidden: "b", meta: meta{time.Unix(2, 0).UTC()}}
	want := []event.Change{
		{Field: "cents", Before: "5", After: "0"}, {Field: "other.street", After: `"Ash"`}, {Field: "place.street", Before: `"Elm"`, After: `"Oak"`},
		{Field: "rooms", Before: `["x"]`},
	}
	if diff := cmp.Diff(want, event.Diff(before, &after, "touched")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := event.Diff(before, before); len(got) != 0 {
		t.Errorf("of one and the same: %v", got)
	}
	long := event.Diff(house{}, house{Name: strings.Repeat("é", 1000)})
	if len(long) != 1 || len(long[0].After) > 520 || !json.Valid([]byte(long[0].After)) {
		t.Errorf("of a long text: %v", long)
	}
}

func newStore(t *testing.T) *event.Store {
	t.Helper()
	clients := emulator.Clients(t)
	return event.NewStore(clients, event.Config{Topic: "events"}, slog.New(slog.DiscardHandler))
}
