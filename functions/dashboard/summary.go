package dashboard

import (
	"context"

	"fieldboard.dev/fieldboard/shared/account"
	"fieldboard.dev/fieldboard/shared/httpapi"
	"fieldboard.dev/fieldboard/shared/overview"
)

type summaryInput struct {
	Period string `query:"period" enum:"today,7d,30d,mtd,ytd" default:"30d" doc:"The span of days, up to today in the account's time zone"`
}

type summaryOutput struct {
	Body overview.Overview
}

func (h *handler) summary(ctx context.Context, in *summaryInput) (*summaryOutput, error) {
	p := httpapi.PrincipalFrom(ctx)
	show, err := h.overviews.Read(ctx, p.AccountID, in.Period)
	if err != nil {
		return nil, err
	}
	return &summaryOutput{Body: show(p.Can(account.FinanceRead))}, nil
}
