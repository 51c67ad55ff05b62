package batch

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/firestore/apiv1/firestorepb"

	"fieldboard.dev/fieldboard/shared/event"
	"fieldboard.dev/fieldboard/shared/task"
)

// errOver says that the run is over: the batch was stopped, or started again.
var errOver = errors.New("batch: the run is over")

// turn stores what became of a row that the holder had, and claims another for it, in one transaction: so a worker that dies
// leaves one row at most of which it is not known whether it was done. A row that is no longer the holder's is left alone. The
// claimed row is nil when somebody else has it, or had it: a row in the hands of another is taken when it was claimed before
// stale. Its began says when it was sent before; zero for the first time. Either row may be none.
func (s store) turn(ctx context.Context, account, id, holder string, done *Row, next int, stale time.Time) (claimed *Row, err error) {
	client, err := s.clients.Firestore(ctx)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	batch := ref(client, account, id)
	err = client.RunTransaction(ctx, func(_ context.Context, tx *firestore.Transaction) error {
		claimed = nil
		now := s.clock.Now().UTC()
		before, err := s.held(tx, batch, holder, done)
		if err != nil {
			return err
		}
		var after rowDocument
		if next > 0 {
			snap, err := tx.Get(rowRef(batch, next))
			if err != nil {
				return err
			}
			if after, _, err = readRow(snap); err != nil {
				return err
			}
			if after.State == Pending || after.State == Doing && after.Since.Before(stale) {
				r := after.row(next)
				claimed = &r
			}
		}
		if before != nil {
			if err := tx.Set(rowRef(batch, done.Number), before); err != nil {
				return err
			}
		}
		if claimed == nil {
			return nil
		}
		after.State, after.Holder, after.Since = Doing, holder, now
		if after.Does == Creates && after.Began.IsZero() {
			after.Began = now
		}
		return tx.Set(rowRef(batch, next), after)
	})
	if err != nil {
		return nil, unavailable(err)
	}
	return claimed, nil
}

// held returns what is to be stored of a row that was done; nil when the holder does not hold it.
func (s store) held(tx *firestore.Transaction, batch *firestore.DocumentRef, holder string, done *Row) (*rowDocument, error) {
	if done == nil {
		return nil, nil
	}
	snap, err := tx.Get(rowRef(batch, done.Number))
	if err != nil {
		return nil, err
	}
	d, _, err := readRow(snap)
	if err != nil || d.State != Doing || d.Holder != holder {
		return nil, err
	}
	d.State, d.Message, d.RecordID, d.DoneAt, d.Began, d.Holder, d.Since = done.State, done.Message, done.RecordID, done.DoneAt, done.began, "", time.Time{}
	return &d, nil
}

// tally counts the rows.
func (s store) tally(ctx context.Context, account, id string) (Counts, error) {
	client, err := s.clients.Firestore(ctx)
	if err != nil {
		return Counts{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	var counts Counts
	for _, state := range RowStates {
		q := ref(client, account, id).Collection("batchRows").Where("state", "==", state)
		got, err := q.NewAggregationQuery().WithCount("n").Get(ctx)
		if err != nil {
			return Counts{}, unavailable(err)
		}
		n, ok := got["n"].(*firestorepb.Value)
		if !ok {
			return Counts{}, fmt.Errorf("counting rows: got a %T", got["n"])
		}
		counts.add(state, n.GetIntegerValue())
	}
	return counts, nil
}

// recount stores how the rows of a run stand that was stopped while it worked.
func (s store) recount(ctx context.Context, account string, o Order) error {
	counts, err := s.tally(ctx, account, o.Batch)
	if err != nil {
		return err
	}
	client, err := s.clients.Firestore(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	return unavailable(client.RunTransaction(ctx, func(_ context.Context, tx *firestore.Transaction) error {
		snap, err := tx.Get(ref(client, account, o.Batch))
		if err != nil {
			return err
		}
		d, err := read(snap)
		if err != nil || d.Run != o.Run || d.State == Running {
			return err
		}
		d.Counts = counts
		return tx.Set(snap.Ref, d)
	}))
}

// taken tells which records other rows of the batch were about.
func (s store) taken(ctx context.Context, account, id string, records []string) (map[string]bool, error) {
	client, err := s.clients.Firestore(ctx)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	taken := map[string]bool{}
	for _, r := range records {
		snaps, err := ref(client, account, id).Collection("batchRows").Where("recordId", "==", r).Limit(1).Documents(ctx).GetAll()
		if err != nil {
			return nil, unavailable(err)
		}
		taken[r] = len(snaps) > 0
	}
	return taken, nil
}

// save stores how far a run is, while it holds its task and the batch still runs by it; errOver otherwise. f may change the
// batch and tell of it.
func (s store) save(ctx context.Context, run *task.Run, o Order, f func(*document) *event.Event) error {
	client, err := s.clients.Firestore(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	var told []event.Event
	err = run.Checkpoint(ctx, o, func(ctx context.Context, tx *firestore.Transaction) error {
		told = nil
		snap, err := tx.Get(ref(client, run.Account, o.Batch))
		if err != nil {
			return err
		}
		d, err := read(snap)
		if err != nil {
			return err
		}
		if d.State != Running || d.Run != o.Run {
			return errOver
		}
		e := f(d)
		if err := tx.Set(snap.Ref, d); err != nil || e == nil {
			return err
		}
		told = append(told, *e)
		return s.events.Put(ctx, tx, *e)
	})
	if err != nil {
		return unavailable(err)
	}
	s.events.Publish(ctx, told)
	return nil
}
