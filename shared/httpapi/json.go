package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"
)

// maxDepth is deeper than any body of ours.
const maxDepth = 32

// unmarshal reads a JSON text into v. Its errors are fit to show. A name that is given twice is an error: readers differ in
// which of the two they take (RFC 8259, part 4), so that what one checks may not be what another uses.
func unmarshal(data []byte, v any) error {
	if !utf8.Valid(data) {
		return errors.New("is not UTF-8")
	}
	if err := checkNames(data); err != nil {
		return err
	}
	return explained(json.Unmarshal(data, v))
}

func explained(err error) error {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Errorf("is not valid JSON at byte %d", syntax.Offset)
	}
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) {
		return fmt.Errorf("has a %s where it may not", kind.Value)
	}
	return err
}

// checkNames walks a text without building what it says.
func checkNames(data []byte) error {
	type level struct {
		names  map[string]bool // nil in a list
		atName bool
	}
	var levels []level
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	for {
		token, err := d.Token()
		if err != nil {
			return nil //nolint:nilerr // the end, or no JSON, which json.Unmarshal tells with its place
		}
		switch token {
		case json.Delim('}'), json.Delim(']'):
			levels = levels[:len(levels)-1]
			continue
		}
		if n := len(levels); n > 0 && levels[n-1].names != nil {
			l := &levels[n-1]
			l.atName = !l.atName
			if name, ok := token.(string); ok && l.atName {
				if l.names[name] {
					return fmt.Errorf("has the name %.40q twice", name)
				}
				l.names[name] = true
				continue
			}
		}
		switch token {
		case json.Delim('{'):
			levels = append(levels, level{names: map[string]bool{}})
		case json.Delim('['):
			levels = append(levels, level{})
		}
		if len(levels) > maxDepth {
			return fmt.Errorf("is nested deeper than %d levels", maxDepth)
		}
	}
}
