package server

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/centrifugal/centrifuge"
	"github.com/prometheus/client_golang/prometheus"

	"fieldboard.dev/fieldboard/shared/clock"
)

// hub is the part that needs Redis: the connected clients, and the broker that joins all instances' hubs.
type hub struct {
	transports
	node    *centrifuge.Node
	shard   *centrifuge.RedisShard
	guests  *guests
	metrics prometheus.Gatherer // the node's
	cfg     Config
}

// How long things may take. What there may be of them is in limits.go.
const (
	writeTimeout     = 5 * time.Second
	authTimeout      = 5 * time.Second  // from the handshake to a verified token
	pingEvery        = 25 * time.Second // under the 30 s after which some proxies drop a silent connection
	pongWithin       = 10 * time.Second
	refreshGrace     = 10 * time.Second // what a client has to bring a new token before its old one ends
	positionCheck    = 5 * time.Second  // a loss between Redis and an instance, with no event after it, is found in twice this
	redisTimeout     = 2 * time.Second
	redisFirstRetry  = 250 * time.Millisecond
	redisLatestRetry = 5 * time.Second
)

// openHub connects to Redis, again and again until it succeeds. It returns nil when ctx ends first.
func (s *Server) openHub(ctx context.Context) *hub {
	for wait := redisFirstRetry; ctx.Err() == nil; wait = min(2*wait, redisLatestRetry) {
		h, err := s.newHub()
		if err == nil {
			s.redis.set(nil)
			return h
		}
		if s.redis.set(err) {
			s.in.Log.ErrorContext(ctx, "Redis is not reachable; trying again", "error", err)
		}
		pause(ctx, wait)
	}
	return nil
}

func (s *Server) newHub() (_ *hub, err error) {
	redis := s.in.Cloud.Config()
	shard, err := centrifuge.NewRedisShard(nil, centrifuge.RedisShardConfig{
		Address: redis.RedisURL, ConnectTimeout: redisTimeout, IOTimeout: redisTimeout,
	})
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			shard.Close()
		}
	}()
	counted := prometheus.NewRegistry()
	node, err := centrifuge.New(centrifuge.Config{
		LogLevel:                        centrifuge.LogLevelWarn,
		LogHandler:                      logTo(s.in.Log, s.in.Clock),
		ClientQueueMaxSize:              s.cfg.QueueBytes,
		ClientStaleCloseDelay:           authTimeout,
		ClientExpiredCloseDelay:         refreshGrace,
		ClientPresenceUpdateInterval:    positionCheck,
		ClientChannelPositionCheckDelay: positionCheck - time.Second, // compared by whole seconds
		ClientChannelLimit:              s.cfg.Channels,
		RecoveryMaxPublicationLimit:     s.cfg.HistorySize,
		// Its requests in flight are shared by all nodes of a process, also those with another Redis or prefix.
		UseSingleFlight: false,
		GetChannelMediumOptions: func(string) centrifuge.ChannelMediumOptions {
			return centrifuge.ChannelMediumOptions{SharedPositionSync: true}
		},
		Metrics: centrifuge.MetricsConfig{RegistererGatherer: counted},
	})
	if err != nil {
		return nil, err
	}
	broker, err := centrifuge.NewRedisBroker(node, centrifuge.RedisBrokerConfig{
		Prefix: redis.RedisPrefix + "rt", Shards: []*centrifuge.RedisShard{shard},
	})
	if err != nil {
		return nil, err
	}
	node.SetBroker(broker)
	presence, err := centrifuge.NewRedisPresenceManager(node, centrifuge.RedisPresenceManagerConfig{
		Prefix: redis.RedisPrefix + "rt", Shards: []*centrifuge.RedisShard{shard}, PresenceTTL: presenceLasts,
	})
	if err != nil {
		return nil, err
	}
	h := &hub{node: node, shard: shard, cfg: s.cfg, metrics: counted, guests: &guests{PresenceManager: presence, broker: broker, byID: map[string]*guest{}}}
	node.SetPresenceManager(h.guests)
	node.OnConnecting(s.connecting)
	node.OnConnect(func(client *centrifuge.Client) { s.connected(client, h) })
	node.OnCommandRead(s.commandRead)
	if err := node.Run(); err != nil {
		stop, cancel := context.WithTimeout(context.Background(), redisTimeout)
		defer cancel()
		return nil, errors.Join(err, node.Shutdown(stop))
	}
	h.transports = s.newTransports(node)
	return h, nil
}

// publish stores an event in its channel's history and sends it to every instance, in one step in Redis. It reports false
// for an event whose id the channel has already had.
func (h *hub) publish(p publication) (bool, error) {
	options := []centrifuge.PublishOption{
		centrifuge.WithHistory(h.cfg.HistorySize, h.cfg.HistoryTTL),
		centrifuge.WithIdempotencyKey(p.id),
		centrifuge.WithIdempotentResultTTL(h.cfg.HistoryTTL),
	}
	if h.cfg.Stamp {
		options = append(options, centrifuge.WithTags(map[string]string{"received": strconv.FormatInt(p.received.UnixMicro(), 10)}))
	}
	result, err := h.node.Publish(p.channel, p.body, options...)
	return err == nil && !result.Suppressed, err
}

// close tells every client to connect again, which takes it to another instance, and lets go of Redis.
func (h *hub) close(ctx context.Context) error {
	defer h.shard.Close()
	return h.node.Shutdown(ctx)
}

// logTo passes the node's warnings and errors on, the same one once in repeatAfter: while Redis is away the node tries four
// times a second and tells each time.
func logTo(log *slog.Logger, clk clock.Clock) centrifuge.LogHandler {
	const repeatAfter = 30 * time.Second
	var mu sync.Mutex
	told := map[string]time.Time{} // the node's messages are constants, so this stays small
	return func(entry centrifuge.LogEntry) {
		mu.Lock()
		now := clk.Now()
		silent := now.Sub(told[entry.Message]) < repeatAfter
		if !silent {
			told[entry.Message] = now
		}
		mu.Unlock()
		if silent {
			return
		}
		level := slog.LevelWarn
		if entry.Level == centrifuge.LogLevelError {
			level = slog.LevelError
		}
		args := make([]any, 0, 2*len(entry.Fields))
		for k, v := range entry.Fields {
			// What a client sent can hold its token.
			if k != "req" && k != "data" {
				args = append(args, k, v)
			}
		}
		log.Log(context.Background(), level, entry.Message, args...)
	}
}
