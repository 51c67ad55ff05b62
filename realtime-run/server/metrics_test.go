package server_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"fieldboard.dev/fieldboard/emulators/scheduler"
	"fieldboard.dev/fieldboard/shared/account"
	"fieldboard.dev/fieldboard/shared/clock"
)

const scraper = "metrics@demo.iam.gserviceaccount.com"

// scrape reads the metrics with a token; without one when it is empty.
func scrape(t *testing.T, s *service, token string) (status int, text string) {
	t.Helper()
	r := request(t, http.MethodGet, s.url+"/metrics", "")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	response := do(t, r)
	body, err := io.ReadAll(response.Body)
	check(t, err)
	check(t, response.Body.Close())
	return response.StatusCode, string(body)
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	issuer, err := scheduler.NewIssuer("https://issuer.example", clock.System)
	if err != nil {
		t.Fatal(err)
	}
	keys := httptest.NewServer(issuer)
	t.Cleanup(keys.Close)
	const audience = "https://live.example"
	w := newWorld(t, "METRICS_INVOKER", scraper, "METRICS_AUDIENCE", audience, "OIDC_ISSUER", "https://issuer.example", "OIDC_JWKS_URL", keys.URL)
	token := func(email, audience string) string {
		t.Helper()
		text, err := issuer.Token(email, audience)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	s := w.started(t)
	for name, tt := range map[string]struct {
		token string
		want  int
	}{
		"nobody":           {"", http.StatusUnauthorized},
		"a member":         {w.issue(t, person("acc_1", account.Owner)), http.StatusUnauthorized},
		"another audience": {token(scraper, "https://other.example"), http.StatusUnauthorized},
		"another account":  {token("other@demo.iam.gserviceaccount.com", audience), http.StatusForbidden},
	} {
		if status, text := scrape(t, s, tt.token); status != tt.want || strings.Contains(text, "fieldboard_") {
			t.Errorf("%s gets %d, want %d", name, status, tt.want)
		}
	}

	l := w.listen(t, s, person("acc_1", account.Viewer))
	e := happened("acc_1")
	w.publish(t, e, e)
	w.send(t, []byte("no event"))
	last := happened("acc_1")
	w.publish(t, last)
	l.await(e, last)
	check(t, l.client.Disconnect())
	check(t, l.client.Connect())
	l.connected()
	stream := do(t, request(t, http.MethodPost, s.url+"/connection/http_stream", connectCommand(w.issue(t, person("acc_1", account.Viewer)))))
	t.Cleanup(func() { check(t, stream.Body.Close()) })
	eventually(t, "all of it is counted", func() bool {
		status, text := scrape(t, s, token(scraper, audience))
		if status != http.StatusOK {
			t.Fatalf("answered %d", status)
		}
		for _, line := range []string{
			`fieldboard_realtime_connections{transport="websocket"} 1`,
			`fieldboard_realtime_connections{transport="http_stream"} 1`,
			`fieldboard_realtime_rejected_events_total 1`,
			`fieldboard_realtime_duplicate_events_total 2`, // in two channels
			`fieldboard_realtime_event_lag_seconds_count{since="commit"} 4`,
			`fieldboard_realtime_event_lag_seconds_count{since="receipt"} 4`,
			`fieldboard_realtime_slow_clients_total 0`,
			`centrifuge_client_recover{`,
			`centrifuge_transport_messages_sent{`,
		} {
			if !strings.Contains(text, line) {
				return false
			}
		}
		return true
	})
}
