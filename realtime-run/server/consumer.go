package server

import (
	"context"
	"errors"
	"time"

	"cloud.google.com/go/pubsub/v2"
)

const (
	holdFor     = 30 * time.Second // how long a message waits for Redis here before another instance may try
	lease       = 10 * time.Second // the least that Pub/Sub allows
	firstRetry  = 50 * time.Millisecond
	latestRetry = 5 * time.Second
	pullRetry   = time.Second
	pullSettles = 2 * time.Second // a pull that cannot work fails sooner; the client tells nothing of one that works
)

// consume pulls the shared subscription until ctx is done, whatever fails meanwhile.
func (s *Server) consume(ctx context.Context, h *hub) {
	for ctx.Err() == nil {
		settled := time.AfterFunc(pullSettles, func() { s.pubsub.set(nil) })
		err := s.receive(ctx, h)
		settled.Stop()
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			err = errors.New("the stream ended")
		}
		if s.pubsub.set(err) {
			s.in.Log.ErrorContext(ctx, "events cannot be pulled; trying again", "subscription", s.cfg.Subscription, "error", err)
		}
		pause(ctx, pullRetry)
	}
}

func (s *Server) receive(ctx context.Context, h *hub) error {
	client, err := s.in.Cloud.PubSub(ctx)
	if err != nil {
		return err
	}
	subscriber := client.Subscriber(s.cfg.Subscription)
	subscriber.ReceiveSettings.MaxOutstandingMessages = 500
	subscriber.ReceiveSettings.MaxOutstandingBytes = 500 * maxEvent
	subscriber.ReceiveSettings.MaxExtension = 2 * holdFor
	// What an instance that dies had in its hands goes to another one after this.
	subscriber.ReceiveSettings.MaxDurationPerAckExtension = lease
	return subscriber.Receive(ctx, func(ctx context.Context, m *pubsub.Message) { s.handle(ctx, h, m) })
}

// handle publishes one message to its channels. It is acknowledged once Redis has the event; until then another delivery is safe, because
// Redis remembers the event's id. A message that is no event is acknowledged too: it would be no better the next time.
func (s *Server) handle(ctx context.Context, h *hub, m *pubsub.Message) {
	received := s.in.Clock.Now()
	s.heard(ctx)
	if isBeat(m) {
		m.Ack()
		return
	}
	e, publications, err := read(m.Data)
	if err != nil {
		s.metrics.rejected.Inc()
		s.in.Log.ErrorContext(ctx, "event rejected", "message_id", m.ID, "bytes", len(m.Data), "reason", err.Error())
		m.Ack()
		return
	}
	for _, p := range publications {
		p.received = received
		if err := s.publish(ctx, h, p); err != nil {
			s.in.Log.WarnContext(ctx, "event handed back", "event_id", p.id, "channel", p.channel, "error", err)
			m.Nack()
			return
		}
	}
	s.summaries.happened(e)
	m.Ack()
}

// publish tries for holdFor, which rides out a restart of Redis without changing the order of an account's events.
func (s *Server) publish(ctx context.Context, h *hub, p publication) error {
	ctx, cancel := context.WithTimeout(ctx, holdFor)
	defer cancel()
	for wait := firstRetry; ; wait = min(2*wait, latestRetry) {
		fresh, err := h.publish(p)
		if err == nil {
			now := s.in.Clock.Now()
			s.metrics.delivered(p, fresh, now)
			if fresh && p.counts {
				s.doings.add(p.account, now.Sub(p.committed))
			}
			if !fresh {
				s.in.Log.InfoContext(ctx, "event delivered again by Pub/Sub", "event_id", p.id)
			}
			return nil
		}
		pause(ctx, wait)
		if ctx.Err() != nil {
			return err
		}
	}
}
