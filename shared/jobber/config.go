package jobber

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"fieldboard.dev/fieldboard/shared/telemetry"
)

// Config says which Jobber app this is and where Jobber answers.
type Config struct {
	ClientID     string           `env:"JOBBER_CLIENT_ID, required"`
	ClientSecret telemetry.Secret `env:"JOBBER_CLIENT_SECRET, required"`

	AuthorizeURL string `env:"JOBBER_AUTHORIZE_URL, default=https://api.getjobber.com/api/oauth/authorize"`
	TokenURL     string `env:"JOBBER_TOKEN_URL, default=https://api.getjobber.com/api/oauth/token"`
	GraphQLURL   string `env:"JOBBER_GRAPHQL_URL, default=https://api.getjobber.com/api/graphql"`

	// GraphQLVersion is the API version that every request pins. Jobber replaces a version that it removed by the oldest
	// that it still serves, without an error; the replacement is logged.
	GraphQLVersion string `env:"JOBBER_GRAPHQL_VERSION, required"`

	// TokenKeys are base64 keys of 32 bytes, separated by commas. The first encrypts; each of them decrypts, so a key is
	// replaced by putting the new one in front.
	TokenKeys telemetry.Secret `env:"TOKEN_ENCRYPTION_KEY, required"`

	// PublicURL is the address of the dashboard; Jobber sends people back to it.
	PublicURL string `env:"PUBLIC_URL, required"`

	// RequestLimit in RequestWindow is Jobber's limit of requests for one app and one of its accounts, which no reply
	// tells (developer.getjobber.com, "API rate limits").
	RequestLimit  int           `env:"JOBBER_REQUEST_LIMIT, default=2500"`
	RequestWindow time.Duration `env:"JOBBER_REQUEST_WINDOW, default=300s"`
}

// Validate checks what the tags cannot say.
func (c *Config) Validate() error {
	var errs []error
	for name, value := range map[string]string{
		"JOBBER_AUTHORIZE_URL": c.AuthorizeURL, "JOBBER_TOKEN_URL": c.TokenURL,
		"JOBBER_GRAPHQL_URL": c.GraphQLURL, "PUBLIC_URL": c.PublicURL,
	} {
		if u, err := url.Parse(value); err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
			errs = append(errs, fmt.Errorf("%s: not an http address", name))
		}
	}
	if _, err := time.Parse(time.DateOnly, c.GraphQLVersion); err != nil {
		errs = append(errs, errors.New("JOBBER_GRAPHQL_VERSION: not a date like 2026-05-12"))
	}
	if c.RequestLimit < 10 {
		errs = append(errs, errors.New("JOBBER_REQUEST_LIMIT: fewer than 10"))
	}
	if c.RequestWindow <= 0 {
		errs = append(errs, errors.New("JOBBER_REQUEST_WINDOW: not positive"))
	}
	if _, err := newSealer(c.TokenKeys.Reveal()); err != nil {
		errs = append(errs, fmt.Errorf("TOKEN_ENCRYPTION_KEY: %w", err))
	}
	return errors.Join(errs...)
}

// redirectURL is where Jobber sends a person back after the consent page. It must be the one in Jobber's Developer Center.
func (c *Config) redirectURL() string {
	return strings.TrimSuffix(c.PublicURL, "/") + "/connect/jobber"
}
