// Package security_test holds the product as a whole to what keeps it safe: the pages' headers, and the limits on the way
// through the gateway.
package security_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fieldboard.dev/fieldboard/emulators/gateway"
	"fieldboard.dev/fieldboard/emulators/parts"
)

// pageHeaders are those of the dashboard's pages, in full: what the OWASP Secure Headers Project and helmet 8.3 name, each at
// the stricter of both, but for two things that the pages do. They have inline styles, which their components set; and they
// copy invitations and keys to the clipboard. Clear-Site-Data belongs to the sign-out, which is the API's.
var pageHeaders = map[string]string{
	"Cache-Control": "no-cache",
	"Content-Security-Policy": "default-src 'none'; base-uri 'none'; " +
		"connect-src 'self' https://identitytoolkit.googleapis.com https://securetoken.googleapis.com https://*.run.app wss://*.run.app; " +
		"font-src 'self'; form-action 'self'; frame-ancestors 'none'; img-src 'self' data:; manifest-src 'self'; object-src 'none'; " +
		"script-src 'self'; script-src-attr 'none'; style-src 'self' 'unsafe-inline'; worker-src 'self'; upgrade-insecure-requests",
	"Cross-Origin-Embedder-Policy": "require-corp",
	"Cross-Origin-Opener-Policy":   "same-origin",
	"Cross-Origin-Resource-Policy": "same-origin",
	"Origin-Agent-Cluster":         "?1",
	"Permissions-Policy": "accelerometer=(), autoplay=(), camera=(), clipboard-read=(), clipboard-write=(self), cross-origin-isolated=(), " +
		"display-capture=(), encrypted-media=(), fullscreen=(), gamepad=(), geolocation=(), gyroscope=(), hid=(), idle-detection=(), " +
		"interest-cohort=(), keyboard-map=(), magnetometer=(), microphone=(), midi=(), payment=(), picture-in-picture=(), " +
		"publickey-credentials-get=(), screen-wake-lock=(), serial=(), sync-xhr=(), unload=(), usb=(), web-share=(), xr-spatial-tracking=()",
	"Referrer-Policy":                   "no-referrer",
	"Strict-Transport-Security":         "max-age=63072000; includeSubDomains",
	"X-Content-Type-Options":            "nosniff",
	"X-DNS-Prefetch-Control":            "off",
	"X-Download-Options":                "noopen",
	"X-Frame-Options":                   "DENY",
	"X-Permitted-Cross-Domain-Policies": "none",
	"X-XSS-Protection":                  "0",
}

func TestPageHeaders(t *testing.T) {
	t.Parallel()
	root, err := parts.Root()
	if err != nil {
		t.Fatal(err)
	}
	hosting, err := gateway.ReadHosting(filepath.Join(root, "firebase.json"))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]map[string]string{}
	for _, block := range hosting.Headers {
		if got[block.Source] != nil {
			t.Errorf("%s is listed twice", block.Source)
		}
		got[block.Source] = map[string]string{}
		for _, line := range block.Headers {
			if _, twice := got[block.Source][line.Key]; twice {
				t.Errorf("%s: %s is set twice", block.Source, line.Key)
			}
			got[block.Source][line.Key] = line.Value
		}
	}
	want := map[string]map[string]string{
		"**":         pageHeaders,
		"/assets/**": {"Cache-Control": "public, max-age=31536000, immutable"}, // named by their content
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("firebase.json (-want +got):\n%s", diff)
	}
}

// A script runs only when it is a file of ours.
func TestNoScriptIsInline(t *testing.T) {
	t.Parallel()
	for directive := range strings.SplitSeq(pageHeaders["Content-Security-Policy"], ";") {
		name, sources, _ := strings.Cut(strings.TrimSpace(directive), " ")
		if strings.HasPrefix(name, "style-src") {
			continue
		}
		for _, open := range []string{"'unsafe-inline'", "'unsafe-eval'", "'unsafe-hashes'", "*", "http:", "https:", "data:"} {
			for source := range strings.FieldsSeq(sources) {
				if source == open && (name != "img-src" || open != "data:") {
					t.Errorf("%s allows %s", name, open)
				}
			}
		}
	}
}
