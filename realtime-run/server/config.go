package server

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// Config is the service's settings, besides those of shared/cloud.
type Config struct {
	PublicURL      string        `env:"PUBLIC_URL, required"`     // the dashboard's address; its origin may connect
	AllowedOrigins []string      `env:"REALTIME_ALLOWED_ORIGINS"` // further origins that may connect, like http://localhost:5173
	Subscription   string        `env:"EVENTS_SUBSCRIPTION, default=realtime"`
	Topic          string        `env:"EVENTS_TOPIC, default=events"`       // of the subscription
	Heartbeat      time.Duration `env:"REALTIME_HEARTBEAT, default=30s"`    // between messages that show whether the subscription is stuck
	HistorySize    int           `env:"REALTIME_HISTORY_SIZE, default=500"` // events kept for each channel
	HistoryTTL     time.Duration `env:"REALTIME_HISTORY_TTL, default=24h"`  // also how long an event's id is remembered
	Lifetime       time.Duration `env:"REALTIME_LIFETIME, default=55m"`     // of a connection, give or take 3 minutes of 55
	Stamp          bool          `env:"REALTIME_STAMP"`                     // tags each event with when it was received, for measuring
	TrustedProxies int           `env:"TRUSTED_PROXIES, default=0"`         // that append to X-Forwarded-For; see httpapi.Edge
	Limits
	Scraper
}

// Validate reports the first setting that makes no sense.
func (c *Config) Validate() error {
	if _, err := originOf(c.PublicURL); err != nil {
		return fmt.Errorf("PUBLIC_URL: %w", err)
	}
	for _, o := range c.AllowedOrigins {
		if _, err := originOf(o); err != nil {
			return fmt.Errorf("REALTIME_ALLOWED_ORIGINS: %w", err)
		}
	}
	if c.HistorySize < 1 {
		return fmt.Errorf("REALTIME_HISTORY_SIZE: %d is less than 1", c.HistorySize)
	}
	if c.HistoryTTL < time.Minute {
		return fmt.Errorf("REALTIME_HISTORY_TTL: %s is less than a minute", c.HistoryTTL)
	}
	if c.Lifetime < time.Second || c.Lifetime > defaultLifetime {
		return fmt.Errorf("REALTIME_LIFETIME: %s is not between a second and %s", c.Lifetime, defaultLifetime)
	}
	if c.Heartbeat < 10*time.Millisecond || c.Heartbeat > time.Minute {
		return fmt.Errorf("REALTIME_HEARTBEAT: %s is not between 10ms and a minute", c.Heartbeat)
	}
	if c.TrustedProxies < 0 {
		return fmt.Errorf("TRUSTED_PROXIES: %d is less than 0", c.TrustedProxies)
	}
	if c.Invoker != "" && c.Audience == "" {
		return errors.New("METRICS_AUDIENCE is needed with METRICS_INVOKER")
	}
	return c.validate()
}

// originOf returns the origin of an address as browsers write it: scheme, host, and the port unless it is the scheme's own.
func originOf(address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", fmt.Errorf("%q is not an address", address)
	}
	if (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" {
		return "", fmt.Errorf("%q is not an http or https address", address)
	}
	host := u.Host
	if port := u.Port(); (u.Scheme == "http" && port == "80") || (u.Scheme == "https" && port == "443") {
		host = host[:len(host)-len(port)-1]
	}
	return u.Scheme + "://" + strings.ToLower(host), nil
}
