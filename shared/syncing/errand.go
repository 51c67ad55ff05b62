package syncing

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"fieldboard.dev/fieldboard/shared/jobber"
	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/shared/record"
)

// mostChildren is how many records may hang on a deleted one before the deletion waits for a person.
const mostChildren = 500

// errTooManyVanish says that a deletion would take more than mostChildren records with it.
var errTooManyVanish = errors.New("too many records hang on what was deleted")

type key struct {
	collection record.Collection
	id         string
}

// copyist is what reading from Jobber and writing to the copy takes.
type copyist struct {
	api     *jobber.API
	sources map[record.Collection]source
	records *record.Store
	log     *slog.Logger
}

func newCopyist(api *jobber.API, records *record.Store, log *slog.Logger) copyist {
	return copyist{api: api, sources: sources(api, log), records: records, log: log}
}

// errand gathers what one change changes: the record as Jobber shows it now, and what goes with it. Nothing is gathered as
// gone that Jobber was not asked for by id.
type errand struct {
	copyist
	account string
	batch   record.Batch
	done    map[key]record.Record // what was fetched already; nil for what is gone
}

func (c copyist) errand(account string) *errand {
	return &errand{copyist: c, account: account, done: map[key]record.Record{}}
}

// gather fetches a record and what Jobber changes along with it without a word: a visit or an invoice changes
// its job, a payment its invoice, and money the client's balance; a first job makes a lead a client; a job is told of once
// for all its visits; and what is deleted takes along what hangs on it.
func (e *errand) gather(ctx context.Context, c record.Collection, jobberID string, action jobber.Action) error {
	id, err := record.IDOf(jobberID)
	if err != nil {
		return err
	}
	before, err := e.stored(ctx, c, id)
	if err != nil {
		return err
	}
	now, err := e.fetch(ctx, c, jobberID)
	if err != nil {
		return err
	}
	switch c {
	case record.Clients:
		if now == nil {
			return e.fetchChildren(ctx, id, children{
				{record.Properties, "clientId"}, {record.Requests, "clientId"}, {record.Quotes, "clientId"}, {record.Jobs, "clientId"},
				{record.Visits, "clientId"}, {record.Invoices, "clientId"}, {record.Payments, "clientId"},
			})
		}
	case record.Properties:
		if now == nil {
			if err := e.fetchParents(ctx, before); err != nil {
				return err
			}
			return e.fetchChildren(ctx, id, children{
				{record.Requests, "propertyId"}, {record.Quotes, "propertyId"}, {record.Jobs, "propertyId"}, {record.Visits, "propertyId"},
			})
		}
	case record.Jobs:
		if action == jobber.Created || now == nil {
			if err := e.fetchParents(ctx, before, now); err != nil {
				return err
			}
		}
		return e.jobChanged(ctx, id, jobberID, now == nil)
	case record.Visits:
		if err := e.fetchParents(ctx, before, now); err != nil {
			return err
		}
		if v, there := now.(*record.Visit); there && action == jobber.Created { // one is told of for a whole series
			return e.readVisits(ctx, record.JobberIDOf(v.JobID))
		}
	case record.Invoices:
		return e.invoiceChanged(ctx, id, jobberID, before, now)
	case record.Payments:
		return e.fetchParents(ctx, before, now)
	}
	return nil
}

// stored returns what the copy has of a record; nil when nothing.
func (e *errand) stored(ctx context.Context, c record.Collection, id string) (record.Record, error) {
	r, err := e.records.Get(ctx, e.account, c, id)
	if problem.CodeOf(err) == problem.NotFound {
		return nil, nil
	}
	return r, err
}

// fetch asks Jobber for a record, once, and returns it; nil when it is gone.
func (e *errand) fetch(ctx context.Context, c record.Collection, jobberID string) (record.Record, error) {
	id, err := record.IDOf(jobberID)
	if err != nil {
		return nil, err
	}
	if r, asked := e.done[key{c, id}]; asked {
		return r, nil
	}
	f, err := e.sources[c].one(ctx, e.account, jobberID)
	if err != nil {
		return nil, err
	}
	if f.gone() {
		e.batch.Deletes = append(e.batch.Deletes, record.Delete{Collection: c, ID: id, FetchedAt: f.fetched})
	} else {
		e.batch.Upserts = append(e.batch.Upserts, f.upsert)
	}
	e.done[key{c, id}] = f.upsert.Record
	return f.upsert.Record, nil
}

// fetchAll fetches records by our ids.
func (e *errand) fetchAll(ctx context.Context, c record.Collection, ids []string) error {
	for _, id := range ids {
		if err := e.fetchOne(ctx, c, id); err != nil {
			return err
		}
	}
	return nil
}

// fetchOne fetches a record by our id; "" is none.
func (e *errand) fetchOne(ctx context.Context, c record.Collection, id string) error {
	if id == "" {
		return nil
	}
	_, err := e.fetch(ctx, c, record.JobberIDOf(id))
	return err
}

// children names collections and the field in which they refer to a parent.
type children []struct {
	collection record.Collection
	field      string
}

// fetchChildren fetches what the copy has of a parent's children.
func (e *errand) fetchChildren(ctx context.Context, parent string, of children) error {
	found := make([][]string, len(of))
	left := mostChildren
	for i, c := range of {
		ids, err := e.records.Children(ctx, e.account, c.collection, c.field, parent, left+1)
		if err != nil {
			return err
		}
		if len(ids) > left {
			return fmt.Errorf("%w: more than %d on %s", errTooManyVanish, mostChildren, parent)
		}
		found[i] = ids
		left -= len(ids)
	}
	for i, c := range of {
		if err := e.fetchAll(ctx, c.collection, found[i]); err != nil {
			return err
		}
	}
	return nil
}

// jobChanged reads the visits of a job and fetches those that the copy has and the job has not.
func (e *errand) jobChanged(ctx context.Context, id, jobberID string, gone bool) error {
	if !gone {
		if err := e.readVisits(ctx, jobberID); err != nil {
			return err
		}
	}
	return e.fetchChildren(ctx, id, children{{record.Visits, "jobId"}})
}

func (e *errand) readVisits(ctx context.Context, jobID string) error {
	for q := (jobber.PageRequest{}); ; {
		p, found, err := e.api.JobVisits(ctx, e.account, jobID, q)
		if err != nil || !found {
			return err
		}
		for _, u := range converted(ctx, e.account, p, visit, e.log).upserts {
			e.done[key{record.Visits, u.Record.Base().ID}] = u.Record
			e.batch.Upserts = append(e.batch.Upserts, u)
		}
		if !p.HasNext {
			return nil
		}
		q.After = p.NextCursor
	}
}

// invoiceChanged fetches the invoice's jobs, its client, and, when it is gone, the payments that referred to it.
func (e *errand) invoiceChanged(ctx context.Context, id, jobberID string, before, now record.Record) error {
	if err := e.fetchParents(ctx, before, now); err != nil {
		return err
	}
	if now == nil {
		if err := e.fetchChildren(ctx, id, children{{record.Payments, "invoiceId"}}); err != nil {
			return err
		}
		// What it billed is no longer told; it was work for its client.
		if i, known := before.(*record.Invoice); known && i.ClientID != "" {
			return e.fetchChildren(ctx, i.ClientID, children{{record.Jobs, "clientId"}})
		}
		return nil
	}
	jobs, _, err := e.api.InvoiceJobs(ctx, e.account, jobberID)
	if err != nil {
		return err
	}
	for _, jobID := range jobs {
		if _, err := e.fetch(ctx, record.Jobs, jobID); err != nil {
			return err
		}
	}
	return nil
}

// fetchParents fetches what a record belonged to before and belongs to now, as far as that changes with it.
func (e *errand) fetchParents(ctx context.Context, states ...record.Record) error {
	for _, r := range states {
		var err error
		switch r := r.(type) {
		case *record.Property:
			err = e.fetchOne(ctx, record.Clients, r.ClientID)
		case *record.Job:
			err = e.fetchOne(ctx, record.Clients, r.ClientID)
		case *record.Visit:
			err = e.fetchOne(ctx, record.Jobs, r.JobID)
		case *record.Invoice:
			err = e.fetchOne(ctx, record.Clients, r.ClientID)
		case *record.Payment:
			if err = e.fetchOne(ctx, record.Invoices, r.InvoiceID); err == nil {
				err = e.fetchOne(ctx, record.Clients, r.ClientID)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}
