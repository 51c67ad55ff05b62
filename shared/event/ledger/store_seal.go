package ledger

import (
	"context"
	"errors"
	"fmt"

	"cloud.google.com/go/firestore"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"fieldboard.dev/fieldboard/shared/cloud"
	"fieldboard.dev/fieldboard/shared/event"
	"fieldboard.dev/fieldboard/shared/event/ledger/evidence"
)

// Batch is how many events are looked for together, and so the most that one transaction seals.
const Batch = 250

// Sealer seals events.
type Sealer struct {
	clients *cloud.Clients
	signers []note.Signer
	keys    note.Verifiers
	// beforeCommit stands for a crash at the worst moment; nil but in tests.
	beforeCommit func() error
}

// NewSealer returns a sealer. It dials nothing. What it signs has to be verifiable by the public keys that readers have.
func NewSealer(clients *cloud.Clients, signing SigningConfig, cfg Config) (*Sealer, error) {
	signers, err := signing.signers()
	if err != nil {
		return nil, err
	}
	keys, err := evidence.ParseKeys(cfg.PublicKeys)
	if err != nil {
		return nil, err
	}
	for _, signer := range signers {
		if _, err := keys.Verifier(signer.Name(), signer.KeyHash()); err != nil {
			return nil, fmt.Errorf("EVENT_PUBLIC_KEYS lacks a key of EVENT_SIGNING_KEY: %w", err)
		}
	}
	return &Sealer{clients: clients, signers: signers, keys: keys}, nil
}

// Seal seals what waits in all accounts, the oldest first, looking for a batch at most rounds times. It returns how many
// events it sealed. An account whose ledger is broken fails by itself: the others' events are sealed nevertheless.
func (s *Sealer) Seal(ctx context.Context, rounds int) (sealed int, failed error) {
	client, err := s.clients.Firestore(ctx)
	if err != nil {
		return 0, err
	}
	query := event.Unsealed(client).Limit(Batch)
	for range rounds {
		snaps, err := query.Documents(ctx).GetAll()
		if err != nil {
			return sealed, errors.Join(failed, fmt.Errorf("looking for events to seal: %w", err))
		}
		var accounts []string // in the order of their oldest events
		waiting := map[string][]*firestore.DocumentRef{}
		for _, snap := range snaps {
			account := snap.Ref.Parent.Parent.ID
			if waiting[account] == nil {
				accounts = append(accounts, account)
			}
			waiting[account] = append(waiting[account], snap.Ref)
		}
		for _, account := range accounts {
			n, err := s.sealBatch(ctx, client, account, waiting[account])
			if err != nil {
				failed = errors.Join(failed, fmt.Errorf("sealing events of %s: %w", account, err))
			}
			sealed += n
		}
		if len(snaps) < Batch {
			break
		}
		query = event.Unsealed(client).Limit(Batch).StartAfter(snaps[len(snaps)-1]) // past the events of who failed
	}
	return sealed, failed
}

// sealBatch seals those of an account's events that still wait, in one transaction: events, tiles, head and checkpoint are
// written together or not at all. A sealer that works at the same time reads the same head, so one of both starts over and
// finds less to do.
func (s *Sealer) sealBatch(ctx context.Context, client *firestore.Client, account string, refs []*firestore.DocumentRef) (sealed int, err error) {
	err = client.RunTransaction(ctx, func(_ context.Context, tx *firestore.Transaction) error {
		sealed = 0
		old, err := s.headIn(tx, client, account)
		if err != nil {
			return err
		}
		events, err := unsealedIn(tx, refs)
		if err != nil || len(events) == 0 {
			return err
		}
		seals := make([]event.Seal, len(events))
		leaves := make([]tlog.Hash, len(events))
		for i, e := range events {
			seals[i] = newSeal(e.Event, old.N+int64(i))
			leaf, _, err := leafOf(e.Event, seals[i])
			if err != nil {
				return err
			}
			leaves[i] = evidence.Hash(leaf)
		}
		tree, tiles, err := evidence.Grow(old, leaves, func(tiles []tlog.Tile) ([][]byte, error) {
			snaps, err := tx.GetAll(tileRefs(client, account, tiles))
			if err != nil {
				return nil, fmt.Errorf("reading tiles: %w", err)
			}
			return contents(tiles, snaps)
		})
		if err != nil {
			return err
		}
		for i, e := range events {
			if err := e.PutSeal(tx, seals[i]); err != nil {
				return err
			}
		}
		if err := s.put(tx, client, account, tree, tiles); err != nil {
			return err
		}
		sealed = len(events)
		return nil
	})
	if err != nil {
		return 0, err
	}
	return sealed, nil
}

// put writes the grown tree. The checkpoint is created and never overwritten: an account has one of each size.
func (s *Sealer) put(tx *firestore.Transaction, client *firestore.Client, account string, tree tlog.Tree, tiles map[tlog.Tile][]byte) error {
	checkpoint, err := evidence.Sign(s.signers, account, tree)
	if err != nil {
		return err
	}
	for tile, hashes := range tiles {
		if err := tx.Set(tileRefs(client, account, []tlog.Tile{tile})[0], tileDocument{Hashes: hashes}); err != nil {
			return err
		}
	}
	d := checkpointDocument{Size: tree.N, Note: checkpoint}
	if err := tx.Create(checkpointRef(client, account, tree.N), d); err != nil {
		return err
	}
	if err := tx.Set(headRef(client, account), d); err != nil {
		return err
	}
	if s.beforeCommit != nil {
		return s.beforeCommit()
	}
	return nil
}

// headIn returns the tree to go on from. It has to be one that was signed: whoever can write documents cannot make another.
func (s *Sealer) headIn(tx *firestore.Transaction, client *firestore.Client, account string) (tlog.Tree, error) {
	snap, err := tx.Get(headRef(client, account))
	if status.Code(err) == codes.NotFound {
		return tlog.Tree{}, nil
	}
	if err != nil {
		return tlog.Tree{}, err
	}
	var d checkpointDocument
	if err := snap.DataTo(&d); err != nil {
		return tlog.Tree{}, err
	}
	return evidence.Open(d.Note, account, s.keys)
}

func unsealedIn(tx *firestore.Transaction, refs []*firestore.DocumentRef) ([]event.Stored, error) {
	snaps, err := tx.GetAll(refs)
	if err != nil {
		return nil, err
	}
	var events []event.Stored
	for _, snap := range snaps {
		if !snap.Exists() {
			continue
		}
		e, err := event.ReadStored(snap)
		if err != nil {
			return nil, err
		}
		if e.Unsealed && e.Seal == nil {
			events = append(events, e)
		}
	}
	return events, nil
}
