// Package session is who is signed in. A Firebase ID token buys a session: a short-lived access token, a JWT that every
// function verifies by itself, and a refresh token, which is rotated at each use and of which only a hash is stored.
//
// An access token names its session and the version of its member's seat. Verifier asks for both at every request, so that
// a session that was ended, and a role that was changed, count at once.
package session

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"fieldboard.dev/fieldboard/shared/instance"
	"fieldboard.dev/fieldboard/shared/telemetry"
)

// How long things last. How long a session lasts is in the account's settings.
const (
	AccessLifetime = 15 * time.Minute

	// A refresh token that was just rotated still gets the successor it was rotated to: two tabs refresh at once, or an
	// answer is lost on the way. After this it is taken for stolen.
	reuseGrace = 30 * time.Second
)

// Config says whose sessions these are.
type Config struct {
	PublicURL  string           `env:"PUBLIC_URL, required"`          // of the dashboard; the tokens' issuer
	SigningKey telemetry.Secret `env:"SESSION_SIGNING_KEY, required"` // PEM, PKCS #8, P-256; see keyring for several

	// Where it is set, Firebase's library takes ID tokens without a signature.
	AuthEmulator string `env:"FIREBASE_AUTH_EMULATOR_HOST"`
}

// Validate tells what is wrong with the settings.
func (c *Config) Validate() error {
	u, err := url.Parse(c.PublicURL)
	if err != nil || u.Host == "" || u.Path != "" || u.RawQuery != "" || (u.Scheme != "http" && u.Scheme != "https") {
		return fmt.Errorf("PUBLIC_URL: must be http(s)://host[:port] and no more, not %q", c.PublicURL)
	}
	if c.AuthEmulator != "" && u.Scheme != "http" {
		return errors.New("FIREBASE_AUTH_EMULATOR_HOST: ID tokens are not verified with it, so it is refused where PUBLIC_URL is https")
	}
	if _, err := c.keys(); err != nil {
		return fmt.Errorf("SESSION_SIGNING_KEY: %w", err)
	}
	return nil
}

func configOf(ctx context.Context, in *instance.Instance) (Config, error) {
	var c Config
	err := in.Config(ctx, &c)
	return c, err
}

func (c *Config) keys() (keyring, error) { return parseKeys(c.SigningKey.Reveal()) }
