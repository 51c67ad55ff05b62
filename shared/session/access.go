package session

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/go-jose/go-jose/v4"
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
}

// Issuer makes access tokens.
type Issuer struct {
	publicURL string
	key       *ecdsa.PrivateKey
	keyID     string
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
	key, err := cfg.key()
	if err != nil {
		return nil, err
	}
	id, err := keyID(&key.PublicKey)
	if err != nil {
		return nil, err
	}
	return &Issuer{publicURL: cfg.PublicURL, key: key, keyID: id, clock: clk}, nil
}

// Issue returns an access token for p, and when it expires: AccessLifetime from now, or p.ExpiresAt where that is set and
// sooner. What p may do is not in the token; it follows from the role.
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
	})
	t.Header["kid"] = i.keyID
	signed, err := t.SignedString(i.key)
	if err != nil {
		return "", time.Time{}, fmt.Errorf("signing an access token: %w", err)
	}
	return signed, expires, nil
}

// Verifier checks access tokens, without asking anybody. It is safe for concurrent use.
type Verifier struct {
	keys   map[string]*ecdsa.PublicKey
	parser *jwt.Parser
}

var _ httpapi.Verifier = (*Verifier)(nil)

// NewVerifier returns the verifier of an instance's settings.
func NewVerifier(ctx context.Context, in *instance.Instance) (*Verifier, error) {
	cfg, err := configOf(ctx, in)
	if err != nil {
		return nil, err
	}
	return newVerifier(cfg, in.Clock)
}

func newVerifier(cfg Config, clk clock.Clock) (*Verifier, error) {
	key, err := cfg.key()
	if err != nil {
		return nil, err
	}
	id, err := keyID(&key.PublicKey)
	if err != nil {
		return nil, err
	}
	return &Verifier{
		keys: map[string]*ecdsa.PublicKey{id: &key.PublicKey},
		parser: jwt.NewParser(
			jwt.WithValidMethods([]string{jwt.SigningMethodES256.Alg()}),
			jwt.WithIssuer(cfg.PublicURL),
			jwt.WithAudience(audience),
			jwt.WithExpirationRequired(),
			jwt.WithIssuedAt(),
			jwt.WithLeeway(clockLeeway),
			jwt.WithTimeFunc(clk.Now),
			jwt.WithStrictDecoding()),
	}, nil
}

// Verify returns whom a token speaks for. The error is a problem Unauthenticated for any token that is not good, with one
// message for all but an expired one: the others are no honest client's.
func (v *Verifier) Verify(_ context.Context, token string) (Principal, error) {
	if len(token) > maxTokenBytes {
		return Principal{}, problem.New(problem.Unauthenticated, "The access token is not valid.")
	}
	var c claims
	_, err := v.parser.ParseWithClaims(token, &c, func(t *jwt.Token) (any, error) {
		id, _ := t.Header["kid"].(string)
		if key, ok := v.keys[id]; ok {
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
		Grants:    account.GrantsOf(c.Role),
		ExpiresAt: c.ExpiresAt.UTC(),
	}, nil
}

// keyID is the RFC 7638 thumbprint of a public key.
func keyID(key *ecdsa.PublicKey) (string, error) {
	sum, err := (&jose.JSONWebKey{Key: key}).Thumbprint(crypto.SHA256)
	if err != nil {
		return "", fmt.Errorf("naming the signing key: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(sum), nil
}
