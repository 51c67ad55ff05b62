package ratelimit

import (
	"container/list"
	"sync"
	"time"

	"fieldboard.dev/fieldboard/shared/clock"
)

// maxLocal bounds what an instance remembers: some megabytes. Past it the one that has not come for longest begins anew,
// which whoever sends from so many addresses at once had no need of.
const maxLocal = 20_000

// local judges in this process, with an even part of every quota. It neither tightens nor loosens.
type local struct {
	clock     clock.Clock
	instances int64

	mu    sync.Mutex
	byKey map[string]*list.Element // of *owed
	order *list.List               // the most recently used first
}

// owed is what is stored of one limit, as in take.lua.
type owed struct {
	key   string
	until int64
}

func newLocal(clk clock.Clock, instances int) *local {
	return &local{clock: clk, instances: int64(instances), byKey: map[string]*list.Element{}, order: list.New()}
}

// take is take.lua without a history. An instance's part of a quota is the same tolerance at an interval that is longer by
// the number of instances; one unit is possible even where a part is less than one.
func (l *local) take(c charges) Decision {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.clock.Now().UnixMicro()
	d := Decision{Admitted: true, Alone: true, Standings: make([]Standing, len(c.list))}
	debts := make([]int64, len(c.list))
	for i, charge := range c.list {
		interval, tolerance := l.part(charge.meter)
		debts[i] = max(l.until(charge.key)-now, 0)
		wait := debts[i] - max(tolerance-int64(c.cost)*interval, 0)
		d.Admitted = d.Admitted && wait <= 0
		d.Standings[i] = newStanding(charge.meter, 0, max(wait, 0), interval)
	}
	for i, charge := range c.list {
		interval, tolerance := l.part(charge.meter)
		if d.Admitted {
			debts[i] += int64(c.cost) * interval
			l.remember(charge.key, now+debts[i])
		}
		d.Standings[i].Remaining = int(max(0, (tolerance-debts[i])/interval))
	}
	d.sort()
	return d
}

func (l *local) part(m *meter) (interval, tolerance int64) {
	interval = m.interval * l.instances
	return interval, max(m.tolerance, interval)
}

func (l *local) until(key string) int64 {
	if e, ok := l.byKey[key]; ok {
		return e.Value.(*owed).until
	}
	return 0
}

func (l *local) remember(key string, until int64) {
	if e, ok := l.byKey[key]; ok {
		e.Value.(*owed).until = until
		l.order.MoveToFront(e)
		return
	}
	l.byKey[key] = l.order.PushFront(&owed{key, until})
	if l.order.Len() > maxLocal {
		oldest := l.order.Back()
		l.order.Remove(oldest)
		delete(l.byKey, oldest.Value.(*owed).key)
	}
}

// rest is how long a Redis that did not answer is left alone. After that one request tries it, and the others go on without.
const rest = 2 * time.Second

// breaker keeps requests from waiting, one after the other, for a Redis that does not answer.
type breaker struct {
	clock clock.Clock

	mu    sync.Mutex
	until time.Time // zero while Redis answers
}

// closed tells whether to ask Redis.
func (b *breaker) closed() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.until.IsZero() {
		return true
	}
	now := b.clock.Now()
	if now.Before(b.until) {
		return false
	}
	b.until = now.Add(rest)
	return true
}

// report tells how asking went. It returns whether that changed anything.
func (b *breaker) report(err error) (changed bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	was := b.until.IsZero()
	if err == nil {
		b.until = time.Time{}
		return !was
	}
	b.until = b.clock.Now().Add(rest)
	return was
}
