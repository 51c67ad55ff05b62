package server

import (
	"context"
	"strconv"
	"sync"
	"time"

	"cloud.google.com/go/pubsub/v2"
	"github.com/redis/go-redis/v9"
)

// A stream of messages that is stuck looks like a quiet business: nothing comes, and nothing fails. So each instance publishes
// a heartbeat now and then to the topic that it listens to, and what does not come back says that nothing else would.
//
// All instances share one subscription, so a heartbeat reaches one of them, whichever. Hence two questions:
//
//   - Does the subscription bring messages? Whoever gets one says so in Redis, and every instance counts that as its own: one
//     receipt anywhere answers for all. When none of them has had any for missedBeats heartbeats although this instance
//     published one in that time, the subscription is stuck. That is sure: there are at least as many heartbeats as
//     instances in each interval, and one would do.
//   - Does this instance's own stream? Of n heartbeats in an interval, n instances get about one each, in whatever way Pub/Sub
//     spreads them, so one that gets none for a while proves nothing. After deafBeats of them it does: by chance alone that
//     happens with a probability of e^-40. Until then nothing is lost by it: what Pub/Sub has handed to a dead stream goes to
//     another instance when its lease ends.
//
// Silence counts from the first heartbeat that was published after the last receipt. Where none can be published, silence
// proves nothing, and the instance stays as well as it was: that the topic is away is told by those who publish events.
const (
	missedBeats = 3
	deafBeats   = 40
)

// beat is the attribute by which a message is known as a heartbeat. It has no data, and no part in any order.
const (
	beatAttribute = "type"
	beat          = "heartbeat"
)

func isBeat(m *pubsub.Message) bool { return m.Attributes[beatAttribute] == beat && len(m.Data) == 0 }

// ears know when messages were last heard.
type ears struct {
	now   func() time.Time
	every time.Duration
	mu    sync.Mutex
	here  voice // by this instance
	all   voice // by any
	noted time.Time
}

type voice struct {
	heard time.Time
	asked time.Time // when the first heartbeat after that was published
}

func (v *voice) hear(at time.Time) {
	if at.After(v.heard) {
		v.heard, v.asked = at, time.Time{}
	}
}

func (v *voice) ask(at time.Time) {
	if v.asked.IsZero() {
		v.asked = at
	}
}

func (v *voice) silentFor(now time.Time, d time.Duration) bool {
	return !v.asked.IsZero() && now.Sub(v.asked) > d
}

// hear notes a message, and tells whether the others should be told: once in a part of an interval is enough.
func (e *ears) hear() (time.Time, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	now := e.now()
	e.here.hear(now)
	e.all.hear(now)
	if now.Sub(e.noted) < e.every/10 {
		return now, false
	}
	e.noted = now
	return now, true
}

// learn notes that some instance heard one.
func (e *ears) learn(at time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.all.hear(at)
}

func (e *ears) ask() {
	e.mu.Lock()
	defer e.mu.Unlock()
	now := e.now()
	e.here.ask(now)
	e.all.ask(now)
}

func (e *ears) stuck() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	now := e.now()
	return e.all.silentFor(now, missedBeats*e.every) || e.here.silentFor(now, deafBeats*e.every)
}

func (e *ears) silence() time.Duration {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.all.heard.IsZero() {
		return 0
	}
	return max(0, e.now().Sub(e.all.heard))
}

// beatOn publishes a heartbeat now and then until ctx is done.
func (s *Server) beatOn(ctx context.Context) {
	var failing status
	for ; ctx.Err() == nil; pause(ctx, s.cfg.Heartbeat) {
		err := s.beat(ctx)
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			s.ears.ask()
		}
		if failing.set(err) && err != nil {
			s.in.Log.ErrorContext(ctx, "no heartbeat can be published; a stuck subscription is not noticed", "topic", s.cfg.Topic, "error", err)
		}
	}
}

const beatTimeout = 10 * time.Second

func (s *Server) beat(ctx context.Context) error {
	publisher, err := s.in.Cloud.Publisher(ctx, s.cfg.Topic)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, beatTimeout)
	defer cancel()
	_, err = publisher.Publish(ctx, &pubsub.Message{Attributes: map[string]string{beatAttribute: beat}}).Get(ctx)
	return err
}

func (s *Server) heardKey() string { return s.in.Cloud.Config().RedisPrefix + "rt:heard" }

// heard notes a message, here and for the other instances. When Redis misses it, the next message tells.
func (s *Server) heard(ctx context.Context) {
	at, tell := s.ears.hear()
	if !tell {
		return
	}
	client, err := s.in.Cloud.Redis()
	if err == nil {
		ctx, cancel := context.WithTimeout(ctx, redisTimeout)
		defer cancel()
		err = client.Set(ctx, s.heardKey(), at.UnixMilli(), 2*deafBeats*s.cfg.Heartbeat).Err()
	}
	if err != nil && ctx.Err() == nil {
		s.in.Log.WarnContext(ctx, "the other instances do not know that a message came", "error", err)
	}
}

// learnHeard asks when any instance heard a message.
func (s *Server) learnHeard(ctx context.Context, client *redis.Client) error {
	text, err := client.Get(ctx, s.heardKey()).Result()
	if err == redis.Nil { //nolint:errorlint // go-redis returns it as it is
		return nil
	}
	if err != nil {
		return err
	}
	ms, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return err
	}
	s.ears.learn(time.UnixMilli(ms))
	return nil
}
