package business

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// An action is something that people do with Jobber. Each takes the id of what it is about (an EncodedId, the bare number,
// or Type_number) or Any, changes the records, and tells of the changes that Jobber sends webhooks for, and of no other.
// It returns ErrNotFound for an unknown id, or when Any finds nothing, and ErrNotPossible when the record's state forbids
// it; then nothing has changed.

// Any lets an action, as an empty id does, choose what it is about: the same each time in the same state, or by chance within Random
// and Live.
const Any = "any"

// Done says what an action did: which record it was about, and when.
type Done struct {
	Action string    `json:"action"`
	ID     string    `json:"id"` // EncodedId
	At     time.Time `json:"at"`
}

func newRand(seed int64) *rand.Rand { return rand.New(rand.NewPCG(uint64(seed), 0x6a6f62)) }

// action is the inside of an action: the tables are held.
type action func(b *Business, id string) (Done, error)

func (b *Business) do(a action, id string) (Done, error) {
	return b.act(func() (Done, error) { return a(b, id) })
}

// chosen returns the record that an action is about. rank says how well a record suits, 0 best; never for one that cannot
// be it.
func chosen[T any](b *Business, t *Table[T], typeName, id string, rank func(*T) int) (*T, error) {
	if id != Any && id != "" {
		r, ok := t.records[canonicalID(typeName, id)]
		switch {
		case !ok:
			return nil, fmt.Errorf("%w: %s %s", ErrNotFound, typeName, id)
		case rank(r) == never:
			return nil, fmt.Errorf("%w: the state of %s %s does not allow it", ErrNotPossible, typeName, id)
		}
		return r, nil
	}
	var best, fit []*T
	lowest := never
	for _, r := range t.all() {
		n := rank(r)
		if n == never {
			continue
		}
		fit = append(fit, r)
		if n < lowest {
			best, lowest = best[:0], n
		}
		if n == lowest {
			best = append(best, r)
		}
	}
	switch {
	case len(fit) == 0:
		return nil, fmt.Errorf("%w: no %s that it could be done to", ErrNotFound, typeName)
	case !b.random:
		return best[0], nil
	case b.chance(4):
		return pick(b, fit), nil
	default:
		return pick(b, best), nil
	}
}

// never is the rank of a record that an action cannot be about.
const never = 1 << 30

// when is 0 when ok, and never when not.
func when(ok bool) int {
	if ok {
		return 0
	}
	return never
}

// existing ranks every record alike.
func existing[T any](*T) int { return 0 }

// local is an instant by the business's wall clock, in minutes after midnight of a day counted from today.
func (b *Business) local(day, minute int) time.Time {
	y, m, d := b.Now().In(b.zone).Date()
	return time.Date(y, m, d+day, 0, minute, 0, 0, b.zone).UTC()
}
