package ledger

import (
	"bufio"
	"context"
	"fmt"
	"io"

	"golang.org/x/mod/sumdb/tlog"

	"fieldboard.dev/fieldboard/shared/event"
	"fieldboard.dev/fieldboard/shared/event/ledger/evidence"
)

// Export writes all sealed events of an account as evidence.Check reads them, and returns how many. It holds one tile's events
// at a time. Hidden values are disclosed of the events that mayShow allows; of the others there is the leaf alone, which the
// root needs. A problem NotFound when nothing is sealed yet comes before the first byte.
func (l *Ledger) Export(ctx context.Context, w io.Writer, account string, mayShow func(event.Event) bool) (int64, error) {
	checkpoint, tree, err := l.head(ctx, account)
	if err != nil {
		return 0, err
	}
	out := bufio.NewWriter(w)
	if err := l.ExportHeader(ctx, out, account, checkpoint); err != nil {
		return 0, err
	}
	if err := l.ExportLines(ctx, out, account, checkpoint, 0, tree.N, mayShow); err != nil {
		return 0, err
	}
	return tree.N, out.Flush()
}

// Size returns how many events a checkpoint of the account covers.
func (l *Ledger) Size(account, checkpoint string) (int64, error) {
	tree, err := evidence.Open(checkpoint, account, l.keys)
	return tree.N, err
}

// ExportHeader writes the first line of an export up to a checkpoint. Who writes an export in pieces writes it last: it says
// how many events had expired by then.
func (l *Ledger) ExportHeader(ctx context.Context, w io.Writer, account, checkpoint string) error {
	expired, err := l.store.expired(ctx, account)
	if err != nil {
		return err
	}
	return evidence.Write(w, evidence.Header{Format: evidence.Format, Account: account, Checkpoint: checkpoint, Expired: expired})
}

// ExportLines writes the lines of the events from one index, the first of a tile, to before another.
func (l *Ledger) ExportLines(ctx context.Context, w io.Writer, account, checkpoint string, from, to int64, mayShow func(event.Event) bool) error {
	size, err := l.Size(account, checkpoint)
	if err != nil {
		return err
	}
	if from < 0 || from%evidence.TileSize != 0 || to > size {
		return fmt.Errorf("there are no lines from %d to %d in an export of %d", from, to, size)
	}
	for ; from < to; from += evidence.TileSize {
		if err := l.exportTile(ctx, w, account, from, min(from+evidence.TileSize, to), mayShow); err != nil {
			return fmt.Errorf("exporting events from %d: %w", from, err)
		}
	}
	return nil
}

func (l *Ledger) exportTile(ctx context.Context, w io.Writer, account string, from, to int64, mayShow func(event.Event) bool) error {
	tile := tlog.Tile{H: evidence.Height, L: 0, N: from / evidence.TileSize, W: int(to - from)}
	content, err := l.store.tiles(ctx, account, []tlog.Tile{tile})
	if err != nil {
		return err
	}
	events, err := l.store.sealed(ctx, account, from, to)
	if err != nil {
		return err
	}
	there := map[int64]event.Stored{}
	for _, e := range events {
		there[e.Seal.Index] = e
	}
	for index := from; index < to; index++ {
		at := (index - from) * tlog.HashSize
		line := evidence.Line{Index: index, Hash: content[0][at : at+tlog.HashSize]}
		if e, ok := there[index]; ok {
			leaf, disclosed, err := leafOf(e.Event, *e.Seal)
			if err != nil {
				return err
			}
			line.Leaf = leaf
			if mayShow(e.Event) {
				line.Disclosed = disclosed
			}
		}
		if err := evidence.Write(w, line); err != nil {
			return err
		}
	}
	return nil
}
