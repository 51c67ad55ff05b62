package syncing

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"fieldboard.dev/fieldboard/shared/jobber"
	"fieldboard.dev/fieldboard/shared/record"
)

// source reads one collection from Jobber as records.
type source struct {
	collection record.Collection
	page       func(ctx context.Context, account string, q jobber.PageRequest) (page, error)
	one        func(ctx context.Context, account, jobberID string) (found, error)
	readings   []reading // what an incremental pass reads
}

// page is one page of a collection.
type page struct {
	upserts []record.Upsert
	read    int    // rows that Jobber sent, the unreadable ones too
	next    string // cursor of the page after it
	more    bool
	fetched time.Time // just before the request was sent
}

// oldest is the smallest update time on the page; zero when it is empty or Jobber tells none.
func (p page) oldest() time.Time {
	var t time.Time
	for _, u := range p.upserts {
		if at := u.Record.Base().UpdatedAt; t.IsZero() || at.Before(t) {
			t = at
		}
	}
	return t
}

// found is the answer for one id. There is nothing by that id when upsert.Record is nil.
type found struct {
	upsert  record.Upsert
	fetched time.Time
}

func (f found) gone() bool { return f.upsert.Record == nil }

// sources returns the collections.
func sources(api *jobber.API, log *slog.Logger) map[record.Collection]source {
	all := map[record.Collection]source{}
	for _, s := range []source{
		of(record.Users, api.Users, api.User, user, log),
		of(record.Clients, api.Clients, api.Client, client, log),
		of(record.Properties, api.Properties, api.Property, property, log),
		of(record.Requests, api.Requests, api.Request, request, log),
		of(record.Quotes, api.Quotes, api.Quote, quote, log),
		of(record.Jobs, api.Jobs, api.Job, job, log),
		of(record.Visits, api.Visits, api.Visit, visit, log),
		of(record.Invoices, api.Invoices, api.Invoice, invoice, log),
		of(record.Payments, api.Payments, api.Payment, payment, log),
	} {
		all[s.collection] = s
	}
	return all
}

func of[T any](
	c record.Collection,
	pages func(context.Context, string, jobber.PageRequest) (jobber.Page[T], error),
	single func(context.Context, string, string) (jobber.Found[T], error),
	convert func(T, time.Time) (record.Upsert, error),
	log *slog.Logger,
) source {
	return source{
		collection: c,
		readings:   readings[c],
		page: func(ctx context.Context, account string, q jobber.PageRequest) (page, error) {
			p, err := pages(ctx, account, q)
			if err != nil {
				return page{}, err
			}
			return converted(ctx, account, p, convert, log), nil
		},
		one: func(ctx context.Context, account, jobberID string) (found, error) {
			f, err := single(ctx, account, jobberID)
			if err != nil || !f.Found {
				return found{fetched: f.FetchedAt}, err
			}
			u, err := convert(f.Item, f.FetchedAt)
			return found{upsert: u, fetched: f.FetchedAt}, err
		},
	}
}

// converted makes records of a page. A row that makes none, because an id in it is no Jobber id, must not stop the others:
// it is reported and left out.
func converted[T any](ctx context.Context, account string, p jobber.Page[T], convert func(T, time.Time) (record.Upsert, error), log *slog.Logger) page {
	out := page{read: len(p.Items) + p.HiddenItems, next: p.NextCursor, more: p.HasNext, fetched: p.FetchedAt}
	for _, item := range p.Items {
		u, err := convert(item, p.FetchedAt)
		if err != nil {
			log.ErrorContext(ctx, "a row from Jobber cannot be kept", "account", account, "error", err)
			continue
		}
		out.upserts = append(out.upserts, u)
	}
	if p.HiddenItems > 0 {
		log.WarnContext(ctx, "Jobber hides rows from the connecting user", "account", account, "rows", p.HiddenItems)
	}
	return out
}

// hopeless reports whether trying a read again cannot help: a person has to change something.
func hopeless(err error) bool {
	var e *jobber.Error
	if !errors.As(err, &e) {
		return false
	}
	_, again := jobber.RetryAfter(err)
	return !again
}

// disconnected reports whether the account's connection is gone.
func disconnected(err error) bool {
	k := jobber.KindOf(err)
	return k == jobber.Disconnected || k == jobber.Unauthenticated
}

// told is what a person may read about a failure.
func told(err error) string {
	switch jobber.KindOf(err) {
	case jobber.Disconnected, jobber.Unauthenticated:
		return "Jobber is disconnected. Connect it again."
	case jobber.HiddenByPermission:
		return "Jobber does not show this to the person who connected it. An administrator of the Jobber account must connect it again."
	case jobber.Refused, jobber.VersionRefused, jobber.TooExpensive, jobber.Misuse:
		return "Jobber refused the request. We are told and look into it."
	case jobber.Throttled, jobber.RateLimited, jobber.Wait:
		return "Jobber asked us to slow down. It goes on by itself."
	case jobber.Transient:
		return "Jobber does not answer. It is tried again."
	}
	return "Something went wrong. It is tried again."
}
