// Package signin makes users in the Firebase Auth emulator and signs them in, in place of the library in a browser.
package signin

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// Auth is one project of a Firebase Auth emulator, called as its owner, who may act in any project.
type Auth struct {
	Host    string // "127.0.0.1:9099"
	Project string
}

// CreateUser makes a user who signs in by password. A user who is there already is left as he is.
func (a Auth) CreateUser(ctx context.Context, uid, email, password string) error {
	_, err := a.call(ctx, "projects/"+a.Project+"/accounts", map[string]any{
		"localId": uid, "email": email, "password": password, "emailVerified": true,
	})
	if err != nil && strings.Contains(err.Error(), "DUPLICATE_LOCAL_ID") {
		return nil
	}
	return err
}

// SignIn returns a Firebase ID token, as the library in a browser gets it.
func (a Auth) SignIn(ctx context.Context, email, password string) (string, error) {
	return a.call(ctx, "accounts:signInWithPassword", map[string]any{
		"email": email, "password": password, "returnSecureToken": true, "targetProjectId": a.Project,
	})
}

func (a Auth) call(ctx context.Context, method string, body any) (idToken string, err error) {
	content, err := json.Marshal(body)
	if err != nil {
		return "", err
	}
	url := fmt.Sprintf("http://%s/identitytoolkit.googleapis.com/v1/%s", a.Host, method)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(content))
	if err != nil {
		return "", err
	}
	req.Header.Set("Authorization", "Bearer owner")
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil {
		return "", err
	}
	if res.StatusCode != http.StatusOK {
		return "", fmt.Errorf("Auth emulator: %s answered %s: %s", method, res.Status, answer)
	}
	var parsed struct {
		IDToken string `json:"idToken"`
	}
	if err := json.Unmarshal(answer, &parsed); err != nil {
		return "", err
	}
	return parsed.IDToken, nil
}
