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

// identities asks Firebase Auth who somebody is.
type identities struct {
	cloud *cloud.Clients
}

// Identity is whom an ID token was issued to.
type Identity struct {
	UserID        string
	Email         telemetry.Personal
	EmailVerified bool
}

// identify returns whom an ID token was issued to. It asks Firebase each time, so that a disabled user, or one whose
// tokens were revoked, does not come in with a token from before.
func (i *identities) identify(ctx context.Context, idToken string) (Identity, error) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	client, err := i.cloud.Auth(ctx)
	if err != nil {
		return Identity{}, problem.Wrap(err, problem.Unavailable, "Sign-in cannot be checked just now. Try again.")
	}
	token, err := client.VerifyIDTokenAndCheckRevoked(ctx, idToken)
	switch {
	case err == nil:
		email, _ := token.Claims["email"].(string)
		verified, _ := token.Claims["email_verified"].(bool)
		return Identity{UserID: token.UID, Email: telemetry.Personal(email), EmailVerified: verified}, nil
	case auth.IsUserDisabled(err):
		return Identity{}, problem.Wrap(err, problem.Forbidden, "This user is disabled.")
	case auth.IsIDTokenExpired(err), auth.IsIDTokenRevoked(err):
		return Identity{}, problem.Wrap(err, problem.Unauthenticated, "The sign-in has expired. Sign in again.")
	case auth.IsIDTokenInvalid(err), auth.IsUserNotFound(err), auth.IsTenantIDMismatch(err):
		return Identity{}, problem.Wrap(err, problem.Unauthenticated, "The sign-in is not valid. Sign in again.")
	case auth.IsCertificateFetchFailed(err), errorutils.IsUnavailable(err), errorutils.IsDeadlineExceeded(err), ctx.Err() != nil:
		return Identity{}, problem.Wrap(err, problem.Unavailable, "Sign-in cannot be checked just now. Try again.")
	}
	return Identity{}, fmt.Errorf("verifying an ID token: %w", err)
}
