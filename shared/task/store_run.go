package task

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"

	"cloud.google.com/go/firestore"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"fieldboard.dev/fieldboard/shared/cloud"
)

// effects write what a checkpoint stands for, in its transaction. They may read first, and may run several times.
type effects = func(ctx context.Context, tx *firestore.Transaction) error

// Checkpoint stores how far the task is (at most 64 KiB of JSON; see Restore), together with what the effects write: both
// or neither, and only while this run holds the task. Otherwise it returns ErrLost, and the handler is to end: another worker
// has the task. So an effect that is written in Firestore happens once, however often the task is delivered. effects may be nil.
func (r *Run) Checkpoint(ctx context.Context, state any, effects effects) error {
	return r.checkpoint(ctx, state, effects)
}

// spawnAtOnce is how many children one transaction stores.
const spawnAtOnce = 200

// Spawn adds children. Once the handler has returned without an error and all of them have ended, the task runs once more, with
// Continued set; Children then tells how they ended. A child's id follows from the task's and from its own ID, or else from its
// place in this call, so that a run after a crash, which spawns them again, adds none twice. Children are enqueued without
// their Keys: a parent's are its own.
func (r *Run) Spawn(ctx context.Context, children ...Task) error {
	children = slices.Clone(children) // they are the caller's
	for i := range children {
		c := &children[i]
		c.Account, c.parent, c.Key = r.Account, r.ID, ""
		if c.By == "" {
			c.By = r.By
		}
		name := c.ID
		if name == "" {
			name = fmt.Sprint(i)
		}
		sum := sha256.Sum256([]byte(r.ID + "/" + name))
		c.ID = hex.EncodeToString(sum[:12])
		if err := r.engine.check(*c); err != nil {
			return err
		}
	}
	for len(children) > 0 {
		n := min(len(children), spawnAtOnce)
		if err := r.spawn(ctx, children[:n]); err != nil {
			return err
		}
		children = children[n:]
	}
	return nil
}

// spawn stores children while this run holds the task. The task itself is written each time, which fences it.
func (r *Run) spawn(ctx context.Context, children []Task) error {
	e := r.engine
	client, err := e.store.clients.Firestore(ctx)
	if err != nil {
		return err
	}
	refs := make([]*firestore.DocumentRef, len(children))
	for i, c := range children {
		refs[i] = ref(client, c.Account, c.ID)
	}
	reading, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	there, err := client.GetAll(reading, refs)
	if err != nil {
		return unavailable(err)
	}
	var added []addition
	err = r.save(ctx, func(d *document) { d.Parts = true }, func(ctx context.Context, tx *firestore.Transaction) error {
		j := &joined{tx: tx, client: client}
		for i, c := range children {
			if there[i].Exists() {
				continue
			}
			if err := e.join(ctx, j, addition{account: c.Account, id: c.ID}, c); err != nil {
				return err
			}
		}
		added = j.added
		return j.write()
	})
	if err == nil {
		e.send(ctx, added)
	}
	return err
}

// Counts is how a task's children stand.
type Counts struct{ Total, Open, Done, Failed, Cancelled int64 }

// Children counts the task's children. Its cost grows with their number: one read for a thousand of them.
func (r *Run) Children(ctx context.Context) (Counts, error) {
	return r.engine.Children(ctx, r.Account, r.ID)
}

// Children counts the children of a task.
func (e *Engine) Children(ctx context.Context, account, id string) (Counts, error) {
	client, err := e.store.clients.Firestore(ctx)
	if err != nil {
		return Counts{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	children := tasksOf(client, account).Where("parent", "==", id)
	var c Counts
	for _, x := range []struct {
		into  *int64
		query firestore.Query
	}{
		{&c.Total, children},
		{&c.Done, children.Where("state", "==", Done)},
		{&c.Failed, children.Where("state", "==", Failed)},
		{&c.Cancelled, children.Where("state", "==", Cancelled)},
	} {
		if *x.into, err = cloud.Count(ctx, x.query); err != nil {
			return Counts{}, unavailable(err)
		}
	}
	c.Open = c.Total - c.Done - c.Failed - c.Cancelled
	return c, nil
}

// hasOpenChildren asks for one, however many there are.
func (s store) hasOpenChildren(ctx context.Context, account, id string) (bool, error) {
	client, err := s.clients.Firestore(ctx)
	if err != nil {
		return false, err
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	snaps, err := tasksOf(client, account).Where("parent", "==", id).Where("open", "==", true).Limit(1).Documents(ctx).GetAll()
	return len(snaps) > 0, unavailable(err)
}

// ended tells whether a task has ended, or is gone.
func (s store) ended(ctx context.Context, account, id string) (bool, error) {
	client, err := s.clients.Firestore(ctx)
	if err != nil {
		return false, err
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	snap, err := ref(client, account, id).Get(ctx)
	if status.Code(err) == codes.NotFound {
		return true, nil
	}
	if err != nil {
		return false, unavailable(err)
	}
	d, err := read(snap)
	if err != nil {
		return false, err
	}
	return !d.Open, nil
}
