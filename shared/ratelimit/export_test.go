package ratelimit

// Remembered is how many limits an instance remembers by itself.
func Remembered(l *Limiter) int {
	l.local.mu.Lock()
	defer l.local.mu.Unlock()
	return max(l.local.order.Len(), len(l.local.byKey))
}
