package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"fieldboard.dev/fieldboard/shared/event/ledger/evidence"
)

// export writes an export of two events and its public key, and returns the files' names.
func export(t *testing.T) (keyFile, exportFile string) {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := evidence.NewSigner(private)
	if err != nil {
		t.Fatal(err)
	}
	var leaves []tlog.Hash
	var lines bytes.Buffer
	for i, id := range []string{"e1", "e2"} {
		leaf, err := evidence.Leaf{Facts: map[string]string{"account": "acc", "id": id}}.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		hash := evidence.Hash(leaf)
		leaves = append(leaves, hash)
		if err := evidence.Write(&lines, evidence.Line{Index: int64(i), Hash: hash[:], Leaf: leaf}); err != nil {
			t.Fatal(err)
		}
	}
	tree, _, err := evidence.Grow(tlog.Tree{}, leaves, nil)
	if err != nil {
		t.Fatal(err)
	}
	checkpoint, err := evidence.Sign([]note.Signer{signer}, "acc", tree)
	if err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	if err := evidence.Write(&file, evidence.Header{Format: evidence.Format, Account: "acc", Checkpoint: checkpoint}); err != nil {
		t.Fatal(err)
	}
	key, err := evidence.PublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	return write(t, "key.txt", key+"\n"), write(t, "export.jsonl", file.String()+lines.String())
}

func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestVerify(t *testing.T) {
	t.Parallel()
	key, file := export(t)
	var out strings.Builder
	if err := run([]string{"-key", key, file}, &out); err != nil || !strings.HasPrefix(out.String(), "OK: 2 events of acc") {
		t.Errorf("%v: %s", err, &out)
	}
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	changed := write(t, "changed.jsonl", strings.Replace(string(content), `"id":"e2"`, `"id":"e3"`, 1))
	out.Reset()
	if err := run([]string{"-key", key, changed}, &out); !errors.Is(err, errWrong) || !strings.Contains(out.String(), "line 3: event 1 is not what was sealed") {
		t.Errorf("%v: %s", err, &out)
	}
	otherKey, _ := export(t)
	if err := run([]string{"-key", otherKey, file}, &out); !errors.Is(err, errWrong) {
		t.Errorf("with another key: %v", err)
	}
	if err := run([]string{file}, &out); err == nil || errors.Is(err, errWrong) {
		t.Errorf("without a key: %v", err)
	}
}
