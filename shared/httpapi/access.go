package httpapi

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"fieldboard.dev/fieldboard/shared/problem"
)

// Permission names one thing that somebody may do, such as "finance:read". The account domain has the list.
type Permission string

// Role names a set of permissions. The account domain has the table.
type Role string

// Principal is who a request acts for. Permissions are all that it may do: the check never looks at the role.
type Principal struct {
	UserID      string
	AccountID   string
	Role        Role
	SessionID   string
	Permissions []Permission
	ExpiresAt   time.Time
}

// Can tells whether the principal holds a permission. The zero Principal holds none.
func (p Principal) Can(permission Permission) bool {
	return slices.Contains(p.Permissions, permission)
}

// Verifier turns a bearer token into its principal. Its error is a problem with code Unauthenticated when the token is not
// good, or Unavailable when that cannot be found out.
type Verifier interface {
	Verify(ctx context.Context, token string) (Principal, error)
}

// Access says who may call an operation. Every operation declares one: Public, Needs or OIDC. The zero value is none of
// them, and Register refuses it.
type Access struct {
	public      bool
	permissions []Permission
	oidc        *oidcVerifier
}

// Public lets everybody call the operation. Its handler must not trust the caller.
var Public = Access{public: true}

// Needs lets a signed-in principal call the operation when it holds every one of the permissions.
func Needs(first Permission, more ...Permission) Access {
	return Access{permissions: append([]Permission{first}, more...)}
}

func (a Access) declared() bool {
	return a.public || len(a.permissions) > 0 || a.oidc != nil
}

// admit answers whether the request may go on. The context that it returns carries the principal.
func (a Access) admit(ctx context.Context, r *http.Request, verifier Verifier) (context.Context, error) {
	if a.public {
		return ctx, nil
	}
	token, err := bearer(r)
	if err != nil {
		return ctx, err
	}
	if a.oidc != nil {
		return ctx, a.oidc.verify(ctx, token)
	}
	p, err := verifier.Verify(ctx, token)
	if err != nil {
		return ctx, err
	}
	note(ctx).principal = p
	for _, permission := range a.permissions {
		if !p.Can(permission) {
			return ctx, problem.New(problem.Forbidden, "This needs the permission %s, which your role does not have.", permission)
		}
	}
	return context.WithValue(ctx, principalKey{}, p), nil
}

type principalKey struct{}

// PrincipalFrom returns who the request acts for. It is the zero Principal, which may do nothing and belongs to no account,
// in a public operation and in one for workers.
func PrincipalFrom(ctx context.Context) Principal {
	p, _ := ctx.Value(principalKey{}).(Principal)
	return p
}

// WithPrincipal returns a context that acts for p, for tests of handlers and for work that is not a request.
func WithPrincipal(ctx context.Context, p Principal) context.Context {
	return context.WithValue(ctx, principalKey{}, p)
}

const maxTokenBytes = 8 << 10

// bearer returns the one bearer token of a request (RFC 6750, part 2.1; the two other ways to send one are not read).
func bearer(r *http.Request) (string, error) {
	values := r.Header.Values("Authorization")
	const scheme = "bearer "
	switch {
	case len(values) == 0:
		return "", problem.New(problem.Unauthenticated, "Sign in: this needs an access token in the Authorization header.")
	case len(values) > 1, len(values[0]) <= len(scheme), !strings.EqualFold(values[0][:len(scheme)], scheme):
		return "", problem.New(problem.Unauthenticated, "The Authorization header must be one: Bearer, a space, the access token.")
	case len(values[0]) > maxTokenBytes:
		return "", problem.New(problem.Unauthenticated, "The access token is too long.")
	}
	return values[0][len(scheme):], nil
}
