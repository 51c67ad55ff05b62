package httpapi

import (
	"context"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/golang-jwt/jwt/v5"

	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/problem"
)

// OIDCConfig says whose tokens a worker accepts. The defaults are Google's; the local stack's emulators sign with keys of
// their own.
type OIDCConfig struct {
	Issuer   string `env:"OIDC_ISSUER, default=https://accounts.google.com"`
	JWKSURL  string `env:"OIDC_JWKS_URL, default=https://www.googleapis.com/oauth2/v3/certs"`
	Invoker  string `env:"TASKS_INVOKER, required"` // the service account that may call, by its email
	Audience string `env:"OIDC_AUDIENCE, required"` // the function's own URL, as the task or the schedule asks for it
}

// OIDC lets one service account call the operation, Cloud Tasks' or Cloud Scheduler's, with an ID token that Google signed
// for this very function (https://cloud.google.com/tasks/docs/creating-http-target-tasks#token). The signing keys are
// fetched at the first call; while they cannot be had, the answer is Unavailable and the caller tries again.
func OIDC(cfg OIDCConfig, clk clock.Clock) Access {
	return Access{oidc: newOIDCVerifier(cfg, clk)}
}

// OIDCVerifier returns what checks such a token where no operation is called. The error is a problem: Unauthenticated,
// Forbidden for another caller, or Unavailable.
func OIDCVerifier(cfg OIDCConfig, clk clock.Clock) func(ctx context.Context, token string) error {
	return newOIDCVerifier(cfg, clk).verify
}

func newOIDCVerifier(cfg OIDCConfig, clk clock.Clock) *oidcVerifier {
	return &oidcVerifier{
		cfg: cfg,
		keys: &keySet{
			url:    cfg.JWKSURL,
			clock:  clk,
			client: &http.Client{Timeout: 5 * time.Second},
		},
		parser: jwt.NewParser(
			jwt.WithValidMethods([]string{"RS256"}),
			jwt.WithIssuer(cfg.Issuer),
			jwt.WithAudience(cfg.Audience),
			jwt.WithExpirationRequired(),
			jwt.WithIssuedAt(),
			jwt.WithLeeway(30*time.Second),
			jwt.WithTimeFunc(clk.Now),
			jwt.WithStrictDecoding()),
	}
}

type oidcVerifier struct {
	cfg    OIDCConfig
	keys   *keySet
	parser *jwt.Parser
}

type oidcClaims struct {
	jwt.RegisteredClaims
	Email         string `json:"email"`
	EmailVerified bool   `json:"email_verified"`
}

func (v *oidcVerifier) verify(ctx context.Context, token string) error {
	var claims oidcClaims
	_, err := v.parser.ParseWithClaims(token, &claims, func(t *jwt.Token) (any, error) {
		kid, _ := t.Header["kid"].(string)
		return v.keys.key(ctx, kid)
	})
	switch {
	case errors.Is(err, errNoKeys):
		return problem.Wrap(err, problem.Unavailable, "The caller cannot be verified just now. Try again.")
	case err != nil:
		return problem.Wrap(err, problem.Unauthenticated, "The token is not one for this function.")
	case claims.IssuedAt == nil:
		return problem.New(problem.Unauthenticated, "The token is not one for this function.")
	case claims.Email != v.cfg.Invoker || !claims.EmailVerified:
		return problem.New(problem.Forbidden, "This caller may not invoke the function.")
	}
	return nil
}

const (
	keysFreshFor   = time.Hour        // Google's keys live for days and overlap
	keysUsableFor  = 24 * time.Hour   // while they cannot be fetched anew
	keysFetchEvery = 10 * time.Second // at most, however many unknown keys are asked for
	maxKeySetBytes = 256 << 10
)

var (
	errNoKeys     = errors.New("the signing keys cannot be fetched")
	errUnknownKey = errors.New("the token is signed by an unknown key")
)

// keySet keeps the issuer's public keys. It fetches within a call, because nothing of a function runs between calls.
type keySet struct {
	url    string
	clock  clock.Clock
	client *http.Client

	mu      sync.Mutex
	keys    map[string]*rsa.PublicKey
	fetched time.Time // when keys was
	tried   time.Time // when a fetch last began
	failure error     // of the last fetch
}

func (s *keySet) key(ctx context.Context, kid string) (*rsa.PublicKey, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.clock.Now()
	if key, ok := s.keys[kid]; ok && now.Sub(s.fetched) < keysFreshFor {
		return key, nil
	}
	if s.tried.IsZero() || now.Sub(s.tried) >= keysFetchEvery {
		s.tried = now
		var keys map[string]*rsa.PublicKey
		if keys, s.failure = s.fetch(ctx); s.failure == nil {
			s.keys, s.fetched = keys, now
		}
	}
	if key, ok := s.keys[kid]; ok && now.Sub(s.fetched) < keysUsableFor {
		return key, nil
	}
	if s.failure != nil {
		return nil, fmt.Errorf("%w: %w", errNoKeys, s.failure)
	}
	return nil, errUnknownKey
}

func (s *keySet) fetch(ctx context.Context) (map[string]*rsa.PublicKey, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url, nil)
	if err != nil {
		return nil, err
	}
	res, err := s.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answered %s", s.url, res.Status)
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, maxKeySetBytes))
	if err != nil {
		return nil, err
	}
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(body, &set); err != nil {
		return nil, fmt.Errorf("%s: %w", s.url, err)
	}
	keys := map[string]*rsa.PublicKey{}
	for _, k := range set.Keys {
		if public, ok := k.Key.(*rsa.PublicKey); ok && k.KeyID != "" && k.Use != "enc" {
			keys[k.KeyID] = public
		}
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("%s has no RSA key", s.url)
	}
	return keys, nil
}
