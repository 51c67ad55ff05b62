package server

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/centrifugal/centrifuge"
	"github.com/redis/go-redis/v9"

	"fieldboard.dev/fieldboard/shared/account"
	"fieldboard.dev/fieldboard/shared/event"
	"fieldboard.dev/fieldboard/shared/httpapi"
	"fieldboard.dev/fieldboard/shared/overview"
	"fieldboard.dev/fieldboard/shared/rollup"
)

// A summary's channel carries the figures of one period, whole, whenever they are no longer what they were: with the amounts
// of money or without, so that all who may see the same share one. The node sends what differs from the one before.
const summaryPrefix = "summary:"

const (
	summaryEvery = time.Second      // at most so often is an account's summary computed, by all instances together
	summaryRead  = 10 * time.Second // bounds one reading
	summaryRetry = 2 * time.Second  // after a reading or a publication that failed
	summaryKept  = 10 * time.Minute // how long the node finds the one before, to send the difference
	summarySame  = summaryKept / 2  // how long one that is the same is not published again
	watchSaid    = 20 * time.Second // how often an instance says what is watched at it
	watchLasts   = time.Minute      // how long that counts
	mostWatched  = 20               // periods and sets of an account: there are 10
)

// summaryChannel is what a channel's name says: summary:{account}:{money|plain}:{period}.
type summaryChannel struct {
	account string
	money   bool
	period  string
}

func (c summaryChannel) set() string {
	if c.money {
		return "money"
	}
	return "plain"
}

func (c summaryChannel) String() string {
	return summaryPrefix + c.account + ":" + c.set() + ":" + c.period
}

func parseSummary(channel string) (summaryChannel, bool) {
	name, ok := strings.CutPrefix(channel, summaryPrefix)
	parts := strings.Split(name, ":")
	if !ok || len(parts) != 3 || !slices.Contains(rollup.Names, parts[2]) {
		return summaryChannel{}, false
	}
	c := summaryChannel{account: parts[0], money: parts[1] == "money", period: parts[2]}
	return c, c.String() == channel
}

// maySee tells whether somebody may see a summary.
func (c summaryChannel) maySee(p httpapi.Principal) bool {
	return c.account == p.AccountID && p.Can(account.SummaryRead) && (!c.money || p.Can(account.FinanceRead))
}

// Overviews reads the figures.
type Overviews interface {
	Read(ctx context.Context, account, period string) (show func(money bool) overview.Overview, err error)
}

// summaries computes and publishes the summaries that somebody watches.
type summaries struct {
	s   *Server
	hub *hub
	ctx context.Context //nolint:containedctx // of Run: rounds are begun by events and by clients, and end with it

	mu      sync.Mutex
	watched map[summaryChannel]bool // by clients of this instance
	rounds  map[string]*round       // by account, while there is something to do
	work    sync.WaitGroup
}

// round is what an account's figures wait for at this instance.
type round struct {
	dirty bool                    // they may have changed since they were read
	asked map[summaryChannel]bool // somebody came who has nothing yet
}

func newSummaries(ctx context.Context, s *Server, h *hub) *summaries {
	return &summaries{s: s, hub: h, ctx: ctx, watched: map[summaryChannel]bool{}, rounds: map[string]*round{}}
}

// subscribed has somebody who came to a summary get one.
func (m *summaries) subscribed(c summaryChannel) {
	m.mu.Lock()
	m.watched[c] = true
	m.mu.Unlock()
	m.say(m.ctx, c)
	m.touch(c.account, c)
}

// happened computes an account's summaries anew, when an event moves them.
func (m *summaries) happened(e event.Event) {
	if e.Audience == event.Operations || e.Audience == event.Finance {
		m.touch(e.Account)
	}
}

// watchSummary lets a client have a summary, and sends it one.
func (s *Server) watchSummary(c summaryChannel, done centrifuge.SubscribeCallback) {
	done(centrifuge.SubscribeReply{Options: centrifuge.SubscribeOptions{
		EnablePositioning: true, AllowedDeltaTypes: []centrifuge.DeltaType{centrifuge.DeltaTypeFossil},
	}}, nil)
	go s.summaries.subscribed(c)
}

// touch begins a round unless one goes on, which then goes on for longer: so the last change is always told.
func (m *summaries) touch(accountID string, asked ...summaryChannel) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r, going := m.rounds[accountID]
	if !going {
		r = &round{asked: map[summaryChannel]bool{}}
		m.rounds[accountID] = r
	}
	r.dirty = true
	for _, c := range asked {
		r.asked[c] = true
	}
	if !going && m.ctx.Err() == nil {
		m.work.Go(func() { m.keepUp(accountID, r) })
	}
}

// keepUp reads and publishes until nothing is left to do.
func (m *summaries) keepUp(accountID string, r *round) {
	for {
		m.mu.Lock()
		if !r.dirty || m.ctx.Err() != nil {
			delete(m.rounds, accountID)
			m.mu.Unlock()
			return
		}
		m.mu.Unlock()
		wait, err := m.turn(accountID)
		if err == nil && wait == 0 {
			m.mu.Lock()
			asked := r.asked
			r.dirty, r.asked = false, map[summaryChannel]bool{}
			m.mu.Unlock()
			if err = m.compute(accountID, asked); err != nil {
				m.mu.Lock()
				r.dirty = true
				maps.Copy(r.asked, asked)
				m.mu.Unlock()
			}
			wait = summaryEvery
		}
		if err != nil {
			if m.ctx.Err() == nil {
				m.s.in.Log.WarnContext(m.ctx, "a summary could not be pushed; trying again", "account", accountID, "error", err)
			}
			wait = summaryRetry
		}
		pause(m.ctx, wait)
	}
}

// turn takes the account's turn of this second, or tells how long another instance has it.
func (m *summaries) turn(accountID string) (wait time.Duration, err error) {
	client, err := m.s.in.Cloud.Redis()
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(m.ctx, redisTimeout)
	defer cancel()
	key := m.key("turn", accountID)
	mine, err := client.SetNX(ctx, key, 1, summaryEvery).Result()
	if err != nil || mine {
		return 0, err
	}
	left, err := client.PTTL(ctx, key).Result()
	return max(left, time.Millisecond), err
}

// compute reads each watched period once and publishes it to those who may see it.
func (m *summaries) compute(accountID string, asked map[summaryChannel]bool) error {
	channels, err := m.watchedAnywhere(accountID)
	if err != nil {
		return err
	}
	periods := map[string][]summaryChannel{}
	for _, c := range channels {
		periods[c.period] = append(periods[c.period], c)
	}
	var failed error
	for period, channels := range periods {
		ctx, cancel := context.WithTimeout(m.ctx, summaryRead)
		show, err := m.s.overviews.Read(ctx, accountID, period)
		cancel()
		if err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		for _, c := range channels {
			failed = errors.Join(failed, m.publish(c, show(c.money), asked[c]))
		}
	}
	return failed
}

// publish sends a summary to all instances, unless it is what was sent last and nobody asked.
func (m *summaries) publish(c summaryChannel, o overview.Overview, asked bool) error {
	body, err := json.Marshal(o)
	if err != nil {
		return err
	}
	client, err := m.s.in.Cloud.Redis()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(m.ctx, redisTimeout)
	defer cancel()
	sum := sha256.Sum256(body)
	hash := hex.EncodeToString(sum[:16])
	key := m.key("sent", c.account+":"+c.set()+":"+c.period)
	last, err := client.SetArgs(ctx, key, hash, redis.SetArgs{Get: true, TTL: summarySame}).Result()
	if err != nil && !errors.Is(err, redis.Nil) {
		return err
	}
	if last == hash && !asked {
		return nil
	}
	_, err = m.hub.node.Publish(c.String(), body, centrifuge.WithHistory(1, summaryKept), centrifuge.WithDelta(true))
	if err != nil {
		return errors.Join(err, client.Del(ctx, key).Err())
	}
	return nil
}

// watchedAnywhere returns the summaries of an account that are watched at any instance.
func (m *summaries) watchedAnywhere(accountID string) ([]summaryChannel, error) {
	client, err := m.s.in.Cloud.Redis()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(m.ctx, redisTimeout)
	defer cancel()
	names, err := client.ZRangeArgs(ctx, redis.ZRangeArgs{
		Key: m.key("watched", accountID), ByScore: true, Start: strconv.FormatInt(time.Now().UnixMilli(), 10), Stop: "+inf", Count: mostWatched,
	}).Result()
	if err != nil {
		return nil, err
	}
	var channels []summaryChannel
	for _, name := range names {
		if c, ok := parseSummary(name); ok && c.account == accountID {
			channels = append(channels, c)
		}
	}
	return channels, nil
}

// say lets the other instances know that summaries are watched here. What fails is said again in watchSaid.
func (m *summaries) say(ctx context.Context, channels ...summaryChannel) {
	client, err := m.s.in.Cloud.Redis()
	if err == nil && len(channels) > 0 {
		ctx, cancel := context.WithTimeout(ctx, redisTimeout)
		defer cancel()
		until := float64(time.Now().Add(watchLasts).UnixMilli())
		pipe := client.Pipeline()
		for _, c := range channels {
			key := m.key("watched", c.account)
			pipe.ZAdd(ctx, key, redis.Z{Score: until, Member: c.String()})
			pipe.PExpire(ctx, key, watchLasts)
		}
		_, err = pipe.Exec(ctx)
	}
	if err != nil && ctx.Err() == nil {
		m.s.in.Log.WarnContext(ctx, "the summaries that are watched could not be told", "error", err)
	}
}

// run says again and again what is watched here, and has each minute's figures computed: some move by the clock alone.
func (m *summaries) run() {
	minute := m.s.in.Clock.Now().Truncate(time.Minute)
	for m.ctx.Err() == nil {
		pause(m.ctx, watchSaid/4)
		channels := m.stillWatched()
		m.say(m.ctx, channels...)
		now := m.s.in.Clock.Now().Truncate(time.Minute)
		if now.Equal(minute) {
			continue
		}
		minute = now
		for _, c := range channels {
			m.touch(c.account)
		}
	}
	m.work.Wait()
}

func (m *summaries) stillWatched() []summaryChannel {
	m.mu.Lock()
	defer m.mu.Unlock()
	maps.DeleteFunc(m.watched, func(c summaryChannel, _ bool) bool { return m.hub.node.Hub().NumSubscribers(c.String()) == 0 })
	return slices.Collect(maps.Keys(m.watched))
}

func (m *summaries) key(what, of string) string {
	return fmt.Sprintf("%srt:summary:%s:%s", m.s.in.Cloud.Config().RedisPrefix, what, of)
}
