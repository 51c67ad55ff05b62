package session_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sethvargo/go-envconfig"

	function "fieldboard.dev/fieldboard/functions/session"
	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/instance"
)

const (
	google = `{"id":"google.com","name":"Google","authorizationUrl":"https://accounts.google.com/o/oauth2/v2/auth","clientId":"1.apps"}`
	okta   = `{"id":"oidc.okta","name":"Okta","authorizationUrl":"https://id.example.test/authorize?p=1","clientId":"c"}`
)

func TestProvidersAreTold(t *testing.T) {
	t.Parallel()
	s := newStack(t, "SIGN_IN_PROVIDERS", "["+google+","+okta+"]")
	var got function.PublicConfig
	s.call(t, http.MethodGet, "/api/v1/config", "", nil, "").into(t, &got)
	want := function.Providers{
		{ID: "google.com", Name: "Google", AuthorizationURL: "https://accounts.google.com/o/oauth2/v2/auth", ClientID: "1.apps"},
		{ID: "oidc.okta", Name: "Okta", AuthorizationURL: "https://id.example.test/authorize?p=1", ClientID: "c"},
	}
	if diff := cmp.Diff(want, got.Firebase.Providers); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestProvidersAreChecked(t *testing.T) {
	t.Parallel()
	with := func(old, changed string) string { return "[" + strings.Replace(google, old, changed, 1) + "]" }
	for name, c := range map[string]struct {
		setting string
		local   bool // the dashboard is not on https
		problem string
	}{
		"none":                {setting: ""},
		"an empty list":       {setting: "[]"},
		"one":                 {setting: "[" + google + "]"},
		"two":                 {setting: "[" + google + "," + okta + "]"},
		"http on one machine": {setting: with("https", "http"), local: true},
		"http":                {setting: with("https", "http"), problem: "authorizationUrl"},
		"script":              {setting: with("https://accounts.google.com", "javascript:alert(1)//"), local: true, problem: "authorizationUrl"},
		"a fragment":          {setting: with("/auth", "/auth#x"), problem: "authorizationUrl"},
		"a user":              {setting: with("accounts", "a:b@accounts"), problem: "authorizationUrl"},
		"no address":          {setting: with("https://accounts.google.com/o/oauth2/v2/auth", ""), problem: "authorizationUrl"},
		"another id":          {setting: with(`"google.com"`, `"facebook.com"`), problem: "provider 1: id"},
		"no name":             {setting: with(`"Google"`, `""`), problem: "name"},
		"a long name":         {setting: with(`"Google"`, `"`+strings.Repeat("x", 41)+`"`), problem: "name"},
		"no client":           {setting: with("1.apps", ""), problem: "clientId"},
		"twice":               {setting: "[" + google + "," + google + "]", problem: "provider 2: id"},
		"too many":            {setting: "[" + strings.Repeat(google+",", 5) + google + "]", problem: "at most 5"},
		"a misspelt name":     {setting: with("clientId", "clientID2"), problem: "unknown field"},
		"no list":             {setting: google, problem: "JSON list"},
		"no JSON":             {setting: "google.com", problem: "JSON list"},
		"more than a list":    {setting: "[] []", problem: "one JSON list"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := envconfig.MapLookuper(map[string]string{
				"GOOGLE_CLOUD_PROJECT": "demo-x", "REDIS_URL": "redis://127.0.0.1:1", "REALTIME_URL": "wss://live.test", "FIREBASE_API_KEY": "k",
				"PUBLIC_URL": map[bool]string{false: "https://fieldboard.test", true: publicURL}[c.local], "SIGN_IN_PROVIDERS": c.setting,
			})
			in, err := instance.New(t.Context(), env, clock.System, instance.Logger(&strings.Builder{}))
			if err != nil {
				t.Fatal(err)
			}
			err = in.Config(t.Context(), &function.Config{})
			switch {
			case c.problem == "" && err != nil:
				t.Error(err)
			case c.problem != "" && (err == nil || !strings.Contains(err.Error(), c.problem) || !strings.Contains(err.Error(), "SIGN_IN_PROVIDERS")):
				t.Errorf("%v, want an error with SIGN_IN_PROVIDERS and %q", err, c.problem)
			}
		})
	}
}
