// Package ratelimit decides who may ask how often. The quotas are data, policies.yaml. A request is charged to several of
// them at once, to all or to none, by one script in Redis: GCRA on Redis's own time, so that every instance judges alike.
// Who is refused again and again gets less, and who is known to be good gets more, within bounds.
//
// While Redis does not answer each instance gives out its part of every quota by itself: the limits are coarser then, but
// nobody is without them.
package ratelimit

import (
	"context"
	"log/slog"
	"time"

	"fieldboard.dev/fieldboard/shared/instance"
)

// Limiter admits requests and refuses them. It is safe for concurrent use.
type Limiter struct {
	tariff  *tariff
	shared  *shared
	local   *local
	breaker *breaker
	timeout time.Duration
	log     *slog.Logger
}

// New returns the limiter of an instance's settings and of this build's policies. It dials nothing.
func New(ctx context.Context, in *instance.Instance) (*Limiter, error) {
	policies, err := Load()
	if err != nil {
		return nil, err
	}
	return NewWith(ctx, in, policies)
}

// NewWith returns a limiter with other policies.
func NewWith(ctx context.Context, in *instance.Instance, policies *Policies) (*Limiter, error) {
	var cfg Config
	if err := in.Config(ctx, &cfg); err != nil {
		return nil, err
	}
	return &Limiter{
		tariff:  newTariff(policies, cfg.Factor, in.Cloud.Config().RedisPrefix),
		shared:  &shared{clients: in.Cloud, clock: in.Clock, tighten: policies.Tighten, loosen: policies.Loosen},
		local:   newLocal(in.Clock, cfg.Instances),
		breaker: &breaker{clock: in.Clock},
		timeout: cfg.Timeout,
		log:     in.Log,
	}, nil
}

// Take charges a request. It always decides: without Redis by this instance's part of the quotas.
func (l *Limiter) Take(ctx context.Context, r Request) Decision {
	c := l.tariff.of(r)
	if !l.breaker.closed() {
		return l.local.take(c)
	}
	asking, cancel := context.WithTimeout(ctx, l.timeout)
	defer cancel()
	d, err := l.shared.take(asking, c)
	if err != nil && ctx.Err() != nil {
		return l.local.take(c) // the caller has gone; this says nothing of Redis
	}
	if changed := l.breaker.report(err); changed && err != nil {
		l.log.WarnContext(ctx, "Redis does not answer; the limits are this instance's part", "error", err)
	} else if changed {
		l.log.InfoContext(ctx, "Redis answers again; the limits are shared")
	}
	if err != nil {
		return l.local.take(c)
	}
	return d
}
