package jobber

import (
	"context"
	"errors"

	"fieldboard.dev/fieldboard/shared/jobber/internal/graphql"
	"fieldboard.dev/fieldboard/shared/problem"
)

// AuthorizeURL starts a connection: it returns Jobber's consent page for a person to visit. Jobber sends the person back to
// the dashboard with a code and a state, which Connect takes.
func (a *API) AuthorizeURL(ctx context.Context, account, user string) (string, error) {
	state, err := a.store.newState(ctx, account, user)
	if err != nil {
		return "", err
	}
	return a.oauth.authorizeURL(state), nil
}

// Connect ends what AuthorizeURL started. It is problem.Invalid when the state or the code is not good (each is good once),
// and problem.Conflict when the Jobber account is another account's, or this account holds another Jobber account's data.
//
// Dying between Jobber's reply and the storing loses the tokens; the person connects again.
func (a *API) Connect(ctx context.Context, account, user, code, state string) (Connection, error) {
	if err := a.store.takeState(ctx, state, account, user); err != nil {
		return Connection{}, err
	}
	t, err := a.oauth.exchange(ctx, code)
	if errors.Is(err, errGrantInvalid) {
		return Connection{}, &problem.Error{
			Code: problem.Invalid, Message: "Jobber did not accept the authorization. Start the connection again.", Cause: err,
			Fields: []problem.Field{{Location: "body.code", Message: "was used, is too old or is not Jobber's"}},
		}
	}
	if err != nil {
		return Connection{}, problem.Wrap(err, problem.Unavailable, "Jobber does not answer. Start the connection again.")
	}
	jobber, err := a.whose(ctx, account, Token{value: t.access})
	if err != nil {
		return Connection{}, problem.Wrap(err, problem.Unavailable, "Jobber does not answer. Start the connection again.")
	}
	c, err := a.store.connect(ctx, account, user, jobber, t)
	if err == nil {
		a.tokens.forget(account)
	}
	return c, err
}

// whose reads which Jobber account a token is for. Every app may read that.
func (a *API) whose(ctx context.Context, account string, token Token) (JobberAccount, error) {
	c := a.newCall(account, LaneProbe)
	c.token = &token
	data, err := graphql.Account(ctx, c)
	if err == nil && data.Account == nil {
		err = c.missing("account")
	}
	if err != nil {
		return JobberAccount{}, err
	}
	return JobberAccount{ID: data.Account.Id, Name: data.Account.Name}, nil
}

// Account returns the account's Jobber account, as Jobber tells it now.
func (a *API) Account(ctx context.Context, account string) (JobberAccount, error) {
	c := a.newCall(account, LaneProbe)
	data, err := graphql.Account(ctx, c)
	if err == nil && data.Account == nil {
		err = c.missing("account")
	}
	if err != nil {
		return JobberAccount{}, err
	}
	return JobberAccount{ID: data.Account.Id, Name: data.Account.Name}, nil
}

// Disconnect ends the connection at Jobber, which kills the app's tokens there, and here. Here it ends though Jobber does not
// answer, since the person wants it to; the tokens are forgotten. Twice is once.
func (a *API) Disconnect(ctx context.Context, account, reason string) error {
	data, err := graphql.AppDisconnect(ctx, a.newCall(account, LaneRead))
	if err == nil && len(data.AppDisconnect.UserErrors) > 0 {
		err = errors.New(data.AppDisconnect.UserErrors[0].Message)
	}
	if kind := KindOf(err); err != nil && kind != Disconnected && kind != Unauthenticated {
		a.log.WarnContext(ctx, "Jobber was not told of a disconnection", "account", account, "error", err)
	}
	a.tokens.forget(account)
	_, err = a.store.Disconnect(ctx, account, reason)
	return err
}
