package session

import (
	"context"
	"fmt"
	"time"

	"cloud.google.com/go/firestore"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"fieldboard.dev/fieldboard/shared/cloud"
	"fieldboard.dev/fieldboard/shared/problem"
)

// families keeps the sessions in Firestore: sessions/{sid}.
type families struct {
	cloud *cloud.Clients
}

// storeTimeout bounds one call, the client's own retries included.
const storeTimeout = 10 * time.Second

// start stores a new session.
func (s *families) start(ctx context.Context, sid string, f family) error {
	return s.with(ctx, func(ctx context.Context, fs *firestore.Client) error {
		_, err := fs.Doc("sessions/"+sid).Create(ctx, f)
		return err
	})
}

// change reads a session and stores it again when do says so and nobody else has meanwhile; otherwise it begins again with
// what they stored. Nobody waits for a lock: of a thousand refreshes at the same time one stores its successor, and the
// others find it when they look again. It tells whether there is such a session.
func (s *families) change(ctx context.Context, sid string, do func(*family) (store bool)) (found bool, err error) {
	err = s.with(ctx, func(ctx context.Context, fs *firestore.Client) error {
		ref := fs.Doc("sessions/" + sid)
		for { // until the timeout
			snapshot, err := ref.Get(ctx)
			if found = status.Code(err) != codes.NotFound; !found {
				return nil
			}
			if err != nil {
				return err
			}
			var f family
			if err := snapshot.DataTo(&f); err != nil {
				return err
			}
			if !do(&f) {
				return nil
			}
			_, err = ref.Update(ctx, f.changes(), firestore.LastUpdateTime(snapshot.UpdateTime))
			if code := status.Code(err); code != codes.FailedPrecondition && code != codes.Aborted {
				return err
			}
		}
	})
	return found, err
}

func (f *family) changes() []firestore.Update {
	return []firestore.Update{
		{Path: "generation", Value: f.Generation},
		{Path: "hash", Value: f.Hash},
		{Path: "rotatedAt", Value: f.RotatedAt},
		{Path: "expiresAt", Value: f.ExpiresAt},
		{Path: "revokedAt", Value: f.RevokedAt},
		{Path: "revokedFor", Value: f.RevokedFor},
	}
}

func (s *families) with(ctx context.Context, do func(context.Context, *firestore.Client) error) error {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	fs, err := s.cloud.Firestore(ctx)
	if err == nil {
		err = do(ctx, fs)
	}
	switch status.Code(err) {
	case codes.OK:
		return nil
	case codes.Unavailable, codes.DeadlineExceeded, codes.Aborted, codes.ResourceExhausted:
		return problem.Wrap(err, problem.Unavailable, "Sessions cannot be reached just now. Try again.")
	}
	return fmt.Errorf("sessions: %w", err)
}
