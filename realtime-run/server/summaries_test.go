package server_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cloud.google.com/go/firestore"
	"github.com/centrifugal/centrifuge-go"
	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"
	"github.com/sethvargo/go-envconfig"

	"fieldboard.dev/fieldboard/shared/account"
	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/event"
	"fieldboard.dev/fieldboard/shared/instance"
	"fieldboard.dev/fieldboard/shared/overview"
	"fieldboard.dev/fieldboard/shared/rollup"
	"fieldboard.dev/fieldboard/tests/emulator"
)

// business is an account with figures, in a world.
type business struct {
	*world
	in      *instance.Instance
	account string
}

func newBusiness(t *testing.T) business {
	t.Helper()
	emulator.Firestore(t)
	w := newWorld(t)
	in, err := instance.New(t.Context(), envconfig.MapLookuper(w.settings), clock.System, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { check(t, in.Cloud.Close()) })
	b := business{w, in, "acc_figures"}
	owner := account.Member{UserID: "owner", Email: "owner@example.test", Name: "Owner", Role: account.Owner, Status: account.Active}
	_, err = account.NewStore(in.Cloud, clock.System).Create(t.Context(),
		account.Account{ID: b.account, Name: "Figures", Currency: "USD", TimeZone: "America/Denver"}, owner)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// collect adds money to today's figures, and tells of it.
func (b business) collect(t *testing.T, cents int64) {
	t.Helper()
	client, err := b.in.Cloud.Firestore(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	zone, err := time.LoadLocation("America/Denver")
	if err != nil {
		t.Fatal(err)
	}
	delta := rollup.Delta{}
	rollup.Contribution{Delta: delta, Zone: zone, Sign: 1}.Collected(time.Now(), cents)
	err = client.RunTransaction(t.Context(), func(_ context.Context, tx *firestore.Transaction) error {
		return rollup.Write(tx, client.Collection("accounts").Doc(b.account), delta)
	})
	if err != nil {
		t.Fatal(err)
	}
	e := event.New(b.account, "payment.received", time.Now())
	e.Audience, e.Collection, e.EntityID = event.Finance, "payments", "Payment_1"
	b.publish(t, e)
}

// truth is the overview as the API tells it.
func (b business) truth(t *testing.T, period string, money bool) any {
	t.Helper()
	show, err := overview.NewReader(b.in).Read(t.Context(), b.account, period)
	if err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(show(money))
	if err != nil {
		t.Fatal(err)
	}
	return decoded(t, body)
}

func decoded(t *testing.T, body []byte) any {
	t.Helper()
	var v any
	if err := json.Unmarshal(body, &v); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	return v
}

// reader follows a summary.
type reader struct {
	sub *centrifuge.Subscription
	mu  sync.Mutex
	got [][]byte
	err *centrifuge.Error
}

func follow(t *testing.T, l *listener, channel string) *reader {
	t.Helper()
	sub, err := l.client.NewSubscription(channel, centrifuge.SubscriptionConfig{Delta: centrifuge.DeltaTypeFossil})
	if err != nil {
		t.Fatal(err)
	}
	r := &reader{sub: sub}
	sub.OnPublication(func(e centrifuge.PublicationEvent) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.got = append(r.got, slices.Clone(e.Data))
	})
	sub.OnUnsubscribed(func(e centrifuge.UnsubscribedEvent) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.err = &centrifuge.Error{Code: e.Code, Message: e.Reason}
	})
	check(t, sub.Subscribe())
	return r
}

func (r *reader) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.got)
}

// shows waits until what came last is the truth.
func (r *reader) shows(t *testing.T, want any) {
	t.Helper()
	deadline := time.Now().Add(patience)
	diff := "nothing came"
	for time.Now().Before(deadline) {
		r.mu.Lock()
		var last []byte
		if len(r.got) > 0 {
			last = r.got[len(r.got)-1]
		}
		r.mu.Unlock()
		if last != nil {
			if diff = cmp.Diff(want, decoded(t, last)); diff == "" {
				return
			}
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatalf("the figures are not the true ones (-want +got):\n%s", diff)
}

func TestSummariesArePushed(t *testing.T) {
	t.Parallel()
	b := newBusiness(t)
	first, second := b.started(t), b.started(t)
	owner := b.listen(t, first, person(b.account, account.Owner))
	viewer := b.listen(t, second, person(b.account, account.Viewer))
	month := follow(t, owner, "summary:"+b.account+":money:30d")
	today := follow(t, owner, "summary:"+b.account+":money:today")
	plain := follow(t, viewer, "summary:"+b.account+":plain:30d")
	month.shows(t, b.truth(t, "30d", true))
	plain.shows(t, b.truth(t, "30d", false))
	for _, cents := range []int64{1200, 3400} {
		b.collect(t, cents)
		month.shows(t, b.truth(t, "30d", true))
		today.shows(t, b.truth(t, "today", true))
	}
	if got := b.truth(t, "30d", true).(map[string]any)["collected"].(map[string]any)["cents"]; got != 4600.0 {
		t.Errorf("%v cents are shown as collected, not 4600", got)
	}
	// What a viewer sees has no money, so it did not change. It came when it was asked for, by its own instance, and maybe by
	// the other one, which had a round then; the changes did not send it again.
	if n := plain.count(); n > 2 {
		t.Errorf("a summary that stayed the same came %d times", n)
	}
	for _, body := range plain.got {
		if strings.Contains(string(body), "4600") {
			t.Errorf("a viewer was shown money: %s", body)
		}
	}
}

func TestASummaryIsForWhoMaySeeIt(t *testing.T) {
	t.Parallel()
	b := newBusiness(t)
	s := b.started(t)
	for name, tt := range map[string]struct {
		role    account.Role
		channel string
	}{
		"money, for one who sees none": {account.Dispatcher, "summary:" + b.account + ":money:30d"},
		"another business":             {account.Owner, "summary:acc_other:money:30d"},
		"another business's plain one": {account.Viewer, "summary:acc_other:plain:30d"},
		"a period that there is not":   {account.Owner, "summary:" + b.account + ":money:99d"},
		"a set that there is not":      {account.Owner, "summary:" + b.account + ":all:30d"},
		"more than a name":             {account.Owner, "summary:" + b.account + ":money:30d:x"},
		"no period":                    {account.Owner, "summary:" + b.account + ":money"},
		"an event channel":             {account.Viewer, "account:" + b.account + ":finance"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := follow(t, b.listen(t, s, person(b.account, tt.role)), tt.channel)
			eventually(t, "it is refused", func() bool {
				r.mu.Lock()
				defer r.mu.Unlock()
				return r.err != nil && r.err.Code == 103
			})
			if r.count() != 0 {
				t.Error("it got a summary all the same")
			}
		})
	}
}

// A burst of changes is told at most once a second by both instances together, and its last one is told.
func TestABurstIsOneSummaryASecond(t *testing.T) {
	t.Parallel()
	b := newBusiness(t)
	first, second := b.started(t), b.started(t)
	one := follow(t, b.listen(t, first, person(b.account, account.Owner)), "summary:"+b.account+":money:7d")
	other := follow(t, b.listen(t, second, person(b.account, account.Owner)), "summary:"+b.account+":money:7d")
	one.shows(t, b.truth(t, "7d", true))
	began, before := time.Now(), one.count()
	for range 150 {
		b.collect(t, 100)
	}
	want := b.truth(t, "7d", true)
	one.shows(t, want)
	other.shows(t, want)
	// The second in which the burst began, and the ones that it touched.
	most := int(time.Since(began)/time.Second) + 2
	if got := one.count() - before; got > most {
		t.Errorf("a burst of %s was told %d times, at most %d are a second apart", time.Since(began).Round(time.Millisecond), got, most)
	}
	t.Logf("150 changes in %s were %d summaries", time.Since(began).Round(time.Millisecond), one.count()-before)
}

// What goes over the wire after the first summary is the difference.
func TestASummaryIsSentAsADifference(t *testing.T) {
	t.Parallel()
	b := newBusiness(t)
	s := b.started(t)
	conn, _, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(s.url, "http")+"/connection/websocket", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	channel := "summary:" + b.account + ":money:30d"
	send := func(text string) { check(t, conn.WriteMessage(websocket.TextMessage, []byte(text))) }
	send(`{"id":1,"connect":{"token":"` + b.issue(t, person(b.account, account.Owner)) + `"}}`)
	send(`{"id":2,"subscribe":{"channel":"` + channel + `","delta":"fossil"}}`)
	type push struct {
		Push struct {
			Channel string `json:"channel"`
			Pub     struct {
				Data  string `json:"data"`
				Delta bool   `json:"delta"`
			} `json:"pub"`
		} `json:"push"`
	}
	next := func() push {
		for {
			check(t, conn.SetReadDeadline(time.Now().Add(patience)))
			_, frame, err := conn.ReadMessage()
			if err != nil {
				t.Fatal(err)
			}
			for _, line := range strings.Split(string(frame), "\n") {
				var p push
				if json.Unmarshal([]byte(line), &p) == nil && p.Push.Channel == channel && p.Push.Pub.Data != "" {
					return p
				}
			}
		}
	}
	whole := next().Push.Pub
	if whole.Delta || decoded(t, []byte(whole.Data)) == nil {
		t.Fatalf("the first is no whole summary: %+v", whole)
	}
	b.collect(t, 500)
	difference := next().Push.Pub
	if !difference.Delta || len(difference.Data) > len(whole.Data)/4 {
		t.Errorf("the second has %d bytes (difference: %v), the first %d", len(difference.Data), difference.Delta, len(whole.Data))
	}
	t.Logf("a whole summary has %d bytes, a changed figure %d", len(whole.Data), len(difference.Data))
}
