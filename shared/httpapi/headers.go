package httpapi

import (
	"maps"
	"net/http"
)

// noFeatures denies a document every feature of the browser that OWASP's list names.
const noFeatures = "accelerometer=(), autoplay=(), camera=(), clipboard-read=(), clipboard-write=(), cross-origin-isolated=(), " +
	"display-capture=(), encrypted-media=(), fullscreen=(), gamepad=(), geolocation=(), gyroscope=(), hid=(), idle-detection=(), " +
	"interest-cohort=(), keyboard-map=(), magnetometer=(), microphone=(), midi=(), payment=(), picture-in-picture=(), " +
	"publickey-credentials-get=(), screen-wake-lock=(), serial=(), sync-xhr=(), unload=(), usb=(), web-share=(), xr-spatial-tracking=()"

// apiHeaders are those of an API that serves no page: what the OWASP Secure Headers Project
// (https://owasp.org/www-project-secure-headers/ci/headers_add.json) and helmet 8.3 set, each at the stricter of both. Two are
// left out: Clear-Site-Data, which belongs to the sign-out, and Cache-Control, which setCaching decides. The pages' headers
// are in firebase.json.
var apiHeaders = http.Header{
	"Content-Security-Policy":           {"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; upgrade-insecure-requests"},
	"Cross-Origin-Embedder-Policy":      {"require-corp"},
	"Cross-Origin-Opener-Policy":        {"same-origin"},
	"Cross-Origin-Resource-Policy":      {"same-origin"},
	"Origin-Agent-Cluster":              {"?1"},
	"Permissions-Policy":                {noFeatures},
	"Referrer-Policy":                   {"no-referrer"},
	"X-Content-Type-Options":            {"nosniff"},
	"X-Dns-Prefetch-Control":            {"off"},
	"X-Download-Options":                {"noopen"},
	"X-Frame-Options":                   {"DENY"},
	"X-Permitted-Cross-Domain-Policies": {"none"},
	"X-Xss-Protection":                  {"0"},
}

// transportSecurity is for answers over https alone (RFC 6797, part 7.2).
var transportSecurity = []string{"max-age=63072000; includeSubDomains"}

// secure sets the headers that every answer has. X-Forwarded-Proto is believed for nothing else.
func secure(h http.Header, r *http.Request) {
	maps.Copy(h, apiHeaders)
	if r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https" {
		h["Strict-Transport-Security"] = transportSecurity
	}
}
