package server

import (
	"net/http"
	"strings"
	"time"

	"github.com/centrifugal/centrifuge"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/httpapi"
	"fieldboard.dev/fieldboard/shared/problem"
)

// metrics are what an instance counts, besides what the node does: messages sent, recoveries that worked
// (centrifuge_client_recover{recovered="yes"}) and that left a gap ("no"), and by which codes it disconnected.
type metrics struct {
	registry    *prometheus.Registry
	connections *prometheus.GaugeVec     // by transport
	lag         *prometheus.HistogramVec // by since when
	duplicates  prometheus.Counter
	rejected    prometheus.Counter
	slow        prometheus.Counter
}

// Since when a delivery's lag is counted. The first is by two clocks, the function's that stored the event and this
// instance's; the second by one.
const (
	sinceCommit  = "commit"
	sinceReceipt = "receipt"
)

func newMetrics(e *ears) *metrics {
	const space, part = "fieldboard", "realtime"
	m := &metrics{
		registry: prometheus.NewRegistry(),
		connections: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Namespace: space, Subsystem: part, Name: "connections", Help: "Connections that are open, by transport.",
		}, []string{"transport"}),
		lag: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: space, Subsystem: part, Name: "event_lag_seconds",
			Help:    "From an event's commit, or from its receipt here, until it is in its channel.",
			Buckets: []float64{.005, .01, .02, .035, .05, .075, .1, .2, .5, 1, 2, 5, 15, 60, 300},
		}, []string{"since"}),
		duplicates: prometheus.NewCounter(prometheus.CounterOpts{
			Namespace: space, Subsystem: part, Name: "duplicate_events_total", Help: "Publications that their channel has had before.",
		}),
		rejected: prometheus.NewCounter(prometheus.CounterOpts{
			Namespace: space, Subsystem: part, Name: "rejected_events_total", Help: "Messages that are no event of ours.",
		}),
		slow: prometheus.NewCounter(prometheus.CounterOpts{
			Namespace: space, Subsystem: part, Name: "slow_clients_total", Help: "Connections that ended because too much waited for them.",
		}),
	}
	silence := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Namespace: space, Subsystem: part, Name: "silence_seconds", Help: "Since any instance got a message of the subscription; 0 before the first.",
	}, func() float64 { return e.silence().Seconds() })
	m.registry.MustRegister(m.connections, m.lag, m.duplicates, m.rejected, m.slow, silence)
	return m
}

// delivered notes a publication that reached its channel.
func (m *metrics) delivered(p publication, fresh bool, now time.Time) {
	if !fresh {
		m.duplicates.Inc()
		return
	}
	m.lag.WithLabelValues(sinceCommit).Observe(max(0, now.Sub(p.committed)).Seconds())
	m.lag.WithLabelValues(sinceReceipt).Observe(max(0, now.Sub(p.received)).Seconds())
}

func (m *metrics) opened(transport string) { m.connections.WithLabelValues(transport).Inc() }

func (m *metrics) ended(transport string, e centrifuge.DisconnectEvent) {
	m.connections.WithLabelValues(transport).Dec()
	if e.Code == centrifuge.DisconnectSlow.Code {
		m.slow.Inc()
	}
}

// Scraper says who may read the metrics. Cloud Run gives a service one port, which is public here, so they are behind an ID
// token for this service, as workers are.
type Scraper struct {
	Invoker  string `env:"METRICS_INVOKER"` // a service account's email; empty for nobody
	Audience string `env:"METRICS_AUDIENCE"`
	Issuer   string `env:"OIDC_ISSUER, default=https://accounts.google.com"`
	JWKSURL  string `env:"OIDC_JWKS_URL, default=https://www.googleapis.com/oauth2/v3/certs"`
}

// newScrape returns what answers GET /metrics: the instance's own and the node's, in Prometheus' text.
func (s *Server) newScrape(cfg Scraper, clk clock.Clock) http.HandlerFunc {
	if cfg.Invoker == "" {
		return http.NotFound
	}
	verify := httpapi.OIDCVerifier(httpapi.OIDCConfig{
		Issuer: cfg.Issuer, JWKSURL: cfg.JWKSURL, Invoker: cfg.Invoker, Audience: cfg.Audience,
	}, clk)
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		switch err := verify(r.Context(), token); problem.CodeOf(err) {
		case problem.Unavailable:
			s.refuse(w, r)
		case problem.Forbidden:
			w.WriteHeader(http.StatusForbidden)
		default:
			if err != nil {
				w.Header().Set("WWW-Authenticate", "Bearer")
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			all := prometheus.Gatherers{s.metrics.registry}
			if h := s.hub.Load(); h != nil {
				all = append(all, h.metrics)
			}
			promhttp.HandlerFor(all, promhttp.HandlerOpts{}).ServeHTTP(w, r)
		}
	}
}
