package session

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"

	"fieldboard.dev/fieldboard/shared/account"
	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/httpapi"
	"fieldboard.dev/fieldboard/shared/instance"
	"fieldboard.dev/fieldboard/shared/problem"
)

// Principal is who a token speaks for.
type Principal = httpapi.Principal

const (
	audience      = "fieldboard"
	maxTokenBytes = 4 << 10
	clockLeeway   = 30 * time.Second // between the instance that issued and the one that verifies
)

type claims struct {
	jwt.RegisteredClaims
	Account string       `json:"acct"`
	Role    account.Role `json:"role"`
	Session string       `json:"sid"`
	Version int64        `json:"pv"` // of the member's seat: what they may do
}

// Issuer makes access tokens.
type Issuer struct {
	publicURL string
	keys      keyring
	clock     clock.Clock
}

// NewIssuer returns the issuer of an instance's settings.
func NewIssuer(ctx context.Context, in *instance.Instance) (*Issuer, error) {
	cfg, err := configOf(ctx, in)
	if err != nil {
		return nil, err
	}
	return newIssuer(cfg, in.Clock)
}

func newIssuer(cfg Config, clk clock.Clock) (*Issuer, error) {
	keys, err := cfg.keys()
	if err != nil {
		return nil, err
	}
	return &Issuer{publicURL: cfg.PublicURL, keys: keys, clock: clk}, nil
}

// Issue returns an access token for p, and when it expires: AccessLifetime from now, or p.ExpiresAt where that is set and
// sooner. What p may do is not in the token; it follows from the role, which is that of one version of the member's seat.
func (i *Issuer) Issue(p Principal) (string, time.Time, error) {
	now := i.clock.Now().Truncate(time.Second) // a JWT's times are whole seconds
	expires := now.Add(AccessLifetime)
	if !p.ExpiresAt.IsZero() && p.ExpiresAt.Before(expires) {
		expires = p.ExpiresAt.Truncate(time.Second)
	}
	t := jwt.NewWithClaims(jwt.SigningMethodES256, claims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer:    i.publicURL,
			Audience:  jwt.ClaimStrings{audience},
			Subject:   p.UserID,
			ID:        uuid.NewString(),
			IssuedAt:  jwt.NewNumericDate(now),
			ExpiresAt: jwt.NewNumericDate(expires),
		},
		Account: p.AccountID,
		Role:    p.Role,
		Session: p.SessionID,
		Version: p.Seat,
	})
	t.Header["kid"] = i.keys[0].id
	signed, err := t.SignedString(i.keys[0].private)
	if err != nil {
		return "", time.Time{}, fmt.Errorf("signing an access token: %w", err)
	}
	return signed, expires, nil
}

// TokenVerifier checks access tokens by themselves, without asking anybody. It is safe for concurrent use.
type TokenVerifier struct {
	keys   keyring
	parser *jwt.Parser
}

var _ httpapi.Verifier = (*TokenVerifier)(nil)

// NewTokenVerifier returns the verifier of an instance's settings.
func NewTokenVerifier(ctx context.Context, in *instance.Instance) (*TokenVerifier, error) {
	cfg, err := configOf(ctx, in)
	if err != nil {
		return nil, err
	}
	keys, err := cfg.keys()
	if err != nil {
		return nil, err
	}
	return &TokenVerifier{
		keys: keys,
		parser: jwt.NewParser(
			jwt.WithValidMethods([]string{jwt.SigningMethodES256.Alg()}),
			jwt.WithIssuer(cfg.PublicURL),
			jwt.WithAudience(audience),
			jwt.WithExpirationRequired(),
			jwt.WithIssuedAt(),
			jwt.WithLeeway(clockLeeway),
			jwt.WithTimeFunc(in.Clock.Now),
			jwt.WithStrictDecoding()),
	}, nil
}

// Verify returns whom a token speaks for. The error is a problem Unauthenticated for any token that is not good, with one
// message for all but an expired one: the others are no honest client's.
func (v *TokenVerifier) Verify(_ context.Context, token string) (Principal, error) {
	if len(token) > maxTokenBytes {
		return Principal{}, problem.New(problem.Unauthenticated, "The access token is not valid.")
	}
	var c claims
	_, err := v.parser.ParseWithClaims(token, &c, func(t *jwt.Token) (any, error) {
		id, _ := t.Header["kid"].(string)
		if key, ok := v.keys.public(id); ok {
			return key, nil
		}
		return nil, errors.New("unknown kid")
	})
	switch {
	case errors.Is(err, jwt.ErrTokenExpired):
		return Principal{}, problem.Wrap(err, problem.Unauthenticated, "The access token has expired. Refresh the session.")
	case err != nil:
		return Principal{}, problem.Wrap(err, problem.Unauthenticated, "The access token is not valid.")
	case c.Subject == "", c.Account == "", c.Session == "", c.IssuedAt == nil, !account.Exists(c.Role):
		return Principal{}, problem.New(problem.Unauthenticated, "The access token is not valid.")
	}
	return Principal{
		UserID:    c.Subject,
		AccountID: c.Account,
		Role:      c.Role,
		SessionID: c.Session,
		Seat:      c.Version,
		Grants:    account.GrantsOf(c.Role),
		ExpiresAt: c.ExpiresAt.UTC(),
	}, nil
}

// Verifier checks access tokens, and that the session and the seat that they name still stand.
type Verifier struct {
	tokens   *TokenVerifier
	standing *Standing
}

var _ httpapi.Verifier = (*Verifier)(nil)

// NewVerifier returns the verifier of an instance's settings. It dials nothing.
func NewVerifier(ctx context.Context, in *instance.Instance) (*Verifier, error) {
	tokens, err := NewTokenVerifier(ctx, in)
	if err != nil {
		return nil, err
	}
	return &Verifier{tokens: tokens, standing: NewStanding(in)}, nil
}

// Verify returns whom a token speaks for. Its errors are TokenVerifier's, and Standing's.
func (v *Verifier) Verify(ctx context.Context, token string) (Principal, error) {
	p, err := v.tokens.Verify(ctx, token)
	if err != nil {
		return Principal{}, err
	}
	if p.Plan, err = v.standing.check(ctx, p); err != nil {
		return Principal{}, err
	}
	return p, nil
}

// Stands tells whether the session and the seat of a principal that was verified some time ago still stand. Its error is
// that this cannot be found out.
func (v *Verifier) Stands(ctx context.Context, p Principal) (bool, error) {
	_, err := v.standing.check(ctx, p)
	if problem.CodeOf(err) == problem.Unauthenticated {
		return false, nil
	}
	return err == nil, err
}

// Watch calls ended for each session and seat that ends or changes, until ctx is done. resumed is called when it begins to
// hear of them, at first and after each time that it could not: what ended in between was not told.
func (v *Verifier) Watch(ctx context.Context, ended func(Ended), resumed func()) {
	v.standing.watch(ctx, ended, resumed)
}
