package server

import (
	"context"
	"sync"
	"time"
)

// status is whether a part that is needed works: unknown, then up or down.
type status struct {
	mu    sync.Mutex
	known bool
	err   error
}

// set notes the outcome of the latest use, and reports whether it changed the state.
func (s *status) set(err error) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	changed := !s.known || (s.err == nil) != (err == nil)
	s.known, s.err = true, err
	return changed
}

func (s *status) up() bool { return s.String() == "up" }

func (s *status) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case !s.known:
		return "unknown"
	case s.err != nil:
		return "down"
	}
	return "up"
}

// watchRedis keeps s.redis true to the facts, and logs when it changes.
func (s *Server) watchRedis(ctx context.Context) {
	for ; ctx.Err() == nil; pause(ctx, redisTimeout) {
		err := s.pingRedis(ctx)
		if ctx.Err() != nil || !s.redis.set(err) {
			continue
		}
		if err != nil {
			s.in.Log.ErrorContext(ctx, "Redis is not reachable; events wait", "error", err)
		} else {
			s.in.Log.InfoContext(ctx, "Redis is reachable again")
		}
	}
}

func (s *Server) pingRedis(ctx context.Context) error {
	client, err := s.in.Cloud.Redis()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	if err := client.Ping(ctx).Err(); err != nil {
		return err
	}
	return s.learnHeard(ctx, client)
}

// subscription tells whether messages come: "up", "down" when they cannot be pulled, "stuck" when none arrives although there
// are some, and "unknown" at first.
func (s *Server) subscription() string {
	if is := s.pubsub.String(); is == "down" || !s.ears.stuck() {
		return is
	}
	return "stuck"
}
