package evidence

import (
	"fmt"
	"maps"
	"slices"

	"golang.org/x/mod/sumdb/tlog"
)

// Height of the tiles that the tree is stored in: a full one holds 256 hashes, 8 KiB.
const Height = 8

// TileSize is how many hashes a full tile holds.
const TileSize = 1 << Height

// ReadTiles returns the content of tiles: of each the first W hashes. A tile that grew since has more, and the first ones are
// still the same.
type ReadTiles func([]tlog.Tile) ([][]byte, error)

// Grow returns the tree after more leaves, and the tiles that differ from the old tree's. It reads the right edge of the old
// tree alone, and fails when that is not what the old tree's root was made of.
func Grow(old tlog.Tree, leaves []tlog.Hash, read ReadTiles) (tlog.Tree, map[tlog.Tile][]byte, error) {
	fresh := map[int64]tlog.Hash{}
	stored := hashes(old, read)
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) { return overlay(fresh, stored, indexes) })
	size := old.N
	for _, leaf := range leaves {
		made, err := tlog.StoredHashesForRecordHash(size, leaf, reader)
		if err != nil {
			return tlog.Tree{}, nil, fmt.Errorf("adding leaf %d: %w", size, err)
		}
		for i, h := range made {
			fresh[tlog.StoredHashIndex(0, size)+int64(i)] = h
		}
		size++
	}
	root, err := tlog.TreeHash(size, reader)
	if err != nil {
		return tlog.Tree{}, nil, fmt.Errorf("the root of %d leaves: %w", size, err)
	}
	tiles := map[tlog.Tile][]byte{}
	for _, tile := range tlog.NewTiles(Height, old.N, size) {
		tiles[tile], err = tlog.ReadTileData(tile, reader)
		if err != nil {
			return tlog.Tree{}, nil, fmt.Errorf("tile %s: %w", tile.Path(), err)
		}
	}
	return tlog.Tree{N: size, Hash: root}, tiles, nil
}

// overlay returns fresh hashes where there are, and reads the others at once.
func overlay(fresh map[int64]tlog.Hash, stored tlog.HashReader, indexes []int64) ([]tlog.Hash, error) {
	found := make([]tlog.Hash, len(indexes))
	missing := map[int64][]int{} // where each belongs
	for i, index := range indexes {
		if h, ok := fresh[index]; ok {
			found[i] = h
			continue
		}
		missing[index] = append(missing[index], i)
	}
	if len(missing) == 0 {
		return found, nil
	}
	wanted := slices.Sorted(maps.Keys(missing))
	read, err := stored.ReadHashes(wanted)
	if err != nil {
		return nil, err
	}
	for i, index := range wanted {
		for _, place := range missing[index] {
			found[place] = read[i]
		}
	}
	return found, nil
}

// hashes returns a reader of a tree's hashes that checks the tiles against the root.
func hashes(tree tlog.Tree, read ReadTiles) tlog.HashReader {
	return tlog.TileHashReader(tree, &tileReader{read: read, known: map[tlog.Tile][]byte{}})
}

// tileReader reads each tile once. It serves one tree, and so never meets a tile in two widths.
type tileReader struct {
	read  ReadTiles
	known map[tlog.Tile][]byte
}

func (r *tileReader) Height() int { return Height }

func (r *tileReader) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var missing []tlog.Tile
	for _, t := range tiles {
		if _, ok := r.known[t]; !ok {
			missing = append(missing, t)
		}
	}
	if len(missing) > 0 {
		content, err := r.read(missing)
		if err != nil {
			return nil, err
		}
		for i, t := range missing {
			r.known[t] = content[i]
		}
	}
	all := make([][]byte, len(tiles))
	for i, t := range tiles {
		all[i] = r.known[t]
	}
	return all, nil
}

func (r *tileReader) SaveTiles([]tlog.Tile, [][]byte) {}

// frontier is the right edge of a tree that grows leaf by leaf: the roots of its full subtrees, the largest first. It takes
// memory for the logarithm of the leaves.
type frontier struct {
	size  int64
	roots []tlog.Hash
}

func (f *frontier) add(leaf tlog.Hash) {
	f.roots = append(f.roots, leaf)
	f.size++
	for n := f.size; n%2 == 0; n /= 2 {
		last := len(f.roots) - 1
		f.roots = append(f.roots[:last-1], tlog.NodeHash(f.roots[last-1], f.roots[last]))
	}
}

func (f *frontier) root() tlog.Hash {
	if f.size == 0 {
		return tlog.Hash{}
	}
	last := len(f.roots) - 1
	root := f.roots[last]
	for i := last - 1; i >= 0; i-- {
		root = tlog.NodeHash(f.roots[i], root)
	}
	return root
}
