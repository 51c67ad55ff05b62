package ledger

import (
	"context"
	"fmt"
	"time"

	"cloud.google.com/go/firestore"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"fieldboard.dev/fieldboard/shared/event"
	"fieldboard.dev/fieldboard/shared/problem"
)

// expiredDocument says how many events of an account were removed, at accounts/{a}/private/expired.
type expiredDocument struct {
	Events int64 `firestore:"events"`
}

func expiredRef(client *firestore.Client, account string) *firestore.DocumentRef {
	return client.Collection("accounts").Doc(account).Collection("private").Doc("expired")
}

func (s store) expired(ctx context.Context, account string) (int64, error) {
	client, err := s.clients.Firestore(ctx)
	if err != nil {
		return 0, err
	}
	var d expiredDocument
	err = read(ctx, expiredRef(client, account), "Nothing has expired.", &d)
	if problem.CodeOf(err) == problem.NotFound {
		return 0, nil
	}
	return d.Events, err
}

// ExpireIn removes within tx the account's first events that happened before a moment, at most limit of them, and returns how
// many. They go in the tree's order, and an event that is not old enough keeps those after it: so what is gone is always the
// beginning of the tree, and a gap anywhere else is found. Their hashes stay, so every proof of what is left holds.
func ExpireIn(tx *firestore.Transaction, client *firestore.Client, account string, before time.Time, limit int) (int, error) {
	var d expiredDocument
	snap, err := tx.Get(expiredRef(client, account))
	switch {
	case status.Code(err) == codes.NotFound:
	case err != nil:
		return 0, err
	default:
		if err := snap.DataTo(&d); err != nil {
			return 0, err
		}
	}
	snaps, err := tx.Documents(event.SealedFrom(client, account, d.Events).Limit(limit)).GetAll()
	if err != nil {
		return 0, fmt.Errorf("looking for events that expired: %w", err)
	}
	n := 0
	for _, snap := range snaps {
		e, err := event.ReadStored(snap)
		if err != nil {
			return 0, err
		}
		if !e.Time.Before(before) || e.Seal == nil {
			break
		}
		if err := tx.Delete(snap.Ref); err != nil {
			return 0, err
		}
		d.Events = e.Seal.Index + 1
		n++
	}
	if n == 0 {
		return 0, nil
	}
	return n, tx.Set(expiredRef(client, account), d)
}
