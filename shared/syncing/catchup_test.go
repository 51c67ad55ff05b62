package syncing

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"fieldboard.dev/fieldboard/shared/event"
	"fieldboard.dev/fieldboard/shared/record"
)

// later lets a run's time pass and runs the next one.
func (s *stack) later(t *testing.T) {
	t.Helper()
	s.clock.advance(5 * time.Minute)
	s.sync(t)
}

// Every kind of change is found by the runs alone when all webhooks are lost.
func TestRunsFindEveryKindOfChange(t *testing.T) {
	t.Parallel()
	s := newStack(t, 0.02)
	s.sync(t)
	for _, change := range []struct{ method, path string }{
		{http.MethodPost, "clients"},
		{http.MethodPost, "jobs"},
		{http.MethodPost, "visits/any/complete"},
		{http.MethodPost, "visits/any/uncomplete"},
		{http.MethodPost, "visits/any/reschedule"},
		{http.MethodPost, "visits/any/reassign"},
		{http.MethodPost, "invoices/any/issue"},
		{http.MethodPost, "invoices/any/pay"},
		{http.MethodPost, "invoices/any/bad-debt"},
		{http.MethodPost, "payments/any/refund"},
		{http.MethodPost, "quotes/any/send"},
		{http.MethodPost, "quotes/any/approve"},
	} {
		s.act(t, change.method, change.path)
	}
	for range 2 { // the rolling read of the visits is through
		s.later(t)
	}
	if d := s.diff(t); d != "" {
		t.Errorf("the copy differs:\n%s", d)
	}
	s.control(t, http.MethodPost, "accounts/1/random?seed=7&count=100", nil)
	s.settle(t)
	if d := s.diff(t); d != "" {
		t.Errorf("after a hundred changes the copy differs:\n%s", d)
	}
}

// settle runs as often as it takes to find deletions: to see a difference, to see it again, and to look after the sweep.
func (s *stack) settle(t *testing.T) {
	t.Helper()
	for range 3 {
		s.later(t)
	}
}

// Deletions, which only webhooks tell, are found by counting, with what they took along.
func TestRunsFindLostDeletions(t *testing.T) {
	t.Parallel()
	s := newStack(t, 0.02)
	s.sync(t)
	for _, c := range []record.Collection{record.Clients, record.Properties, record.Jobs, record.Invoices, record.Visits, record.Payments} {
		s.act(t, http.MethodDelete, fmt.Sprintf("%s/any", c))
	}
	s.settle(t)
	if d := s.diff(t); d != "" {
		t.Errorf("the copy differs:\n%s", d)
	}
}

// When too much vanishes at once nothing is deleted, and people are told.
func TestTooManyVanish(t *testing.T) {
	t.Parallel()
	s := newStack(t, 0.02)
	s.sync(t)
	before := visitsOf(s.copied(t))
	for range before/vanishShare + vanishAlways {
		s.act(t, http.MethodDelete, "visits/any")
	}
	s.settle(t)
	if after := visitsOf(s.copied(t)); after != before {
		t.Errorf("%d visits are left of %d", after, before)
	}
	for _, c := range s.status(t).Collections {
		held := strings.Contains(c.Error, "no longer shown")
		if want := c.Collection == record.Visits; held != want {
			t.Errorf("%s: %q", c.Collection, c.Error)
		}
	}
	if told := s.told(t, event.SyncFailed); len(told) != 1 {
		t.Errorf("people were told %d times", len(told))
	}
}

func visitsOf(records map[key]record.Record) (n int) {
	for k := range records {
		if k.collection == record.Visits {
			n++
		}
	}
	return n
}

// told are the account's events of a type.
func (s *stack) told(t *testing.T, typ string) []event.Event {
	t.Helper()
	all, _, err := event.NewStore(s.in.Cloud, event.Config{Topic: "events"}, s.in.Log).
		List(t.Context(), s.account, []event.Audience{event.Operations}, event.Position{}, 1000)
	if err != nil {
		t.Fatal(err)
	}
	var found []event.Event
	for _, e := range all {
		if e.Type == typ {
			found = append(found, e)
		}
	}
	return found
}
