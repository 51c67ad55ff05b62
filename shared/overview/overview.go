// Package overview is what the dashboard's first page shows: the business in one period, and how true the figures are. It is
// read when a page opens, and pushed while one is open.
package overview

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"fieldboard.dev/fieldboard/shared/account"
	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/event"
	"fieldboard.dev/fieldboard/shared/instance"
	"fieldboard.dev/fieldboard/shared/jobber"
	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/shared/record"
	"fieldboard.dev/fieldboard/shared/rollup"
	"fieldboard.dev/fieldboard/shared/syncing"
)

// Overview is the business in one period, as somebody may see it.
type Overview struct {
	rollup.Summary
	AsOf Freshness `json:"asOf"`
}

// Freshness says how true the figures are.
type Freshness struct {
	At      *time.Time `json:"at" doc:"Everything that Jobber knew then is in the figures; null until each source was copied once"`
	State   string     `json:"state" enum:"live,copying,stale,disconnected"`
	Sources []Source   `json:"sources" nullable:"false"`
}

// Source is the freshness of one collection.
type Source struct {
	Collection string     `json:"collection"`
	State      string     `json:"state" enum:"copying,live,stale,failed"`
	Records    int        `json:"records" doc:"Living records in the copy"`
	Copied     int        `json:"copied" doc:"Records that the first copy has read so far"`
	Expected   int        `json:"expected" doc:"Records that Jobber counted when the copy began; 0 when it did not say"`
	AsOf       *time.Time `json:"asOf"`
}

// Reader reads overviews.
type Reader struct {
	clock       clock.Clock
	accounts    *account.Store
	figures     *rollup.Store
	records     *record.Store
	sync        *syncing.Reader
	connections *jobber.Reader
}

// NewReader returns a reader. It dials nothing.
func NewReader(in *instance.Instance) *Reader {
	events := event.NewStore(in.Cloud, event.Config{}, in.Log) // reads only: it publishes nothing
	return &Reader{
		clock:       in.Clock,
		accounts:    account.NewStore(in.Cloud, in.Clock),
		figures:     rollup.NewStore(in.Cloud),
		records:     record.NewStore(in.Cloud, events, in.Clock, in.Log),
		sync:        syncing.NewReader(in.Cloud, in.Clock),
		connections: jobber.NewReader(in.Cloud),
	}
}

// Read reads an account's overview of a period. It returns a function that shows it with the amounts of money or without, so
// that both come of one reading. Its errors are problems: Invalid for a period that there is not, else Unavailable.
func (r *Reader) Read(ctx context.Context, accountID, periodName string) (show func(money bool) Overview, err error) {
	acc, err := r.accounts.Account(ctx, accountID)
	if err != nil {
		return nil, err
	}
	zone, err := time.LoadLocation(acc.TimeZone)
	if err != nil {
		return nil, fmt.Errorf("account %s: %w", acc.ID, err)
	}
	now := r.clock.Now()
	period, err := rollup.NewPeriod(periodName, now, zone)
	if err != nil {
		return nil, err
	}
	var sheet rollup.Sheet
	var users []*record.User
	var fresh Freshness
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) { sheet, err = r.figures.Sheet(ctx, acc.ID, period, now); return err })
	g.Go(func() (err error) { users, err = r.records.Users(ctx, acc.ID); return err })
	g.Go(func() (err error) { fresh, err = r.freshness(ctx, acc.ID); return err })
	if err := g.Wait(); err != nil {
		return nil, problem.Wrap(err, problem.Unavailable, "The figures cannot be read right now. Try again shortly.")
	}
	for i := range fresh.Sources {
		fresh.Sources[i].Records = int(sheet.Totals.Records[fresh.Sources[i].Collection])
	}
	return func(money bool) Overview {
		return Overview{Summary: sheet.Summarise(acc.Currency, teammates(users), money), AsOf: fresh}
	}, nil
}

func teammates(users []*record.User) []rollup.Teammate {
	people := make([]rollup.Teammate, len(users))
	for i, u := range users {
		people[i] = rollup.Teammate{UserID: u.ID, Team: u.Team, TeamName: u.TeamName, Schedulable: u.Schedulable()}
	}
	return people
}

func (r *Reader) freshness(ctx context.Context, accountID string) (Freshness, error) {
	connection, err := r.connections.Connection(ctx, accountID)
	if err != nil {
		return Freshness{}, err
	}
	status, err := r.sync.Status(ctx, accountID)
	if err != nil {
		return Freshness{}, err
	}
	out := Freshness{State: "live", Sources: make([]Source, 0, len(status.Collections))}
	complete := true
	for _, c := range status.Collections {
		out.Sources = append(out.Sources, Source{
			Collection: string(c.Collection), State: string(c.State), Copied: c.Copied, Expected: c.Expected, AsOf: c.AsOf,
		})
		switch {
		case c.AsOf == nil:
			complete = false
		case out.At == nil || c.AsOf.Before(*out.At):
			out.At = c.AsOf
		}
		if c.State == syncing.StateStale || c.State == syncing.StateFailed {
			out.State = "stale"
		}
	}
	if !complete {
		out.At = nil
	}
	switch {
	case !connection.Connected():
		out.State = "disconnected"
	case status.Copying:
		out.State = "copying"
	}
	return out, nil
}
