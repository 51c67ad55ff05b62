package server

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/centrifugal/centrifuge"

	"fieldboard.dev/fieldboard/shared/account"
	"fieldboard.dev/fieldboard/shared/cloud"
	"fieldboard.dev/fieldboard/shared/crew"
	"fieldboard.dev/fieldboard/shared/httpapi"
	"fieldboard.dev/fieldboard/shared/record"
)

// A record's channel is a room: who is in it looks at the record, and learns who else does. Rooms are the only channels that
// a client asks for; they carry who joins and leaves, and no event.
const roomPrefix = "record:"

// presenceLasts is how long the people of an instance that died are still in their rooms. A living one says every
// positionCheck that they are there.
const presenceLasts = 3 * positionCheck

// visible is what somebody must be allowed, for the whole account, to see the records of a collection that have a page.
var visible = map[record.Collection]account.Permission{
	record.Clients: account.RecordRead, record.Requests: account.RecordRead, record.Quotes: account.RecordRead,
	record.Jobs: account.RecordRead, record.Visits: account.RecordRead,
	record.Invoices: account.FinanceRead, record.Payments: account.FinanceRead,
}

// place is the record of a room.
type place struct {
	collection record.Collection
	id         string
}

// placeOf returns the record of a room that somebody may enter: record:{account}:{collection}:{id}. Whether it exists is not
// asked of those who see the whole account: nobody learns more there than who else asked for it. For others, narrow says that
// it has to be looked up whether it is among what they see.
func placeOf(p httpapi.Principal, channel string) (at place, narrow, ok bool) {
	name, ok := strings.CutPrefix(channel, roomPrefix)
	parts := strings.Split(name, ":")
	if !ok || len(parts) != 3 || parts[0] != p.AccountID || !cloud.AreIDs(parts[2]) {
		return place{}, false, false
	}
	at = place{record.Collection(parts[1]), parts[2]}
	needed, ok := visible[at.collection]
	if !ok || (p.Can(account.RecordRead) && p.Can(needed)) {
		return at, false, ok
	}
	return at, true, needed == account.RecordRead && p.Scope(needed) != "" && crew.Shares(at.collection)
}

// viewer is what the others in a room are told of somebody, besides the member's id.
type viewer struct {
	Name string `json:"name"`
	Idle bool   `json:"idle"` // the page is hidden, or nobody has touched it for some minutes
}

func (v viewer) encode() []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // a text and a bool
	}
	return b
}

// guest is one connection's part in the rooms. It is idle in all of them or in none.
type guest struct {
	mu    sync.Mutex
	is    viewer
	rooms map[string]bool // also those that it is about to enter
}

// enter counts a room, unless the guest is in as many as it may be.
func (g *guest) enter(room string, most int) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.rooms) >= most {
		return false
	}
	g.rooms[room] = true
	return true
}

func (g *guest) leave(room string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.rooms, room)
}

func (g *guest) called(name string) viewer {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.is.Name = name
	return g.is
}

func (g *guest) now() viewer {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.is
}

// turn makes the guest idle or active. It returns whether it was not so already, and the rooms that have to be told.
func (g *guest) turn(idle bool) (changed bool, rooms []string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.is.Idle == idle {
		return false, nil
	}
	g.is.Idle = idle
	return true, slices.Collect(maps.Keys(g.rooms))
}

// guests are the connections of this instance. As the node's presence manager they are Redis's, with what each guest is now:
// the node itself keeps what it was told when the guest came, and says so again and again.
type guests struct {
	centrifuge.PresenceManager
	broker centrifuge.Broker
	mu     sync.Mutex
	byID   map[string]*guest
}

func (g *guests) add(id string) *guest {
	g.mu.Lock()
	defer g.mu.Unlock()
	one := &guest{rooms: map[string]bool{}}
	g.byID[id] = one
	return one
}

func (g *guests) remove(id string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.byID, id)
}

// AddPresence is PresenceManager's.
func (g *guests) AddPresence(room, id string, info *centrifuge.ClientInfo) error {
	g.mu.Lock()
	one := g.byID[id]
	g.mu.Unlock()
	if one != nil {
		is := *info
		is.ChanInfo = one.now().encode()
		info = &is
	}
	return g.PresenceManager.AddPresence(room, id, info)
}

// tell lets a room know what one of its guests is now. Joining again changes who joined before.
func (g *guests) tell(room string, client *centrifuge.Client, is viewer) error {
	info := &centrifuge.ClientInfo{ClientID: client.ID(), UserID: client.UserID(), ChanInfo: is.encode()}
	if err := g.AddPresence(room, client.ID(), info); err != nil {
		return err
	}
	return g.broker.PublishJoin(room, info)
}

// welcome lets a client watch summaries, enter rooms, ask who is there, and say whether somebody sits before it.
func (s *Server) welcome(client *centrifuge.Client, h *hub, p httpapi.Principal) (farewell func()) {
	me := h.guests.add(client.ID())
	client.OnSubscribe(func(e centrifuge.SubscribeEvent, done centrifuge.SubscribeCallback) {
		c, isSummary := parseSummary(e.Channel)
		at, narrow, mayEnter := placeOf(p, e.Channel)
		switch {
		case e.Type == centrifuge.SubscriptionTypeStream && isSummary && c.maySee(p):
			s.watchSummary(c, done)
		case e.Type != centrifuge.SubscriptionTypeStream || !mayEnter:
			done(centrifuge.SubscribeReply{}, centrifuge.ErrorPermissionDenied)
		case !me.enter(e.Channel, s.cfg.Rooms):
			done(centrifuge.SubscribeReply{}, centrifuge.ErrorLimitExceeded)
		default:
			// Away from the read loop, which a slow look-up would hold up.
			go func() {
				if narrow && !s.sees(client, p, at, done) {
					me.leave(e.Channel)
					return
				}
				s.enterRoom(client, h, p, me, e.Channel, done)
			}()
		}
	})
	client.OnUnsubscribe(func(e centrifuge.UnsubscribeEvent) { me.leave(e.Channel) })
	client.OnPresence(func(e centrifuge.PresenceEvent, done centrifuge.PresenceCallback) {
		if !strings.HasPrefix(e.Channel, roomPrefix) || !client.IsSubscribed(e.Channel) {
			done(centrifuge.PresenceReply{}, centrifuge.ErrorPermissionDenied)
			return
		}
		done(centrifuge.PresenceReply{}, nil)
	})
	client.OnRPC(func(e centrifuge.RPCEvent, done centrifuge.RPCCallback) {
		var word struct {
			Idle bool `json:"idle"`
		}
		switch {
		case e.Method != "activity":
			done(centrifuge.RPCReply{}, centrifuge.ErrorMethodNotFound)
			return
		case json.Unmarshal(e.Data, &word) != nil:
			done(centrifuge.RPCReply{}, centrifuge.ErrorBadRequest)
			return
		}
		changed, rooms := me.turn(word.Idle)
		for _, room := range rooms {
			s.tellRoom(client, h, me, room)
		}
		if changed {
			ctx := context.WithoutCancel(client.Context())
			if err := s.seats.turn(ctx, client.ID(), word.Idle); err != nil { // the next renewal writes it down
				s.in.Log.WarnContext(ctx, "it is not known yet who is idle", "error", err)
			}
		}
		done(centrifuge.RPCReply{}, nil)
	})
	return func() { h.guests.remove(client.ID()) }
}

// sees tells whether somebody who sees a part of the account sees a record, and refuses otherwise. It is asked again by the
// next connection: who is on another crew meanwhile stays in the room until this one ends.
func (s *Server) sees(client *centrifuge.Client, p httpapi.Principal, at place, done centrifuge.SubscribeCallback) bool {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(client.Context()), authTimeout)
	defer cancel()
	sees, err := s.crews.SeesID(ctx, p, at.collection, at.id)
	switch {
	case err != nil:
		s.in.Log.WarnContext(ctx, "it could not be read whether a record is seen", "account", p.AccountID, "user", p.UserID, "error", err)
		done(centrifuge.SubscribeReply{}, centrifuge.ErrorInternal)
	case !sees:
		done(centrifuge.SubscribeReply{}, centrifuge.ErrorPermissionDenied)
	}
	return sees && err == nil
}

func (s *Server) enterRoom(client *centrifuge.Client, h *hub, p httpapi.Principal, me *guest, room string, done centrifuge.SubscribeCallback) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(client.Context()), authTimeout)
	defer cancel()
	name, err := s.names.of(ctx, p)
	if err != nil {
		me.leave(room)
		s.in.Log.WarnContext(ctx, "a member's name could not be read", "account", p.AccountID, "user", p.UserID, "error", err)
		done(centrifuge.SubscribeReply{}, centrifuge.ErrorInternal)
		return
	}
	is := me.called(name)
	done(centrifuge.SubscribeReply{Options: centrifuge.SubscribeOptions{
		ChannelInfo: is.encode(), EmitPresence: true, EmitJoinLeave: true, PushJoinLeave: true,
	}}, nil)
	if me.now() != is { // it turned while it entered, and the room may know only what it was
		s.tellRoom(client, h, me, room)
	}
}

// tellRoom does nothing for a room that the guest has not entered yet or has left. What Redis misses is said again with the
// next presence of the guest, positionCheck later, but the others learn it only when they ask who is there.
func (s *Server) tellRoom(client *centrifuge.Client, h *hub, me *guest, room string) {
	if !client.IsSubscribed(room) {
		return
	}
	if err := h.guests.tell(room, client, me.now()); err != nil {
		s.in.Log.WarnContext(client.Context(), "a room was not told who is idle", "error", err)
	}
}

// Seats reads a member's place in an account, which has the member's name.
type Seats interface {
	Seat(ctx context.Context, accountID, userID string) (account.Seat, error)
}

const (
	nameLasts = time.Minute // how long a name that was changed is still shown to those who come
	mostNames = 5_000
)

// names remembers what members are called.
type names struct {
	seats Seats
	now   func() time.Time
	mu    sync.Mutex
	known map[string]name // by account and user
}

type name struct {
	text string
	read time.Time
}

func (n *names) of(ctx context.Context, p httpapi.Principal) (string, error) {
	key := p.AccountID + "/" + p.UserID
	n.mu.Lock()
	known, ok := n.known[key]
	n.mu.Unlock()
	if ok && n.now().Sub(known.read) < nameLasts {
		return known.text, nil
	}
	seat, err := n.seats.Seat(ctx, p.AccountID, p.UserID)
	if err != nil {
		return "", err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.known) >= mostNames {
		clear(n.known)
	}
	text := string(seat.Member.Name)
	n.known[key] = name{text: text, read: n.now()}
	return text, nil
}
