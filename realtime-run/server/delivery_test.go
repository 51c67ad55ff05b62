package server_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/pubsub/v2"
	"github.com/google/go-cmp/cmp"

	"fieldboard.dev/fieldboard/shared/account"
	"fieldboard.dev/fieldboard/shared/event"
)

func TestAnEventArrivesAsItWasPublished(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.started(t)
	l := w.listen(t, s, person("acc_1", account.Owner))
	e := paid("acc_1")
	e.Title, e.Detail = "Invoice 7\n\"<Müller>\"", "line\u2028end"
	w.publish(t, e)
	l.await(e)
	got := l.arrivals()[0]
	if diff := cmp.Diff(e, got.event); diff != "" {
		t.Errorf("event (-want +got):\n%s", diff)
	}
	if want := "account:acc_1:finance"; got.channel != want {
		t.Errorf("channel %s, want %s", got.channel, want)
	}
}

// Whatever the accounts, roles and events, everyone gets exactly what is theirs.
func TestEveryoneGetsTheirOwnEventsOnly(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	w := newWorld(t)
	one, two := w.started(t), w.started(t)

	// Names that are near to each other, and to the parts of a channel's name.
	accounts := []string{"acc_1", "acc_11", "acc_1-finance", "ACC_1", "operations", "account"}
	roles := []account.Role{account.Owner, account.Admin, account.Dispatcher, account.Technician, account.Viewer}
	type member struct {
		account string
		role    account.Role
		heard   *listener
		want    []string
	}
	var members []*member
	for _, a := range accounts {
		for range 3 {
			m := &member{account: a, role: roles[random.IntN(len(roles))]}
			m.heard = w.listen(t, []*service{one, two}[random.IntN(2)], person(a, m.role))
			members = append(members, m)
		}
	}
	tell := func(e event.Event) {
		w.publish(t, e)
		for _, m := range members {
			if m.account == e.Account && (e.Audience == event.Operations || account.Can(m.role, account.FinanceRead)) {
				m.want = append(m.want, e.ID)
			}
		}
	}
	for range 150 {
		occur := []func(string) event.Event{happened, paid}[random.IntN(2)]
		tell(occur(accounts[random.IntN(len(accounts))]))
	}
	arrived := func() {
		for _, m := range members {
			eventually(t, fmt.Sprintf("the %s of %s has all", m.role, m.account), func() bool { return len(m.heard.ids()) >= len(m.want) })
		}
	}
	arrived()
	// What went astray has arrived by the time that later events have.
	for _, a := range accounts {
		tell(happened(a))
		tell(paid(a))
	}
	arrived()
	for _, m := range members {
		got := m.heard.ids()
		slices.Sort(got)
		slices.Sort(m.want)
		if diff := cmp.Diff(m.want, got); diff != "" {
			t.Errorf("the %s of %s (-want +got):\n%s", m.role, m.account, diff)
		}
		for _, a := range m.heard.arrivals() {
			if strings.Contains(a.raw, "amountCents") && !account.Can(m.role, account.FinanceRead) {
				t.Errorf("the %s of %s was sent an amount: %s", m.role, m.account, a.raw)
			}
			if strings.Contains(a.raw, "Visit_12") && !account.Can(m.role, account.RecordRead) {
				t.Errorf("the %s of %s was told of a record: %s", m.role, m.account, a.raw)
			}
		}
	}
}

func TestAnEventIsDeliveredOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	one, two := w.started(t), w.started(t)
	here, there := w.listen(t, one, person("acc_1", account.Owner)), w.listen(t, two, person("acc_1", account.Owner))
	events := several(20)
	var want []string
	for _, e := range events {
		w.publish(t, e, e, e)
		want = append(want, e.ID)
	}
	eventually(t, "the repeats were seen", func() bool { return w.log.count("event delivered again by Pub/Sub") >= 40 })
	last := happened("acc_1")
	w.publish(t, last)
	for _, l := range []*listener{here, there} {
		l.await(append(events, last)...)
		got := l.ids()
		slices.Sort(got)
		if diff := cmp.Diff(slices.Sorted(slices.Values(append(want, last.ID))), got); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
	}
}

func TestAMessageThatIsNoEventBlocksNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.started(t)
	everyone, owner := w.listen(t, s, person("acc_1", account.Viewer)), w.listen(t, s, person("acc_1", account.Owner))
	with := func(change func(*event.Event)) []byte {
		e := happened("acc_1")
		change(&e)
		return encode(t, e)
	}
	altered := func(e event.Event, from, to string) []byte {
		before := string(encode(t, e))
		after := strings.Replace(before, from, to, 1)
		if after == before {
			t.Fatalf("%s has no %s", before, from)
		}
		return []byte(after)
	}
	cents := int64(100)
	poison := map[string][]byte{
		"no JSON":                        []byte("{"),
		"no object":                      []byte(`[1,2]`),
		"no event":                       []byte(`{}`),
		"another version":                altered(happened("acc_1"), `"1.0"`, `"0.3"`),
		"no id":                          with(func(e *event.Event) { e.ID = "" }),
		"a long id":                      with(func(e *event.Event) { e.ID = strings.Repeat("x", 129) }),
		"a strange id":                   with(func(e *event.Event) { e.ID = "a b" }),
		"no time":                        with(func(e *event.Event) { e.Time = time.Time{} }),
		"a strange type":                 with(func(e *event.Event) { e.Type = "<b>visit</b>" }),
		"no account":                     with(func(e *event.Event) { e.Account = "" }),
		"an account that is a channel":   with(func(e *event.Event) { e.Account = "acc_1:finance" }),
		"a source of another account":    altered(happened("acc_1"), "accounts/acc_1", "accounts/acc_2"),
		"no audience":                    with(func(e *event.Event) { e.Audience = "" }),
		"another audience":               with(func(e *event.Event) { e.Audience = "public" }),
		"an amount for everyone":         with(func(e *event.Event) { e.AmountCents = &cents }),
		"an amount in another case":      altered(happened("acc_1"), `"collection"`, `"AMOUNTCENTS":5,"collection"`),
		"an invoice for everyone":        with(func(e *event.Event) { e.Type = "invoice.issued" }),
		"a payment for everyone":         with(func(e *event.Event) { e.Type = "payment.received" }),
		"an invoice record for everyone": with(func(e *event.Event) { e.Collection = "invoices" }),
		"a large one":                    with(func(e *event.Event) { e.Detail = strings.Repeat("x", 17<<10) }),
	}
	for name, message := range poison {
		t.Log(name)
		w.send(t, message)
	}
	good := happened("acc_1")
	w.publish(t, good)
	everyone.await(good)
	eventually(t, "every one is reported", func() bool { return w.log.count("event rejected") >= len(poison) })
	secret, last := paid("acc_1"), happened("acc_1")
	w.publish(t, secret, last)
	owner.await(secret)
	everyone.await(last)
	if got := w.log.count("event rejected"); got != len(poison) {
		t.Errorf("%d messages rejected, want %d: each once", got, len(poison))
	}
	if diff := cmp.Diff([]string{good.ID, last.ID}, everyone.ids()); diff != "" {
		t.Errorf("events of everyone (-want +got):\n%s", diff)
	}
}

// What is not an event's own is not passed on, and what would break a browser's connection is mended.
func TestOnlyTheEventIsPassedOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.started(t)
	l := w.listen(t, s, person("acc_1", account.Viewer))
	e := happened("acc_1")
	e.Title = "MARK"
	message := string(encode(t, e))
	message = strings.Replace(message, `"data":{`, "\n\"extension\":\"secret\",\"data\":{\n\"totalCents\":5,", 1)
	message = strings.Replace(message, "MARK", "bad \xff UTF-8", 1)
	w.send(t, []byte(message))
	l.await(e)
	e.Title = "bad \ufffd UTF-8"
	if diff := cmp.Diff(string(encode(t, e)), l.arrivals()[0].raw); diff != "" {
		t.Errorf("what arrived (-want +got):\n%s", diff)
	}
}

// A personal event reaches the one whom it names, on all their connections, and nobody else.
func TestAPersonalEventReachesOnePerson(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.started(t)
	owner, member := person("acc_1", account.Owner), person("acc_1", account.Viewer)
	elsewhere := member
	elsewhere.AccountID = "acc_2"
	theirs, owners, others := w.listen(t, s, member), w.listen(t, s, owner), w.listen(t, s, elsewhere)
	e := event.New("acc_1", "security.refresh_reused", time.Now())
	e.Audience, e.Member = event.Personal, member.UserID
	w.publish(t, e)
	theirs.await(e)
	after, afterElsewhere := happened("acc_1"), happened("acc_2")
	w.publish(t, after, afterElsewhere)
	owners.await(after)
	others.await(afterElsewhere)
	if owners.has(e) || others.has(e) {
		t.Errorf("the owner has it: %t; the same person in another account: %t", owners.has(e), others.has(e))
	}
}

// A replay brings an event again, once for each replay, with the mark that it is no news; another consumer's is not ours.
func TestAReplayBringsAnEventAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.started(t)
	l := w.listen(t, s, person("acc_1", account.Owner))
	e := happened("acc_1")
	replay := func(consumer, id string) {
		t.Helper()
		message := &pubsub.Message{Data: encode(t, e), OrderingKey: "one", Attributes: map[string]string{"replay-for": consumer, "replay": id}}
		if _, err := w.topic.Publish(t.Context(), message).Get(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	w.publish(t, e)
	l.await(e)
	replay("another", "first")
	replay("realtime", "first")
	replay("realtime", "first") // delivered twice by Pub/Sub
	replay("realtime", "second")
	last := happened("acc_1")
	w.publish(t, last)
	l.await(last)
	eventually(t, "both replays arrive", func() bool { return len(l.arrivals()) >= 4 })
	marked := 0
	for _, a := range l.arrivals() {
		var envelope event.Envelope
		if err := json.Unmarshal([]byte(a.raw), &envelope); err != nil {
			t.Fatal(err)
		}
		if envelope.Replayed {
			marked++
		}
		if envelope.Replayed && envelope.ID != e.ID {
			t.Errorf("%s is no replay", a.raw)
		}
	}
	if got := len(l.arrivals()); got != 4 || marked != 2 {
		t.Errorf("%d events arrived, %d of them replayed; want 4 and 2", got, marked)
	}
}
