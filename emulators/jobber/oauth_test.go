package jobber_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"fieldboard.dev/fieldboard/emulators/jobber"
)

func TestConsent(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	query := url.Values{"response_type": {"code"}, "client_id": {clientID}, "redirect_uri": {redirectURI}, "state": {"x"}}
	page := string(b.get("/api/oauth/authorize?" + query.Encode()).want(http.StatusOK).body)
	for _, part := range []string{`name="account" value="1"`, `name="account" value="2"`, `value="x"`, "America/Denver", "America/St_Johns"} {
		if !strings.Contains(page, part) {
			t.Errorf("the consent page has no %s", part)
		}
	}
	for name, change := range map[string]func(url.Values){
		"unknown client":      func(v url.Values) { v.Set("client_id", "someone else") },
		"other redirect":      func(v url.Values) { v.Set("redirect_uri", "http://127.0.0.1/else") },
		"other response type": func(v url.Values) { v.Set("response_type", "token") },
	} {
		changed, err := url.ParseQuery(query.Encode())
		if err != nil {
			t.Fatal(err)
		}
		change(changed)
		if page := b.get("/api/oauth/authorize?" + changed.Encode()).want(http.StatusUnauthorized); strings.Contains(string(page.body), "<form") {
			t.Errorf("%s: the page offers to allow", name)
		}
	}
}

func TestDecision(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	form := func(change url.Values) url.Values {
		v := url.Values{
			"client_id": {clientID}, "redirect_uri": {redirectURI}, "state": {"a & b"}, "account": {"2"}, "decision": {"allow"},
		}
		for name, value := range change {
			v[name] = value
		}
		return v
	}
	allowed, err := url.Parse(b.form("/api/oauth/authorize", form(nil)).want(http.StatusFound).location)
	if err != nil {
		t.Fatal(err)
	}
	if got := allowed.Query(); got.Get("state") != "a & b" || got.Get("code") == "" {
		t.Errorf("allowed: went to %s", allowed)
	}
	if got := b.form("/api/oauth/authorize", form(url.Values{"decision": {"deny"}})).want(http.StatusFound).location; got != redirectURI {
		t.Errorf("denied: went to %s, want no parameter at all", got)
	}
	if got := b.form("/api/oauth/authorize", form(url.Values{"state": {""}})).want(http.StatusFound).location; strings.Contains(got, "state") {
		t.Errorf("without state: went to %s", got)
	}
	b.form("/api/oauth/authorize", form(url.Values{"account": {"3"}})).want(http.StatusUnprocessableEntity)
	b.form("/api/oauth/authorize", form(url.Values{"client_id": {"else"}})).want(http.StatusUnauthorized)
	b.form("/api/oauth/authorize", form(url.Values{"redirect_uri": {"http://127.0.0.1/else"}})).want(http.StatusUnauthorized)
}

func TestToken(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	got := b.connect("2")
	claims := jwt.MapClaims{}
	if _, _, err := jwt.NewParser().ParseUnverified(got.Access, claims); err != nil {
		t.Fatal(err)
	}
	expires := start.Add(time.Hour)
	if claims["exp"] != float64(expires.Unix()) || claims["account_id"] != 2.0 || claims["client_id"] != clientID ||
		!strings.Contains(claims["scope"].(string), "read_invoices") {
		t.Errorf("claims %v", claims)
	}
	if want := expires.Format("2006-01-02 15:04:05 UTC"); got.ExpiresAt != want || len(got.Refresh) != 32 {
		t.Errorf("got %+v, want expires_at %s and a refresh token of 32 characters", got, want)
	}
	name := dig(b.data(got.Access, `{ account { name } }`, nil), "account", "name")
	if name == nil || name == dig(b.data(b.connect("1").Access, `{ account { name } }`, nil), "account", "name") {
		t.Errorf("account 2 is %v", name)
	}
}

func TestTokenRefusals(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	used := b.authorize("1")
	b.exchange(used).want(http.StatusOK)
	old := b.authorize("1")
	b.clock.Advance(10 * time.Minute)
	valid := func() url.Values {
		return url.Values{
			"client_id": {clientID}, "client_secret": {clientSecret}, "grant_type": {"authorization_code"},
			"code": {b.authorize("1")}, "redirect_uri": {redirectURI},
		}
	}
	tests := []struct {
		name, field, value string
		status             int
		code               string
	}{
		{"code used before", "code", used, http.StatusUnauthorized, "invalid_grant"},
		{"code too old", "code", old, http.StatusUnauthorized, "invalid_grant"},
		{"code unknown", "code", "nothing", http.StatusUnauthorized, "invalid_grant"},
		{"other redirect URI", "redirect_uri", "http://127.0.0.1/else", http.StatusUnauthorized, "invalid_grant"},
		{"wrong secret", "client_secret", "guess", http.StatusUnauthorized, "invalid_client"},
		{"unknown client", "client_id", "else", http.StatusUnauthorized, "invalid_client"},
		{"other grant type", "grant_type", "password", http.StatusBadRequest, "unsupported_grant_type"},
	}
	for _, test := range tests {
		form := valid()
		form.Set(test.field, test.value)
		var got struct{ Error string }
		b.form("/api/oauth/token", form).want(test.status).into(&got)
		if got.Error != test.code {
			t.Errorf("%s: %q, want %q", test.name, got.Error, test.code)
		}
	}
	b.form("/api/oauth/token", valid()).want(http.StatusOK)
}

func TestRotation(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	first := b.connect("1")
	var second tokens
	b.refresh(first.Refresh).want(http.StatusOK).into(&second)
	if second.Refresh == first.Refresh || second.Access == first.Access || second.Warning != "" {
		t.Errorf("first %+v, second %+v: want all new", first, second)
	}
	var refused struct {
		Description string `json:"error_description"`
	}
	b.refresh(first.Refresh).want(http.StatusUnauthorized).into(&refused)
	if want := "The provided refresh token is not valid."; refused.Description != want {
		t.Errorf("old refresh token: %q, want %q", refused.Description, want)
	}
	b.data(first.Access, `{ account { id } }`, nil) // an access token lives out its hour
	b.data(second.Access, `{ account { id } }`, nil)

	b.settings(m{"tokenRotation": false})
	var third tokens
	b.refresh(second.Refresh).want(http.StatusOK).into(&third)
	if third.Refresh != second.Refresh || !strings.HasPrefix(third.Warning, "Refresh token rotation is off") {
		t.Errorf("without rotation: %+v", third)
	}
}

func TestAccessTokenErrors(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	query := `{ account { id } }`
	token := b.connect("1")
	b.clock.Advance(time.Hour - time.Second)
	b.data(token.Access, query, nil)
	b.clock.Advance(time.Second)
	if got := b.ask(token.Access, query, nil).want(http.StatusUnauthorized); !strings.Contains(string(got.body), "invalid_request") {
		t.Errorf("expired: %s", got.body)
	}
	var renewed tokens
	b.refresh(token.Refresh).want(http.StatusOK).into(&renewed)
	b.data(renewed.Access, query, nil)
	b.control("/accounts/1/tokens/expire")
	b.ask(renewed.Access, query, nil).want(http.StatusUnauthorized)

	var unknown struct{ Message string }
	b.ask("nonsense", query, nil).want(http.StatusUnauthorized).into(&unknown)
	if unknown.Message != "Token not recognized" {
		t.Errorf("unknown token: %q", unknown.Message)
	}
	got := b.reply("", `{ mine: account { id } }`, nil)
	if value, ok := got.Data["mine"]; !ok || value != nil || got.code() != "UNAUTHENTICATED" ||
		got.Errors[0].Message != "The field account on an object of type Query was hidden because you are unauthenticated" ||
		!cmp.Equal(got.Errors[0].Path, []any{"mine"}) {
		t.Errorf("no token: %+v", got)
	}
	if kind := dig(b.data("", `{ __type(name: "Visit") { kind } }`, nil), "__type", "kind"); kind != "OBJECT" {
		t.Errorf("introspection without a token: %v", kind)
	}
}

func TestDisconnect(t *testing.T) {
	t.Parallel()
	for name, disconnect := range map[string]func(*bench, tokens){
		"by the app": func(b *bench, token tokens) {
			b.data(token.Access, `mutation { appDisconnect { app { name author } userErrors { message } } }`, nil)
		},
		"by the user": func(b *bench, _ tokens) { b.control("/accounts/1/disconnect") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sink := newSink(t)
			b := newBench(t, func(o *jobber.Options) { o.WebhookURL = sink.url })
			token, other := b.connect("1"), b.connect("2")
			sink.next("APP_CONNECT")
			sink.next("APP_CONNECT")
			disconnect(b, token)
			var got struct{ Message string }
			b.ask(token.Access, `{ account { id } }`, nil).want(http.StatusUnauthorized).into(&got)
			if want := "User has disconnected this app from their account. Please delete this token"; got.Message != want {
				t.Errorf("message %q, want %q", got.Message, want)
			}
			b.refresh(token.Refresh).want(http.StatusUnauthorized)
			sink.next("APP_DISCONNECT")
			b.data(other.Access, `{ account { id } }`, nil)
			b.post("/_control/accounts/1/disconnect", nil).want(http.StatusConflict)
		})
	}
}
