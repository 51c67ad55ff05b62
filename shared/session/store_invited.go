package session

import (
	"context"
	"fmt"

	"firebase.google.com/go/v4/auth"
	"firebase.google.com/go/v4/errorutils"

	"fieldboard.dev/fieldboard/shared/cloud"
	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/shared/telemetry"
)

// User is somebody as Firebase Auth knows them now. They need not be in an account.
type User struct {
	ID            string
	Email         telemetry.Personal
	EmailVerified bool
	Name          telemetry.Personal
}

// Users asks Firebase Auth about people who are invited.
type Users struct {
	identities *identities
}

// NewUsers returns the users of a project's Firebase Auth. It dials nothing.
func NewUsers(c *cloud.Clients) *Users { return &Users{&identities{c}} }

// Of returns the user that an ID token was issued to, with the address that they have now: the token's may be an older one.
func (u *Users) Of(ctx context.Context, idToken string) (User, error) {
	who, err := u.identities.identify(ctx, idToken)
	if err != nil {
		return User{}, err
	}
	var user User
	err = u.ask(ctx, func(ctx context.Context, client *auth.Client) error {
		record, err := client.GetUser(ctx, who.UserID)
		if err != nil {
			return err
		}
		user = User{
			ID: record.UID, Email: telemetry.Personal(record.Email), EmailVerified: record.EmailVerified, Name: telemetry.Personal(record.DisplayName),
		}
		return nil
	})
	return user, err
}

// ConfirmEmail notes that the user owns the address that they have. The address is written with it, so that another one, which
// the user took a moment ago, is not confirmed in its place.
func (u *Users) ConfirmEmail(ctx context.Context, user User) error {
	return u.ask(ctx, func(ctx context.Context, client *auth.Client) error {
		_, err := client.UpdateUser(ctx, user.ID, (&auth.UserToUpdate{}).Email(string(user.Email)).EmailVerified(true))
		return err
	})
}

func (u *Users) ask(ctx context.Context, do func(context.Context, *auth.Client) error) error {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	client, err := u.identities.cloud.Auth(ctx)
	if err == nil {
		err = do(ctx, client)
	}
	switch {
	case err == nil:
		return nil
	case auth.IsUserNotFound(err):
		return problem.Wrap(err, problem.Unauthenticated, "The sign-in is not valid. Sign in again.")
	case client == nil, errorutils.IsUnavailable(err), errorutils.IsDeadlineExceeded(err), ctx.Err() != nil:
		return problem.Wrap(err, problem.Unavailable, "Sign-in cannot be reached just now. Try again.")
	}
	return fmt.Errorf("asking Firebase Auth: %w", err)
}
