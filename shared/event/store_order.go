package event

import (
	"context"
	"fmt"
	"slices"

	"cloud.google.com/go/firestore"
	"golang.org/x/sync/errgroup"
)

const (
	recordsAsked   = 30  // values that one query compares with: https://firebase.google.com/docs/firestore/query-data/queries#in_not-in_and_array-contains-any
	overtakenAtOne = 100 // events of the records of one query, at most
)

// withOvertaken returns the events with those before them that are of the same records and still in the outbox: what a crash
// left would otherwise come after what happened later to the same record. One that another instance is publishing just now is
// published twice, which consumers do not mind. It costs one query for thirty records, which finds nothing but after a crash.
func (s *Store) withOvertaken(ctx context.Context, events []Event) ([]Event, error) {
	type where struct{ account, entity string }
	first := map[where]Event{}
	known := map[string]bool{}
	entities := map[string][]string{}
	for _, e := range events {
		known[e.Account+"/"+e.ID] = true
		if e.EntityID == "" {
			continue
		}
		at := where{e.Account, e.EntityID}
		if f, there := first[at]; !there {
			entities[e.Account] = append(entities[e.Account], e.EntityID)
			first[at] = e
		} else if e.Time.Before(f.Time) {
			first[at] = e
		}
	}
	client, err := s.clients.Firestore(ctx)
	if err != nil || len(first) == 0 {
		return events, err
	}
	found := make(chan []*firestore.DocumentSnapshot, len(first))
	g, ctx := errgroup.WithContext(ctx)
	for account, all := range entities {
		for some := range slices.Chunk(all, recordsAsked) {
			g.Go(func() error {
				snaps, err := client.Collection("accounts").Doc(account).Collection("events").
					Where("pending", "==", true).Where("entityId", "in", some).Limit(overtakenAtOne).Documents(ctx).GetAll()
				found <- snaps
				return err
			})
		}
	}
	if err := g.Wait(); err != nil {
		return nil, fmt.Errorf("looking for events that would be overtaken: %w", err)
	}
	close(found)
	var overtaken []Event
	for snaps := range found {
		for _, snap := range snaps {
			var d document
			if err := snap.DataTo(&d); err != nil {
				return nil, fmt.Errorf("reading event %s: %w", snap.Ref.ID, err)
			}
			e := d.event(snap.Ref)
			if e.Time.Before(first[where{e.Account, e.EntityID}].Time) && !known[e.Account+"/"+e.ID] {
				overtaken = append(overtaken, e)
			}
		}
	}
	if len(overtaken) == 0 {
		return events, nil
	}
	slices.SortStableFunc(overtaken, func(a, b Event) int { return a.Time.Compare(b.Time) })
	return append(overtaken, events...), nil
}
