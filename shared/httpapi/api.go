package httpapi

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/rs/cors"

	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/instance"
	"fieldboard.dev/fieldboard/shared/telemetry"
)

// MaxBodyBytes bounds the body of an operation that sets no bound of its own in huma.Operation.MaxBodyBytes.
const MaxBodyBytes = 64 << 10

// Options are what differs between functions.
type Options struct {
	Name     string        // of the function, in its log lines and its OpenAPI title
	Verifier Verifier      // of access tokens; nil where no operation uses Needs
	Timeout  time.Duration // of one request; 30 s when zero. Set it for workers.

	Edge        Edge      // none trusted and none allowed where it is zero
	Limiter     Limiter   // nil limits nothing: for workers, whose queue does it
	OnTightened Tightened // may be nil
}

// API is the operations of one function.
type API struct {
	name     string
	verifier Verifier
	timeout  time.Duration
	clock    clock.Clock
	log      *slog.Logger
	mux      *http.ServeMux
	huma     huma.API

	proxies   int
	limiter   Limiter
	tightened Tightened
	cors      *cors.Cors      // nil where no other origin may read
	bearers   map[string]bool // the patterns of the operations that take a bearer token of a person's or a key's
}

// New returns an API without operations.
func New(in *instance.Instance, o Options) *API {
	if o.Timeout == 0 {
		o.Timeout = 30 * time.Second
	}
	a := &API{
		name:     o.Name,
		verifier: o.Verifier,
		timeout:  o.Timeout,
		clock:    in.Clock,
		log:      slog.New(telemetry.NewHandler(in.Log.Handler(), in.Cloud.Config().Project)).With("function", o.Name),
		mux:      http.NewServeMux(),

		proxies:   o.Edge.TrustedProxies,
		limiter:   o.Limiter,
		tightened: o.OnTightened,
		bearers:   map[string]bool{},
	}
	if len(o.Edge.AllowedOrigins) > 0 {
		a.cors = newCORS(o.Edge.AllowedOrigins)
	}
	a.huma = humago.New(a.mux, config(o.Name))
	return a
}

func config(name string) huma.Config {
	c := huma.DefaultConfig("Fieldboard: "+name, "1.0.0")
	c.OpenAPIPath, c.DocsPath, c.SchemasPath = "", "", "" // the description is published as one for all functions, not by each
	c.CreateHooks = nil                                   // no $schema in bodies
	c.DefaultFormat = "application/json"
	c.Formats = map[string]huma.Format{c.DefaultFormat: format, "json": format}
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"session": {Type: "http", Scheme: "bearer", BearerFormat: "JWT", Description: "The access token of a session."},
		"key":     {Type: "http", Scheme: "bearer", BearerFormat: "fbk_…", Description: "An API key."},
		"worker":  {Type: "http", Scheme: "bearer", BearerFormat: "JWT", Description: "A Google-signed OIDC token of the tasks' invoker."},
	}
	return c
}

var format = huma.Format{
	Marshal:   func(w io.Writer, v any) error { return json.NewEncoder(w).Encode(v) },
	Unmarshal: unmarshal,
}

// OpenAPI returns the description of the operations, OpenAPI 3.1 as JSON.
func (a *API) OpenAPI() ([]byte, error) {
	return json.MarshalIndent(a.huma.OpenAPI(), "", "  ")
}
