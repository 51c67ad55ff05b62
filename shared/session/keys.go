package session

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"

	"github.com/go-jose/go-jose/v4"
	"github.com/golang-jwt/jwt/v5"
)

// maxKeys bounds the keys of one secret: the present one, the next one and some that still have tokens out.
const maxKeys = 8

// keyring is the keys of SESSION_SIGNING_KEY. The first signs, all verify. So a key is changed in three steps, each when
// every instance has the one before: the new key after the old one, the new one first, the old one out once its tokens have
// ended.
type keyring []signingKey

type signingKey struct {
	id      string // RFC 7638 thumbprint
	private *ecdsa.PrivateKey
}

func parseKeys(text string) (keyring, error) {
	var ring keyring
	for rest := []byte(text); ; {
		var block *pem.Block
		block, rest = pem.Decode(rest)
		if block == nil {
			break
		}
		parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		if err != nil {
			return nil, errors.New("is not a PKCS #8 private key") // the library's error may quote it
		}
		key, ok := parsed.(*ecdsa.PrivateKey)
		if !ok || key.Curve != elliptic.P256() {
			return nil, errors.New("is not a P-256 key")
		}
		id, err := keyID(&key.PublicKey)
		if err != nil {
			return nil, err
		}
		ring = append(ring, signingKey{id, key})
	}
	switch {
	case len(ring) == 0:
		return nil, errors.New("is not PEM")
	case len(ring) > maxKeys:
		return nil, fmt.Errorf("has %d keys, more than %d", len(ring), maxKeys)
	}
	return ring, nil
}

func (r keyring) public(id string) (*ecdsa.PublicKey, bool) {
	for _, k := range r {
		if k.id == id {
			return &k.private.PublicKey, true
		}
	}
	return nil, false
}

// makers derives the keys that refresh tokens are made with, so that there is one secret to keep and not two.
func (r keyring) makers() (makers, error) {
	var all makers
	for _, k := range r {
		secret, err := k.private.Bytes()
		if err != nil {
			return nil, err
		}
		key, err := hkdf.Key(sha256.New, secret, nil, "fieldboard refresh token", sha256.Size)
		if err != nil {
			return nil, err
		}
		all = append(all, maker{key})
	}
	return all, nil
}

// PublicKeys is the JSON Web Key Set (RFC 7517) of the access tokens' keys.
type PublicKeys struct {
	Keys []PublicKey `json:"keys" nullable:"false"`
}

// PublicKey is one key, for ES256.
type PublicKey struct {
	Type      string `json:"kty" enum:"EC"`
	Use       string `json:"use" enum:"sig"`
	Algorithm string `json:"alg" enum:"ES256"`
	ID        string `json:"kid"`
	Curve     string `json:"crv" enum:"P-256"`
	X         string `json:"x"`
	Y         string `json:"y"`
}

func (r keyring) set() (PublicKeys, error) {
	var set PublicKeys
	for _, k := range r {
		point, err := k.private.PublicKey.Bytes() // SEC 1, uncompressed: 4, X, Y
		if err != nil {
			return PublicKeys{}, err
		}
		set.Keys = append(set.Keys, PublicKey{
			Type: "EC", Use: "sig", Algorithm: jwt.SigningMethodES256.Alg(), ID: k.id, Curve: "P-256",
			X: base64.RawURLEncoding.EncodeToString(point[1:33]), Y: base64.RawURLEncoding.EncodeToString(point[33:]),
		})
	}
	return set, nil
}

// keyID is the RFC 7638 thumbprint of a public key.
func keyID(key *ecdsa.PublicKey) (string, error) {
	sum, err := (&jose.JSONWebKey{Key: key}).Thumbprint(crypto.SHA256)
	if err != nil {
		return "", fmt.Errorf("naming the signing key: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(sum), nil
}
