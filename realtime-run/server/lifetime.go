package server

import (
	"encoding/json"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/centrifugal/centrifuge"
)

// Cloud Run cuts every request after 60 minutes, a connection too. Before that, a client is told to move: it opens another
// connection beside this one, and lets go of this one when the other has taken over. By default it is told after 52 to 58
// minutes, so that those who came together do not all move together, and what it does not let go of ends a minute later.
const (
	defaultLifetime = 55 * time.Minute
	lifetimeSpread  = 3 * time.Minute
	moveWithin      = time.Minute
)

// A client that stayed is sent to connect again, which recovers what it misses.
var disconnectLifetime = centrifuge.Disconnect{Code: 4001, Reason: "lifetime over"}

// scaled makes a part of the default lifetime the same part of the one that is set.
func (s *Server) scaled(part time.Duration) time.Duration {
	return time.Duration(float64(part) / float64(defaultLifetime) * float64(s.cfg.Lifetime))
}

// limitLifetime has a client move in time. What it returns stops that.
func (s *Server) limitLifetime(client *centrifuge.Client) (stop func()) {
	spread := s.scaled(lifetimeSpread)
	left := s.cfg.Lifetime - spread + rand.N(2*spread+1) //nolint:gosec // no secret: it spreads load
	var mu sync.Mutex
	var timer *time.Timer
	mu.Lock()
	defer mu.Unlock()
	timer = time.AfterFunc(left, func() {
		s.announceMove(client, 0)
		mu.Lock()
		defer mu.Unlock()
		timer = time.AfterFunc(s.scaled(moveWithin), func() { client.Disconnect(disconnectLifetime) })
	})
	return func() {
		mu.Lock()
		defer mu.Unlock()
		timer.Stop()
	}
}

// move is the message that asks a client to open another connection, at a moment of its choice within so many milliseconds.
type move struct {
	Type     string `json:"type"`
	WithinMS int64  `json:"withinMs"`
}

func (s *Server) announceMove(client *centrifuge.Client, within time.Duration) {
	message, err := json.Marshal(move{Type: "move", WithinMS: within.Milliseconds()})
	if err == nil {
		err = client.Send(message)
	}
	if err != nil { // it is gone, or will be sent to connect again
		s.in.Log.Debug("a client was not asked to move", "error", err)
	}
}

// How an instance that ends lets go of its clients: they are asked to move, and have a moment for it; then those that
// stayed are sent to connect again one after the other.
const (
	drainMove   = 2 * time.Second
	drainSpread = 1500 * time.Millisecond
)

// letGo moves the clients to other instances, so that they do not all arrive there at once.
func (s *Server) letGo(h *hub) {
	for _, client := range h.node.Hub().Connections() {
		s.announceMove(client, drainMove/2)
	}
	for deadline := time.Now().Add(drainMove); time.Now().Before(deadline) && h.node.Hub().NumClients() > 0; {
		time.Sleep(20 * time.Millisecond)
	}
	var last sync.WaitGroup
	for _, client := range h.node.Hub().Connections() {
		last.Go(func() {
			time.Sleep(rand.N(drainSpread)) //nolint:gosec // no secret: it spreads load
			client.Disconnect(centrifuge.DisconnectShutdown)
		})
	}
	last.Wait()
}
