// Package ledger makes events tamper-evident. Each account's events are sealed in batches into a Merkle tree with signed
// checkpoints; a proof shows that an event is in the tree, or that one checkpoint's tree goes on from another's, and an export
// shows it of all events to who has nothing but the export and a public key. The proofs themselves are package evidence.
package ledger

import (
	"context"
	"fmt"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"fieldboard.dev/fieldboard/shared/event"
	"fieldboard.dev/fieldboard/shared/event/ledger/evidence"
	"fieldboard.dev/fieldboard/shared/problem"
)

// Ledger answers for what is sealed.
type Ledger struct {
	store  documents
	keys   note.Verifiers
	public string
}

func newLedger(store documents, cfg Config) (*Ledger, error) {
	keys, err := evidence.ParseKeys(cfg.PublicKeys)
	return &Ledger{store: store, keys: keys, public: cfg.PublicKeys}, err
}

// documents are what sealing wrote.
type documents interface {
	// head returns the newest checkpoint; a problem NotFound before the first sealing.
	head(ctx context.Context, account string) (string, error)
	// checkpoint returns the checkpoint of a size; a problem NotFound when there is none of it.
	checkpoint(ctx context.Context, account string, size int64) (string, error)
	tiles(ctx context.Context, account string, tiles []tlog.Tile) ([][]byte, error)
	// stored returns an event; a problem NotFound when there is none by that id.
	stored(ctx context.Context, account, id string) (event.Stored, error)
	// sealed returns the events from one index to before another, without those that are gone.
	sealed(ctx context.Context, account string, from, to int64) ([]event.Stored, error)
	// expired returns how many events, the first ones of the tree, were removed when their time was over.
	expired(ctx context.Context, account string) (int64, error)
	// change replaces an event by what a function makes of it; a problem NotFound when there is none by that id.
	change(ctx context.Context, account, id string, change func(*event.Stored) error) error
}

// head returns the newest checkpoint and the tree that it states.
func (l *Ledger) head(ctx context.Context, account string) (string, tlog.Tree, error) {
	checkpoint, err := l.store.head(ctx, account)
	if err != nil {
		return "", tlog.Tree{}, err
	}
	tree, err := evidence.Open(checkpoint, account, l.keys)
	return checkpoint, tree, err
}

// PublicKeys returns the public keys, one a line, as EVENT_PUBLIC_KEYS has them and verifiers read them. Whoever checks what
// this product says keeps them from before, and does not ask for them at the time of checking.
func (l *Ledger) PublicKeys() string { return l.public }

// Checkpoint returns the account's newest checkpoint; a problem NotFound when nothing is sealed yet.
func (l *Ledger) Checkpoint(ctx context.Context, account string) (string, error) {
	checkpoint, _, err := l.head(ctx, account)
	return checkpoint, err
}

// Proof shows that an event is in the newest checkpoint's tree; a problem NotFound when there is no such event, and Conflict
// before it is sealed. It does not judge: of a changed event the proof fails. It discloses all that the event still tells, so an
// event that maySee does not allow is as one that there is not.
func (l *Ledger) Proof(ctx context.Context, account, id string, maySee func(event.Event) bool) (evidence.Inclusion, error) {
	e, err := l.store.stored(ctx, account, id) // before the head, which then covers it
	if err != nil {
		return evidence.Inclusion{}, err
	}
	if !maySee(e.Event) {
		return evidence.Inclusion{}, problem.New(problem.NotFound, noEvent)
	}
	if e.Seal == nil {
		return evidence.Inclusion{}, problem.New(problem.Conflict, "The event is not sealed yet; events are sealed every minute.")
	}
	checkpoint, tree, err := l.head(ctx, account)
	if err != nil {
		return evidence.Inclusion{}, err
	}
	leaf, disclosed, err := leafOf(e.Event, *e.Seal)
	if err != nil {
		return evidence.Inclusion{}, err
	}
	hashes, err := evidence.ProveInclusion(tree, e.Seal.Index, l.read(ctx, account))
	if err != nil {
		return evidence.Inclusion{}, err
	}
	return evidence.Inclusion{
		Account: account, Index: e.Seal.Index, Leaf: string(leaf), Disclosed: disclosed, Hashes: hashes, Checkpoint: checkpoint,
	}, nil
}

// Consistency shows that the newest checkpoint's tree goes on from the one of an older checkpoint's size; a problem NotFound
// when there was no checkpoint of that size.
func (l *Ledger) Consistency(ctx context.Context, account string, oldSize int64) (evidence.Consistency, error) {
	older, err := l.store.checkpoint(ctx, account, oldSize)
	if err != nil {
		return evidence.Consistency{}, err
	}
	checkpoint, tree, err := l.head(ctx, account)
	if err != nil {
		return evidence.Consistency{}, err
	}
	hashes, err := evidence.ProveConsistency(tree, oldSize, l.read(ctx, account))
	if err != nil {
		return evidence.Consistency{}, err
	}
	return evidence.Consistency{Account: account, OldCheckpoint: older, Checkpoint: checkpoint, Hashes: hashes}, nil
}

// Erase takes values out of an event for good: those of the given names in its leaf, or without names all that can be erased.
// Proofs of the event hold as before and disclose less. A problem NotFound when there is no such event.
func (l *Ledger) Erase(ctx context.Context, account, id string, names ...string) error {
	return l.store.change(ctx, account, id, func(e *event.Stored) error { return erase(&e.Event, e.Seal, names...) })
}

func (l *Ledger) read(ctx context.Context, account string) evidence.ReadTiles {
	return func(tiles []tlog.Tile) ([][]byte, error) { return l.store.tiles(ctx, account, tiles) }
}

// firstHashes returns what a tile in its width holds of a stored one, which may have grown since.
func firstHashes(t tlog.Tile, content []byte) ([]byte, error) {
	if len(content) < t.W*tlog.HashSize {
		return nil, fmt.Errorf("tile %s holds %d bytes only", t.Path(), len(content))
	}
	return content[:t.W*tlog.HashSize], nil
}
