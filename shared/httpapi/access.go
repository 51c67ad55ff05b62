package httpapi

import (
	"context"
	"net/http"
	"strings"
	"time"

	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/shared/ratelimit"
)

// Permission names one thing that somebody may do, such as "finance:read". The account domain has the list.
type Permission string

// Role names a set of permissions. The account domain has the table.
type Role string

// Scope says how much of the account a permission is held for.
type Scope string

// The scopes, widest first. The zero value is none.
const (
	WholeAccount Scope = "account"
	OwnTeam      Scope = "team" // what the teams of the member work on
	OwnRecords   Scope = "own"  // what the member works on
)

var widths = map[Scope]int{OwnRecords: 1, OwnTeam: 2, WholeAccount: 3}

// Covers tells whether a scope is at least as wide as another.
func (s Scope) Covers(other Scope) bool { return widths[s] >= widths[other] }

// Grants are permissions, each with its scope.
type Grants map[Permission]Scope

// Cover tells whether g holds all that other does, at least as widely.
func (g Grants) Cover(other Grants) bool {
	for permission, scope := range other {
		if !g[permission].Covers(scope) {
			return false
		}
	}
	return true
}

// Principal is who a request acts for: a member by a session, or an API key. Grants are all that it may do: the check never
// looks at the role.
type Principal struct {
	UserID    string // of the member; for a key, of the member who made it
	AccountID string
	Role      Role   // of the member; empty for a key
	SessionID string // empty for a key
	Seat      int64  // version of the member's seat, which changes with what the member may do; 0 for a key
	KeyID     string // empty for a session
	Plan      string // of the account; it decides the rate limits
	Grants    Grants
	ExpiresAt time.Time
}

// Can tells whether the principal holds a permission for the whole account. The zero Principal holds none.
func (p Principal) Can(permission Permission) bool {
	return p.Grants[permission] == WholeAccount
}

// Scope returns how widely the principal holds a permission; empty when it does not.
func (p Principal) Scope(permission Permission) Scope { return p.Grants[permission] }

// Verifier turns a bearer token into its principal. Its error is a problem with code Unauthenticated when the token is not
// good, or Unavailable when that cannot be found out.
type Verifier interface {
	Verify(ctx context.Context, token string) (Principal, error)
}

// takesKeys tells whether a verifier takes API keys besides access tokens. One that does says so by a method.
func takesKeys(v Verifier) bool {
	k, ok := v.(interface{ TakesAPIKeys() bool })
	return ok && k.TakesAPIKeys()
}

// Access says who may call an operation. Every operation declares one: Public, Needs, Within or OIDC. The zero value is none
// of them, and Register refuses it.
type Access struct {
	public      bool
	permissions []Permission
	narrow      bool // the permissions may be held for less than the account
	oidc        *oidcVerifier
	class       ratelimit.Class // empty: follows from the method
}

// Public lets everybody call the operation. Its handler must not trust the caller.
var Public = Access{public: true}

// Needs lets a principal call the operation when it holds every one of the permissions for the whole account.
func Needs(first Permission, more ...Permission) Access {
	return Access{permissions: append([]Permission{first}, more...)}
}

// Within lets a principal call the operation when it holds the permission for any part of the account. The handler must ask
// for the principal's Scope and answer with no more than that.
func Within(permission Permission) Access {
	return Access{permissions: []Permission{permission}, narrow: true}
}

func (a Access) declared() bool {
	return a.public || len(a.permissions) > 0 || a.oidc != nil
}

// admit answers whether the request may go on. The context that it returns carries the principal. What is left of the limits
// goes into the headers.
func (a *API) admit(ctx context.Context, r *http.Request, h http.Header, access Access) (context.Context, error) {
	class := access.classOf(r.Method)
	if access.public {
		return ctx, a.charge(ctx, h, Principal{}, class)
	}
	token, err := bearer(r)
	if err != nil {
		return ctx, a.failed(ctx, h, err)
	}
	if access.oidc != nil {
		return ctx, access.oidc.verify(ctx, token)
	}
	p, err := a.verifier.Verify(ctx, token)
	if err != nil {
		return ctx, a.failed(ctx, h, err)
	}
	note(ctx).principal = p
	if err := a.charge(ctx, h, p, class); err != nil {
		return ctx, err
	}
	if err := access.permits(p); err != nil {
		return ctx, err
	}
	return context.WithValue(ctx, principalKey{}, p), nil
}

func (a Access) permits(p Principal) error {
	for _, permission := range a.permissions {
		if p.Can(permission) || (a.narrow && p.Scope(permission) != "") {
			continue
		}
		return problem.New(problem.Forbidden, "This needs the permission %s, which you do not have.", permission)
	}
	return nil
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
