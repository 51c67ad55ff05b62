// Package idempotency remembers what was answered to a request that creates something. The same request sent again, because
// its answer was lost on the way, gets that answer and creates nothing more.
//
// An answer may hold a secret that is shown once. So it is stored encrypted, under a key that is derived from a secret of the
// server and from the idempotency key, of which only a hash is stored: a copy of the database opens nothing, nor does the
// server without the client's key.
package idempotency

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"time"

	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/cloud"
	"fieldboard.dev/fieldboard/shared/instance"
	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/shared/telemetry"
)

// How long things last, and how large they may be.
const (
	Lifetime = 24 * time.Hour   // of what is remembered, from the first request on
	Lease    = 60 * time.Second // of a request that runs: longer than any operation may take. Then it is taken for dead

	maxAnswerBytes = 256 << 10
	storeTimeout   = 10 * time.Second // of one call
)

// Config names the server's secret. It is one that those who use this package have anyway, in the form in which it is rotated:
// PEM blocks, of which the first is the present one. Text that is no PEM is one secret.
type Config struct {
	Secret telemetry.Secret `env:"SESSION_SIGNING_KEY, required"`
}

// Store remembers answers at accounts/{account}/idempotency/{hash}.
type Store struct {
	cloud   *cloud.Clients
	clock   clock.Clock
	secrets [][]byte // the present one first
}

// New returns the store of an instance's settings. It dials nothing.
func New(ctx context.Context, in *instance.Instance) (*Store, error) {
	var cfg Config
	if err := in.Config(ctx, &cfg); err != nil {
		return nil, err
	}
	return &Store{cloud: in.Cloud, clock: in.Clock, secrets: secretsOf(cfg.Secret)}, nil
}

func secretsOf(text telemetry.Secret) [][]byte {
	var secrets [][]byte
	for rest := []byte(text.Reveal()); ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		secrets = append(secrets, block.Bytes)
	}
	if secrets == nil {
		secrets = [][]byte{[]byte(text.Reveal())}
	}
	return secrets
}

// Request is one that creates something.
type Request struct {
	Account   string
	Principal string // who asks: a key means another request for each
	Operation string
	Key       telemetry.Secret // the client's
	Content   []byte           // what must be the same in a repetition
}

// Answer is what was answered.
type Answer struct {
	Status   int    `json:"s"`
	Type     string `json:"t,omitempty"` // of the body
	Location string `json:"l,omitempty"`
	Body     []byte `json:"b,omitempty"`
}

// Attempt is a request that runs. It ends with Keep, with Release, or with its lease.
type Attempt struct {
	ID string // for what the request creates: the same in every attempt at it

	request    Request
	lastUpdate time.Time // of the record when this attempt took it
}

// ErrOther says that the key was used for another request.
var ErrOther = errors.New("the idempotency key was used for another request")

// RunningError says that the same request still runs.
type RunningError struct {
	Left time.Duration // until its lease ends
}

func (e *RunningError) Error() string {
	return fmt.Sprintf("the same request runs, for %s at most", e.Left)
}

// errSealed says that the answer cannot be read any more: the server's secret has changed since.
var errSealed = problem.New(problem.Conflict, "This request was done before, but its answer cannot be shown again. Look whether what you wanted is there.")

// name is the record's: all that tells one request from another but its content.
func (r Request) name() string {
	sum := sha256.Sum256([]byte(r.Principal + "\x00" + r.Operation + "\x00" + r.Key.Reveal()))
	return hex.EncodeToString(sum[:])
}

// derive makes a key for one purpose and one request.
func (r Request) derive(secret []byte, purpose string) ([]byte, error) {
	return hkdf.Key(sha256.New, secret, []byte(r.Key.Reveal()), "fieldboard idempotency "+purpose+" "+r.Account+" "+r.name(), 32)
}

// mark is a MAC of the content: without the keys nobody can try what it was.
func (r Request) mark(secret []byte) ([]byte, error) {
	key, err := r.derive(secret, "request")
	if err != nil {
		return nil, err
	}
	mac := hmac.New(sha256.New, key)
	mac.Write(r.Content)
	return mac.Sum(nil), nil
}

// isMarked tells whether a mark is of this content, under any of the secrets.
func (s *Store) isMarked(r Request, mark []byte) (bool, error) {
	for _, secret := range s.secrets {
		own, err := r.mark(secret)
		if err != nil {
			return false, err
		}
		if hmac.Equal(own, mark) {
			return true, nil
		}
	}
	return false, nil
}

func (r Request) sealer(secret []byte) (cipher.AEAD, error) {
	key, err := r.derive(secret, "answer")
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

func (s *Store) seal(r Request, a Answer) ([]byte, error) {
	plain, err := json.Marshal(a)
	if err != nil {
		return nil, err
	}
	if len(plain) > maxAnswerBytes {
		return nil, fmt.Errorf("an answer of %d bytes is too large to keep", len(plain))
	}
	sealer, err := r.sealer(s.secrets[0])
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, sealer.NonceSize())
	rand.Read(nonce) // never fails: crypto/rand ends the program instead
	return sealer.Seal(nonce, nonce, plain, nil), nil
}

func (s *Store) open(r Request, sealed []byte) (*Answer, error) {
	for _, secret := range s.secrets {
		sealer, err := r.sealer(secret)
		if err != nil {
			return nil, err
		}
		if len(sealed) < sealer.NonceSize() {
			return nil, errSealed
		}
		plain, err := sealer.Open(nil, sealed[:sealer.NonceSize()], sealed[sealer.NonceSize():], nil)
		if err != nil {
			continue
		}
		var a Answer
		if err := json.Unmarshal(plain, &a); err != nil {
			return nil, err
		}
		return &a, nil
	}
	return nil, errSealed
}
