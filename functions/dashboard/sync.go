package dashboard

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"

	"fieldboard.dev/fieldboard/shared/httpapi"
	"fieldboard.dev/fieldboard/shared/jobber"
	"fieldboard.dev/fieldboard/shared/overview"
	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/shared/syncing"
)

type syncOutput struct {
	Body syncBody
}

type syncBody struct {
	Connection  connection       `json:"connection"`
	Collections []collectionSync `json:"collections" nullable:"false"`
	StartedAt   *time.Time       `json:"startedAt" doc:"Of the run that goes on, or of the last one"`
	FinishedAt  *time.Time       `json:"finishedAt" doc:"Of the last run that was completed"`
}

type connection struct {
	State         string         `json:"state" enum:"connected,disconnected,broken"`
	JobberAccount *jobberAccount `json:"jobberAccount" doc:"null when there was never a connection"`
}

type jobberAccount struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

type collectionSync struct {
	overview.Source
	Error string `json:"error,omitempty" doc:"Why it failed, for a person"`
}

func (h *handler) syncState(ctx context.Context, _ *struct{}) (*syncOutput, error) {
	accountID := httpapi.PrincipalFrom(ctx).AccountID
	var found jobber.Connection
	var status syncing.Status
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) { found, err = h.connections.Connection(gctx, accountID); return err })
	g.Go(func() (err error) { status, err = h.sync.Status(gctx, accountID); return err })
	if err := g.Wait(); err != nil {
		return nil, problem.Wrap(err, problem.Unavailable, "The state of the copy cannot be read right now. Try again shortly.")
	}
	out := syncBody{
		Connection:  connection{State: string(found.State)},
		Collections: make([]collectionSync, len(status.Collections)),
		StartedAt:   status.StartedAt, FinishedAt: status.FinishedAt,
	}
	if found.JobberAccount.ID != "" {
		out.Connection.JobberAccount = &jobberAccount{ID: found.JobberAccount.ID, Name: found.JobberAccount.Name}
	}
	for i, c := range status.Collections {
		out.Collections[i] = collectionSync{
			Source: overview.Source{
				Collection: string(c.Collection), State: string(c.State), Records: c.Records, Copied: c.Copied, Expected: c.Expected, AsOf: c.AsOf,
			},
			Error: c.Error,
		}
	}
	return &syncOutput{Body: out}, nil
}
