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
	list     []*T                       // in the order of the numbers; readers may hold it, so what is in it is never overwritten
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
		t.mu.RLock()
		defer t.mu.RUnlock()
		return t.all()
	}
}

// Sorted returns every record in the order of compare; records that tie are in the order of their numbers. The result is
// kept under name until the table changes, so a name must always come with the same order, and compare must look at the
// two records only. The caller must not modify the slice.
func (t *Table[T]) Sorted(name string, compare func(a, b *T) int) []*T {
	t.mu.RLock()
	defer t.mu.RUnlock()
	t.cacheMu.Lock()
	defer t.cacheMu.Unlock()
	if list, ok := t.cache[name]; ok {
		return list
	}
	list := slices.Clone(t.list)
	slices.SortStableFunc(list, compare)
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
func (t *Table[T]) all() []*T { return t.list }

// put adds a record or replaces the one of the same id, for who holds the lock.
func (t *Table[T]) put(r T) {
	k := t.key(&r)
	if old, ok := t.records[k.id]; ok {
		t.unlink(old)
	}
	t.records[k.id] = &r
	t.list = t.with(t.list, &r)
	for parent, refs := range t.parents {
		for _, id := range refs(&r) {
			if id != "" {
				t.children[parent][id] = t.with(t.children[parent][id], &r)
			}
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
	t.unlink(r)
	delete(t.records, id)
	t.list = t.without(t.list, r)
	t.cache = nil
}

// unlink takes a record out of the lists of its parents.
func (t *Table[T]) unlink(r *T) {
	for parent, refs := range t.parents {
		for _, id := range refs(r) {
			if list := t.without(t.children[parent][id], r); len(list) > 0 {
				t.children[parent][id] = list
			} else {
				delete(t.children[parent], id)
			}
		}
	}
}

// with returns the list with r in its place, where a record of the same number stood or would stand.
func (t *Table[T]) with(list []*T, r *T) []*T {
	at, found := t.find(list, t.key(r).number)
	switch {
	case found:
		list = slices.Clone(list)
		list[at] = r
		return list
	case at == len(list):
		return append(list, r) // beyond what any reader of the old slice sees
	default:
		return slices.Concat(list[:at], []*T{r}, list[at:])
	}
}

// without returns the list without the record of r's number.
func (t *Table[T]) without(list []*T, r *T) []*T {
	at, found := t.find(list, t.key(r).number)
	if !found {
		return list
	}
	return slices.Concat(list[:at], list[at+1:])
}

func (t *Table[T]) find(list []*T, number int64) (int, bool) {
	return slices.BinarySearchFunc(list, number, func(r *T, n int64) int { return cmp.Compare(t.key(r).number, n) })
}
