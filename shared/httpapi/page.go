package httpapi

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"

	"fieldboard.dev/fieldboard/shared/problem"
)

// PageInput is the part of a list's input that every list shares. Embed it.
type PageInput struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"25" doc:"How many at most."`
	Cursor string `query:"cursor" maxLength:"1024" doc:"The nextCursor of the page before; empty for the first."`
}

// Page is one page of a list.
type Page[T any] struct {
	Items      []T    `json:"items" nullable:"false"`
	NextCursor string `json:"nextCursor,omitempty" doc:"Absent on the last page."`
}

// NewPage returns a page whose items are an empty list rather than null.
func NewPage[T any](items []T, nextCursor string) Page[T] {
	if items == nil {
		items = []T{}
	}
	return Page[T]{Items: items, NextCursor: nextCursor}
}

const maxCursorBytes = 1024

// EncodeCursor makes an opaque cursor of a position, a small struct. A cursor is not signed: a reader must treat what it
// decodes as any other input, and never take an account from it.
func EncodeCursor(position any) (string, error) {
	b, err := json.Marshal(position)
	if err != nil {
		return "", fmt.Errorf("encoding a cursor: %w", err)
	}
	if base64.RawURLEncoding.EncodedLen(len(b)) > maxCursorBytes {
		return "", fmt.Errorf("encoding a cursor: %d bytes are too many", len(b))
	}
	return base64.RawURLEncoding.EncodeToString(b), nil
}

// Position is where a page ends. Valid tells whether a list can go on there: whoever sends a cursor can write any in it.
type Position interface{ Valid() bool }

// DecodeCursor fills position, a pointer to a zero value, from a cursor. It tells whether there was one; the first page has none. The error of a cursor
// that EncodeCursor did not make from such a position is a problem that names query.cursor.
func DecodeCursor(cursor string, position Position) (bool, error) {
	if cursor == "" {
		return false, nil
	}
	broken := &problem.Error{
		Code:    problem.Invalid,
		Message: "Correct the fields below and send the request again.",
		Fields:  []problem.Field{{Location: "query.cursor", Message: "is not a cursor of this list; leave it out to start again"}},
	}
	if len(cursor) > maxCursorBytes {
		return false, broken
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil {
		broken.Cause = err
		return false, broken
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(position); err != nil || d.More() || !position.Valid() {
		broken.Cause = err
		return false, broken
	}
	return true, nil
}
