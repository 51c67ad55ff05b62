package syncing

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fieldboard.dev/fieldboard/shared/event"
	"fieldboard.dev/fieldboard/shared/jobber"
	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/shared/record"
)

// webhookSide is the two functions that take Jobber's notices.
type webhookSide struct {
	*stack
	receiver *Receiver
	follower *Follower
}

func newWebhookSide(t *testing.T, s *stack) webhookSide {
	t.Helper()
	receiver, err := NewReceiver(t.Context(), s.in)
	if err != nil {
		t.Fatal(err)
	}
	follower, err := NewFollower(t.Context(), s.in)
	if err != nil {
		t.Fatal(err)
	}
	return webhookSide{s, receiver, follower}
}

func (s webhookSide) receive(t *testing.T, w webhook) Receipt {
	t.Helper()
	receipt, err := s.receiver.Receive(t.Context(), w.body, w.signature)
	if err != nil {
		t.Fatal(err)
	}
	return receipt
}

// pending are the ids of the notices that wait.
func (s webhookSide) pending(t *testing.T) []string {
	t.Helper()
	waiting, err := s.receiver.inbox.pending(t.Context(), s.clock.Now().Add(time.Hour), 10_000)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for id, d := range waiting {
		if d.Account == s.account {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

func (s webhookSide) followAll(t *testing.T) {
	t.Helper()
	for _, id := range s.pending(t) {
		if err := s.follower.Handle(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	if left := s.pending(t); len(left) > 0 {
		t.Errorf("%d notices were not settled", len(left))
	}
}

// Webhooks that come twice and in any order bring the copy to what the business is.
func TestWebhooksBringTheCopyToTheBusiness(t *testing.T) {
	t.Parallel()
	for _, seed := range []uint64{1, 2} {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			s := newWebhookSide(t, newStack(t, 0.02))
			s.sync(t)
			random := rand.New(rand.NewPCG(seed, 0))
			for range 3 {
				s.control(t, http.MethodPost, fmt.Sprintf("accounts/1/random?seed=%d&count=60", random.Uint64()), nil)
				hooks := s.sent(t)
				if len(hooks) == 0 {
					t.Fatal("the business sent no webhooks")
				}
				for _, w := range hooks {
					if random.IntN(4) == 0 {
						hooks = append(hooks, w)
					}
				}
				random.Shuffle(len(hooks), func(i, j int) { hooks[i], hooks[j] = hooks[j], hooks[i] })
				for _, w := range hooks {
					s.receive(t, w)
				}
				s.followAll(t)
			}
			// Jobber has no webhooks for assessments, which are part of a request's status.
			if d := s.diff(t, record.Requests); d != "" {
				t.Errorf("the copy differs:\n%s", d)
			}
			s.later(t)
			if d := s.diff(t); d != "" {
				t.Errorf("after the next run the copy differs:\n%s", d)
			}
		})
	}
}

func TestACascadeIsFollowed(t *testing.T) {
	t.Parallel()
	s := newWebhookSide(t, newStack(t, 0.02))
	s.sync(t)
	for _, path := range []string{"clients/any", "properties/any", "jobs/any", "invoices/any", "payments/any", "visits/any", "quotes/any", "requests/any"} {
		id := s.act(t, http.MethodDelete, path)
		for _, w := range s.sent(t) {
			s.receive(t, w)
		}
		s.followAll(t)
		if d := s.diff(t); d != "" {
			t.Errorf("after %s was deleted the copy differs:\n%s", id, d)
		}
	}
}

// A deletion that Jobber does not confirm deletes nothing.
func TestADeletionIsConfirmed(t *testing.T) {
	t.Parallel()
	s := newWebhookSide(t, newStack(t, 0.02))
	s.sync(t)
	var job record.Record
	for k, r := range s.copied(t) {
		if k.collection == record.Jobs {
			job = r
			break
		}
	}
	s.receive(t, s.notice(t, "JOB_DESTROY", job.Base().JobberID, s.clock.Now()))
	s.followAll(t)
	if d := s.diff(t); d != "" {
		t.Errorf("the copy differs:\n%s", d)
	}
}

// Jobber tells times in whole seconds, so two changes may send the same notice.
func TestASecondChangeInTheSameSecondIsFollowed(t *testing.T) {
	t.Parallel()
	s := newWebhookSide(t, newStack(t, 0.02))
	s.sync(t)
	client := s.act(t, http.MethodPost, "clients")
	s.sent(t)
	at := s.clock.Now()
	w := s.notice(t, "CLIENT_UPDATE", record.JobberIDOf(client), at)
	if got := s.receive(t, w); got != Accepted {
		t.Fatalf("the first notice: %s", got)
	}
	if got := s.receive(t, w); got != Duplicate {
		t.Errorf("while it waits: %s, want %s", got, Duplicate)
	}
	s.followAll(t)
	if got := s.receive(t, w); got != Accepted {
		t.Errorf("followed in the very second: %s, want %s", got, Accepted)
	}
	s.clock.advance(sameTick)
	s.followAll(t)
	if got := s.receive(t, w); got != Duplicate {
		t.Errorf("followed long after the second: %s, want %s", got, Duplicate)
	}
}

// While the first copy runs, webhooks are followed at once, and what the copy brings later does not undo them.
func TestWebhooksDuringTheCopy(t *testing.T) {
	t.Parallel()
	s := newWebhookSide(t, newStack(t, 0.02))
	s.start(t)
	for seed := range 3 {
		dieAfterPages(t, s.stack, 3)
		s.control(t, http.MethodPost, fmt.Sprintf("accounts/1/random?seed=%d&count=40", seed), nil)
		for _, w := range s.sent(t) {
			s.receive(t, w)
		}
		s.followAll(t)
		s.clock.advance(lease)
	}
	s.finish(t)
	if d := s.diff(t); d != "" {
		t.Errorf("the copy differs:\n%s", d)
	}
}

func TestADisconnectionIsNoted(t *testing.T) {
	t.Parallel()
	s := newWebhookSide(t, newStack(t, 0.02))
	s.control(t, http.MethodPost, "accounts/1/disconnect", nil)
	for _, w := range s.sent(t) {
		s.receive(t, w)
	}
	s.followAll(t)
	c, err := s.runner.api.Store().Connection(t.Context(), s.account)
	if err != nil {
		t.Fatal(err)
	}
	if c.State != jobber.StateDisconnected {
		t.Errorf("the connection is %s", c.State)
	}
	events := event.NewStore(s.in.Cloud, event.Config{Topic: "events"}, s.in.Log)
	told, _, err := events.List(t.Context(), s.account, []event.Audience{event.Operations}, event.Position{}, 10)
	if err != nil {
		t.Fatal(err)
	}
	var types []string
	for _, e := range told {
		types = append(types, e.Type)
	}
	if diff := cmp.Diff([]string{event.JobberDisconnected, event.JobberConnected}, types); diff != "" {
		t.Errorf("events, newest first (-want +got):\n%s", diff)
	}
	s.start(t)
	if outcome, err := s.runner.Run(t.Context(), s.awaited(t)); err != nil || outcome != Ended {
		t.Errorf("a run without a connection: %s, error %v", outcome, err)
	}
}

// notice makes a webhook as the emulator would send it.
func (s webhookSide) notice(t *testing.T, topic, itemID string, at time.Time) webhook {
	t.Helper()
	c, err := s.runner.api.Store().Connection(t.Context(), s.account)
	if err != nil {
		t.Fatal(err)
	}
	return signed(s.secret, topic, c.JobberAccount.ID, itemID, at)
}

func TestReceiveRefuses(t *testing.T) {
	t.Parallel()
	s := newWebhookSide(t, newStack(t, 0.02))
	good := s.notice(t, "CLIENT_UPDATE", gid("Client", "1"), s.clock.Now())
	other := signed("another secret", "CLIENT_UPDATE", gid("Account", "1"), gid("Client", "1"), s.clock.Now())
	for name, tt := range map[string]struct {
		hook webhook
		want problem.Code
	}{
		"no signature":         {webhook{good.body, ""}, problem.Unauthenticated},
		"another's signature":  {other, problem.Unauthenticated},
		"a changed body":       {webhook{append(slices.Clone(good.body), ' '), good.signature}, problem.Unauthenticated},
		"a signature of noise": {webhook{good.body, "%%%"}, problem.Unauthenticated},
		"signed noise":         {webhook{[]byte("{"), sign(s.secret, []byte("{"))}, problem.Invalid},
		"signed but empty":     {webhook{[]byte(`{"data":{}}`), sign(s.secret, []byte(`{"data":{}}`))}, problem.Invalid},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := s.receiver.Receive(t.Context(), tt.hook.body, tt.hook.signature)
			var p *problem.Error
			if !errors.As(err, &p) || p.Code != tt.want {
				t.Errorf("error %v, want code %q", err, tt.want)
			}
		})
	}
	if left := s.pending(t); len(left) > 0 {
		t.Errorf("%d notices were stored", len(left))
	}
}
