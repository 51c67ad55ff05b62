package syncing

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cloud.google.com/go/firestore"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"fieldboard.dev/fieldboard/shared/cloud"
	"fieldboard.dev/fieldboard/shared/record"
	"fieldboard.dev/fieldboard/shared/rollup"
)

// runDocument is the run's id among the documents of accounts/{a}/sync; the others are the collections' checkpoints.
const runDocument = "run"

// inTransaction is a part of a transaction.
type inTransaction = func(*firestore.Transaction) error

// errFenced says that another worker took over.
var errFenced = errors.New("another worker holds the run's lease")

// store keeps runs and checkpoints at accounts/{a}/sync.
type store struct{ clients *cloud.Clients }

func (s store) folder(ctx context.Context, account string) (*firestore.Client, *firestore.CollectionRef, error) {
	client, err := s.clients.Firestore(ctx)
	if err != nil {
		return nil, nil, err
	}
	return client, client.Collection("accounts").Doc(account).Collection("sync"), nil
}

// changeRun reads the run, lets change make another of it, and writes that unless change says not to.
func (s store) changeRun(ctx context.Context, account string, change func(run) (run, bool, error)) (run, error) {
	client, folder, err := s.folder(ctx, account)
	if err != nil {
		return run{}, err
	}
	var changed run
	err = client.RunTransaction(ctx, func(_ context.Context, tx *firestore.Transaction) error {
		r, err := readRun(tx, folder)
		if err != nil {
			return err
		}
		var write bool
		if changed, write, err = change(r); err != nil || !write {
			return err
		}
		return tx.Set(folder.Doc(runDocument), changed)
	})
	if err != nil {
		return run{}, fmt.Errorf("changing the run of %s: %w", account, err)
	}
	return changed, nil
}

func readRun(tx *firestore.Transaction, folder *firestore.CollectionRef) (run, error) {
	var r run
	snap, err := tx.Get(folder.Doc(runDocument))
	if status.Code(err) == codes.NotFound {
		return r, nil
	}
	if err != nil {
		return r, err
	}
	return r, snap.DataTo(&r)
}

// read returns the account's run and checkpoints.
func (s store) read(ctx context.Context, account string) (run, checkpoints, error) {
	_, folder, err := s.folder(ctx, account)
	if err != nil {
		return run{}, nil, err
	}
	snaps, err := folder.Documents(ctx).GetAll()
	if err != nil {
		return run{}, nil, fmt.Errorf("reading the sync state of %s: %w", account, err)
	}
	var r run
	states := checkpoints{}
	for _, snap := range snaps {
		var into any = &r
		var c checkpoint
		if snap.Ref.ID != runDocument {
			into = &c
		}
		if err := snap.DataTo(into); err != nil {
			return run{}, nil, fmt.Errorf("reading %s: %w", snap.Ref.Path, err)
		}
		if snap.Ref.ID != runDocument {
			states[record.Collection(snap.Ref.ID)] = c
		}
	}
	return r, states, nil
}

// counts returns how many living records of each collection the copy holds.
func (s store) counts(ctx context.Context, account string) (map[string]int64, error) {
	client, err := s.clients.Firestore(ctx)
	if err != nil {
		return nil, err
	}
	snap, err := client.Collection("accounts").Doc(account).Collection("figures").Doc("totals").Get(ctx)
	if status.Code(err) == codes.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the totals of %s: %w", account, err)
	}
	var totals rollup.Totals
	if err := snap.DataTo(&totals); err != nil {
		return nil, fmt.Errorf("reading %s: %w", snap.Ref.Path, err)
	}
	return totals.Records, nil
}

// held returns a transaction's first step: it fails when the fence is not the newest any more. The run's document is
// only read, so that pages do not get in each other's way.
func (s store) held(ctx context.Context, account string, fence int64) (inTransaction, error) {
	_, folder, err := s.folder(ctx, account)
	if err != nil {
		return nil, err
	}
	return func(tx *firestore.Transaction) error {
		r, err := readRun(tx, folder)
		if err != nil {
			return err
		}
		if !r.Active || r.Fence != fence {
			return errFenced
		}
		return nil
	}, nil
}

// saving returns a transaction's last step: it writes the checkpoint.
func (s store) saving(ctx context.Context, account string, c record.Collection, state checkpoint) (inTransaction, error) {
	_, folder, err := s.folder(ctx, account)
	if err != nil {
		return nil, err
	}
	return func(tx *firestore.Transaction) error { return tx.Set(folder.Doc(string(c)), state) }, nil
}

// save writes a checkpoint that goes with no page.
func (s store) save(ctx context.Context, account string, fence int64, c record.Collection, state checkpoint) error {
	held, err := s.held(ctx, account, fence)
	if err != nil {
		return err
	}
	saving, err := s.saving(ctx, account, c, state)
	if err != nil {
		return err
	}
	client, err := s.clients.Firestore(ctx)
	if err != nil {
		return err
	}
	return client.RunTransaction(ctx, func(_ context.Context, tx *firestore.Transaction) error {
		if err := held(tx); err != nil {
			return err
		}
		return saving(tx)
	})
}

// known is what the copy knows of a living record.
type known struct {
	jobberID  string
	fetchedAt time.Time
}

// living returns a collection's living records by id.
func (s store) living(ctx context.Context, account string, c record.Collection) (map[string]known, error) {
	client, err := s.clients.Firestore(ctx)
	if err != nil {
		return nil, err
	}
	snaps, err := client.Collection("accounts").Doc(account).Collection(string(c)).
		Select("jobberId", "fetchedAt", "deleted").Documents(ctx).GetAll()
	if err != nil {
		return nil, fmt.Errorf("listing %s of %s: %w", c, account, err)
	}
	all := make(map[string]known, len(snaps))
	for _, snap := range snaps {
		var m record.Meta
		if err := snap.DataTo(&m); err != nil {
			return nil, fmt.Errorf("reading %s: %w", snap.Ref.Path, err)
		}
		if !m.Deleted {
			all[snap.Ref.ID] = known{m.JobberID, m.FetchedAt}
		}
	}
	return all, nil
}
