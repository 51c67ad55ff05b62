package task

import (
	"context"
	"time"

	"cloud.google.com/go/firestore"
)

// Pause is a kind of task that does not begin in an account.
type Pause struct {
	Kind string    `firestore:"-"` // "*" is every kind
	By   string    `firestore:"by"`
	At   time.Time `firestore:"at"`
}

func pauses(client *firestore.Client, account string) *firestore.CollectionRef {
	return client.Collection("accounts").Doc(account).Collection("taskPauses")
}

// Paused lists what is paused in an account.
func (e *Engine) Paused(ctx context.Context, account string) ([]Pause, error) {
	client, err := e.store.clients.Firestore(ctx)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	snaps, err := pauses(client, account).Limit(100).Documents(ctx).GetAll()
	if err != nil {
		return nil, unavailable(err)
	}
	all := make([]Pause, 0, len(snaps))
	for _, snap := range snaps {
		var p Pause
		if err := snap.DataTo(&p); err != nil {
			return nil, err
		}
		p.Kind = snap.Ref.ID
		all = append(all, p)
	}
	return all, nil
}

// Pause keeps the tasks of a kind from beginning in an account, "*" those of every kind, until Resume. What runs goes on.
func (e *Engine) Pause(ctx context.Context, account, kind, by string, kinds Catalogue) error {
	if err := kinds.knows(kind); err != nil {
		return err
	}
	client, err := e.store.clients.Firestore(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	if _, err := pauses(client, account).Doc(kind).Set(ctx, Pause{By: by, At: e.clock.Now().UTC()}); err != nil {
		return unavailable(err)
	}
	e.tellTurns(ctx, account, kind, true, kinds)
	return nil
}

// Resume lets them begin again.
func (e *Engine) Resume(ctx context.Context, account, kind string, kinds Catalogue) error {
	if err := kinds.knows(kind); err != nil {
		return err
	}
	client, err := e.store.clients.Firestore(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	if _, err := pauses(client, account).Doc(kind).Delete(ctx); err != nil {
		return unavailable(err)
	}
	e.tellTurns(ctx, account, kind, false, kinds)
	return nil
}

// tellTurns keeps the turns from what is paused, and wakes workers for what no longer is. Turns that cannot be told do no
// harm: whoever takes a task asks Firestore, and what waits is found by Tend.
func (e *Engine) tellTurns(ctx context.Context, account, kind string, paused bool, kinds Catalogue) {
	names := map[string]bool{}
	for _, k := range kinds {
		if kind == "*" || k.Name == kind {
			names[k.Queue] = true
		}
	}
	for name := range names {
		err := e.turns.pause(ctx, name, account, kind, paused)
		for i := 0; err == nil && !paused && i < tokensAtOnce/4; i++ {
			err = e.token(ctx, name, Token{}, e.clock.Now().Add(time.Duration(i)*time.Millisecond))
		}
		if err != nil {
			e.log.WarnContext(ctx, "the turns could not be told of a pause", "queue", name, "kind", kind, "error", err)
		}
	}
}

// snapshot is a document that was read beside a task.
type snapshot = firestore.DocumentSnapshot

// pausesOf are the documents that would say that a kind is paused in an account.
func pausesOf(account, kind string) func(*firestore.Client) []*firestore.DocumentRef {
	return func(client *firestore.Client) []*firestore.DocumentRef {
		return []*firestore.DocumentRef{pauses(client, account).Doc("*"), pauses(client, account).Doc(kind)}
	}
}

// first returns the id of the first document that exists; empty when none does.
func first(snaps []*snapshot) string {
	for _, s := range snaps {
		if s.Exists() {
			return s.Ref.ID
		}
	}
	return ""
}
