// Package cloud holds the clients of what runs in Google Cloud. Each is built on first use and kept for the instance's
// life; a construction that failed is tried again at the next call, so one bad moment does not poison an instance.
package cloud

import (
	"context"
	"errors"
	"sync"

	cloudtasks "cloud.google.com/go/cloudtasks/apiv2"
	"cloud.google.com/go/firestore"
	"cloud.google.com/go/pubsub/v2"
	scheduler "cloud.google.com/go/scheduler/apiv1"
	"cloud.google.com/go/storage"
	firebase "firebase.google.com/go/v4"
	"firebase.google.com/go/v4/auth"
	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"google.golang.org/api/option"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// Clients gives out the clients. The zero value is not usable; see New.
type Clients struct {
	cfg       Config
	firestore lazy[*firestore.Client]
	pubsub    lazy[*pubsub.Client]
	tasks     lazy[*cloudtasks.Client]
	scheduler lazy[*scheduler.CloudSchedulerClient]
	auth      lazy[*auth.Client]
	storage   lazy[*storage.Client]
	redis     lazy[*redis.Client]

	mu         sync.Mutex
	publishers map[string]*pubsub.Publisher
}

// New returns the clients of cfg. Nothing is dialled yet.
func New(cfg Config) *Clients {
	return &Clients{cfg: cfg, publishers: map[string]*pubsub.Publisher{}}
}

// Config returns what the clients were made with.
func (c *Clients) Config() Config { return c.cfg }

// Firestore returns the Firestore client of the project's default database.
func (c *Clients) Firestore(ctx context.Context) (*firestore.Client, error) {
	return c.firestore.get(func() (*firestore.Client, error) {
		return firestore.NewClient(context.WithoutCancel(ctx), c.cfg.Project)
	})
}

// PubSub returns the Pub/Sub client.
func (c *Clients) PubSub(ctx context.Context) (*pubsub.Client, error) {
	return c.pubsub.get(func() (*pubsub.Client, error) {
		return pubsub.NewClient(context.WithoutCancel(ctx), c.cfg.Project)
	})
}

// Publisher returns the publisher of a topic, one for each topic, with ordering keys on and no batching delay: a function
// waits for each publish, because nothing of it runs on after the answer.
func (c *Clients) Publisher(ctx context.Context, topic string) (*pubsub.Publisher, error) {
	client, err := c.PubSub(ctx)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if p, ok := c.publishers[topic]; ok {
		return p, nil
	}
	p := client.Publisher(topic)
	p.EnableMessageOrdering = true
	p.PublishSettings.DelayThreshold = 1 // nanosecond: send at once
	c.publishers[topic] = p
	return p, nil
}

// Tasks returns the Cloud Tasks client.
func (c *Clients) Tasks(ctx context.Context) (*cloudtasks.Client, error) {
	return c.tasks.get(func() (*cloudtasks.Client, error) {
		return cloudtasks.NewClient(context.WithoutCancel(ctx), emulated(c.cfg.TasksEmulatorHost)...)
	})
}

// Scheduler returns the Cloud Scheduler client.
func (c *Clients) Scheduler(ctx context.Context) (*scheduler.CloudSchedulerClient, error) {
	return c.scheduler.get(func() (*scheduler.CloudSchedulerClient, error) {
		return scheduler.NewCloudSchedulerClient(context.WithoutCancel(ctx), emulated(c.cfg.SchedulerEmulatorHost)...)
	})
}

// emulated are the options by which a gRPC client talks to an emulator; none where there is no emulator.
func emulated(host string) []option.ClientOption {
	if host == "" {
		return nil
	}
	return []option.ClientOption{
		option.WithEndpoint(host),
		option.WithoutAuthentication(),
		option.WithGRPCDialOption(grpc.WithTransportCredentials(insecure.NewCredentials())),
	}
}

// Auth returns the Firebase Auth admin client.
func (c *Clients) Auth(ctx context.Context) (*auth.Client, error) {
	return c.auth.get(func() (*auth.Client, error) {
		app, err := firebase.NewApp(context.WithoutCancel(ctx), &firebase.Config{ProjectID: c.cfg.Project})
		if err != nil {
			return nil, err
		}
		return app.Auth(context.WithoutCancel(ctx))
	})
}

// Storage returns the Cloud Storage client.
func (c *Clients) Storage(ctx context.Context) (*storage.Client, error) {
	return c.storage.get(func() (*storage.Client, error) {
		return storage.NewClient(context.WithoutCancel(ctx), storage.WithJSONReads())
	})
}

func init() { logging.Disable() } // of go-redis, which would write lines of its own: callers log the errors that they get

// Redis returns the Redis client. Building it does not connect.
func (c *Clients) Redis() (*redis.Client, error) {
	return c.redis.get(func() (*redis.Client, error) {
		opts, err := redis.ParseURL(c.cfg.RedisURL)
		if err != nil {
			return nil, errors.New("REDIS_URL is not a Redis URL (redis://host:port)") // the parser's error would show its password
		}
		opts.ContextTimeoutEnabled = true // else a deadline does not end the wait for a Redis that is silent
		opts.DialerRetries = 1            // the caller has an answer to Redis being away, and waits no longer than for one try
		return redis.NewClient(opts), nil
	})
}

// Close closes every client that was built.
func (c *Clients) Close() error {
	c.mu.Lock()
	for _, p := range c.publishers {
		p.Stop()
	}
	c.publishers = map[string]*pubsub.Publisher{}
	c.mu.Unlock()
	return errors.Join(
		c.firestore.close(func(x *firestore.Client) error { return x.Close() }),
		c.pubsub.close(func(x *pubsub.Client) error { return x.Close() }),
		c.storage.close(func(x *storage.Client) error { return x.Close() }),
		c.tasks.close(func(x *cloudtasks.Client) error { return x.Close() }),
		c.scheduler.close(func(x *scheduler.CloudSchedulerClient) error { return x.Close() }),
		c.redis.close(func(x *redis.Client) error { return x.Close() }),
	)
}

// lazy keeps the first value that was built without an error.
type lazy[T any] struct {
	mu    sync.Mutex
	value T
	built bool
}

func (l *lazy[T]) get(build func() (T, error)) (T, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.built {
		return l.value, nil
	}
	v, err := build()
	if err != nil {
		var zero T
		return zero, err
	}
	l.value, l.built = v, true
	return v, nil
}

func (l *lazy[T]) close(f func(T) error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.built {
		return nil
	}
	l.built = false
	return f(l.value)
}
