package telemetry

import (
	"context"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
)

// Correlation ties the log lines of one request together, and to the trace that the request belongs to.
type Correlation struct {
	RequestID string
	TraceID   string // 32 hexadecimal digits, or empty
	SpanID    string // 16 hexadecimal digits, or empty
	Sampled   bool
}

type correlationKey struct{}

// WithCorrelation returns a context whose log lines carry c; see NewHandler.
func WithCorrelation(ctx context.Context, c Correlation) context.Context {
	return context.WithValue(ctx, correlationKey{}, c)
}

// CorrelationFrom returns the correlation of ctx; the zero value when it has none.
func CorrelationFrom(ctx context.Context) Correlation {
	c, _ := ctx.Value(correlationKey{}).(Correlation)
	return c
}

var (
	// W3C Trace Context, part 3.2: version-traceid-parentid-flags.
	traceparent = regexp.MustCompile(`^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})`)
	// Google Cloud's own header: TRACE_ID/SPAN_ID;o=OPTIONS, the span in decimal.
	cloudTrace = regexp.MustCompile(`^([0-9a-fA-F]{32})(?:/[0-9]{1,20})?(?:;o=([01]))?$`)
)

// TraceOf reads the trace of a request from its traceparent header, or else from X-Cloud-Trace-Context. A header that breaks
// its format is as good as none.
func TraceOf(h http.Header) Correlation {
	if m := traceparent.FindStringSubmatch(h.Get("Traceparent")); m != nil && strings.Trim(m[1], "0") != "" {
		return Correlation{TraceID: m[1], SpanID: m[2], Sampled: strings.ContainsRune("13579bdf", rune(m[3][1]))}
	}
	if m := cloudTrace.FindStringSubmatch(h.Get("X-Cloud-Trace-Context")); m != nil {
		return Correlation{TraceID: strings.ToLower(m[1]), Sampled: m[2] == "1"}
	}
	return Correlation{}
}

// NewHandler returns a handler that adds the correlation of the context to every line, under the names by which Cloud Logging
// finds a trace: https://cloud.google.com/logging/docs/structured-logging#special-payload-fields. Wrapping twice adds once.
func NewHandler(inner slog.Handler, project string) slog.Handler {
	if h, ok := inner.(*handler); ok {
		return h
	}
	return &handler{Handler: inner, project: project}
}

type handler struct {
	slog.Handler
	project string
}

func (h *handler) Handle(ctx context.Context, r slog.Record) error {
	c := CorrelationFrom(ctx)
	if c.RequestID != "" {
		r.AddAttrs(slog.String("request_id", c.RequestID))
	}
	if c.TraceID != "" {
		r.AddAttrs(
			slog.String("logging.googleapis.com/trace", "projects/"+h.project+"/traces/"+c.TraceID),
			slog.Bool("logging.googleapis.com/trace_sampled", c.Sampled))
	}
	if c.SpanID != "" {
		r.AddAttrs(slog.String("logging.googleapis.com/spanId", c.SpanID))
	}
	return h.Handler.Handle(ctx, r)
}

func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &handler{Handler: h.Handler.WithAttrs(attrs), project: h.project}
}

func (h *handler) WithGroup(name string) slog.Handler {
	return &handler{Handler: h.Handler.WithGroup(name), project: h.project}
}
