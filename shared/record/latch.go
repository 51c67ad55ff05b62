package record

import (
	"context"
	"sync"
)

// latches let one writer of an instance at a time change a record. Two transactions that have both read a record wait for
// each other's lock when they come to write it, until one is broken off; several of Jobber's notices tell of one record in
// the same moment, so that would be the usual case. Between instances the transactions alone decide.
type latches struct {
	mu   sync.Mutex
	held map[string]chan struct{} // closed when the record is let go
}

// hold takes every key, waiting for those who have one, and returns what lets them go. Keys are taken all or none, so
// holders never wait for each other.
func (l *latches) hold(ctx context.Context, keys []string) (release func(), err error) {
	for {
		busy := l.take(keys)
		if busy == nil {
			return func() { l.release(keys) }, nil
		}
		select {
		case <-busy:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// take takes all keys and returns nil, or takes none and returns what tells when one that is held is let go.
func (l *latches) take(keys []string) (busy <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, k := range keys {
		if busy, held := l.held[k]; held {
			return busy
		}
	}
	if l.held == nil {
		l.held = map[string]chan struct{}{}
	}
	mine := make(chan struct{})
	for _, k := range keys {
		l.held[k] = mine
	}
	return nil
}

func (l *latches) release(keys []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(keys) == 0 {
		return
	}
	mine := l.held[keys[0]]
	for _, k := range keys {
		delete(l.held, k)
	}
	close(mine)
}
