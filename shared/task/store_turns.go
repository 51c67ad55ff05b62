package task

import (
	"context"
	_ "embed"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"fieldboard.dev/fieldboard/shared/cloud"
)

var (
	//go:embed turns.lua
	turnsLua string
	nextTurn = redis.NewScript(turnsLua)
	//go:embed wait.lua
	waitLua  string
	waitTurn = redis.NewScript(waitLua)
)

// turnsTimeout bounds one call to Redis: without turns a worker goes on by its token.
const turnsTimeout = 2 * time.Second

// turns say whose turn it is, in Redis: for each queue the tasks that wait, and those that run, by kind and account. It is a
// memory of what Firestore knows; losing it loses the order alone.
type turns struct{ clients *cloud.Clients }

// turn is a task that waits for its turn.
type turn struct {
	account, kind, id string
	age               int64 // in ms since 1970, less its head start
}

func turnOf(account, id string, d *document) turn {
	return turn{account, d.Kind, id, d.RunAt.UnixMilli() - int64(d.Priority)*headStart.Milliseconds()}
}

// prefix is of all keys of a queue. The braces keep them in one slot.
func (t *turns) prefix(queue string) string {
	return t.clients.Config().RedisPrefix + "{tasks:" + queue + "}:"
}

// add lets tasks wait for their turn. One that waits already keeps its place.
func (t *turns) add(ctx context.Context, queue string, all []turn) error {
	const atOnce = 500
	client, err := t.clients.Redis()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, turnsTimeout)
	defer cancel()
	for len(all) > 0 {
		n := min(len(all), atOnce)
		args := make([]any, 0, 4*n)
		for _, x := range all[:n] {
			args = append(args, x.account, x.kind, x.id, x.age)
		}
		if err := waitTurn.Run(ctx, client, []string{t.prefix(queue)}, args...).Err(); err != nil {
			return err
		}
		all = all[n:]
	}
	return nil
}

// outcome is what asking for the next turn gave: a task, or when to ask again.
type outcome struct {
	turn  turn
	found bool
	in    time.Duration // until something may start; below zero when time alone changes nothing
	waits bool          // something waits, for a time, for room, or until it is no longer paused
}

// next takes the task whose turn it is, of the kinds that somebody works on. It counts as running for a lease.
func (t *turns) next(ctx context.Context, queue string, kinds []Rules, now time.Time, lease time.Duration) (outcome, error) {
	client, err := t.clients.Redis()
	if err != nil {
		return outcome{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, turnsTimeout)
	defer cancel()
	args := []any{now.UnixMilli(), lease.Milliseconds(), len(kinds)}
	for _, k := range kinds {
		gap := int64(0)
		if k.PerSecond > 0 {
			gap = int64(1000 / k.PerSecond)
		}
		args = append(args, k.Name, k.Running, k.RunningPerAccount, gap, k.Burst)
	}
	reply, err := nextTurn.Run(ctx, client, []string{t.prefix(queue)}, args...).Slice()
	if err != nil {
		return outcome{}, err
	}
	if len(reply) == 4 {
		account, _ := reply[1].(string)
		kind, _ := reply[2].(string)
		id, _ := reply[3].(string)
		return outcome{turn: turn{account: account, kind: kind, id: id}, found: true}, nil
	}
	if len(reply) != 3 {
		return outcome{}, fmt.Errorf("a reply of %d values", len(reply))
	}
	in, _ := reply[1].(int64)
	waits, _ := reply[2].(int64)
	return outcome{in: time.Duration(in) * time.Millisecond, waits: waits == 1}, nil
}

// keep says that a task still runs.
func (t *turns) keep(ctx context.Context, queue string, x turn, until time.Time) error {
	return t.running(ctx, queue, x, func(ctx context.Context, p redis.Pipeliner, all, own string) {
		p.ZAddXX(ctx, all, redis.Z{Score: float64(until.UnixMilli()), Member: x.account + "|" + x.id})
		p.ZAddXX(ctx, own, redis.Z{Score: float64(until.UnixMilli()), Member: x.id})
	})
}

// done says that a task no longer runs.
func (t *turns) done(ctx context.Context, queue string, x turn) error {
	return t.running(ctx, queue, x, func(ctx context.Context, p redis.Pipeliner, all, own string) {
		p.ZRem(ctx, all, x.account+"|"+x.id)
		p.ZRem(ctx, own, x.id)
	})
}

func (t *turns) running(ctx context.Context, queue string, x turn, f func(ctx context.Context, p redis.Pipeliner, all, own string)) error {
	client, err := t.clients.Redis()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, turnsTimeout)
	defer cancel()
	all := t.prefix(queue) + "running:" + x.kind
	_, err = client.Pipelined(ctx, func(p redis.Pipeliner) error {
		f(ctx, p, all, all+":"+x.account)
		return nil
	})
	return err
}

// pause takes an account's tasks of a kind out of the turns, or lets them back. "*" is every kind.
func (t *turns) pause(ctx context.Context, queue, account, kind string, paused bool) error {
	client, err := t.clients.Redis()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, turnsTimeout)
	defer cancel()
	if paused {
		return client.SAdd(ctx, t.prefix(queue)+"paused", account+"|"+kind).Err()
	}
	return client.SRem(ctx, t.prefix(queue)+"paused", account+"|"+kind).Err()
}
