package evidence

import (
	"fmt"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Inclusion shows that an event is in the tree of a checkpoint. Hashes are from the leaf up, as in RFC 9162 section 2.1.3.
type Inclusion struct {
	Account    string                `json:"account"`
	Index      int64                 `json:"index" doc:"The event's place in the tree, from 0"`
	Leaf       string                `json:"leaf" doc:"The event as it was sealed; hidden values are HMAC-SHA-256 commitments"`
	Disclosed  map[string]Disclosure `json:"disclosed" doc:"The hidden values that are still kept, with their salts"`
	Hashes     [][]byte              `json:"hashes" nullable:"false"`
	Checkpoint string                `json:"checkpoint" doc:"A signed note: origin, size and root of the tree"`
}

// Verify tells what is wrong with the proof; nil when the event is in the tree that one of the keys signed.
func (p Inclusion) Verify(keys note.Verifiers) error {
	tree, err := Open(p.Checkpoint, p.Account, keys)
	if err != nil {
		return err
	}
	proof, err := fromBytes(p.Hashes)
	if err != nil {
		return err
	}
	if err := tlog.CheckRecord(proof, tree.N, tree.Hash, p.Index, Hash([]byte(p.Leaf))); err != nil {
		return fmt.Errorf("the event is not at %d in the tree: %w", p.Index, err)
	}
	leaf, err := ParseLeaf([]byte(p.Leaf))
	if err != nil {
		return err
	}
	return leaf.Check(p.Disclosed)
}

// ProveInclusion returns the hashes that lead from a leaf to the tree's root. It reads tiles by the logarithm of the tree's size.
func ProveInclusion(tree tlog.Tree, index int64, read ReadTiles) ([][]byte, error) {
	proof, err := tlog.ProveRecord(tree.N, index, hashes(tree, read))
	if err != nil {
		return nil, fmt.Errorf("proving event %d of %d: %w", index, tree.N, err)
	}
	return toBytes(proof), nil
}

// Consistency shows that a tree holds an older one unchanged: RFC 9162 section 2.1.4.
type Consistency struct {
	Account       string   `json:"account"`
	OldCheckpoint string   `json:"oldCheckpoint"`
	Checkpoint    string   `json:"checkpoint"`
	Hashes        [][]byte `json:"hashes" nullable:"false"`
}

// Verify tells what is wrong with the proof; nil when all that the older checkpoint covers is in the newer one's tree. Give it
// the older checkpoint that was kept, and not the one of the proof.
func (p Consistency) Verify(kept string, keys note.Verifiers) error {
	old, err := Open(kept, p.Account, keys)
	if err != nil {
		return fmt.Errorf("the older checkpoint: %w", err)
	}
	tree, err := Open(p.Checkpoint, p.Account, keys)
	if err != nil {
		return err
	}
	proof, err := fromBytes(p.Hashes)
	if err != nil {
		return err
	}
	if err := tlog.CheckTree(proof, tree.N, tree.Hash, old.N, old.Hash); err != nil {
		return fmt.Errorf("the tree of %d does not go on from the one of %d: %w", tree.N, old.N, err)
	}
	return nil
}

// ProveConsistency returns the hashes that show a tree's first events to be those of the older tree.
func ProveConsistency(tree tlog.Tree, older int64, read ReadTiles) ([][]byte, error) {
	proof, err := tlog.ProveTree(tree.N, older, hashes(tree, read))
	if err != nil {
		return nil, fmt.Errorf("proving that %d goes on from %d: %w", tree.N, older, err)
	}
	return toBytes(proof), nil
}

func toBytes(hashes []tlog.Hash) [][]byte {
	all := make([][]byte, len(hashes))
	for i := range hashes {
		all[i] = hashes[i][:]
	}
	return all
}

func fromBytes(all [][]byte) ([]tlog.Hash, error) {
	hashes := make([]tlog.Hash, len(all))
	for i, b := range all {
		if len(b) != tlog.HashSize {
			return nil, fmt.Errorf("hash %d of the proof has %d bytes", i, len(b))
		}
		hashes[i] = tlog.Hash(b)
	}
	return hashes, nil
}
