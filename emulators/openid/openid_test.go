package openid_test

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"fieldboard.dev/fieldboard/emulators/demo"
	"fieldboard.dev/fieldboard/emulators/openid"
	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/instance"
)

const (
	issuer   = "http://127.0.0.1:7072"
	callback = "http://fieldboard.test/sign-in/callback"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func handler() http.Handler {
	return openid.New(openid.Options{
		Issuer: issuer, Name: "Google", ClientID: "fieldboard", PublicURL: "http://fieldboard.test",
		Clock: clock.NewManual(start), Log: instance.Logger(&strings.Builder{}),
	}).Handler()
}

// request is a good request, but for the changes.
func request(changes ...string) url.Values {
	v := url.Values{
		"response_type": {"id_token"}, "response_mode": {"fragment"}, "scope": {"openid email profile"},
		"client_id": {"fieldboard"}, "redirect_uri": {callback}, "state": {"s"}, "nonce": {"n"},
	}
	for i := 0; i < len(changes); i += 2 {
		v.Set(changes[i], changes[i+1])
	}
	return v
}

func get(t *testing.T, query url.Values) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, openid.AuthorizePath+"?"+query.Encode(), nil))
	return w
}

func post(t *testing.T, form url.Values) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, openid.AuthorizePath, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	handler().ServeHTTP(w, r)
	return w
}

// answer is what the browser is sent back with.
func answer(t *testing.T, w *httptest.ResponseRecorder) url.Values {
	t.Helper()
	back, fragment, found := strings.Cut(w.Header().Get("Location"), "#")
	if w.Code != http.StatusSeeOther || back != callback || !found {
		t.Fatalf("got %d to %q, want %d to the callback with a fragment", w.Code, w.Header().Get("Location"), http.StatusSeeOther)
	}
	values, err := url.ParseQuery(fragment)
	if err != nil {
		t.Fatal(err)
	}
	return values
}

func TestPageListsEverybody(t *testing.T) {
	t.Parallel()
	w := get(t, request())
	if w.Code != http.StatusOK {
		t.Fatalf("status %d", w.Code)
	}
	for _, b := range demo.Businesses() {
		for _, p := range b.People {
			if !strings.Contains(w.Body.String(), `value="`+p.Email+`"`) {
				t.Errorf("the page has no button of %s", p.Email)
			}
		}
	}
}

func TestPageEscapesWhatItIsSent(t *testing.T) {
	t.Parallel()
	const evil = `"><script>alert(1)</script>`
	w := get(t, request("state", evil, "nonce", evil))
	if w.Code != http.StatusOK || strings.Contains(w.Body.String(), "<script") {
		t.Errorf("status %d, the page has a script of the request's", w.Code)
	}
}

func TestRequestOfSomebodyElseLeadsNowhere(t *testing.T) {
	t.Parallel()
	for name, change := range map[string][]string{
		"another client":        {"client_id", "else"},
		"another host":          {"redirect_uri", "http://evil.test/sign-in/callback"},
		"another page of ours":  {"redirect_uri", "http://fieldboard.test/"},
		"more than the address": {"redirect_uri", callback + "?x"},
		"no nonce":              {"nonce", ""},
		"no state":              {"state", ""},
	} {
		if w := get(t, request(change...)); w.Code != http.StatusBadRequest || strings.Contains(w.Body.String(), "<form") {
			t.Errorf("%s: status %d, and a page to choose on", name, w.Code)
		}
		form := request(change...)
		form.Set("email", "a@example.test")
		if w := post(t, form); w.Code != http.StatusBadRequest || w.Header().Get("Location") != "" {
			t.Errorf("%s: status %d, sent to %q", name, w.Code, w.Header().Get("Location"))
		}
	}
	for name, change := range map[string][]string{
		"a code":     {"response_type", "code"},
		"in a query": {"response_mode", "query"},
		"no openid":  {"scope", "email"},
	} {
		if w := get(t, request(change...)); w.Code != http.StatusBadRequest {
			t.Errorf("%s: status %d", name, w.Code)
		}
	}
}

func TestTokenIsOfWhoWasChosen(t *testing.T) {
	t.Parallel()
	claimsOf := func(changes ...string) jwt.MapClaims {
		got := answer(t, post(t, request(changes...)))
		if got.Get("state") != "s" {
			t.Errorf("state %q", got.Get("state"))
		}
		claims := jwt.MapClaims{}
		if _, _, err := jwt.NewParser().ParseUnverified(got.Get("id_token"), claims); err != nil {
			t.Fatal(err)
		}
		return claims
	}
	owner := claimsOf("email", " Owner@demo.fieldboard.test ")
	subject, _ := owner["sub"].(string)
	if subject == "" || strings.Contains(subject, "@") {
		t.Errorf("sub is %q", subject)
	}
	want := jwt.MapClaims{
		"iss": issuer, "aud": "fieldboard", "azp": "fieldboard", "sub": subject, "nonce": "n",
		"email": "owner@demo.fieldboard.test", "email_verified": true, "name": "Robin Hale",
		"iat": float64(start.Unix()), "exp": float64(start.Add(time.Hour).Unix()),
	}
	if diff := cmp.Diff(want, owner); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	other := claimsOf("email", "new@example.test", "unverified", "on")
	if other["sub"] == subject || other["email_verified"] != false || other["name"] != "new" {
		t.Errorf("another address: %v", other)
	}
	if again := claimsOf("email", "owner@demo.fieldboard.test"); !maps.Equal(owner, again) {
		t.Errorf("the same person is %v, then %v", owner, again)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	got := answer(t, post(t, request("decision", "deny")))
	if diff := cmp.Diff(url.Values{"state": {"s"}, "error": {"access_denied"}}, got); diff != "" {
		t.Errorf("denied (-want +got):\n%s", diff)
	}
	for _, address := range []string{"", "nobody", "A <a@example.test>"} {
		if w := post(t, request("email", address)); w.Code != http.StatusUnprocessableEntity {
			t.Errorf("%q: status %d", address, w.Code)
		}
	}
}
