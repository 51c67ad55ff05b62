package event

import (
	"context"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"fieldboard.dev/fieldboard/shared/httpapi"
	"fieldboard.dev/fieldboard/shared/telemetry"
)

// ActorKind says what kind of actor caused an event.
type ActorKind string

// The kinds.
const (
	ByMember ActorKind = "member"
	ByKey    ActorKind = "key"    // an API key, which acts for the member who made it
	ByJobber ActorKind = "jobber" // somebody in Jobber, who is not told
	BySystem ActorKind = "system" // Fieldboard itself, or somebody who is not signed in
)

// Audit is what an event tells whoever looks into what happened. It is stored and never published.
type Audit struct {
	Kind        ActorKind `firestore:"kind"`
	Key         string    `firestore:"key,omitempty"`         // id of the API key
	Address     string    `firestore:"address,omitempty"`     // IP address that the request came from
	Correlation string    `firestore:"correlation,omitempty"` // what one request caused has one
	Trace       string    `firestore:"trace,omitempty"`       // of Cloud Trace: 32 hexadecimal digits
	Reason      string    `firestore:"reason,omitempty"`
	Changes     []Change  `firestore:"changes,omitempty"`
}

// Change is a field that is no longer what it was. Before and After are JSON, empty where there was no value.
type Change struct {
	Field  string `firestore:"field" json:"field"`
	Before string `firestore:"before" json:"before"`
	After  string `firestore:"after" json:"after"`
}

// ChangesFor are the changes for somebody who may see amounts, or may not: the names of amounts end in Cents, wherever they are
// kept.
func (e Event) ChangesFor(finance bool) []Change {
	if finance {
		return e.Audit.Changes
	}
	return slices.DeleteFunc(slices.Clone(e.Audit.Changes), func(c Change) bool {
		return strings.Contains(c.Field+c.Before+c.After, "Cents")
	})
}

// stamp fills in who did it and where from, as far as ctx tells and the event does not.
func (e *Event) stamp(ctx context.Context) {
	a := &e.Audit
	if p := httpapi.PrincipalFrom(ctx); p.UserID != "" {
		e.Actor, a.Key, a.Kind = p.UserID, p.KeyID, ByMember
		if p.KeyID != "" {
			a.Kind = ByKey
		}
	}
	if a.Kind == "" {
		a.Kind = BySystem
		if e.Actor != "" {
			a.Kind = ByMember
		}
	}
	if from := httpapi.ClientIP(ctx); from.IsValid() && a.Address == "" {
		a.Address = from.String()
	}
	c := telemetry.CorrelationFrom(ctx)
	if a.Correlation == "" {
		a.Correlation = c.RequestID
	}
	if a.Trace == "" {
		a.Trace = c.TraceID
	}
}

const (
	maxChanges = 40
	maxValue   = 500 // bytes of JSON
)

// Diff returns the fields in which two documents of one struct type differ, by their stored names. A value that is too long is
// told by how it begins, and what is over maxChanges is left out.
func Diff(before, after any, without ...string) []Change {
	was, is := fields(reflect.ValueOf(before)), fields(reflect.ValueOf(after))
	names := maps.Clone(was)
	maps.Copy(names, is)
	var changes []Change
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if was[name] == is[name] || slices.Contains(without, name) || len(changes) == maxChanges {
			continue
		}
		changes = append(changes, Change{Field: name, Before: shortened(was[name]), After: shortened(is[name])})
	}
	return changes
}

// fields returns the JSON of each stored field of a struct, those of embedded structs too.
func fields(v reflect.Value) map[string]string {
	found := map[string]string{}
	for v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return found
		}
		v = v.Elem()
	}
	if v.Kind() != reflect.Struct {
		return found
	}
	for i := range v.NumField() {
		field := v.Type().Field(i)
		if field.Anonymous {
			maps.Copy(found, fields(v.Field(i)))
			continue
		}
		name, _, _ := strings.Cut(field.Tag.Get("firestore"), ",")
		if !field.IsExported() || name == "-" || name == "" {
			continue
		}
		if inner := fields(v.Field(i)); len(inner) > 0 { // a part with stored fields of its own
			for part, value := range inner {
				found[name+"."+part] = value
			}
			continue
		}
		found[name] = valueOf(v.Field(i))
	}
	return found
}

// valueOf returns a value's JSON; empty where there is none. No and 0 are values.
func valueOf(v reflect.Value) string {
	if v.IsZero() && !v.CanInt() && v.Kind() != reflect.Bool {
		return ""
	}
	text, err := json.Marshal(v.Interface())
	if err != nil {
		return "" // what is stored is of a kind that JSON has
	}
	return string(text)
}

func shortened(text string) string {
	if len(text) <= maxValue {
		return text
	}
	start := text[:maxValue]
	for !utf8.ValidString(start) {
		start = start[:len(start)-1]
	}
	short, err := json.Marshal(start + "…")
	if err != nil {
		return ""
	}
	return string(short)
}
