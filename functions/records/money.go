package records

import (
	"time"

	"fieldboard.dev/fieldboard/shared/account"
	"fieldboard.dev/fieldboard/shared/record"
)

type invoicesInput struct {
	SearchInput
	SpanInput
	Sort     string `query:"sort" enum:"issuedDate,-issuedDate,dueDate,-dueDate,updatedAt,-updatedAt,totalCents,-totalCents,balanceCents,-balanceCents" default:"-issuedDate"`
	Status   string `query:"status" enum:"draft,awaitingPayment,pastDue,paid,badDebt,voided" doc:"What the invoice is on the day of asking"`
	ClientID string `query:"clientId" maxLength:"100"`
}

type invoiceView struct {
	Meta
	Number       string          `json:"number"`
	Subject      string          `json:"subject"`
	Status       record.Standing `json:"status" enum:"draft,awaitingPayment,pastDue,paid,badDebt,voided"`
	ClientID     string          `json:"clientId"`
	ClientName   string          `json:"clientName"`
	TotalCents   int64           `json:"totalCents"`
	TaxCents     int64           `json:"taxCents"`
	BalanceCents int64           `json:"balanceCents"`
	IssuedDate   *time.Time      `json:"issuedDate"`
	DueDate      *time.Time      `json:"dueDate"`
	ReceivedDate *time.Time      `json:"receivedDate"`
}

var invoices = resource[invoicesInput, invoiceView]{
	collection: record.Invoices, singular: "invoice", needs: account.FinanceRead,
	filters: []string{"status", "open", "clientId"},
	doc:     "from and to bound issuedDate.",
	list: func(v view, in *invoicesInput) (listing, error) {
		l := listing{page: in.SearchInput, sort: in.Sort, span: in.SpanInput, spanOf: "issuedDate", where: equals("clientId", in.ClientID)}
		switch standing := record.Standing(in.Status); standing {
		case "":
		case record.Draft, record.Paid, record.Voided:
			l.where["status"] = in.Status
		case record.BadDebt:
			l.where["status"] = "bad_debt"
		default: // follows the clock: Jobber's own status may be a day behind
			l.where["open"] = true
			l.keep = func(r record.Record) bool { return r.(*record.Invoice).Standing(v.now, v.zone) == standing }
		}
		return l, nil
	},
	names: func(r record.Record, want *names) { want.want(record.Clients, r.(*record.Invoice).ClientID) },
	show: func(v view, r record.Record) invoiceView {
		i := r.(*record.Invoice)
		return invoiceView{
			Meta: metaOf(r), Number: i.Number, Subject: i.Subject, Status: i.Standing(v.now, v.zone), ClientID: i.ClientID,
			ClientName: v.names.client(i.ClientID), TotalCents: i.TotalCents, TaxCents: i.TaxCents, BalanceCents: i.BalanceCents,
			IssuedDate: i.IssuedDate, DueDate: i.DueDate, ReceivedDate: i.ReceivedDate,
		}
	},
}

type paymentsInput struct {
	SearchInput
	SpanInput
	Sort      string `query:"sort" enum:"entryDate,-entryDate,amountCents,-amountCents" default:"-entryDate"`
	Status    string `query:"status" enum:"PAYMENT,DEPOSIT,INITIAL_BALANCE,REFUND,FAILED_ACH_PAYMENT,INVOICE,BAD_DEBT" doc:"The adjustment type"`
	ClientID  string `query:"clientId" maxLength:"100"`
	InvoiceID string `query:"invoiceId" maxLength:"100"`
}

type paymentView struct {
	Meta
	AmountCents    int64      `json:"amountCents"`
	AdjustmentType string     `json:"adjustmentType"`
	PaymentType    string     `json:"paymentType"`
	EntryDate      *time.Time `json:"entryDate"`
	ClientID       string     `json:"clientId"`
	ClientName     string     `json:"clientName"`
	InvoiceID      string     `json:"invoiceId"`
}

var payments = resource[paymentsInput, paymentView]{
	collection: record.Payments, singular: "payment", needs: account.FinanceRead,
	filters: []string{"adjustmentType", "clientId", "invoiceId"},
	doc:     "from and to bound entryDate.",
	list: func(_ view, in *paymentsInput) (listing, error) {
		return listing{
			page: in.SearchInput, sort: in.Sort, span: in.SpanInput, spanOf: "entryDate",
			where: equals("adjustmentType", in.Status, "clientId", in.ClientID, "invoiceId", in.InvoiceID),
		}, nil
	},
	names: func(r record.Record, want *names) { want.want(record.Clients, r.(*record.Payment).ClientID) },
	show: func(v view, r record.Record) paymentView {
		p := r.(*record.Payment)
		return paymentView{
			Meta: metaOf(r), AmountCents: p.AmountCents, AdjustmentType: p.AdjustmentType, PaymentType: p.PaymentType, EntryDate: p.EntryDate,
			ClientID: p.ClientID, ClientName: v.names.client(p.ClientID), InvoiceID: p.InvoiceID,
		}
	},
}
