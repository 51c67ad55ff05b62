package report

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"fieldboard.dev/fieldboard/shared/account"
	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/event"
	"fieldboard.dev/fieldboard/shared/instance"
	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/shared/record"
	"fieldboard.dev/fieldboard/shared/rollup"
	"fieldboard.dev/fieldboard/shared/task"
)

// Queue is the queue on which reports are made.
const Queue = "reports"

// Making is the task that makes a report; its id is the report's. An attempt that dies begins from the first row: a file that
// is not whole is none.
var Making = task.Kind[Order]{
	Name: "report.make", Title: "Report", Queue: Queue, Timeout: 25 * time.Minute, Attempts: 5, Keep: Kept,
	Running: 10, RunningPerAccount: 2, Told: true,
}

// Maker makes reports.
type Maker struct {
	store    store
	records  *record.Store
	figures  *rollup.Store
	events   *event.Store
	accounts *account.Store
	clock    clock.Clock
	find     func(kind string) (Definition, bool)
}

// NewMaker returns the maker of an instance's settings. It dials nothing.
func NewMaker(ctx context.Context, in *instance.Instance) (*Maker, error) {
	var cfg Config
	if err := in.Config(ctx, &cfg); err != nil {
		return nil, err
	}
	events := event.NewStore(in.Cloud, event.Config{}, in.Log) // reads only: it publishes nothing
	return &Maker{
		store: store{in.Cloud, cfg}, records: record.NewStore(in.Cloud, events, in.Clock, in.Log), figures: rollup.NewStore(in.Cloud),
		events: events, accounts: account.NewStore(in.Cloud, in.Clock), clock: in.Clock, find: Find,
	}, nil
}

// written is what became of the rows.
type written struct {
	object      string
	rows, bytes int64
	totals      map[string]int64
}

// Make makes the report of a task. When it fails or is cancelled it leaves no file.
func (m *Maker) Make(ctx context.Context, run *task.Run, o Order) error {
	d, err := m.store.get(ctx, run.Account, run.ID)
	if err != nil {
		return err
	}
	bucket, object := m.store.bucketOf(d.Audience), objectOf(run.Account, run.ID, rand.Text(), o, d.Audience)
	w, err := m.file(ctx, run.Account, bucket, object, o, func(read, of, rows int64) {
		if of > 0 {
			of = max(of, read) // records may come meanwhile
		}
		run.Progress(read, of, counted(rows))
	})
	if err == nil {
		err = m.finish(ctx, run, w)
	}
	if err != nil {
		return errors.Join(err, m.store.drop(ctx, bucket, object))
	}
	return nil
}

// finish tells of the file together with the task's last step, so that only who holds the task does.
func (m *Maker) finish(ctx context.Context, run *task.Run, w written) error {
	done, err := m.store.finish(ctx, run.Account, run.ID, m.clock.Now(), w)
	if err != nil {
		return err
	}
	if err := run.Checkpoint(ctx, nil, done); err != nil {
		return err
	}
	return run.Result(map[string]int64{"rows": w.rows, "bytes": w.bytes})
}

// file reads an account's rows and writes them into a file. progress is told of what was read, of what is going to be, as far
// as that is known, and of the rows that came of it.
func (m *Maker) file(ctx context.Context, accountID, bucket, object string, o Order, progress func(read, of, rows int64)) (written, error) {
	acc, err := m.accounts.Account(ctx, accountID)
	if err != nil {
		return written{}, err
	}
	d, known := m.find(o.Kind)
	g, grouped := d.Grouping(o.Grouping)
	if !known || !grouped {
		return written{}, problem.New(problem.Invalid, "There is no report %q %q any more.", o.Kind, o.Grouping)
	}
	zone, err := time.LoadLocation(acc.TimeZone)
	if err != nil {
		return written{}, fmt.Errorf("account %s: %w", acc.ID, err)
	}
	var read, expected, rows int64
	r := &reading{
		records: m.records, figures: m.figures, events: m.events, accounts: m.accounts, account: acc, zone: zone, now: m.clock.Now(), order: o,
		expect: func(n int64) { expected += n },
		read:   func(n int) { read += int64(n); progress(read, expected, rows) },
	}
	h, err := m.head(ctx, r, d, g)
	if err != nil {
		return written{}, err
	}
	sums := newTotals(h.Columns)
	w := written{object: object}
	w.bytes, err = m.store.write(ctx, bucket, object, o.Format.MediaType(), func(out io.Writer) error {
		return render(ctx, newRenderer(o.Format, out), h, shownColumns(g, o.Money), g.source(ctx, r), sums, &rows)
	})
	w.rows, w.totals = rows, sums.byID()
	return w, err
}

// render puts rows through a renderer. columns are the places of the values that are shown.
func render(ctx context.Context, to renderer, h head, columns []int, from rows, sums *totals, count *int64) error {
	if err := to.begin(h); err != nil {
		return err
	}
	shown := make(Row, len(columns))
	for row, err := range from {
		if err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		for i, at := range columns {
			shown[i] = row[at]
		}
		sums.add(shown)
		if err := to.row(shown); err != nil {
			return err
		}
		*count++
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return to.end(sums.row())
}

// shownColumns are the places of a grouping's columns that somebody sees.
func shownColumns(g Grouping, money bool) []int {
	var at []int
	for i, c := range g.Columns {
		if money || !hasAmounts(c) {
			at = append(at, i)
		}
	}
	return at
}

func (m *Maker) head(ctx context.Context, r *reading, d Definition, g Grouping) (head, error) {
	h := head{
		Title: d.Title + " " + g.Title, Business: r.account.Name, Period: r.order.period(r.now, r.zone), Currency: r.account.Currency,
		Zone: r.zone, Made: r.now, Columns: g.Shown(r.order.Money), Chart: g.Chart, Plots: g.Plots,
	}
	f := r.order.Filters
	if f.Client != "" {
		names, err := r.names(ctx, []string{f.Client})
		if err != nil {
			return head{}, err
		}
		h.Filters = append(h.Filters, "Client: "+names[f.Client])
	}
	if f.Person != "" || f.Team != "" {
		users, err := r.people(ctx)
		if err != nil {
			return head{}, err
		}
		if u := userNamed(users, f.Person); u != nil {
			h.Filters = append(h.Filters, "Person: "+u.Name)
		}
		if i := slices.IndexFunc(users, func(u *record.User) bool { return u.Team == f.Team }); f.Team != "" && i >= 0 {
			h.Filters = append(h.Filters, "Team: "+users[i].TeamName)
		}
	}
	if f.Status != "" {
		h.Filters = append(h.Filters, "Status: "+labelOf(d.Statuses, f.Status))
	}
	return h, nil
}
