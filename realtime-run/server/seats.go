package server

import (
	"context"
	_ "embed"
	"maps"
	"sync"
	"time"

	"github.com/centrifugal/centrifuge"
	"github.com/redis/go-redis/v9"

	"fieldboard.dev/fieldboard/shared/cloud"
	"fieldboard.dev/fieldboard/shared/httpapi"
)

const (
	seatLasts = time.Minute      // how long the connections of an instance that died still count
	seatRenew = 20 * time.Second // also how long one counts that was let in and then did not come about
)

var (
	//go:embed seats.lua
	seatsLua    string
	seatsScript = redis.NewScript(seatsLua)
)

// seats counts the connections of each person and each business over all instances. Each connection is a member of two
// sorted sets in Redis, with the time until which it counts unless its instance says again that it is there.
type seats struct {
	clients *cloud.Clients
	mu      sync.Mutex
	mine    map[string]seat // by the connection's id
}

type seat struct {
	keys  []string
	taken time.Time
}

func newSeats(clients *cloud.Clients) *seats {
	return &seats{clients: clients, mine: map[string]seat{}}
}

// take gives a connection its seat, or tells by which limit there is none.
func (s *seats) take(ctx context.Context, id string, p httpapi.Principal, l Limits, now time.Time) error {
	client, err := s.clients.Redis()
	if err != nil {
		return err
	}
	account := s.clients.Config().RedisPrefix + "rt:seats:{" + p.AccountID + "}"
	keys := []string{account + ":" + p.UserID, account}
	ctx, cancel := context.WithTimeout(ctx, redisTimeout)
	defer cancel()
	over, err := seatsScript.Run(ctx, client, keys, id, seatLasts.Milliseconds(), l.ConnectionsPerUser, l.ConnectionsPerAccount).Int()
	switch {
	case err != nil:
		return err
	case over == 1:
		return centrifuge.DisconnectConnectionLimit
	case over == 2:
		return disconnectAccountFull
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mine[id] = seat{keys: keys, taken: now}
	return nil
}

// leave gives up the seats of connections that ended.
func (s *seats) leave(ctx context.Context, ids ...string) error {
	client, err := s.clients.Redis()
	if err != nil {
		return err
	}
	pipe := client.Pipeline()
	s.mu.Lock()
	for _, id := range ids {
		for _, key := range s.mine[id].keys {
			pipe.ZRem(ctx, key, id)
		}
		delete(s.mine, id)
	}
	s.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, redisTimeout)
	defer cancel()
	_, err = pipe.Exec(ctx)
	return err
}

// renew keeps the seats of the connections that are there, and gives up those of the ones that never came about.
func (s *seats) renew(ctx context.Context, now time.Time, there func(id string) bool) error {
	client, err := s.clients.Redis()
	if err != nil {
		return err
	}
	s.mu.Lock()
	mine := maps.Clone(s.mine)
	s.mu.Unlock()
	var gone []string
	pipe := client.Pipeline()
	for id, seat := range mine {
		if !there(id) && now.Sub(seat.taken) > seatRenew/2 {
			gone = append(gone, id)
			continue
		}
		// Without limits: it was let in.
		seatsScript.EvalSha(ctx, pipe, seat.keys, id, seatLasts.Milliseconds(), 0, 0)
	}
	if len(mine) > len(gone) {
		if err := seatsScript.Load(ctx, client).Err(); err != nil { // a Redis that restarted does not know it
			return err
		}
		if _, err := pipe.Exec(ctx); err != nil {
			return err
		}
	}
	if len(gone) == 0 {
		return nil
	}
	return s.leave(ctx, gone...)
}

// keepSeats renews the seats of this instance until ctx is done.
func (s *Server) keepSeats(ctx context.Context, h *hub) {
	for {
		pause(ctx, seatRenew)
		if ctx.Err() != nil {
			return
		}
		there := h.node.Hub().Connections()
		err := s.seats.renew(ctx, s.in.Clock.Now(), func(id string) bool { _, ok := there[id]; return ok })
		if err != nil && ctx.Err() == nil {
			s.in.Log.WarnContext(ctx, "the connections could not be counted anew", "error", err)
		}
	}
}
