package event_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"fieldboard.dev/fieldboard/shared/event"
)

type schema struct {
	ID         string                    `json:"$id"`
	Properties map[string]map[string]any `json:"properties"`
	Required   []string                  `json:"required"`
	Defs       map[string]*schema        `json:"$defs"`
}

func parsed(t *testing.T, text []byte) *schema {
	t.Helper()
	var s schema
	if err := json.Unmarshal(text, &s); err != nil {
		t.Fatal(err)
	}
	return &s
}

// broken tells what a reader of the released schemas could not follow in the present ones.
func broken(released, present *schema) []string {
	var found []string
	for name, was := range released.Defs {
		is, there := present.Defs[name]
		if !there {
			found = append(found, name+" is gone")
			continue
		}
		if was.ID != is.ID {
			continue // another version: its readers know it by the envelope's dataschema
		}
		found = append(found, brokenIn(name, was, is)...)
	}
	return append(found, brokenIn("the envelope", released, present)...)
}

func brokenIn(name string, was, is *schema) []string {
	var found []string
	for property, before := range was.Properties {
		after, there := is.Properties[property]
		switch {
		case !there:
			found = append(found, fmt.Sprintf("%s has no %s any more", name, property))
		case fmt.Sprint(before["type"], before["format"]) != fmt.Sprint(after["type"], after["format"]):
			found = append(found, fmt.Sprintf("%s has another %s", name, property))
		case !within(after["enum"], before["enum"]):
			found = append(found, fmt.Sprintf("%s has a %s that there was not", name, property))
		}
	}
	for _, property := range was.Required {
		if !slices.Contains(is.Required, property) {
			found = append(found, fmt.Sprintf("%s may be without %s", name, property))
		}
	}
	return found
}

// within tells whether a reader that knows one list of values knows all of another.
func within(after, before any) bool {
	known, limited := before.([]any)
	if !limited {
		return true
	}
	values, isList := after.([]any)
	return isList && !slices.ContainsFunc(values, func(v any) bool { return !slices.Contains(known, v) })
}

// What was released can be read by what was written for it.
func TestSchemasStayReadable(t *testing.T) {
	t.Parallel()
	released, err := os.ReadFile("released.json")
	if err != nil {
		t.Fatal(err)
	}
	present, err := event.Schemas()
	if err != nil {
		t.Fatal(err)
	}
	if bad := broken(parsed(t, released), parsed(t, present)); len(bad) > 0 {
		slices.Sort(bad)
		t.Fatalf("give the type another version, or leave it:\n%s", strings.Join(bad, "\n"))
	}
	if !bytes.Equal(bytes.TrimSpace(released), present) {
		t.Error("the schemas are not those that are released: run go generate ./shared/event")
	}
}

// The gate sees each kind of change that a reader could not follow.
func TestTheGateOfSchemas(t *testing.T) {
	t.Parallel()
	text, err := event.Schemas()
	if err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(s *schema){
		"invoice.paid is gone":                     func(s *schema) { delete(s.Defs, "invoice.paid") },
		"invoice.paid has no amountCents any more": func(s *schema) { delete(s.Defs["invoice.paid"].Properties, "amountCents") },
		"invoice.paid has another amountCents":     func(s *schema) { s.Defs["invoice.paid"].Properties["amountCents"]["type"] = "string" },
		"invoice.paid may be without id":           func(s *schema) { s.Defs["invoice.paid"].Required = []string{"account", "audience", "collection"} },
		"invoice.paid has a audience that there was not": func(s *schema) {
			s.Defs["invoice.paid"].Properties["audience"]["enum"] = []any{"finance", "operations"}
		},
		"the envelope may be without source": func(s *schema) {
			s.Required = slices.DeleteFunc(s.Required, func(name string) bool { return name == "source" })
		},
		"": func(s *schema) {
			s.Defs["invoice.paid"].Properties["more"] = map[string]any{"type": "string"}
			s.Defs["invoice.lost"] = &schema{}
			s.Defs["quote.sent"].ID += "0"
			delete(s.Defs["quote.sent"].Properties, "title")
		},
	} {
		present := parsed(t, text)
		change(present)
		if got := strings.Join(broken(parsed(t, text), present), "; "); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// Nothing is stored that has no type, or that is for others than its type.
func TestOnlyListedEventsAreStored(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	e := full()
	e.Type = "invoice.lost"
	if err := s.Emit(t.Context(), e); err == nil {
		t.Error("an event of no type was stored")
	}
	e.Type, e.Audience = "invoice.paid", event.Operations
	if err := s.Emit(t.Context(), e); err == nil {
		t.Error("money was told to those who may not see it")
	}
}

// Each type of event has a Go type of its own, which bears its name.
func TestEachTypeHasItsData(t *testing.T) {
	t.Parallel()
	for _, typ := range event.Types() {
		want := ""
		for word := range strings.FieldsFuncSeq(typ.Name, func(r rune) bool { return r == '.' || r == '_' }) {
			want += strings.ToUpper(word[:1]) + word[1:]
		}
		want = strings.ToLower(want[:1]) + want[1:]
		if got := typ.GoType(); got != want+"Data" {
			t.Errorf("the data of %s is a %s, want its own %sData", typ.Name, got, want)
		}
	}
}
