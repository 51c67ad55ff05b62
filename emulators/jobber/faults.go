package jobber

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"
)

// The kinds of faults. The first four happen to webhooks, the rest to requests of the GraphQL API.
const (
	faultDrop      = "drop"      // the webhook is never sent
	faultDelay     = "delay"     // the webhook is sent delayMs later
	faultDuplicate = "duplicate" // the webhook is sent twice
	faultReorder   = "reorder"   // the webhook is held until another one of the account was sent, at most delayMs
	faultError     = "500"       // the request is answered with an internal error
	faultSlow      = "slow"      // the answer waits delayMs
	faultLost      = "lost"      // the request is done and its answer never comes: the connection breaks
	faultThrottle  = "throttle"  // the bucket is empty: THROTTLED
	faultRevoke    = "revoke"    // the access token is no longer recognised; with connection, the refresh token too
	faultHide      = "hide"      // a field, or every object of a type, is hidden due to permissions
)

var (
	webhookFaults = []string{faultDrop, faultDelay, faultDuplicate, faultReorder}
	requestFaults = []string{faultError, faultSlow, faultLost, faultThrottle, faultRevoke, faultHide}
	delayedFaults = map[string]int{faultDelay: 1000, faultReorder: 2000, faultSlow: 1000} // with their usual delayMs
)

const maxDelay = 10 * time.Minute

// fault is one fault as it was asked for, and what became of it.
type fault struct {
	ID          int     `json:"id"`
	Kind        string  `json:"kind"`
	Account     int     `json:"account,omitempty"`     // 0 = every account
	Probability float64 `json:"probability,omitempty"` // happens to this share of the occasions
	Count       int     `json:"count,omitempty"`       // happens to so many occasions, then ends
	DelayMs     int     `json:"delayMs,omitempty"`
	Topic       string  `json:"topic,omitempty"`      // webhook faults: only this topic
	Type        string  `json:"type,omitempty"`       // hide
	Field       string  `json:"field,omitempty"`      // hide; "" hides the objects of the type
	Connection  bool    `json:"connection,omitempty"` // revoke
	Happened    int     `json:"happened"`
}

func (f fault) delay() time.Duration { return time.Duration(f.DelayMs) * time.Millisecond }

// validate returns every broken rule, keyed by the field.
func (f *fault) validate(schema schemaNames, accounts int, topics []string) map[string]string {
	broken := map[string]string{}
	isWebhook := slices.Contains(webhookFaults, f.Kind)
	if !isWebhook && !slices.Contains(requestFaults, f.Kind) {
		broken["kind"] = "must be one of " + strings.Join(append(slices.Clone(webhookFaults), requestFaults...), ", ")
		return broken
	}
	if f.Account < 0 || f.Account > accounts {
		broken["account"] = fmt.Sprintf("must be 1 to %d, or 0 for all", accounts)
	}
	switch {
	case f.Probability < 0 || f.Probability > 1:
		broken["probability"] = "must be more than 0 and at most 1"
	case f.Count < 0:
		broken["count"] = "must be positive"
	case (f.Probability == 0) == (f.Count == 0):
		broken["probability"] = "give either a probability or a count"
	}
	if usual, delayed := delayedFaults[f.Kind]; delayed {
		if f.DelayMs == 0 {
			f.DelayMs = usual
		}
		if f.DelayMs < 0 || f.delay() > maxDelay {
			broken["delayMs"] = fmt.Sprintf("must be 1 to %d", maxDelay.Milliseconds())
		}
	} else if f.DelayMs != 0 {
		broken["delayMs"] = "is for delay, reorder and slow only"
	}
	if f.Topic != "" && !isWebhook {
		broken["topic"] = "is for webhook faults only"
	} else if f.Topic != "" && !slices.Contains(topics, f.Topic) {
		broken["topic"] = "must be a topic of WebHookTopicEnum"
	}
	if f.Connection && f.Kind != faultRevoke {
		broken["connection"] = "is for revoke only"
	}
	if f.Kind == faultHide {
		if message := schema.checkField(f.Type, f.Field); message != "" {
			broken["type"] = message
		}
	} else if f.Type != "" || f.Field != "" {
		broken["type"] = "type and field are for hide only"
	}
	return broken
}

// faultBox holds the faults that are on and decides when one happens. It is safe for concurrent use.
type faultBox struct {
	mu     sync.Mutex
	rng    *rand.Rand
	next   int
	faults []*fault
}

func newFaultBox(seed int64) *faultBox {
	return &faultBox{rng: rand.New(rand.NewPCG(uint64(seed), 0x6661756c74))}
}

func (b *faultBox) add(f fault) fault {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.next++
	f.ID, f.Happened = b.next, 0
	b.faults = append(b.faults, &f)
	return f
}

// remove turns a fault off; id 0 turns all of them off. It reports how many went.
func (b *faultBox) remove(id int) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	before := len(b.faults)
	b.faults = slices.DeleteFunc(b.faults, func(f *fault) bool { return id == 0 || f.ID == id })
	return before - len(b.faults)
}

func (b *faultBox) list() []fault {
	b.mu.Lock()
	defer b.mu.Unlock()
	list := make([]fault, len(b.faults))
	for i, f := range b.faults {
		list[i] = *f
	}
	return list
}

// happening returns the faults of a kind that happen on this occasion.
func (b *faultBox) happening(kind string, account int, topic string) []fault {
	b.mu.Lock()
	defer b.mu.Unlock()
	var happening []fault
	for _, f := range b.faults {
		if f.Kind != kind || f.Account != 0 && f.Account != account || f.Topic != "" && f.Topic != topic {
			continue
		}
		if f.Count > 0 && f.Happened >= f.Count || f.Count == 0 && b.rng.Float64() >= f.Probability {
			continue
		}
		f.Happened++
		happening = append(happening, *f)
	}
	return happening
}
