package session_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"
	"github.com/sethvargo/go-envconfig"

	function "fieldboard.dev/fieldboard/functions/session"
	"fieldboard.dev/fieldboard/shared/account"
	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/httpapi"
	"fieldboard.dev/fieldboard/shared/instance"
	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/shared/session"
	"fieldboard.dev/fieldboard/tests/emulator"
)

const publicURL = "http://fieldboard.test"

// stack is the function on emulators, in a project of its own, with two businesses:
// one has owner and viewer, the other has rival. stranger is a user of neither.
type stack struct {
	*instance.Instance
	handler  http.Handler
	clock    *clock.Manual
	key      *ecdsa.PrivateKey
	project  string
	log      *strings.Builder
	logMutex *sync.Mutex
}

func (s *stack) Write(p []byte) (int, error) {
	s.logMutex.Lock()
	defer s.logMutex.Unlock()
	return s.log.Write(p)
}

func newStack(t *testing.T, settings ...string) *stack {
	t.Helper()
	emulator.Firestore(t)
	emulator.Auth(t)
	emulator.PubSub(t)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s := &stack{clock: clock.NewManual(time.Now()), key: key, project: emulator.Project(t), log: &strings.Builder{}, logMutex: &sync.Mutex{}}
	env := map[string]string{
		"GOOGLE_CLOUD_PROJECT": s.project, "REDIS_URL": emulator.Redis(t), "REDIS_PREFIX": emulator.Prefix(t), "RATE_LIMIT_FACTOR": "1000",
		"PUBLIC_URL": publicURL, "SESSION_SIGNING_KEY": pemOf(t, key),
		"REALTIME_URL": "ws://fieldboard.test:8090", "FIREBASE_API_KEY": "demo-key",
		"FIREBASE_AUTH_DOMAIN": "demo.test", "FIREBASE_AUTH_EMULATOR_URL": "http://127.0.0.1:9099",
	}
	for i := 0; i < len(settings); i += 2 {
		env[settings[i]] = settings[i+1]
	}
	s.Instance, err = instance.New(t.Context(), envconfig.MapLookuper(env), s.clock, instance.Logger(s))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Cloud.Close(); err != nil {
			t.Error(err)
		}
	})
	if s.handler, err = function.Build(t.Context(), s.Instance); err != nil {
		t.Fatal(err)
	}
	client, err := s.Cloud.PubSub(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	topic := &pubsubpb.Topic{Name: "projects/" + s.project + "/topics/events"}
	if _, err := client.TopicAdminClient.CreateTopic(t.Context(), topic); err != nil {
		t.Fatal(err)
	}
	store := account.NewStore(s.Cloud, s.clock)
	for _, a := range []account.Account{
		{ID: "acc_prairie", Name: "Prairie Plumbing", Currency: "USD", TimeZone: "America/Denver"},
		{ID: "acc_harbour", Name: "Harbour Heating", Currency: "CAD", TimeZone: "America/St_Johns"},
	} {
		owner := account.Member{UserID: map[string]string{"acc_prairie": "owner", "acc_harbour": "rival"}[a.ID], Email: "o@example.test", Name: "Olive Owner"}
		if _, err := store.Create(t.Context(), a, owner); err != nil {
			t.Fatal(err)
		}
	}
	viewer := account.Member{UserID: "viewer", Email: "v@example.test", Name: "Vic Viewer", Role: account.Viewer, Status: account.Active}
	if err := store.AddMember(t.Context(), "acc_prairie", viewer); err != nil {
		t.Fatal(err)
	}
	for _, uid := range []string{"owner", "viewer", "rival", "stranger"} {
		emulator.CreateUser(t, s.project, uid, uid+"@example.test", "correct-horse")
	}
	return s
}

func pemOf(t *testing.T, key any) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

type answer struct {
	status int
	header http.Header
	body   []byte
	cookie *http.Cookie // __session, if the answer sets it
}

func (a answer) into(t *testing.T, v any) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(string(a.body)))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		t.Fatalf("%v: %d %s", err, a.status, a.body)
	}
}

func (a answer) session(t *testing.T) function.Session {
	t.Helper()
	if a.status != http.StatusOK {
		t.Fatalf("got %d %s, want a session", a.status, a.body)
	}
	var s function.Session
	a.into(t, &s)
	return s
}

// wantProblem checks a refusal: its status and code, and that it gives no cookie.
func (a answer) wantProblem(t *testing.T, code problem.Code) {
	t.Helper()
	var p httpapi.Problem
	a.into(t, &p)
	if a.status != problem.Status(code) || p.Code != code {
		t.Errorf("got %d %s, want %s", a.status, a.body, code)
	}
	if a.cookie != nil && a.cookie.Value != "" {
		t.Errorf("got a cookie with a refusal: %v", a.cookie)
	}
}

// ours is what a browser says of a call from the dashboard itself.
var ours = http.Header{"Sec-Fetch-Site": {"same-origin"}, "Origin": {publicURL}}

func (s *stack) call(t *testing.T, method, path, body string, header http.Header, cookie string) answer {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, publicURL+path, strings.NewReader(body))
	maps.Copy(r.Header, header)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if cookie != "" {
		r.AddCookie(&http.Cookie{Name: "__session", Value: cookie})
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	res := w.Result()
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	a := answer{status: res.StatusCode, header: res.Header, body: b}
	for _, c := range res.Cookies() {
		if c.Name == "__session" {
			a.cookie = c
		}
	}
	return a
}

func (s *stack) signIn(t *testing.T, uid string) answer {
	t.Helper()
	return s.exchange(t, emulator.SignIn(t, s.project, uid+"@example.test", "correct-horse"), "")
}

func (s *stack) exchange(t *testing.T, idToken, cookie string) answer {
	t.Helper()
	body, err := json.Marshal(map[string]string{"idToken": idToken})
	if err != nil {
		t.Fatal(err)
	}
	return s.call(t, http.MethodPost, "/api/v1/session", string(body), nil, cookie)
}

func (s *stack) refresh(t *testing.T, cookie string) answer {
	t.Helper()
	return s.call(t, http.MethodPost, "/api/v1/session/refresh", "", ours, cookie)
}

func (s *stack) signOut(t *testing.T, cookie string) answer {
	t.Helper()
	return s.call(t, http.MethodDelete, "/api/v1/session", "", ours, cookie)
}

func (s *stack) me(t *testing.T, token string) answer {
	t.Helper()
	return s.call(t, http.MethodGet, "/api/v1/me", "", http.Header{"Authorization": {"Bearer " + token}}, "")
}

func TestSignIn(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	a := s.signIn(t, "owner")
	got := a.session(t)
	want := function.Session{
		AccessToken: got.AccessToken,
		ExpiresAt:   s.clock.Now().Truncate(time.Second).Add(15 * time.Minute),
		Seat: function.Seat{
			Account: function.Account{ID: "acc_prairie", Name: "Prairie Plumbing", TimeZone: "America/Denver", Currency: "USD"},
			Member: function.Member{
				ID: "owner", Email: "o@example.test", Name: "Olive Owner", Role: account.Owner,
				Grants: account.GrantsOf(account.Owner),
			},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("session (-want +got):\n%s", diff)
	}
	if c := a.cookie; c == nil || !c.HttpOnly || c.Secure || c.SameSite != http.SameSiteStrictMode || c.Path != "/" || c.MaxAge != 30*60 || c.Domain != "" {
		t.Errorf("got cookie %v, want HttpOnly, SameSite=Strict, Path=/, half an hour, not Secure on http", c)
	}
	if got := a.header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("got Cache-Control %q, want no-store", got)
	}

	var me function.Seat
	s.me(t, got.AccessToken).into(t, &me)
	if diff := cmp.Diff(want.Seat, me); diff != "" {
		t.Errorf("me (-want +got):\n%s", diff)
	}

	verifier, err := session.NewVerifier(t.Context(), s.Instance)
	if err != nil {
		t.Fatal(err)
	}
	p, err := verifier.Verify(t.Context(), got.AccessToken)
	if err != nil {
		t.Fatal(err)
	}
	if p.UserID != "owner" || p.AccountID != "acc_prairie" || p.Role != account.Owner || !p.Can(account.JobberConnect) || !p.ExpiresAt.Equal(want.ExpiresAt) {
		t.Errorf("got principal %+v", p)
	}
	sid, _, _ := strings.Cut(a.cookie.Value, ".")
	if p.SessionID != sid {
		t.Errorf("got session %q in the access token, want the cookie's %q", p.SessionID, sid)
	}
}

func TestSecretsAreNotStoredOrLogged(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	idToken := emulator.SignIn(t, s.project, "owner@example.test", "correct-horse")
	a := s.exchange(t, idToken, "")
	access := a.session(t).AccessToken
	sid, secret, _ := strings.Cut(a.cookie.Value, ".")
	_, secret, _ = strings.Cut(secret, ".")
	s.refresh(t, sid+".0."+strings.Repeat("A", 43)).wantProblem(t, problem.Unauthenticated)
	fs, err := s.Cloud.Firestore(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	snapshot, err := fs.Doc("sessions/" + sid).Get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	stored, err := json.Marshal(snapshot.Data())
	if err != nil {
		t.Fatal(err)
	}
	raw, err := base64.RawURLEncoding.DecodeString(secret)
	if err != nil {
		t.Fatal(err)
	}
	for where, text := range map[string]string{"store": string(stored), "log": s.log.String()} {
		for what, secret := range map[string]string{
			"refresh token": secret, "its bytes": base64.StdEncoding.EncodeToString(raw), "access token": access,
			"ID token": idToken, "email": "example.test",
		} {
			if strings.Contains(text, secret) {
				t.Errorf("the %s has the %s: %s", where, what, text)
			}
		}
	}
}

func TestSignInRefusals(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	store := account.NewStore(s.Cloud, s.clock)
	if err := store.SetStatus(t.Context(), "acc_prairie", "viewer", account.Disabled); err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	unsigned := func(change map[string]any) string {
		c := jwt.MapClaims{
			"iss": "https://securetoken.google.com/" + s.project, "aud": s.project, "sub": "owner", "user_id": "owner",
			"iat": now.Unix(), "exp": now.Add(time.Hour).Unix(), "auth_time": now.Unix(),
			"firebase": map[string]any{"sign_in_provider": "password", "identities": map[string]any{}},
		}
		maps.Copy(c, change)
		token, err := jwt.NewWithClaims(jwt.SigningMethodNone, c).SignedString(jwt.UnsafeAllowNoneSignatureType)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	// The emulator's tokens have no signature, so this one is good there; it shows that the refused ones fail for their reason.
	if a := s.exchange(t, unsigned(nil), ""); a.status != http.StatusOK {
		t.Fatalf("the token that the bad ones are made from: got %d %s", a.status, a.body)
	}
	tests := []struct {
		name  string
		token string
		code  problem.Code
	}{
		{"in no business", emulator.SignIn(t, s.project, "stranger@example.test", "correct-horse"), problem.Forbidden},
		{"disabled member", emulator.SignIn(t, s.project, "viewer@example.test", "correct-horse"), problem.Forbidden},
		{"not a token", "abc", problem.Unauthenticated},
		{"expired", unsigned(map[string]any{"exp": now.Add(-time.Hour).Unix()}), problem.Unauthenticated},
		{"another project's audience", unsigned(map[string]any{"aud": "demo-other"}), problem.Unauthenticated},
		{"another project's issuer", unsigned(map[string]any{"iss": "https://securetoken.google.com/demo-other"}), problem.Unauthenticated},
		{"no such user", unsigned(map[string]any{"sub": "ghost", "user_id": "ghost"}), problem.Unauthenticated},
		{"empty", "", problem.Invalid},
		{"too long", strings.Repeat("a", 8193), problem.Invalid},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s.exchange(t, tt.token, "").wantProblem(t, tt.code)
		})
	}
}

func TestSignInInput(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	tests := []struct {
		name, body string
		header     http.Header
		code       problem.Code
	}{
		{"malformed", `{"idToken":`, nil, problem.Invalid},
		{"unknown field", `{"idToken":"a","role":"owner"}`, nil, problem.Invalid},
		{"missing field", `{}`, nil, problem.Invalid},
		{"wrong kind", `{"idToken":{"$gt":""}}`, nil, problem.Invalid},
		{"too large", `{"idToken":"` + strings.Repeat("a", 70_000) + `"}`, nil, problem.TooLarge},
		{"another site's page", `{"idToken":"a"}`, http.Header{"Sec-Fetch-Site": {"cross-site"}}, problem.Forbidden},
		{"another origin", `{"idToken":"a"}`, http.Header{"Origin": {"https://evil.test"}}, problem.Forbidden},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s.call(t, http.MethodPost, "/api/v1/session", tt.body, tt.header, "").wantProblem(t, tt.code)
		})
	}
}

func TestSignInEndsTheSessionBefore(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	before := s.signIn(t, "viewer").cookie.Value
	a := s.exchange(t, emulator.SignIn(t, s.project, "owner@example.test", "correct-horse"), before)
	if a.session(t); a.cookie.Value[:32] == before[:32] {
		t.Error("got the session that was there before, want a new one")
	}
	s.refresh(t, before).wantProblem(t, problem.Unauthenticated)
	s.refresh(t, a.cookie.Value).session(t)
}

func TestAccessTokens(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	good := s.signIn(t, "owner").session(t).AccessToken
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	var claims jwt.MapClaims
	parsed, _, err := jwt.NewParser().ParseUnverified(good, &claims)
	if err != nil {
		t.Fatal(err)
	}
	kid := parsed.Header["kid"]
	rival, _, _ := strings.Cut(s.signIn(t, "rival").cookie.Value, ".")
	sign := func(method jwt.SigningMethod, key, kid any, change map[string]any) string {
		c := maps.Clone(claims)
		for k, v := range change {
			if c[k] = v; v == nil {
				delete(c, k)
			}
		}
		token := jwt.NewWithClaims(method, c)
		if kid != nil {
			token.Header["kid"] = kid
		}
		signed, err := token.SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		return signed
	}
	with := func(name string, value any) string {
		return sign(jwt.SigningMethodES256, s.key, kid, map[string]any{name: value})
	}
	public, err := x509.MarshalPKIXPublicKey(&s.key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(good, ".")
	now := s.clock.Now()
	tests := []struct {
		name, token string
		status      int
	}{
		{"good", good, 200},
		{"signed again", with("jti", "other"), 200},
		{"expired", with("exp", now.Add(-time.Minute).Unix()), 401},
		{"without expiry", with("exp", nil), 401},
		{"issued in the future", with("iat", now.Add(time.Hour).Unix()), 401},
		{"without issue", with("iat", nil), 401},
		{"not valid yet", with("nbf", now.Add(time.Hour).Unix()), 401},
		{"another audience", with("aud", "other"), 401},
		{"without audience", with("aud", nil), 401},
		{"another issuer", with("iss", "https://evil.test"), 401},
		{"without subject", with("sub", nil), 401},
		{"without account", with("acct", nil), 401},
		{"without session", with("sid", nil), 401},
		{"a role that does not exist", with("role", "root"), 401},
		{"another key", sign(jwt.SigningMethodES256, other, kid, nil), 401},
		{"another key id", sign(jwt.SigningMethodES256, s.key, "../../etc/passwd", nil), 401},
		{"without key id", sign(jwt.SigningMethodES256, s.key, nil, nil), 401},
		{"a key id that is a number", sign(jwt.SigningMethodES256, s.key, 1, nil), 401},
		{"alg none", sign(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, kid, nil), 401},
		{"HMAC with the public key", sign(jwt.SigningMethodHS256, public, kid, nil), 401},
		{"without signature", parts[0] + "." + parts[1] + ".", 401},
		{"another payload", parts[0] + "." + strings.Split(with("role", "admin"), ".")[1] + "." + parts[2], 401},
		{"two parts", parts[0] + "." + parts[1], 401},
		{"huge", good + strings.Repeat("A", 5000), 401},
		{"an ID token", emulator.SignIn(t, s.project, "owner@example.test", "correct-horse"), 401},
		{"of another business, though signed", with("acct", "acc_harbour"), 401},
		{"of a user who is gone", with("sub", "ghost"), 401},
		{"an account that is a path", with("acct", "acc_prairie/members/owner"), 401},
		{"of another's session, though signed", with("sid", rival), 401},
		{"a session that is a path", with("sid", "../accounts/acc_prairie"), 401},
		{"an older version of the seat", with("pv", -1), 401},
		{"a newer version of the seat", with("pv", 1), 401},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if a := s.me(t, tt.token); a.status != tt.status {
				t.Errorf("got %d %s, want %d", a.status, a.body, tt.status)
			}
		})
	}
}

func TestAccessTokenExpires(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	token := s.signIn(t, "owner").session(t).AccessToken
	s.clock.Advance(15*time.Minute + 29*time.Second)
	if a := s.me(t, token); a.status != http.StatusOK {
		t.Errorf("within the leeway: got %d %s", a.status, a.body)
	}
	s.clock.Advance(2 * time.Second)
	s.me(t, token).wantProblem(t, problem.Unauthenticated)
}

func TestRefreshRotates(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	a := s.signIn(t, "owner")
	first, access := a.cookie.Value, a.session(t).AccessToken
	s.clock.Advance(10 * time.Minute)
	b := s.refresh(t, first)
	renewed := b.session(t)
	if b.cookie.Value == first || renewed.AccessToken == access {
		t.Error("got the same tokens, want new ones")
	}
	if want := s.clock.Now().Truncate(time.Second).Add(15 * time.Minute); !renewed.ExpiresAt.Equal(want) {
		t.Errorf("got expiry %s, want %s", renewed.ExpiresAt, want)
	}
	if a := s.me(t, renewed.AccessToken); a.status != http.StatusOK {
		t.Errorf("got %d %s", a.status, a.body)
	}
	s.refresh(t, b.cookie.Value).session(t)
}

func TestReuseEndsTheSession(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	first := s.signIn(t, "owner").cookie.Value
	second := s.refresh(t, first).cookie.Value
	s.clock.Advance(31 * time.Second)
	third := s.refresh(t, second).cookie.Value

	a := s.refresh(t, first) // two generations old, within anybody's grace
	a.wantProblem(t, problem.Unauthenticated)
	if a.cookie == nil || a.cookie.MaxAge >= 0 {
		t.Errorf("got cookie %v, want it removed", a.cookie)
	}
	s.refresh(t, third).wantProblem(t, problem.Unauthenticated)
	s.refresh(t, second).wantProblem(t, problem.Unauthenticated)
}

func TestReuseWithinTheGraceGetsTheSameSuccessor(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	first := s.signIn(t, "owner").cookie.Value
	second := s.refresh(t, first).cookie.Value
	s.clock.Advance(29 * time.Second)
	a := s.refresh(t, first)
	if a.session(t); a.cookie.Value != second {
		t.Errorf("got %q, want the successor that was given before, %q", a.cookie.Value, second)
	}
	s.clock.Advance(2 * time.Second)
	s.refresh(t, first).wantProblem(t, problem.Unauthenticated)
	s.refresh(t, second).wantProblem(t, problem.Unauthenticated)
}

func TestForgedRefreshTokenHarmsNobody(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	mine := s.signIn(t, "owner").cookie.Value
	theirs := s.signIn(t, "rival").cookie.Value
	sid, rest, _ := strings.Cut(mine, ".")
	_, secret, _ := strings.Cut(rest, ".")
	_, theirSecret, _ := strings.Cut(theirs[33:], ".")
	for name, forged := range map[string]string{
		"empty":             "x",
		"zeroes":            sid + ".0." + strings.Repeat("A", 43),
		"another's secret":  sid + ".0." + theirSecret,
		"later":             sid + ".1." + secret,
		"much later":        sid + ".999999999." + secret,
		"beyond any number": sid + ".99999999999999999999." + secret,
		"below zero":        sid + ".-1." + secret,
		"no session":        strings.Repeat("0", 32) + ".0." + secret,
		"a path":            "../accounts/acc_prairie.0." + secret,
		"huge":              mine + strings.Repeat("A", 3000),
	} {
		t.Run(name, func(t *testing.T) {
			s.refresh(t, forged).wantProblem(t, problem.Unauthenticated)
			if a := s.signOut(t, forged); a.status != http.StatusNoContent {
				t.Errorf("got %d %s, want 204", a.status, a.body)
			}
		})
	}
	s.refresh(t, mine).session(t)
}

func TestConcurrentRefreshesHaveOneSuccessor(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	first := s.signIn(t, "owner").cookie.Value
	const n, instances = 1000, 25
	var others []*stack
	for range instances {
		other := *s
		var err error
		if other.handler, err = function.Build(t.Context(), s.Instance); err != nil {
			t.Fatal(err)
		}
		others = append(others, &other)
	}
	answers := make([]answer, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { answers[i] = others[i%instances].refresh(t, first) })
	}
	wg.Wait()
	successors := map[string]int{}
	for _, a := range answers {
		if a.status != http.StatusOK {
			t.Fatalf("got %d %s, want every one to be renewed", a.status, a.body)
		}
		successors[a.cookie.Value]++
	}
	if len(successors) != 1 {
		t.Errorf("got %d successors, want 1", len(successors))
	}
	for successor := range successors {
		s.refresh(t, successor).session(t)
	}
}

func TestIdleAndAbsoluteEnd(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	idle := s.signIn(t, "viewer").cookie.Value
	s.clock.Advance(24 * time.Hour)
	s.refresh(t, idle).wantProblem(t, problem.Unauthenticated)

	kept := s.signIn(t, "viewer").cookie.Value
	for range 29 {
		s.clock.Advance(23 * time.Hour)
		kept = s.refresh(t, kept).cookie.Value
	}
	s.clock.Advance(23 * time.Hour)
	kept = s.refresh(t, kept).cookie.Value
	s.clock.Advance(22 * time.Hour)
	kept = s.refresh(t, kept).cookie.Value // 712 hours
	s.clock.Advance(8*time.Hour - time.Minute)
	a := s.refresh(t, kept)
	if got, want := a.session(t).ExpiresAt, s.clock.Now().Truncate(time.Second).Add(time.Minute); got.After(want) {
		t.Errorf("got an access token until %s, want none beyond the session's end at %s", got, want)
	}
	s.clock.Advance(time.Minute)
	s.refresh(t, a.cookie.Value).wantProblem(t, problem.Unauthenticated)
}

func TestSignOut(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	here, there := s.signIn(t, "owner").cookie.Value, s.signIn(t, "owner").cookie.Value
	for range 2 { // the second time changes nothing
		a := s.signOut(t, here)
		if a.status != http.StatusNoContent || a.cookie == nil || a.cookie.MaxAge >= 0 || a.cookie.Value != "" {
			t.Errorf("got %d %s and cookie %v, want 204 and the cookie removed", a.status, a.body, a.cookie)
		}
	}
	s.refresh(t, here).wantProblem(t, problem.Unauthenticated)
	s.refresh(t, there).session(t)
	if a := s.signOut(t, ""); a.status != http.StatusNoContent {
		t.Errorf("nobody signed in: got %d %s, want 204", a.status, a.body)
	}
}

func TestCookieCallsComeFromTheDashboard(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	tests := []struct {
		name   string
		header http.Header
		good   bool
	}{
		{"fetch metadata", http.Header{"Sec-Fetch-Site": {"same-origin"}}, true},
		{"origin", http.Header{"Origin": {publicURL}}, true},
		{"neither", nil, false},
		{"cross-site", http.Header{"Sec-Fetch-Site": {"cross-site"}, "Origin": {publicURL}}, false},
		{"same site", http.Header{"Sec-Fetch-Site": {"same-site"}}, false},
		{"typed by hand", http.Header{"Sec-Fetch-Site": {"none"}}, false},
		{"another origin", http.Header{"Origin": {"https://evil.test"}}, false},
		{"another port", http.Header{"Origin": {publicURL + ":8443"}}, false},
		{"no origin to tell", http.Header{"Origin": {"null"}}, false},
	}
	cookie := s.signIn(t, "owner").cookie.Value
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := s.call(t, http.MethodPost, "/api/v1/session/refresh", "", tt.header, cookie)
			if tt.good {
				a.session(t)
				cookie = a.cookie.Value
				return
			}
			a.wantProblem(t, problem.Forbidden)
			s.call(t, http.MethodDelete, "/api/v1/session", "", tt.header, cookie).wantProblem(t, problem.Forbidden)
		})
	}
	s.refresh(t, cookie).session(t)
}

func TestRefreshWithoutCookie(t *testing.T) {
	t.Parallel()
	newStack(t).refresh(t, "").wantProblem(t, problem.Unauthenticated)
}

func TestDisabledMemberIsOut(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	a := s.signIn(t, "viewer")
	store := account.NewStore(s.Cloud, s.clock)
	if err := store.SetStatus(t.Context(), "acc_prairie", "viewer", account.Disabled); err != nil {
		t.Fatal(err)
	}
	if err := session.NewStanding(s.Instance).SeatChanged(t.Context(), "acc_prairie", "viewer"); err != nil {
		t.Fatal(err)
	}
	s.me(t, a.session(t).AccessToken).wantProblem(t, problem.Unauthenticated)
	s.refresh(t, a.cookie.Value).wantProblem(t, problem.Forbidden)
	if err := store.SetStatus(t.Context(), "acc_prairie", "viewer", account.Active); err != nil {
		t.Fatal(err)
	}
	s.refresh(t, a.cookie.Value).wantProblem(t, problem.Unauthenticated) // the session ended with the refusal
	s.signIn(t, "viewer").session(t)
}

func TestConfigIsPublic(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	var got function.PublicConfig
	s.call(t, http.MethodGet, "/api/v1/config", "", nil, "").into(t, &got)
	want := function.PublicConfig{
		Firebase:    function.Firebase{APIKey: "demo-key", AuthDomain: "demo.test", ProjectID: s.project, EmulatorURL: "http://127.0.0.1:9099"},
		RealtimeURL: "ws://fieldboard.test:8090",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestMeNeedsAToken(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	s.call(t, http.MethodGet, "/api/v1/me", "", nil, s.signIn(t, "owner").cookie.Value).wantProblem(t, problem.Unauthenticated)
}

func TestCookieIsSecureOnHTTPS(t *testing.T) {
	t.Parallel()
	s := newStack(t, "PUBLIC_URL", "https://fieldboard.test")
	a := s.signIn(t, "owner")
	if a.session(t); !a.cookie.Secure {
		t.Errorf("got cookie %v, want Secure", a.cookie)
	}
}

func TestBrokenRefreshLeavesTheCookie(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	cookie := s.signIn(t, "owner").cookie.Value
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, publicURL+"/api/v1/session/refresh", nil)
	maps.Copy(r.Header, ours)
	r.AddCookie(&http.Cookie{Name: "__session", Value: cookie})
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	if w.Code != http.StatusServiceUnavailable || w.Header().Get("Set-Cookie") != "" {
		t.Errorf("got %d %s and cookie %q, want 503 and the cookie left alone", w.Code, w.Body, w.Header().Get("Set-Cookie"))
	}
	s.refresh(t, cookie).session(t)
}

func TestSettings(t *testing.T) {
	t.Parallel()
	p256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	good := map[string]string{
		"GOOGLE_CLOUD_PROJECT": "demo-x", "REDIS_URL": "redis://127.0.0.1:1", "PUBLIC_URL": publicURL,
		"SESSION_SIGNING_KEY": pemOf(t, p256), "REALTIME_URL": "ws://x", "FIREBASE_API_KEY": "k",
	}
	tests := []struct{ name, value, want string }{
		{"PUBLIC_URL", publicURL, ""},
		{"PUBLIC_URL", "", "PUBLIC_URL"},
		{"PUBLIC_URL", publicURL + "/", "PUBLIC_URL"},
		{"PUBLIC_URL", "fieldboard.test", "PUBLIC_URL"},
		{"SESSION_SIGNING_KEY", "", "SESSION_SIGNING_KEY"},
		{"SESSION_SIGNING_KEY", "secret", "SESSION_SIGNING_KEY: is not PEM"},
		{"SESSION_SIGNING_KEY", pemOf(t, p384), "SESSION_SIGNING_KEY: is not a P-256 key"},
		{"REALTIME_URL", "", "REALTIME_URL"},
		{"FIREBASE_API_KEY", "", "FIREBASE_API_KEY"},
	}
	for _, tt := range tests {
		t.Run(tt.name+"="+tt.want, func(t *testing.T) {
			t.Parallel()
			env := maps.Clone(good)
			if env[tt.name] = tt.value; tt.value == "" {
				delete(env, tt.name)
			}
			in, err := instance.New(t.Context(), envconfig.MapLookuper(env), clock.NewManual(time.Now()), instance.Logger(io.Discard))
			if err != nil {
				t.Fatal(err)
			}
			_, err = function.Build(t.Context(), in)
			if tt.want == "" && err != nil {
				t.Errorf("got %v, want no error", err)
			}
			if tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("got %v, want an error with %q", err, tt.want)
			}
			if err != nil && tt.value != "" && strings.Contains(err.Error(), "PRIVATE") {
				t.Errorf("the error shows the key: %v", err)
			}
		})
	}
}

func TestUnverifiedSignInIsForTheLocalStackAlone(t *testing.T) {
	t.Parallel()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	in, err := instance.New(t.Context(), envconfig.MapLookuper(map[string]string{
		"GOOGLE_CLOUD_PROJECT": "demo-x", "REDIS_URL": "redis://127.0.0.1:1", "PUBLIC_URL": "https://fieldboard.test",
		"SESSION_SIGNING_KEY": pemOf(t, key), "FIREBASE_AUTH_EMULATOR_HOST": "127.0.0.1:9099",
		"REALTIME_URL": "ws://x", "FIREBASE_API_KEY": "k",
	}), clock.NewManual(time.Now()), instance.Logger(io.Discard))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := function.Build(t.Context(), in); err == nil || !strings.Contains(err.Error(), "FIREBASE_AUTH_EMULATOR_HOST") {
		t.Errorf("got %v, want it refused", err)
	}
}
