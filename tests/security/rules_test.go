package security_test

import (
	"encoding/base64"
	"io"
	"net/http"
	"strings"
	"testing"

	"fieldboard.dev/fieldboard/shared/account"
	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/cloud"
	"fieldboard.dev/fieldboard/tests/emulator"
)

// Firestore's rules let no client do anything, signed in or not: only the functions' service accounts pass them by.
func TestFirestoreIsClosedToClients(t *testing.T) {
	t.Parallel()
	host, project := emulator.Firestore(t), emulator.Project(t)
	clients := cloud.New(cloud.Config{Project: project})
	t.Cleanup(func() {
		if err := clients.Close(); err != nil {
			t.Error(err)
		}
	})
	acct := account.Account{ID: "acc_prairie", Name: "Prairie", Currency: "USD", TimeZone: "America/Denver"}
	if _, err := account.NewStore(clients, clock.System).Create(t.Context(), acct, account.Member{UserID: "olive"}); err != nil {
		t.Fatal(err)
	}
	base := "http://" + host + "/v1/projects/" + project + "/databases/(default)/documents"
	status := func(method, path, body, authorization string) int {
		req, err := http.NewRequestWithContext(t.Context(), method, base+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if authorization != "" {
			req.Header.Set("Authorization", "Bearer "+authorization)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if _, err := io.Copy(io.Discard, res.Body); err != nil {
			t.Fatal(err)
		}
		return res.StatusCode
	}
	if got := status(http.MethodGet, "/accounts/acc_prairie", "", "owner"); got != http.StatusOK {
		t.Fatalf("the emulator's own administrator reads the account: %d, want 200", got)
	}
	encode := base64.RawURLEncoding.EncodeToString
	signedIn := encode([]byte(`{"alg":"none"}`)) + "." +
		encode([]byte(`{"sub":"olive","user_id":"olive","aud":"`+project+`","iss":"https://securetoken.google.com/`+project+`","iat":1,"exp":9999999999}`)) + "."
	for who, token := range map[string]string{"nobody": "", "the owner, signed in": signedIn} {
		for _, try := range []struct{ method, path, body string }{
			{http.MethodGet, "/accounts/acc_prairie", ""},
			{http.MethodGet, "/accounts", ""},
			{http.MethodGet, "/accounts/acc_prairie/members/olive", ""},
			{http.MethodGet, "/sessions", ""},
			{http.MethodPatch, "/accounts/acc_prairie", `{"fields":{"plan":{"stringValue":"free"}}}`},
			{http.MethodPost, "/accounts", `{"fields":{}}`},
			{http.MethodPost, ":runQuery", `{"structuredQuery":{"from":[{"collectionId":"members","allDescendants":true}]}}`},
			{http.MethodDelete, "/accounts/acc_prairie", ""},
		} {
			if got := status(try.method, try.path, try.body, token); got != http.StatusForbidden {
				t.Errorf("%s: %s %s: %d, want 403", who, try.method, try.path, got)
			}
		}
	}
}
