package server_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/centrifugal/centrifuge-go"
	"github.com/redis/go-redis/v9"

	"fieldboard.dev/fieldboard/shared/account"
	"fieldboard.dev/fieldboard/shared/event"
	"fieldboard.dev/fieldboard/shared/httpapi"
	"fieldboard.dev/fieldboard/shared/record"
)

// onlooker is a client in a room, who notes who else is there.
type onlooker struct {
	*listener
	sub    *centrifuge.Subscription
	mu     sync.Mutex
	people map[string]onlooked // by connection
	joins  int
}

type onlooked struct {
	User string
	Name string `json:"name"`
	Idle bool   `json:"idle"`
}

func seen(tb testing.TB, info centrifuge.ClientInfo) onlooked {
	tb.Helper()
	o := onlooked{User: info.User}
	if err := json.Unmarshal(info.ChanInfo, &o); err != nil {
		tb.Errorf("%v in %s", err, info.ChanInfo)
	}
	return o
}

// enter has a client subscribe to a room.
func enter(tb testing.TB, l *listener, room string) *onlooker {
	tb.Helper()
	sub, err := l.client.NewSubscription(room)
	if err != nil {
		tb.Fatal(err)
	}
	o := &onlooker{listener: l, sub: sub, people: map[string]onlooked{}}
	sub.OnJoin(func(e centrifuge.JoinEvent) {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.people[e.Client] = seen(tb, e.ClientInfo)
		o.joins++
	})
	sub.OnLeave(func(e centrifuge.LeaveEvent) {
		o.mu.Lock()
		defer o.mu.Unlock()
		delete(o.people, e.Client)
	})
	check(tb, sub.Subscribe())
	return o
}

func (o *onlooker) inside() {
	o.tb.Helper()
	eventually(o.tb, "the room is entered", func() bool { return o.sub.State() == centrifuge.SubStateSubscribed })
}

// sees tells whether it was told of a person, and whether idle.
func (o *onlooker) sees(userID string, idle bool) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Contains(slices.Collect(maps.Values(o.people)), onlooked{userID, nameOf(userID), idle})
}

// finds tells whether a person is there when it asks.
func (o *onlooker) finds(userID string, idle bool) bool {
	o.tb.Helper()
	result, err := o.sub.Presence(o.tb.Context())
	if err != nil {
		o.tb.Fatal(err)
	}
	for _, info := range result.Clients {
		if seen(o.tb, info) == (onlooked{userID, nameOf(userID), idle}) {
			return true
		}
	}
	return false
}

func (o *onlooker) turn(idle bool) {
	o.tb.Helper()
	data, err := json.Marshal(map[string]bool{"idle": idle})
	check(o.tb, err)
	_, err = o.client.RPC(o.tb.Context(), "activity", data)
	check(o.tb, err)
}

const room = "record:acc_1:visits:Visit_12"

func TestWhoLooksAtARecord(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	one, two := w.started(t), w.started(t)
	me, other := person("acc_1", account.Viewer), person("acc_1", account.Dispatcher)
	here := enter(t, w.listen(t, one, me), room)
	here.inside()
	there := enter(t, w.listen(t, two, other), room)
	there.inside()
	eventually(t, "the first is told of the second", func() bool { return here.sees(other.UserID, false) })
	if !there.finds(me.UserID, false) {
		t.Error("who comes does not find who is there")
	}
	elsewhere := enter(t, w.listen(t, two, person("acc_1", account.Viewer)), "record:acc_1:visits:Visit_13")
	elsewhere.inside()
	if elsewhere.finds(me.UserID, false) {
		t.Error("another record's room has them too")
	}
	there.turn(true)
	eventually(t, "the first is told that the second is idle", func() bool { return here.sees(other.UserID, true) })
	joins := here.joined()
	there.turn(true) // is no news
	there.turn(false)
	eventually(t, "the first is told that the second is back", func() bool { return here.sees(other.UserID, false) })
	if got := here.joined() - joins; got != 1 {
		t.Errorf("the room was told %d times, want 1", got)
	}
	check(t, there.sub.Unsubscribe())
	eventually(t, "the first is told that the second left", func() bool { return !here.sees(other.UserID, false) })
	if here.finds(other.UserID, false) {
		t.Error("who left is still there")
	}
	check(t, there.sub.Subscribe())
	eventually(t, "the second is there again", func() bool { return here.sees(other.UserID, false) })
	there.client.Close()
	eventually(t, "the second left with the connection", func() bool { return !here.sees(other.UserID, false) })
}

func (o *onlooker) joined() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.joins
}

// What the node says again and again of who is there is what they are now, not what they were when they came.
func TestWhoIsIdleStaysIdle(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.started(t)
	me, other := person("acc_1", account.Viewer), person("acc_1", account.Viewer)
	there := enter(t, w.listen(t, s, other), room)
	there.inside()
	there.turn(true)
	here := enter(t, w.listen(t, s, me), room)
	here.inside()
	if !here.finds(other.UserID, true) {
		t.Fatal("who is idle is not found as such")
	}
	first := w.presentUntil(t)
	eventually(t, "the node says so again", func() bool { return w.presentUntil(t) > first })
	if !here.finds(other.UserID, true) {
		t.Error("who is idle was said to be active")
	}
}

// Those of an instance that died without a word are gone once their presence expires.
func TestTheGuestsOfADeadInstanceVanish(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "REALTIME_COMMANDS_PER_SECOND", "1000") // it asks again and again
	here := enter(t, w.listen(t, w.started(t), person("acc_1", account.Viewer)), room)
	here.inside()
	other := person("acc_1", account.Viewer)
	address, unplug := cable(t, w.settings["REDIS_URL"])
	there := enter(t, w.listen(t, w.started(t, "REDIS_URL", address), other), room)
	there.inside()
	eventually(t, "they are there", func() bool { return here.finds(other.UserID, false) })
	unplug()
	eventually(t, "they are gone", func() bool { return !here.finds(other.UserID, false) })
}

// presentUntil returns until when the last guest of the room is there, as a Unix time, which is a score in the set that the
// node keeps.
func (w *world) presentUntil(tb testing.TB) float64 {
	tb.Helper()
	client := w.redis(tb)
	found, err := client.ZRevRangeWithScores(tb.Context(), w.settings["REDIS_PREFIX"]+"rt.presence.expire."+room, 0, 0).Result()
	if err != nil || len(found) != 1 {
		tb.Fatalf("got %v, %v", found, err)
	}
	return found[0].Score
}

// redis returns a client of the world's Redis.
func (w *world) redis(tb testing.TB) *redis.Client {
	tb.Helper()
	options, err := redis.ParseURL(w.settings["REDIS_URL"])
	if err != nil {
		tb.Fatal(err)
	}
	client := redis.NewClient(options)
	tb.Cleanup(func() { check(tb, client.Close()) })
	return client
}

// cable returns an address of a Redis that goes through the test, and what cuts it.
func cable(tb testing.TB, to string) (address string, cut func()) {
	tb.Helper()
	target, err := url.Parse(to)
	if err != nil {
		tb.Fatal(err)
	}
	host := target.Host
	listener, err := (&net.ListenConfig{}).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	var mu sync.Mutex
	open := []net.Conn{}
	cut = sync.OnceFunc(func() {
		_ = listener.Close()
		mu.Lock()
		defer mu.Unlock()
		for _, conn := range open {
			_ = conn.Close() // either end may have closed it
		}
	})
	tb.Cleanup(cut)
	go func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			far, err := (&net.Dialer{}).DialContext(context.WithoutCancel(tb.Context()), "tcp", host)
			if err != nil {
				_ = near.Close()
				continue
			}
			mu.Lock()
			open = append(open, near, far)
			mu.Unlock()
			for _, pair := range [][2]net.Conn{{near, far}, {far, near}} {
				go func() {
					_, _ = io.Copy(pair[0], pair[1]) // until one of them is closed
					_, _ = pair[0].Close(), pair[1].Close()
				}()
			}
		}
	}()
	target.Host = listener.Addr().String()
	return target.String(), cut
}

func TestRoomsThatNobodyEnters(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.started(t)
	tests := []struct {
		name string
		role account.Role
		room string
	}{
		{"of another account", account.Owner, "record:acc_2:visits:Visit_12"},
		{"of no collection", account.Owner, "record:acc_1:secrets:Visit_12"},
		{"of a collection without pages", account.Owner, "record:acc_1:users:User_1"},
		{"of money, without the right to see it", account.Dispatcher, "record:acc_1:invoices:Invoice_7"},
		{"of sales, by one of a crew", account.Technician, "record:acc_1:quotes:Quote_12"},
		{"of money, by one of a crew", account.Technician, "record:acc_1:invoices:Invoice_7"},
		{"without an id", account.Owner, "record:acc_1:visits:"},
		{"with a path for an id", account.Owner, "record:acc_1:visits:a/b"},
		{"with an id that goes on", account.Owner, "record:acc_1:visits:Visit_12:x"},
		{"an account's channel", account.Viewer, "account:acc_1:finance"},
		{"another's own channel", account.Owner, "user:acc_1:somebody"},
		{"no channel of ours", account.Owner, "lobby"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			l := w.listen(t, s, person("acc_1", tt.role))
			if code := refused(t, l, tt.room); code != 103 {
				t.Errorf("refused with %d, want 103", code)
			}
		})
	}
	t.Run("asking who is where one is not", func(t *testing.T) {
		t.Parallel()
		conn := socket(t, s, nil)
		write(t, conn, connectCommand(w.issue(t, person("acc_1", account.Owner))))
		read(t, conn)
		write(t, conn, `{"id":7,"presence":{"channel":"`+room+`"}}`)
		if reply := read(t, conn); reply.Error == nil || reply.Error.Code != 103 {
			t.Errorf("got %+v, want error 103", reply)
		}
	})
}

// Who sees only what a crew works on enters the rooms of that, and meets those there who see everything.
func TestACrewEntersTheRoomsOfItsWork(t *testing.T) {
	t.Parallel()
	b := newBusiness(t)
	me, unlinked, gone := person(b.account, account.Technician), person(b.account, account.Technician), person(b.account, account.Technician)
	b.crews(t)
	b.member(t, me.UserID, "User_1")
	b.member(t, unlinked.UserID, "")
	s := b.started(t)
	office := person(b.account, account.Dispatcher)
	room := func(record string) string { return "record:" + b.account + ":" + record }
	there := enter(t, b.listen(t, s, office), room("visits:Visit_1"))
	there.inside()
	for _, record := range []string{"visits:Visit_1", "jobs:Job_1", "clients:Client_1"} {
		here := enter(t, b.listen(t, s, me), room(record))
		here.inside()
		if atVisit := record == "visits:Visit_1"; here.finds(office.UserID, false) != atVisit {
			t.Errorf("at %s one of the crew finds the office there: %v, want %v", record, !atVisit, atVisit)
		}
		for _, other := range []httpapi.Principal{unlinked, gone} {
			if code := refused(t, b.listen(t, s, other), room(record)); code != 103 {
				t.Errorf("who is nobody in Jobber, or no member any more, is refused %s with %d, want 103", record, code)
			}
		}
	}
	eventually(t, "the office sees who is there of the crew", func() bool { return there.sees(me.UserID, false) })
	for _, record := range []string{"visits:Visit_2", "jobs:Job_2", "clients:Client_2", "visits:Visit_3", "jobs:Job_3"} {
		if code := refused(t, b.listen(t, s, me), room(record)); code != 103 {
			t.Errorf("%s of others, or of nobody, is refused with %d, want 103", record, code)
		}
	}
}

// crews has one visit of each of two crews, the first one's by another than User_1.
func (b business) crews(t *testing.T) {
	t.Helper()
	now := time.Now()
	var batch record.Batch
	add := func(r record.Record, id string) {
		*r.Base() = record.Meta{ID: id, JobberID: "x", CreatedAt: now, FetchedAt: now}
		batch.Upserts = append(batch.Upserts, record.Upsert{Record: r})
	}
	for id, team := range map[string]string{"User_1": "north", "User_2": "north", "User_3": "south"} {
		add(&record.User{Name: id, Status: "ACTIVATED", Team: team, TeamName: team}, id)
	}
	for n, user := range map[string]string{"1": "User_2", "2": "User_3"} {
		add(&record.Client{Name: "Client"}, "Client_"+n)
		add(&record.Job{ClientID: "Client_" + n}, "Job_"+n)
		add(&record.Visit{JobID: "Job_" + n, ClientID: "Client_" + n, UserIDs: []string{user}}, "Visit_"+n)
	}
	scope := record.Scope{Account: b.account, Zone: time.UTC}
	events := event.NewStore(b.in.Cloud, event.Config{}, b.in.Log)
	if _, err := record.NewStore(b.in.Cloud, events, b.in.Clock, b.in.Log).Apply(t.Context(), scope, batch); err != nil {
		t.Fatal(err)
	}
}

// member has a technician, who is somebody in Jobber.
func (b business) member(t *testing.T, userID, inJobber string) {
	t.Helper()
	client, err := b.in.Cloud.Firestore(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	doc := map[string]any{"name": "Tess", "role": string(account.Technician), "status": string(account.Active), "jobberUserId": inJobber}
	if _, err := client.Collection("accounts").Doc(b.account).Collection("members").Doc(userID).Set(t.Context(), doc); err != nil {
		t.Fatal(err)
	}
}

// refused returns the code of the error by which a room was not entered; 0 for one that was.
func refused(t *testing.T, l *listener, room string) uint32 {
	t.Helper()
	sub, err := l.client.NewSubscription(room)
	if err != nil {
		t.Fatal(err)
	}
	codes := make(chan uint32, 8)
	sub.OnSubscribed(func(centrifuge.SubscribedEvent) { codes <- 0 })
	sub.OnUnsubscribed(func(e centrifuge.UnsubscribedEvent) { codes <- e.Code })
	sub.OnError(func(e centrifuge.SubscriptionErrorEvent) {
		var refusal *centrifuge.Error
		if errors.As(e.Error, &refusal) {
			codes <- refusal.Code
		}
	})
	check(t, sub.Subscribe())
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	select {
	case code := <-codes:
		return code
	case <-ctx.Done():
		t.Fatal("no answer")
		return 0
	}
}
