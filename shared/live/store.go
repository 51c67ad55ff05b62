package live

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"fieldboard.dev/fieldboard/shared/cloud"
)

const (
	// SeatLasts is how long the connections of an instance that died still count. A living one renews them well before.
	SeatLasts = time.Minute
	// letGoLasts is how long it is known of a connection that it was let go: its instance hears of it at once, and if not,
	// when it renews the seat.
	letGoLasts = 2 * SeatLasts

	redisTimeout = 2 * time.Second
	lagLasts     = 10 * time.Minute
	lagMinutes   = 5
)

var (
	//go:embed take.lua
	takeLua    string
	takeScript = redis.NewScript(takeLua)
)

// Why a connection gets no seat.
var (
	ErrPersonFull  = errors.New("the person has as many connections as may be")
	ErrAccountFull = errors.New("the account has as many connections as may be")
	ErrLetGo       = errors.New("the connection was let go")
)

// Register is the register in Redis.
//
// Each connection is a member of two sorted sets, its person's and its account's, with the time until which it counts unless
// its instance says again that it is there. What it is, is in a hash of the account.
type Register struct {
	clients *cloud.Clients
}

// NewRegister returns the register. It connects at its first use.
func NewRegister(clients *cloud.Clients) *Register { return &Register{clients} }

func (r *Register) key(kind, accountID, rest string) string {
	return r.clients.Config().RedisPrefix + "rt:" + kind + ":{" + accountID + "}" + rest
}

func (r *Register) seats(accountID string) string         { return r.key("seats", accountID, "") }
func (r *Register) seatsOf(accountID, user string) string { return r.key("seats", accountID, ":"+user) }
func (r *Register) about(accountID string) string         { return r.key("about", accountID, "") }
func (r *Register) letGo(accountID, id string) string     { return r.key("letgo", accountID, ":"+id) }
func (r *Register) lag(accountID string, m int64) string {
	return r.key("lag", accountID, ":"+strconv.FormatInt(m, 10))
}
func (r *Register) instances() string { return r.clients.Config().RedisPrefix + "rt:instances" }
func (r *Register) words() string     { return r.clients.Config().RedisPrefix + "rt:letgo" }
func (r *Register) keysOf(accountID string, c Connection) []string {
	return []string{r.seatsOf(accountID, c.UserID), r.seats(accountID), r.about(accountID), r.letGo(accountID, c.ID)}
}

// Take gives a connection its seat; ErrPersonFull or ErrAccountFull when there is none.
func (r *Register) Take(ctx context.Context, accountID string, c Connection, l Limits) error {
	return r.with(ctx, func(ctx context.Context, client *redis.Client) error {
		about, err := json.Marshal(c)
		if err != nil {
			return err
		}
		result, err := takeScript.Run(ctx, client, r.keysOf(accountID, c), c.ID, SeatLasts.Milliseconds(), l.PerMember, l.PerAccount, about).Int()
		if err != nil {
			return err
		}
		return refusal(result)
	})
}

func refusal(result int) error {
	return []error{nil, ErrPersonFull, ErrAccountFull, ErrLetGo}[result]
}

// Seat is a connection's place in an account.
type Seat struct {
	AccountID  string
	Connection Connection
}

// Renew keeps seats, without limits, and writes down what the connections are now. It returns the ids of those that were let
// go, which have no seat any more.
func (r *Register) Renew(ctx context.Context, seats []Seat) (letGo []string, err error) {
	if len(seats) == 0 {
		return nil, nil
	}
	err = r.with(ctx, func(ctx context.Context, client *redis.Client) error {
		if err := takeScript.Load(ctx, client).Err(); err != nil { // a Redis that restarted does not know it
			return err
		}
		results := make([]*redis.Cmd, len(seats))
		_, err := client.Pipelined(ctx, func(pipe redis.Pipeliner) error {
			for i, s := range seats {
				about, err := json.Marshal(s.Connection)
				if err != nil {
					return err
				}
				results[i] = takeScript.EvalSha(ctx, pipe, r.keysOf(s.AccountID, s.Connection), s.Connection.ID, SeatLasts.Milliseconds(), 0, 0, about)
			}
			return nil
		})
		if err != nil {
			return err
		}
		for i, result := range results {
			n, err := result.Int()
			if err != nil {
				return err
			}
			if errors.Is(refusal(n), ErrLetGo) {
				letGo = append(letGo, seats[i].Connection.ID)
			}
		}
		return nil
	})
	return letGo, err
}

// Leave gives up seats.
func (r *Register) Leave(ctx context.Context, seats []Seat) error {
	if len(seats) == 0 {
		return nil
	}
	return r.with(ctx, func(ctx context.Context, client *redis.Client) error {
		_, err := client.Pipelined(ctx, func(pipe redis.Pipeliner) error {
			for _, s := range seats {
				r.drop(ctx, pipe, s)
			}
			return nil
		})
		return err
	})
}

func (r *Register) drop(ctx context.Context, pipe redis.Pipeliner, s Seat) {
	pipe.ZRem(ctx, r.seatsOf(s.AccountID, s.Connection.UserID), s.Connection.ID)
	pipe.ZRem(ctx, r.seats(s.AccountID), s.Connection.ID)
	pipe.HDel(ctx, r.about(s.AccountID), s.Connection.ID)
}

// Connections returns a page of an account's connections, the newest first. There are at most as many as the account's limit,
// so all are read.
func (r *Register) Connections(ctx context.Context, accountID string, after Position, limit int) (connections []Connection, next *Position, err error) {
	all, err := r.all(ctx, accountID)
	if err != nil {
		return nil, nil, err
	}
	connections, next = page(all, after, limit)
	return connections, next, nil
}

// Of returns all connections of one person.
func (r *Register) Of(ctx context.Context, accountID, userID string) ([]Connection, error) {
	all, err := r.all(ctx, accountID)
	var theirs []Connection
	for _, c := range all {
		if c.UserID == userID {
			theirs = append(theirs, c)
		}
	}
	return theirs, err
}

func (r *Register) all(ctx context.Context, accountID string) (all []Connection, err error) {
	err = r.with(ctx, func(ctx context.Context, client *redis.Client) error {
		var until *redis.ZSliceCmd
		var about *redis.MapStringStringCmd
		var now *redis.TimeCmd
		if _, err := client.Pipelined(ctx, func(pipe redis.Pipeliner) error {
			now = pipe.Time(ctx)
			until = pipe.ZRangeWithScores(ctx, r.seats(accountID), 0, -1)
			about = pipe.HGetAll(ctx, r.about(accountID))
			return nil
		}); err != nil {
			return err
		}
		for _, seat := range until.Val() {
			id, _ := seat.Member.(string)
			text, known := about.Val()[id]
			if !known || seat.Score <= float64(now.Val().UnixMilli()) {
				continue
			}
			c := Connection{ID: id}
			if err := json.Unmarshal([]byte(text), &c); err != nil {
				return err
			}
			all = append(all, c)
		}
		return nil
	})
	return all, err
}

// Find returns one of an account's connections, and whether it is there.
func (r *Register) Find(ctx context.Context, accountID, id string) (c Connection, found bool, err error) {
	err = r.with(ctx, func(ctx context.Context, client *redis.Client) error {
		text, err := client.HGet(ctx, r.about(accountID), id).Result()
		if errors.Is(err, redis.Nil) {
			return nil
		}
		if err != nil {
			return err
		}
		c.ID, found = id, true
		return json.Unmarshal([]byte(text), &c)
	})
	return c, found, err
}

// LetGo ends connections of an account. Their instances are told; one that does not hear it finds out when it renews the
// seats. Doing it again is safe.
func (r *Register) LetGo(ctx context.Context, accountID string, connections []Connection) error {
	if len(connections) == 0 {
		return nil
	}
	return r.with(ctx, func(ctx context.Context, client *redis.Client) error {
		_, err := client.Pipelined(ctx, func(pipe redis.Pipeliner) error {
			for _, c := range connections {
				pipe.Set(ctx, r.letGo(accountID, c.ID), 1, letGoLasts)
				r.drop(ctx, pipe, Seat{accountID, c})
			}
			for _, c := range connections {
				pipe.Publish(ctx, r.words(), c.ID)
			}
			return nil
		})
		return err
	})
}

// Watch calls letGo with the id of each connection that somebody lets go, until it cannot hear any more or ctx is done.
func (r *Register) Watch(ctx context.Context, letGo func(id string)) (err error) {
	client, err := r.clients.Redis()
	if err != nil {
		return err
	}
	subscription := client.Subscribe(ctx, r.words())
	defer func() { err = errors.Join(err, subscription.Close()) }()
	for {
		message, err := subscription.ReceiveMessage(ctx)
		if err != nil {
			return err
		}
		letGo(message.Payload)
	}
}

// Lags are those of an account's events since the last were noted, by class.
type Lags map[string]map[int]int

// Add counts an event of an account.
func (l Lags) Add(accountID string, lag time.Duration) {
	if l[accountID] == nil {
		l[accountID] = map[int]int{}
	}
	l[accountID][lagClass(lag)]++
}

// present is what an instance tells of itself.
type present struct {
	Seen   int64  `json:"s"` // Unix milliseconds, by the instance's clock
	Limits Limits `json:"l"`
}

// Note says that an instance is there, with its limits, and adds the lags of what it delivered.
func (r *Register) Note(ctx context.Context, instance string, l Limits, lags Lags, now time.Time) error {
	return r.with(ctx, func(ctx context.Context, client *redis.Client) error {
		self, err := json.Marshal(present{now.UnixMilli(), l})
		if err != nil {
			return err
		}
		_, err = client.Pipelined(ctx, func(pipe redis.Pipeliner) error {
			pipe.HSet(ctx, r.instances(), instance, self)
			pipe.Expire(ctx, r.instances(), SeatLasts)
			for accountID, classes := range lags {
				key := r.lag(accountID, now.Unix()/60)
				for class, n := range classes {
					pipe.HIncrBy(ctx, key, strconv.Itoa(class), int64(n))
				}
				pipe.Expire(ctx, key, lagLasts)
			}
			return nil
		})
		return err
	})
}

// Gone says that an instance is not there any more.
func (r *Register) Gone(ctx context.Context, instance string) error {
	return r.with(ctx, func(ctx context.Context, client *redis.Client) error {
		return client.HDel(ctx, r.instances(), instance).Err()
	})
}

// Status returns how an account's live connections do. The present minute counts as one of the last.
func (r *Register) Status(ctx context.Context, accountID string, now time.Time) (Status, error) {
	status := Status{Minutes: lagMinutes}
	all, err := r.all(ctx, accountID)
	if err != nil {
		return status, err
	}
	status.Connections = len(all)
	err = r.with(ctx, func(ctx context.Context, client *redis.Client) error {
		var instances *redis.MapStringStringCmd
		lags := make([]*redis.MapStringStringCmd, lagMinutes)
		if _, err := client.Pipelined(ctx, func(pipe redis.Pipeliner) error {
			instances = pipe.HGetAll(ctx, r.instances())
			for i := range lags {
				lags[i] = pipe.HGetAll(ctx, r.lag(accountID, now.Unix()/60-int64(i)))
			}
			return nil
		}); err != nil {
			return err
		}
		var died []string
		for name, text := range instances.Val() {
			var p present
			if err := json.Unmarshal([]byte(text), &p); err != nil {
				return err
			}
			if now.Sub(time.UnixMilli(p.Seen)) >= SeatLasts {
				died = append(died, name)
				continue
			}
			status.Instances++
			status.Limits = p.Limits
		}
		if len(died) > 0 {
			if err := client.HDel(ctx, r.instances(), died...).Err(); err != nil {
				return err
			}
		}
		classes := make([]int, len(lagBounds)+1)
		for _, minute := range lags {
			for class, n := range minute.Val() {
				i, err := strconv.Atoi(class)
				if err != nil || i < 0 || i >= len(classes) {
					continue // of a version with other classes
				}
				count, err := strconv.Atoi(n)
				if err != nil {
					return err
				}
				classes[i] += count
				status.Events += count
			}
		}
		status.P50, status.P99 = quantile(classes, 50), quantile(classes, 99)
		return nil
	})
	return status, err
}

func (r *Register) with(ctx context.Context, do func(context.Context, *redis.Client) error) error {
	client, err := r.clients.Redis()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, redisTimeout)
	defer cancel()
	return do(ctx, client)
}
