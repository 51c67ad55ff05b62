package record

import (
	"time"

	"fieldboard.dev/fieldboard/shared/rollup"
)

// Invoice is a bill. Past due follows the clock and is told when read; see Standing.
type Invoice struct {
	Meta
	Number       string     `firestore:"number"`
	Subject      string     `firestore:"subject"`
	Status       string     `firestore:"status"` // Jobber's InvoiceStatusTypeEnum
	ClientID     string     `firestore:"clientId"`
	TotalCents   int64      `firestore:"totalCents"`
	TaxCents     int64      `firestore:"taxCents"`
	BalanceCents int64      `firestore:"balanceCents"`
	IssuedDate   *time.Time `firestore:"issuedDate"`
	DueDate      *time.Time `firestore:"dueDate"`
	ReceivedDate *time.Time `firestore:"receivedDate"`
	Open         bool       `firestore:"open"` // issued and neither paid nor given up; Apply fills it
}

// Collection returns Invoices.
func (*Invoice) Collection() Collection { return Invoices }
func (i *Invoice) label() string        { return numbered("Invoice", i.Number, i.Subject) }
func (i *Invoice) client() string       { return i.ClientID }
func (i *Invoice) terms() []string      { return []string{i.Number, i.Subject} }

func (i *Invoice) contribute(to rollup.Contribution) {
	to.Record(string(Invoices))
	switch i.Status {
	case "draft":
		to.Stage("invoices", "draft", i.TotalCents)
	case "awaiting_payment", "past_due", "sent_not_due":
		to.Stage("invoices", "awaitingPayment", i.BalanceCents)
	}
	if at, cents, counts := i.Earned(); counts {
		to.Revenue(at, cents)
	}
	if at, cents, counts := i.Owed(); counts {
		to.Owed(at, cents)
	}
}

// Earned tells what the invoice adds to the revenue, before tax, and when; nothing while it is a draft, and when it was voided.
func (i *Invoice) Earned() (at time.Time, cents int64, counts bool) {
	if i.IssuedDate == nil || i.Status == "draft" || i.Status == "voided" {
		return time.Time{}, 0, false
	}
	return *i.IssuedDate, i.TotalCents - i.TaxCents, true
}

// Owed tells what is outstanding of the invoice, and since when; nothing when it is paid or given up.
func (i *Invoice) Owed() (since time.Time, cents int64, counts bool) {
	if i.IssuedDate == nil || !i.outstanding() {
		return time.Time{}, 0, false
	}
	return *i.IssuedDate, i.BalanceCents, true
}

func (i *Invoice) outstanding() bool { return i.open() && i.BalanceCents > 0 }

func (i *Invoice) open() bool {
	switch i.Status {
	case "draft", "paid", "bad_debt", "voided":
		return false
	}
	return true
}

func (i *Invoice) happened(before Record) []string {
	old, ok := before.(*Invoice)
	switch {
	case ok && old.Status != "paid" && i.Status == "paid":
		return []string{"invoice.paid"}
	case (!ok || old.Status == "draft") && i.Status != "draft":
		return []string{"invoice.issued"}
	}
	return nil
}

// moments: an invoice is overdue when the day on which it is due has ended, as Standing tells.
func (i *Invoice) moments(zone *time.Location) []moment {
	if i.DueDate == nil || !i.open() {
		return nil
	}
	due := i.DueDate.In(zone)
	return []moment{{time.Date(due.Year(), due.Month(), due.Day()+1, 0, 0, 0, 0, zone).UTC(), "invoice.overdue"}}
}

// Standing is what an invoice is on a day.
type Standing string

// The standings of an invoice.
const (
	Draft           Standing = "draft"
	AwaitingPayment Standing = "awaitingPayment"
	PastDue         Standing = "pastDue"
	Paid            Standing = "paid"
	BadDebt         Standing = "badDebt"
	Voided          Standing = "voided"
)

// Standing tells the invoice's standing at now: past due from the day after its due date, in zone.
func (i *Invoice) Standing(now time.Time, zone *time.Location) Standing {
	switch i.Status {
	case "draft":
		return Draft
	case "paid":
		return Paid
	case "bad_debt":
		return BadDebt
	case "voided":
		return Voided
	}
	if i.DueDate != nil && rollup.DayOf(*i.DueDate, zone) < rollup.DayOf(now, zone) {
		return PastDue
	}
	return AwaitingPayment
}

// Payment is money received or given back: Jobber's payment record.
type Payment struct {
	Meta
	AmountCents    int64      `firestore:"amountCents"`
	AdjustmentType string     `firestore:"adjustmentType"` // Jobber's BalanceAdjustmentTypeEnum
	PaymentType    string     `firestore:"paymentType"`
	EntryDate      *time.Time `firestore:"entryDate"`
	ClientID       string     `firestore:"clientId"`
	InvoiceID      string     `firestore:"invoiceId"`
}

// Collection returns Payments.
func (*Payment) Collection() Collection { return Payments }
func (p *Payment) label() string {
	if p.received() < 0 {
		return "Refund"
	}
	return "Payment"
}
func (p *Payment) client() string  { return p.ClientID }
func (p *Payment) terms() []string { return []string{p.PaymentType, p.AdjustmentType} }

func (p *Payment) contribute(to rollup.Contribution) {
	to.Record(string(Payments))
	if at, cents, counts := p.Collected(); counts {
		to.Collected(at, cents)
	}
}

// Collected tells what the payment adds to the money that came in, less than nothing when it went back, and when.
func (p *Payment) Collected() (at time.Time, cents int64, counts bool) {
	sign := p.received()
	if sign == 0 || p.EntryDate == nil {
		return time.Time{}, 0, false
	}
	return *p.EntryDate, sign * p.AmountCents, true
}

// received is 1 for money that came in, -1 for money that went back, 0 for what is no money.
func (p *Payment) received() int64 {
	switch p.AdjustmentType {
	case "PAYMENT", "DEPOSIT", "INITIAL_BALANCE":
		return 1
	case "REFUND", "FAILED_ACH_PAYMENT":
		return -1
	}
	return 0
}

func (p *Payment) happened(before Record) []string {
	if before != nil {
		return nil
	}
	switch p.received() {
	case 1:
		return []string{"payment.received"}
	case -1:
		return []string{"payment.refunded"}
	}
	return nil
}
