package httpapi_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fieldboard.dev/fieldboard/shared/httpapi"
	"fieldboard.dev/fieldboard/shared/problem"
)

type position struct {
	At string `json:"at"`
	ID string `json:"id"`
}

func (p position) Valid() bool { return p.ID != "bad" }

func TestCursorRoundTrip(t *testing.T) {
	t.Parallel()
	want := position{At: "2026-03-01T12:00:00Z", ID: "Visit_12/ü"}
	cursor, err := httpapi.EncodeCursor(want)
	if err != nil {
		t.Fatal(err)
	}
	var got position
	if ok, err := httpapi.DecodeCursor(cursor, &got); !ok || err != nil {
		t.Fatalf("got %t, %v", ok, err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if ok, err := httpapi.DecodeCursor("", &got); ok || err != nil {
		t.Errorf("an empty cursor: got %t, %v, want false and no error", ok, err)
	}
	if _, err := httpapi.EncodeCursor(position{ID: strings.Repeat("x", 2000)}); err == nil {
		t.Error("got a cursor longer than a reader takes, want an error")
	}
}

func TestBrokenCursor(t *testing.T) {
	t.Parallel()
	for name, cursor := range map[string]string{
		"not base64":     "%%%",
		"padded":         "e30=",
		"not JSON":       "YWJj",
		"another list's": "eyJkYXkiOiIyMDI2In0",
		"two documents":  "e317fQ",
		"trailing bits":  "e31",
		"no position":    "eyJpZCI6ImJhZCJ9", // {"id":"bad"}
		"too long":       strings.Repeat("A", 1025),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var at position
			_, err := httpapi.DecodeCursor(cursor, &at)
			var e *problem.Error
			if !errors.As(err, &e) || e.Code != problem.Invalid || len(e.Fields) != 1 || e.Fields[0].Location != "query.cursor" {
				t.Errorf("got %v, want a problem that names query.cursor", err)
			}
		})
	}
}

func TestEmptyPageIsAList(t *testing.T) {
	t.Parallel()
	got, err := json.Marshal(httpapi.NewPage[int](nil, ""))
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"items":[]}`; string(got) != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func FuzzDecodeCursor(f *testing.F) {
	f.Add("eyJhdCI6IjEiLCJpZCI6IjIifQ")
	f.Add("e30")
	f.Add("%")
	f.Fuzz(func(t *testing.T, cursor string) {
		var at position
		ok, err := httpapi.DecodeCursor(cursor, &at)
		if err != nil && problem.CodeOf(err) != problem.Invalid {
			t.Errorf("got %v, want a problem Invalid", err)
		}
		if ok == (err != nil) && cursor != "" {
			t.Errorf("got %t with error %v", ok, err)
		}
	})
}
