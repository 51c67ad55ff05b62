package trail

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"time"

	"fieldboard.dev/fieldboard/shared/event"
	"fieldboard.dev/fieldboard/shared/event/ledger/evidence"
	"fieldboard.dev/fieldboard/shared/httpapi"
	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/shared/sheet"
)

// The formats of exports.
const (
	CSV   = "csv"   // the events that are asked for, the newest first, for a spreadsheet
	JSONL = "jsonl" // the whole log with its proofs, which shows what is asked for: see package evidence
)

// Export is what is exported. The file is kept in parts, one for each page of work, so that a page that is done twice writes
// the same part again and nothing is ever held in memory.
type Export struct {
	Format     string       `firestore:"format"`
	Search     event.Search `firestore:"search"`
	Finance    bool         `firestore:"finance"`              // amounts are in it
	Checkpoint string       `firestore:"checkpoint,omitempty"` // up to which the log goes; JSONL alone
	Parts      int          `firestore:"parts"`
	Bytes      int64        `firestore:"bytes"`
}

const (
	mostCounted = 1_000_000
	tilesAtOnce = 8 // of evidence.TileSize events
	rowsAtOnce  = 500
)

// headerPart is the part that comes first and is written last.
const headerPart = -1

// StartExport begins an export. A problem Conflict for a JSONL export of a log of which nothing is sealed yet.
func (t *Trail) StartExport(ctx context.Context, id string, by httpapi.Principal, x Export) (Task, error) {
	if now := t.clock.Now(); x.Search.To.IsZero() || x.Search.To.After(now) {
		x.Search.To = now
	}
	var total int64
	var err error
	if x.Format == JSONL {
		if x.Checkpoint, err = t.ledger.Checkpoint(ctx, by.AccountID); problem.CodeOf(err) == problem.NotFound {
			return Task{}, problem.Wrap(err, problem.Conflict, "Nothing in the log is sealed yet. Try again in a minute.")
		}
		if err == nil {
			total, err = t.ledger.Size(by.AccountID, x.Checkpoint)
		}
	} else {
		total, err = t.events.CountFound(ctx, by.AccountID, x.Search, mostCounted)
	}
	if err != nil {
		return Task{}, unavailable(err)
	}
	return t.create(ctx, id, Exports, by, total, Order{Export: &x}, t.told(event.ExportMade, by, "as "+x.Format, ""))
}

func (t *Trail) exportPage(ctx context.Context, account, id string, d *document) (finished bool, err error) {
	x := d.Order.Export
	var written int64
	if x.Format == JSONL {
		written, finished, err = t.exportLines(ctx, account, id, d)
	} else {
		written, finished, err = t.exportRows(ctx, account, id, d)
	}
	if err != nil {
		return false, err
	}
	d.Place.Parts++
	x.Parts = d.Place.Parts
	x.Bytes += written
	return finished, nil
}

func (t *Trail) exportLines(ctx context.Context, account, id string, d *document) (written int64, finished bool, err error) {
	x := d.Order.Export
	size, err := t.ledger.Size(account, x.Checkpoint)
	if err != nil {
		return 0, false, err
	}
	to := min(d.Place.Index+tilesAtOnce*evidence.TileSize, size)
	show := func(e event.Event) bool { return x.Finance && x.Search.Matches(e) } // amounts may be among what changed
	written, err = t.store.writePart(ctx, account, id, d.Place.Parts, func(w io.Writer) error {
		return t.ledger.ExportLines(ctx, w, account, x.Checkpoint, d.Place.Index, to, show)
	})
	if err != nil {
		return 0, false, err
	}
	if to == size {
		n, err := t.store.writePart(ctx, account, id, headerPart, func(w io.Writer) error {
			return t.ledger.ExportHeader(ctx, w, account, x.Checkpoint)
		})
		if err != nil {
			return 0, false, err
		}
		written += n
	}
	d.Place.Index, d.Done = to, to
	return written, to == size, nil
}

var columns = []string{
	"time", "type", "who", "who id", "API key", "collection", "record id", "about", "about member id", "detail", "amount in cents",
	"changes", "address", "reason", "request id",
}

func (t *Trail) exportRows(ctx context.Context, account, id string, d *document) (written int64, finished bool, err error) {
	x := d.Order.Export
	page, err := t.events.Find(ctx, account, x.Search, d.Place.position(), rowsAtOnce)
	if err != nil {
		return 0, false, err
	}
	names, err := t.names(ctx, account, page.Events)
	if err != nil {
		return 0, false, err
	}
	written, err = t.store.writePart(ctx, account, id, d.Place.Parts, func(w io.Writer) error {
		rows := csv.NewWriter(w)
		if d.Place.Parts == 0 {
			if err := rows.Write(columns); err != nil {
				return err
			}
		}
		for _, e := range page.Events {
			row, err := rowOf(e, names[e.Actor], x.Finance)
			if err != nil {
				return err
			}
			if err := rows.Write(row); err != nil {
				return err
			}
		}
		rows.Flush()
		return rows.Error()
	})
	if err != nil {
		return 0, false, err
	}
	d.Done += int64(len(page.Events))
	if page.Next != nil {
		d.Place.Time, d.Place.ID = page.Next.Time, page.Next.ID
	}
	return written, page.Next == nil, nil
}

// names are those that the members who did something have now.
func (t *Trail) names(ctx context.Context, account string, events []event.Event) (map[string]string, error) {
	names := map[string]string{"": ""}
	for _, e := range events {
		if _, known := names[e.Actor]; known {
			continue
		}
		m, err := t.accounts.Member(ctx, account, e.Actor)
		if err != nil && problem.CodeOf(err) != problem.NotFound {
			return nil, err
		}
		names[e.Actor] = string(m.Name)
	}
	return names, nil
}

func rowOf(e event.Event, name string, finance bool) ([]string, error) {
	who := name
	if who == "" {
		who = map[event.ActorKind]string{event.ByJobber: "In Jobber", event.BySystem: "Fieldboard"}[e.Audit.Kind]
	}
	changes := ""
	if list := e.ChangesFor(finance); len(list) > 0 {
		text, err := json.Marshal(list)
		if err != nil {
			return nil, err
		}
		changes = string(text)
	}
	amount := ""
	if e.AmountCents != nil && finance {
		amount = strconv.FormatInt(*e.AmountCents, 10)
	}
	row := sheet.Row(e.Time.UTC().Format(time.RFC3339Nano), e.Type, who, e.Actor, e.Audit.Key, e.Collection, e.EntityID, e.Title, e.Member, e.Detail, "",
		changes, e.Audit.Address, e.Audit.Reason, e.Audit.Correlation)
	row[10] = amount // a number, which may be negative
	return row, nil
}

// Open returns what writes a finished export's file. Everything that can be refused is refused before: a problem Conflict for one
// that is not finished, Forbidden for one with amounts to somebody who may not see them, NotFound for one whose time is over.
func (t *Trail) Open(ctx context.Context, by httpapi.Principal, id string, seesAmounts bool) (Task, func(io.Writer) error, error) {
	d, err := t.Get(ctx, by.AccountID, Exports, id)
	x := d.Order.Export
	switch {
	case err != nil:
		return Task{}, nil, err
	case !d.ExpireAt.After(t.clock.Now()):
		return Task{}, nil, notFound(Exports)
	case d.State != Done:
		return Task{}, nil, problem.New(problem.Conflict, "The export is not ready.")
	case x.Finance && !seesAmounts:
		return Task{}, nil, problem.New(problem.Forbidden, "This export has amounts of money in it, which you may not see.")
	}
	first := 0
	if x.Format == JSONL {
		first = headerPart
	}
	there, err := t.store.hasPart(ctx, by.AccountID, id, first)
	switch {
	case err != nil:
		return Task{}, nil, problem.Wrap(err, problem.Unavailable, "The export's file cannot be read right now. Try again shortly.")
	case !there: // deleted, because it tells of somebody who was erased since
		return Task{}, nil, problem.New(problem.NotFound, "The file of this export was deleted. Export again.")
	}
	return d, func(w io.Writer) error {
		out := bufio.NewWriter(w)
		for part := first; part < x.Parts; part++ {
			if err := t.store.readPart(ctx, by.AccountID, id, part, out); err != nil {
				return fmt.Errorf("part %d of export %s: %w", part, id, err)
			}
		}
		return out.Flush()
	}, nil
}
