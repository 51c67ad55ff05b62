// Package gateway does on one machine what Firebase Hosting does in front of the deployed product: it serves the dashboard's
// files with the headers of firebase.json and sends /api to the functions, by the same file's rewrites.
package gateway

import (
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"path"
	"strings"
)

// Config is what a gateway is made of.
type Config struct {
	Hosting   Hosting
	Files     fs.FS               // the built dashboard
	Functions map[string]*url.URL // where each function answers, by its name
	// ConnectSources are further places that pages may connect to, which in production are known when it is deployed: the
	// realtime service and the Auth emulator of this machine.
	ConnectSources []string
	Log            *slog.Logger
}

// New returns the gateway's handler. It fails when a rewrite names a function that has no address.
func New(cfg Config) (http.Handler, error) {
	g := &gateway{files: cfg.Files}
	for _, block := range cfg.Hosting.Headers {
		matches, err := compileGlob(block.Source)
		if err != nil {
			return nil, err
		}
		g.headers = append(g.headers, headers{matches: matches, lines: onThisMachine(block.Headers, cfg.ConnectSources)})
	}
	for _, rewrite := range cfg.Hosting.Rewrites {
		matches, err := compileGlob(rewrite.Source)
		if err != nil {
			return nil, err
		}
		r := route{matches: matches, destination: rewrite.Destination}
		if rewrite.Function != nil {
			target, ok := cfg.Functions[rewrite.Function.ID]
			if !ok {
				return nil, fmt.Errorf("firebase.json sends %s to the function %q, which has no address", rewrite.Source, rewrite.Function.ID)
			}
			r.proxy = proxyTo(target, cfg.Log)
		}
		g.routes = append(g.routes, r)
	}
	return g, nil
}

type gateway struct {
	files   fs.FS
	headers []headers
	routes  []route
}

type headers struct {
	matches func(string) bool
	lines   []Header
}

type route struct {
	matches     func(string) bool
	proxy       http.Handler // nil when the route leads to a file
	destination string
}

// ServeHTTP answers with the file of the address; with the first rewrite that matches where there is no such file.
func (g *gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	clean := path.Clean("/" + r.URL.Path)
	if name := strings.TrimPrefix(clean, "/"); isFile(g.files, name) {
		g.serveFile(w, r, clean, name)
		return
	}
	for _, route := range g.routes {
		switch {
		case !route.matches(r.URL.Path):
		case route.proxy != nil:
			route.proxy.ServeHTTP(w, r)
			return
		default:
			g.serveFile(w, r, clean, strings.TrimPrefix(route.destination, "/"))
			return
		}
	}
	http.NotFound(w, r)
}

// onThisMachine adds sources to the connect-src of a Content-Security-Policy, and takes out what would make a browser ask for
// https, which nothing here speaks: Safari does so even of this machine's own address.
func onThisMachine(lines []Header, sources []string) []Header {
	changed := make([]Header, len(lines))
	copy(changed, lines)
	for i, line := range changed {
		if line.Key != "Content-Security-Policy" {
			continue
		}
		policy := strings.Replace(line.Value, "; upgrade-insecure-requests", "", 1)
		if len(sources) > 0 {
			policy = strings.Replace(policy, "connect-src ", "connect-src "+strings.Join(sources, " ")+" ", 1)
		}
		changed[i].Value = policy
	}
	return changed
}
