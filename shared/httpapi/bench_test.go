package httpapi_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/sethvargo/go-envconfig"

	"fieldboard.dev/fieldboard/shared/account"
	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/httpapi"
	"fieldboard.dev/fieldboard/shared/instance"
	"fieldboard.dev/fieldboard/shared/session"
	"fieldboard.dev/fieldboard/tests/emulator"
)

// sink takes an answer and keeps nothing but its status.
type sink struct {
	header http.Header
	status int
}

func (s *sink) Header() http.Header         { return s.header }
func (s *sink) Write(p []byte) (int, error) { return len(p), nil }
func (s *sink) WriteHeader(status int)      { s.status = status }

// BenchmarkChain answers a small GET of a signed-in person: the whole chain, with an ES256 signature to verify and a Redis on
// this machine to charge to. The parts are measured by leaving others out.
func BenchmarkChain(b *testing.B) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		b.Fatal(err)
	}
	in, err := instance.New(b.Context(), envconfig.MapLookuper(map[string]string{
		"GOOGLE_CLOUD_PROJECT": emulator.Project(b), "PUBLIC_URL": "http://fieldboard.test", "TRUSTED_PROXIES": "1",
		"REDIS_URL": emulator.Redis(b), "REDIS_PREFIX": emulator.Prefix(b), "RATE_LIMIT_FACTOR": "100000", "RATE_LIMIT_TIMEOUT": "1m",
		"SESSION_SIGNING_KEY": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
	}), clock.System, instance.Logger(io.Discard))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = in.Cloud.Close() })
	issuer, err := session.NewIssuer(b.Context(), in)
	if err != nil {
		b.Fatal(err)
	}
	signed, err := session.NewVerifier(b.Context(), in)
	if err != nil {
		b.Fatal(err)
	}
	emulator.Firestore(b)
	sid := emulator.Seat(b, in.Cloud, "acc_one", "u1", account.Owner)
	token, _, err := issuer.Issue(session.Principal{UserID: "u1", AccountID: "acc_one", Role: account.Owner, SessionID: sid})
	if err != nil {
		b.Fatal(err)
	}
	limited, err := httpapi.NewPublic(b.Context(), in, httpapi.Options{Name: "bench", Verifier: signed})
	if err != nil {
		b.Fatal(err)
	}
	unsigned := tokens{token: {UserID: "u1", AccountID: "acc_one", Role: account.Owner, Grants: account.GrantsOf(account.Owner)}}
	for _, bb := range []struct {
		name string
		api  *httpapi.API
	}{
		{"all", limited},
		{"without limits", httpapi.New(in, httpapi.Options{Name: "bench", Verifier: signed})},
		{"without limits and signature", httpapi.New(in, httpapi.Options{Name: "bench", Verifier: unsigned})},
	} {
		httpapi.Register(bb.api, huma.Operation{OperationID: "list-things", Method: http.MethodGet, Path: "/api/v1/things"}, httpapi.Needs(account.RecordRead),
			func(context.Context, *things) (*seen, error) { return &seen{}, nil })
		h := bb.api.Handler()
		request := func() *http.Request {
			r := httptest.NewRequestWithContext(b.Context(), http.MethodGet, "/api/v1/things?limit=10", nil)
			r.Header.Set("Authorization", "Bearer "+token)
			r.Header.Set("X-Forwarded-For", "192.0.2.1")
			return r
		}
		answer := func(b *testing.B, r *http.Request) {
			b.Helper()
			w := &sink{header: http.Header{}}
			if h.ServeHTTP(w, r); w.status != http.StatusOK {
				b.Errorf("status %d", w.status)
			}
		}
		b.Run(bb.name, func(b *testing.B) {
			r := request()
			b.ReportAllocs()
			for b.Loop() {
				answer(b, r)
			}
		})
		b.Run(bb.name+", in parallel", func(b *testing.B) {
			b.ReportAllocs()
			b.RunParallel(func(p *testing.PB) {
				for r := request(); p.Next(); {
					answer(b, r)
				}
			})
		})
	}
}
