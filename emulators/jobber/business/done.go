package business

import (
	"math/rand/v2"
	"time"
)

// Done says what an action did: which record it was about, and when.
type Done struct {
	Action string    `json:"action"`
	ID     string    `json:"id"` // EncodedId
	At     time.Time `json:"at"`
}

func newRand(seed int64) *rand.Rand { return rand.New(rand.NewPCG(uint64(seed), 0x6a6f62)) }
