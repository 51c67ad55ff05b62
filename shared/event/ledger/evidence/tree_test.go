package evidence

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	mathrand "math/rand/v2"
	"slices"
	"testing"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// forest is a tree's tiles in memory. It counts what is read.
type forest struct {
	tree  tlog.Tree
	tiles map[string][]byte
	reads int
}

func (f *forest) read(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, t := range tiles {
		f.reads++
		content := f.tiles[fmt.Sprint(t.L, t.N)]
		if len(content) < t.W*tlog.HashSize {
			return nil, fmt.Errorf("no tile %v", t)
		}
		all = append(all, content[:t.W*tlog.HashSize])
	}
	return all, nil
}

func (f *forest) grow(t *testing.T, leaves []tlog.Hash) {
	t.Helper()
	tree, tiles, err := Grow(f.tree, leaves, f.read)
	if err != nil {
		t.Fatal(err)
	}
	for tile, content := range tiles {
		key := fmt.Sprint(tile.L, tile.N)
		if !bytes.HasPrefix(content, f.tiles[key]) {
			t.Fatalf("tile %v changed what it had", tile)
		}
		f.tiles[key] = content
	}
	f.tree = tree
}

func keys(t *testing.T) (note.Signer, note.Verifiers) {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := NewSigner(private)
	if err != nil {
		t.Fatal(err)
	}
	text, err := PublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	verifiers, err := ParseKeys(text)
	if err != nil {
		t.Fatal(err)
	}
	return signer, verifiers
}

// Trees of random batches: every event's proof and every two checkpoints' proof holds, the root is the one that RFC 9162's
// definition gives, and with any one byte changed nothing holds.
func TestProofsOfRandomTrees(t *testing.T) {
	t.Parallel()
	for seed := range uint64(6) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			dice := mathrand.New(mathrand.NewPCG(seed, 0))
			signer, verifiers := keys(t)
			f := &forest{tiles: map[string][]byte{}}
			var leaves []Leaf
			var hashed []tlog.Hash
			var checkpoints []string
			for range 1 + dice.IntN(9) {
				var batch []tlog.Hash
				for range 1 + dice.IntN(1<<dice.IntN(9)) {
					leaf := Leaf{Facts: map[string]string{"account": "a", "id": fmt.Sprint(len(leaves))}, Hidden: map[string][]byte{}}
					text, err := leaf.Bytes()
					if err != nil {
						t.Fatal(err)
					}
					leaves, batch = append(leaves, leaf), append(batch, Hash(text))
				}
				hashed = append(hashed, batch...)
				f.grow(t, batch)
				if want := definition(hashed); f.tree.Hash != want {
					t.Fatalf("the root of %d is not the definition's", len(hashed))
				}
				signed, err := Sign([]note.Signer{signer}, "a", f.tree)
				if err != nil {
					t.Fatal(err)
				}
				checkpoints = append(checkpoints, signed)
			}
			newest := checkpoints[len(checkpoints)-1]
			for index, leaf := range leaves {
				text, err := leaf.Bytes()
				if err != nil {
					t.Fatal(err)
				}
				hashes, err := ProveInclusion(f.tree, int64(index), f.read)
				if err != nil {
					t.Fatal(err)
				}
				p := Inclusion{Account: "a", Index: int64(index), Leaf: string(text), Hashes: hashes, Checkpoint: newest}
				if err := p.Verify(verifiers); err != nil {
					t.Fatalf("event %d of %d: %v", index, len(leaves), err)
				}
				if dice.IntN(20) == 0 {
					spoiledInclusion(t, p, verifiers, dice)
				}
			}
			for _, older := range checkpoints {
				old, err := Open(older, "a", verifiers)
				if err != nil {
					t.Fatal(err)
				}
				hashes, err := ProveConsistency(f.tree, old.N, f.read)
				if err != nil {
					t.Fatal(err)
				}
				c := Consistency{Account: "a", OldCheckpoint: older, Checkpoint: newest, Hashes: hashes}
				if err := c.Verify(older, verifiers); err != nil {
					t.Fatalf("from %d to %d: %v", old.N, f.tree.N, err)
				}
				for i, hash := range hashes {
					c.Hashes = slices.Clone(hashes)
					c.Hashes[i] = flipped(hash, dice)
					if c.Verify(older, verifiers) == nil {
						t.Fatalf("from %d to %d: hash %d is changed, and it holds", old.N, f.tree.N, i)
					}
				}
			}
		})
	}
}

func spoiledInclusion(t *testing.T, p Inclusion, verifiers note.Verifiers, dice *mathrand.Rand) {
	t.Helper()
	spoiled := p
	spoiled.Leaf = string(flipped([]byte(p.Leaf), dice))
	if spoiled.Verify(verifiers) == nil {
		t.Fatalf("event %d: a changed leaf holds", p.Index)
	}
	spoiled = p
	spoiled.Index++
	if spoiled.Verify(verifiers) == nil {
		t.Fatalf("event %d: holds at another index", p.Index)
	}
	spoiled = p
	spoiled.Account = "b"
	if spoiled.Verify(verifiers) == nil {
		t.Fatalf("event %d: holds for another account", p.Index)
	}
	for at := range len(p.Checkpoint) {
		spoiled = p
		changed := []byte(p.Checkpoint)
		changed[at] ^= 1 << dice.IntN(8)
		spoiled.Checkpoint = string(changed)
		if spoiled.Verify(verifiers) == nil {
			t.Fatalf("event %d: holds with byte %d of the checkpoint changed:\n%s", p.Index, at, changed)
		}
	}
	for i := range p.Hashes {
		spoiled = p
		spoiled.Hashes = slices.Clone(p.Hashes)
		spoiled.Hashes[i] = flipped(p.Hashes[i], dice)
		if spoiled.Verify(verifiers) == nil {
			t.Fatalf("event %d: holds with hash %d changed", p.Index, i)
		}
	}
}

func flipped(b []byte, dice *mathrand.Rand) []byte {
	changed := slices.Clone(b)
	changed[dice.IntN(len(changed))] ^= 1 << dice.IntN(8)
	return changed
}

// definition is RFC 9162 section 2.1.1 as it is written there.
func definition(leaves []tlog.Hash) tlog.Hash {
	if len(leaves) == 1 {
		return leaves[0]
	}
	k := 1
	for k*2 < len(leaves) {
		k *= 2
	}
	return tlog.NodeHash(definition(leaves[:k]), definition(leaves[k:]))
}

func TestFrontier(t *testing.T) {
	t.Parallel()
	var f frontier
	var leaves []tlog.Hash
	for i := range 1000 {
		leaf := Hash(fmt.Append(nil, i))
		leaves = append(leaves, leaf)
		f.add(leaf)
		if f.root() != definition(leaves) {
			t.Fatalf("the root of %d differs", i+1)
		}
	}
}

// What a batch and a proof read grows with the logarithm of the tree.
func TestReadsAreFew(t *testing.T) {
	t.Parallel()
	f := &forest{tiles: map[string][]byte{}}
	for i := range 400 {
		leaves := make([]tlog.Hash, 250)
		for j := range leaves {
			leaves[j] = Hash(fmt.Append(nil, i, j))
		}
		f.reads = 0
		f.grow(t, leaves)
		if f.reads > 3 {
			t.Fatalf("a batch onto %d events read %d tiles", f.tree.N, f.reads)
		}
	}
	f.reads = 0
	if _, err := ProveInclusion(f.tree, 12_345, f.read); err != nil {
		t.Fatal(err)
	}
	if f.reads > 5 {
		t.Errorf("a proof in %d events read %d tiles", f.tree.N, f.reads)
	}
}

// A tile that somebody changed is not built upon.
func TestGrowRefusesAChangedTile(t *testing.T) {
	t.Parallel()
	f := &forest{tiles: map[string][]byte{}}
	f.grow(t, []tlog.Hash{Hash([]byte("a")), Hash([]byte("b")), Hash([]byte("c"))})
	f.tiles["0 0"][5] ^= 1
	if _, _, err := Grow(f.tree, []tlog.Hash{Hash([]byte("d"))}, f.read); err == nil {
		t.Error("the tree grew on a changed tile")
	}
}
