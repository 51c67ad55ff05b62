// Package session is who is signed in. A Firebase ID token buys a session: a short-lived access token, a JWT that every
// function verifies by itself, and a refresh token, which is rotated at each use and of which only a hash is stored.
//
// An access token is good until it expires, also after its session has ended; that is why it is short-lived.
package session

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/url"
	"time"

	"fieldboard.dev/fieldboard/shared/instance"
	"fieldboard.dev/fieldboard/shared/telemetry"
)

// How long things last.
const (
	AccessLifetime  = 15 * time.Minute
	IdleLifetime    = 24 * time.Hour      // without a refresh
	SessionLifetime = 30 * 24 * time.Hour // whatever happens: NIST SP 800-63B, AAL1

	// A refresh token that was just rotated still gets the successor it was rotated to: two tabs refresh at once, or an
	// answer is lost on the way. After this it is taken for stolen.
	reuseGrace = 30 * time.Second
)

// Config says whose sessions these are.
type Config struct {
	PublicURL  string           `env:"PUBLIC_URL, required"`          // of the dashboard; the tokens' issuer
	SigningKey telemetry.Secret `env:"SESSION_SIGNING_KEY, required"` // PEM, PKCS #8, P-256

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
	if _, err := c.key(); err != nil {
		return fmt.Errorf("SESSION_SIGNING_KEY: %w", err)
	}
	return nil
}

func configOf(ctx context.Context, in *instance.Instance) (Config, error) {
	var c Config
	err := in.Config(ctx, &c)
	return c, err
}

func (c *Config) key() (*ecdsa.PrivateKey, error) {
	block, _ := pem.Decode([]byte(c.SigningKey.Reveal()))
	if block == nil {
		return nil, errors.New("is not PEM")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, errors.New("is not a PKCS #8 private key") // the library's error may quote it
	}
	key, ok := parsed.(*ecdsa.PrivateKey)
	if !ok || key.Curve != elliptic.P256() {
		return nil, errors.New("is not a P-256 key")
	}
	return key, nil
}

// refreshKey derives the key that refresh tokens are made with, so that there is one secret to keep and not two.
func (c *Config) refreshKey() ([]byte, error) {
	key, err := c.key()
	if err != nil {
		return nil, err
	}
	secret, err := key.Bytes()
	if err != nil {
		return nil, err
	}
	return hkdf.Key(sha256.New, secret, nil, "fieldboard refresh token", sha256.Size)
}
