package record

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
)

// Scope is the account that a batch belongs to and the zone in which its days are counted.
type Scope struct {
	Account string
	Zone    *time.Location
}

// Upsert is a record as Jobber shows it. Hidden lists the fields, by their stored names, that Jobber did not show: their
// known values are kept.
type Upsert struct {
	Record Record
	Hidden []string
}

// Delete is a record that Jobber no longer has, confirmed by a request begun at FetchedAt.
type Delete struct {
	Collection Collection
	ID         string
	FetchedAt  time.Time
}

// change is an upsert (next set) or a delete (next nil) of one record.
type change struct {
	collection Collection
	id         string
	next       Record
	hidden     []string
	fetchedAt  time.Time
}

// changes orders a batch by collection and id and keeps, of two changes of one record, the one that was fetched last.
func (b Batch) changes() ([]change, error) {
	all := make([]change, 0, len(b.Upserts)+len(b.Deletes))
	for _, u := range b.Upserts {
		m := u.Record.Base()
		if m.ID == "" || m.FetchedAt.IsZero() {
			return nil, fmt.Errorf("record: %s %q has no id or no fetch time", u.Record.Collection(), m.ID)
		}
		tidy(u.Record)
		all = append(all, change{collection: u.Record.Collection(), id: m.ID, next: u.Record, hidden: u.Hidden, fetchedAt: m.FetchedAt})
	}
	for _, d := range b.Deletes {
		if d.ID == "" || d.FetchedAt.IsZero() {
			return nil, fmt.Errorf("record: a delete in %s has no id or no fetch time", d.Collection)
		}
		all = append(all, change{collection: d.Collection, id: d.ID, fetchedAt: d.FetchedAt.UTC().Truncate(time.Microsecond)})
	}
	slices.SortStableFunc(all, func(x, y change) int {
		if c := strings.Compare(string(x.collection)+"/"+x.id, string(y.collection)+"/"+y.id); c != 0 {
			return c
		}
		return y.fetchedAt.Compare(x.fetchedAt)
	})
	return slices.CompactFunc(all, func(x, y change) bool { return x.collection == y.collection && x.id == y.id }), nil
}

// tidy brings a record into the form in which it comes back from the store: instants in UTC to the microsecond, and no
// empty list that differs from none.
func tidy(r Record) { tidyValue(reflect.ValueOf(r).Elem()) }

func tidyValue(v reflect.Value) {
	switch x := v.Addr().Interface().(type) {
	case *time.Time:
		*x = x.UTC().Truncate(time.Microsecond)
		return
	case **time.Time:
		if *x != nil {
			t := (*x).UTC().Truncate(time.Microsecond)
			*x = &t
		}
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			tidyValue(v.Field(i))
		}
	case reflect.Slice:
		if v.Len() == 0 {
			v.SetZero()
		}
	}
}

// keepHidden copies the hidden fields of next from old.
func keepHidden(next, old Record, hidden []string) error {
	to, from := reflect.ValueOf(next).Elem(), reflect.ValueOf(old).Elem()
	for _, name := range hidden {
		field, ok := fieldNamed(to.Type(), name)
		if !ok {
			return fmt.Errorf("record: %s has no field %q to keep", next.Collection(), name)
		}
		to.FieldByIndex(field.Index).Set(from.FieldByIndex(field.Index))
	}
	return nil
}

func fieldNamed(t reflect.Type, name string) (reflect.StructField, bool) {
	for _, f := range reflect.VisibleFields(t) {
		if tag, _, _ := strings.Cut(f.Tag.Get("firestore"), ","); tag == name && !f.Anonymous {
			return f, true
		}
	}
	return reflect.StructField{}, false
}

// sameContent reports whether two records differ in nothing but when they were fetched and last touched.
func sameContent(a, b Record) (bool, error) {
	x, err := content(a)
	if err != nil {
		return false, err
	}
	y, err := content(b)
	if err != nil {
		return false, err
	}
	return x == y, nil
}

func content(r Record) (string, error) {
	m := r.Base()
	saved := *m
	m.FetchedAt, m.UpdatedAt, m.Terms, m.Watch = time.Time{}, time.Time{}, nil, nil
	b, err := json.Marshal(r)
	*m = saved
	return string(b), err
}

// fences reports whether old keeps next out: a record by a newer (updatedAt, fetchedAt), a tombstone by a later or equal
// fetch.
func (m *Meta) fences(next *Meta) bool {
	if !m.Deleted {
		if c := m.UpdatedAt.Compare(next.UpdatedAt); c != 0 {
			return c > 0
		}
	}
	return !next.FetchedAt.After(m.FetchedAt)
}
