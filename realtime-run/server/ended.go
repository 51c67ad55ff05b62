package server

import (
	"context"
	"time"

	"github.com/centrifugal/centrifuge"
	"golang.org/x/sync/errgroup"

	"fieldboard.dev/fieldboard/shared/httpapi"
	"fieldboard.dev/fieldboard/shared/session"
)

const (
	// recheckEvery bounds how long a connection outlives its session when nobody could tell of the end.
	recheckEvery  = 30 * time.Second
	recheckAtOnce = 16 // of the connections
)

// disconnectEnded closes a connection whose session is over. By its number a client does not connect again by itself: it
// would be refused.
var disconnectEnded = centrifuge.Disconnect{Code: 4501, Reason: "session ended"}

// closeEnded closes the connections of sessions that end, and has those of changed seats connect again, which gives them the
// channels of what they may see now.
func (s *Server) closeEnded(ctx context.Context, h *hub) {
	unheard := make(chan struct{}, 1)
	go s.sessions.Watch(ctx, func(e session.Ended) { h.closeOf(e) }, func() {
		select {
		case unheard <- struct{}{}:
		default: // a check is waiting already
		}
	})
	every := time.NewTicker(recheckEvery)
	defer every.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-unheard:
		case <-every.C:
		}
		s.recheck(ctx, h)
	}
}

func (h *hub) closeOf(e session.Ended) {
	for _, client := range h.node.Hub().Connections() {
		p := httpapi.PrincipalFrom(client.Context())
		switch {
		case e.Session != "" && p.SessionID == e.Session:
			client.Disconnect(disconnectEnded)
		case e.UserID != "" && p.UserID == e.UserID && p.AccountID == e.AccountID:
			client.Disconnect(centrifuge.DisconnectForceReconnect)
		}
	}
}

// recheck asks of every connection whether its session still stands. What cannot be found out stays: the token ends soon.
func (s *Server) recheck(ctx context.Context, h *hub) {
	var g errgroup.Group
	g.SetLimit(recheckAtOnce)
	for _, client := range h.node.Hub().Connections() {
		g.Go(func() error { return s.recheckOne(ctx, client) })
	}
	if err := g.Wait(); err != nil && ctx.Err() == nil {
		s.in.Log.WarnContext(ctx, "some sessions could not be checked", "error", err)
	}
}

func (s *Server) recheckOne(ctx context.Context, client *centrifuge.Client) error {
	stands, err := s.sessions.Stands(ctx, httpapi.PrincipalFrom(client.Context()))
	if err == nil && !stands {
		client.Disconnect(centrifuge.DisconnectForceReconnect)
	}
	return err
}

// recheckNew asks of a connection that is among the others now: what ended while it was let in was told to those alone who
// were there already.
func (s *Server) recheckNew(client *centrifuge.Client) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(client.Context()), authTimeout)
	defer cancel()
	if err := s.recheckOne(ctx, client); err != nil {
		s.in.Log.WarnContext(ctx, "a session could not be checked again", "error", err)
	}
}
