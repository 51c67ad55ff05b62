package report

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/url"
	"time"

	"golang.org/x/sync/errgroup"

	"fieldboard.dev/fieldboard/shared/account"
	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/cloud"
	"fieldboard.dev/fieldboard/shared/event"
	"fieldboard.dev/fieldboard/shared/httpapi"
	"fieldboard.dev/fieldboard/shared/instance"
	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/shared/record"
	"fieldboard.dev/fieldboard/shared/task"
	"fieldboard.dev/fieldboard/shared/telemetry"
)

// Config says where files are kept.
type Config struct {
	Bucket      string `env:"REPORTS_BUCKET, required"` // of Cloud Storage, which deletes what is in it after Kept
	AuditBucket string `env:"EXPORTS_BUCKET, required"` // of the audit log's exports
}

// LinkConfig is what signs links.
type LinkConfig struct {
	Key       telemetry.Secret `env:"REPORT_LINK_KEY, required"` // base64 of 32 bytes or more
	PublicURL string           `env:"PUBLIC_URL, required"`
}

// Validate checks the settings.
func (c LinkConfig) Validate() error {
	var errs []error
	if key, err := c.key(); err != nil || len(key) < 32 {
		errs = append(errs, errors.New("REPORT_LINK_KEY must be base64 of at least 32 bytes"))
	}
	if u, err := url.Parse(c.PublicURL); err != nil || u.Host == "" {
		errs = append(errs, errors.New("PUBLIC_URL must be an address"))
	}
	return errors.Join(errs...)
}

func (c LinkConfig) key() ([]byte, error) { return base64.StdEncoding.DecodeString(c.Key.Reveal()) }

// Reports makes and shows the reports of accounts.
type Reports struct {
	store    store
	engine   *task.Engine
	records  *record.Store
	accounts *account.Store
	events   *event.Store
	clock    clock.Clock
	key      []byte
	url      string
}

// New returns the reports of an instance's settings. It dials nothing.
func New(ctx context.Context, in *instance.Instance) (*Reports, error) {
	var cfg Config
	var links LinkConfig
	var published event.Config
	if err := errors.Join(in.Config(ctx, &cfg), in.Config(ctx, &links), in.Config(ctx, &published)); err != nil {
		return nil, err
	}
	key, err := links.key()
	if err != nil {
		return nil, fmt.Errorf("REPORT_LINK_KEY: %w", err)
	}
	engine, err := task.NewEngine(ctx, in)
	if err != nil {
		return nil, err
	}
	events := event.NewStore(in.Cloud, published, in.Log)
	return &Reports{
		store: store{in.Cloud, cfg}, engine: engine, records: record.NewStore(in.Cloud, events, in.Clock, in.Log),
		accounts: account.NewStore(in.Cloud, in.Clock), events: events, clock: in.Clock, key: key, url: links.PublicURL,
	}, nil
}

// Available are the definitions that somebody may ask for.
func Available(by httpapi.Principal) []Definition {
	var all []Definition
	for _, d := range Definitions {
		if may(by, d) {
			all = append(all, d)
		}
	}
	return all
}

func may(by httpapi.Principal, d Definition) bool {
	for _, permission := range d.Needs {
		if !by.Can(permission) {
			return false
		}
	}
	return true
}

// audiences are those of the reports that somebody sees.
func audiences(by httpapi.Principal) []Audience {
	all := []Audience{ForOperations}
	money, audit := by.Can(account.FinanceRead), by.Can(account.EventExport)
	if money {
		all = append(all, ForFinance)
	}
	if audit {
		all = append(all, ForAudit)
	}
	if money && audit {
		all = append(all, ForAuditMoney)
	}
	return all
}

// Create begins a report. Its errors are problems: Invalid with every broken rule, Forbidden for a report that is not for
// whoever asks. The id is the request's: the same one again is the same report.
func (r *Reports) Create(ctx context.Context, id string, by httpapi.Principal, request Request) (Report, error) {
	return r.createOf(ctx, id, by, request, r.clock.Now())
}

// createOf is Create of a period that is counted from a moment.
func (r *Reports) createOf(ctx context.Context, id string, by httpapi.Principal, request Request, of time.Time) (Report, error) {
	acc, err := r.accounts.Account(ctx, by.AccountID)
	if err != nil {
		return Report{}, err
	}
	now := r.clock.Now().UTC()
	o, d, g, err := request.order(ctx, r.records, acc, by, of)
	if err != nil {
		return Report{}, err
	}
	audience := d.audience(g, o.Money)
	kept := Kept
	if audience == ForAudit || audience == ForAuditMoney {
		kept = auditKept
	}
	doc := document{Title: d.Title + " " + g.Title, Order: o, Audience: audience, By: by.UserID, CreatedAt: now, ExpireAt: now.Add(kept)}
	t := Making.New(acc.ID, o)
	t.ID, t.By, t.Title = id, by.UserID, doc.Title
	tell := event.New(acc.ID, event.ReportMade, now)
	tell.Audience, tell.Detail, tell.Actor = event.Security, fmt.Sprintf("%s, as %s", doc.Title, o.Format), by.UserID
	doc, err = r.store.create(ctx, r.engine, acc.ID, id, doc, t, r.events, tell)
	if err != nil {
		return Report{}, err
	}
	return r.standing(ctx, doc.report(acc.ID, id))
}

// auditKept is how long the bucket of the audit log's exports keeps a file.
const auditKept = 7 * 24 * time.Hour

// Rerun asks for what a report asked for again: a period by its name is that of today.
func (r *Reports) Rerun(ctx context.Context, newID string, by httpapi.Principal, id string) (Report, error) {
	old, err := r.document(ctx, by, id)
	if err != nil {
		return Report{}, err
	}
	o := old.Order
	request := Request{Kind: o.Kind, Grouping: o.Grouping, Format: string(o.Format), Period: o.Period, Filters: o.Filters}
	if o.Period == "" {
		request.From, request.To = string(o.From), string(o.To)
	}
	return r.Create(ctx, newID, by, request)
}

// document returns a report that somebody may see; a problem NotFound for any other.
func (r *Reports) document(ctx context.Context, by httpapi.Principal, id string) (document, error) {
	d, err := r.store.get(ctx, by.AccountID, id)
	if err != nil {
		return document{}, err
	}
	for _, a := range audiences(by) {
		if a == d.Audience && d.ExpireAt.After(r.clock.Now()) {
			return d, nil
		}
	}
	return document{}, notFound()
}

// Get returns a report; a problem NotFound for one that is not there, or not for whoever asks.
func (r *Reports) Get(ctx context.Context, by httpapi.Principal, id string) (Report, error) {
	d, err := r.document(ctx, by, id)
	if err != nil {
		return Report{}, err
	}
	return r.standing(ctx, d.report(by.AccountID, id))
}

// List returns the reports that somebody sees, the newest first, after a position.
func (r *Reports) List(ctx context.Context, by httpapi.Principal, after *Position, limit int) (reports []Report, more bool, err error) {
	reports, more, err = r.store.list(ctx, by.AccountID, audiences(by), after, limit)
	if err != nil {
		return nil, false, err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(8)
	for i := range reports {
		g.Go(func() (err error) { reports[i], err = r.standing(ctx, reports[i]); return err })
	}
	return reports, more, g.Wait()
}

// standing tells how a report that is not done stands, by its task.
func (r *Reports) standing(ctx context.Context, x Report) (Report, error) {
	if x.State == Done {
		return x, nil
	}
	v, err := r.engine.Get(ctx, x.Account, x.ID)
	switch {
	case problem.CodeOf(err) == problem.NotFound:
		x.State, x.Failure = Failed, "It was never made."
		return x, nil
	case err != nil:
		return x, err
	}
	x.Read, x.Expected, x.FinishedAt = v.Progress.Done, v.Progress.Total, v.EndedAt
	switch v.State {
	case task.Waiting:
		x.State = Queued
	case task.Running, task.Parted:
		x.State = Running
	case task.Cancelled:
		x.State = Cancelled
	case task.Done: // by now: the report was read before
		d, err := r.store.get(ctx, x.Account, x.ID)
		return d.report(x.Account, x.ID), err
	case task.Failed:
		x.State = Failed
		if v.Failure != nil {
			x.Failure = v.Failure.Message
		}
	}
	return x, nil
}

// Cancel ends a report that is not finished: within seconds, and without a file. One that is finished stays as it is.
func (r *Reports) Cancel(ctx context.Context, by httpapi.Principal, id string) (Report, error) {
	d, err := r.document(ctx, by, id)
	if err != nil || d.Object != "" {
		return d.report(by.AccountID, id), err
	}
	v, err := r.engine.Cancel(ctx, by.AccountID, id, by.UserID)
	if err != nil {
		return Report{}, err
	}
	x, err := r.standing(ctx, d.report(by.AccountID, id))
	if v.State == task.Running && x.State == Running {
		x.State = Cancelled // as it is in a moment
	}
	return x, err
}

// Delete removes a report and its file. One that is being made is cancelled.
func (r *Reports) Delete(ctx context.Context, by httpapi.Principal, id string) error {
	d, err := r.document(ctx, by, id)
	if err != nil {
		return err
	}
	if d.Object == "" {
		if _, err := r.engine.Cancel(ctx, by.AccountID, id, by.UserID); err != nil && problem.CodeOf(err) != problem.NotFound {
			return err
		}
	} else if err := r.store.drop(ctx, r.store.bucketOf(d.Audience), d.Object); err != nil {
		return err
	}
	last, err := r.store.remove(ctx, by.AccountID, id)
	if err != nil || last.Object == d.Object {
		return err
	}
	return r.store.drop(ctx, r.store.bucketOf(last.Audience), last.Object) // it was done meanwhile
}

// File is what a finished report's file is.
type File struct {
	Name      string
	MediaType string
	Write     func(io.Writer) error // sends the file; it is called once
}

// Open returns the file of a finished report: a problem Conflict for one that is not done.
func (r *Reports) Open(ctx context.Context, by httpapi.Principal, id string) (File, error) {
	d, err := r.document(ctx, by, id)
	if err != nil {
		return File{}, err
	}
	return r.file(ctx, d)
}

func (r *Reports) file(ctx context.Context, d document) (File, error) {
	if d.Object == "" {
		return File{}, problem.New(problem.Conflict, "The report is not done.")
	}
	in, err := r.store.open(ctx, r.store.bucketOf(d.Audience), d.Object)
	if err != nil {
		return File{}, err
	}
	return File{d.fileName(), d.Order.Format.MediaType(), func(out io.Writer) error {
		_, err := io.Copy(out, in)
		return errors.Join(err, in.Close())
	}}, nil
}

// Link returns an address at which whoever has it gets the file without signing in, and until when.
func (r *Reports) Link(ctx context.Context, by httpapi.Principal, id string) (address string, until time.Time, err error) {
	d, err := r.document(ctx, by, id)
	if err != nil {
		return "", time.Time{}, err
	}
	if d.Object == "" {
		return "", time.Time{}, problem.New(problem.Conflict, "The report is not done.")
	}
	until = r.clock.Now().UTC().Add(LinkLife).Truncate(time.Second)
	if d.ExpireAt.Before(until) {
		until = d.ExpireAt.UTC().Truncate(time.Second)
	}
	token, err := sign(r.key, claims{Account: by.AccountID, Report: id, Until: until.Unix()})
	if err != nil {
		return "", time.Time{}, err
	}
	return r.url + "/api/v1/report-files?token=" + url.QueryEscape(token), until, nil
}

// OpenLinked returns the file that a link's token leads to; a problem NotFound for any other token.
func (r *Reports) OpenLinked(ctx context.Context, token string) (File, error) {
	now := r.clock.Now()
	c, err := verify(r.key, token, now)
	if err != nil {
		return File{}, err
	}
	if !cloud.AreIDs(c.Account, c.Report) {
		return File{}, notFound()
	}
	d, err := r.store.get(ctx, c.Account, c.Report)
	if err != nil {
		return File{}, err
	}
	if !d.ExpireAt.After(now) {
		return File{}, notFound()
	}
	return r.file(ctx, d)
}
