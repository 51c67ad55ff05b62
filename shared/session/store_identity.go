package session

import (
	"context"
	"fmt"

	"firebase.google.com/go/v4/auth"
	"firebase.google.com/go/v4/errorutils"

	"fieldboard.dev/fieldboard/shared/cloud"
	"fieldboard.dev/fieldboard/shared/problem"
)

// identities asks Firebase Auth who somebody is.
type identities struct {
	cloud *cloud.Clients
}

// userOf returns the user that an ID token was issued to. It asks Firebase each time, so that a disabled user, or one whose
// tokens were revoked, does not come in with a token from before.
func (i *identities) userOf(ctx context.Context, idToken string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	client, err := i.cloud.Auth(ctx)
	if err != nil {
		return "", problem.Wrap(err, problem.Unavailable, "Sign-in cannot be checked just now. Try again.")
	}
	token, err := client.VerifyIDTokenAndCheckRevoked(ctx, idToken)
	switch {
	case err == nil:
		return token.UID, nil
	case auth.IsUserDisabled(err):
		return "", problem.Wrap(err, problem.Forbidden, "This user is disabled.")
	case auth.IsIDTokenExpired(err), auth.IsIDTokenRevoked(err):
		return "", problem.Wrap(err, problem.Unauthenticated, "The sign-in has expired. Sign in again.")
	case auth.IsIDTokenInvalid(err), auth.IsUserNotFound(err), auth.IsTenantIDMismatch(err):
		return "", problem.Wrap(err, problem.Unauthenticated, "The sign-in is not valid. Sign in again.")
	case auth.IsCertificateFetchFailed(err), errorutils.IsUnavailable(err), errorutils.IsDeadlineExceeded(err), ctx.Err() != nil:
		return "", problem.Wrap(err, problem.Unavailable, "Sign-in cannot be checked just now. Try again.")
	}
	return "", fmt.Errorf("verifying an ID token: %w", err)
}
