package report

import (
	"context"

	"fieldboard.dev/fieldboard/shared/record"
	"fieldboard.dev/fieldboard/shared/rollup"
)

func revenueByTime(ctx context.Context, r *reading) rows {
	if r.order.Filters.none() {
		return r.stepsOfDays(ctx, func(f rollup.Figures) []int64 { return []int64{f.Revenue, f.Collected} }, numbersAfter)
	}
	sums := tally{}
	err := every(ctx, r, record.Invoices, "issuedDate", nil, func(i *record.Invoice) {
		if at, cents, counts := i.Earned(); counts && r.inPeriod(at) {
			sums.add(r.stepKey(at), cents, 0)
		}
	})
	if err == nil {
		err = every(ctx, r, record.Payments, "entryDate", nil, func(p *record.Payment) {
			if at, cents, counts := p.Collected(); counts && r.inPeriod(at) {
				sums.add(r.stepKey(at), 0, cents)
			}
		})
	}
	if err != nil {
		return failed(err)
	}
	return sums.bySteps(r, 2, numbersAfter)
}

func revenueByClient(ctx context.Context, r *reading) rows {
	sums := tally{}
	err := every(ctx, r, record.Invoices, "issuedDate", nil, func(i *record.Invoice) {
		if at, cents, counts := i.Earned(); counts && r.inPeriod(at) {
			sums.add(i.ClientID, 1, cents, 0)
		}
	})
	if err == nil {
		err = every(ctx, r, record.Payments, "entryDate", nil, func(p *record.Payment) {
			if at, cents, counts := p.Collected(); counts && r.inPeriod(at) {
				sums.add(p.ClientID, 0, 0, cents)
			}
		})
	}
	if err != nil {
		return failed(err)
	}
	return sums.byClient(ctx, r, 1, func(name string, sums []int64) Row { return numbersAfter(text(name), sums) })
}

func revenueByInvoice(ctx context.Context, r *reading) rows {
	pages := r.pages(ctx, record.Invoices, "issuedDate", nil)
	return each(ctx, r, pages, func(i *record.Invoice) string { return i.ClientID }, func(i *record.Invoice, client string) Row {
		at, cents, counts := i.Earned()
		if !counts || !r.inPeriod(at) {
			return nil
		}
		return Row{
			text(i.Number), text(client), text(i.Subject), r.dayOf(i.IssuedDate), r.dayOf(i.DueDate), text(r.standing(i)),
			number(cents), number(i.TaxCents), number(i.TotalCents), number(i.BalanceCents),
		}
	})
}

func (r *reading) standing(i *record.Invoice) string {
	return map[record.Standing]string{
		record.Draft: "Draft", record.AwaitingPayment: "Awaiting payment", record.PastDue: "Past due",
		record.Paid: "Paid", record.BadDebt: "Bad debt", record.Voided: "Voided",
	}[i.Standing(r.now, r.zone)]
}

// owed is what is outstanding of an invoice, as far as the filter leaves it, and how old that is.
func (r *reading) owed(i *record.Invoice) (cents int64, age int, days int64, counts bool) {
	since, cents, counts := i.Owed()
	if !counts || r.order.Filters.Client != "" && i.ClientID != r.order.Filters.Client {
		return 0, 0, 0, false
	}
	today, issued := rollup.DayOf(r.now, r.zone), rollup.DayOf(since, r.zone)
	return cents, rollup.AgeOf(today, issued), int64(today.Since(issued)), true
}

// open are the invoices of which something may be outstanding.
var open = map[string]any{"open": true}

func receivablesByAge(ctx context.Context, r *reading) rows {
	var sums [len(rollup.Ages)][2]int64
	err := every(ctx, r, record.Invoices, "issuedDate", open, func(i *record.Invoice) {
		if cents, age, _, counts := r.owed(i); counts {
			sums[age][0]++
			sums[age][1] += cents
		}
	})
	return func(yield func(Row, error) bool) {
		if err != nil {
			yield(nil, err)
			return
		}
		for age, s := range sums {
			if !yield(Row{text(rollup.Ages[age]), number(s[0]), number(s[1])}, nil) {
				return
			}
		}
	}
}

func receivablesByClient(ctx context.Context, r *reading) rows {
	sums := tally{}
	err := every(ctx, r, record.Invoices, "issuedDate", open, func(i *record.Invoice) {
		if cents, age, _, counts := r.owed(i); counts {
			amounts := make([]int64, 2+len(rollup.Ages))
			amounts[0], amounts[1+age], amounts[1+len(rollup.Ages)] = 1, cents, cents
			sums.add(i.ClientID, amounts...)
		}
	})
	if err != nil {
		return failed(err)
	}
	return sums.byClient(ctx, r, 1+len(rollup.Ages), func(name string, sums []int64) Row { return numbersAfter(text(name), sums) })
}

func receivablesByInvoice(ctx context.Context, r *reading) rows {
	pages := r.pages(ctx, record.Invoices, "issuedDate", open)
	return each(ctx, r, pages, func(i *record.Invoice) string { return i.ClientID }, func(i *record.Invoice, client string) Row {
		cents, _, days, counts := r.owed(i)
		if !counts {
			return nil
		}
		return Row{
			text(i.Number), text(client), text(i.Subject), r.dayOf(i.IssuedDate), r.dayOf(i.DueDate), text(r.standing(i)), number(days), number(cents),
		}
	})
}
