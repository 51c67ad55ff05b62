package business

import (
	"fmt"
	"time"
)

// CreateQuote drafts a quote for a client that has a property; id is the client's.
func (b *Business) CreateQuote(clientID string) (Done, error) {
	return b.do((*Business).createQuote, clientID)
}

// UpdateQuote changes the price of a quote that is not approved yet.
func (b *Business) UpdateQuote(id string) (Done, error) { return b.do((*Business).updateQuote, id) }

// SendQuote sends a draft, or a quote that changes were asked for.
func (b *Business) SendQuote(id string) (Done, error) { return b.do((*Business).sendQuote, id) }

// ApproveQuote has the client approve a quote that waits for an answer.
func (b *Business) ApproveQuote(id string) (Done, error) { return b.do((*Business).approveQuote, id) }

// RequestQuoteChanges has the client ask for changes of a quote that waits for an answer.
func (b *Business) RequestQuoteChanges(id string) (Done, error) {
	return b.do((*Business).requestQuoteChanges, id)
}

// ConvertQuote makes a job of an approved quote. The id in Done is the quote's.
func (b *Business) ConvertQuote(id string) (Done, error) { return b.do((*Business).convertQuote, id) }

// ArchiveQuote puts away a quote that was not converted.
func (b *Business) ArchiveQuote(id string) (Done, error) { return b.do((*Business).archiveQuote, id) }

func (b *Business) createQuote(clientID string) (Done, error) {
	c, err := chosen(b, b.Clients, TypeClient, clientID, b.hasProperty)
	if err != nil {
		return Done{}, err
	}
	sold := pick(b, b.trade.services)
	q := b.newQuote(Quote{Title: sold.name, ClientID: c.ID, PropertyID: pick(b, b.Properties.of(OfClient, c.ID)).ID}, b.inventPrice(sold))
	return Done{"quote.create", q.ID, q.CreatedAt}, nil
}

func (b *Business) newQuote(q Quote, price int64) Quote {
	at := b.stamp()
	q.Number = b.number(TypeQuote)
	q.ID = EncodeID(TypeQuote, q.Number)
	q.QuoteNumber = fmt.Sprint(q.Number % 10_000_000)
	q.QuoteStatus = "draft"
	q.Message = pick(b, quoteMessages)
	q.Amounts = b.quoteAmounts(price)
	q.TransitionedAt = *second(at)
	q.CreatedAt, q.UpdatedAt = at, at
	b.Quotes.put(q)
	b.tell("QUOTE_CREATE", q.ID, at)
	return q
}

func (b *Business) quoteAmounts(price int64) QuoteAmounts {
	tax := b.inventTax(price)
	return QuoteAmounts{Subtotal: dollars(price), TaxAmount: tax, Total: dollars(price + cents(tax))}
}

// quoteIn ranks the quotes by the place of their status in the list; those of other statuses are out.
func quoteIn(statuses ...string) func(*Quote) int {
	return func(q *Quote) int {
		for n, status := range statuses {
			if q.QuoteStatus == status {
				return n
			}
		}
		return never
	}
}

func (b *Business) updateQuote(id string) (Done, error) {
	old, err := chosen(b, b.Quotes, TypeQuote, id, quoteIn("draft", "changes_requested", "awaiting_response"))
	if err != nil {
		return Done{}, err
	}
	q := *old
	q.Amounts = b.quoteAmounts(max(5000, cents(q.Amounts.Subtotal)+int64(b.between(-40, 90))*100))
	return b.quoteUpdated("quote.update", q), nil
}

func (b *Business) sendQuote(id string) (Done, error) {
	old, err := chosen(b, b.Quotes, TypeQuote, id, quoteIn("draft", "changes_requested"))
	if err != nil {
		return Done{}, err
	}
	q := *old
	q.QuoteStatus = "awaiting_response"
	q.SentAt = second(b.Now())
	b.tell("QUOTE_SENT", q.ID, b.Now())
	return b.quoteTurned("quote.send", q), nil
}

func (b *Business) approveQuote(id string) (Done, error) {
	old, err := chosen(b, b.Quotes, TypeQuote, id, quoteIn("awaiting_response", "changes_requested"))
	if err != nil {
		return Done{}, err
	}
	q := *old
	q.QuoteStatus = "approved"
	q.LastTransitioned.ApprovedAt = second(b.Now())
	b.tell("QUOTE_APPROVED", q.ID, b.Now())
	return b.quoteTurned("quote.approve", q), nil
}

func (b *Business) requestQuoteChanges(id string) (Done, error) {
	old, err := chosen(b, b.Quotes, TypeQuote, id, quoteIn("awaiting_response"))
	if err != nil {
		return Done{}, err
	}
	q := *old
	q.QuoteStatus = "changes_requested"
	q.LastTransitioned.ChangesRequestedAt = second(b.Now())
	return b.quoteTurned("quote.changes", q), nil
}

func (b *Business) convertQuote(id string) (Done, error) {
	old, err := chosen(b, b.Quotes, TypeQuote, id, func(q *Quote) int {
		return when(q.QuoteStatus == "approved" && q.ClientID != "" && q.PropertyID != "")
	})
	if err != nil {
		return Done{}, err
	}
	q := *old
	b.newJob(Job{
		Title: q.Title, Source: "QUOTE_CONVERT", ClientID: q.ClientID, PropertyID: q.PropertyID, QuoteID: q.ID, RequestID: q.RequestID,
	}, false, cents(q.Amounts.Subtotal), pick(b, pick(b, b.trade.services).minutes))
	q.QuoteStatus = "converted"
	q.LastTransitioned.ConvertedAt = second(b.Now())
	return b.quoteTurned("quote.convert", q), nil
}

func (b *Business) archiveQuote(id string) (Done, error) {
	old, err := chosen(b, b.Quotes, TypeQuote, id, quoteIn("awaiting_response", "changes_requested", "draft", "approved"))
	if err != nil {
		return Done{}, err
	}
	q := *old
	q.QuoteStatus = "archived"
	return b.quoteTurned("quote.archive", q), nil
}

// quoteTurned keeps a quote that came into another state.
func (b *Business) quoteTurned(name string, q Quote) Done {
	q.TransitionedAt = *second(b.Now())
	return b.quoteUpdated(name, q)
}

func (b *Business) quoteUpdated(name string, q Quote) Done {
	q.UpdatedAt = b.stamp()
	b.Quotes.put(q)
	b.tell("QUOTE_UPDATE", q.ID, q.UpdatedAt)
	return Done{name, q.ID, q.UpdatedAt}
}

// CreateRequest has a client with a property ask for work; id is the client's.
func (b *Business) CreateRequest(clientID string) (Done, error) {
	return b.do((*Business).createRequest, clientID)
}

// ScheduleAssessment plans a look at what was requested. Jobber tells of nothing: it has no webhook for assessments.
func (b *Business) ScheduleAssessment(requestID string) (Done, error) {
	return b.do((*Business).scheduleAssessment, requestID)
}

// CompleteAssessment completes a look that was planned. Jobber tells of nothing: it has no webhook for assessments.
func (b *Business) CompleteAssessment(requestID string) (Done, error) {
	return b.do((*Business).completeAssessment, requestID)
}

// ConvertRequest drafts a quote for an open request. The id in Done is the request's.
func (b *Business) ConvertRequest(id string) (Done, error) {
	return b.do((*Business).convertRequest, id)
}

// ArchiveRequest puts away an open request.
func (b *Business) ArchiveRequest(id string) (Done, error) {
	return b.do((*Business).archiveRequest, id)
}

func (b *Business) createRequest(clientID string) (Done, error) {
	c, err := chosen(b, b.Clients, TypeClient, clientID, b.hasProperty)
	if err != nil {
		return Done{}, err
	}
	at := b.stamp()
	r := Request{
		Number: b.number(TypeRequest), Title: pick(b, b.trade.services).name, RequestStatus: "new", Source: pick(b, requestSources),
		ClientID: c.ID, PropertyID: pick(b, b.Properties.of(OfClient, c.ID)).ID, CompanyName: c.CompanyName, ContactName: c.Name,
		CreatedAt: at, UpdatedAt: at,
	}
	r.ID = EncodeID(TypeRequest, r.Number)
	b.Requests.put(r)
	b.tell("REQUEST_CREATE", r.ID, at)
	return Done{"request.create", r.ID, at}, nil
}

func (b *Business) scheduleAssessment(id string) (Done, error) {
	old, err := chosen(b, b.Requests, TypeRequest, id, func(r *Request) int {
		return when(r.RequestStatus == "new" && (r.Assessment == nil || r.Assessment.StartAt == nil && !r.Assessment.IsComplete))
	})
	if err != nil {
		return Done{}, err
	}
	r := *old
	start := b.slot()
	r.Assessment = &Assessment{
		ID: b.encoded("Assessment"), Title: "Assessment", StartAt: second(start), EndAt: second(start.Add(time.Hour)),
		AssignedUserIDs: b.people(),
	}
	r.UpdatedAt = b.stamp()
	b.Requests.put(r)
	return Done{"request.assessment", r.ID, r.UpdatedAt}, nil
}

func (b *Business) completeAssessment(id string) (Done, error) {
	old, err := chosen(b, b.Requests, TypeRequest, id, func(r *Request) int {
		return when(r.RequestStatus == "new" && r.Assessment != nil && !r.Assessment.IsComplete)
	})
	if err != nil {
		return Done{}, err
	}
	r := *old
	look := *r.Assessment
	r.UpdatedAt = b.stamp()
	look.IsComplete, look.CompletedAt = true, second(r.UpdatedAt)
	r.Assessment = &look
	b.Requests.put(r)
	return Done{"request.assessed", r.ID, r.UpdatedAt}, nil
}

func (b *Business) convertRequest(id string) (Done, error) {
	old, err := chosen(b, b.Requests, TypeRequest, id, func(r *Request) int {
		switch {
		case r.RequestStatus != "new" || r.ClientID == "" || r.PropertyID == "":
			return never
		case r.Assessment != nil && r.Assessment.IsComplete:
			return 0
		}
		return 1
	})
	if err != nil {
		return Done{}, err
	}
	r := *old
	b.newQuote(Quote{Title: r.Title, ClientID: r.ClientID, PropertyID: r.PropertyID, RequestID: r.ID}, b.inventPrice(pick(b, b.trade.services)))
	r.RequestStatus = "converted"
	return b.requestUpdated("request.convert", r), nil
}

func (b *Business) archiveRequest(id string) (Done, error) {
	old, err := chosen(b, b.Requests, TypeRequest, id, func(r *Request) int { return when(r.RequestStatus == "new") })
	if err != nil {
		return Done{}, err
	}
	r := *old
	r.RequestStatus = "archived"
	return b.requestUpdated("request.archive", r), nil
}

func (b *Business) requestUpdated(name string, r Request) Done {
	r.UpdatedAt = b.stamp()
	b.Requests.put(r)
	b.tell("REQUEST_UPDATE", r.ID, r.UpdatedAt)
	return Done{name, r.ID, r.UpdatedAt}
}
