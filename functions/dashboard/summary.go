package dashboard

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"fieldboard.dev/fieldboard/shared/account"
	"fieldboard.dev/fieldboard/shared/httpapi"
	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/shared/record"
	"fieldboard.dev/fieldboard/shared/rollup"
	"fieldboard.dev/fieldboard/shared/syncing"
)

type summaryInput struct {
	Period string `query:"period" enum:"today,7d,30d,mtd,ytd" default:"30d" doc:"The span of days, up to today in the account's time zone"`
}

type summaryOutput struct {
	Body summaryBody
}

type summaryBody struct {
	rollup.Summary
	AsOf freshness `json:"asOf"`
}

// freshness says how true the figures are.
type freshness struct {
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

func (h *handler) summary(ctx context.Context, in *summaryInput) (*summaryOutput, error) {
	p := httpapi.PrincipalFrom(ctx)
	acc, err := h.accounts.Account(ctx, p.AccountID)
	if err != nil {
		return nil, err
	}
	zone, err := time.LoadLocation(acc.TimeZone)
	if err != nil {
		return nil, fmt.Errorf("account %s: %w", acc.ID, err)
	}
	now := h.clock.Now()
	period, err := rollup.NewPeriod(in.Period, now, zone)
	if err != nil {
		return nil, err
	}

	var sheet rollup.Sheet
	var users []*record.User
	var fresh freshness
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) { sheet, err = h.figures.Sheet(gctx, acc.ID, period, now); return err })
	g.Go(func() (err error) { users, err = h.records.Users(gctx, acc.ID); return err })
	g.Go(func() (err error) { fresh, err = h.freshness(gctx, acc.ID); return err })
	if err := g.Wait(); err != nil {
		return nil, problem.Wrap(err, problem.Unavailable, "The figures cannot be read right now. Try again shortly.")
	}
	for i := range fresh.Sources {
		fresh.Sources[i].Records = int(sheet.Totals.Records[fresh.Sources[i].Collection])
	}
	return &summaryOutput{Body: summaryBody{
		Summary: sheet.Summarise(acc.Currency, teammates(users), p.Can(account.FinanceRead)),
		AsOf:    fresh,
	}}, nil
}

func teammates(users []*record.User) []rollup.Teammate {
	people := make([]rollup.Teammate, len(users))
	for i, u := range users {
		people[i] = rollup.Teammate{UserID: u.ID, Team: u.Team, TeamName: u.TeamName, Schedulable: u.Schedulable()}
	}
	return people
}

func (h *handler) freshness(ctx context.Context, accountID string) (freshness, error) {
	connection, err := h.connections.Connection(ctx, accountID)
	if err != nil {
		return freshness{}, err
	}
	status, err := h.sync.Status(ctx, accountID)
	if err != nil {
		return freshness{}, err
	}
	out := freshness{State: "live", Sources: make([]Source, 0, len(status.Collections))}
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
