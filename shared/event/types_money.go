package event

// AboutMoney is what the data of an event about an invoice or a payment has.
type AboutMoney struct {
	Account     string   `json:"account"`
	Audience    Audience `json:"audience" enum:"finance"`
	Collection  string   `json:"collection" enum:"invoices,payments"`
	ID          string   `json:"id"`
	Title       string   `json:"title,omitempty"`
	Detail      string   `json:"detail,omitempty" doc:"The client's name"`
	AmountCents *int64   `json:"amountCents,omitempty" doc:"In the account's currency"`
}

// The data of each type.
type (
	invoiceCreatedData  AboutMoney
	invoiceUpdatedData  AboutMoney
	invoiceDeletedData  AboutMoney
	invoiceIssuedData   AboutMoney
	invoicePaidData     AboutMoney
	invoiceOverdueData  AboutMoney
	paymentCreatedData  AboutMoney
	paymentUpdatedData  AboutMoney
	paymentDeletedData  AboutMoney
	paymentReceivedData AboutMoney
	paymentRefundedData AboutMoney
)

var moneyTypes = []Type{
	of[invoiceCreatedData]("invoice.created", "A invoice is new", Finance),
	of[invoiceUpdatedData]("invoice.updated", "A invoice is no longer what it was", Finance),
	of[invoiceDeletedData]("invoice.deleted", "A invoice is gone from Jobber", Finance),
	of[invoiceIssuedData]("invoice.issued", "An invoice was sent to the client", Finance),
	of[invoicePaidData]("invoice.paid", "An invoice has nothing left to pay", Finance),
	of[invoiceOverdueData]("invoice.overdue", "The day on which an invoice was due is over, and it is not paid", Finance),
	of[paymentCreatedData]("payment.created", "A payment is new", Finance),
	of[paymentUpdatedData]("payment.updated", "A payment is no longer what it was", Finance),
	of[paymentDeletedData]("payment.deleted", "A payment is gone from Jobber", Finance),
	of[paymentReceivedData]("payment.received", "Money came in", Finance),
	of[paymentRefundedData]("payment.refunded", "Money went back", Finance),
}
