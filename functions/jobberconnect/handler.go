package jobberconnect

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"fieldboard.dev/fieldboard/shared/account"
	"fieldboard.dev/fieldboard/shared/httpapi"
	"fieldboard.dev/fieldboard/shared/idempotency"
	"fieldboard.dev/fieldboard/shared/instance"
	"fieldboard.dev/fieldboard/shared/jobber"
	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/shared/session"
	"fieldboard.dev/fieldboard/shared/syncing"
)

// starter begins the copy of an account that was connected; twice is once.
type starter interface {
	Start(ctx context.Context, account string) error
}

type handler struct {
	jobber *jobber.API
	copy   starter
	log    *slog.Logger
}

// Build makes the function's handler.
func Build(ctx context.Context, in *instance.Instance) (http.Handler, error) {
	verifier, err := session.NewAuthenticator(ctx, in)
	if err != nil {
		return nil, err
	}
	h := &handler{log: in.Log}
	if h.jobber, err = jobber.New(ctx, in); err != nil {
		return nil, err
	}
	if h.copy, err = syncing.NewStarter(ctx, in); err != nil {
		return nil, err
	}
	api, err := session.NewAPI(ctx, in, httpapi.Options{Name: "jobberconnect", Verifier: verifier, Timeout: time.Minute})
	if err != nil {
		return nil, err
	}
	answers, err := idempotency.New(ctx, in)
	if err != nil {
		return nil, err
	}
	h.register(api, answers)
	return api.Handler(), nil
}

func (h *handler) register(api *httpapi.API, answers *idempotency.Store) {
	httpapi.RegisterCreate(api, answers, huma.Operation{
		OperationID: "authorize-jobber", Method: http.MethodPost, Path: "/api/v1/jobber/authorizations",
		Summary: "Begin a connection: where to ask the person for consent",
	}, httpapi.Needs(account.JobberConnect), h.authorize)
	httpapi.RegisterCreate(api, answers, huma.Operation{
		OperationID: "connect-jobber", Method: http.MethodPost, Path: "/api/v1/jobber/connections",
		Summary: "Complete a connection with what Jobber sent back, and start the copy",
	}, httpapi.Needs(account.JobberConnect), h.connect)
	httpapi.Register(api, huma.Operation{
		OperationID: "get-jobber-connection", Method: http.MethodGet, Path: "/api/v1/jobber/connection",
		Summary: "Whether the account is connected to Jobber",
	}, httpapi.Needs(account.SummaryRead), h.connection)
	httpapi.Register(api, huma.Operation{
		OperationID: "disconnect-jobber", Method: http.MethodDelete, Path: "/api/v1/jobber/connection", DefaultStatus: http.StatusNoContent,
		Summary: "End the connection; the copy stays as it is",
	}, httpapi.Needs(account.JobberConnect), h.disconnect)
}

type authorization struct {
	Body struct {
		URL string `json:"url" doc:"Jobber's consent page. It leads back to /connect/jobber of the dashboard within ten minutes, or not at all."`
	}
}

func (h *handler) authorize(ctx context.Context, _ *struct{}) (*authorization, error) {
	p := httpapi.PrincipalFrom(ctx)
	url, err := h.jobber.AuthorizeURL(ctx, p.AccountID, p.UserID)
	if err != nil {
		return nil, problem.Wrap(err, problem.Unavailable, "The connection cannot begin right now. Try again shortly.")
	}
	var out authorization
	out.Body.URL = url
	return &out, nil
}

// Granted is what Jobber appended to the address of /connect/jobber.
type granted struct {
	Body struct {
		Code  string `json:"code" minLength:"1" maxLength:"2048"`
		State string `json:"state" minLength:"1" maxLength:"256"`
	}
}

type connected struct {
	Body struct {
		JobberAccount jobberAccount `json:"jobberAccount"`
	}
}

type jobberAccount struct {
	ID   string `json:"id" doc:"Jobber's encoded id."`
	Name string `json:"name"`
}

func (h *handler) connect(ctx context.Context, in *granted) (*connected, error) {
	p := httpapi.PrincipalFrom(ctx)
	c, err := h.jobber.Connect(ctx, p.AccountID, p.UserID, in.Body.Code, in.Body.State)
	if err != nil {
		return nil, err
	}
	// The connection stands; a copy that could not be started now is started by the schedule.
	if err := h.copy.Start(ctx, p.AccountID); err != nil {
		h.log.ErrorContext(ctx, "starting the copy failed; the schedule will start it", "account", p.AccountID, "error", err)
	}
	var out connected
	out.Body.JobberAccount = jobberAccount(c.JobberAccount)
	return &out, nil
}

type connection struct {
	Body struct {
		State         jobber.State   `json:"state" enum:"connected,broken,disconnected"`
		Reason        string         `json:"reason,omitempty" doc:"Why it is broken or disconnected."`
		JobberAccount *jobberAccount `json:"jobberAccount" doc:"null when there never was a connection; it stays after one ended, as the copy does."`
		ConnectedAt   *time.Time     `json:"connectedAt"`
		EndedAt       *time.Time     `json:"endedAt"`
	}
}

func (h *handler) connection(ctx context.Context, _ *struct{}) (*connection, error) {
	c, err := h.jobber.Store().Connection(ctx, httpapi.PrincipalFrom(ctx).AccountID)
	if err != nil {
		return nil, problem.Wrap(err, problem.Unavailable, "The connection cannot be read right now. Try again shortly.")
	}
	var out connection
	out.Body.State, out.Body.Reason = c.State, c.Reason
	if c.JobberAccount.ID != "" {
		jobberAccount := jobberAccount(c.JobberAccount)
		out.Body.JobberAccount = &jobberAccount
	}
	out.Body.ConnectedAt, out.Body.EndedAt = orNull(c.ConnectedAt), orNull(c.EndedAt)
	return &out, nil
}

func (h *handler) disconnect(ctx context.Context, _ *struct{}) (*struct{}, error) {
	p := httpapi.PrincipalFrom(ctx)
	if err := h.jobber.Disconnect(ctx, p.AccountID, "It was disconnected in Fieldboard."); err != nil {
		return nil, problem.Wrap(err, problem.Unavailable, "The connection cannot be ended right now. Try again shortly.")
	}
	return nil, nil
}

func orNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
