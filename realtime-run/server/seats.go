package server

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/centrifugal/centrifuge"

	"fieldboard.dev/fieldboard/shared/live"
)

const (
	seatRenew = live.SeatLasts / 3 // also how long one counts that was let in and then did not come about
	noteEvery = 5 * time.Second    // of what the instance did
)

// A connection that somebody ended comes back by its person's wish alone: by this number a client does not connect again by
// itself.
var disconnectLetGo = centrifuge.Disconnect{Code: 4503, Reason: "ended by an administrator"}

// seats are the connections of this instance in the register, by their ids.
type seats struct {
	register *live.Register
	mu       sync.Mutex
	mine     map[string]live.Seat
}

// take gives a connection its seat, or tells by which limit there is none.
func (s *seats) take(ctx context.Context, seat live.Seat, l Limits) error {
	err := s.register.Take(ctx, seat.AccountID, seat.Connection, l.ofConnections())
	switch {
	case errors.Is(err, live.ErrPersonFull):
		return centrifuge.DisconnectConnectionLimit
	case errors.Is(err, live.ErrAccountFull):
		return disconnectAccountFull
	case err != nil:
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mine[seat.Connection.ID] = seat
	return nil
}

// leave gives up the seats of connections that ended.
func (s *seats) leave(ctx context.Context, ids ...string) error {
	s.mu.Lock()
	var gone []live.Seat
	for _, id := range ids {
		if seat, ok := s.mine[id]; ok {
			gone = append(gone, seat)
			delete(s.mine, id)
		}
	}
	s.mu.Unlock()
	return s.register.Leave(ctx, gone)
}

// turn writes down whether somebody sits before a connection's page.
func (s *seats) turn(ctx context.Context, id string, idle bool) error {
	s.mu.Lock()
	seat, ok := s.mine[id]
	seat.Connection.Idle = idle
	if ok {
		s.mine[id] = seat
	}
	s.mu.Unlock()
	if !ok {
		return nil
	}
	_, err := s.register.Renew(ctx, []live.Seat{seat})
	return err
}

// renew keeps the seats of the connections that are there, and gives up those of the ones that never came about. It returns
// the ids of those that somebody let go.
func (s *seats) renew(ctx context.Context, now time.Time, there func(id string) bool) (letGo []string, err error) {
	var stay []live.Seat
	var gone []string
	s.mu.Lock()
	for id, seat := range s.mine {
		if there(id) || now.Sub(seat.Connection.Since) <= seatRenew/2 {
			stay = append(stay, seat)
		} else {
			gone = append(gone, id)
		}
	}
	s.mu.Unlock()
	if letGo, err = s.register.Renew(ctx, stay); err != nil {
		return nil, err
	}
	return letGo, s.leave(ctx, gone...)
}

// keepSeats renews the seats of this instance until ctx is done, and lets go whom somebody let go unheard.
func (s *Server) keepSeats(ctx context.Context, h *hub) {
	for {
		pause(ctx, seatRenew)
		if ctx.Err() != nil {
			return
		}
		there := h.node.Hub().Connections()
		letGo, err := s.seats.renew(ctx, s.in.Clock.Now(), func(id string) bool { _, ok := there[id]; return ok })
		if err != nil && ctx.Err() == nil {
			s.in.Log.WarnContext(ctx, "the connections could not be counted anew", "error", err)
		}
		for _, id := range letGo {
			h.endOne(id)
		}
	}
}

// hearLetGo ends the connections that somebody lets go, until ctx is done.
func (s *Server) hearLetGo(ctx context.Context, h *hub) {
	for ctx.Err() == nil {
		err := s.seats.register.Watch(ctx, h.endOne)
		if ctx.Err() != nil {
			return
		}
		s.in.Log.WarnContext(ctx, "it cannot be heard whose connections are ended; trying again", "error", err)
		pause(ctx, time.Second)
	}
}

func (h *hub) endOne(id string) {
	if client, ok := h.node.Hub().Connections()[id]; ok {
		client.Disconnect(disconnectLetGo)
	}
}

// doings are what this instance has done since it last told the register.
type doings struct {
	mu   sync.Mutex
	lags live.Lags
}

func (d *doings) add(accountID string, lag time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lags.Add(accountID, lag)
}

func (d *doings) take() live.Lags {
	d.mu.Lock()
	defer d.mu.Unlock()
	lags := d.lags
	d.lags = live.Lags{}
	return lags
}

// noteDoings tells the register of this instance until ctx is done. What it could not tell is not told later: it is about the
// last minutes.
func (s *Server) noteDoings(ctx context.Context) {
	for ; ctx.Err() == nil; pause(ctx, noteEvery) {
		if err := s.seats.register.Note(ctx, s.name, s.cfg.ofConnections(), s.doings.take(), s.in.Clock.Now()); err != nil && ctx.Err() == nil {
			s.in.Log.WarnContext(ctx, "the instance's doings are not known", "error", err)
		}
	}
	gone, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if err := s.seats.register.Gone(gone, s.name); err != nil {
		s.in.Log.WarnContext(gone, "the instance counts until it expires", "error", err)
	}
}
