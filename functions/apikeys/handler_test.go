package apikeys_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"github.com/google/go-cmp/cmp"
	"github.com/sethvargo/go-envconfig"

	function "fieldboard.dev/fieldboard/functions/apikeys"
	"fieldboard.dev/fieldboard/shared/account"
	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/httpapi"
	"fieldboard.dev/fieldboard/shared/instance"
	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/shared/session"
	"fieldboard.dev/fieldboard/shared/telemetry"
	"fieldboard.dev/fieldboard/tests/emulator"
)

const path = "/api/v1/api-keys"

// stack is the function on emulators, with two businesses: acc_prairie with a member for each role, called like it, and
// acc_harbour with rival, its owner.
type stack struct {
	*instance.Instance
	t       *testing.T
	handler http.Handler
	clock   *clock.Manual
	issuer  *session.Issuer

	mu  sync.Mutex
	log strings.Builder
}

func (s *stack) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.Write(p)
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
	s := &stack{t: t, clock: clock.NewManual(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))}
	s.Instance, err = instance.New(t.Context(), envconfig.MapLookuper(map[string]string{
		"GOOGLE_CLOUD_PROJECT": emulator.Project(t), "REDIS_URL": emulator.Redis(t), "REDIS_PREFIX": emulator.Prefix(t),
		"PUBLIC_URL": "http://fieldboard.test", "SESSION_SIGNING_KEY": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
	}), s.clock, instance.Logger(s))
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
	accounts := account.NewStore(s.Cloud, s.clock)
	for id, owner := range map[string]string{"acc_prairie": "owner", "acc_harbour": "rival"} {
		a := account.Account{ID: id, Name: id, Currency: "USD", TimeZone: "America/Denver"}
		if _, err := accounts.Create(t.Context(), a, account.Member{UserID: owner, Name: "Olive Owner"}); err != nil {
			t.Fatal(err)
		}
	}
	for _, role := range account.Roles[1:] {
		m := account.Member{UserID: string(role), Name: telemetry.Personal(role + " by name"), Role: role, Status: account.Active}
		if err := accounts.AddMember(t.Context(), "acc_prairie", m); err != nil {
			t.Fatal(err)
		}
	}
	if s.handler, err = function.Build(t.Context(), s.Instance); err != nil {
		t.Fatal(err)
	}
	if s.issuer, err = session.NewIssuer(t.Context(), s.Instance); err != nil {
		t.Fatal(err)
	}
	return s
}

// token returns an access token of a member by name.
func (s *stack) token(who string) string {
	s.t.Helper()
	p := session.Principal{UserID: who, AccountID: "acc_prairie", Role: account.Role(who)}
	if who == "rival" {
		p.AccountID, p.Role = "acc_harbour", account.Owner
	}
	p.SessionID = emulator.Session(s.t, s.Cloud, p.AccountID, p.UserID)
	token, _, err := s.issuer.Issue(p)
	if err != nil {
		s.t.Fatal(err)
	}
	return token
}

type answer struct {
	t      *testing.T
	status int
	header http.Header
	body   string
}

func (a answer) into(status int, v any) {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("got %d %s, want %d", a.status, a.body, status)
	}
	d := json.NewDecoder(strings.NewReader(a.body))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		a.t.Fatalf("%v: %s", err, a.body)
	}
}

func (a answer) wantProblem(code problem.Code) httpapi.Problem {
	a.t.Helper()
	var p httpapi.Problem
	a.into(problem.Status(code), &p)
	if p.Code != code {
		a.t.Errorf("got %s, want %s", a.body, code)
	}
	return p
}

// send sends a request with a bearer token, or none.
func (s *stack) send(token, method, path, body string) answer {
	s.t.Helper()
	r := httptest.NewRequestWithContext(s.t.Context(), method, path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	return answer{s.t, w.Code, w.Header(), w.Body.String()}
}

func (s *stack) call(who, method, path, body string) answer {
	s.t.Helper()
	return s.send(s.token(who), method, path, body)
}

func (s *stack) create(who, body string) function.Secret {
	s.t.Helper()
	var made function.Secret
	s.call(who, http.MethodPost, path, body).into(http.StatusCreated, &made)
	return made
}

func (s *stack) list(who, query string) httpapi.Page[function.Key] {
	s.t.Helper()
	var page httpapi.Page[function.Key]
	s.call(who, http.MethodGet, path+query, "").into(http.StatusOK, &page)
	return page
}

func TestLifeOfAKey(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	now := s.clock.Now()
	expires := now.Add(48 * time.Hour)
	a := s.call("admin", http.MethodPost, path, `{"name":" Warehouse sync ","permissions":["record:read","summary:read"],
		"expiresAt":"2026-03-03T12:00:00Z","ipAllow":["203.0.113.7","2001:DB8::/32"]}`)
	if got := a.header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("got Cache-Control %q for a secret, want no-store", got)
	}
	var made function.Secret
	a.into(http.StatusCreated, &made)
	want := function.Key{
		ID: made.Key.ID, Name: "Warehouse sync", Prefix: made.Secret[:16], Permissions: []account.Permission{account.RecordRead, account.SummaryRead},
		CreatedBy: "admin by name", CreatedByID: "admin", CreatedAt: now, ExpiresAt: &expires, IPAllow: []string{"203.0.113.7", "2001:db8::/32"},
		Status: session.APIKeyActive,
	}
	if diff := cmp.Diff(want, made.Key); diff != "" {
		t.Errorf("created (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(httpapi.NewPage([]function.Key{want}, ""), s.list("owner", "")); diff != "" {
		t.Errorf("listed (-want +got):\n%s", diff)
	}

	var rotated function.Secret
	s.call("owner", http.MethodPost, path+"/"+want.ID+"/rotations", `{"overlapHours":24}`).into(http.StatusCreated, &rotated)
	overlap := now.Add(24 * time.Hour)
	want.OverlapEndsAt = &overlap
	if diff := cmp.Diff(want, rotated.Key); diff != "" {
		t.Errorf("rotated (-want +got):\n%s", diff)
	}
	if rotated.Secret == made.Secret || rotated.Secret[:16] != made.Secret[:16] {
		t.Errorf("got %q after %q, want another secret of the same key", rotated.Secret, made.Secret)
	}
	s.clock.Advance(24 * time.Hour)
	want.OverlapEndsAt = nil
	if diff := cmp.Diff([]function.Key{want}, s.list("admin", "").Items); diff != "" {
		t.Errorf("after the overlap (-want +got):\n%s", diff)
	}
	s.clock.Advance(24 * time.Hour)
	want.Status = session.APIKeyExpired
	if diff := cmp.Diff([]function.Key{want}, s.list("admin", "").Items); diff != "" {
		t.Errorf("after its end (-want +got):\n%s", diff)
	}
	s.call("admin", http.MethodPost, path+"/"+want.ID+"/rotations", `{}`).wantProblem(problem.Conflict)

	forever := s.create("admin", `{"name":"Books","permissions":["finance:read"]}`)
	if forever.Key.ExpiresAt != nil || forever.Key.LastUsedAt != nil || len(forever.Key.IPAllow) != 0 {
		t.Errorf("got %+v, want no end and no list", forever.Key)
	}
	for range 2 {
		if a := s.call("admin", http.MethodDelete, path+"/"+forever.Key.ID, ""); a.status != http.StatusNoContent || a.body != "" {
			t.Errorf("revoking: got %d %s", a.status, a.body)
		}
	}
	list := s.list("admin", "").Items
	if len(list) != 2 || list[0].ID != forever.Key.ID || list[0].Status != session.APIKeyRevoked {
		t.Errorf("got %+v, want the revoked key first", list)
	}
	s.wantPublished(4)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, secret := range []string{made.Secret, rotated.Secret, forever.Secret} {
		if strings.Contains(s.log.String(), secret[16:]) {
			t.Errorf("the log has the secret: %s", s.log.String())
		}
	}
}

// wantPublished checks that there are so many events of keys, and that none waits in the outbox.
func (s *stack) wantPublished(n int) {
	s.t.Helper()
	fs, err := s.Cloud.Firestore(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	events, err := fs.Collection("accounts/acc_prairie/events").Documents(s.t.Context()).GetAll()
	if err != nil {
		s.t.Fatal(err)
	}
	if len(events) != n {
		s.t.Errorf("got %d events, want %d", len(events), n)
	}
	for _, e := range events {
		typ, _ := e.Data()["type"].(string)
		if !strings.HasPrefix(typ, "security.key_") || e.Data()["audience"] != "security" || e.Data()["pending"] != nil {
			s.t.Errorf("got %v, want it published to the security audience", e.Data())
		}
	}
}

func TestEveryBrokenRuleIsToldAtOnce(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	p := s.call("admin", http.MethodPost, path, `{"name":"a\u202eb","permissions":["record:read","key:manage","jobber:connect","record:read"],
		"expiresAt":"2028-03-02T12:00:00Z","ipAllow":["0.0.0.0/0","10.1.2.3/16","nowhere","::/0"]}`).wantProblem(problem.Invalid)
	var got []string
	for _, f := range p.Errors {
		got = append(got, f.Location)
	}
	want := []string{
		"body.name", "body.permissions[1]", "body.permissions[2]", "body.permissions[3]", "body.expiresAt",
		"body.ipAllow[0]", "body.ipAllow[1]", "body.ipAllow[2]", "body.ipAllow[3]",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if len(s.list("admin", "").Items) != 0 {
		t.Error("a key was made all the same")
	}
}

func TestBadInput(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	id := s.create("admin", `{"name":"Books","permissions":["summary:read"]}`).Key.ID
	rotations := path + "/" + id + "/rotations"
	for name, tt := range map[string]struct {
		method, path, body string
		code               problem.Code
	}{
		"nothing":                    {http.MethodPost, path, `{}`, problem.Invalid},
		"an unknown field":           {http.MethodPost, path, `{"name":"x","permissions":["record:read"],"secret":"mine"}`, problem.Invalid},
		"null for the permissions":   {http.MethodPost, path, `{"name":"x","permissions":null}`, problem.Invalid},
		"a number for the name":      {http.MethodPost, path, `{"name":1,"permissions":["record:read"]}`, problem.Invalid},
		"an end that is no time":     {http.MethodPost, path, `{"name":"x","permissions":["record:read"],"expiresAt":"tomorrow"}`, problem.Invalid},
		"an end that is past":        {http.MethodPost, path, `{"name":"x","permissions":["record:read"],"expiresAt":"2026-03-01T12:00:00Z"}`, problem.Invalid},
		"the zero time":              {http.MethodPost, path, `{"name":"x","permissions":["record:read"],"expiresAt":"0001-01-01T00:00:00Z"}`, problem.Invalid},
		"not JSON":                   {http.MethodPost, path, `{`, problem.Invalid},
		"a page of text":             {http.MethodPost, path, `{"name":"` + strings.Repeat("x", 70_000) + `","permissions":["record:read"]}`, problem.TooLarge},
		"a foreign cursor":           {http.MethodGet, path + "?cursor=abc", "", problem.Invalid},
		"too long a page":            {http.MethodGet, path + "?limit=101", "", problem.Invalid},
		"too long an overlap":        {http.MethodPost, rotations, `{"overlapHours":169}`, problem.Invalid},
		"an overlap below zero":      {http.MethodPost, rotations, `{"overlapHours":-1}`, problem.Invalid},
		"part of an hour":            {http.MethodPost, rotations, `{"overlapHours":0.5}`, problem.Invalid},
		"no key by that id":          {http.MethodPost, path + "/AAAAAAAAAAAA/rotations", `{}`, problem.NotFound},
		"an id that is none":         {http.MethodDelete, path + "/..%2f..%2faccounts", "", problem.NotFound},
		"a secret in place of an id": {http.MethodDelete, path + "/fbk_" + strings.Repeat("A", 58), "", problem.NotFound},
	} {
		if a := s.call("admin", tt.method, tt.path, tt.body); a.status != problem.Status(tt.code) {
			t.Errorf("%s: got %d %s, want %s", name, a.status, a.body, tt.code)
		}
	}
}

func TestWhoManagesKeys(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	made := s.create("owner", `{"name":"Books","permissions":["finance:read","security:read","member:read","sync:manage","record:read","summary:read"]}`)
	for _, tt := range []struct{ method, path, body string }{
		{http.MethodGet, path, ""},
		{http.MethodPost, path, `{"name":"x","permissions":["summary:read"]}`},
		{http.MethodPost, path + "/" + made.Key.ID + "/rotations", `{}`},
		{http.MethodDelete, path + "/" + made.Key.ID, ""},
	} {
		for _, role := range []string{"dispatcher", "technician", "viewer"} {
			s.call(role, tt.method, tt.path, tt.body).wantProblem(problem.Forbidden)
		}
		s.send("", tt.method, tt.path, tt.body).wantProblem(problem.Unauthenticated)
		s.send(made.Secret, tt.method, tt.path, tt.body).wantProblem(problem.Unauthenticated) // a key manages no keys
	}
	if got := s.list("admin", "").Items; len(got) != 1 || got[0].Status != session.APIKeyActive {
		t.Errorf("got %+v, want the one key as it was", got)
	}
}

func TestBusinessesStayApart(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	id := s.create("admin", `{"name":"Books","permissions":["summary:read"]}`).Key.ID
	if got := s.list("rival", "").Items; len(got) != 0 {
		t.Errorf("another business sees %+v", got)
	}
	s.call("rival", http.MethodPost, path+"/"+id+"/rotations", `{}`).wantProblem(problem.NotFound)
	s.call("rival", http.MethodDelete, path+"/"+id, "").wantProblem(problem.NotFound)
	if got := s.list("admin", "").Items; len(got) != 1 || got[0].Status != session.APIKeyActive {
		t.Errorf("got %+v, want the key as it was", got)
	}
}

func TestKeysAreListedInPages(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	var want []string
	for i := range 5 {
		if i != 3 { // two at the same moment
			s.clock.Advance(time.Second)
		}
		want = append(want, s.create("admin", fmt.Sprintf(`{"name":"Key %d","permissions":["summary:read"]}`, i)).Key.ID)
	}
	var got []string
	for query := "?limit=2"; ; {
		page := s.list("admin", query)
		for _, k := range page.Items {
			got = append(got, k.ID)
		}
		if page.NextCursor == "" {
			break
		}
		query = "?limit=2&cursor=" + page.NextCursor
	}
	slices.Reverse(want)
	if a, b := min(want[1], want[2]), max(want[1], want[2]); len(got) == 5 { // whichever id is greater comes first
		want[1], want[2] = b, a
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestCreatorWhoLeftHasNoName(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	s.create("admin", `{"name":"Books","permissions":["summary:read"]}`)
	fs, err := s.Cloud.Firestore(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fs.Doc("accounts/acc_prairie/members/admin").Delete(t.Context(), firestore.Exists); err != nil {
		t.Fatal(err)
	}
	if got := s.list("owner", "").Items; len(got) != 1 || got[0].CreatedBy != "" || got[0].CreatedByID != "admin" {
		t.Errorf("got %+v, want no name", got)
	}
}

func TestSettingsAreCheckedAtStart(t *testing.T) {
	t.Parallel()
	in, err := instance.New(t.Context(), envconfig.MapLookuper(map[string]string{
		"GOOGLE_CLOUD_PROJECT": "demo-x", "REDIS_URL": "redis://127.0.0.1:1",
	}), clock.NewManual(time.Now()), instance.Logger(t.Output()))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := function.Build(t.Context(), in); err == nil {
		t.Error("it starts without settings")
	}
}
