package session

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/cloud"
)

// apiKeyCache keeps in Redis what Firestore said of an id, that there is no such key too. It answers for no longer than
// cacheLifetime.
//
// A change is told by suspending the id before the change is stored: from then on every instance asks Firestore. What an
// instance read before that is not taken in, because a reader only fills what is empty, and the suspension outlasts any read.
type apiKeyCache struct {
	cloud *cloud.Clients
	clock clock.Clock
	log   *slog.Logger

	mu    sync.Mutex
	until time.Time // Redis is not asked before
}

const (
	cacheLifetime = 30 * time.Second
	cacheTimeout  = 500 * time.Millisecond
	cacheRest     = 5 * time.Second // how long a Redis that did not answer is left alone

	// suspension is longer than a reader can take to fill what it read, and a change to be stored.
	suspension = 6 * storeTimeout
	suspended  = "ask the store"
)

// cacheAnswer is what the cache says of an id.
type cacheAnswer int

const (
	cacheEmpty  cacheAnswer = iota // ask Firestore, and fill
	cacheClosed                    // ask Firestore, and do not fill
	cacheKnows
)

// get returns what is known of an id; with cacheKnows, the zero value is that there is no such key.
func (c *apiKeyCache) get(ctx context.Context, id string) (apiKeyDoc, cacheAnswer) {
	client, ok := c.client(ctx)
	if !ok {
		return apiKeyDoc{}, cacheClosed
	}
	call, cancel := context.WithTimeout(ctx, cacheTimeout)
	defer cancel()
	text, err := client.Get(call, c.name(id)).Result()
	switch {
	case errors.Is(err, redis.Nil):
		return apiKeyDoc{}, cacheEmpty
	case err != nil:
		c.failed(ctx, err)
		return apiKeyDoc{}, cacheClosed
	case text == suspended:
		return apiKeyDoc{}, cacheClosed
	}
	var d apiKeyDoc
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		c.log.ErrorContext(ctx, "what Redis has of an API key cannot be read", "error", err)
		return apiKeyDoc{}, cacheClosed
	}
	return d, cacheKnows
}

// fill takes in what Firestore said, unless something is there.
func (c *apiKeyCache) fill(ctx context.Context, id string, d apiKeyDoc) {
	client, ok := c.client(ctx)
	if !ok {
		return
	}
	text, err := json.Marshal(d)
	if err == nil {
		call, cancel := context.WithTimeout(ctx, cacheTimeout)
		defer cancel()
		err = client.SetNX(call, c.name(id), text, cacheLifetime).Err()
	}
	if err != nil {
		c.failed(ctx, err)
	}
}

// suspend makes every instance ask Firestore for a key that is about to change.
func (c *apiKeyCache) suspend(ctx context.Context, id string) error {
	client, err := c.cloud.Redis()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cacheTimeout)
	defer cancel()
	return client.Set(ctx, c.name(id), suspended, suspension).Err()
}

// firstUse tells whether no instance has said so of the key within span. Where that cannot be found out, it is so.
func (c *apiKeyCache) firstUse(ctx context.Context, id string, span time.Duration) bool {
	client, ok := c.client(ctx)
	if !ok {
		return true
	}
	call, cancel := context.WithTimeout(ctx, cacheTimeout)
	defer cancel()
	first, err := client.SetNX(call, c.name("used:"+id), strconv.FormatInt(c.clock.Now().Unix(), 10), span).Result()
	if err != nil {
		c.failed(ctx, err)
		return true
	}
	return first
}

func (c *apiKeyCache) name(id string) string { return c.cloud.Config().RedisPrefix + "key:" + id }

// client returns the client while Redis answers.
func (c *apiKeyCache) client(ctx context.Context) (*redis.Client, bool) {
	c.mu.Lock()
	resting := c.clock.Now().Before(c.until)
	c.mu.Unlock()
	if resting {
		return nil, false
	}
	client, err := c.cloud.Redis()
	if err != nil {
		c.failed(ctx, err)
		return nil, false
	}
	return client, true
}

func (c *apiKeyCache) failed(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return // the caller has gone; it says nothing of Redis
	}
	c.log.WarnContext(ctx, "Redis does not answer; API keys are read from Firestore", "error", err)
	c.mu.Lock()
	c.until = c.clock.Now().Add(cacheRest)
	c.mu.Unlock()
}
