package jobber

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// sealer encrypts tokens at rest with AES-256-GCM. A sealed text is bound to its account and its purpose, so one that
// is copied into another document does not open there.
type sealer struct {
	current string
	keys    map[string]cipher.AEAD
}

// A sealed text is "v1.<key id>.<base64 of nonce and ciphertext>".
const sealVersion = "v1"

// newSealer reads base64 keys separated by commas.
func newSealer(keys string) (*sealer, error) {
	s := &sealer{keys: map[string]cipher.AEAD{}}
	for text := range strings.SplitSeq(keys, ",") {
		key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
		if err != nil {
			return nil, errors.New("a key is not base64")
		}
		if len(key) != 32 {
			return nil, fmt.Errorf("a key has %d bytes, not 32", len(key))
		}
		block, err := aes.NewCipher(key)
		if err != nil {
			return nil, err
		}
		aead, err := cipher.NewGCM(block)
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(key)
		id := hex.EncodeToString(sum[:4])
		if s.current == "" {
			s.current = id
		}
		s.keys[id] = aead
	}
	return s, nil
}

func (s *sealer) seal(plain, account, purpose string) (string, error) {
	aead := s.keys[s.current]
	nonce := make([]byte, aead.NonceSize())
	if _, err := rand.Read(nonce); err != nil {
		return "", err
	}
	box := aead.Seal(nonce, nonce, []byte(plain), sealedFor(account, purpose))
	return sealVersion + "." + s.current + "." + base64.RawStdEncoding.EncodeToString(box), nil
}

func (s *sealer) open(sealed, account, purpose string) (string, error) {
	parts := strings.Split(sealed, ".")
	if len(parts) != 3 || parts[0] != sealVersion {
		return "", errors.New("sealed text: unknown form")
	}
	aead, ok := s.keys[parts[1]]
	if !ok {
		return "", fmt.Errorf("sealed text: no key %s", parts[1])
	}
	box, err := base64.RawStdEncoding.DecodeString(parts[2])
	if err != nil || len(box) < aead.NonceSize() {
		return "", errors.New("sealed text: damaged")
	}
	plain, err := aead.Open(nil, box[:aead.NonceSize()], box[aead.NonceSize():], sealedFor(account, purpose))
	if err != nil {
		return "", fmt.Errorf("sealed text: %w", err)
	}
	return string(plain), nil
}

func sealedFor(account, purpose string) []byte {
	return []byte("fieldboard/jobber\x00" + account + "\x00" + purpose)
}
