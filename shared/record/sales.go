package record

import (
	"time"

	"fieldboard.dev/fieldboard/shared/rollup"
)

// Request is a customer's ask for work.
type Request struct {
	Meta
	Title      string `firestore:"title"`
	Status     string `firestore:"status"` // Jobber's RequestStatusTypeEnum
	ClientID   string `firestore:"clientId"`
	PropertyID string `firestore:"propertyId"`
	Source     string `firestore:"source"`
}

// Collection returns Requests.
func (*Request) Collection() Collection { return Requests }
func (r *Request) label() string        { return orElse(r.Title, "Request") }
func (r *Request) client() string       { return r.ClientID }
func (r *Request) terms() []string      { return []string{r.Title} }
func (r *Request) happened(Record) []string {
	return nil
}

func (r *Request) contribute(to rollup.Contribution) {
	to.Record(string(Requests))
	switch r.Status {
	case "new":
		to.Stage("requests", "new", 0)
	case "unscheduled", "upcoming", "today", "overdue":
		to.Stage("requests", "assessment", 0)
	case "assessment_completed":
		to.Stage("requests", "assessed", 0)
	}
}

// Quote is an offer to a customer.
type Quote struct {
	Meta
	Number     string     `firestore:"number"`
	Title      string     `firestore:"title"`
	Status     string     `firestore:"status"` // Jobber's QuoteStatusTypeEnum
	ClientID   string     `firestore:"clientId"`
	PropertyID string     `firestore:"propertyId"`
	TotalCents int64      `firestore:"totalCents"`
	SentAt     *time.Time `firestore:"sentAt"`
}

// Collection returns Quotes.
func (*Quote) Collection() Collection { return Quotes }
func (q *Quote) label() string        { return numbered("Quote", q.Number, q.Title) }
func (q *Quote) client() string       { return q.ClientID }
func (q *Quote) terms() []string      { return []string{q.Number, q.Title} }

func (q *Quote) contribute(to rollup.Contribution) {
	to.Record(string(Quotes))
	switch q.Status {
	case "draft":
		to.Stage("quotes", "draft", q.TotalCents)
	case "awaiting_response":
		to.Stage("quotes", "awaitingResponse", q.TotalCents)
	case "changes_requested":
		to.Stage("quotes", "changesRequested", q.TotalCents)
	case "approved":
		to.Stage("quotes", "approved", q.TotalCents)
	}
	if q.SentAt != nil {
		to.QuoteSent(*q.SentAt, q.TotalCents, q.Won())
	}
}

// Won tells whether the customer took the offer.
func (q *Quote) Won() bool { return q.Status == "approved" || q.Status == "converted" }

func (q *Quote) happened(before Record) []string {
	old, ok := before.(*Quote)
	if ok && old.Status == q.Status || !ok && q.Status == "draft" {
		return nil
	}
	switch q.Status {
	case "awaiting_response":
		return []string{"quote.sent"}
	case "changes_requested":
		return []string{"quote.changes_requested"}
	case "approved":
		return []string{"quote.approved"}
	case "converted":
		return []string{"quote.converted"}
	}
	return nil
}

func orElse(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

func numbered(kind, number, title string) string {
	label := kind
	if number != "" {
		label += " #" + number
	}
	if title != "" {
		label += ": " + title
	}
	return label
}
