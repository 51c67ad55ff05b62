package report

import (
	"context"
	"iter"
	"time"

	"fieldboard.dev/fieldboard/shared/record"
	"fieldboard.dev/fieldboard/shared/rollup"
)

// quoteStatuses are Jobber's QuoteStatusTypeEnum, without drafts, which were not sent.
var quoteStatuses = []Status{
	{"awaiting_response", "Awaiting response"}, {"changes_requested", "Changes requested"}, {"approved", "Approved"},
	{"converted", "Converted"}, {"archived", "Archived"},
}

func quoteRow(first Value, sums []int64) Row {
	return Row{first, number(sums[0]), number(sums[1]), share(sums[1], sums[0]), number(sums[2]), number(sums[3])}
}

func quoteSum(q *record.Quote) []int64 {
	won := truth(q.Won())
	return []int64{1, won, q.TotalCents, won * q.TotalCents}
}

func (r *reading) sent(q *record.Quote) bool {
	f := r.order.Filters
	return q.SentAt != nil && r.inPeriod(*q.SentAt) && (f.Client == "" || q.ClientID == f.Client) && (f.Status == "" || q.Status == f.Status)
}

func (r *reading) quotes(ctx context.Context, key func(*record.Quote) string) (tally, error) {
	sums := tally{}
	err := every(ctx, r, record.Quotes, "sentAt", nil, func(q *record.Quote) {
		if r.sent(q) {
			sums.add(key(q), quoteSum(q)...)
		}
	})
	return sums, err
}

func quotesByTime(ctx context.Context, r *reading) rows {
	if r.order.Filters.none() {
		return r.stepsOfDays(ctx, func(f rollup.Figures) []int64 {
			return []int64{f.Quotes.Sent, f.Quotes.Won, f.Quotes.SentCents, f.Quotes.WonCents}
		}, quoteRow)
	}
	sums, err := r.quotes(ctx, func(q *record.Quote) string { return r.stepKey(*q.SentAt) })
	if err != nil {
		return failed(err)
	}
	return sums.bySteps(r, 4, quoteRow)
}

func quotesByClient(ctx context.Context, r *reading) rows {
	sums, err := r.quotes(ctx, func(q *record.Quote) string { return q.ClientID })
	if err != nil {
		return failed(err)
	}
	return sums.byClient(ctx, r, 0, func(name string, sums []int64) Row { return quoteRow(text(name), sums) })
}

func quotesByQuote(ctx context.Context, r *reading) rows {
	pages := r.pages(ctx, record.Quotes, "sentAt", nil)
	return each(ctx, r, pages, func(q *record.Quote) string { return q.ClientID }, func(q *record.Quote, client string) Row {
		if !r.sent(q) {
			return nil
		}
		won := "No"
		if q.Won() {
			won = "Yes"
		}
		return Row{text(q.Number), text(client), text(q.Title), text(labelOf(quoteStatuses, q.Status)), r.dayOf(q.SentAt), text(won), number(q.TotalCents)}
	})
}

// The sums of a client, in the order of the columns.
const (
	quotesSent = iota
	quotesWon
	jobsStarted
	visitsMade
	visitsCompleted
	invoicesIssued
	revenueCents
	collectedCents
	clientSums
)

func clientsByClient(ctx context.Context, r *reading) rows {
	sums := tally{}
	add := func(client string, amounts map[int]int64) {
		all := make([]int64, clientSums)
		for i, n := range amounts {
			all[i] = n
		}
		sums.add(client, all...)
	}
	steps := []func() error{
		func() error {
			return every(ctx, r, record.Quotes, "sentAt", nil, func(q *record.Quote) {
				if r.sent(q) {
					add(q.ClientID, map[int]int64{quotesSent: 1, quotesWon: truth(q.Won())})
				}
			})
		},
		func() error {
			return every(ctx, r, record.Jobs, "startAt", nil, func(j *record.Job) {
				if r.started(j) {
					add(j.ClientID, map[int]int64{jobsStarted: 1})
				}
			})
		},
		func() error {
			return every(ctx, r, record.Visits, "startAt", nil, func(v *record.Visit) {
				if r.visited(v, nil) {
					add(v.ClientID, map[int]int64{visitsMade: 1, visitsCompleted: truth(v.IsComplete)})
				}
			})
		},
	}
	if r.order.Money {
		steps = append(steps, func() error {
			return every(ctx, r, record.Invoices, "issuedDate", nil, func(i *record.Invoice) {
				if at, cents, counts := i.Earned(); counts && r.inPeriod(at) {
					add(i.ClientID, map[int]int64{invoicesIssued: 1, revenueCents: cents})
				}
			})
		}, func() error {
			return every(ctx, r, record.Payments, "entryDate", nil, func(p *record.Payment) {
				if at, cents, counts := p.Collected(); counts && r.inPeriod(at) {
					add(p.ClientID, map[int]int64{collectedCents: cents})
				}
			})
		})
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return failed(err)
		}
	}
	by := visitsMade
	if r.order.Money {
		by = revenueCents
	}
	return sums.byClient(ctx, r, by, func(name string, sums []int64) Row { return numbersAfter(text(name), sums) })
}

// entry is something that happened with a client.
type entry struct {
	at                          time.Time
	what, number, title, status string
	cents                       Value
}

// clientsByEntry merges what each collection has of the client into one order of time. A page of each is in memory.
func clientsByEntry(ctx context.Context, r *reading) rows {
	sources := []iter.Seq2[entry, error]{
		entriesOf(ctx, r, record.Requests, "createdAt", func(x *record.Request) entry {
			return entry{x.CreatedAt, "Request", "", x.Title, labelOf(nil, x.Status), none}
		}),
		entriesOf(ctx, r, record.Quotes, "sentAt", func(q *record.Quote) entry {
			return entry{timeOf(q.SentAt), "Quote sent", q.Number, q.Title, labelOf(quoteStatuses, q.Status), number(q.TotalCents)}
		}),
		entriesOf(ctx, r, record.Jobs, "startAt", func(j *record.Job) entry {
			return entry{timeOf(j.StartAt), "Job", j.Number, j.Title, labelOf(jobStatuses, j.Status), number(j.TotalCents)}
		}),
		entriesOf(ctx, r, record.Visits, "startAt", func(v *record.Visit) entry {
			return entry{timeOf(v.StartAt), "Visit", "", v.Title, visitStates[v.State(r.now)], none}
		}),
	}
	if r.order.Money {
		sources = append(sources,
			entriesOf(ctx, r, record.Invoices, "issuedDate", func(i *record.Invoice) entry {
				return entry{timeOf(i.IssuedDate), "Invoice", i.Number, i.Subject, r.standing(i), number(i.TotalCents)}
			}),
			entriesOf(ctx, r, record.Payments, "entryDate", func(p *record.Payment) entry {
				what, cents := "Payment", p.AmountCents
				if _, collected, counts := p.Collected(); counts && collected < 0 {
					what, cents = "Refund", collected
				}
				return entry{timeOf(p.EntryDate), what, "", labelOf(nil, p.PaymentType), "", number(cents)}
			}))
	}
	return func(yield func(Row, error) bool) {
		for e, err := range merged(sources) {
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(Row{moment(&e.at), text(e.what), text(e.number), text(e.title), text(e.status), e.cents}, nil) {
				return
			}
		}
	}
}

func timeOf(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}

// entriesOf yields the entries of one collection in the order of their time.
func entriesOf[R record.Record](ctx context.Context, r *reading, c record.Collection, field string, of func(R) entry) iter.Seq2[entry, error] {
	return func(yield func(entry, error) bool) {
		for page, err := range r.pages(ctx, c, field, nil) {
			if err != nil {
				yield(entry{}, err)
				return
			}
			for _, x := range page {
				if e := of(x.(R)); r.inPeriod(e.at) && !yield(e, nil) {
					return
				}
			}
		}
	}
}

// merged yields the entries of sources that are each in the order of time, in the order of time.
func merged(sources []iter.Seq2[entry, error]) iter.Seq2[entry, error] {
	return func(yield func(entry, error) bool) {
		type head struct {
			next func() (entry, error, bool)
			at   entry
			left bool
		}
		heads := make([]head, len(sources))
		advance := func(h *head) (err error) {
			h.at, err, h.left = h.next()
			return err
		}
		for i, s := range sources {
			next, stop := iter.Pull2(s)
			defer stop()
			heads[i].next = next
			if err := advance(&heads[i]); err != nil {
				yield(entry{}, err)
				return
			}
		}
		for {
			var first *head
			for i := range heads {
				if h := &heads[i]; h.left && (first == nil || h.at.at.Before(first.at.at)) {
					first = h
				}
			}
			if first == nil || !yield(first.at, nil) {
				return
			}
			if err := advance(first); err != nil {
				yield(entry{}, err)
				return
			}
		}
	}
}
