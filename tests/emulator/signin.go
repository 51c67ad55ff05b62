package emulator

import (
	"context"
	"testing"
	"time"

	"fieldboard.dev/fieldboard/emulators/signin"
)

// signInLimit bounds one call of the Auth emulator.
const signInLimit = 30 * time.Second

// CreateUser makes a user of a project's Firebase Auth with the uid it is given.
func CreateUser(tb testing.TB, project, uid, email, password string) {
	tb.Helper()
	auth := signin.Auth{Host: Auth(tb), Project: project} // its start has a limit of its own
	ctx, cancel := context.WithTimeout(tb.Context(), signInLimit)
	defer cancel()
	if err := auth.CreateUser(ctx, uid, email, password); err != nil {
		tb.Fatal(err)
	}
}

// SignIn returns a Firebase ID token of a user of a project.
func SignIn(tb testing.TB, project, email, password string) string {
	tb.Helper()
	auth := signin.Auth{Host: Auth(tb), Project: project}
	ctx, cancel := context.WithTimeout(tb.Context(), signInLimit)
	defer cancel()
	token, err := auth.SignIn(ctx, email, password)
	if err != nil {
		tb.Fatal(err)
	}
	return token
}
