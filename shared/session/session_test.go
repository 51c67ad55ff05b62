package session_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"io"
	"testing"
	"time"

	"github.com/sethvargo/go-envconfig"

	"fieldboard.dev/fieldboard/shared/account"
	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/instance"
	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/shared/session"
)

func newInstance(tb testing.TB) *instance.Instance {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		tb.Fatal(err)
	}
	in, err := instance.New(tb.Context(), envconfig.MapLookuper(map[string]string{
		"GOOGLE_CLOUD_PROJECT": "demo-x", "REDIS_URL": "redis://127.0.0.1:1", "PUBLIC_URL": "http://fieldboard.test",
		"SESSION_SIGNING_KEY": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
	}), clock.NewManual(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)), instance.Logger(io.Discard))
	if err != nil {
		tb.Fatal(err)
	}
	return in
}

// FuzzVerify looks for a token that the issuer did not make and the verifier takes. The seeds are one that it made, and ones
// that look alike.
func FuzzVerify(f *testing.F) {
	in := newInstance(f)
	issuer, err := session.NewIssuer(f.Context(), in)
	if err != nil {
		f.Fatal(err)
	}
	verifier, err := session.NewTokenVerifier(f.Context(), in)
	if err != nil {
		f.Fatal(err)
	}
	good, _, err := issuer.Issue(session.Principal{UserID: "u", AccountID: "acc_one", Role: account.Viewer, SessionID: "s"})
	if err != nil {
		f.Fatal(err)
	}
	if _, err := verifier.Verify(f.Context(), good); err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(good[:len(good)-1])
	f.Add("eyJhbGciOiJub25lIn0.e30.")
	f.Add("a.b.c")
	f.Add("")
	f.Fuzz(func(t *testing.T, token string) {
		p, err := verifier.Verify(t.Context(), token)
		if err == nil && token != good {
			t.Errorf("got %+v for %q", p, token)
		}
		if err != nil && problem.CodeOf(err) != problem.Unauthenticated {
			t.Errorf("got %v, want Unauthenticated", err)
		}
	})
}
