package jobber

import (
	"context"
	"strings"

	"fieldboard.dev/fieldboard/shared/jobber/internal/graphql"
)

// How many of a record's own lists a page asks for; each is paid in advance. A record that fills them is read again alone,
// with as many as there may be.
const (
	tagsOnPage = 10
	crewOnPage = 12
	allOfThem  = 100

	jobsOfInvoice = 20
)

// Users reads a page of the people of the business, also those who left.
func (a *API) Users(ctx context.Context, account string, req PageRequest) (Page[User], error) {
	if err := req.check(Users); err != nil {
		return Page[User]{}, err
	}
	return readPage(a, account, "users", req, newUser, func(c *call, size int) ([]graphql.UserFields, graphql.PageInfoFields, error) {
		data, err := graphql.Users(ctx, c, size, req.After)
		return data.Users.Nodes, data.Users.PageInfo, err
	})
}

// Clients reads a page of clients, most recently updated first.
func (a *API) Clients(ctx context.Context, account string, req PageRequest) (Page[Client], error) {
	if err := req.check(Clients); err != nil {
		return Page[Client]{}, err
	}
	page, err := readPage(a, account, "clients", req, newClient, func(c *call, size int) ([]graphql.ClientFields, graphql.PageInfoFields, error) {
		data, err := graphql.Clients(ctx, c, size, req.After, req.filter(), tagsOnPage)
		return data.Clients.Nodes, data.Clients.PageInfo, err
	})
	return completed(page, err, func(c Client) (bool, Found[Client], error) {
		if len(c.Tags) < tagsOnPage {
			return false, Found[Client]{}, nil
		}
		found, err := a.Client(ctx, account, c.ID)
		return true, found, err
	})
}

// Properties reads a page of properties.
func (a *API) Properties(ctx context.Context, account string, req PageRequest) (Page[Property], error) {
	if err := req.check(Properties); err != nil {
		return Page[Property]{}, err
	}
	return readPage(a, account, "properties", req, newProperty, func(c *call, size int) ([]graphql.PropertyFields, graphql.PageInfoFields, error) {
		data, err := graphql.Properties(ctx, c, size, req.After, req.filter())
		return data.Properties.Nodes, data.Properties.PageInfo, err
	})
}

// Requests reads a page of requests, most recently updated first.
func (a *API) Requests(ctx context.Context, account string, req PageRequest) (Page[Request], error) {
	if err := req.check(Requests); err != nil {
		return Page[Request]{}, err
	}
	return readPage(a, account, "requests", req, newRequest, func(c *call, size int) ([]graphql.RequestFields, graphql.PageInfoFields, error) {
		data, err := graphql.Requests(ctx, c, size, req.After, req.filter())
		return data.Requests.Nodes, data.Requests.PageInfo, err
	})
}

// Quotes reads a page of quotes, most recently updated first.
func (a *API) Quotes(ctx context.Context, account string, req PageRequest) (Page[Quote], error) {
	if err := req.check(Quotes); err != nil {
		return Page[Quote]{}, err
	}
	return readPage(a, account, "quotes", req, newQuote, func(c *call, size int) ([]graphql.QuoteFields, graphql.PageInfoFields, error) {
		data, err := graphql.Quotes(ctx, c, size, req.After, req.filter())
		return data.Quotes.Nodes, data.Quotes.PageInfo, err
	})
}

// Jobs reads a page of jobs, by number, or most recently updated first. There is no filter by update.
func (a *API) Jobs(ctx context.Context, account string, req PageRequest) (Page[Job], error) {
	if err := req.check(Jobs); err != nil {
		return Page[Job]{}, err
	}
	return readPage(a, account, "jobs", req, newJob, func(c *call, size int) ([]graphql.JobFields, graphql.PageInfoFields, error) {
		data, err := graphql.Jobs(ctx, c, size, req.After, req.filter(), []graphql.Sort{req.sort("JOB_NUMBER", "UPDATED_AT")})
		return data.Jobs.Nodes, data.Jobs.PageInfo, err
	})
}

// Visits reads a page of visits, by creation.
func (a *API) Visits(ctx context.Context, account string, req PageRequest) (Page[Visit], error) {
	if err := req.check(Visits); err != nil {
		return Page[Visit]{}, err
	}
	page, err := readPage(a, account, "visits", req, newVisit, func(c *call, size int) ([]graphql.VisitFields, graphql.PageInfoFields, error) {
		data, err := graphql.Visits(ctx, c, size, req.After, req.filter(), []graphql.Sort{req.sort("CREATED_AT", "CREATED_AT")}, crewOnPage)
		return data.Visits.Nodes, data.Visits.PageInfo, err
	})
	return a.withCrews(ctx, account, page, err)
}

// Invoices reads a page of invoices, most recently updated first.
func (a *API) Invoices(ctx context.Context, account string, req PageRequest) (Page[Invoice], error) {
	if err := req.check(Invoices); err != nil {
		return Page[Invoice]{}, err
	}
	return readPage(a, account, "invoices", req, newInvoice, func(c *call, size int) ([]graphql.InvoiceFields, graphql.PageInfoFields, error) {
		data, err := graphql.Invoices(ctx, c, size, req.After, req.filter())
		return data.Invoices.Nodes, data.Invoices.PageInfo, err
	})
}

// Payments reads a page of payments, by creation, or most recently updated first.
func (a *API) Payments(ctx context.Context, account string, req PageRequest) (Page[Payment], error) {
	if err := req.check(Payments); err != nil {
		return Page[Payment]{}, err
	}
	return readPage(a, account, "paymentRecords", req, newPayment, func(c *call, size int) ([]graphql.PaymentFields, graphql.PageInfoFields, error) {
		data, err := graphql.Payments(ctx, c, size, req.After, req.filter(), req.sort("CREATED_AT", "UPDATED_AT"))
		return data.PaymentRecords.Nodes, data.PaymentRecords.PageInfo, err
	})
}

// User reads a user by its encoded id.
func (a *API) User(ctx context.Context, account, id string) (Found[User], error) {
	return readOne(a, account, "user", newUser, func(c *call) (*graphql.UserFields, error) {
		data, err := graphql.User(ctx, c, id)
		return data.User, err
	})
}

// Client reads a client by its encoded id.
func (a *API) Client(ctx context.Context, account, id string) (Found[Client], error) {
	return readOne(a, account, "client", newClient, func(c *call) (*graphql.ClientFields, error) {
		data, err := graphql.Client(ctx, c, id, allOfThem)
		return data.Client, err
	})
}

// Property reads a property by its encoded id.
func (a *API) Property(ctx context.Context, account, id string) (Found[Property], error) {
	return readOne(a, account, "property", newProperty, func(c *call) (*graphql.PropertyFields, error) {
		data, err := graphql.Property(ctx, c, id)
		return data.Property, err
	})
}

// Request reads a request by its encoded id.
func (a *API) Request(ctx context.Context, account, id string) (Found[Request], error) {
	return readOne(a, account, "request", newRequest, func(c *call) (*graphql.RequestFields, error) {
		data, err := graphql.Request(ctx, c, id)
		return data.Request, err
	})
}

// Quote reads a quote by its encoded id.
func (a *API) Quote(ctx context.Context, account, id string) (Found[Quote], error) {
	return readOne(a, account, "quote", newQuote, func(c *call) (*graphql.QuoteFields, error) {
		data, err := graphql.Quote(ctx, c, id)
		return data.Quote, err
	})
}

// Job reads a job by its encoded id.
func (a *API) Job(ctx context.Context, account, id string) (Found[Job], error) {
	return readOne(a, account, "job", newJob, func(c *call) (*graphql.JobFields, error) {
		data, err := graphql.Job(ctx, c, id)
		return data.Job, err
	})
}

// Visit reads a visit by its encoded id.
func (a *API) Visit(ctx context.Context, account, id string) (Found[Visit], error) {
	return readOne(a, account, "visit", newVisit, func(c *call) (*graphql.VisitFields, error) {
		data, err := graphql.Visit(ctx, c, id, allOfThem)
		return data.Visit, err
	})
}

// Invoice reads an invoice by its encoded id.
func (a *API) Invoice(ctx context.Context, account, id string) (Found[Invoice], error) {
	return readOne(a, account, "invoice", newInvoice, func(c *call) (*graphql.InvoiceFields, error) {
		data, err := graphql.Invoice(ctx, c, id)
		return data.Invoice, err
	})
}

// Payment reads a payment by its encoded id.
func (a *API) Payment(ctx context.Context, account, id string) (Found[Payment], error) {
	return readOne(a, account, "paymentRecord", newPayment, func(c *call) (*graphql.PaymentFields, error) {
		data, err := graphql.Payment(ctx, c, id)
		return data.PaymentRecord, err
	})
}

// JobVisits reads a page of one job's visits, by creation: of visits that are made together Jobber tells only the first. found
// is false when there is no such job.
func (a *API) JobVisits(ctx context.Context, account, jobID string, req PageRequest) (page Page[Visit], found bool, err error) {
	if err := req.check(Visits); err != nil {
		return Page[Visit]{}, false, err
	}
	page, err = readPage(a, account, "job.visits", req, newVisit, func(c *call, size int) ([]graphql.VisitFields, graphql.PageInfoFields, error) {
		data, err := graphql.JobVisits(ctx, c, jobID, size, req.After, req.filter(), []graphql.Sort{req.sort("CREATED_AT", "CREATED_AT")}, crewOnPage)
		if err == nil && data.Job == nil {
			err = c.missing("job")
		}
		if err != nil {
			return nil, graphql.PageInfoFields{}, err
		}
		return data.Job.Visits.Nodes, data.Job.Visits.PageInfo, nil
	})
	if KindOf(err) == NotFound {
		return Page[Visit]{}, false, nil
	}
	page, err = a.withCrews(ctx, account, page, err)
	return page, err == nil, err
}

// withCrews reads the visits again that have more people than a page tells.
func (a *API) withCrews(ctx context.Context, account string, page Page[Visit], err error) (Page[Visit], error) {
	return completed(page, err, func(v Visit) (bool, Found[Visit], error) {
		if len(v.UserIDs) < crewOnPage {
			return false, Found[Visit]{}, nil
		}
		found, err := a.Visit(ctx, account, v.ID)
		return true, found, err
	})
}

// completed replaces the records of a page that again reads once more. One that is gone by then is left as it was: it was
// there when the page was read.
func completed[T any](page Page[T], err error, again func(T) (bool, Found[T], error)) (Page[T], error) {
	if err != nil {
		return page, err
	}
	for i, item := range page.Items {
		replaced, found, err := again(item)
		if err != nil {
			return Page[T]{}, err
		}
		if replaced && found.Found {
			page.Items[i] = found.Item
		}
	}
	return page, nil
}

// InvoiceJobs returns the ids of the jobs that an invoice bills: Jobber tells of the invoice's changes alone, though the jobs'
// figures change with it. found is false when there is no such invoice.
func (a *API) InvoiceJobs(ctx context.Context, account, invoiceID string) (jobIDs []string, found bool, err error) {
	req := PageRequest{First: jobsOfInvoice}
	for {
		page, err := readIDs(a, account, "invoice.jobs", req, func(c *call, size int) ([]graphql.JobIDsNode, graphql.PageInfoFields, error) {
			data, err := graphql.InvoiceJobs(ctx, c, invoiceID, size, req.After)
			if err == nil && data.Invoice == nil {
				err = c.missing("invoice")
			}
			if err != nil {
				return nil, graphql.PageInfoFields{}, err
			}
			return data.Invoice.Jobs.Nodes, data.Invoice.Jobs.PageInfo, nil
		})
		if KindOf(err) == NotFound {
			return nil, false, nil
		}
		if err != nil {
			return nil, false, err
		}
		jobIDs = append(jobIDs, page.Items...)
		if !page.HasNext {
			return jobIDs, true, nil
		}
		req.After = page.NextCursor
	}
}

// IDs reads a page of ids alone, a point a record: to find what was deleted, and whether children still exist. Filters are
// those of the collection; NewestFirst is not offered.
func (a *API) IDs(ctx context.Context, account string, collection Collection, req PageRequest) (Page[string], error) {
	if err := req.check(collection); err != nil {
		return Page[string]{}, err
	}
	if req.NewestFirst {
		return Page[string]{}, &Error{Kind: Misuse, Op: string(collection), Message: "ids have one order"}
	}
	switch collection {
	case Users:
		return readIDs(a, account, "users", req, func(c *call, size int) ([]graphql.UserIDsNode, graphql.PageInfoFields, error) {
			data, err := graphql.UserIDs(ctx, c, size, req.After)
			return data.Users.Nodes, data.Users.PageInfo, err
		})
	case Clients:
		return readIDs(a, account, "clients", req, func(c *call, size int) ([]graphql.ClientIDsNode, graphql.PageInfoFields, error) {
			data, err := graphql.ClientIDs(ctx, c, size, req.After, req.filter())
			return data.Clients.Nodes, data.Clients.PageInfo, err
		})
	case Properties:
		return readIDs(a, account, "properties", req, func(c *call, size int) ([]graphql.PropertyIDsNode, graphql.PageInfoFields, error) {
			data, err := graphql.PropertyIDs(ctx, c, size, req.After, req.filter())
			return data.Properties.Nodes, data.Properties.PageInfo, err
		})
	case Requests:
		return readIDs(a, account, "requests", req, func(c *call, size int) ([]graphql.RequestIDsNode, graphql.PageInfoFields, error) {
			data, err := graphql.RequestIDs(ctx, c, size, req.After, req.filter())
			return data.Requests.Nodes, data.Requests.PageInfo, err
		})
	case Quotes:
		return readIDs(a, account, "quotes", req, func(c *call, size int) ([]graphql.QuoteIDsNode, graphql.PageInfoFields, error) {
			data, err := graphql.QuoteIDs(ctx, c, size, req.After, req.filter())
			return data.Quotes.Nodes, data.Quotes.PageInfo, err
		})
	case Jobs:
		return readIDs(a, account, "jobs", req, func(c *call, size int) ([]graphql.JobIDsNode, graphql.PageInfoFields, error) {
			data, err := graphql.JobIDs(ctx, c, size, req.After, req.filter())
			return data.Jobs.Nodes, data.Jobs.PageInfo, err
		})
	case Visits:
		return readIDs(a, account, "visits", req, func(c *call, size int) ([]graphql.VisitIDsNode, graphql.PageInfoFields, error) {
			data, err := graphql.VisitIDs(ctx, c, size, req.After, req.filter())
			return data.Visits.Nodes, data.Visits.PageInfo, err
		})
	case Invoices:
		return readIDs(a, account, "invoices", req, func(c *call, size int) ([]graphql.InvoiceIDsNode, graphql.PageInfoFields, error) {
			data, err := graphql.InvoiceIDs(ctx, c, size, req.After, req.filter())
			return data.Invoices.Nodes, data.Invoices.PageInfo, err
		})
	case Payments:
		return readIDs(a, account, "paymentRecords", req, func(c *call, size int) ([]graphql.PaymentIDsNode, graphql.PageInfoFields, error) {
			data, err := graphql.PaymentIDs(ctx, c, size, req.After, req.filter())
			return data.PaymentRecords.Nodes, data.PaymentRecords.PageInfo, err
		})
	}
	return Page[string]{}, &Error{Kind: Misuse, Op: string(collection), Message: "there is no such collection"}
}

func readIDs[N any, P node[N]](
	a *API, account, root string, req PageRequest, send func(c *call, size int) ([]N, graphql.PageInfoFields, error),
) (Page[string], error) {
	return readPage[N, P](a, account, root, req, func(n N, _ Hidden) string { return P(&n).GetId() }, send)
}

// Counts returns how many records there are of each collection. A collection that may not be read is not in it. Jobber prices
// this high.
func (a *API) Counts(ctx context.Context, account string) (map[Collection]int, error) {
	c := a.newCall(account, LanePage)
	data, err := graphql.Counts(ctx, c)
	if err != nil {
		return nil, err
	}
	counts := map[Collection]int{
		Users: data.Users.TotalCount, Clients: data.Clients.TotalCount, Properties: data.Properties.TotalCount,
		Requests: data.Requests.TotalCount, Quotes: data.Quotes.TotalCount, Jobs: data.Jobs.TotalCount,
		Visits: data.Visits.TotalCount, Invoices: data.Invoices.TotalCount,
	}
	if data.PaymentRecords != nil {
		counts[Payments] = data.PaymentRecords.TotalCount
	}
	for _, e := range c.errors {
		if e.at == "" {
			return nil, &Error{Kind: e.kind(), Op: "Counts", Message: e.Message, Status: 200}
		}
		delete(counts, collectionAt(e.at))
	}
	return counts, nil
}

func collectionAt(path string) Collection {
	root, _, _ := strings.Cut(path, ".")
	if root == "paymentRecords" {
		return Payments
	}
	return Collection(root)
}
