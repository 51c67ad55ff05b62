package business

import (
	"cmp"
	"slices"
	"sync"
	"time"
)

// Parent names a reference by which a table can be asked for the children of a record.
type Parent string

// The references that tables are indexed by. Each table knows those that its records have.
const (
	OfClient   Parent = "client"
	OfProperty Parent = "property"
	OfRequest  Parent = "request"
	OfQuote    Parent = "quote"
	OfJob      Parent = "job"
	OfInvoice  Parent = "invoice"
	OfPayment  Parent = "payment" // the refunds of a payment
)

// The ready-made orders of Table.List. All are ascending; records that tie are in the order of their numbers.
const (
	ByID        = "ID"
	ByCreatedAt = "CREATED_AT"
	ByUpdatedAt = "UPDATED_AT"
)

// key is what a table needs to know of any record.
type key struct {
	id                   string
	number               int64
	createdAt, updatedAt time.Time
}

// Table holds the records of one type.
type Table[T any] struct {
	mu       *sync.RWMutex // the business's
	key      func(*T) key
	parents  map[Parent]func(*T) []string
	records  map[string]*T
	children map[Parent]map[string][]*T // each list in the order of the numbers

	cacheMu sync.Mutex
	cache   map[string][]*T // sorted lists by the name of the order; dropped by every change
}

func newTable[T any](mu *sync.RWMutex, key func(*T) key, parents map[Parent]func(*T) []string) *Table[T] {
	t := &Table[T]{mu: mu, key: key, parents: parents, records: map[string]*T{}, children: map[Parent]map[string][]*T{}}
	for parent := range parents {
		t.children[parent] = map[string][]*T{}
	}
	return t
}

// Get returns the record of an EncodedId.
func (t *Table[T]) Get(id string) (*T, bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	r, ok := t.records[id]
	return r, ok
}

// Len returns how many records there are.
func (t *Table[T]) Len() int {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return len(t.records)
}

// List returns every record in one of the ready-made orders. The caller must not modify the slice. It costs a sort only
// for the first call after a change.
func (t *Table[T]) List(order string) []*T {
	switch order {
	case ByCreatedAt:
		return t.Sorted(order, func(a, b *T) int { return t.key(a).createdAt.Compare(t.key(b).createdAt) })
	case ByUpdatedAt:
		return t.Sorted(order, func(a, b *T) int { return t.key(a).updatedAt.Compare(t.key(b).updatedAt) })
	default:
		return t.Sorted(ByID, func(_, _ *T) int { return 0 })
	}
}

// Sorted returns every record in the order of compare; records that tie are in the order of their numbers. The result is
// kept under name until the table changes, so a name must always come with the same order, and compare must look at the
// two records only. The caller must not modify the slice.
func (t *Table[T]) Sorted(name string, compare func(a, b *T) int) []*T {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.sorted(name, compare)
}

// sorted is Sorted for who holds the lock.
func (t *Table[T]) sorted(name string, compare func(a, b *T) int) []*T {
	t.cacheMu.Lock()
	defer t.cacheMu.Unlock()
	if list, ok := t.cache[name]; ok {
		return list
	}
	list := make([]*T, 0, len(t.records))
	for _, r := range t.records {
		list = append(list, r)
	}
	slices.SortFunc(list, func(a, b *T) int {
		return cmp.Or(compare(a, b), cmp.Compare(t.key(a).number, t.key(b).number))
	})
	if t.cache == nil {
		t.cache = map[string][]*T{}
	}
	t.cache[name] = list
	return list
}

// Of returns the records that refer to a parent, in the order of their numbers. The caller must not modify the slice.
func (t *Table[T]) Of(parent Parent, id string) []*T {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.of(parent, id)
}

// of is Of for who holds the lock. It never answers for "", which is no parent.
func (t *Table[T]) of(parent Parent, id string) []*T { return t.children[parent][id] }

// all returns every record in the order of the numbers, for who holds the lock.
func (t *Table[T]) all() []*T { return t.sorted(ByID, func(_, _ *T) int { return 0 }) }

// put adds a record or replaces the one of the same id, for who holds the lock.
func (t *Table[T]) put(r T) {
	t.drop(t.key(&r).id)
	t.records[t.key(&r).id] = &r
	for parent, refs := range t.parents {
		for _, id := range refs(&r) {
			if id == "" {
				continue
			}
			list := t.children[parent][id]
			at, found := t.find(list, t.key(&r).number)
			if found { // refers to the same parent twice
				continue
			}
			// A fresh slice, because readers may hold the old one.
			t.children[parent][id] = slices.Concat(list[:at], []*T{&r}, list[at:])
		}
	}
	t.cache = nil
}

// drop removes the record of an id, if there is one, for who holds the lock.
func (t *Table[T]) drop(id string) {
	r, ok := t.records[id]
	if !ok {
		return
	}
	delete(t.records, id)
	for parent, refs := range t.parents {
		for _, id := range refs(r) {
			list := t.children[parent][id]
			at, found := t.find(list, t.key(r).number)
			if !found {
				continue
			}
			if len(list) == 1 {
				delete(t.children[parent], id)
				continue
			}
			t.children[parent][id] = slices.Concat(list[:at], list[at+1:])
		}
	}
	t.cache = nil
}

func (t *Table[T]) find(list []*T, number int64) (int, bool) {
	return slices.BinarySearchFunc(list, number, func(r *T, n int64) int { return cmp.Compare(t.key(r).number, n) })
}
