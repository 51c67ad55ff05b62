package business

import "time"

// What follows from other records (a job's totals and status, an invoice's balance, a client's balance) is settled after
// every change of those. Jobber tells of none of it by a webhook of the settled record.

// settleJob brings a job's derived fields up to date at an instant.
func (b *Business) settleJob(id string, at time.Time) {
	old, ok := b.Jobs.records[id]
	if !ok {
		return
	}
	j := b.settledJob(*old, at)
	if sameJob(*old, j) {
		return
	}
	j.UpdatedAt = b.stamp()
	b.Jobs.put(j)
}

func (b *Business) settledJob(j Job, at time.Time) Job {
	visits := b.Visits.of(OfJob, j.ID)
	complete, unbilled := 0, 0
	var first, last, finished *time.Time
	for _, v := range visits {
		if v.IsComplete {
			complete++
			finished = later(finished, v.CompletedAt)
			if v.InvoiceID == "" {
				unbilled++
			}
		}
		first, last = earlier(first, v.StartAt), later(last, v.EndAt)
	}
	if first != nil {
		j.StartAt, j.EndAt = first, last
	}
	if j.BillingType == "VISIT_BASED" {
		j.Total = dollars(cents(j.visitPrice) * int64(len(visits)))
	}
	invoiced := int64(0)
	for _, i := range b.Invoices.of(OfJob, j.ID) {
		if i.InvoiceStatus == "voided" {
			continue
		}
		for _, part := range i.Jobs {
			if part.JobID == j.ID {
				invoiced += cents(part.Amount)
			}
		}
	}
	j.InvoicedTotal = dollars(invoiced)
	j.UninvoicedTotal = dollars(max(0, cents(j.Total)-invoiced))
	if j.JobStatus == "archived" {
		return j
	}
	done := len(visits) > 0 && complete == len(visits)
	enough := done || // for a bill to be due
		j.JobType == "RECURRING" && (unbilled >= 4 || unbilled > 0 && j.BillingFrequency == "PER_VISIT")
	switch {
	case done && j.UninvoicedTotal == 0:
		j.JobStatus, j.CompletedAt = "archived", finished
		if finished == nil {
			j.CompletedAt = second(at)
		}
	case enough && j.UninvoicedTotal > 0:
		j.JobStatus = "requires_invoicing"
	default:
		j.JobStatus = "active"
	}
	return j
}

func sameJob(a, b Job) bool {
	return a.JobStatus == b.JobStatus && a.Total == b.Total && a.InvoicedTotal == b.InvoicedTotal &&
		a.UninvoicedTotal == b.UninvoicedTotal && sameTime(a.StartAt, b.StartAt) && sameTime(a.EndAt, b.EndAt) &&
		sameTime(a.CompletedAt, b.CompletedAt)
}

// settledInvoice brings an invoice's balance and its being paid up to date with its payments.
func (b *Business) settledInvoice(i Invoice) Invoice {
	var paid, deposit, tips int64
	var received *time.Time
	for _, p := range b.Payments.of(OfInvoice, i.ID) {
		switch p.AdjustmentType {
		case "PAYMENT":
			paid += cents(p.Amount)
			tips += cents(p.TipAmount)
			received = later(received, &p.EntryDate)
		case "DEPOSIT":
			deposit += cents(p.Amount)
			received = later(received, &p.EntryDate)
		case "REFUND", "FAILED_ACH_PAYMENT":
			paid -= cents(p.Amount)
		}
	}
	i.Amounts.PaymentsTotal = dollars(paid)
	i.Amounts.DepositAmount = dollars(deposit)
	i.Amounts.TipsTotal = dollars(tips)
	i.Amounts.InvoiceBalance = dollars(cents(i.Amounts.Total) - paid - deposit)
	if i.InvoiceStatus != "awaiting_payment" && i.InvoiceStatus != "paid" {
		return i
	}
	i.InvoiceStatus, i.ReceivedDate = "awaiting_payment", nil
	if i.Amounts.InvoiceBalance <= 0 {
		i.InvoiceStatus, i.ReceivedDate = "paid", received
	}
	return i
}

// settleClient brings a client's balance and lead mark up to date.
func (b *Business) settleClient(id string) {
	old, ok := b.Clients.records[id]
	if !ok {
		return
	}
	c := b.settledClient(*old)
	if c.Balance == old.Balance && c.IsLead == old.IsLead {
		return
	}
	c.UpdatedAt = b.stamp()
	b.Clients.put(c)
}

func (b *Business) settledClient(c Client) Client {
	owed := int64(0)
	for _, i := range b.Invoices.of(OfClient, c.ID) {
		if i.InvoiceStatus == "awaiting_payment" || i.InvoiceStatus == "paid" {
			owed += cents(i.Amounts.InvoiceBalance)
		}
	}
	for _, p := range b.Payments.of(OfClient, c.ID) { // money that no invoice has taken up
		if p.InvoiceID != "" {
			continue
		}
		switch p.AdjustmentType {
		case "PAYMENT", "DEPOSIT":
			owed -= cents(p.Amount)
		case "REFUND", "FAILED_ACH_PAYMENT", "INITIAL_BALANCE":
			owed += cents(p.Amount)
		}
	}
	c.Balance = dollars(owed)
	c.IsLead = len(b.Jobs.of(OfClient, c.ID)) == 0
	return c
}

func dollars(cents int64) float64 { return float64(cents) / 100 }

func second(t time.Time) *time.Time {
	t = t.UTC().Truncate(time.Second)
	return &t
}

func earlier(a, b *time.Time) *time.Time {
	if a == nil || b != nil && b.Before(*a) {
		return b
	}
	return a
}

func later(a, b *time.Time) *time.Time {
	if a == nil || b != nil && b.After(*a) {
		return b
	}
	return a
}

func sameTime(a, b *time.Time) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Equal(*b)
}
