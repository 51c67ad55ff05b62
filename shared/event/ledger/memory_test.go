package ledger

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"fieldboard.dev/fieldboard/shared/event"
	"fieldboard.dev/fieldboard/shared/event/ledger/evidence"
	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/shared/telemetry"
)

// testKeys are the settings of one signing key, and what reads what it signs.
func testKeys(tb testing.TB) (SigningConfig, Config, note.Verifiers) {
	tb.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		tb.Fatal(err)
	}
	text, err := evidence.PublicKey(public)
	if err != nil {
		tb.Fatal(err)
	}
	keys, err := evidence.ParseKeys(text)
	if err != nil {
		tb.Fatal(err)
	}
	secret := telemetry.Secret(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	return SigningConfig{Keys: secret}, Config{PublicKeys: text}, keys
}

// full is an event that has everything.
func full(account string, i int) event.Event {
	cents := int64(100 + i)
	e := event.New(account, "invoice.paid", time.Date(2026, 3, 1, 12, 0, i, 123_456_000, time.UTC))
	e.Audience, e.Collection, e.EntityID = event.Finance, "invoices", fmt.Sprint("Invoice_", i)
	e.Title, e.Detail, e.AmountCents, e.Member, e.Actor = fmt.Sprint("#", i), "Vic <& Söhne>\u2028", &cents, "olive", "ada"
	e.Audit = event.Audit{
		Kind: event.ByKey, Key: "key_1", Address: "192.0.2.7", Correlation: fmt.Sprint("request-", i), Trace: "trace", Reason: "asked for",
		Changes: []event.Change{{Field: "status", Before: `"due"`, After: `"paid"`}},
	}
	return e
}

// memory is one account's documents, without a database.
type memory struct {
	account     string
	signers     []note.Signer
	keys        note.Verifiers
	events      []event.Stored // by index
	places      map[string]int
	kept        map[string][]byte
	newest      string
	checkpoints map[int64]string
}

func newMemory(tb testing.TB, account string) (*memory, *Ledger) {
	tb.Helper()
	signing, cfg, keys := testKeys(tb)
	signers, err := signing.signers()
	if err != nil {
		tb.Fatal(err)
	}
	m := &memory{
		account: account, signers: signers, keys: keys, places: map[string]int{}, kept: map[string][]byte{}, checkpoints: map[int64]string{},
	}
	l, err := newLedger(m, cfg)
	if err != nil {
		tb.Fatal(err)
	}
	return m, l
}

// seal does what Sealer does in a transaction.
func (m *memory) seal(tb testing.TB, events ...event.Event) {
	tb.Helper()
	var old tlog.Tree
	var err error
	if m.newest != "" {
		if old, err = evidence.Open(m.newest, m.account, m.keys); err != nil {
			tb.Fatal(err)
		}
	}
	var leaves []tlog.Hash
	for i, e := range events {
		s := newSeal(e, old.N+int64(i))
		leaf, _, err := leafOf(e, s)
		if err != nil {
			tb.Fatal(err)
		}
		leaves = append(leaves, evidence.Hash(leaf))
		m.places[e.ID] = len(m.events)
		m.events = append(m.events, event.Stored{Event: e, Seal: &s})
	}
	tree, tiles, err := evidence.Grow(old, leaves, func(t []tlog.Tile) ([][]byte, error) { return m.tiles(tb.Context(), m.account, t) })
	if err != nil {
		tb.Fatal(err)
	}
	for t, content := range tiles {
		m.kept[fmt.Sprint(t.L, t.N)] = content
	}
	if m.newest, err = evidence.Sign(m.signers, m.account, tree); err != nil {
		tb.Fatal(err)
	}
	m.checkpoints[tree.N] = m.newest
}

func (m *memory) head(context.Context, string) (string, error) { return m.newest, nil }

func (m *memory) checkpoint(_ context.Context, _ string, size int64) (string, error) {
	if c, ok := m.checkpoints[size]; ok {
		return c, nil
	}
	return "", problem.New(problem.NotFound, "none")
}

func (m *memory) tiles(_ context.Context, _ string, tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, t := range tiles {
		content, err := firstHashes(t, m.kept[fmt.Sprint(t.L, t.N)])
		if err != nil {
			return nil, err
		}
		all = append(all, content)
	}
	return all, nil
}

func (m *memory) stored(_ context.Context, _, id string) (event.Stored, error) {
	return m.events[m.places[id]], nil
}

func (m *memory) sealed(_ context.Context, _ string, from, to int64) ([]event.Stored, error) {
	return m.events[from:to], nil
}

func (m *memory) expired(context.Context, string) (int64, error) { return 0, nil }

func (m *memory) change(_ context.Context, _, id string, change func(*event.Stored) error) error {
	return change(&m.events[m.places[id]])
}

func all(event.Event) bool { return true }

func exported(tb testing.TB, l *Ledger, account string) []byte {
	tb.Helper()
	var b bytes.Buffer
	if _, err := l.Export(tb.Context(), &b, account, all); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

// check returns what the verifier says of an export.
func check(tb testing.TB, export []byte, keys note.Verifiers, older string) (evidence.Report, []string) {
	tb.Helper()
	var problems []string
	report, err := evidence.Check(bytes.NewReader(export), keys, older, func(p evidence.Problem) { problems = append(problems, p.String()) })
	if err != nil {
		tb.Fatal(err)
	}
	return report, problems
}

// everybody may see every event.
func everybody(event.Event) bool { return true }
