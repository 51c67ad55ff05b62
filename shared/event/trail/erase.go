package trail

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"fieldboard.dev/fieldboard/shared/event"
	"fieldboard.dev/fieldboard/shared/httpapi"
	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/shared/record"
)

// Erasure is who is taken out of the events: a former member, or a record that is a person. Ids stay, for they name nobody; what
// they stood for goes, in the events about the person and in those that mention them. Each value has a salt of its own, which
// alone makes its commitment in the ledger readable: the salt goes with the value, so every proof holds and discloses less.
type Erasure struct {
	Member     string `firestore:"member,omitempty"`
	Collection string `firestore:"collection,omitempty"`
	EntityID   string `firestore:"entityId,omitempty"`
	// Texts are what the person is found by in events about others: names, addresses and numbers, in lower case. They are
	// forgotten with the end of the task.
	Texts []string `firestore:"texts,omitempty"`
}

const (
	erasePage    = 200
	shortestText = 4 // one that is shorter is found in too much
	mostTexts    = 50
)

// The phases of an erasure.
const (
	collecting = iota // the texts, from the events about the person
	erasing           // in all events
)

// hold refuses what destroys events while the account's legal hold is on.
func (t *Trail) hold(ctx context.Context, accountID string) error {
	a, err := t.accounts.Account(ctx, accountID)
	if err != nil {
		return err
	}
	if a.LegalHold.On {
		return problem.New(problem.Conflict, "Nothing is erased while the legal hold is on. The owner can end it in the settings.")
	}
	return nil
}

// StartErasure begins to erase. A problem Conflict while the legal hold is on, and for somebody who is still a member.
func (t *Trail) StartErasure(ctx context.Context, id string, by httpapi.Principal, x Erasure, reason string) (Task, error) {
	if err := t.hold(ctx, by.AccountID); err != nil {
		return Task{}, err
	}
	e := t.told(event.PersonErased, by, "", reason)
	e.Collection, e.EntityID = x.Collection, x.EntityID
	if x.Member != "" {
		switch _, err := t.accounts.Member(ctx, by.AccountID, x.Member); {
		case err == nil:
			return Task{}, problem.New(problem.Conflict, "This person is still a member, so more would be written about them. Remove the member first.")
		case problem.CodeOf(err) != problem.NotFound:
			return Task{}, err
		}
		e.Collection, e.EntityID = "members", x.Member
	}
	n, err := t.events.Count(ctx, by.AccountID, event.Range{}, mostCounted)
	if err != nil {
		return Task{}, unavailable(err)
	}
	return t.create(ctx, id, Erasures, by, n, Order{Erasure: &x}, e)
}

func (t *Trail) erasePage(ctx context.Context, accountID string, d *document) (finished bool, err error) {
	if err := t.hold(ctx, accountID); err != nil {
		return false, err
	}
	x := d.Order.Erasure
	events, err := t.events.Walk(ctx, accountID, event.Range{}, d.Place.position(), erasePage)
	if err != nil {
		return false, err
	}
	for _, e := range events {
		if d.Place.Phase == collecting {
			x.collect(e)
			continue
		}
		if names := x.erases(e); len(names) > 0 {
			// An event that expired since it was read is gone, and says nothing more.
			if err := t.ledger.Erase(ctx, accountID, e.ID, names...); err != nil && problem.CodeOf(err) != problem.NotFound {
				return false, err
			}
		}
		d.Done++
	}
	if len(events) == erasePage {
		last := events[len(events)-1]
		d.Place.Time, d.Place.ID = last.Time, last.ID
		return false, nil
	}
	if d.Place.Phase == collecting {
		if err := t.collectRecord(ctx, accountID, x); err != nil {
			return false, err
		}
		d.Place = place{Phase: erasing}
		return false, nil
	}
	return true, t.store.dropExports(ctx, accountID) // they tell what was erased
}

// about tells whether an event is about the person.
func (x *Erasure) about(e event.Event) bool {
	switch {
	case e.Type == event.PersonErased:
		return false // it says by whose order, and names nobody
	case x.Member != "":
		return e.Member == x.Member
	}
	return e.EntityID == x.EntityID && e.Collection == x.Collection
}

// personal are parts of the names of fields that hold what a person is found by.
var personal = []string{"name", "email", "phone", "address", "street"}

// collect takes from an event about the person what they are found by elsewhere.
func (x *Erasure) collect(e event.Event) {
	if !x.about(e) {
		return
	}
	if !strings.HasPrefix(e.Type, "security.") || e.Type == event.SignedIn { // of other events the title may be a key's or the account's
		x.add(e.Title)
	}
	for _, c := range e.Audit.Changes {
		if slices.ContainsFunc(personal, func(part string) bool { return strings.Contains(strings.ToLower(c.Field), part) }) {
			for _, value := range []string{c.Before, c.After} {
				var text string
				if json.Unmarshal([]byte(value), &text) == nil {
					x.add(text)
				}
			}
		}
	}
}

func (x *Erasure) add(texts ...string) {
	for _, text := range texts {
		text = strings.ToLower(strings.TrimSpace(text))
		if len(text) >= shortestText && len(x.Texts) < mostTexts && !slices.Contains(x.Texts, text) {
			x.Texts = append(x.Texts, text)
		}
	}
}

// collectRecord takes them from the record itself, of which a first copy told nothing.
func (t *Trail) collectRecord(ctx context.Context, accountID string, x *Erasure) error {
	if x.EntityID == "" {
		return nil
	}
	r, err := t.records.Get(ctx, accountID, record.Collection(x.Collection), x.EntityID)
	if problem.CodeOf(err) == problem.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	switch r := r.(type) {
	case *record.Client:
		x.add(r.Name, r.CompanyName, r.Email, r.Phone)
		if r.BillingAddress != nil {
			x.add(r.BillingAddress.Street)
		}
	case *record.User:
		x.add(r.Name, r.Email)
	case *record.Property:
		x.add(r.Name, r.Address.Street)
	}
	return nil
}

// erases returns which values go from an event: their names in its leaf.
func (x *Erasure) erases(e event.Event) []string {
	names := map[string]bool{}
	add := func(all ...string) {
		for _, name := range all {
			names[name] = true
		}
	}
	if x.about(e) {
		add("title", "detail", "reason", "changes", "address")
		if x.Member != "" && e.Audience != event.Personal { // without it nobody would know for whom alone the event is
			add("member")
		}
	}
	if x.Member != "" && e.Actor == x.Member {
		add("actor", "address")
	}
	for name, told := range map[string][]string{"title": {e.Title}, "detail": {e.Detail}, "reason": {e.Audit.Reason}, "changes": texts(e.Audit.Changes)} {
		if slices.ContainsFunc(told, x.found) {
			add(name)
		}
	}
	return slices.Sorted(maps.Keys(names))
}

func texts(changes []event.Change) []string {
	var all []string
	for _, c := range changes {
		all = append(all, c.Before, c.After)
	}
	return all
}

func (x *Erasure) found(text string) bool {
	text = strings.ToLower(text)
	return slices.ContainsFunc(x.Texts, func(part string) bool { return strings.Contains(text, part) })
}

// ErasableCollections are those whose records may be a person, or where one lives.
var ErasableCollections = []string{string(record.Clients), string(record.Properties), string(record.Users)}
