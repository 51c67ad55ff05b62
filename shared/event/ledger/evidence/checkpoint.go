package evidence

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/transparency-dev/formats/log"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// KeyName is the name that every signature bears; the key's hash, which is beside it, tells keys apart.
const KeyName = "fieldboard"

// origin is a checkpoint's first line. It says whose tree it is, so that one account's checkpoint is no other's.
func origin(account string) string { return "fieldboard/accounts/" + account }

// Sign returns the checkpoint of an account's tree, signed by every signer.
func Sign(signers []note.Signer, account string, tree tlog.Tree) (string, error) {
	if tree.N <= 0 || len(signers) == 0 || strings.ContainsRune(account, '\n') {
		return "", fmt.Errorf("there is no checkpoint of %d events of %q", tree.N, account)
	}
	text := log.Checkpoint{Origin: origin(account), Size: uint64(tree.N), Hash: tree.Hash[:]}.Marshal()
	signed, err := note.Sign(&note.Note{Text: string(text)}, signers...)
	return string(signed), err
}

// Open returns the tree that a checkpoint states, if one of the keys signed it for that account.
func Open(checkpoint, account string, keys note.Verifiers) (tlog.Tree, error) {
	opened, err := note.Open([]byte(checkpoint), keys)
	if err != nil {
		return tlog.Tree{}, fmt.Errorf("the checkpoint: %w", err)
	}
	for _, s := range opened.Sigs {
		if _, err := base64.StdEncoding.Strict().DecodeString(s.Base64); err != nil {
			return tlog.Tree{}, errors.New("the checkpoint: its signature is not written as it was made")
		}
	}
	var c log.Checkpoint
	rest, err := c.Unmarshal([]byte(opened.Text))
	switch {
	case err != nil:
		return tlog.Tree{}, fmt.Errorf("the checkpoint: %w", err)
	case c.Origin != origin(account):
		return tlog.Tree{}, fmt.Errorf("the checkpoint is of %q, not of %q", c.Origin, origin(account))
	case len(rest) > 0 || len(c.Hash) != tlog.HashSize || c.Size > math.MaxInt64/4: // tlog counts stored hashes: twice as many
		return tlog.Tree{}, errors.New("the checkpoint says more or less than a size and a root")
	}
	return tlog.Tree{N: int64(c.Size), Hash: tlog.Hash(c.Hash)}, nil
}

// PublicKey returns the text of a public key, as standard tools read it (https://c2sp.org/signed-note#verifier-keys).
func PublicKey(key ed25519.PublicKey) (string, error) {
	return note.NewEd25519VerifierKey(KeyName, key)
}

// ParseKeys reads public keys, one a line.
func ParseKeys(text string) (note.Verifiers, error) {
	var list []note.Verifier
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		verifier, err := note.NewVerifier(line)
		if err != nil {
			return nil, fmt.Errorf("%q is not a public key: %w", line, err)
		}
		list = append(list, verifier)
	}
	if len(list) == 0 {
		return nil, errors.New("there is no public key")
	}
	return note.VerifierList(list...), nil
}

// NewSigner returns the signer of a private key.
func NewSigner(key ed25519.PrivateKey) (note.Signer, error) {
	public, ok := key.Public().(ed25519.PublicKey)
	if !ok {
		return nil, errors.New("the signing key has no public key")
	}
	text, err := PublicKey(public)
	if err != nil {
		return nil, err
	}
	verifier, err := note.NewVerifier(text)
	if err != nil {
		return nil, err
	}
	return signer{verifier, key}, nil
}

// signer signs by a key that is not in the note package's own text form.
type signer struct {
	note.Verifier
	key ed25519.PrivateKey
}

func (s signer) Sign(msg []byte) ([]byte, error) { return ed25519.Sign(s.key, msg), nil }
