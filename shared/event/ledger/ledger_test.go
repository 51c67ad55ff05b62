package ledger

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"fieldboard.dev/fieldboard/shared/event"
)

// Whatever an event has is in its leaf: a field that events get later must be listed in leaf.go, or nobody would find it
// changed.
func TestALeafHoldsEverything(t *testing.T) {
	t.Parallel()
	e := full("a", 1)
	s := newSeal(e, 0)
	sealed, _, err := leafOf(e, s)
	if err != nil {
		t.Fatal(err)
	}
	var visit func(path string, v reflect.Value)
	visit = func(path string, v reflect.Value) {
		if v.Kind() == reflect.Pointer {
			v = v.Elem()
		}
		if v.Kind() == reflect.Slice {
			v = v.Index(0)
		}
		if v.Kind() == reflect.Struct && v.Type() != reflect.TypeFor[time.Time]() {
			for i := range v.NumField() {
				visit(path+"."+v.Type().Field(i).Name, v.Field(i))
			}
			return
		}
		was := reflect.ValueOf(v.Interface())
		switch v.Kind() {
		case reflect.String:
			v.SetString(v.String() + "x")
		case reflect.Int64:
			v.SetInt(v.Int() + 1)
		case reflect.Struct:
			v.Set(reflect.ValueOf(v.Interface().(time.Time).Add(time.Microsecond)))
		default:
			t.Fatalf("%s is a %s, which this test cannot change", path, v.Kind())
		}
		changed, _, err := leafOf(e, s)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Equal(changed, sealed) {
			t.Errorf("the leaf does not hold %s", path)
		}
		v.Set(was)
	}
	visit("Event", reflect.ValueOf(&e))
}

// What was sealed years ago is hashed again at every export, so the form of a leaf can never change.
func TestTheFormOfALeafStays(t *testing.T) {
	t.Parallel()
	e := full("acc", 7)
	e.ID = "event-7"
	s := newSeal(e, 0)
	for name := range s.Salts {
		s.Salts[name] = bytes.Repeat([]byte{byte(len(name))}, 32)
	}
	leaf, _, err := leafOf(e, s)
	if err != nil {
		t.Fatal(err)
	}
	golden, err := os.ReadFile("testdata/leaf.json")
	if err != nil {
		t.Fatal(err)
	}
	if want := strings.TrimSpace(string(golden)); string(leaf) != want {
		t.Errorf("the leaf is\n%s\nnot\n%s", leaf, want)
	}
}

// Random batches, then one byte of the export changed, at any place: it is always found.
func TestAnyChangedByteIsFound(t *testing.T) {
	t.Parallel()
	for seed := range uint64(4) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			dice := rand.New(rand.NewPCG(seed, 1))
			m, l := newMemory(t, "acc")
			var older string
			for range 3 + dice.IntN(3) {
				var batch []event.Event
				for range 1 + dice.IntN(12) {
					batch = append(batch, full("acc", len(m.events)+len(batch)))
				}
				m.seal(t, batch...)
				if older == "" || dice.IntN(2) == 0 {
					older = m.newest
				}
			}
			export := exported(t, l, "acc")
			if report, problems := check(t, export, m.keys, older); len(problems) > 0 || report.Events != int64(len(m.events)) {
				t.Fatalf("%+v: %v", report, problems)
			}
			headerEnd := bytes.IndexByte(export, '\n') + 1
			lineEnd := headerEnd + bytes.IndexByte(export[headerEnd:], '\n') + 1
			places := make([]int, 0, lineEnd+200)
			for at := range lineEnd { // every byte of the header and of one event, then some anywhere
				places = append(places, at)
			}
			for range 100 {
				places = append(places, dice.IntN(len(export)))
			}
			for _, at := range places {
				changed := slices.Clone(export)
				changed[at] ^= 1 << dice.IntN(8)
				if _, problems := check(t, changed, m.keys, older); len(problems) == 0 {
					t.Errorf("byte %d, %q for %q, is not found", at, changed[at], export[at])
				}
			}
			for _, cut := range []int{0, 1, headerEnd, lineEnd, len(export) - 1} {
				if _, problems := check(t, export[:cut], m.keys, older); len(problems) == 0 {
					t.Errorf("cut off at %d, nothing is found", cut)
				}
			}
		})
	}
}

// What somebody does in the database is found where it was done.
func TestWhatIsDoneInTheDatabaseIsFound(t *testing.T) {
	t.Parallel()
	m, l := newMemory(t, "acc")
	for i := range 300 {
		m.seal(t, full("acc", i))
	}
	m.events[17].Title = "another"
	m.events[40].Audit.Changes = nil
	m.events[99].Type = "invoice.created"
	m.events[120].Actor = ""
	delete(m.events[120].Seal.Salts, "actor") // erased without a commitment
	m.events[250], m.events[251] = m.events[251], m.events[250]
	m.events[250].Seal.Index, m.events[251].Seal.Index = 250, 251
	_, problems := check(t, exported(t, l, "acc"), m.keys, "")
	var want []string
	for _, index := range []int{17, 40, 99, 120, 250, 251} {
		want = append(want, fmt.Sprintf("line %d: event %d is not what was sealed", index+2, index))
	}
	if !slices.Equal(problems, want) {
		t.Errorf("found\n%s", strings.Join(problems, "\n"))
	}
	p, err := l.Proof(t.Context(), "acc", m.events[17].ID, everybody)
	if err != nil {
		t.Fatal(err)
	}
	if p.Verify(m.keys) == nil {
		t.Error("the proof of a changed event holds")
	}
}

// A tree that was made anew does not go on from a checkpoint that somebody kept, whoever signed it.
func TestARewrittenHistoryIsFound(t *testing.T) {
	t.Parallel()
	m, _ := newMemory(t, "acc")
	m.seal(t, full("acc", 1), full("acc", 2))
	kept := m.newest
	forged, l := newMemory(t, "acc")
	forged.signers, forged.keys, l.keys = m.signers, m.keys, m.keys
	forged.seal(t, full("acc", 1), full("acc", 3), full("acc", 4))
	export := exported(t, l, "acc")
	if _, problems := check(t, export, m.keys, ""); len(problems) > 0 {
		t.Fatalf("by itself: %v", problems)
	}
	if _, problems := check(t, export, m.keys, kept); len(problems) != 1 || !strings.Contains(problems[0], "older checkpoint") {
		t.Errorf("found %v", problems)
	}
}

func TestErasingKeepsProofs(t *testing.T) {
	t.Parallel()
	m, l := newMemory(t, "acc")
	for i := range 20 {
		m.seal(t, full("acc", i))
	}
	before := m.newest
	for i, names := range map[int][]string{3: nil, 4: {"address", "changes"}} {
		id := m.events[i].ID
		for range 2 { // again changes nothing
			if err := l.Erase(t.Context(), "acc", id, names...); err != nil {
				t.Fatal(err)
			}
		}
		p, err := l.Proof(t.Context(), "acc", id, everybody)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Verify(m.keys); err != nil {
			t.Errorf("event %d: %v", i, err)
		}
	}
	gone, part := m.events[3], m.events[4]
	left, err := json.Marshal([]any{gone.Title, gone.Detail, gone.AmountCents, gone.Member, gone.Actor, gone.Audit.Address, gone.Audit.Changes, gone.Seal.Salts})
	if err != nil || string(left) != `["","",null,"","","",null,{}]` {
		t.Errorf("of an erased event there is %s, %v", left, err)
	}
	if part.Title == "" || part.Audit.Address != "" || part.Seal.Salts["address"] != nil || part.Seal.Salts["title"] == nil {
		t.Errorf("of an event with two values erased there is %+v", part)
	}
	report, problems := check(t, exported(t, l, "acc"), m.keys, before)
	if len(problems) > 0 || report.Withheld != 10 {
		t.Errorf("%+v: %v", report, problems)
	}
	if err := l.Erase(t.Context(), "acc", part.ID, "type"); err == nil {
		t.Error("a fact was erased")
	}

	m.events[3].Title = "written in again"
	if _, problems := check(t, exported(t, l, "acc"), m.keys, ""); len(problems) != 1 {
		t.Errorf("found %v", problems)
	}
}

// Two exports of one tree, for two people, are of the same checkpoint; one of them shows no amounts.
func TestAnExportShowsWhatOneMaySee(t *testing.T) {
	t.Parallel()
	m, l := newMemory(t, "acc")
	m.seal(t, full("acc", 1), full("acc", 2))
	var b bytes.Buffer
	if _, err := l.Export(t.Context(), &b, "acc", func(e event.Event) bool { return e.ID == m.events[0].ID }); err != nil {
		t.Fatal(err)
	}
	report, problems := check(t, b.Bytes(), m.keys, "")
	if len(problems) > 0 || report.Disclosed != 8 || report.Withheld != 8 || strings.Contains(b.String(), "#2") {
		t.Errorf("%+v: %v", report, problems)
	}
}

// many returns the ledger of many events, sealed in batches.
func many(tb testing.TB, count int) (*memory, *Ledger) {
	tb.Helper()
	m, l := newMemory(tb, "acc")
	for at := 0; at < count; at += Batch {
		events := make([]event.Event, min(Batch, count-at))
		for i := range events {
			events[i] = full("acc", at+i)
		}
		m.seal(tb, events...)
	}
	return m, l
}

func TestManyEvents(t *testing.T) {
	t.Parallel()
	const count = 5000
	m, l := many(t, count)
	export := exported(t, l, "acc")
	if report, problems := check(t, export, m.keys, m.checkpoints[count/2]); len(problems) > 0 || report.Events != count {
		t.Fatalf("%+v: %v", report, problems)
	}
	oneChanged(t, m, export, count*3/4)
}

// oneChanged changes one byte of an event and expects the verifier to name it.
func oneChanged(tb testing.TB, m *memory, export []byte, index int) {
	tb.Helper()
	export[bytes.Index(export, fmt.Appendf(nil, `"index":%d,`, index))+200] ^= 1
	if _, problems := check(tb, export, m.keys, ""); len(problems) == 0 || !strings.Contains(problems[0], fmt.Sprintf("event %d ", index)) {
		tb.Errorf("found %v", problems)
	}
}

// 100,000 events are exported and verified; one changed byte is found.
func BenchmarkExportAndVerify100k(b *testing.B) {
	const count = 100_000
	m, l := many(b, count)
	var export []byte
	for b.Loop() {
		began := time.Now()
		export = exported(b, l, "acc")
		written := time.Now()
		if report, problems := check(b, export, m.keys, m.checkpoints[count/2]); len(problems) > 0 || report.Events != count {
			b.Fatalf("%+v: %v", report, problems)
		}
		b.ReportMetric(written.Sub(began).Seconds(), "s/export")
		b.ReportMetric(time.Since(written).Seconds(), "s/verify")
		b.ReportMetric(float64(len(export)>>20), "MB")
	}
	oneChanged(b, m, export, 77_777)
}
