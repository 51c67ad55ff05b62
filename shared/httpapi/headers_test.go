package httpapi_test

import (
	"io"
	"maps"
	"net/http"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// securityHeaders are those of an API, in full: what OWASP's and helmet's lists name, and no more.
var securityHeaders = http.Header{
	"Content-Security-Policy":           {"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; upgrade-insecure-requests"},
	"Cross-Origin-Embedder-Policy":      {"require-corp"},
	"Cross-Origin-Opener-Policy":        {"same-origin"},
	"Cross-Origin-Resource-Policy":      {"same-origin"},
	"Origin-Agent-Cluster":              {"?1"},
	"Referrer-Policy":                   {"no-referrer"},
	"X-Content-Type-Options":            {"nosniff"},
	"X-Dns-Prefetch-Control":            {"off"},
	"X-Download-Options":                {"noopen"},
	"X-Frame-Options":                   {"DENY"},
	"X-Permitted-Cross-Domain-Policies": {"none"},
	"X-Xss-Protection":                  {"0"},
	"Permissions-Policy": {"accelerometer=(), autoplay=(), camera=(), clipboard-read=(), clipboard-write=(), cross-origin-isolated=(), " +
		"display-capture=(), encrypted-media=(), fullscreen=(), gamepad=(), geolocation=(), gyroscope=(), hid=(), idle-detection=(), " +
		"interest-cohort=(), keyboard-map=(), magnetometer=(), microphone=(), midi=(), payment=(), picture-in-picture=(), " +
		"publickey-credentials-get=(), screen-wake-lock=(), serial=(), sync-xhr=(), unload=(), usb=(), web-share=(), xr-spatial-tracking=()"},
}

// usual are the other headers that an answer may have. What names a program or its version is none of them.
var usual = []string{"Cache-Control", "Content-Length", "Content-Type", "Etag", "Vary", "Www-Authenticate", "X-Request-Id"}

func TestSecurityHeaders(t *testing.T) {
	t.Parallel()
	api := newAPI(t, io.Discard).Handler()
	hsts := maps.Clone(securityHeaders)
	hsts["Strict-Transport-Security"] = []string{"max-age=63072000; includeSubDomains"}
	for _, tt := range []struct {
		name, path string
		header     http.Header
		want       http.Header
	}{
		{"a success", "/shared", http.Header{}, securityHeaders},
		{"of another origin", "/api/v1/things", as("reader", "Origin", "https://evil.test"), securityHeaders},
		{"over https", "/shared", http.Header{"X-Forwarded-Proto": {"https"}}, hsts},
		{"nothing there", "/nowhere", http.Header{}, securityHeaders},
		{"not signed in", "/api/v1/things", http.Header{}, securityHeaders},
		{"not allowed", "/api/v1/things", as("nothing"), securityHeaders},
		{"a panic half-way", "/fail/late", http.Header{}, securityHeaders},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := call{method: "GET", path: tt.path, header: tt.header}.do(t, api).Header
			maps.DeleteFunc(got, func(name string, _ []string) bool { return slices.Contains(usual, name) })
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
