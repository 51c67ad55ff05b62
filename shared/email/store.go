package email

import (
	"context"
	_ "embed"
	"errors"
	"io"
	"time"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/storage"
	"github.com/redis/go-redis/v9"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"fieldboard.dev/fieldboard/shared/cloud"
	"fieldboard.dev/fieldboard/shared/mail"
	"fieldboard.dev/fieldboard/shared/problem"
)

var (
	//go:embed pace.lua
	paceLua    string
	paceScript = redis.NewScript(paceLua)
)

const storeTimeout = 10 * time.Second

// store keeps the addresses that get no mail at suppressedAddresses/{digest of the address}, of all accounts: whether somebody
// is there is not a matter of who writes.
type store struct {
	clients *cloud.Clients
	bucket  string // of the files
}

type suppression struct {
	Reason string    `firestore:"reason"`
	At     time.Time `firestore:"at"`
	// ExpireAt is when Firestore deletes it: an address may come to be somebody's.
	ExpireAt time.Time `firestore:"expireAt"`
}

const suppressedFor = 180 * 24 * time.Hour

func (s store) ref(ctx context.Context, digest string) (*firestore.DocumentRef, error) {
	client, err := s.clients.Firestore(ctx)
	if err != nil {
		return nil, err
	}
	return client.Collection("suppressedAddresses").Doc(digest), nil
}

func (s store) suppressed(ctx context.Context, digest string) (bool, error) {
	ref, err := s.ref(ctx, digest)
	if err != nil {
		return false, err
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	_, err = ref.Get(ctx)
	if status.Code(err) == codes.NotFound {
		return false, nil
	}
	if err != nil {
		return false, problem.Wrap(err, problem.Unavailable, "It cannot be told whether this address gets mail.")
	}
	return true, nil
}

func (s store) suppress(ctx context.Context, digest, reason string, now time.Time) error {
	ref, err := s.ref(ctx, digest)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	_, err = ref.Set(ctx, suppression{Reason: reason, At: now.UTC(), ExpireAt: now.Add(suppressedFor).UTC()})
	return err
}

// pace takes a turn at a domain's server, and returns how long there is none. Without Redis there is always one: the kind's own
// pace still holds.
func (s store) pace(ctx context.Context, domain string, now time.Time) time.Duration {
	client, err := s.clients.Redis()
	if err != nil {
		return 0
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	wait, err := paceScript.Run(ctx, client, []string{s.clients.Config().RedisPrefix + "email:pace:" + domain},
		now.UnixMilli(), paceGap.Milliseconds(), paceBurst).Int64()
	if err != nil {
		return 0
	}
	return time.Duration(wait) * time.Millisecond
}

// attachments reads the files that go with a letter; none when they are too large together, or gone: the letter's link says so.
func (s store) attachments(ctx context.Context, files []File) ([]mail.Attachment, error) {
	var total int64
	for _, f := range files {
		total += f.Bytes
	}
	if !Attached(total) {
		return nil, nil
	}
	client, err := s.clients.Storage(ctx)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	var all []mail.Attachment
	for _, f := range files {
		r, err := client.Bucket(s.bucket).Object(f.Object).NewReader(ctx)
		if errors.Is(err, storage.ErrObjectNotExist) {
			continue
		}
		if err != nil {
			return nil, problem.Wrap(err, problem.Unavailable, "The letter's file cannot be read right now.")
		}
		content, err := io.ReadAll(io.LimitReader(r, MostAttached+1))
		if err := errors.Join(err, r.Close()); err != nil {
			return nil, problem.Wrap(err, problem.Unavailable, "The letter's file cannot be read right now.")
		}
		if len(content) > MostAttached {
			return nil, nil
		}
		all = append(all, mail.Attachment{Name: f.Name, Content: content})
	}
	return all, nil
}
