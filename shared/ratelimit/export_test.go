package ratelimit

import (
	"context"
	"strconv"
)

// Remembered is how many limits an instance remembers by itself.
func Remembered(l *Limiter) int {
	l.local.mu.Lock()
	defer l.local.mu.Unlock()
	return max(l.local.order.Len(), len(l.local.byKey))
}

// Charging returns what takes one unit of n limits of one user at once, in Redis.
func Charging(l *Limiter, n int) func(ctx context.Context) (Decision, error) {
	c := charges{history: l.tariff.prefix + "limit:{bench}:history", cost: 1}
	for i := range n {
		m := newMeter("limit"+strconv.Itoa(i), Quota{Quota: maxQuota, Window: shortestWindow}, 1)
		m.adapts, m.trigger, m.proof = i%2 == 0, maxQuota, maxQuota
		c.list = append(c.list, charge{m, l.tariff.prefix + "limit:{bench}:" + m.name})
	}
	return func(ctx context.Context) (Decision, error) { return l.shared.take(ctx, c) }
}
