package event

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Type is a kind of event and what its data is. Only events of a type that is listed here are stored.
type Type struct {
	Name      string     `json:"name"`
	Version   int        `json:"version"`   // of the data; a change that a reader of the version before could not follow makes another
	Audiences []Audience `json:"audiences"` // who may be told
	Doc       string     `json:"doc"`
	data      reflect.Type
}

// Schema names the type's schema, as in the envelope's dataschema.
func (t Type) Schema() string { return fmt.Sprintf("urn:fieldboard:event:%s:%d", t.Name, t.Version) }

// GoType names the Go type of its data.
func (t Type) GoType() string { return t.data.Name() }

// Types returns all types, by name.
func Types() []Type { return slices.Clone(types) }

// TypeOf returns a type by its name.
func TypeOf(name string) (Type, bool) {
	i, found := slices.BinarySearchFunc(types, name, func(t Type, name string) int { return strings.Compare(t.Name, name) })
	if !found {
		return Type{}, false
	}
	return types[i], true
}

// types is the table of all types. Each has a Go type of its own for its data, so that one can come to tell more without the
// others; what a family has in common is in the file of the family.
var types = slices.SortedFunc(slices.Values(slices.Concat(recordTypes, moneyTypes, copyTypes, healthTypes, accessTypes, taskTypes, batchTypes, scheduleTypes)),
	func(a, b Type) int { return cmp.Compare(a.Name, b.Name) })

// of lists a type whose data is a D.
func of[D any](name, doc string, audiences ...Audience) Type {
	return Type{Name: name, Version: 1, Audiences: audiences, Doc: doc, data: reflect.TypeFor[D]()}
}

// check refuses an event that nobody knows how to read, or that is for others than those its type is for.
func (e Event) check() error {
	t, known := TypeOf(e.Type)
	switch {
	case !known:
		return fmt.Errorf("event: there is no type %q", e.Type)
	case !slices.Contains(t.Audiences, e.Audience):
		return fmt.Errorf("event: %s is not for the audience %q", e.Type, e.Audience)
	}
	return nil
}
