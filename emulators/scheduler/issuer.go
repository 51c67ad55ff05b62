package scheduler

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/golang-jwt/jwt/v5"

	"fieldboard.dev/fieldboard/shared/clock"
)

// tokenLifetime is that of Google's ID tokens.
const tokenLifetime = time.Hour

const keyID = "local"

// Issuer signs OIDC tokens as Google does for Cloud Scheduler and Cloud Tasks, with a key made at its start. Its public key
// is what ServeHTTP answers with.
type Issuer struct {
	url   string
	key   *rsa.PrivateKey
	clock clock.Clock
	keys  []byte
}

// NewIssuer returns the issuer that calls itself url in its tokens.
func NewIssuer(url string, clk clock.Clock) (*Issuer, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	keys, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{
		{Key: key.Public(), KeyID: keyID, Algorithm: "RS256", Use: "sig"},
	}})
	if err != nil {
		return nil, err
	}
	return &Issuer{url: url, key: key, clock: clk, keys: keys}, nil
}

// Token returns a token of a service account for one audience.
func (i *Issuer) Token(email, audience string) (string, error) {
	now := i.clock.Now()
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.MapClaims{
		"iss": i.url, "aud": audience, "sub": email, "email": email, "email_verified": true,
		"iat": now.Unix(), "exp": now.Add(tokenLifetime).Unix(),
	})
	token.Header["kid"] = keyID
	signed, err := token.SignedString(i.key)
	if err != nil {
		return "", fmt.Errorf("signing an OIDC token: %w", err)
	}
	return signed, nil
}

// ServeHTTP answers every request with the JSON Web Key Set.
func (i *Issuer) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	// Nothing can be done for a caller that does not take the answer.
	_, _ = w.Write(i.keys)
}
