package ratelimit

import (
	"context"
	_ "embed"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/cloud"
)

var (
	//go:embed take.lua
	takeLua    string
	takeScript = redis.NewScript(takeLua)
)

// shared judges in Redis, for all instances at once.
type shared struct {
	clients *cloud.Clients
	clock   clock.Clock
	tighten Tighten
	loosen  Loosen
}

// take is one round trip: EVALSHA, however many limits there are. (A Redis that has not seen the script is sent it once.)
func (s *shared) take(ctx context.Context, c charges) (Decision, error) {
	client, err := s.clients.Redis()
	if err != nil {
		return Decision{}, err
	}
	keys := make([]string, 0, len(c.list)+1)
	args := append(make([]any, 0, 13+3*len(c.list)), s.now(), len(c.list), c.cost)
	for _, charge := range c.list {
		keys = append(keys, charge.key)
		adapts := 0
		if charge.adapts {
			adapts = 1
		}
		args = append(args, charge.interval, charge.tolerance, adapts)
	}
	if c.history != "" {
		keys = append(keys, c.history)
		main := c.list[0]
		args = append(args,
			main.trigger, s.tighten.Within.Microseconds(), s.tighten.Factor, s.tighten.Steps, s.tighten.Decay.Microseconds(),
			main.proof, s.loosen.Span.Microseconds(), s.loosen.Factor, s.loosen.Steps, s.remembered().Milliseconds())
	}
	reply, err := takeScript.Run(ctx, client, keys, args...).Int64Slice()
	if err != nil {
		return Decision{}, err
	}
	if len(reply) != 3+3*len(c.list) {
		return Decision{}, fmt.Errorf("a reply of %d numbers for %d limits", len(reply), len(c.list))
	}
	d := Decision{Admitted: reply[0] == 1, Level: int(reply[1]), Tightened: reply[2] == 1}
	for i, charge := range c.list {
		of := reply[3+3*i:]
		d.Standings = append(d.Standings, newStanding(charge.meter, of[0], of[1], of[2]))
	}
	d.sort()
	return d, nil
}

// now is 0 for Redis's own time, which all instances share. A clock that is not the machine's is a test's, and stands or runs
// where it likes.
func (s *shared) now() int64 {
	if s.clock == clock.System {
		return 0
	}
	return s.clock.Now().UnixMicro()
}

// remembered is how long the history of somebody who does not come is kept: until it would say nothing.
func (s *shared) remembered() time.Duration {
	return max(2*s.loosen.Span, s.tighten.Within+time.Duration(s.tighten.Steps+1)*s.tighten.Decay)
}
