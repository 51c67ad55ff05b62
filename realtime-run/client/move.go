package client

import "time"

const (
	// settle is what a connection has to tell its channels once it is connected.
	settle = 100 * time.Millisecond
	// patience is how long the old connection may take to bring what the new one begins after.
	patience = 10 * time.Second
)

// move opens another connection beside the present one. It begins with what happens after its start, so the present one stays
// until it has brought everything up to there.
func (f *follower) move() {
	if f.next != nil {
		return
	}
	next := f.open()
	f.next = next
	go f.connect(next)
	time.AfterFunc(patience, func() {
		f.locked(func() {
			if f.next == next && len(next.start) > 0 {
				f.takeOver(true)
			}
		})
	})
}

// takeOver makes the next connection the present one, once nothing is missing between them or when it is forced to.
func (f *follower) takeOver(forced bool) {
	next := f.next
	if next == nil || len(next.start) == 0 {
		return
	}
	for channel, begins := range next.start {
		if !forced && !f.book.reached(channel, begins) {
			return
		}
	}
	old := f.current
	f.current, f.next = next, nil
	f.book.adopt(next.start)
	for _, a := range next.waiting {
		f.book.take(a)
	}
	next.waiting = nil
	go old.client.Close()
}
