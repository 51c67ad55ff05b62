package evidence

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"golang.org/x/mod/sumdb/tlog"
)

// Leaf is an event as the tree has it. What may have to be erased one day, or is not for everyone who checks, is in it as a
// commitment alone: the value and its salt are kept elsewhere, and without the salt nobody can try values until one fits.
type Leaf struct {
	Facts  map[string]string `json:"facts"`
	Hidden map[string][]byte `json:"hidden"` // commitments, by name
}

// Disclosure is a value and the salt that its commitment was made with.
type Disclosure struct {
	Salt  []byte          `json:"salt"`
	Value json.RawMessage `json:"value"`
}

// Bytes are what the tree hashes: JSON with sorted keys and no white space.
func (l Leaf) Bytes() ([]byte, error) { return encode(l) } // its fields are in order, and maps are written sorted

// Hash is the leaf's hash in the tree: SHA-256(0x00 || leaf).
func Hash(leaf []byte) tlog.Hash { return tlog.RecordHash(leaf) }

// ParseLeaf reads what Bytes returned. It is lenient: the leaf's hash tells whether the bytes are the sealed ones.
func ParseLeaf(leaf []byte) (Leaf, error) {
	var l Leaf
	if err := json.Unmarshal(leaf, &l); err != nil {
		return Leaf{}, fmt.Errorf("the leaf is not readable: %w", err)
	}
	return l, nil
}

// Check tells whether disclosed values are those that the leaf commits to.
func (l Leaf) Check(disclosed map[string]Disclosure) error {
	for _, name := range slices.Sorted(maps.Keys(disclosed)) {
		commitment, ok := l.Hidden[name]
		if !ok {
			return fmt.Errorf("%s was not there when the event was sealed", name)
		}
		d := disclosed[name]
		got, err := Commit(d.Salt, name, d.Value) // not as it is written: who carries JSON may write it in another way
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if !hmac.Equal(got, commitment) {
			return fmt.Errorf("%s is not what was sealed", name)
		}
	}
	return nil
}

// NewSalt returns a salt that nobody can guess.
func NewSalt() []byte {
	salt := make([]byte, sha256.Size)
	rand.Read(salt) // never fails
	return salt
}

// Disclose returns what shows a value, and the commitment to it.
func Disclose(salt []byte, name string, value any) (Disclosure, []byte, error) {
	text, err := canonical(value)
	if err != nil {
		return Disclosure{}, nil, err
	}
	commitment, err := commit(salt, name, text)
	return Disclosure{Salt: salt, Value: text}, commitment, err
}

// Commit returns HMAC-SHA-256 over the name and the value, keyed by the salt. The name is in it, so that one field's value
// cannot be shown as another's.
func Commit(salt []byte, name string, value any) ([]byte, error) {
	if len(salt) != sha256.Size {
		return nil, errors.New("the salt has another length than it was made with") // HMAC takes keys of different lengths for the same
	}
	text, err := canonical(value)
	if err != nil {
		return nil, err
	}
	return commit(salt, name, text)
}

func commit(salt []byte, name string, canonical []byte) ([]byte, error) {
	quoted, err := encode(name)
	if err != nil {
		return nil, err
	}
	mac := hmac.New(sha256.New, salt)
	for _, part := range [][]byte{[]byte("["), quoted, []byte(","), canonical, []byte("]")} { // the JSON of [name, value]
		mac.Write(part)
	}
	return mac.Sum(nil), nil
}

// canonical returns a value's JSON with sorted keys, no white space, numbers as they were written and nothing escaped that
// need not be.
func canonical(v any) ([]byte, error) {
	switch v.(type) {
	case string, int64, map[string]string:
		return encode(v) // has but one form
	}
	text, err := encode(v)
	if err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var plain any // with maps in place of structs: their keys are written sorted
	if err := decoder.Decode(&plain); err != nil {
		return nil, err
	}
	return encode(plain)
}

func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// decode reads what encode wrote, and nothing that only means the same: a changed byte must not pass as another spelling.
func decode[T any](text []byte, into *T) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return err
	}
	again, err := encode(*into)
	if err != nil {
		return err
	}
	if !bytes.Equal(again, text) {
		return errors.New("it is not written as an export writes it")
	}
	return nil
}
