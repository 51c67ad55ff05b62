package business

import (
	"math"
	"slices"
	"sort"
	"time"
)

// seedInvoices bills the finished one-off jobs at once, the recurring ones by the month or by the visit, and some long
// jobs on account.
func (s *seeder) seedInvoices() {
	bills := s.fitBills(s.bills())
	slices.SortStableFunc(bills, func(a, b *invoiceDraft) int { return a.day - b.day })
	for n, bill := range bills {
		s.seedInvoice(n, bill)
	}
	s.invoices = bills
}

// bills is what there is to bill.
func (s *seeder) bills() []*invoiceDraft {
	var bills []*invoiceDraft
	for n, j := range s.jobs {
		var done []*visitDraft
		for _, v := range j.visits {
			if v.IsComplete {
				done = append(done, v)
			}
		}
		if len(done) == 0 || j.price == 0 {
			continue
		}
		last := done[len(done)-1].day
		left := last >= -6 && s.chance(3) || s.chance(120) // nobody has made the bill yet
		switch {
		case j.JobType == "RECURRING":
			bills = append(bills, s.recurringBills(j, done)...)
		case len(done) == len(j.visits) && !left:
			bills = append(bills, s.bill(j, done, j.price*int64(len(done)), min(0, last+s.rng.IntN(5))))
		case len(done) < len(j.visits) && n%3 == 0:
			bills = append(bills, s.bill(j, nil, j.price/2, last))
		}
	}
	return bills
}

func (s *seeder) recurringBills(j *jobDraft, done []*visitDraft) []*invoiceDraft {
	month := func(v *visitDraft) time.Month { return s.at(v.day, 720).In(s.zone).Month() }
	var bills []*invoiceDraft
	for from := 0; from < len(done); {
		to := from + 1
		for j.BillingFrequency == "PERIODIC" && to < len(done) && month(done[to]) == month(done[from]) {
			to++
		}
		last := done[to-1]
		if last.day > -25 && month(last) == s.now.In(s.zone).Month() && j.BillingFrequency == "PERIODIC" {
			break // the month is not over
		}
		if last.day >= -2 && s.chance(2) {
			break
		}
		bills = append(bills, s.bill(j, slices.Clone(done[from:to]), j.price*int64(to-from), min(0, last.day+s.rng.IntN(4))))
		from = to
	}
	return bills
}

func (s *seeder) bill(j *jobDraft, visits []*visitDraft, amount int64, day int) *invoiceDraft {
	return &invoiceDraft{job: j, visits: visits, amount: amount, day: day}
}

// fitBills joins bills of the same recurring job, or splits some, until there are as many as asked for.
func (s *seeder) fitBills(bills []*invoiceDraft) []*invoiceDraft {
	for n := len(bills) - 1; n > 0 && len(bills) > s.n.invoices; n-- {
		a, b := bills[n-1], bills[n]
		if a.job != b.job || a.visits == nil || len(a.visits)+len(b.visits) > 9 {
			continue
		}
		a.visits, a.amount, a.day = append(a.visits, b.visits...), a.amount+b.amount, b.day
		bills = slices.Delete(bills, n, n+1)
	}
	for len(bills) > s.n.invoices { // the newest one-off jobs wait for their bill
		newest := 0
		for n, bill := range bills {
			if bill.day > bills[newest].day {
				newest = n
			}
		}
		bills = slices.Delete(bills, newest, newest+1)
	}
	for n := 0; n < len(bills) && len(bills) < s.n.invoices; n++ {
		a := bills[n]
		if a.job.JobType != "RECURRING" || len(a.visits) < 2 {
			continue
		}
		half := len(a.visits) / 2
		rest := s.bill(a.job, a.visits[half:], a.job.price*int64(len(a.visits)-half), a.day)
		a.visits, a.amount, a.day = a.visits[:half], a.job.price*int64(half), min(a.day, a.visits[half-1].day+1)
		bills = append(bills, rest)
	}
	return bills
}

// seedInvoice writes the invoice of a bill, still unpaid, or in one of the states in which it never will be.
func (s *seeder) seedInvoice(n int, i *invoiceDraft) {
	i.Subject = "For services rendered"
	i.TaxCalculationMethod = "EXCLUSIVE"
	i.InvoiceNet = []int{0, 7, 15, 30, 30}[s.rng.IntN(5)]
	discount := int64(0)
	if s.chance(25) {
		discount = i.amount / 20
	}
	tax := s.inventTax(i.amount - discount)
	total := i.amount - discount + cents(tax)
	i.Amounts = InvoiceAmounts{Subtotal: dollars(i.amount), DiscountAmount: dollars(discount), TaxAmount: tax, Total: dollars(total)}
	if tax == 0 {
		i.Amounts.NonTaxAmount = dollars(i.amount)
	}

	issued := s.office(i.day)
	done := i.job.CreatedAt
	for _, v := range i.visits {
		done = latest(done, *v.CompletedAt)
	}
	i.CreatedAt = s.unique(s.after(issued, done))
	i.touched = i.CreatedAt
	switch {
	case i.day >= -20 && n%5 == 2:
		i.InvoiceStatus = "draft"
	case n%101 == 17 && i.day < -30:
		i.InvoiceStatus = "voided"
	case n%67 == 13 && i.day < -100:
		i.InvoiceStatus = "bad_debt"
	default:
		i.InvoiceStatus = "awaiting_payment"
	}
	for _, v := range i.visits {
		if i.InvoiceStatus != "voided" {
			v.invoice = i
		}
	}
	if i.InvoiceStatus == "draft" && n%4 != 2 {
		return
	}
	// Half of the invoices carry the day only, half the time of their issue; a few were issued late in the evening, which
	// is the next day in UTC.
	switch s.rng.IntN(4) {
	case 0, 1:
		i.IssuedDate = second(s.at(s.dayOf(i.CreatedAt), 0))
	case 2:
		i.IssuedDate = second(i.CreatedAt)
	default:
		i.IssuedDate = second(s.past(s.at(s.dayOf(i.CreatedAt), s.between(1020, 1439))))
	}
	i.DueDate = second(s.at(s.dayOf(*i.IssuedDate)+i.InvoiceNet, 0))
	i.job.touched = latest(i.job.touched, i.CreatedAt)
	i.job.client.touched = latest(i.job.client.touched, i.CreatedAt)
}

// seedPayments pays the invoices: most in full and once, some on account, some never; with the mishaps of real life.
func (s *seeder) seedPayments() {
	s.seedDeposits()
	var waiting []*payable
	for n, i := range s.invoices {
		switch i.InvoiceStatus {
		case "bad_debt":
			at := s.past(s.at(i.day+s.between(91, 100), 600))
			s.pay(i, PaymentRecord{AdjustmentType: "BAD_DEBT", TypeName: "OtherPaymentRecord", PaymentType: "OTHER"}, s.owed(i), at)
		case "voided":
			if n%2 == 0 {
				paid := s.pay(i, s.inventPayment(PaymentRecord{AdjustmentType: "PAYMENT"}), s.owed(i), s.at(i.day+9, 700))
				s.refund(paid, cents(paid.Amount), s.at(i.day+12, 700))
			}
		case "awaiting_payment":
			at := s.at(i.day, 0).Add(time.Duration(15 * math.Exp(s.rng.NormFloat64()) * 24 * float64(time.Hour)))
			at = s.at(s.dayOf(at), s.between(420, 1350)) // evenings are the next day in UTC
			if n%9 == 7 && i.day > -130 {
				if n%2 == 0 {
					s.payPart(i)
				}
				continue
			}
			if at = s.after(at, i.CreatedAt); at.Before(s.now.Add(-time.Minute)) {
				waiting = append(waiting, &payable{n, i, at.Truncate(time.Second)})
			}
		}
	}
	s.seedSundries()
	s.settleUp(waiting)
}

// payable is an invoice that will have been paid in full at a time.
type payable struct {
	n  int
	i  *invoiceDraft
	at time.Time
}

// settleUp pays the invoices that are due to be paid, so that there are as many payments as asked for: some have
// not paid yet when there would be too many, and some pay in two parts when there would be too few.
func (s *seeder) settleUp(waiting []*payable) {
	slices.SortStableFunc(waiting, func(a, b *payable) int { return a.at.Compare(b.at) })
	extra := 0
	for _, w := range waiting {
		if w.n%173 == 29 || w.n%307 == 31 {
			extra += 1 + w.n%307/31%2
		}
	}
	room := max(0, s.n.payments-len(s.payments)-extra)
	waiting = s.keepOpen(waiting, len(waiting)-room)
	twice := room - len(waiting)
	for _, w := range waiting {
		amount := s.owed(w.i)
		switch {
		case amount <= 0:
		case w.n%307 == 31: // the bank took it back, and the client paid again
			first := s.pay(w.i, PaymentRecord{AdjustmentType: "PAYMENT", TypeName: "JobberPaymentsACHPaymentRecord", PaymentType: "ACH_BANK_PAYMENT", TransactionStatus: "FAILED"}, amount, w.at)
			back := s.pay(w.i, PaymentRecord{AdjustmentType: "FAILED_ACH_PAYMENT", TypeName: "JobberPaymentsACHPaymentRecord", PaymentType: "ACH_BANK_PAYMENT"}, amount, s.past(first.EntryDate.Add(50*time.Hour)))
			s.pay(w.i, s.inventPayment(PaymentRecord{AdjustmentType: "PAYMENT"}), amount, s.past(back.EntryDate.Add(30*time.Hour)))
		case w.n%173 == 29:
			paid := s.pay(w.i, s.inventPayment(PaymentRecord{AdjustmentType: "PAYMENT"}), amount, w.at)
			s.refund(paid, amount/int64(s.between(1, 5)), s.past(paid.EntryDate.Add(77*time.Hour)))
		case w.n%599 == 41:
			s.pay(w.i, s.inventPayment(PaymentRecord{AdjustmentType: "PAYMENT"}), amount+1000, w.at)
		case twice > 0 && w.n%5 == 0:
			twice--
			s.pay(w.i, s.inventPayment(PaymentRecord{AdjustmentType: "PAYMENT"}), amount/2, w.at.Add(-w.at.Sub(w.i.CreatedAt)/3).Truncate(time.Second))
			s.pay(w.i, s.inventPayment(PaymentRecord{AdjustmentType: "PAYMENT"}), amount-amount/2, w.at)
		default:
			s.pay(w.i, s.inventPayment(PaymentRecord{AdjustmentType: "PAYMENT"}), amount, w.at)
		}
	}
}

// keepOpen leaves n invoices of the last months unpaid, or the newest ones when there are fewer of those.
func (s *seeder) keepOpen(waiting []*payable, n int) []*payable {
	recent := sort.Search(len(waiting), func(k int) bool { return s.dayOf(waiting[k].at) >= -60 })
	for ; n > 0 && len(waiting) > 0; n-- {
		k := len(waiting) - 1
		if recent < k {
			k = recent + s.rng.IntN(k-recent)
		}
		waiting = slices.Delete(waiting, k, k+1)
	}
	return waiting
}

// owed is what is still to be paid of an invoice.
func (s *seeder) owed(i *invoiceDraft) int64 {
	return cents(i.Amounts.Total) - cents(i.Amounts.PaymentsTotal)
}

func (s *seeder) pay(i *invoiceDraft, p PaymentRecord, amount int64, at time.Time) *paymentDraft {
	p.Amount = dollars(amount)
	p.RawAmount = p.Amount
	if p.AdjustmentType == "REFUND" || p.AdjustmentType == "FAILED_ACH_PAYMENT" {
		p.RawAmount = -p.Amount
	}
	p.EntryDate = at.UTC().Truncate(time.Second)
	d := &paymentDraft{PaymentRecord: p, client: i.job.client, invoice: i}
	d.CreatedAt = s.unique(s.past(latest(d.EntryDate, i.CreatedAt)))
	s.payments = append(s.payments, d)
	i.touched = latest(i.touched, d.CreatedAt)
	d.client.touched = latest(d.client.touched, d.CreatedAt)
	if p.AdjustmentType == "PAYMENT" || p.AdjustmentType == "DEPOSIT" {
		i.Amounts.PaymentsTotal += p.Amount // for owed; the true sum is worked out when the invoice is kept
	}
	return d
}

func (s *seeder) refund(paid *paymentDraft, amount int64, at time.Time) {
	d := s.pay(paid.invoice, PaymentRecord{
		AdjustmentType: "REFUND", TypeName: "JobberPaymentsRefundPaymentRecord", PaymentType: paid.PaymentType, Details: "Refund",
	}, amount, at)
	d.refunds = paid
}

func (s *seeder) payPart(i *invoiceDraft) {
	at := s.past(i.CreatedAt.Add(time.Duration(s.between(1, 400)) * time.Hour))
	s.pay(i, s.inventPayment(PaymentRecord{AdjustmentType: "PAYMENT"}), s.owed(i)/3, at)
}

// seedDeposits takes the deposits of quotes: on the job's first invoice, or on the client's account while there is none.
func (s *seeder) seedDeposits() {
	first := map[*jobDraft]*invoiceDraft{}
	for _, i := range s.invoices {
		if _, ok := first[i.job]; !ok && i.InvoiceStatus == "awaiting_payment" {
			first[i.job] = i
		}
	}
	for _, j := range s.jobs {
		if j.quote == nil || j.quote.Amounts.DepositAmount == 0 {
			continue
		}
		p := s.inventPayment(PaymentRecord{AdjustmentType: "DEPOSIT"})
		p.TipAmount = 0
		at := *j.quote.LastTransitioned.ApprovedAt
		if i, ok := first[j]; ok && cents(j.quote.Amounts.DepositAmount) < s.owed(i) {
			s.pay(i, p, cents(j.quote.Amounts.DepositAmount), at).quote = j.quote
			continue
		}
		p.Amount = j.quote.Amounts.DepositAmount
		p.RawAmount = p.Amount
		p.EntryDate = at
		d := &paymentDraft{PaymentRecord: p, client: j.client, quote: j.quote}
		d.CreatedAt = s.unique(s.past(at))
		s.payments = append(s.payments, d)
	}
}

// seedSundries makes the entries that no invoice knows: balances brought along from before Jobber, and corrections.
func (s *seeder) seedSundries() {
	for n, c := range s.clients {
		var p PaymentRecord
		switch n % 125 {
		case 3, 4:
			p.AdjustmentType = "INITIAL_BALANCE"
		case 19:
			p.AdjustmentType = "CORRECTION"
		default:
			continue
		}
		p.TypeName, p.PaymentType = "OtherPaymentRecord", ""
		p.Amount = float64(s.between(1500, 60000)) / 100
		p.RawAmount = p.Amount
		p.EntryDate = *second(s.past(c.CreatedAt.Add(time.Duration(s.between(1, 90)) * time.Hour)))
		d := &paymentDraft{PaymentRecord: p, client: c}
		d.CreatedAt = s.unique(p.EntryDate)
		s.payments = append(s.payments, d)
	}
}
