// Package live is the register of live connections, over all instances of the realtime service: who is connected, how many
// a person and a business may have, whom somebody let go, and how fast events reach their channels. It is in Redis and does
// not outlive it: an instance that is there says so again and again.
package live

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"fieldboard.dev/fieldboard/shared/cloud"
)

// Connection is a live connection as its instance tells of it.
type Connection struct {
	ID        string    `json:"-"`
	UserID    string    `json:"u"`
	Since     time.Time `json:"s"`
	Transport string    `json:"t"`
	Instance  string    `json:"n"` // a name for it, without a meaning
	Address   string    `json:"a"` // Short's
	UserAgent string    `json:"g"` // at most maxAgent bytes
	Idle      bool      `json:"i"`
}

// maxAgent is as much of a user agent as tells browser and system.
const maxAgent = 200

// Agent shortens a user agent for a Connection.
func Agent(header string) string {
	if len(header) > maxAgent {
		header = header[:maxAgent]
	}
	return strings.ToValidUTF8(header, "")
}

// Short returns the network of an address, by which a place is known again and a household is not: an IPv4 address without
// its last byte, an IPv6 address without its last 80 bits. It is empty for no address.
func Short(ip netip.Addr) string {
	switch {
	case !ip.IsValid():
		return ""
	case ip.IsLoopback():
		return "this machine"
	case ip.Is4():
		text := ip.String()
		return text[:strings.LastIndexByte(text, '.')] + ".x"
	}
	prefix, err := ip.Prefix(48)
	if err != nil {
		return ""
	}
	return prefix.Masked().Addr().String() + "x"
}

// Position is where a page of connections ends; the zero value is before the first.
type Position struct {
	Since time.Time `json:"t"`
	ID    string    `json:"i"`
}

// Valid tells whether a list can go on there.
func (p Position) Valid() bool { return cloud.AreIDs(p.ID) && cloud.IsTime(p.Since) }

// page returns the connections after a position, the newest first, and the position of the last when there are more.
func page(all []Connection, after Position, limit int) ([]Connection, *Position) {
	newer := func(a, b Connection) int {
		if c := b.Since.Compare(a.Since); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	}
	slices.SortFunc(all, newer)
	if after.ID != "" {
		last := Connection{ID: after.ID, Since: after.Since}
		from, found := slices.BinarySearchFunc(all, last, newer)
		if found {
			from++
		}
		all = all[from:]
	}
	if len(all) <= limit {
		return all, nil
	}
	all = all[:limit]
	return all, &Position{all[limit-1].Since, all[limit-1].ID}
}

// Limits are how many connections there may be.
type Limits struct {
	PerMember  int `json:"perMember"`
	PerAccount int `json:"perAccount"`
}

// Status is how an account's live connections do.
type Status struct {
	Connections int
	Instances   int
	Limits      Limits // zero when no instance is there
	Minutes     int    // that Events and the lags are of: the last full ones
	Events      int
	P50, P99    time.Duration // from an event's commit into its channel, rounded up to a bound of its class; 0 without events
}

// lagBounds are the upper bounds of the classes that lags are counted by; what is over the last is in the class after it.
var lagBounds = []time.Duration{
	5 * time.Millisecond, 10 * time.Millisecond, 20 * time.Millisecond, 35 * time.Millisecond, 50 * time.Millisecond,
	75 * time.Millisecond, 100 * time.Millisecond, 200 * time.Millisecond, 500 * time.Millisecond,
	time.Second, 2 * time.Second, 5 * time.Second, 15 * time.Second, time.Minute,
}

func lagClass(lag time.Duration) int {
	i, _ := slices.BinarySearch(lagBounds, lag)
	return i
}

// quantile returns the bound of the class in which so many of a hundred lags are or are below it.
func quantile(classes []int, percent int) time.Duration {
	total := 0
	for _, n := range classes {
		total += n
	}
	if total == 0 {
		return 0
	}
	below := 0
	for i, n := range classes {
		if below += n; below*100 >= total*percent {
			return lagBounds[min(i, len(lagBounds)-1)]
		}
	}
	return lagBounds[len(lagBounds)-1]
}
