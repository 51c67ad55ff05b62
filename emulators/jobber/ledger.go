package jobber

import "sync"

// ledger knows which field of which record an account has delivered, and from that the least that the delivered data
// could have cost: every field of every version of a record paid for once, at Jobber's price of a field, plus pageInfo
// (hasNextPage and endCursor) of the fewest pages that hold each collection's records. What is read again without having
// changed adds nothing, so a reader's points divided by the least cost measure its waste.
//
// A version ends with a change that has a webhook. Derived changes, such as a job's status after a visit, tell nobody;
// reading such a record again counts as waste.
type ledger struct {
	mu        sync.Mutex
	least     int                            // without the pages
	paths     map[step]int                   // numbers of the paths from a type to a field; 0 is the root
	seen      map[string][]uint64            // by record: a bit for each path that was delivered of this version
	delivered map[string]map[string]struct{} // by type: the records that were delivered in pages
}

// step is one field further on a path.
type step struct {
	from int
	name string
}

const pageInfoCost = 3 // pageInfo { hasNextPage endCursor }

func newLedger() *ledger {
	return &ledger{paths: map[step]int{}, seen: map[string][]uint64{}, delivered: map[string]map[string]struct{}{}}
}

// child returns the number of the path that goes one field further. The caller holds mu, as for mark and count.
func (l *ledger) child(from int, name string) int {
	number, ok := l.paths[step{from, name}]
	if !ok {
		number = len(l.paths) + 1
		l.paths[step{from, name}] = number
	}
	return number
}

// mark notes that a path of a record was delivered and reports whether it is new. Without an id everything is new.
func (l *ledger) mark(id string, path int) bool {
	if id == "" {
		return true
	}
	word, bit := path/64, uint64(1)<<(path%64)
	seen := l.seen[id]
	if word >= len(seen) {
		seen = append(seen, make([]uint64, word+1-len(seen))...)
		l.seen[id] = seen
	}
	isNew := seen[word]&bit == 0
	seen[word] |= bit
	return isNew
}

// count notes that a record came in a page.
func (l *ledger) count(typeName, id string) {
	if l.delivered[typeName] == nil {
		l.delivered[typeName] = map[string]struct{}{}
	}
	l.delivered[typeName][id] = struct{}{}
}

// changed begins a new version of a record.
func (l *ledger) changed(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.seen, id)
}

// leastCost returns the least that everything delivered so far could have cost.
func (l *ledger) leastCost() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	pages := 0
	for _, records := range l.delivered {
		pages += (len(records) + defaultPageSize - 1) / defaultPageSize
	}
	return l.least + pages*pageInfoCost
}
