package emulator

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"
)

// CreateUser makes a user of a project's Firebase Auth with the uid it is given.
func CreateUser(tb testing.TB, project, uid, email, password string) {
	tb.Helper()
	authCall(tb, "projects/"+project+"/accounts", map[string]any{
		"localId": uid, "email": email, "password": password, "emailVerified": true,
	})
}

// SignIn returns a Firebase ID token of a user of a project.
func SignIn(tb testing.TB, project, email, password string) string {
	tb.Helper()
	return authCall(tb, "accounts:signInWithPassword", map[string]any{
		"email": email, "password": password, "returnSecureToken": true, "targetProjectId": project,
	}).IDToken
}

type authAnswer struct {
	IDToken string `json:"idToken"`
}

// authCall calls the Auth emulator as its owner, who may act in any project.
func authCall(tb testing.TB, method string, body any) authAnswer {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	content, err := json.Marshal(body)
	if err != nil {
		tb.Fatal(err)
	}
	url := fmt.Sprintf("http://%s/identitytoolkit.googleapis.com/v1/%s", Auth(tb), method)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(content))
	if err != nil {
		tb.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer owner")
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		tb.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil {
		tb.Fatal(err)
	}
	if res.StatusCode != http.StatusOK {
		tb.Fatalf("Auth emulator: %s answered %s: %s", method, res.Status, answer)
	}
	var parsed authAnswer
	if err := json.Unmarshal(answer, &parsed); err != nil {
		tb.Fatal(err)
	}
	return parsed
}
