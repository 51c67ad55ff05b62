package members

import (
	"context"
	"errors"
	"log/slog"
	"net/http"

	"fieldboard.dev/fieldboard/shared/account"
	"fieldboard.dev/fieldboard/shared/event"
	"fieldboard.dev/fieldboard/shared/httpapi"
	"fieldboard.dev/fieldboard/shared/idempotency"
	"fieldboard.dev/fieldboard/shared/instance"
	"fieldboard.dev/fieldboard/shared/mail"
	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/shared/session"
)

// Config says where the dashboard is, to which invitations lead.
type Config struct {
	PublicURL string `env:"PUBLIC_URL, required"`
}

// seatChanged hears of every change of who is in an account and what they may do, after it is stored: what was issued before
// is refused from then on. Its error says that it may take a moment longer; doing it again is safe.
type seatChanged interface {
	SeatChanged(ctx context.Context, accountID, userID string) error
}

type handler struct {
	cfg         Config
	accounts    *account.Store
	members     *account.Members
	invitations *account.Invitations
	users       *session.Users
	seats       seatChanged
	sessions    *session.Service
	mail        *mail.Sender
	log         *slog.Logger
}

// Build makes the function's handler. It dials nothing.
func Build(ctx context.Context, in *instance.Instance) (http.Handler, error) {
	verifier, err := session.NewAuthenticator(ctx, in)
	if err != nil {
		return nil, err
	}
	accounts := account.NewStore(in.Cloud, in.Clock)
	h := &handler{accounts: accounts, users: session.NewUsers(in.Cloud), seats: session.NewStanding(in), log: in.Log}
	var published event.Config
	if err := errors.Join(in.Config(ctx, &h.cfg), in.Config(ctx, &published)); err != nil {
		return nil, err
	}
	events := event.NewStore(in.Cloud, published, in.Log)
	h.members, h.invitations = account.NewMembers(accounts, events), account.NewInvitations(accounts, events)
	if h.mail, err = mail.New(ctx, in); err != nil {
		return nil, err
	}
	answers, err := idempotency.New(ctx, in)
	if err != nil {
		return nil, err
	}
	api, err := session.NewAPI(ctx, in, httpapi.Options{Name: "members", Verifier: verifier})
	if err != nil {
		return nil, err
	}
	if h.sessions, err = session.NewService(ctx, in); err != nil {
		return nil, err
	}
	h.registerMembers(api)
	h.registerSessions(api)
	h.registerAccount(api)
	h.registerInvitations(api, answers)
	return api.Handler(), nil
}

// inBody says where in the request the fields are that a domain found wrong.
func inBody(err error) error {
	var e *problem.Error
	if !errors.As(err, &e) || e.Code != problem.Invalid {
		return err
	}
	told := &problem.Error{Code: problem.Invalid, Message: "Correct the fields below and send the request again.", Cause: e.Cause}
	for _, f := range e.Fields {
		told.Fields = append(told.Fields, problem.Field{Location: "body." + f.Location, Message: f.Message})
	}
	return told
}
