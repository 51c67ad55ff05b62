package server

import (
	"encoding/json"
	"net/http"

	"fieldboard.dev/fieldboard/shared/httpapi"
	"fieldboard.dev/fieldboard/shared/problem"
)

// Handler serves the ways to connect (see transports), /healthz and /readyz.
//
// /healthz answers 200 as long as the process lives; its body says "ok", or "degraded" when Redis or the subscription
// does not work. /readyz answers 503 when new clients cannot be served, or would wait for events in vain. /metrics is for
// the Scraper of the settings.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /connection/websocket", s.serveSocket)
	mux.HandleFunc("/connection/http_stream", s.serveStream)
	mux.HandleFunc("/connection/sse", s.serveEvents)
	mux.HandleFunc("/connection/emulation", s.serveEmulation)
	mux.HandleFunc("GET /healthz", s.serveHealth)
	mux.HandleFunc("GET /readyz", s.serveReady)
	mux.HandleFunc("GET /metrics", s.newScrape(s.cfg.Scraper, s.in.Clock))
	return mux
}

// allowsOrigin lets in the dashboard's origin, those of the settings, and what is no browser: a browser always sends an
// Origin with a WebSocket handshake, and no other program needs one to be forged. Nothing here trusts a cookie.
func (s *Server) allowsOrigin(r *http.Request) bool {
	sent := r.Header.Values("Origin")
	if len(sent) == 0 {
		return true
	}
	origin, err := originOf(sent[0])
	return err == nil && len(sent) == 1 && s.origins[origin]
}

func (s *Server) serveHealth(w http.ResponseWriter, r *http.Request) {
	body := map[string]string{"status": "ok", "redis": s.redis.String(), "subscription": s.subscription()}
	if body["redis"] != "up" || body["subscription"] != "up" {
		body["status"] = "degraded"
	}
	s.write(w, r, http.StatusOK, "application/json", body)
}

func (s *Server) serveReady(w http.ResponseWriter, r *http.Request) {
	messages := s.subscription()
	if s.hub.Load() == nil || s.draining.Load() || !s.redis.up() || messages == "down" || messages == "stuck" {
		s.refuse(w, r)
		return
	}
	s.write(w, r, http.StatusOK, "application/json", map[string]string{"status": "ready"})
}

// refuse asks the caller to try again, at another instance by then.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Retry-After", "2")
	s.write(w, r, http.StatusServiceUnavailable, "application/problem+json", httpapi.Problem{
		Type: "urn:fieldboard:problem:" + string(problem.Unavailable), Title: "Temporarily unavailable",
		Status: http.StatusServiceUnavailable, Code: problem.Unavailable,
		Detail: "Live updates are not available right now. Try again shortly.",
	})
}

func (s *Server) write(w http.ResponseWriter, r *http.Request, status int, contentType string, body any) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(body); err != nil {
		s.in.Log.WarnContext(r.Context(), "an answer was not sent", "error", err)
	}
}
