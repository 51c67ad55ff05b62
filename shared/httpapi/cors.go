package httpapi

import (
	"net/http"
	"time"

	"github.com/rs/cors"

	"fieldboard.dev/fieldboard/shared/ratelimit"
)

// preflightKept is how long a browser may remember the answer to a preflight. No browser keeps one for much longer.
const preflightKept = 10 * time.Minute

// newCORS lets pages of these origins read the answers of operations that take a bearer token. It never allows credentials:
// a cookie is for the dashboard's own origin, so an operation that reads one answers no other.
func newCORS(origins []string) *cors.Cors {
	return cors.New(cors.Options{
		AllowedOrigins: origins,
		AllowedMethods: []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete},
		AllowedHeaders: []string{"Authorization", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match", "X-Request-Id"},
		ExposedHeaders: []string{"ETag", "Location", "RateLimit", "RateLimit-Policy", "Retry-After", "X-Request-Id"},
		MaxAge:         int(preflightKept.Seconds()),
	})
}

// cross adds what a page of another origin needs to read the answer of the operation with this pattern. For a preflight,
// which has no pattern of its own, it is the whole answer, and cross returns true.
func (a *API) cross(w *reply, r *http.Request, pattern string) (answered bool) {
	if a.cors == nil {
		return false
	}
	if wanted := r.Header.Get("Access-Control-Request-Method"); pattern == "" && r.Method == http.MethodOptions && wanted != "" {
		asked := *r
		asked.Method = wanted
		if _, pattern = a.mux.Handler(&asked); !a.bearers[pattern] {
			return false
		}
		note(r.Context()).route = pattern
		if err := a.charge(r.Context(), w.Header(), Principal{}, ratelimit.Read); err != nil {
			writeProblem(r.Context(), w, err)
			return true
		}
		a.cors.HandlerFunc(w, r)
		return true
	}
	if a.bearers[pattern] {
		a.cors.HandlerFunc(w, r)
		w.keep() // a page must be able to read a problem too
	}
	return false
}
