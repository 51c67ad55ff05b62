package httpapi

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

func TestUnmarshal(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"a":1,"b":{"a":2},"c":[{"a":1},{"a":2}]}`: "",
		`{"a":"b","b":"a"}`:                         "",
		`{"a":1,"a":1}`:                             `has the name "a" twice`,
		`{"a":1,"\u0061":2}`:                        `has the name "a" twice`,
		`{"x":[{"role":"viewer","role":"owner"}]}`:  `has the name "role" twice`,
		`{"a":{},"a":[]}`:                           `has the name "a" twice`,
		`{"a":{"":1,"":2}}`:                         `has the name "" twice`,
		`{"a":1`:                                    "is not valid JSON at byte 6",
		`{"a":1}}`:                                  "is not valid JSON at byte 8",
		`{"a" 1}`:                                   "is not valid JSON at byte 6",
		``:                                          "is not valid JSON at byte 0",
		strings.Repeat("[", 32) + strings.Repeat("]", 32): "",
		strings.Repeat("[", 33) + strings.Repeat("]", 33): "is nested deeper than 32 levels",
		strings.Repeat(`{"a":`, 40):                       "is nested deeper than 32 levels",
	} {
		got := ""
		var v any
		if err := unmarshal([]byte(text), &v); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%.60s: got %q, want %q", text, got, want)
		}
	}
}

// What is taken is what encoding/json takes, and is the same when it is written anew: no name was dropped for another.
func FuzzUnmarshal(f *testing.F) {
	for _, seed := range []string{`{"a":1,"b":[1,"x",null,{"a":true}]}`, `{"a":1,"a":2}`, `[[[]]]`, `"\ud800"`, `{"\u0061":1}`, "{\"\xff\":1,\"\xfe\":2}", `1e999`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var v any
		if err := unmarshal(data, &v); err != nil {
			return
		}
		if !json.Valid(data) {
			t.Fatalf("%q is taken and is not JSON", data)
		}
		written, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		if before, after := bytes.Count(names(data), []byte{1}), bytes.Count(names(written), []byte{1}); before != after {
			t.Fatalf("%q has %d names, %d of them are kept", data, before, after)
		}
	})
}

// names has a byte 1 for each name in a text.
func names(data []byte) []byte {
	var found []byte
	quoted := false
	for i := 0; i < len(data); i++ {
		switch {
		case quoted && data[i] == '\\':
			i++
		case data[i] == '"':
			quoted = !quoted
		case data[i] == ':' && !quoted:
			found = append(found, 1)
		}
	}
	return found
}
