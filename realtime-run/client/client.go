// Package client follows the live events of an account, for integrators and for tests: it connects by access token, comes
// back by itself after a loss, moves to another connection when the service asks for it, and hands over every event of its
// channels once, in order; where it cannot, it says that there is a gap.
package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/centrifugal/centrifuge-go"

	"fieldboard.dev/fieldboard/shared/event"
)

// Config says what to follow and whom to tell. The functions are called one at a time, in the order in which things
// happened; while one runs, nothing else is handed over.
type Config struct {
	// URL is the service's address, http(s) or ws(s), as /api/v1/config tells it in realtimeUrl.
	URL string
	// Token returns a valid access token. refused is the one that the service no longer takes, although it may not have
	// expired: what its bearer may do has changed. ErrSessionOver ends the following.
	Token func(ctx context.Context, refused string) (string, error)
	// Event takes an event of a channel. It is required, as URL and Token are.
	Event func(channel string, e event.Event)
	// Gap is told that events of a channel may be missing before the next one: read the present state again. May be nil.
	Gap func(Gap)
	// Connected is told when the following begins or ends to be live. May be nil.
	Connected func(bool)
	// Log may be nil.
	Log *slog.Logger
	// Retry bounds the pauses between attempts to connect; zero means 300 ms to 8 s.
	Retry struct{ Min, Max time.Duration }
}

// Gap is a part of a channel that did not arrive.
type Gap struct {
	Channel string
	// After is the offset of the last event that arrived, and Next the one of the next that can; both count from 1 within
	// the channel's history, and compare only when it was not begun anew (Anew).
	After, Next uint64
	Anew        bool
	Epoch       string // names the history that goes on
}

// ErrSessionOver is what Token returns, and Follow with it, when there is no token to be had any more.
var ErrSessionOver = errors.New("the session is over")

// EndedError is why the service let go of the client for good.
type EndedError struct {
	Code   uint32
	Reason string
}

func (e *EndedError) Error() string {
	return fmt.Sprintf("the service ended the connection: %s (%d)", e.Reason, e.Code)
}

// The service's numbers for too many connections of the person and of the account. One may be closed meanwhile.
const (
	tooManyOfUser    = 3504
	tooManyOfAccount = 4502
	fullRetry        = time.Minute
)

// Follow follows until ctx is done, which is no error, or until there is no use in going on: ErrSessionOver or an
// *EndedError.
func Follow(ctx context.Context, cfg Config) error {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Gap == nil {
		cfg.Gap = func(Gap) {}
	}
	if cfg.Connected == nil {
		cfg.Connected = func(bool) {}
	}
	if cfg.Retry.Min == 0 {
		cfg.Retry.Min, cfg.Retry.Max = 300*time.Millisecond, 8*time.Second
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	f := &follower{cfg: cfg, ctx: ctx, end: cancel, book: book{cfg: &cfg, at: map[string]position{}}}
	f.mu.Lock()
	f.current = f.open()
	f.mu.Unlock()
	f.connect(f.current)
	<-ctx.Done()
	f.stop()
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) && !errors.Is(cause, context.DeadlineExceeded) {
		return cause
	}
	return nil
}

// follower is one Follow. Its mutex is held while Config's functions are called.
type follower struct {
	cfg Config
	ctx context.Context //nolint:containedctx // Follow's own: the library's callbacks bring none
	end context.CancelCauseFunc

	mu      sync.Mutex
	token   string
	book    book
	current *connection
	next    *connection // is to take over from current
}

// connection is one connection to the service, or one after the other of the same client.
type connection struct {
	client *centrifuge.Client
	// Of one that is to take over: where its channels begin, and what came before it may count.
	start   map[string]position
	waiting []arrival
}

type arrival struct {
	channel string
	offset  uint64
	data    []byte
}

func (f *follower) open() *connection {
	address := strings.TrimSuffix(f.cfg.URL, "/") + "/connection/websocket"
	if rest, ok := strings.CutPrefix(address, "http"); ok {
		address = "ws" + rest
	}
	c := &connection{start: map[string]position{}}
	c.client = centrifuge.NewJsonClient(address, centrifuge.Config{
		Name: "fieldboard-go", Token: f.token, GetToken: func(centrifuge.ConnectionTokenEvent) (string, error) { return f.getToken() },
		MinReconnectDelay: f.cfg.Retry.Min, MaxReconnectDelay: f.cfg.Retry.Max,
		HandshakeTimeout: 10 * time.Second, WriteTimeout: 5 * time.Second,
	})
	c.client.OnSubscribed(func(e centrifuge.ServerSubscribedEvent) { f.locked(func() { f.subscribed(c, e) }) })
	c.client.OnUnsubscribed(func(e centrifuge.ServerUnsubscribedEvent) { f.locked(func() { f.unsubscribed(c, e.Channel) }) })
	c.client.OnPublication(func(e centrifuge.ServerPublicationEvent) {
		f.locked(func() { f.arrived(c, arrival{e.Channel, e.Offset, e.Data}) })
	})
	c.client.OnConnected(func(centrifuge.ConnectedEvent) { f.locked(func() { f.connected(c) }) })
	c.client.OnConnecting(func(e centrifuge.ConnectingEvent) { f.locked(func() { f.lost(c, e.Code) }) })
	c.client.OnDisconnected(func(e centrifuge.DisconnectedEvent) { f.locked(func() { f.disconnected(c, e) }) })
	c.client.OnMessage(func(e centrifuge.MessageEvent) { f.locked(func() { f.message(c, e.Data) }) })
	c.client.OnError(func(e centrifuge.ErrorEvent) { f.cfg.Log.Debug("live connection", "error", e.Error) })
	return c
}

func (f *follower) locked(do func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.ctx.Err() == nil {
		do()
	}
}

// connect begins to connect; of a failure the client's events tell.
func (f *follower) connect(c *connection) {
	if err := c.client.Connect(); err != nil {
		f.cfg.Log.Debug("the first attempt to connect failed", "error", err)
	}
}

func (f *follower) getToken() (string, error) {
	f.mu.Lock()
	refused := f.token
	f.mu.Unlock()
	token, err := f.cfg.Token(f.ctx, refused)
	if errors.Is(err, ErrSessionOver) {
		f.end(ErrSessionOver)
		return "", centrifuge.ErrUnauthorized
	}
	if err != nil {
		return "", err
	}
	f.mu.Lock()
	f.token = token
	f.mu.Unlock()
	return token, nil
}

func (f *follower) subscribed(c *connection, e centrifuge.ServerSubscribedEvent) {
	if e.StreamPosition == nil {
		return
	}
	begins := position{e.StreamPosition.Epoch, e.StreamPosition.Offset}
	f.cfg.Log.Debug("a channel begins", "channel", e.Channel, "epoch", begins.epoch, "offset", begins.offset,
		"resuming", e.WasRecovering, "recovered", e.Recovered, "taking_over", c == f.next)
	switch c {
	case f.current:
		f.book.subscribed(e.Channel, begins, e.WasRecovering && e.Recovered)
	case f.next:
		c.start[e.Channel] = begins
	}
}

func (f *follower) unsubscribed(c *connection, channel string) {
	f.cfg.Log.Debug("a channel ends", "channel", channel)
	if c == f.current {
		f.book.forget(channel)
	}
	delete(c.start, channel)
}

func (f *follower) arrived(c *connection, a arrival) {
	switch c {
	case f.current:
		f.book.take(a)
		f.takeOver(false)
	case f.next:
		c.waiting = append(c.waiting, a)
	}
}

func (f *follower) connected(c *connection) {
	f.cfg.Log.Debug("live connection there", "taking_over", c == f.next)
	if c == f.current {
		f.cfg.Connected(true)
		return
	}
	// The client tells its channels right after this, before any other callback.
	time.AfterFunc(settle, func() { f.locked(func() { f.takeOver(false) }) })
}

func (f *follower) lost(c *connection, code uint32) {
	if c == f.current && code != 0 { // 0 is our own call of Connect
		f.cfg.Connected(false)
		f.cfg.Log.Debug("live connection lost", "code", code)
	}
}

func (f *follower) disconnected(c *connection, e centrifuge.DisconnectedEvent) {
	switch {
	case c == f.next: // refused for good: the present one goes on, and is sent to connect again in its time
		f.next = nil
	case c != f.current:
	case e.Code == tooManyOfUser || e.Code == tooManyOfAccount:
		f.cfg.Connected(false)
		again := fullRetry + rand.N(fullRetry) //nolint:gosec // no secret: it spreads load
		time.AfterFunc(again, func() {
			if f.ctx.Err() == nil {
				f.connect(c)
			}
		})
	default:
		f.cfg.Connected(false)
		f.end(&EndedError{e.Code, e.Reason})
	}
}

// message takes the service's word that a connection ends soon.
func (f *follower) message(c *connection, data []byte) {
	var m struct {
		Type     string `json:"type"`
		WithinMS int64  `json:"withinMs"`
	}
	if c != f.current || json.Unmarshal(data, &m) != nil || m.Type != "move" || f.next != nil {
		return
	}
	wait := time.Duration(0)
	if m.WithinMS > 0 {
		wait = rand.N(time.Duration(m.WithinMS) * time.Millisecond) //nolint:gosec // no secret: it spreads load
	}
	time.AfterFunc(wait, func() { f.locked(f.move) })
}

func (f *follower) stop() {
	f.mu.Lock()
	connections := []*connection{f.current, f.next}
	f.mu.Unlock()
	for _, c := range connections {
		if c != nil {
			c.client.Close()
		}
	}
}
