package httpapi_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-jose/go-jose/v4"
	"github.com/golang-jwt/jwt/v5"

	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/httpapi"
)

// issuer is a stand-in for Google's token issuer, whose keys can be changed and whose server can fail.
type issuer struct {
	*httptest.Server
	key     *rsa.PrivateKey
	kid     atomic.Value
	broken  atomic.Bool
	fetches atomic.Int32
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	i := &issuer{key: key}
	i.kid.Store("k1")
	i.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		i.fetches.Add(1)
		if i.broken.Load() {
			http.Error(w, "down", http.StatusInternalServerError)
			return
		}
		set := jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: &key.PublicKey, KeyID: i.kid.Load().(string), Use: "sig"}}}
		if err := json.NewEncoder(w).Encode(set); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(i.Close)
	return i
}

const (
	invoker = "tasks@demo-api.iam.gserviceaccount.com"
	workURL = "https://run-sync.test"
)

func (i *issuer) claims(now time.Time) jwt.MapClaims {
	return jwt.MapClaims{
		"iss": "https://issuer.test", "aud": workURL, "sub": "1234", "email": invoker, "email_verified": true,
		"iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
	}
}

func (i *issuer) sign(t *testing.T, method jwt.SigningMethod, key any, claims jwt.MapClaims) string {
	t.Helper()
	token := jwt.NewWithClaims(method, claims)
	token.Header["kid"] = i.kid.Load()
	s, err := token.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (i *issuer) worker(t *testing.T, clk clock.Clock) http.Handler {
	t.Helper()
	api := httpapi.New(newInstance(t, io.Discard), httpapi.Options{Name: "worker"})
	access := httpapi.OIDC(httpapi.OIDCConfig{Issuer: "https://issuer.test", JWKSURL: i.URL, Invoker: invoker, Audience: workURL}, clk)
	httpapi.Register(api, huma.Operation{OperationID: "work", Method: http.MethodPost, Path: "/", DefaultStatus: http.StatusNoContent}, access,
		func(context.Context, *struct{}) (*struct{}, error) { return &struct{}{}, nil })
	return api.Handler()
}

func TestOIDC(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	worker := i.worker(t, clock.NewManual(now))
	with := func(name string, value any) string {
		c := i.claims(now)
		if value == nil {
			delete(c, name)
		} else {
			c[name] = value
		}
		return i.sign(t, jwt.SigningMethodRS256, i.key, c)
	}
	good := i.sign(t, jwt.SigningMethodRS256, i.key, i.claims(now))
	tests := []struct {
		name   string
		token  string
		status int
	}{
		{"good", good, 204},
		{"within the leeway", with("exp", now.Add(-20*time.Second).Unix()), 204},
		{"none", "", 401},
		{"not a token", "abc", 401},
		{"expired", with("exp", now.Add(-time.Minute).Unix()), 401},
		{"never expires", with("exp", nil), 401},
		{"issued later", with("iat", now.Add(time.Minute).Unix()), 401},
		{"never issued", with("iat", nil), 401},
		{"another issuer", with("iss", "https://evil.test"), 401},
		{"another function's", with("aud", "https://relay.test"), 401},
		{"no audience", with("aud", nil), 401},
		{"another caller", with("email", "other@demo-api.iam.gserviceaccount.com"), 403},
		{"no email", with("email", nil), 403},
		{"email not verified", with("email_verified", false), 403},
		{"another key", i.sign(t, jwt.SigningMethodRS256, other, i.claims(now)), 401},
		{"alg none", i.sign(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, i.claims(now)), 401},
		{"HMAC with the public key", i.sign(t, jwt.SigningMethodHS256, i.key.N.Bytes(), i.claims(now)), 401},
		{"RS512", i.sign(t, jwt.SigningMethodRS512, i.key, i.claims(now)), 401},
		{"cut short", good[:len(good)-4], 401},
		{"huge", good + strings.Repeat("A", 10_000), 401},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			res := call{method: "POST", path: "/", header: as(tt.token)}.do(t, worker)
			if body := readAll(t, res); res.StatusCode != tt.status {
				t.Errorf("got %d, want %d: %s", res.StatusCode, tt.status, body)
			}
		})
	}
}

func TestOIDCKeys(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	now := clock.NewManual(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
	worker := i.worker(t, now)
	step := func(what string, status int, fetches int32) {
		t.Helper()
		token := i.sign(t, jwt.SigningMethodRS256, i.key, i.claims(now.Now()))
		res := call{method: "POST", path: "/", header: as(token)}.do(t, worker)
		if res.StatusCode != status || i.fetches.Load() != fetches {
			t.Errorf("%s: got %d after %d fetches, want %d after %d", what, res.StatusCode, i.fetches.Load(), status, fetches)
		}
	}
	i.broken.Store(true)
	step("no keys at first: closed, and to be tried again", 503, 1)
	step("not asked for at every call", 503, 1)
	now.Advance(11 * time.Second)
	i.broken.Store(false)
	step("keys after all", 204, 2)
	step("kept", 204, 2)
	i.kid.Store("k2")
	now.Advance(11 * time.Second)
	step("a new key", 204, 3)
	now.Advance(2 * time.Hour)
	i.broken.Store(true)
	step("no fresh keys: the old ones do for a day", 204, 4)
	now.Advance(24 * time.Hour)
	step("too old: closed", 503, 5)
}
