package syncing

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/pubsub/v2"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"fieldboard.dev/fieldboard/shared/cloud"
)

// keepDeliveries is how long the inbox remembers a notice, and so knows it again. Firestore's TTL on expireAt removes it.
const keepDeliveries = 30 * 24 * time.Hour

// delivery is one notice of Jobber, kept at webhookInbox/{id}, or at webhooksAside/{id} when its account is not known.
type delivery struct {
	Account       string    `firestore:"account,omitempty"`
	JobberAccount string    `firestore:"jobberAccount"`
	Topic         string    `firestore:"topic"`
	ItemID        string    `firestore:"itemId"`
	OccurredAt    time.Time `firestore:"occurredAt"`
	ReceivedAt    time.Time `firestore:"receivedAt"`
	ExpireAt      time.Time `firestore:"expireAt"`
	Correlation   string    `firestore:"correlation,omitempty"` // of the request that brought it
	// PendingSince is there until the notice is settled, so that a query by it finds only what is left to do.
	PendingSince *time.Time `firestore:"pendingSince,omitempty"`
	Outcome      string     `firestore:"outcome,omitempty"` // what became of it
	// Deliveries counts how often the notice came, and FollowedAt is when the worker last began to fetch what it is about.
	Deliveries int       `firestore:"deliveries"`
	FollowedAt time.Time `firestore:"followedAt,omitempty"`
}

// progress is the part of a notice that changes after it was stored.
func (d delivery) progress() []firestore.Update {
	changes := []firestore.Update{
		{Path: "deliveries", Value: d.Deliveries},
		{Path: "followedAt", Value: d.FollowedAt},
		{Path: "outcome", Value: d.Outcome},
		{Path: "pendingSince", Value: firestore.Delete},
	}
	if d.PendingSince != nil {
		changes[len(changes)-1].Value = *d.PendingSince
	}
	return changes
}

// sameTick is how long after a notice's time another change may still carry the same notice: Jobber tells its time in
// whole seconds, and its clock and ours differ. What was fetched later than that has all of them.
const sameTick = 5 * time.Second

// news tells whether another delivery of a notice may be about a change that its followers have not seen.
func (d delivery) news() bool {
	return d.PendingSince == nil && d.FollowedAt.Before(d.OccurredAt.Add(sameTick))
}

// inbox keeps notices until they are settled, and hands them to the worker through Pub/Sub.
type inbox struct {
	clients *cloud.Clients
	topic   string
}

func (b inbox) doc(ctx context.Context, id string) (*firestore.DocumentRef, error) {
	return b.in(ctx, "webhookInbox", id)
}

func (b inbox) in(ctx context.Context, collection, id string) (*firestore.DocumentRef, error) {
	client, err := b.clients.Firestore(ctx)
	if err != nil {
		return nil, err
	}
	return client.Collection(collection).Doc(id), nil
}

// put stores a notice. It reports whether the worker must be told: not of one that waits already, nor of one that was
// followed and can hold nothing new.
func (b inbox) put(ctx context.Context, id string, d delivery) (tell bool, err error) {
	doc, err := b.doc(ctx, id)
	if err != nil {
		return false, err
	}
	d.Deliveries = 1
	if added, err := create(ctx, doc, d); added || err != nil {
		return added, err
	}
	err = b.change(ctx, id, func(known delivery) (delivery, bool) {
		tell = known.news()
		if tell {
			known.PendingSince = d.PendingSince
		}
		known.Deliveries++
		return known, tell || known.PendingSince != nil
	})
	return tell, err
}

// change lets f make another delivery of a stored one, and writes it unless f says not to. It takes no lock: deliveries of one
// notice meet within milliseconds, and in a transaction they would wait for each other's locks beyond what Jobber waits.
// Who finds that another was faster looks again, and each time one of them is through.
func (b inbox) change(ctx context.Context, id string, f func(delivery) (delivery, bool)) error {
	doc, err := b.doc(ctx, id)
	if err != nil {
		return err
	}
	for {
		snap, err := doc.Get(ctx)
		if err != nil {
			return fmt.Errorf("reading notice %s: %w", id, err)
		}
		var d delivery
		if err := snap.DataTo(&d); err != nil {
			return fmt.Errorf("reading notice %s: %w", id, err)
		}
		changed, write := f(d)
		if !write {
			return nil
		}
		_, err = doc.Update(ctx, changed.progress(), firestore.LastUpdateTime(snap.UpdateTime))
		if status.Code(err) == codes.FailedPrecondition {
			continue
		}
		if err != nil {
			return fmt.Errorf("changing notice %s: %w", id, err)
		}
		return nil
	}
}

// putAside stores a notice of an account that is not known.
func (b inbox) putAside(ctx context.Context, id string, d delivery) (added bool, err error) {
	doc, err := b.in(ctx, "webhooksAside", id)
	if err != nil {
		return false, err
	}
	return create(ctx, doc, d)
}

func create(ctx context.Context, doc *firestore.DocumentRef, d delivery) (bool, error) {
	_, err := doc.Create(ctx, d)
	if status.Code(err) == codes.AlreadyExists {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("storing a notice: %w", err)
	}
	return true, nil
}

// get returns a notice; false when there is none by that id.
func (b inbox) get(ctx context.Context, id string) (delivery, bool, error) {
	var d delivery
	doc, err := b.doc(ctx, id)
	if err != nil {
		return d, false, err
	}
	snap, err := doc.Get(ctx)
	if status.Code(err) == codes.NotFound {
		return d, false, nil
	}
	if err != nil {
		return d, false, fmt.Errorf("reading notice %s: %w", id, err)
	}
	return d, true, snap.DataTo(&d)
}

// settle takes a notice out of the pending ones, when it did not come again since it was read as d: then it must be followed
// again. It reports whether it is settled.
func (b inbox) settle(ctx context.Context, id string, d delivery, followed time.Time, outcome string) (settled bool, err error) {
	err = b.change(ctx, id, func(known delivery) (delivery, bool) {
		settled = known.Deliveries == d.Deliveries || !followed.Before(d.OccurredAt.Add(sameTick))
		known.PendingSince, known.FollowedAt, known.Outcome = nil, followed, outcome
		return known, settled
	})
	return settled, err
}

// pending returns notices that wait since before a moment, the oldest first.
func (b inbox) pending(ctx context.Context, before time.Time, limit int) (map[string]delivery, error) {
	client, err := b.clients.Firestore(ctx)
	if err != nil {
		return nil, err
	}
	snaps, err := client.Collection("webhookInbox").Where("pendingSince", "<", before).OrderBy("pendingSince", firestore.Asc).
		Limit(limit).Documents(ctx).GetAll()
	if err != nil {
		return nil, fmt.Errorf("reading pending notices: %w", err)
	}
	found := make(map[string]delivery, len(snaps))
	for _, snap := range snaps {
		var d delivery
		if err := snap.DataTo(&d); err != nil {
			return nil, fmt.Errorf("reading notice %s: %w", snap.Ref.ID, err)
		}
		found[snap.Ref.ID] = d
	}
	return found, nil
}

// publish hands a stored notice to the worker. It goes without an ordering key: the worker needs no order, and one notice
// that fails must not hold up the others.
func (b inbox) publish(ctx context.Context, id string, d delivery) error {
	publisher, err := b.clients.Publisher(ctx, b.topic)
	if err != nil {
		return err
	}
	data, err := json.Marshal(notice{ID: id})
	if err != nil {
		return err
	}
	_, err = publisher.Publish(ctx, &pubsub.Message{Data: data, Attributes: map[string]string{"account": d.Account, "topic": d.Topic}}).Get(ctx)
	if err != nil {
		return fmt.Errorf("publishing notice %s: %w", id, err)
	}
	return nil
}
