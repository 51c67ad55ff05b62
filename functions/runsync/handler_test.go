package runsync_test

import (
	"encoding/base64"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/sethvargo/go-envconfig"

	"fieldboard.dev/fieldboard/functions/runsync"
	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/instance"
)

func settings() map[string]string {
	return map[string]string{
		"GOOGLE_CLOUD_PROJECT": "demo-none", "REDIS_URL": "redis://127.0.0.1:1", "OIDC_AUDIENCE": "https://worker.example",
		"SYNC_WORKER_URL": "https://worker.example", "TASKS_INVOKER": "invoker@demo.iam.gserviceaccount.com",
		"JOBBER_CLIENT_ID": "app", "JOBBER_CLIENT_SECRET": "secret", "JOBBER_GRAPHQL_VERSION": "2026-05-12",
		"TOKEN_ENCRYPTION_KEY": base64.StdEncoding.EncodeToString(make([]byte, 32)), "PUBLIC_URL": "http://127.0.0.1:5000",
	}
}

func build(t *testing.T, settings map[string]string) (http.Handler, error) {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	in, err := instance.New(t.Context(), envconfig.MapLookuper(settings), clock.System, log)
	if err != nil {
		t.Fatal(err)
	}
	return runsync.Build(t.Context(), in)
}

// Only the queue's and the schedule's service account may call, with a token that Google signed.
func TestStrangersAreRefused(t *testing.T) {
	t.Parallel()
	handler, err := build(t, settings())
	if err != nil {
		t.Fatal(err)
	}
	for name, token := range map[string]string{"no token": "", "a token of noise": "Bearer a.b.c", "another scheme": "Basic YTpi"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(`{"account":"acc_1","run":"R","step":0}`))
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("Authorization", token)
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, r)
			if w.Code != http.StatusUnauthorized {
				t.Errorf("status %d: %s", w.Code, w.Body)
			}
		})
	}
}

func TestSettingsAreChecked(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]string{"SYNC_WORKER_URL": "", "TASKS_INVOKER": "nobody", "SYNC_SLICE": "1h", "SYNC_INTERVAL": "1s"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			broken := settings()
			broken[name] = value
			if _, err := build(t, broken); err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("error %v, want one that names %s", err, name)
			}
		})
	}
}
