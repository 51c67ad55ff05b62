package main

import (
	"fmt"
	"io"
	"sync"
)

// screen is what a person sees: one line for each thing that happened.
type screen struct {
	mu  sync.Mutex
	out io.Writer
}

// say writes a line. That the terminal is gone stops nothing.
func (s *screen) say(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, _ = fmt.Fprintf(s.out, format+"\n", args...)
}
