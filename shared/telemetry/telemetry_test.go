package telemetry_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fieldboard.dev/fieldboard/shared/telemetry"
)

func TestSecretIsNeverShown(t *testing.T) {
	t.Parallel()
	s := telemetry.Secret("hunter2")
	in := struct{ Key telemetry.Secret }{s}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "key", s, "personal", telemetry.Personal("hunter2"))
	marshalled, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"%v": fmt.Sprintf("%v", in), "%+v": fmt.Sprintf("%+v", in), "%#v": fmt.Sprintf("%#v", in), "%s": fmt.Sprintf("<%s>", s),
		"%q": fmt.Sprintf("%q", s), "%x": fmt.Sprintf("%x", s), "json": string(marshalled), "slog": log.String(), "error": fmt.Errorf("bad: %v", s).Error(),
	} {
		if strings.Contains(text, "hunter2") || strings.Contains(text, fmt.Sprintf("%x", "hunter2")) {
			t.Errorf("%s shows the secret: %s", name, text)
		}
	}
	if s.Reveal() != "hunter2" {
		t.Errorf("got %q from Reveal", s.Reveal())
	}
	if got := telemetry.Secret("").String(); got != "" {
		t.Errorf("got %q for no secret, want to see that there is none", got)
	}
}

func TestTraceOf(t *testing.T) {
	t.Parallel()
	const trace = "4bf92f3577b34da6a3ce929d0e0e4736"
	tests := []struct {
		name, header, value string
		want                telemetry.Correlation
	}{
		{"w3c, sampled", "Traceparent", "00-" + trace + "-00f067aa0ba902b7-01", telemetry.Correlation{TraceID: trace, SpanID: "00f067aa0ba902b7", Sampled: true}},
		{"w3c, not sampled", "Traceparent", "00-" + trace + "-00f067aa0ba902b7-00", telemetry.Correlation{TraceID: trace, SpanID: "00f067aa0ba902b7"}},
		{"w3c, no trace", "Traceparent", "00-" + strings.Repeat("0", 32) + "-00f067aa0ba902b7-01", telemetry.Correlation{}},
		{"w3c, broken", "Traceparent", "00-xyz", telemetry.Correlation{}},
		{"google", "X-Cloud-Trace-Context", strings.ToUpper(trace) + "/123;o=1", telemetry.Correlation{TraceID: trace, Sampled: true}},
		{"google, trace alone", "X-Cloud-Trace-Context", trace, telemetry.Correlation{TraceID: trace}},
		{"google, injected", "X-Cloud-Trace-Context", trace + "\n{}", telemetry.Correlation{}},
		{"none", "X-Other", "1", telemetry.Correlation{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, telemetry.TraceOf(http.Header{tt.header: {tt.value}})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestHandlerAddsCorrelationOnce(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	inner := telemetry.NewHandler(slog.NewJSONHandler(&log, nil), "p")
	logger := slog.New(telemetry.NewHandler(inner, "p")).With("a", 1)
	ctx := telemetry.WithCorrelation(t.Context(), telemetry.Correlation{RequestID: "r1", TraceID: "t1"})
	logger.InfoContext(ctx, "x")
	if got := strings.Count(log.String(), `"request_id":"r1"`); got != 1 {
		t.Errorf("got request_id %d times, want once: %s", got, log.String())
	}
	if want := `"logging.googleapis.com/trace":"projects/p/traces/t1"`; !strings.Contains(log.String(), want) {
		t.Errorf("got %s, want %s", log.String(), want)
	}
	log.Reset()
	logger.InfoContext(t.Context(), "x")
	if strings.Contains(log.String(), "request_id") || !strings.Contains(log.String(), `"a":1`) {
		t.Errorf("got %s, want the attributes and no correlation", log.String())
	}
}
