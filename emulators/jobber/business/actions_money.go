package business

import (
	"strconv"
	"time"
)

// CreateInvoice bills a job that something is left to bill of, now and then together with the client's other jobs that
// wait for their bill; id is the job's. One in three stays a draft.
func (b *Business) CreateInvoice(jobID string) (Done, error) {
	return b.do((*Business).createInvoice, jobID)
}

// IssueInvoice sends a draft.
func (b *Business) IssueInvoice(id string) (Done, error) { return b.do((*Business).issueInvoice, id) }

// PayInvoice takes the whole balance of an invoice that waits for it.
func (b *Business) PayInvoice(id string) (Done, error) {
	return b.act(func() (Done, error) { return b.payInvoice(id, "invoice.pay", 1) })
}

// PayInvoicePart takes a third of the balance of an invoice that waits for it.
func (b *Business) PayInvoicePart(id string) (Done, error) {
	return b.act(func() (Done, error) { return b.payInvoice(id, "invoice.pay_part", 3) })
}

// MarkBadDebt gives up the balance of an invoice that waits for it.
func (b *Business) MarkBadDebt(id string) (Done, error) { return b.do((*Business).markBadDebt, id) }

// VoidInvoice voids an invoice that was issued and has no payments.
func (b *Business) VoidInvoice(id string) (Done, error) { return b.do((*Business).voidInvoice, id) }

// Refund gives back what is left of a payment, or half of it. Its invoice is owed again.
func (b *Business) Refund(paymentID string) (Done, error) { return b.do((*Business).refund, paymentID) }

// FailPayment has the bank take back a payment that nothing was refunded of. Its invoice is owed again.
func (b *Business) FailPayment(paymentID string) (Done, error) {
	return b.do((*Business).failPayment, paymentID)
}

func (b *Business) createInvoice(jobID string) (Done, error) {
	j, err := chosen(b, b.Jobs, TypeJob, jobID, func(j *Job) int {
		switch {
		case b.billable(j) <= 0:
			return never
		case j.JobStatus == "requires_invoicing":
			return 0
		case j.JobStatus == "active":
			return 1
		}
		return 2
	})
	if err != nil {
		return Done{}, err
	}
	jobs := []*Job{j}
	if b.chance(6) {
		for _, other := range b.Jobs.of(OfClient, j.ClientID) {
			if other.ID != j.ID && other.JobStatus == "requires_invoicing" && b.billable(other) > 0 {
				jobs = append(jobs, other)
			}
		}
	}
	i := Invoice{
		Number: b.number(TypeInvoice), Subject: "For services rendered", ClientID: j.ClientID, InvoiceStatus: "draft",
		TaxCalculationMethod: "EXCLUSIVE", InvoiceNet: pick(b, []int{0, 7, 15, 30}), CreatedAt: b.stamp(),
	}
	i.ID = EncodeID(TypeInvoice, i.Number)
	i.InvoiceNumber = b.nextNumber()
	var amount int64
	for _, job := range jobs {
		part := b.billable(job)
		i.Jobs = append(i.Jobs, InvoiceJob{job.ID, dollars(part)})
		amount += part
		for _, v := range b.Visits.of(OfJob, job.ID) {
			if v.IsComplete && v.InvoiceID == "" {
				billed := *v
				billed.InvoiceID, billed.UpdatedAt = i.ID, b.stamp()
				b.Visits.put(billed)
			}
		}
	}
	tax := b.inventTax(amount)
	i.Amounts = InvoiceAmounts{Subtotal: dollars(amount), TaxAmount: tax, Total: dollars(amount + cents(tax))}
	if !b.chance(3) {
		i = b.issued(i)
	}
	i.UpdatedAt = i.CreatedAt
	b.Invoices.put(b.settledInvoice(i))
	b.tell("INVOICE_CREATE", i.ID, i.CreatedAt)
	for _, job := range jobs {
		b.settleJob(job.ID, i.CreatedAt)
	}
	b.settleClient(i.ClientID)
	return Done{"invoice.create", i.ID, i.CreatedAt}, nil
}

// billable is what can be billed of a job now, in cents: visits that were made, or all that is left of a fixed price.
func (b *Business) billable(j *Job) int64 {
	left := cents(j.UninvoicedTotal)
	if j.BillingType != "VISIT_BASED" || left <= 0 {
		return left
	}
	made := int64(0)
	for _, v := range b.Visits.of(OfJob, j.ID) {
		if v.IsComplete && v.InvoiceID == "" {
			made++
		}
	}
	return min(left, made*cents(j.visitPrice))
}

// nextNumber is one more than the highest invoice number.
func (b *Business) nextNumber() string {
	highest := 0
	for _, i := range b.Invoices.all() {
		if n, err := strconv.Atoi(i.InvoiceNumber); err == nil {
			highest = max(highest, n)
		}
	}
	return strconv.Itoa(highest + 1)
}

func (b *Business) issued(i Invoice) Invoice {
	now := b.Now()
	y, m, d := now.In(b.zone).Date()
	i.InvoiceStatus = "awaiting_payment"
	i.IssuedDate = second(now)
	i.DueDate = second(time.Date(y, m, d+i.InvoiceNet, 0, 0, 0, 0, b.zone))
	return i
}

func (b *Business) issueInvoice(id string) (Done, error) {
	i, err := chosen(b, b.Invoices, TypeInvoice, id, func(i *Invoice) int { return when(i.InvoiceStatus == "draft") })
	if err != nil {
		return Done{}, err
	}
	return b.invoiceUpdated("invoice.issue", b.issued(*i)), nil
}

func isOwed(i *Invoice) int {
	return when(i.InvoiceStatus == "awaiting_payment" && i.Amounts.InvoiceBalance > 0)
}

func (b *Business) payInvoice(id, name string, parts int64) (Done, error) {
	i, err := chosen(b, b.Invoices, TypeInvoice, id, isOwed)
	if err != nil {
		return Done{}, err
	}
	amount := max(1, cents(i.Amounts.InvoiceBalance)/parts)
	p := b.newPayment(b.inventPayment(PaymentRecord{AdjustmentType: "PAYMENT", ClientID: i.ClientID, InvoiceID: i.ID}), amount)
	b.invoiceUpdated(name, *i)
	return Done{name, i.ID, p.CreatedAt}, nil
}

func (b *Business) markBadDebt(id string) (Done, error) {
	i, err := chosen(b, b.Invoices, TypeInvoice, id, isOwed)
	if err != nil {
		return Done{}, err
	}
	b.newPayment(PaymentRecord{
		TypeName: "OtherPaymentRecord", PaymentType: "OTHER", AdjustmentType: "BAD_DEBT", ClientID: i.ClientID, InvoiceID: i.ID,
	}, cents(i.Amounts.InvoiceBalance))
	lost := *i
	lost.InvoiceStatus = "bad_debt"
	return b.invoiceUpdated("invoice.bad_debt", lost), nil
}

func (b *Business) voidInvoice(id string) (Done, error) {
	i, err := chosen(b, b.Invoices, TypeInvoice, id, func(i *Invoice) int {
		return when(i.InvoiceStatus == "awaiting_payment" && len(b.Payments.of(OfInvoice, i.ID)) == 0)
	})
	if err != nil {
		return Done{}, err
	}
	b.unbill(i.ID)
	void := *i
	void.InvoiceStatus = "voided"
	return b.invoiceUpdated("invoice.void", void), nil
}

// unbill lets an invoice's visits be billed anew.
func (b *Business) unbill(invoiceID string) {
	for _, v := range b.Visits.of(OfInvoice, invoiceID) {
		free := *v
		free.InvoiceID, free.UpdatedAt = "", b.stamp()
		b.Visits.put(free)
	}
}

// left is what remains of a payment after its refunds, in cents.
func (b *Business) left(p *PaymentRecord) int64 {
	left := cents(p.Amount)
	for _, back := range b.Payments.of(OfPayment, p.ID) {
		left -= cents(back.Amount)
	}
	return left
}

func (b *Business) refund(paymentID string) (Done, error) {
	p, err := chosen(b, b.Payments, TypePaymentRecord, paymentID, func(p *PaymentRecord) int {
		return when((p.AdjustmentType == "PAYMENT" || p.AdjustmentType == "DEPOSIT") && b.left(p) > 0)
	})
	if err != nil {
		return Done{}, err
	}
	amount := b.left(p)
	if amount > 1 && b.chance(2) {
		amount /= 2
	}
	return b.takeBack("payment.refund", p, PaymentRecord{
		TypeName: "JobberPaymentsRefundPaymentRecord", AdjustmentType: "REFUND", Details: "Refund",
	}, amount), nil
}

func (b *Business) failPayment(paymentID string) (Done, error) {
	p, err := chosen(b, b.Payments, TypePaymentRecord, paymentID, func(p *PaymentRecord) int {
		return when(p.AdjustmentType == "PAYMENT" && len(b.Payments.of(OfPayment, p.ID)) == 0)
	})
	if err != nil {
		return Done{}, err
	}
	return b.takeBack("payment.fail", p, PaymentRecord{
		TypeName: p.TypeName, AdjustmentType: "FAILED_ACH_PAYMENT", Details: "Returned by the bank",
	}, cents(p.Amount)), nil
}

func (b *Business) takeBack(name string, p *PaymentRecord, back PaymentRecord, amount int64) Done {
	back.PaymentType, back.ClientID, back.InvoiceID = p.PaymentType, p.ClientID, p.InvoiceID
	back.RefundedPaymentID = p.ID
	back = b.newPayment(back, amount)
	if i, ok := b.Invoices.records[p.InvoiceID]; ok {
		b.invoiceUpdated(name, *i)
	} else {
		b.settleClient(p.ClientID)
	}
	return Done{name, back.ID, back.CreatedAt}
}

// newPayment adds a payment record of an amount in cents and tells of it.
func (b *Business) newPayment(p PaymentRecord, amount int64) PaymentRecord {
	at := b.stamp()
	p.Number = b.number(TypePaymentRecord)
	p.ID = EncodeID(TypePaymentRecord, p.Number)
	p.Amount = dollars(amount)
	p.RawAmount = p.Amount
	if p.AdjustmentType == "REFUND" || p.AdjustmentType == "FAILED_ACH_PAYMENT" {
		p.RawAmount = -p.Amount
	}
	p.EntryDate = *second(at)
	p.CreatedAt, p.UpdatedAt = at, at
	b.Payments.put(p)
	b.tell("PAYMENT_CREATE", p.ID, at)
	return p
}

// invoiceUpdated settles and keeps an invoice, tells of it, and settles what follows from it.
func (b *Business) invoiceUpdated(name string, i Invoice) Done {
	i.UpdatedAt = b.stamp()
	b.Invoices.put(b.settledInvoice(i))
	b.tell("INVOICE_UPDATE", i.ID, i.UpdatedAt)
	for _, part := range i.Jobs {
		b.settleJob(part.JobID, i.UpdatedAt)
	}
	b.settleClient(i.ClientID)
	return Done{name, i.ID, i.UpdatedAt}
}
