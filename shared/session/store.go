package session

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cloud.google.com/go/firestore"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"fieldboard.dev/fieldboard/shared/cloud"
	"fieldboard.dev/fieldboard/shared/event"
	"fieldboard.dev/fieldboard/shared/problem"
)

// families keeps the sessions in Firestore: sessions/{sid}.
type families struct {
	cloud  *cloud.Clients
	events *event.Store // nil where sessions are only read
}

// storeTimeout bounds one call, the client's own retries included.
const storeTimeout = 10 * time.Second

// start stores a new session and tells of it.
func (s *families) start(ctx context.Context, sid string, f family, events ...event.Event) error {
	err := s.with(ctx, func(ctx context.Context, fs *firestore.Client) error {
		return fs.RunTransaction(ctx, func(ctx context.Context, tx *firestore.Transaction) error {
			if err := tx.Create(fs.Doc("sessions/"+sid), f); err != nil {
				return err
			}
			for _, e := range events {
				if err := s.events.Put(ctx, tx, e); err != nil {
					return err
				}
			}
			return nil
		})
	})
	if err == nil {
		s.events.Publish(ctx, events)
	}
	return err
}

// change reads a session and stores it again, with the events that tell of it, when do says so and nobody else has meanwhile;
// otherwise it begins again with what they stored. Nobody waits for a lock: of a thousand refreshes at the same time one
// stores its successor, and the others find it when they look again. It tells whether there is such a session.
func (s *families) change(ctx context.Context, sid string, do func(context.Context, *family) (store bool, tell []event.Event, err error)) (found bool, err error) {
	var told []event.Event
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
			store, tell, err := do(ctx, &f)
			if err != nil || !store {
				return err
			}
			unchanged := firestore.LastUpdateTime(snapshot.UpdateTime)
			if len(tell) == 0 {
				_, err = ref.Update(ctx, f.changes(), unchanged)
			} else {
				err = s.changeAndTell(ctx, fs, ref, f, unchanged, tell)
			}
			if code := status.Code(err); code != codes.FailedPrecondition && code != codes.Aborted {
				told = tell
				return err
			}
		}
	})
	if err == nil && len(told) > 0 {
		s.events.Publish(ctx, told)
	}
	return found, err
}

func (s *families) changeAndTell(ctx context.Context, fs *firestore.Client, ref *firestore.DocumentRef, f family, unchanged firestore.Precondition, tell []event.Event) error {
	return fs.RunTransaction(ctx, func(ctx context.Context, tx *firestore.Transaction) error {
		if err := tx.Update(ref, f.changes(), unchanged); err != nil {
			return err
		}
		for _, e := range tell {
			if err := s.events.Put(ctx, tx, e); err != nil {
				return err
			}
		}
		return nil
	})
}

func (f *family) changes() []firestore.Update {
	return []firestore.Update{
		{Path: "name", Value: f.Name},
		{Path: "generation", Value: f.Generation},
		{Path: "hash", Value: f.Hash},
		{Path: "rotatedAt", Value: f.RotatedAt},
		{Path: "endsAt", Value: f.EndsAt},
		{Path: "expiresAt", Value: f.ExpiresAt},
		{Path: "revokedAt", Value: f.RevokedAt},
		{Path: "revokedFor", Value: f.RevokedFor},
	}
}

// found is a session as it was read.
type found struct {
	sid string
	family
}

// of returns the member's sessions that were not ended by somebody, the one used last first, after a position; those that
// ran out are among them until Firestore deletes them.
func (s *families) of(ctx context.Context, accountID, userID string, after Position, limit int) (list []found, err error) {
	err = s.with(ctx, func(ctx context.Context, fs *firestore.Client) error {
		q := fs.Collection("sessions").Where("account", "==", accountID).Where("uid", "==", userID).
			Where("revokedAt", "==", time.Time{}).
			OrderBy("rotatedAt", firestore.Desc).OrderBy(firestore.DocumentID, firestore.Desc)
		if after.ID != "" {
			q = q.StartAfter(after.UsedAt, after.ID)
		}
		snapshots, err := q.Limit(limit).Documents(ctx).GetAll()
		if err != nil {
			return err
		}
		list = make([]found, len(snapshots))
		for i, snapshot := range snapshots {
			list[i].sid = snapshot.Ref.ID
			if err := snapshot.DataTo(&list[i].family); err != nil {
				return err
			}
		}
		return nil
	})
	return list, err
}

func (s *families) with(ctx context.Context, do func(context.Context, *firestore.Client) error) error {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	fs, err := s.cloud.Firestore(ctx)
	if err == nil {
		err = do(ctx, fs)
	}
	var known *problem.Error
	if errors.As(err, &known) {
		return err
	}
	switch status.Code(err) {
	case codes.OK:
		return nil
	case codes.Unavailable, codes.DeadlineExceeded, codes.Aborted, codes.ResourceExhausted:
		return problem.Wrap(err, problem.Unavailable, "Sessions cannot be reached just now. Try again.")
	}
	return fmt.Errorf("sessions: %w", err)
}
