package security_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/tests/harness"
)

// forger makes access tokens out of a good one.
type forger struct {
	t      *testing.T
	good   string
	key    *ecdsa.PrivateKey // the product's own: what it signs shows that a signature alone opens nothing
	header map[string]any
	claims jwt.MapClaims
}

func newForger(t *testing.T, stack *harness.Stack, good string) *forger {
	t.Helper()
	block, _ := pem.Decode([]byte(stack.Secrets.SessionSigningKey))
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	f := &forger{t: t, good: good}
	f.key, _ = key.(*ecdsa.PrivateKey)
	parsed, _, err := jwt.NewParser().ParseUnverified(good, &f.claims)
	if err != nil {
		t.Fatal(err)
	}
	f.header = parsed.Header
	return f
}

// sign returns the token with other headers and claims; nil takes one out.
func (f *forger) sign(method jwt.SigningMethod, key any, header, claims map[string]any) string {
	f.t.Helper()
	token := jwt.NewWithClaims(method, changed(f.claims, claims))
	token.Header = changed(f.header, header)
	token.Header["alg"] = method.Alg()
	signed, err := token.SignedString(key)
	if err != nil {
		f.t.Fatal(err)
	}
	return signed
}

func changed[M ~map[string]any](of M, by map[string]any) M {
	c := maps.Clone(of)
	for k, v := range by {
		if c[k] = v; v == nil {
			delete(c, k)
		}
	}
	return c
}

func (f *forger) claim(name string, value any) string {
	f.t.Helper()
	return f.sign(jwt.SigningMethodES256, f.key, nil, map[string]any{name: value})
}

func (f *forger) head(name string, value any) string {
	f.t.Helper()
	return f.sign(jwt.SigningMethodES256, f.key, map[string]any{name: value}, nil)
}

// forged are tokens that no function may take, by what is wrong with them.
func (f *forger) forged(stack *harness.Stack, rival string) map[string]string {
	f.t.Helper()
	mine, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		f.t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(&f.key.PublicKey)
	if err != nil {
		f.t.Fatal(err)
	}
	published := try(f.t, stack, attempt{path: "/.well-known/jwks.json"})
	var keys struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal([]byte(published.body), &keys); err != nil || len(keys.Keys) == 0 {
		f.t.Fatalf("no keys are published: %v %s", err, published.body)
	}
	coordinates, err := mine.PublicKey.Bytes()
	if err != nil {
		f.t.Fatal(err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	myKey := map[string]any{"kty": "EC", "crv": "P-256", "x": encode(coordinates[1:33]), "y": encode(coordinates[33:])}
	theirs := jwt.MapClaims{}
	if _, _, err := jwt.NewParser().ParseUnverified(rival, &theirs); err != nil {
		f.t.Fatal(err)
	}
	parts := strings.Split(f.good, ".")
	now := time.Now()
	es, hs := jwt.SigningMethodES256, jwt.SigningMethodHS256
	return map[string]string{
		"alg none":                         f.sign(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, nil, nil),
		"HS256 with the public key in DER": f.sign(hs, public, nil, nil),
		"HS256 with the public key in PEM": f.sign(hs, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}), nil, nil),
		"HS256 with the published key":     f.sign(hs, []byte(keys.Keys[0]), nil, nil),
		"HS256 with nothing":               f.sign(hs, []byte{}, nil, nil),
		"another key":                      f.sign(es, mine, nil, nil),
		"another key, in the header":       f.sign(es, mine, map[string]any{"jwk": myKey}, nil),
		"another key, at an address":       f.sign(es, mine, map[string]any{"jku": "http://127.0.0.1:1/jwks.json", "x5u": "http://127.0.0.1:1/"}, nil),
		"an unknown kid":                   f.head("kid", "other"),
		"a kid that is a path":             f.head("kid", "../../../../dev/null"),
		"a kid that is a query":            f.head("kid", "x' UNION SELECT 'key"),
		"a kid that is an address":         f.head("kid", "http://127.0.0.1:1/jwks.json"),
		"a kid that is a list":             f.head("kid", []string{"a", "b"}),
		"no kid":                           f.head("kid", nil),
		"another issuer":                   f.claim("iss", "https://evil.example"),
		"no issuer":                        f.claim("iss", nil),
		"another audience":                 f.claim("aud", "elsewhere"),
		"no audience":                      f.claim("aud", nil),
		"expired":                          f.claim("exp", now.Add(-time.Hour).Unix()),
		"no expiry":                        f.claim("exp", nil),
		"not valid yet":                    f.claim("nbf", now.Add(time.Hour).Unix()),
		"issued later":                     f.claim("iat", now.Add(time.Hour).Unix()),
		"another account":                  f.claim("acct", "acc_other"),
		"another member":                   f.claim("sub", "demo-admin"),
		"another's session":                f.claim("sid", theirs["sid"]),
		"a session that is a path":         f.claim("sid", "x/../../accounts/acc_demo"),
		"an account that is a path":        f.claim("acct", "acc_demo/members/demo-owner"),
		"a role that there is not":         f.claim("role", "root"),
		"another version of the seat":      f.claim("pv", 77),
		"its payload exchanged":            parts[0] + "." + strings.Split(f.claim("role", "owner"), ".")[1] + "." + parts[2],
		"its signature cut off":            parts[0] + "." + parts[1] + ".",
		"its signature of zeros":           parts[0] + "." + parts[1] + "." + strings.Repeat("A", 86),
		"two parts":                        parts[0] + "." + parts[1],
		"four parts":                       f.good + "." + parts[2],
		"huge":                             f.good + strings.Repeat("A", 6000),
	}
}

// No function takes a token that is not good for any of its operations. The one who tries is a viewer, who has a good one.
func TestForgedTokens(t *testing.T) {
	t.Parallel()
	stack := harness.New(t, harness.Options{})
	f := newForger(t, stack, stack.As(t, "viewer").AccessToken)
	forged := f.forged(stack, stack.As(t, "other").AccessToken)
	if got := try(t, stack, attempt{path: "/api/v1/me", token: f.claim("jti", "another")}); got.status != http.StatusOK {
		t.Fatalf("a token that is good but for its id: %d %s; so the others may be refused for a reason that is not theirs", got.status, got.body)
	}
	before := stored(t, stack)
	for _, o := range stack.Operations() {
		if o.Access == "public" {
			continue
		}
		base, path := stack.URL, strings.NewReplacer("{id}", "demo-viewer", "{sid}", "x").Replace(o.Path)
		if o.Access == "worker" {
			base = stack.Functions[o.Function]
		}
		for what, token := range forged {
			got := tryAt(t, base, attempt{name: o.ID, method: o.Method, path: path, token: token})
			if got.status != http.StatusUnauthorized {
				t.Errorf("%s, %s: got %d %.200s, want 401", o.ID, what, got.status, got.body)
				continue
			}
			if p := got.problem(t); p.Code != problem.Unauthenticated || got.header.Get("WWW-Authenticate") == "" {
				t.Errorf("%s, %s: got %s", o.ID, what, got.body)
			}
		}
	}
	leftAlone(t, stack, before)
}

// A worker takes the invoker's token for its own address alone: not one for another worker, of another caller, or of another issuer.
func TestWorkersTakeTheInvokerAlone(t *testing.T) {
	t.Parallel()
	stack := harness.New(t, harness.Options{})
	mine, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	claims := func(audience string) jwt.MapClaims {
		return jwt.MapClaims{
			"iss": "https://accounts.google.com", "aud": audience, "email": "invoker@demo-fieldboard.iam.gserviceaccount.com", "email_verified": true,
			"sub": "1", "iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix(),
		}
	}
	workers, member := 0, stack.As(t, "owner").AccessToken
	before := stored(t, stack)
	for _, o := range stack.Operations() {
		if o.Access != "worker" {
			continue
		}
		workers++
		address := stack.Functions[o.Function]
		self, err := jwt.NewWithClaims(jwt.SigningMethodES256, claims(address)).SignedString(mine)
		if err != nil {
			t.Fatal(err)
		}
		none, err := jwt.NewWithClaims(jwt.SigningMethodNone, claims(address)).SignedString(jwt.UnsafeAllowNoneSignatureType)
		if err != nil {
			t.Fatal(err)
		}
		tokens := map[string]string{
			"signed by somebody": self, "signed by nobody": none, "a member's": member, "nothing": "", "no token": "x",
		}
		for other := range stack.Functions {
			if other != o.Function {
				tokens["the scheduler's, for "+other] = stack.WorkerToken(t, other, "")
			}
		}
		tokens["the scheduler's, of another caller"] = stack.WorkerToken(t, o.Function, "somebody@demo-fieldboard.iam.gserviceaccount.com")
		for what, token := range tokens {
			got := tryAt(t, address, attempt{name: o.ID, method: o.Method, path: o.Path, token: token, body: "{}"})
			if got.status != http.StatusUnauthorized && got.status != http.StatusForbidden {
				t.Errorf("%s takes %s: %d %.200s", o.ID, what, got.status, got.body)
			}
		}
	}
	if workers == 0 {
		t.Error("no operation is a worker's")
	}
	leftAlone(t, stack, before)
}
