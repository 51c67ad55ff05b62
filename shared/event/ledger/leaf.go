package ledger

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"fieldboard.dev/fieldboard/shared/event"
	"fieldboard.dev/fieldboard/shared/event/ledger/evidence"
)

// facts are what a leaf says openly: it names no person, and stays when a person's data is erased. What is empty is left out,
// so that a field which events get later changes no leaf of before.
func facts(e event.Event) map[string]string {
	all := map[string]string{
		"account": e.Account, "id": e.ID, "type": e.Type, "audience": string(e.Audience), "time": e.Time.UTC().Format(time.RFC3339Nano),
		"collection": e.Collection, "entityId": e.EntityID,
		"kind": string(e.Audit.Kind), "key": e.Audit.Key, "correlation": e.Audit.Correlation, "trace": e.Audit.Trace,
	}
	maps.DeleteFunc(all, func(_, value string) bool { return value == "" })
	return all
}

// hiddenField is a part of an event that a leaf only commits to.
type hiddenField struct {
	value func(*event.Event) any // nil when there is none
	clear func(*event.Event)
}

// hidden are those parts, by their names in leaves: the personal ones, and the amounts, which are not for all who may verify.
var hidden = map[string]hiddenField{
	"title":  text(func(e *event.Event) *string { return &e.Title }),
	"detail": text(func(e *event.Event) *string { return &e.Detail }),
	"member": text(func(e *event.Event) *string { return &e.Member }),
	"actor":  text(func(e *event.Event) *string { return &e.Actor }),
	"amountCents": {
		value: func(e *event.Event) any {
			if e.AmountCents == nil {
				return nil
			}
			return *e.AmountCents
		},
		clear: func(e *event.Event) { e.AmountCents = nil },
	},
	"address": text(func(e *event.Event) *string { return &e.Audit.Address }),
	"reason":  text(func(e *event.Event) *string { return &e.Audit.Reason }),
	"changes": {value: changes, clear: func(e *event.Event) { e.Audit.Changes = nil }},
}

func text(at func(*event.Event) *string) hiddenField {
	return hiddenField{
		value: func(e *event.Event) any {
			if s := *at(e); s != "" {
				return s
			}
			return nil
		},
		clear: func(e *event.Event) { *at(e) = "" },
	}
}

func changes(e *event.Event) any {
	if len(e.Audit.Changes) == 0 {
		return nil
	}
	all := make([]map[string]string, len(e.Audit.Changes))
	for i, c := range e.Audit.Changes {
		all[i] = map[string]string{"field": c.Field, "before": c.Before, "after": c.After}
	}
	return all
}

// newSeal returns the seal of an event that is to be at an index: a salt for each value that it has.
func newSeal(e event.Event, index int64) event.Seal {
	s := event.Seal{Index: index, Salts: map[string][]byte{}}
	for name, field := range hidden {
		if field.value(&e) != nil {
			s.Salts[name] = evidence.NewSalt()
		}
	}
	return s
}

// leafOf makes an event's leaf again from what is stored now, with the hidden values that are still there. It is the leaf that
// was sealed exactly when nothing changed but by erasing.
func leafOf(e event.Event, s event.Seal) (leaf []byte, disclosed map[string]evidence.Disclosure, err error) {
	l := evidence.Leaf{Facts: facts(e), Hidden: map[string][]byte{}}
	maps.Copy(l.Hidden, s.Commitments)
	disclosed = map[string]evidence.Disclosure{}
	for _, name := range slices.Sorted(maps.Keys(hidden)) {
		value := hidden[name].value(&e)
		if value == nil {
			continue
		}
		salt, sealed := s.Salts[name]
		if !sealed { // written after the sealing: disclosed with a salt that was never used, it is refused
			salt = evidence.NewSalt()
		}
		d, commitment, err := evidence.Disclose(salt, name, value)
		if err != nil {
			return nil, nil, fmt.Errorf("event %s: %s: %w", e.ID, name, err)
		}
		disclosed[name] = d
		if sealed {
			l.Hidden[name] = commitment
		}
	}
	leaf, err = l.Bytes()
	return leaf, disclosed, err
}

// erase takes values out of an event, and of a seal their salts, in whose place the commitments stay. Without names it is all
// that can be erased, but for the member of a personal event: it says whom alone the event is for.
func erase(e *event.Event, s *event.Seal, names ...string) error {
	if len(names) == 0 {
		names = slices.Sorted(maps.Keys(hidden))
		if e.Audience == event.Personal {
			names = slices.DeleteFunc(names, func(name string) bool { return name == "member" })
		}
	}
	for _, name := range names {
		field, known := hidden[name]
		if !known {
			return fmt.Errorf("%q is nothing of an event that can be erased", name)
		}
		value := field.value(e)
		field.clear(e)
		if s == nil {
			continue
		}
		if salt, ok := s.Salts[name]; ok && value != nil {
			commitment, err := evidence.Commit(salt, name, value)
			if err != nil {
				return fmt.Errorf("event %s: %s: %w", e.ID, name, err)
			}
			if s.Commitments == nil {
				s.Commitments = map[string][]byte{}
			}
			s.Commitments[name] = commitment
		}
		delete(s.Salts, name)
	}
	return nil
}
