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

// apiKeyStore keeps API keys in Firestore: apikeys/{id}.
type apiKeyStore struct {
	cloud  *cloud.Clients
	events *event.Store // nil where keys are only read
}

func noSuchAPIKey() error { return problem.New(problem.NotFound, "There is no such API key.") }

// get returns a key, one that is over too; the zero value when there is none by that id.
func (s *apiKeyStore) get(ctx context.Context, id string) (d apiKeyDoc, err error) {
	err = s.with(ctx, func(ctx context.Context, fs *firestore.Client) error {
		snapshot, err := fs.Doc("apikeys/" + id).Get(ctx)
		if status.Code(err) == codes.NotFound {
			return nil
		}
		if err != nil {
			return err
		}
		return snapshot.DataTo(&d)
	})
	return d, err
}

// create stores a new key together with the event that tells of it. It is a problem Conflict when the account has maxAPIKeys
// living ones.
func (s *apiKeyStore) create(ctx context.Context, id string, d apiKeyDoc, e event.Event) error {
	made := false
	err := s.commit(ctx, func(ctx context.Context, fs *firestore.Client, tx *firestore.Transaction) error {
		ref := fs.Doc("apikeys/" + id)
		before, err := tx.Get(ref)
		if made = status.Code(err) == codes.NotFound; !made {
			return again(tx, before, err, d)
		}
		living, err := tx.Documents(fs.Collection("apikeys").Where("account", "==", d.Account).
			Where("livesUntil", ">", d.CreatedAt).Limit(maxAPIKeys)).GetAll()
		if err != nil {
			return err
		}
		if len(living) >= maxAPIKeys {
			return problem.New(problem.Conflict, "There are %d API keys already. Revoke one that is not needed.", maxAPIKeys)
		}
		if err := tx.Create(ref, d); err != nil {
			return err
		}
		return s.events.Put(ctx, tx, e)
	})
	if err == nil && made {
		s.events.Publish(ctx, []event.Event{e})
	}
	return err
}

// again gives a key that the same request made before another secret. Nobody can have used the one before.
func again(tx *firestore.Transaction, snapshot *firestore.DocumentSnapshot, err error, d apiKeyDoc) error {
	if err != nil {
		return err
	}
	var before apiKeyDoc
	if err := snapshot.DataTo(&before); err != nil {
		return err
	}
	theirs := before.Account == d.Account && before.CreatedBy == d.CreatedBy && before.Request == d.Request
	if !theirs || !before.LastUsedAt.IsZero() || !before.RevokedAt.IsZero() {
		return problem.New(problem.Conflict, "This API key was created before and has been used or revoked since. Create another one.")
	}
	return tx.Update(snapshot.Ref, []firestore.Update{{Path: "hash", Value: d.Hash}})
}

// change reads a key and stores it again with the event that tells of it, when do returns one. It is a problem NotFound when
// there is no such key.
func (s *apiKeyStore) change(ctx context.Context, id string, do func(*apiKeyDoc) (*event.Event, error)) (d apiKeyDoc, err error) {
	var told *event.Event
	err = s.commit(ctx, func(ctx context.Context, fs *firestore.Client, tx *firestore.Transaction) error {
		ref := fs.Doc("apikeys/" + id)
		snapshot, err := tx.Get(ref)
		if status.Code(err) == codes.NotFound {
			return noSuchAPIKey()
		}
		if err != nil {
			return err
		}
		d = apiKeyDoc{}
		if err := snapshot.DataTo(&d); err != nil {
			return err
		}
		if told, err = do(&d); err != nil || told == nil {
			return err
		}
		if err := tx.Update(ref, d.changes()); err != nil {
			return err
		}
		return s.events.Put(ctx, tx, *told)
	})
	if err == nil && told != nil {
		s.events.Publish(ctx, []event.Event{*told})
	}
	return d, err
}

// changes are what can change of a key, but for when it was last used.
func (d *apiKeyDoc) changes() []firestore.Update {
	updates := []firestore.Update{
		{Path: "hash", Value: d.Hash},
		{Path: "request", Value: d.Request},
		{Path: "previousHash", Value: d.PreviousHash},
		{Path: "previousUntil", Value: d.PreviousUntil},
		{Path: "revokedAt", Value: d.RevokedAt},
		{Path: "livesUntil", Value: d.LivesUntil},
	}
	if !d.DeleteAt.IsZero() {
		updates = append(updates, firestore.Update{Path: "deleteAt", Value: d.DeleteAt})
	}
	return updates
}

// used stores when a key was last used.
func (s *apiKeyStore) used(ctx context.Context, id string, at time.Time) error {
	return s.with(ctx, func(ctx context.Context, fs *firestore.Client) error {
		_, err := fs.Doc("apikeys/"+id).Update(ctx, []firestore.Update{{Path: "lastUsedAt", Value: at}})
		return err
	})
}

// list returns the account's keys, the newest first, after a position; those that are over are among them until Firestore
// deletes them.
func (s *apiKeyStore) list(ctx context.Context, accountID string, after APIKeyPosition, limit int) (keys []APIKey, err error) {
	err = s.with(ctx, func(ctx context.Context, fs *firestore.Client) error {
		q := fs.Collection("apikeys").Where("account", "==", accountID).
			OrderBy("createdAt", firestore.Desc).OrderBy(firestore.DocumentID, firestore.Desc)
		if after.ID != "" {
			q = q.StartAfter(after.CreatedAt, after.ID)
		}
		snapshots, err := q.Limit(limit).Documents(ctx).GetAll()
		if err != nil {
			return err
		}
		keys = make([]APIKey, len(snapshots))
		for i, snapshot := range snapshots {
			var d apiKeyDoc
			if err := snapshot.DataTo(&d); err != nil {
				return err
			}
			keys[i] = d.key(snapshot.Ref.ID)
		}
		return nil
	})
	return keys, err
}

func (s *apiKeyStore) commit(ctx context.Context, do func(context.Context, *firestore.Client, *firestore.Transaction) error) error {
	return s.with(ctx, func(ctx context.Context, fs *firestore.Client) error {
		return fs.RunTransaction(ctx, func(ctx context.Context, tx *firestore.Transaction) error { return do(ctx, fs, tx) })
	})
}

func (s *apiKeyStore) with(ctx context.Context, do func(context.Context, *firestore.Client) error) error {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	fs, err := s.cloud.Firestore(ctx)
	if err == nil {
		err = do(ctx, fs)
	}
	var known *problem.Error
	if errors.As(err, &known) {
		return known
	}
	if errors.Is(err, context.DeadlineExceeded) {
		err = status.FromContextError(err).Err()
	}
	switch status.Code(err) {
	case codes.OK:
		return nil
	case codes.Unavailable, codes.DeadlineExceeded, codes.Aborted, codes.ResourceExhausted:
		return problem.Wrap(err, problem.Unavailable, "API keys cannot be reached just now. Try again.")
	}
	return fmt.Errorf("API keys: %w", err)
}
