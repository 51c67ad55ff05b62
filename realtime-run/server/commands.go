package server

import (
	"context"
	"sync"
	"time"

	"github.com/centrifugal/centrifuge"
)

// commands counts a client's commands within the present second. A bucket would be fairer; but a client that stays in the
// bound sends one every few minutes, so nothing has to be fair here, only small: there is one for each connection.
type commands struct {
	mu     sync.Mutex
	bound  int
	second int64
	sent   int
}

type commandsKey struct{}

func withCommands(ctx context.Context, bound int) context.Context {
	return context.WithValue(ctx, commandsKey{}, &commands{bound: bound})
}

func (c *commands) allows(now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.second != now.Unix() {
		c.second, c.sent = now.Unix(), 0
	}
	c.sent++
	return c.sent <= c.bound
}

// commandRead ends a connection whose client sends too many commands, before any is obeyed.
func (s *Server) commandRead(client *centrifuge.Client, _ centrifuge.CommandReadEvent) error {
	if c, ok := client.Context().Value(commandsKey{}).(*commands); ok && !c.allows(s.in.Clock.Now()) {
		return centrifuge.DisconnectTooManyRequests
	}
	return nil
}
