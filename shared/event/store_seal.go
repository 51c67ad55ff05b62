package event

import (
	"fmt"

	"cloud.google.com/go/firestore"
)

// Seal is what an event's document keeps for the ledger: see package ledger, which alone writes it.
type Seal struct {
	Index       int64             // the event's place in its account's tree, from 0
	Salts       map[string][]byte // of the values that can be erased, by name
	Commitments map[string][]byte // to the values that were erased, by name
}

// seal is the part of Seal that nobody looks for, and that has no index.
type seal struct {
	Salts       map[string][]byte `firestore:"salts,omitempty"`
	Commitments map[string][]byte `firestore:"commitments,omitempty"`
}

// Stored is an event with what its document says of its seal.
type Stored struct {
	Event
	Ref      *firestore.DocumentRef
	Unsealed bool  // it waits for its seal
	Seal     *Seal // nil before it is sealed
	pending  bool
}

// ReadStored reads an event's document.
func ReadStored(snap *firestore.DocumentSnapshot) (Stored, error) {
	var d document
	if err := snap.DataTo(&d); err != nil {
		return Stored{}, fmt.Errorf("reading event %s: %w", snap.Ref.ID, err)
	}
	s := Stored{Event: d.event(snap.Ref), Ref: snap.Ref, Unsealed: d.Unsealed, pending: d.Pending}
	if d.LeafIndex != nil {
		s.Seal = &Seal{Index: *d.LeafIndex}
		if d.Seal != nil {
			s.Seal.Salts, s.Seal.Commitments = d.Seal.Salts, d.Seal.Commitments
		}
	}
	return s, nil
}

// PutSeal gives an event its seal within tx.
func (s Stored) PutSeal(tx *firestore.Transaction, given Seal) error {
	return tx.Update(s.Ref, []firestore.Update{
		{Path: "unsealed", Value: firestore.Delete},
		{Path: "leafIndex", Value: given.Index},
		{Path: "seal", Value: seal{Salts: given.Salts, Commitments: given.Commitments}},
	})
}

// Replace writes the whole document anew within tx, with what is left of the event and of its seal: what was derived from an
// erased value goes with it.
func (s Stored) Replace(tx *firestore.Transaction) error {
	d := newDocument(s.Event)
	d.Pending, d.Unsealed = s.pending, s.Unsealed
	if s.Seal != nil {
		d.LeafIndex = &s.Seal.Index
		d.Seal = &seal{Salts: s.Seal.Salts, Commitments: s.Seal.Commitments}
	}
	return tx.Set(s.Ref, d)
}

// Unsealed is the query for the events of all accounts that wait for their seal, the oldest first.
func Unsealed(client *firestore.Client) firestore.Query {
	return client.CollectionGroup("events").Where("unsealed", "==", true).OrderBy("time", firestore.Asc)
}

// SealedFrom is the query for an account's sealed events in the tree's order.
func SealedFrom(client *firestore.Client, account string, index int64) firestore.Query {
	return client.Collection("accounts").Doc(account).Collection("events").Where("leafIndex", ">=", index).OrderBy("leafIndex", firestore.Asc)
}

// Ref returns where an event is stored.
func Ref(client *firestore.Client, account, id string) *firestore.DocumentRef {
	return client.Collection("accounts").Doc(account).Collection("events").Doc(id)
}
