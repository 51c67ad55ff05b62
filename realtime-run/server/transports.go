package server

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/centrifugal/centrifuge"

	"fieldboard.dev/fieldboard/shared/httpapi"
	"fieldboard.dev/fieldboard/shared/live"
)

// transports are the ways to connect, one protocol on all of them. A WebSocket goes both ways. Where a network lets none
// through, the server's part goes over an HTTP answer that does not end, and each command of the client is a request of its
// own: it may reach any instance, which hands it to the one that has the stream. Where something on the way holds such an
// answer back, it can be one of server-sent events; they are asked for with the token in the body, since an address is kept
// in the logs of requests.
type transports struct {
	socket, stream, events, emulation http.Handler
}

func (s *Server) newTransports(node *centrifuge.Node) transports {
	limit := s.cfg.MessageBytes
	pings := centrifuge.PingPongConfig{PingInterval: pingEvery, PongTimeout: pongWithin}
	return transports{
		socket: centrifuge.NewWebsocketHandler(node, centrifuge.WebsocketConfig{
			CheckOrigin: s.allowsOrigin, MessageSizeLimit: limit, WriteTimeout: writeTimeout, PingPongConfig: pings,
			// Most connections are idle most of the time; these keep one small. A client sends little besides its token.
			ReadBufferSize: 1 << 10, UseWriteBufferPool: true, ProcessCommandsOffReadLoop: true,
		}),
		stream: centrifuge.NewHTTPStreamHandler(node, centrifuge.HTTPStreamConfig{MaxRequestBodySize: limit, PingPongConfig: pings}),
		events: centrifuge.NewSSEHandler(node, centrifuge.SSEConfig{MaxRequestBodySize: limit, PingPongConfig: pings}),
		// Its message holds the client's as text, with what names the stream around it.
		emulation: centrifuge.NewEmulationHandler(node, centrifuge.EmulationConfig{MaxRequestBodySize: 2 * limit}),
	}
}

func (s *Server) serveSocket(w http.ResponseWriter, r *http.Request) {
	s.serveClient(w, r, func(h *hub) http.Handler { return h.socket })
}

func (s *Server) serveStream(w http.ResponseWriter, r *http.Request) {
	s.crossOrigin(w, r, func() {
		s.serveClient(w, r, func(h *hub) http.Handler { return h.stream })
	})
}

func (s *Server) serveEvents(w http.ResponseWriter, r *http.Request) {
	s.crossOrigin(w, r, func() {
		s.serveClient(w, r, func(h *hub) http.Handler { return h.events })
	})
}

func (s *Server) serveEmulation(w http.ResponseWriter, r *http.Request) {
	s.crossOrigin(w, r, func() {
		s.serveClient(w, r, func(h *hub) http.Handler { return h.emulation })
	})
}

// serveClient hands a request to one of the hub's transports.
func (s *Server) serveClient(w http.ResponseWriter, r *http.Request, transport func(*hub) http.Handler) {
	h := s.hub.Load()
	if h == nil || s.draining.Load() {
		s.refuse(w, r)
		return
	}
	if r.Method == http.MethodPost && !readWhole(w, r, 2*s.cfg.MessageBytes) {
		return
	}
	if err := http.NewResponseController(w).SetReadDeadline(time.Time{}); err != nil {
		s.in.Log.WarnContext(r.Context(), "a connection keeps the deadline of a request", "error", err)
	}
	ctx := withCommands(r.Context(), s.cfg.CommandsPerSecond)
	transport(h).ServeHTTP(w, r.WithContext(context.WithValue(ctx, originKey{}, origin{
		address: live.Short(httpapi.ClientIPOf(r, s.cfg.TrustedProxies)), agent: live.Agent(r.UserAgent()),
	})))
}

// origin is where a connection comes from.
type origin struct {
	address string // live.Short's
	agent   string
}

type originKey struct{}

func originFrom(ctx context.Context) origin {
	from, _ := ctx.Value(originKey{}).(origin)
	return from
}

// readWhole reads the body while the server's deadline for reading still counts. After it the deadline must go, as it would
// end an answer that does not end.
func readWhole(w http.ResponseWriter, r *http.Request, most int) bool {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, int64(most)))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		return false
	case err != nil:
		w.WriteHeader(http.StatusBadRequest)
		return false
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return true
}

// crossOrigin answers what browsers ask before and of a request to another origin: that an allowed page may send it and read
// the answer, without cookies.
func (s *Server) crossOrigin(w http.ResponseWriter, r *http.Request, next func()) {
	header := w.Header()
	header.Add("Vary", "Origin")
	if !s.allowsOrigin(r) {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	if origin := r.Header.Get("Origin"); origin != "" {
		header.Set("Access-Control-Allow-Origin", origin)
	}
	switch r.Method {
	case http.MethodOptions:
		header.Set("Access-Control-Allow-Methods", http.MethodPost)
		header.Set("Access-Control-Allow-Headers", "Content-Type")
		header.Set("Access-Control-Max-Age", "600")
		w.WriteHeader(http.StatusNoContent)
	case http.MethodPost:
		header.Set("X-Content-Type-Options", "nosniff")
		next()
	default:
		header.Set("Allow", http.MethodPost)
		w.WriteHeader(http.StatusMethodNotAllowed)
	}
}
