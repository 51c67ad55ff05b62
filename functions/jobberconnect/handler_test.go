package jobberconnect_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"github.com/sethvargo/go-envconfig"

	emulated "fieldboard.dev/fieldboard/emulators/jobber"
	function "fieldboard.dev/fieldboard/functions/jobberconnect"
	"fieldboard.dev/fieldboard/shared/account"
	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/instance"
	"fieldboard.dev/fieldboard/shared/session"
	"fieldboard.dev/fieldboard/shared/syncing"
	"fieldboard.dev/fieldboard/tests/emulator"
)

const publicURL = "http://fieldboard.test"

// stack is the function beside an emulated Jobber.
type stack struct {
	*instance.Instance
	t       *testing.T
	handler http.Handler
	issuer  *session.Issuer
}

func newStack(t *testing.T) *stack {
	t.Helper()
	emulator.Firestore(t)
	emulator.PubSub(t)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	e, err := emulated.New(emulated.Options{
		Log: slog.New(slog.DiscardHandler), Seed: 1, Scale: 0.01, ClientID: "the-app", ClientSecret: "its secret",
		RedirectURI: publicURL + "/connect/jobber",
	})
	if err != nil {
		t.Fatal(err)
	}
	jobber := httptest.NewServer(e.Handler())
	t.Cleanup(func() {
		jobber.Close()
		e.Close()
	})
	s := &stack{t: t}
	s.Instance, err = instance.New(t.Context(), envconfig.MapLookuper(map[string]string{
		"GOOGLE_CLOUD_PROJECT": emulator.Project(t), "REDIS_URL": emulator.Redis(t), "REDIS_PREFIX": emulator.Prefix(t), "RATE_LIMIT_FACTOR": "1000",
		"PUBLIC_URL": publicURL, "SESSION_SIGNING_KEY": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
		"JOBBER_CLIENT_ID": "the-app", "JOBBER_CLIENT_SECRET": "its secret", "JOBBER_GRAPHQL_VERSION": "2026-05-12",
		"JOBBER_AUTHORIZE_URL": jobber.URL + "/api/oauth/authorize", "JOBBER_TOKEN_URL": jobber.URL + "/api/oauth/token",
		"JOBBER_GRAPHQL_URL":   jobber.URL + "/api/graphql",
		"TOKEN_ENCRYPTION_KEY": base64.StdEncoding.EncodeToString(make([]byte, 32)),
		"SYNC_WORKER_URL":      "http://127.0.0.1:1/", "TASKS_INVOKER": "tasks@fieldboard.test",
		"CLOUD_TASKS_EMULATOR_HOST": "127.0.0.1:1", // nobody there: the copy is begun by the schedule then
	}), clock.System, slog.New(slog.NewTextHandler(t.Output(), nil)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Cloud.Close(); err != nil {
			t.Error(err)
		}
	})
	pubsub, err := s.Cloud.PubSub(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pubsub.TopicAdminClient.CreateTopic(t.Context(), &pubsubpb.Topic{Name: "projects/" + s.Cloud.Config().Project + "/topics/events"}); err != nil {
		t.Fatal(err)
	}
	if s.handler, err = function.Build(t.Context(), s.Instance); err != nil {
		t.Fatal(err)
	}
	if s.issuer, err = session.NewIssuer(t.Context(), s.Instance); err != nil {
		t.Fatal(err)
	}
	return s
}

// call sends a request as a member of the account, or as nobody when role is empty, and decodes the answer.
func (s *stack) call(role account.Role, accountID, method, path string, body any) (int, map[string]any) {
	s.t.Helper()
	raw := ""
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			s.t.Fatal(err)
		}
		raw = string(b)
	}
	r := httptest.NewRequestWithContext(s.t.Context(), method, path, strings.NewReader(raw))
	r.Header.Set("Content-Type", "application/json")
	if role != "" {
		userID := "uid_" + string(role)
		sid := emulator.Seat(s.t, s.Cloud, accountID, userID, role)
		token, _, err := s.issuer.Issue(session.Principal{UserID: userID, AccountID: accountID, Role: role, SessionID: sid})
		if err != nil {
			s.t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+token)
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	var answer map[string]any
	if w.Body.Len() > 0 {
		if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
			s.t.Fatalf("%s %s: %v", method, path, err)
		}
	}
	return w.Code, answer
}

// consent gives the app access to Jobber's account number and returns what Jobber sends back.
func (s *stack) consent(page, number string) map[string]string {
	s.t.Helper()
	u, err := url.Parse(page)
	if err != nil {
		s.t.Fatal(err)
	}
	form := u.Query()
	form.Set("account", number)
	u.RawQuery = ""
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.PostForm(u.String(), form)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	back, err := resp.Location()
	if err != nil {
		s.t.Fatal(err)
	}
	return map[string]string{"code": back.Query().Get("code"), "state": back.Query().Get("state")}
}

func (s *stack) connect(accountID, number string) (int, map[string]any) {
	s.t.Helper()
	status, answer := s.call(account.Owner, accountID, http.MethodPost, "/api/v1/jobber/authorizations", nil)
	if status != http.StatusOK {
		s.t.Fatalf("authorizing: status %d: %v", status, answer)
	}
	return s.call(account.Owner, accountID, http.MethodPost, "/api/v1/jobber/connections", s.consent(answer["url"].(string), number))
}

func TestConnectAndDisconnect(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	const connection = "/api/v1/jobber/connection"

	if status, got := s.call(account.Viewer, "acc_prairie", http.MethodGet, connection, nil); status != http.StatusOK || got["state"] != "disconnected" || got["jobberAccount"] != nil {
		t.Fatalf("before: status %d: %v", status, got)
	}
	status, answer := s.connect("acc_prairie", "1")
	if status != http.StatusOK {
		t.Fatalf("connecting: status %d: %v", status, answer)
	}
	jobberAccount, _ := answer["jobberAccount"].(map[string]any)
	if jobberAccount["id"] == "" || jobberAccount["name"] == "" {
		t.Errorf("connected to %v", answer)
	}
	if status, got := s.call(account.Viewer, "acc_prairie", http.MethodGet, connection, nil); status != http.StatusOK || got["state"] != "connected" {
		t.Errorf("after: status %d: %v", status, got)
	}
	read, err := syncing.NewReader(s.Cloud, s.Clock).Status(t.Context(), "acc_prairie")
	if err != nil {
		t.Fatal(err)
	}
	if !read.Copying || read.StartedAt == nil {
		t.Errorf("the copy is not begun: %+v", read)
	}
	if status, got := s.connect("acc_harbour", "1"); status != http.StatusConflict {
		t.Errorf("the same business for another account: status %d: %v, want 409", status, got)
	}
	if status, got := s.call(account.Owner, "acc_harbour", http.MethodGet, connection, nil); status != http.StatusOK || got["state"] != "disconnected" {
		t.Errorf("another account sees status %d: %v", status, got)
	}
	for range 2 {
		if status, got := s.call(account.Owner, "acc_prairie", http.MethodDelete, connection, nil); status != http.StatusNoContent {
			t.Fatalf("disconnecting: status %d: %v", status, got)
		}
	}
	status, got := s.call(account.Viewer, "acc_prairie", http.MethodGet, connection, nil)
	if status != http.StatusOK || got["state"] != "disconnected" || got["reason"] == "" || got["endedAt"] == nil {
		t.Errorf("after disconnecting: status %d: %v", status, got)
	}
}

func TestOnlyTheOwnerConnects(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	for _, tt := range []struct{ method, path string }{
		{http.MethodPost, "/api/v1/jobber/authorizations"},
		{http.MethodPost, "/api/v1/jobber/connections"},
		{http.MethodDelete, "/api/v1/jobber/connection"},
	} {
		for _, role := range []account.Role{account.Admin, account.Dispatcher, account.Technician, account.Viewer} {
			if status, _ := s.call(role, "acc_prairie", tt.method, tt.path, map[string]string{"code": "c", "state": "s"}); status != http.StatusForbidden {
				t.Errorf("%s %s as %s: status %d, want 403", tt.method, tt.path, role, status)
			}
		}
		if status, _ := s.call("", "", tt.method, tt.path, nil); status != http.StatusUnauthorized {
			t.Errorf("%s %s as nobody: status %d, want 401", tt.method, tt.path, status)
		}
	}
	if status, _ := s.call("", "", http.MethodGet, "/api/v1/jobber/connection", nil); status != http.StatusUnauthorized {
		t.Errorf("reading as nobody: status %d, want 401", status)
	}
}

func TestBadGrants(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	_, answer := s.call(account.Owner, "acc_prairie", http.MethodPost, "/api/v1/jobber/authorizations", nil)
	grant := s.consent(answer["url"].(string), "2")
	for name, tt := range map[string]struct {
		account string
		body    map[string]string
	}{
		"nothing":         {"acc_prairie", map[string]string{}},
		"an empty code":   {"acc_prairie", map[string]string{"code": "", "state": grant["state"]}},
		"a long state":    {"acc_prairie", map[string]string{"code": "c", "state": strings.Repeat("s", 300)}},
		"a made-up state": {"acc_prairie", map[string]string{"code": grant["code"], "state": "made up"}},
		"another account": {"acc_harbour", grant},
	} {
		if status, got := s.call(account.Owner, tt.account, http.MethodPost, "/api/v1/jobber/connections", tt.body); status != http.StatusUnprocessableEntity {
			t.Errorf("%s: status %d: %v, want 422", name, status, got)
		}
	}
	if status, got := s.call(account.Owner, "acc_prairie", http.MethodPost, "/api/v1/jobber/connections", map[string]string{"code": "made up", "state": grant["state"]}); status != http.StatusUnprocessableEntity {
		t.Errorf("a made-up code: status %d: %v, want 422", status, got)
	}
	if status, got := s.call(account.Owner, "acc_prairie", http.MethodPost, "/api/v1/jobber/connections", grant); status != http.StatusUnprocessableEntity {
		t.Errorf("a used state: status %d: %v, want 422", status, got)
	}
}

func TestSettingsAreCheckedAtStart(t *testing.T) {
	t.Parallel()
	in, err := instance.New(context.Background(), envconfig.MapLookuper(map[string]string{
		"GOOGLE_CLOUD_PROJECT": "demo-x", "REDIS_URL": "redis://127.0.0.1:1",
	}), clock.NewManual(time.Now()), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := function.Build(t.Context(), in); err == nil {
		t.Error("it starts without settings")
	}
}
