package jobber

import (
	"context"
	"fmt"
	"slices"
	"time"

	"fieldboard.dev/fieldboard/emulators/jobber/business"
)

// root resolves Query and Mutation.
type root struct{}

type idArgs struct{ ID encodedID }

func (*root) Account(ctx context.Context) *accountView {
	return &accountView{sessionOf(ctx).business.Account()}
}

func (*root) User(ctx context.Context, args struct{ ID *encodedID }) *userView {
	s := sessionOf(ctx)
	id := encodedID(business.EncodeID(business.TypeUser, s.currentUser))
	if args.ID != nil {
		id = *args.ID
	}
	return view(s.business.Users, string(id), s.user)
}

type usersArgs struct {
	paging
	Filter *usersFilter
	Sort   *[]sortInput
}

func (*root) Users(ctx context.Context, args usersArgs) (*connection[*userView], error) {
	s := sessionOf(ctx)
	rows := s.business.Users.List(business.ByID)
	if args.Sort != nil && len(*args.Sort) > 0 {
		rows = sorted(s.business.Users, userOrders, *args.Sort)
	}
	if args.Filter != nil {
		rows = keep(rows, args.Filter.keep)
	}
	return page(rows, args.paging, s.user)
}

func (*root) Client(ctx context.Context, args idArgs) *clientView {
	s := sessionOf(ctx)
	return view(s.business.Clients, string(args.ID), s.client)
}

type clientsArgs struct {
	paging
	Filter       *clientFilter
	SearchTerm   *string
	SearchFields *[]string
	Sort         *sortInput
}

func (*root) Clients(ctx context.Context, args clientsArgs) (*connection[*clientView], error) {
	s := sessionOf(ctx)
	var by *[]sortInput
	if args.Sort != nil {
		by = &[]sortInput{*args.Sort}
	}
	rows := listed(s.business.Clients, clientOrders, by, func(c *business.Client) time.Time { return c.UpdatedAt })
	if args.Filter != nil {
		rows = keep(rows, args.Filter.keep)
	}
	if args.SearchTerm != nil {
		rows = keep(rows, func(c *business.Client) bool {
			return matches(args.SearchTerm, s.clientTexts(c, args.SearchFields)...)
		})
	}
	return page(rows, args.paging, s.client)
}

// clientTexts are the texts of a client that a search looks into; all of them unless fields are named.
func (s *session) clientTexts(c *business.Client, fields *[]string) []string {
	var texts []string
	in := func(field string) bool { return fields == nil || slices.Contains(*fields, field) }
	if in("NAMES") {
		texts = append(texts, c.Name, c.FirstName, c.LastName, c.CompanyName)
	}
	for _, e := range c.Emails {
		if in("EMAILS") || e.Primary && in("PRIMARY_EMAIL") {
			texts = append(texts, e.Address)
		}
	}
	for _, p := range c.Phones {
		if in("PHONES") {
			texts = append(texts, p.Number, p.Friendly)
		}
	}
	for _, f := range c.CustomFields {
		if in("CUSTOM_FIELDS") {
			texts = append(texts, f.ValueText, f.ValueDropdown)
		}
	}
	if in("PROPERTIES") {
		for _, p := range s.business.Properties.Of(business.OfClient, c.ID) {
			texts = append(texts, p.Name, p.Address.Street(), p.Address.City, p.Address.PostalCode)
		}
	}
	return texts
}

func (*root) Property(ctx context.Context, args idArgs) *propertyView {
	s := sessionOf(ctx)
	return view(s.business.Properties, string(args.ID), s.property)
}

type propertiesArgs struct {
	paging
	Filter     *propertiesFilter
	SearchTerm *string
}

func (*root) Properties(ctx context.Context, args propertiesArgs) (*connection[*propertyView], error) {
	s := sessionOf(ctx)
	rows := s.business.Properties.List(business.ByID)
	if args.Filter != nil && args.Filter.ClientID != nil {
		rows = s.business.Properties.Of(business.OfClient, string(*args.Filter.ClientID))
	}
	if args.Filter != nil {
		rows = keep(rows, args.Filter.keep)
	}
	if args.SearchTerm != nil {
		rows = keep(rows, func(p *business.Property) bool {
			return matches(args.SearchTerm, p.Name, p.Address.Street(), p.Address.City, p.Address.PostalCode)
		})
	}
	return page(rows, args.paging, s.property)
}

func (*root) Request(ctx context.Context, args idArgs) *requestView {
	s := sessionOf(ctx)
	return view(s.business.Requests, string(args.ID), s.request)
}

type requestsArgs struct {
	paging
	Filter     *requestFilter
	SearchTerm *string
	Sort       *[]sortInput
}

func (*root) Requests(ctx context.Context, args requestsArgs) (*connection[*requestView], error) {
	s := sessionOf(ctx)
	rows := listed(s.business.Requests, s.requestOrders(), args.Sort, func(r *business.Request) time.Time { return r.UpdatedAt })
	if args.Filter != nil {
		rows = keep(rows, func(r *business.Request) bool { return args.Filter.keep(s, r) })
	}
	if args.SearchTerm != nil {
		rows = keep(rows, func(r *business.Request) bool {
			return matches(args.SearchTerm, r.Title, r.ContactName, r.CompanyName, r.Email, s.clientOf(r.ClientID).Name)
		})
	}
	return page(rows, args.paging, s.request)
}

func (*root) Quote(ctx context.Context, args idArgs) *quoteView {
	s := sessionOf(ctx)
	return view(s.business.Quotes, string(args.ID), s.quote)
}

type quotesArgs struct {
	paging
	Filter     *quoteFilter
	SearchTerm *string
	Sort       *[]sortInput
}

func (*root) Quotes(ctx context.Context, args quotesArgs) (*connection[*quoteView], error) {
	s := sessionOf(ctx)
	rows := listed(s.business.Quotes, s.quoteOrders(), args.Sort, func(q *business.Quote) time.Time { return q.UpdatedAt })
	if args.Filter != nil {
		rows = keep(rows, args.Filter.keep)
	}
	if args.SearchTerm != nil {
		rows = keep(rows, func(q *business.Quote) bool {
			return matches(args.SearchTerm, q.QuoteNumber, q.Title, s.clientOf(q.ClientID).Name)
		})
	}
	return page(rows, args.paging, s.quote)
}

func (*root) Job(ctx context.Context, args idArgs) *jobView {
	s := sessionOf(ctx)
	return view(s.business.Jobs, string(args.ID), s.job)
}

type jobsArgs struct {
	paging
	Filter     *jobFilter
	SearchTerm *string
	Sort       *[]sortInput
}

func (*root) Jobs(ctx context.Context, args jobsArgs) (*connection[*jobView], error) {
	s := sessionOf(ctx)
	rows := listed(s.business.Jobs, s.jobOrders(), args.Sort, func(j *business.Job) time.Time { return j.UpdatedAt })
	if args.Filter != nil {
		rows = keep(rows, func(j *business.Job) bool { return args.Filter.keep(s, j) })
	}
	if args.SearchTerm != nil {
		rows = keep(rows, func(j *business.Job) bool {
			return matches(args.SearchTerm, fmt.Sprint(j.JobNumber), j.Title, s.clientOf(j.ClientID).Name)
		})
	}
	return page(rows, args.paging, s.job)
}

func (*root) Visit(ctx context.Context, args idArgs) *visitView {
	s := sessionOf(ctx)
	return view(s.business.Visits, string(args.ID), s.visit)
}

// visitsArgs are those of Query.visits and of Job.visits.
type visitsArgs struct {
	paging
	Filter   *visitFilter
	Sort     *[]sortInput
	Timezone *timezone
}

func (*root) Visits(ctx context.Context, args visitsArgs) (*connection[*visitView], error) {
	s := sessionOf(ctx)
	by := args.Sort
	if by == nil || len(*by) == 0 {
		by = &[]sortInput{{Key: "START_AT", Direction: "ASCENDING"}}
	}
	rows := sorted(s.business.Visits, s.visitOrders(), *by)
	args.Sort = nil
	return s.visitPage(rows, args)
}

// visitPage filters, sorts if that was asked for, and pages.
func (s *session) visitPage(rows []*business.Visit, args visitsArgs) (*connection[*visitView], error) {
	if args.Filter != nil {
		zone := args.Timezone.location()
		rows = keep(rows, func(v *business.Visit) bool { return args.Filter.keep(s, v, zone) })
	}
	if args.Sort != nil && len(*args.Sort) > 0 {
		rows = slices.Clone(rows)
		slices.SortStableFunc(rows, compareBy(s.visitOrders(), *args.Sort))
	}
	return page(rows, args.paging, s.visit)
}

func (*root) Invoice(ctx context.Context, args idArgs) *invoiceView {
	s := sessionOf(ctx)
	return view(s.business.Invoices, string(args.ID), s.invoice)
}

type invoicesArgs struct {
	paging
	Filter     *invoiceFilter
	SearchTerm *string
	Sort       *[]sortInput
}

func (*root) Invoices(ctx context.Context, args invoicesArgs) (*connection[*invoiceView], error) {
	s := sessionOf(ctx)
	rows := listed(s.business.Invoices, s.invoiceOrders(), args.Sort, func(i *business.Invoice) time.Time { return i.UpdatedAt })
	if args.Filter != nil {
		rows = keep(rows, func(i *business.Invoice) bool { return args.Filter.keep(s, i) })
	}
	if args.SearchTerm != nil {
		rows = keep(rows, func(i *business.Invoice) bool {
			return matches(args.SearchTerm, i.InvoiceNumber, i.Subject, s.clientOf(i.ClientID).Name)
		})
	}
	return page(rows, args.paging, s.invoice)
}

func (*root) PaymentRecord(ctx context.Context, args idArgs) *paymentView {
	s := sessionOf(ctx)
	return view(s.business.Payments, string(args.ID), s.payment)
}

type paymentsArgs struct {
	paging
	Filter *paymentFilter
	Sort   *sortInput
}

func (*root) PaymentRecords(ctx context.Context, args paymentsArgs) (*connection[*paymentView], error) {
	s := sessionOf(ctx)
	by := sortInput{Key: "LIST_ORDER", Direction: "DESCENDING"}
	if args.Sort != nil {
		by = *args.Sort
	}
	rows := sorted(s.business.Payments, paymentOrders, []sortInput{by})
	if args.Filter != nil {
		rows = keep(rows, args.Filter.keep)
	}
	return page(rows, args.paging, s.payment)
}

// listed returns a table's rows in the order that was asked for, or else most recently updated first.
func listed[T any](table *business.Table[T], orders map[string]order[T], by *[]sortInput, updatedAt func(*T) time.Time) []*T {
	if by != nil && len(*by) > 0 {
		return sorted(table, orders, *by)
	}
	return table.Sorted("newest first", func(a, b *T) int { return updatedAt(b).Compare(updatedAt(a)) })
}
