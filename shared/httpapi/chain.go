package httpapi

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"path"
	"regexp"
	"runtime/debug"
	"strings"
	"time"

	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/shared/telemetry"
)

// Described is a handler that tells its operations.
type Described interface {
	http.Handler
	OpenAPI() ([]byte, error)
}

// Handler returns the chain with the operations inside; see the package's comment for the order. It is Described.
func (a *API) Handler() http.Handler {
	return described{a.chain(), a}
}

type described struct {
	http.Handler
	api *API
}

func (d described) OpenAPI() ([]byte, error) { return d.api.OpenAPI() }

func (a *API) chain() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		started := a.clock.Now()
		c := telemetry.TraceOf(r.Header)
		c.RequestID = requestID(r)
		notes := &notes{}
		ctx := context.WithValue(telemetry.WithCorrelation(r.Context(), c), notesKey{}, notes)
		ctx = WithClientIP(ctx, clientIP(r, a.proxies))
		ctx, cancel := context.WithTimeout(ctx, a.timeout)
		defer cancel()

		reply := newReply(w)
		secure(reply.Header(), r)
		reply.Header().Set("X-Request-Id", c.RequestID)
		reply.keep()
		a.serve(reply, r.WithContext(ctx))
		if reply.status() == http.StatusUnauthorized {
			reply.Header().Set("WWW-Authenticate", `Bearer realm="fieldboard"`) // RFC 9110, part 15.5.2: a 401 must have it
		}
		setCaching(reply, r, notes)
		if err := reply.send(r); err != nil {
			notes.err = errors.Join(notes.err, fmt.Errorf("sending the answer: %w", err))
		}
		a.logRequest(ctx, r, reply, notes, a.clock.Now().Sub(started))
	})
}

// serve routes the request. A panic becomes a problem in place of whatever was written before it.
func (a *API) serve(reply *reply, r *http.Request) {
	defer func() {
		if v := recover(); v != nil {
			if err, ok := v.(error); ok && errors.Is(err, http.ErrAbortHandler) {
				panic(v)
			}
			reply.discard()
			writeProblem(r.Context(), reply, fmt.Errorf("panic: %v\n%s", v, debug.Stack()))
		}
	}()
	// A path that is not in its shortest form names nothing here. ServeMux would redirect to the form that does.
	if !strings.HasPrefix(r.URL.Path, "/") || path.Clean(r.URL.Path) != r.URL.Path {
		writeProblem(r.Context(), reply, problem.New(problem.NotFound, "There is nothing at this address."))
		return
	}
	handler, pattern := a.mux.Handler(r)
	if a.cross(reply, r, pattern) {
		return
	}
	if pattern != "" {
		note(r.Context()).route = pattern
		a.mux.ServeHTTP(reply, r)
		return
	}
	handler.ServeHTTP(reply, r) // ServeMux's own answer, which knows the methods that are allowed
	allow := reply.Header().Get("Allow")
	reply.discard()
	if allow == "" {
		writeProblem(r.Context(), reply, problem.New(problem.NotFound, "There is nothing at this address."))
		return
	}
	reply.Header().Set("Allow", allow)
	writeProblem(r.Context(), reply, problem.New(problem.MethodNotAllow, "Use one of: %s.", allow))
}

// notes are what the links of the chain leave for each other.
type notes struct {
	route     string
	private   bool // the answer is for the caller alone
	principal Principal
	badQuery  []problem.Field
	violated  []string     // the limits that refused
	code      problem.Code // of the problem that was answered
	err       error        // behind it
}

type notesKey struct{}

func note(ctx context.Context) *notes {
	if n, ok := ctx.Value(notesKey{}).(*notes); ok {
		return n
	}
	return &notes{}
}

var goodRequestID = regexp.MustCompile(`^[A-Za-z0-9_-]{8,64}$`)

func requestID(r *http.Request) string {
	if id := r.Header.Get("X-Request-Id"); goodRequestID.MatchString(id) {
		return id
	}
	return randomID()
}

// logRequest writes the one line of a request. The query is left out: it may hold names and addresses. Of the client's
// address, which is personal data, there is the network alone.
func (a *API) logRequest(ctx context.Context, r *http.Request, reply *reply, n *notes, took time.Duration) {
	level, message := slog.LevelInfo, "request"
	attrs := []slog.Attr{
		slog.Group("httpRequest", // the name and keys that Cloud Logging shows as a request
			slog.String("requestMethod", r.Method),
			slog.String("requestUrl", bounded(r.URL.Path)),
			slog.Int("status", reply.status()),
			slog.Int("responseSize", reply.body.Len()),
			slog.String("latency", fmt.Sprintf("%.6fs", took.Seconds())),
			slog.String("remoteIp", Network(ClientIP(ctx))),
			slog.String("protocol", r.Proto)),
		slog.String("route", n.route),
	}
	if n.principal.AccountID != "" {
		attrs = append(attrs, slog.String("account", n.principal.AccountID), slog.String("user", n.principal.UserID))
	}
	if n.principal.KeyID != "" {
		attrs = append(attrs, slog.String("key", n.principal.KeyID))
	}
	if len(n.violated) > 0 {
		attrs = append(attrs, slog.Any("violated_policies", n.violated))
	}
	if n.code != "" {
		attrs = append(attrs, slog.String("code", string(n.code)))
	}
	if n.err != nil {
		attrs = append(attrs, slog.String("error", n.err.Error()))
	}
	if reply.status() >= http.StatusInternalServerError {
		level, message = slog.LevelError, "request failed"
	}
	a.log.LogAttrs(ctx, level, message, attrs...)
}

func bounded(s string) string {
	if len(s) > 256 {
		return s[:256]
	}
	return s
}
