package records

import (
	"time"

	"fieldboard.dev/fieldboard/shared/account"
	"fieldboard.dev/fieldboard/shared/record"
)

type requestsInput struct {
	SearchInput
	SpanInput
	Sort     string `query:"sort" enum:"createdAt,-createdAt,updatedAt,-updatedAt" default:"-createdAt"`
	Status   string `query:"status" enum:"new,completed,converted,archived,upcoming,overdue,unscheduled,assessment_completed,today"`
	ClientID string `query:"clientId" maxLength:"100"`
}

type requestView struct {
	Meta
	Title      string `json:"title"`
	Status     string `json:"status"`
	ClientID   string `json:"clientId"`
	ClientName string `json:"clientName"`
	PropertyID string `json:"propertyId"`
	Source     string `json:"source"`
}

var requests = resource[requestsInput, requestView]{
	collection: record.Requests, singular: "request", needs: account.RecordRead,
	filters: []string{"status", "clientId"},
	doc:     "from and to bound createdAt.",
	list: func(_ view, in *requestsInput) (listing, error) {
		return listing{
			page: in.SearchInput, sort: in.Sort, span: in.SpanInput, spanOf: "createdAt",
			where: equals("status", in.Status, "clientId", in.ClientID),
		}, nil
	},
	names: func(r record.Record, want *names) { want.want(record.Clients, r.(*record.Request).ClientID) },
	show: func(v view, r record.Record) requestView {
		q := r.(*record.Request)
		return requestView{
			Meta: metaOf(r), Title: q.Title, Status: q.Status, ClientID: q.ClientID, ClientName: v.names.client(q.ClientID),
			PropertyID: q.PropertyID, Source: q.Source,
		}
	},
}

type quotesInput struct {
	SearchInput
	SpanInput
	Sort     string `query:"sort" enum:"updatedAt,-updatedAt,createdAt,-createdAt,sentAt,-sentAt,totalCents,-totalCents" default:"-updatedAt"`
	Status   string `query:"status" enum:"draft,awaiting_response,archived,approved,converted,changes_requested"`
	ClientID string `query:"clientId" maxLength:"100"`
}

type quoteView struct {
	Meta
	Number     string     `json:"number"`
	Title      string     `json:"title"`
	Status     string     `json:"status"`
	ClientID   string     `json:"clientId"`
	ClientName string     `json:"clientName"`
	PropertyID string     `json:"propertyId"`
	TotalCents *int64     `json:"totalCents" doc:"null without finance:read"`
	SentAt     *time.Time `json:"sentAt"`
}

var quotes = resource[quotesInput, quoteView]{
	collection: record.Quotes, singular: "quote", needs: account.RecordRead,
	filters: []string{"status", "clientId"},
	doc:     "from and to bound sentAt.",
	list: func(v view, in *quotesInput) (listing, error) {
		return listing{
			page: in.SearchInput, sort: in.Sort, span: in.SpanInput, spanOf: "sentAt",
			where: equals("status", in.Status, "clientId", in.ClientID),
		}, v.moneySort(in.Sort, "totalCents")
	},
	names: func(r record.Record, want *names) { want.want(record.Clients, r.(*record.Quote).ClientID) },
	show: func(v view, r record.Record) quoteView {
		q := r.(*record.Quote)
		return quoteView{
			Meta: metaOf(r), Number: q.Number, Title: q.Title, Status: q.Status, ClientID: q.ClientID, ClientName: v.names.client(q.ClientID),
			PropertyID: q.PropertyID, TotalCents: v.money(q.TotalCents), SentAt: q.SentAt,
		}
	},
}
