package session_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	function "fieldboard.dev/fieldboard/functions/session"
	"fieldboard.dev/fieldboard/shared/account"
	"fieldboard.dev/fieldboard/shared/event"
	"fieldboard.dev/fieldboard/shared/httpapi"
	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/shared/session"
	"fieldboard.dev/fieldboard/tests/emulator"
)

// as sends a request with an access token.
func (s *stack) as(t *testing.T, token, method, path, body string) answer {
	t.Helper()
	return s.call(t, method, path, body, http.Header{"Authorization": {"Bearer " + token}, "User-Agent": {"Test browser"}}, "")
}

func (s *stack) list(t *testing.T, token string) []session.Living {
	t.Helper()
	var all []session.Living
	for cursor := ""; ; {
		var page httpapi.Page[session.Living]
		s.as(t, token, http.MethodGet, "/api/v1/sessions?limit=2&cursor="+cursor, "").into(t, &page)
		all = append(all, page.Items...)
		if cursor = page.NextCursor; cursor == "" {
			return all
		}
	}
}

// events returns the types of the stored events of an account, each with its audience, in order.
func (s *stack) events(t *testing.T, accountID string) []string {
	t.Helper()
	fs, err := s.Cloud.Firestore(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	snapshots, err := fs.Collection("accounts/" + accountID + "/events").Documents(t.Context()).GetAll()
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, snapshot := range snapshots {
		all = append(all, fmt.Sprintf("%s %s %s", snapshot.Data()["type"], snapshot.Data()["audience"], snapshot.Data()["member"]))
	}
	slices.Sort(all)
	return all
}

func TestSessionsAreListedNamedAndEnded(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	var tokens, cookies []string
	for range 5 {
		a := s.signIn(t, "viewer")
		tokens, cookies = append(tokens, a.session(t).AccessToken), append(cookies, a.cookie.Value)
		s.clock.Advance(time.Second)
	}
	stranger := s.signIn(t, "rival").session(t).AccessToken
	all := s.list(t, tokens[4])
	if len(all) != 5 || !all[0].Current || all[1].Current {
		t.Fatalf("got %+v, want five, the first of which asks", all)
	}
	for i := range all[1:] {
		if !all[i].LastUsedAt.After(all[i+1].LastUsedAt) {
			t.Errorf("got %s before %s, want the one used last first", all[i].LastUsedAt, all[i+1].LastUsedAt)
		}
	}
	oldest := all[4].ID

	a := s.as(t, tokens[4], http.MethodPatch, "/api/v1/sessions/"+oldest, `{"name":"The office Mac"}`)
	var named session.Living
	a.into(t, &named)
	if named.Name != "The office Mac" || s.list(t, tokens[4])[4].Name != "The office Mac" {
		t.Errorf("got %+v, want it named", named)
	}
	for _, bad := range []string{`{"name":"a\u0000b"}`, `{"name":"a\u202eb"}`, `{"name":"` + strings.Repeat("x", 61) + `"}`, `{}`} {
		s.as(t, tokens[4], http.MethodPatch, "/api/v1/sessions/"+oldest, bad).wantProblem(t, problem.Invalid)
	}
	for _, method := range []string{http.MethodPatch, http.MethodDelete} {
		for _, id := range []string{oldest, "x", strings.Repeat("0", 32), strings.Repeat("a", 65)} {
			token := stranger
			if id != oldest {
				token = tokens[4]
			}
			a := s.as(t, token, method, "/api/v1/sessions/"+id, map[string]string{http.MethodPatch: `{"name":"x"}`}[method])
			if a.status != http.StatusNotFound && a.status != http.StatusUnprocessableEntity {
				t.Errorf("%s %s: got %d %s, want it not found", method, id, a.status, a.body)
			}
		}
	}

	for range 2 { // the second time changes nothing
		if a := s.as(t, tokens[4], http.MethodDelete, "/api/v1/sessions/"+oldest, ""); a.status != http.StatusNoContent {
			t.Errorf("got %d %s, want 204", a.status, a.body)
		}
	}
	s.me(t, tokens[0]).wantProblem(t, problem.Unauthenticated)
	s.refresh(t, cookies[0]).wantProblem(t, problem.Unauthenticated)
	s.me(t, tokens[1])
	if a := s.as(t, tokens[4], http.MethodDelete, "/api/v1/sessions", ""); a.status != http.StatusNoContent {
		t.Errorf("got %d %s, want 204", a.status, a.body)
	}
	for _, token := range tokens[1:4] {
		s.me(t, token).wantProblem(t, problem.Unauthenticated)
	}
	if left := s.list(t, tokens[4]); len(left) != 1 || !left[0].Current {
		t.Errorf("got %+v, want the one that asks", left)
	}
	if a := s.me(t, stranger); a.status != http.StatusOK {
		t.Errorf("somebody else: got %d %s, want their session untouched", a.status, a.body)
	}
	ends := slices.DeleteFunc(s.events(t, "acc_prairie"), func(e string) bool { return !strings.HasPrefix(e, event.SessionEnded) })
	if want := slices.Repeat([]string{"security.session_ended security viewer"}, 4); !slices.Equal(ends, want) {
		t.Errorf("got events %q, want %q", ends, want)
	}
}

// Another instance, which remembers that the session was good, refuses it in the same moment: with Redis, and without.
func TestAnEndCountsEverywhereAtOnce(t *testing.T) {
	t.Parallel()
	for name, settings := range map[string][]string{"with Redis": nil, "without Redis": {"REDIS_URL", "redis://127.0.0.1:1"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStack(t, settings...)
			elsewhere, err := session.NewVerifier(t.Context(), s.Instance)
			if err != nil {
				t.Fatal(err)
			}
			a := s.signIn(t, "viewer")
			token := a.session(t).AccessToken
			p, err := elsewhere.Verify(t.Context(), token)
			if err != nil || p.Plan != account.StandardPlan {
				t.Fatalf("got %+v, %v", p, err)
			}
			s.signOut(t, a.cookie.Value)
			if _, err := elsewhere.Verify(t.Context(), token); problem.CodeOf(err) != problem.Unauthenticated {
				t.Errorf("after signing out: got %v, want it refused", err)
			}
		})
	}
}

func TestAChangedSeatRefusesOlderTokens(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	a := s.signIn(t, "viewer")
	token := a.session(t).AccessToken
	if a := s.me(t, token); a.status != http.StatusOK {
		t.Fatalf("got %d %s", a.status, a.body)
	}
	store, standing := account.NewStore(s.Cloud, s.clock), session.NewStanding(s.Instance)
	for _, status := range []account.Status{account.Disabled, account.Active} {
		if err := store.SetStatus(t.Context(), "acc_prairie", "viewer", status); err != nil {
			t.Fatal(err)
		}
		if err := standing.SeatChanged(t.Context(), "acc_prairie", "viewer"); err != nil {
			t.Fatal(err)
		}
		s.me(t, token).wantProblem(t, problem.Unauthenticated)
	}
	renewed := s.refresh(t, a.cookie.Value).session(t).AccessToken
	if a := s.me(t, renewed); a.status != http.StatusOK {
		t.Errorf("a token of the seat as it is: got %d %s", a.status, a.body)
	}
}

// What an instance read before a change must not be remembered after it.
func TestALateReadDoesNotBringAnOldSeatBack(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	token := s.signIn(t, "viewer").session(t).AccessToken
	store, standing := account.NewStore(s.Cloud, s.clock), session.NewStanding(s.Instance)
	verifier, err := session.NewVerifier(t.Context(), s.Instance)
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		done := make(chan error, 1)
		go func() { _, err := verifier.Verify(context.WithoutCancel(t.Context()), token); done <- err }()
		if err := store.SetStatus(t.Context(), "acc_prairie", "viewer", account.Active); err != nil { // a new version each time
			t.Fatal(err)
		}
		if err := standing.SeatChanged(t.Context(), "acc_prairie", "viewer"); err != nil {
			t.Fatal(err)
		}
		if err := <-done; err != nil && problem.CodeOf(err) != problem.Unauthenticated {
			t.Fatal(err)
		}
		if _, err := verifier.Verify(t.Context(), token); problem.CodeOf(err) != problem.Unauthenticated {
			t.Fatalf("got %v, want the old version refused", err)
		}
	}
}

func TestReuseAlertsTheMember(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	a := s.signIn(t, "owner")
	token := a.session(t).AccessToken
	s.refresh(t, a.cookie.Value).session(t)
	s.clock.Advance(31 * time.Second)
	s.refresh(t, a.cookie.Value).wantProblem(t, problem.Unauthenticated)
	s.me(t, token).wantProblem(t, problem.Unauthenticated) // what the thief may hold is worth nothing either
	want := []string{
		"security.refresh_reused personal owner", "security.refresh_reused security owner", "security.signed_in personal owner", "security.signed_in security owner",
	}
	if diff := cmp.Diff(want, s.events(t, "acc_prairie")); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

func TestLifetimesFollowTheRoleAndTheAccount(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	idle := s.signIn(t, "owner").cookie.Value
	s.clock.Advance(30 * time.Minute)
	s.refresh(t, idle).wantProblem(t, problem.Unauthenticated)

	kept := s.signIn(t, "owner").cookie.Value
	for range 12*3 - 1 {
		s.clock.Advance(20 * time.Minute)
		kept = s.refresh(t, kept).cookie.Value
	}
	s.clock.Advance(20 * time.Minute)
	s.refresh(t, kept).wantProblem(t, problem.Unauthenticated)

	// Shorter settings count for sessions that were started before.
	viewer := s.signIn(t, "viewer").cookie.Value
	fs, err := s.Cloud.Firestore(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fs.Doc("accounts/acc_prairie").Set(t.Context(), map[string]any{
		"name": "Prairie Plumbing", "currency": "USD", "timeZone": "America/Denver",
		"privileged": map[string]int{"idleMinutes": 30, "absoluteMinutes": 60}, "standard": map[string]int{"idleMinutes": 10, "absoluteMinutes": 60},
	}); err != nil {
		t.Fatal(err)
	}
	s.clock.Advance(11 * time.Minute)
	s.refresh(t, viewer).wantProblem(t, problem.Unauthenticated)
}

func TestVerifiedEmailWhereTheAccountDemandsIt(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	fs, err := s.Cloud.Firestore(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fs.Doc("accounts/acc_prairie").Set(t.Context(), map[string]any{
		"name": "Prairie Plumbing", "currency": "USD", "timeZone": "America/Denver", "requireVerifiedEmail": true,
		"privileged": map[string]int{"idleMinutes": 30, "absoluteMinutes": 60}, "standard": map[string]int{"idleMinutes": 30, "absoluteMinutes": 60},
	}); err != nil {
		t.Fatal(err)
	}
	verified := func(provider string, is bool) string {
		now := time.Now()
		token, err := jwt.NewWithClaims(jwt.SigningMethodNone, jwt.MapClaims{
			"iss": "https://securetoken.google.com/" + s.project, "aud": s.project, "sub": "viewer", "user_id": "viewer",
			"iat": now.Unix(), "exp": now.Add(time.Hour).Unix(), "auth_time": now.Unix(),
			"email": "viewer@example.test", "email_verified": is,
			"firebase": map[string]any{"sign_in_provider": provider, "identities": map[string]any{}},
		}).SignedString(jwt.UnsafeAllowNoneSignatureType) // the emulator's tokens are unsigned
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	s.exchange(t, verified("password", false), "").wantProblem(t, problem.EmailUnverified)
	s.signIn(t, "rival").session(t) // the other account does not demand it
	for _, provider := range []string{"password", "google.com", "microsoft.com"} {
		s.exchange(t, verified(provider, true), "").session(t)
	}
}

func TestRefreshTokenInTheBody(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	body, err := json.Marshal(map[string]string{"idToken": emulator.SignIn(t, s.project, "viewer@example.test", "correct-horse"), "refreshIn": "body"})
	if err != nil {
		t.Fatal(err)
	}
	a := s.call(t, http.MethodPost, "/api/v1/session", string(body), nil, "")
	first := a.session(t)
	if first.RefreshToken == "" || first.RefreshExpiresAt == nil || a.cookie != nil {
		t.Fatalf("got %s and cookie %v, want the token in the body alone", a.body, a.cookie)
	}
	renew := func(token string, header http.Header) answer {
		return s.call(t, http.MethodPost, "/api/v1/session/refresh", `{"refreshToken":"`+token+`"}`, header, "")
	}
	a = renew(first.RefreshToken, nil)
	second := a.session(t)
	if second.RefreshToken == "" || second.RefreshToken == first.RefreshToken || a.cookie != nil {
		t.Errorf("got %s and cookie %v, want a successor in the body alone", a.body, a.cookie)
	}
	renew(second.RefreshToken, http.Header{"Origin": {"https://evil.test"}}).wantProblem(t, problem.Forbidden)
	renew("x", nil).wantProblem(t, problem.Unauthenticated)
	s.call(t, http.MethodPost, "/api/v1/session/refresh", `{}`, nil, "").wantProblem(t, problem.Invalid)
	renew(second.RefreshToken, nil).session(t)
}

// The published keys verify an access token with nothing else known, also after the signing key has changed; and a key that is
// taken out refuses what it signed.
func TestKeysRotate(t *testing.T) {
	t.Parallel()
	older, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s := newStack(t)
	old, next := pemOf(t, s.key), pemOf(t, older)
	rebuilt := func(keys string) *stack {
		again := *s
		in := *s.Instance
		in.Lookup = override{"SESSION_SIGNING_KEY", keys, s.Lookup}
		again.Instance = &in
		if again.handler, err = function.Build(t.Context(), &in); err != nil {
			t.Fatal(err)
		}
		return &again
	}
	a := s.signIn(t, "viewer")
	token, cookie := a.session(t).AccessToken, a.cookie.Value

	both := rebuilt(next + old)
	if a := both.me(t, token); a.status != http.StatusOK {
		t.Errorf("a token of the key before: got %d %s", a.status, a.body)
	}
	b := both.refresh(t, cookie)
	renewed := b.session(t).AccessToken
	if repeat := rebuilt(old+next).refresh(t, cookie); repeat.session(t).AccessToken == "" || repeat.cookie.Value != b.cookie.Value {
		t.Error("an instance that still signs with the old key gave another successor")
	}
	if again := both.refresh(t, cookie); again.session(t).AccessToken == "" || again.cookie.Value != b.cookie.Value {
		t.Error("the retry got another successor")
	}

	var set jose.JSONWebKeySet
	published := both.call(t, http.MethodGet, "/.well-known/jwks.json", "", nil, "")
	if err := json.Unmarshal(published.body, &set); err != nil || len(set.Keys) != 2 {
		t.Fatalf("got %s, %v, want two keys", published.body, err)
	}
	if strings.Contains(string(published.body), `"d"`) || !strings.HasPrefix(published.header.Get("Cache-Control"), "public") {
		t.Errorf("got %s, %s", published.body, published.header)
	}
	for _, one := range []string{token, renewed} {
		signed, err := jose.ParseSigned(one, []jose.SignatureAlgorithm{jose.ES256})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := signed.Verify(&set); err != nil {
			t.Errorf("the published keys do not verify a token: %v", err)
		}
	}
	only := rebuilt(next)
	only.me(t, token).wantProblem(t, problem.Unauthenticated)
	if a := only.me(t, renewed); a.status != http.StatusOK {
		t.Errorf("a token of the new key: got %d %s", a.status, a.body)
	}
	only.refresh(t, b.cookie.Value).session(t) // the present refresh token does not depend on any key
}

// override answers for one setting.
type override struct {
	name, value string
	rest        interface{ Lookup(string) (string, bool) }
}

func (o override) Lookup(name string) (string, bool) {
	if name == o.name {
		return o.value, true
	}
	return o.rest.Lookup(name)
}

// A member who is not let in is told once for a while, however often they try; somebody of no account is told to nobody.
func TestRefusalsOfMembersAreTold(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	if err := account.NewStore(s.Cloud, s.clock).SetStatus(t.Context(), "acc_prairie", "viewer", account.Disabled); err != nil {
		t.Fatal(err)
	}
	refusals := func() []string {
		return slices.DeleteFunc(s.events(t, "acc_prairie"), func(e string) bool { return !strings.HasPrefix(e, event.SignInFailed) })
	}
	for range 3 {
		s.signIn(t, "viewer").wantProblem(t, problem.Forbidden)
	}
	want := []string{refusals()[0]}
	if got := refusals(); len(got) != 1 || !strings.Contains(got[0], "viewer") {
		t.Fatalf("three refusals were told as %v", got)
	}
	s.clock.Advance(10 * time.Minute)
	s.signIn(t, "viewer").wantProblem(t, problem.Forbidden)
	if got := refusals(); len(got) != len(want)+1 {
		t.Errorf("ten minutes later: %v", got)
	}
}
