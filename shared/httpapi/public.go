package httpapi

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"fieldboard.dev/fieldboard/shared/instance"
	"fieldboard.dev/fieldboard/shared/ratelimit"
)

// Edge is how a deployment is reached.
type Edge struct {
	// TrustedProxies is how many proxies stand before a function and append to X-Forwarded-For. Every way in must lead through
	// as many: where one is shorter, such as the function's own address past Firebase Hosting, a client that takes it can write
	// the entry that is believed. None is believed unless this is set.
	TrustedProxies int `env:"TRUSTED_PROXIES, default=0"`

	// AllowedOrigins are the origins whose pages may read answers, separated by commas: https://app.example.test. The
	// dashboard's own needs no mention.
	AllowedOrigins []string `env:"CORS_ALLOWED_ORIGINS"`
}

// maxProxies is more than any real chain has.
const maxProxies = 8

// Validate tells what is wrong with the settings.
func (e *Edge) Validate() error {
	var found []error
	if e.TrustedProxies < 0 || e.TrustedProxies > maxProxies {
		found = append(found, fmt.Errorf("TRUSTED_PROXIES: must be 0 to %d", maxProxies))
	}
	for _, origin := range e.AllowedOrigins {
		u, err := url.Parse(origin)
		if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") || u.Scheme+"://"+u.Host != origin || strings.Contains(origin, "*") {
			found = append(found, fmt.Errorf("CORS_ALLOWED_ORIGINS: must be http(s)://host[:port] and no more, not %q", origin))
		}
	}
	return errors.Join(found...)
}

// NewPublic returns an API that anybody may reach: one with a limiter, and with the trusted proxies and the allowed origins
// of the instance's settings. What the options already hold stays.
func NewPublic(ctx context.Context, in *instance.Instance, o Options) (*API, error) {
	var edge Edge
	if err := in.Config(ctx, &edge); err != nil {
		return nil, err
	}
	if o.Limiter == nil {
		limiter, err := ratelimit.New(ctx, in)
		if err != nil {
			return nil, err
		}
		o.Limiter = limiter
	}
	o.Edge = edge
	return New(in, o), nil
}
