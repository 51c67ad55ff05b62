package server_test

import (
	"log/slog"
	"maps"
	"strings"
	"testing"

	"github.com/sethvargo/go-envconfig"

	"fieldboard.dev/fieldboard/realtime-run/server"
	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/instance"
)

func TestSettings(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, variable, value string
		wantErr               string
	}{
		{"defaults", "PORT", "1", ""},
		{"several origins", "REALTIME_ALLOWED_ORIGINS", "http://localhost:5000,https://board.example", ""},
		{"no address", "PUBLIC_URL", "", "PUBLIC_URL"},
		{"an address without a scheme", "PUBLIC_URL", "board.example", "PUBLIC_URL"},
		{"an origin that is none", "REALTIME_ALLOWED_ORIGINS", "https://board.example,*", "REALTIME_ALLOWED_ORIGINS"},
		{"a Redis address that is none", "REDIS_URL", "http://redis", "REDIS_URL"},
		{"no connections", "REALTIME_CONNECTIONS_PER_USER", "0", "REALTIME_CONNECTIONS_PER_USER"},
		{"no history", "REALTIME_HISTORY_SIZE", "0", "REALTIME_HISTORY_SIZE"},
		{"no lifetime", "REALTIME_LIFETIME", "0s", "REALTIME_LIFETIME"},
		{"a lifetime that Cloud Run cuts short", "REALTIME_LIFETIME", "2h", "REALTIME_LIFETIME"},
		{"a short history", "REALTIME_HISTORY_TTL", "1s", "REALTIME_HISTORY_TTL"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			settings := map[string]string{
				"GOOGLE_CLOUD_PROJECT": "demo-settings", "REDIS_URL": "redis://127.0.0.1:1", "PUBLIC_URL": "http://127.0.0.1:5000",
			}
			maps.Copy(settings, map[string]string{tt.variable: tt.value})
			in, err := instance.New(t.Context(), envconfig.MapLookuper(settings), clock.System, slog.Default())
			if err != nil {
				t.Fatal(err)
			}
			_, err = server.New(in, &tokens{}, &tokens{})
			if tt.wantErr == "" && err != nil {
				t.Errorf("New: %v", err)
			}
			if tt.wantErr != "" && (err == nil || !strings.Contains(err.Error(), tt.wantErr)) {
				t.Errorf("New: %v, want an error that names %s", err, tt.wantErr)
			}
		})
	}
}
