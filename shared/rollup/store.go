package rollup

import (
	"context"
	"fmt"
	"strings"
	"time"

	"cloud.google.com/go/firestore"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"fieldboard.dev/fieldboard/shared/cloud"
)

// Write adds delta to the account's figures within tx. It only writes: every amount is a server-side increment, so two
// transactions that touch the same day do not make each other retry.
func Write(tx *firestore.Transaction, account *firestore.DocumentRef, delta Delta) error {
	for _, doc := range sortedKeys(delta) {
		fields := nested(delta[doc], func(n int64) any { return firestore.Increment(n) })
		collection, id, _ := strings.Cut(doc, "/")
		if err := tx.Set(account.Collection(collection).Doc(id), fields, firestore.MergeAll); err != nil {
			return fmt.Errorf("adding to %s: %w", doc, err)
		}
	}
	return nil
}

// Store reads figures.
type Store struct {
	clients *cloud.Clients
}

// NewStore returns a store. It dials nothing.
func NewStore(clients *cloud.Clients) *Store { return &Store{clients: clients} }

// Sheet reads what the period's summary needs at now: the totals, today, one document for each month of the account's
// history, and the days of the period, of the one before and of the last three months, whose ages are told by day.
func (s *Store) Sheet(ctx context.Context, account string, p Period, now time.Time) (Sheet, error) {
	client, err := s.clients.Firestore(ctx)
	if err != nil {
		return Sheet{}, err
	}
	root := client.Collection("accounts").Doc(account)
	sheet := Sheet{Period: p, Now: now, Days: map[Day]Figures{}, Months: map[Month]Figures{}}
	var today Figures
	spans := daySpans(p)
	found := make([]map[string]Figures, len(spans))
	var months map[string]Figures

	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return readDoc(ctx, root.Collection("figures").Doc("totals"), &sheet.Totals) })
	g.Go(func() error { return readDoc(ctx, root.Collection("days").Doc(string(p.To)), &today) })
	g.Go(func() (err error) { months, err = readFigures(ctx, root.Collection("months").Query); return err })
	for i, span := range spans {
		g.Go(func() (err error) {
			days := root.Collection("days")
			found[i], err = readFigures(ctx, days.Select("revenue", "collected", "owed", "quotes", "crew").
				Where(firestore.DocumentID, ">=", days.Doc(string(span.from))).
				Where(firestore.DocumentID, "<=", days.Doc(string(span.to))))
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return Sheet{}, err
	}
	for id, f := range months {
		sheet.Months[Month(id)] = f
	}
	for _, days := range found {
		for id, f := range days {
			sheet.Days[Day(id)] = f
		}
	}
	sheet.Days[p.To] = today
	return sheet, nil
}

// Days reads the figures of the days from..to, both included, without what only the moment needs. A day on which nothing
// happened is not among them. As many days as are asked for are held in memory.
func (s *Store) Days(ctx context.Context, account string, from, to Day) (map[Day]Figures, error) {
	client, err := s.clients.Firestore(ctx)
	if err != nil {
		return nil, err
	}
	days := client.Collection("accounts").Doc(account).Collection("days")
	found, err := readFigures(ctx, days.Select("revenue", "collected", "owed", "quotes", "crew", "visits.total", "visits.completed").
		Where(firestore.DocumentID, ">=", days.Doc(string(from))).Where(firestore.DocumentID, "<=", days.Doc(string(to))))
	if err != nil {
		return nil, err
	}
	out := make(map[Day]Figures, len(found))
	for id, f := range found {
		out[Day(id)] = f
	}
	return out, nil
}

type daySpan struct{ from, to Day }

// daySpans are the days that a summary reads one by one; spans that touch are read as one.
func daySpans(p Period) []daySpan {
	recent := daySpan{receivablesFrom(p.To), p.To.Month().Last()}
	spans := []daySpan{{p.PreviousFrom, p.PreviousTo}, {p.From, p.To}}
	if p.Granularity() == Monthly { // whole months come from months; only the unfinished month is read by day
		spans = []daySpan{{p.PreviousTo.Month().First(), p.PreviousTo}}
	}
	out := []daySpan{recent}
	for _, s := range spans {
		if s.from >= recent.from && s.to <= recent.to {
			continue
		}
		out = append(out, s)
	}
	return out
}

func readDoc(ctx context.Context, ref *firestore.DocumentRef, into any) error {
	snap, err := ref.Get(ctx)
	if status.Code(err) == codes.NotFound {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading %s: %w", ref.Path, err)
	}
	return snap.DataTo(into)
}

func readFigures(ctx context.Context, q firestore.Query) (map[string]Figures, error) {
	snaps, err := q.Documents(ctx).GetAll()
	if err != nil {
		return nil, fmt.Errorf("reading figures: %w", err)
	}
	out := make(map[string]Figures, len(snaps))
	for _, snap := range snaps {
		var f Figures
		if err := snap.DataTo(&f); err != nil {
			return nil, fmt.Errorf("reading %s: %w", snap.Ref.ID, err)
		}
		out[snap.Ref.ID] = f
	}
	return out, nil
}
