package ledger

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/note"

	"fieldboard.dev/fieldboard/shared/event/ledger/evidence"
	"fieldboard.dev/fieldboard/shared/telemetry"
)

// maxKeys bounds the keys of one secret: the present one and the next one, and some for a mistake.
const maxKeys = 8

// SigningConfig is the settings of who seals. Every key signs every checkpoint, so that whoever has pinned one of them still
// verifies. So a key is changed in three steps: the new key beside the old one, its public key to all who verify and into
// EVENT_PUBLIC_KEYS, the old one out.
type SigningConfig struct {
	Keys telemetry.Secret `env:"EVENT_SIGNING_KEY, required"` // PEM, PKCS #8, Ed25519, one or more
}

// Validate tells what is wrong with the settings.
func (c *SigningConfig) Validate() error {
	if _, err := c.signers(); err != nil {
		return fmt.Errorf("EVENT_SIGNING_KEY: %w", err)
	}
	return nil
}

func (c *SigningConfig) signers() ([]note.Signer, error) {
	var all []note.Signer
	for rest := []byte(c.Keys.Reveal()); ; {
		var block *pem.Block
		block, rest = pem.Decode(rest)
		if block == nil {
			break
		}
		parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		if err != nil {
			return nil, errors.New("is not a PKCS #8 private key") // the library's error may quote it
		}
		key, ok := parsed.(ed25519.PrivateKey)
		if !ok {
			return nil, errors.New("is not an Ed25519 key")
		}
		signer, err := evidence.NewSigner(key)
		if err != nil {
			return nil, err
		}
		all = append(all, signer)
	}
	switch {
	case len(all) == 0:
		return nil, errors.New("is not PEM")
	case len(all) > maxKeys:
		return nil, fmt.Errorf("has %d keys, more than %d", len(all), maxKeys)
	}
	return all, nil
}

// Config is the settings of who reads the ledger: what is public of the signing keys, of those too that sign no more and whose
// checkpoints are still kept.
type Config struct {
	PublicKeys string `env:"EVENT_PUBLIC_KEYS, required"` // one a line, as evidence.PublicKey writes them
}

// Validate tells what is wrong with the settings.
func (c *Config) Validate() error {
	if _, err := evidence.ParseKeys(c.PublicKeys); err != nil {
		return fmt.Errorf("EVENT_PUBLIC_KEYS: %w", err)
	}
	return nil
}
