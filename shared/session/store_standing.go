package session

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"cloud.google.com/go/firestore"
	"github.com/redis/go-redis/v9"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"fieldboard.dev/fieldboard/shared/account"
	"fieldboard.dev/fieldboard/shared/cloud"
)

// memory is what Redis knows of sessions and seats.
type memory struct {
	cloud *cloud.Clients
}

// memoryTimeout bounds one call: a request waits for it before it asks Firestore.
const (
	memoryTimeout = 200 * time.Millisecond
	changeTimeout = 2 * time.Second // of telling what ended: worth some tries
)

const ended = "ended" // in place of a session's member

func sessionKey(sid string) string               { return "session:" + sid }
func seatKey(accountID, userID string) string    { return "seat:" + accountID + ":" + userID }
func (m *memory) key(name string) string         { return m.cloud.Config().RedisPrefix + name }
func (m *memory) channel() string                { return m.key("ended") }
func (m *memory) client() (*redis.Client, error) { return m.cloud.Redis() }

// get returns the values of keys in one round trip; an empty text for one that is not there.
func (m *memory) get(ctx context.Context, names ...string) ([]string, error) {
	client, err := m.client()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, memoryTimeout)
	defer cancel()
	keys := make([]string, len(names))
	for i, name := range names {
		keys[i] = m.key(name)
	}
	found, err := client.MGet(ctx, keys...).Result()
	if err != nil {
		return nil, err
	}
	values := make([]string, len(found))
	for i, v := range found {
		values[i], _ = v.(string)
	}
	return values, nil
}

// seatScript remembers a seat unless a newer one is remembered: reads and changes come in any order.
//
// KEYS[1] the seat's key; ARGV[1] the seat as JSON, ARGV[2] its t, ARGV[3] for how many milliseconds.
var seatScript = redis.NewScript(`
local known = redis.call('GET', KEYS[1])
if known and cjson.decode(known).t >= tonumber(ARGV[2]) then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[3])
return 1`)

func (m *memory) putSeat(ctx context.Context, p redis.Pipeliner, accountID, userID string, place seat) error {
	text, err := json.Marshal(place)
	if err != nil {
		return err
	}
	seatScript.Eval(ctx, p, []string{m.key(seatKey(accountID, userID))}, text, place.AsOf, rememberFor.Milliseconds())
	return nil
}

// found remembers what Firestore said. A session that ended meanwhile stays ended.
func (m *memory) found(ctx context.Context, p Principal, living bool, place seat) error {
	return m.pipe(ctx, memoryTimeout, func(ctx context.Context, pipe redis.Pipeliner) error {
		if living {
			pipe.SetNX(ctx, m.key(sessionKey(p.SessionID)), member(p), rememberFor)
		}
		return m.putSeat(ctx, pipe, p.AccountID, p.UserID, place)
	})
}

func (m *memory) foundSeat(ctx context.Context, accountID, userID string, place seat) error {
	return m.pipe(ctx, memoryTimeout, func(ctx context.Context, pipe redis.Pipeliner) error {
		return m.putSeat(ctx, pipe, accountID, userID, place)
	})
}

// sessionEnded remembers that a session is over, and tells those who watch.
func (m *memory) sessionEnded(ctx context.Context, sid string) error {
	return m.pipe(ctx, changeTimeout, func(ctx context.Context, pipe redis.Pipeliner) error {
		pipe.Set(ctx, m.key(sessionKey(sid)), ended, forgetAfter)
		return m.tell(ctx, pipe, Ended{Session: sid})
	})
}

// seatChanged remembers a seat as it is now, and tells those who watch.
func (m *memory) seatChanged(ctx context.Context, accountID, userID string, place seat) error {
	return m.pipe(ctx, changeTimeout, func(ctx context.Context, pipe redis.Pipeliner) error {
		if err := m.putSeat(ctx, pipe, accountID, userID, place); err != nil {
			return err
		}
		return m.tell(ctx, pipe, Ended{AccountID: accountID, UserID: userID})
	})
}

func (m *memory) tell(ctx context.Context, pipe redis.Pipeliner, news Ended) error {
	message, err := json.Marshal(news)
	if err != nil {
		return err
	}
	pipe.Publish(ctx, m.channel(), message)
	return nil
}

// pipe sends commands as one transaction, in one round trip.
func (m *memory) pipe(ctx context.Context, timeout time.Duration, add func(context.Context, redis.Pipeliner) error) error {
	client, err := m.client()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	_, err = client.TxPipelined(ctx, func(p redis.Pipeliner) error { return add(ctx, p) })
	return err
}

// watch hears what ends until the connection breaks or ctx is done.
func (m *memory) watch(ctx context.Context, tell func(Ended), resumed func()) (err error) {
	client, err := m.client()
	if err != nil {
		return err
	}
	subscription := client.Subscribe(ctx, m.channel())
	defer func() { err = errors.Join(err, subscription.Close()) }()
	for {
		message, err := subscription.Receive(ctx) // the first, and one after each reconnect, says that the subscription stands
		if err != nil {
			return err
		}
		switch message := message.(type) {
		case *redis.Subscription:
			resumed()
		case *redis.Message:
			var news Ended
			if err := json.Unmarshal([]byte(message.Payload), &news); err != nil {
				return err
			}
			tell(news)
		}
	}
}

// truth is what Firestore knows of sessions and seats.
type truth struct {
	sessions *families
	accounts *account.Store
}

func (t *truth) find(ctx context.Context, p Principal) (living bool, place seat, err error) {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) { living, err = t.living(ctx, p); return err })
	g.Go(func() (err error) { place, err = t.seat(ctx, p.AccountID, p.UserID); return err })
	return living, place, g.Wait()
}

func (t *truth) living(ctx context.Context, p Principal) (bool, error) {
	if !sessionID.MatchString(p.SessionID) {
		return false, nil
	}
	var f family
	found := false
	err := t.sessions.with(ctx, func(ctx context.Context, fs *firestore.Client) error {
		snapshot, err := fs.Collection("sessions").Doc(p.SessionID).Get(ctx)
		if status.Code(err) == codes.NotFound {
			return nil
		}
		if err != nil {
			return err
		}
		found = true
		return snapshot.DataTo(&f)
	})
	return found && f.RevokedAt.IsZero() && f.Account == p.AccountID && f.UserID == p.UserID, err
}

// seat returns one that is not active for somebody who is not in the account.
func (t *truth) seat(ctx context.Context, accountID, userID string) (seat, error) {
	s, err := t.accounts.Seat(ctx, accountID, userID)
	return seat{
		Version: s.Member.Version, Active: s.Member.Status == account.Active,
		Role: s.Member.Role, Plan: s.Account.Plan, AsOf: s.AsOf.UnixMicro(),
	}, err
}
