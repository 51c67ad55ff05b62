package record

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cloud.google.com/go/firestore"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"fieldboard.dev/fieldboard/shared/event"
)

// duePage is how many records that are due are looked for together.
const duePage = 100

// TellDue tells what the clock alone brought, of the records of all accounts: each moment of a record that is not after now,
// once. Of each kind of record it looks for a page at most pages times, the longest due first, and returns how many events it
// stored. Two that do it at the same time store no event twice. What fails for one record does not hold up the others.
func (s *Store) TellDue(ctx context.Context, pages int) (told int, failed error) {
	for _, c := range []Collection{Visits, Jobs, Invoices} {
		n, err := s.tellDueOf(ctx, c, s.clock.Now(), pages)
		told, failed = told+n, errors.Join(failed, err)
	}
	return told, failed
}

func (s *Store) tellDueOf(ctx context.Context, c Collection, now time.Time, pages int) (told int, failed error) {
	client, err := s.clients.Firestore(ctx)
	if err != nil {
		return 0, err
	}
	due := client.CollectionGroup(string(c)).Where("watch.at", "<=", now).OrderBy("watch.at", firestore.Asc).Limit(duePage)
	page := due
	for range pages {
		snaps, err := page.Documents(ctx).GetAll()
		if err != nil {
			return told, errors.Join(failed, fmt.Errorf("looking for %s that are due: %w", c, err))
		}
		for _, snap := range snaps {
			events, err := s.tellDue(ctx, client, snap.Ref, c, now)
			if err != nil {
				failed = errors.Join(failed, fmt.Errorf("%s: %w", snap.Ref.Path, err))
				continue
			}
			s.events.Publish(ctx, events)
			told += len(events)
		}
		if len(snaps) < duePage {
			break
		}
		page = due.StartAfter(snaps[len(snaps)-1]) // past those that failed
	}
	return told, failed
}

// tellDue tells the moments of one record that have come, and looks to the next one, in one transaction.
func (s *Store) tellDue(ctx context.Context, client *firestore.Client, ref *firestore.DocumentRef, c Collection, now time.Time) (told []event.Event, err error) {
	ctx, cancel := context.WithTimeout(ctx, applyTimeout)
	defer cancel()
	account := ref.Parent.Parent
	err = client.RunTransaction(ctx, func(ctx context.Context, tx *firestore.Transaction) error {
		told = nil
		snap, err := getIn(tx, ref)
		if err != nil {
			return err
		}
		r, err := decode(snap, c)
		if err != nil || r == nil || r.Base().Deleted || r.Base().Watch == nil {
			return err
		}
		client, err := clientIn(tx, account, r)
		if err != nil {
			return err
		}
		watch := r.Base().Watch
		for watch.At != nil && !watch.At.After(now) {
			e := about(r, event.New(account.ID, watch.Type, now), client)
			e.ID, e.Audit.Kind = dueID(ref, watch.Type, *watch.At), event.BySystem
			known, err := getIn(tx, account.Collection("events").Doc(e.ID))
			if err != nil {
				return err
			}
			if !known.Exists() { // a record that was deleted and came back may have told it before
				told = append(told, e)
			}
			watch = watch.next()
		}
		if watch == r.Base().Watch {
			return nil // somebody else told it, or it is at another time by now
		}
		for _, e := range told {
			if err := s.events.Put(ctx, tx, e); err != nil {
				return err
			}
		}
		return tx.Update(ref, []firestore.Update{{Path: "watch", Value: watch}})
	}, firestore.MaxAttempts(attempts))
	if err != nil {
		return nil, err
	}
	return told, nil
}

// dueID is the id of the event that a moment of a record has come: however often it is told, it is that event.
func dueID(ref *firestore.DocumentRef, typ string, at time.Time) string {
	return "due-" + event.Digest(ref.Path, typ, at.UTC().Format(time.RFC3339Nano))
}

func clientIn(tx *firestore.Transaction, account *firestore.DocumentRef, r Record) (string, error) {
	if r.client() == "" {
		return "", nil
	}
	snap, err := getIn(tx, account.Collection(string(Clients)).Doc(r.client()))
	if err != nil {
		return "", err
	}
	client, err := decode(snap, Clients)
	if err != nil || client == nil {
		return "", err
	}
	return client.label(), nil
}

// getIn reads a document, which may not exist.
func getIn(tx *firestore.Transaction, ref *firestore.DocumentRef) (*firestore.DocumentSnapshot, error) {
	snap, err := tx.Get(ref)
	if status.Code(err) == codes.NotFound {
		err = nil
	}
	return snap, err
}
