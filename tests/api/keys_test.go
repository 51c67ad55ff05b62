package api_test

import (
	"net/http"
	"testing"
	"time"

	"fieldboard.dev/fieldboard/emulators/demo"
	"fieldboard.dev/fieldboard/tests/harness"
)

// An integration reads with a key what the key was given, through the gateway, and nothing once the key is revoked.
func TestReadingWithAKey(t *testing.T) {
	t.Parallel()
	stack := harness.New(t, harness.Options{})
	owner := stack.As(t, "owner")
	var made struct {
		Key struct {
			ID         string
			LastUsedAt *time.Time
		}
		Secret string
	}
	ask := map[string]any{"name": "Warehouse sync", "permissions": []string{"record:read", "summary:read"}}
	if err := owner.Call(t.Context(), http.MethodPost, "/api/v1/api-keys", ask, &made); err != nil {
		t.Fatal(err)
	}
	integration := demo.Anonymous(stack.URL)
	integration.AccessToken = made.Secret
	const (
		summary, clients = "/api/v1/dashboard/summary", "/api/v1/clients"
		connection       = "/api/v1/jobber/connection"
	)
	for path, want := range map[string]int{
		summary: http.StatusOK, clients: http.StatusOK, connection: http.StatusOK, "/api/v1/dashboard/activity": http.StatusOK,
		"/api/v1/invoices": http.StatusForbidden,                                                 // lacks finance:read
		"/api/v1/me":       http.StatusUnauthorized, "/api/v1/api-keys": http.StatusUnauthorized, // are for sessions only
	} {
		if got := statusOf(t, integration, path); got != want {
			t.Errorf("GET %s with the key: got %d, want %d", path, got, want)
		}
	}
	for method, path := range map[string]string{http.MethodPost: "/api/v1/jobber/authorizations", http.MethodDelete: connection} {
		res, err := integration.Do(t.Context(), method, path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := res.Body.Close(); err != nil || res.StatusCode != http.StatusForbidden {
			t.Errorf("%s %s with the key: got %d, %v, want 403", method, path, res.StatusCode, err)
		}
	}
	var list struct {
		Items []struct{ LastUsedAt *time.Time }
	}
	stack.Get(t, "admin", "/api/v1/api-keys", &list)
	if len(list.Items) != 1 || list.Items[0].LastUsedAt == nil {
		t.Errorf("got %+v, want the key as it was used", list.Items)
	}
	if err := owner.Call(t.Context(), http.MethodDelete, "/api/v1/api-keys/"+made.Key.ID, nil, nil); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{summary, clients, connection} {
		if got := statusOf(t, integration, path); got != http.StatusUnauthorized {
			t.Errorf("GET %s with the revoked key: got %d, want 401", path, got)
		}
	}
}
