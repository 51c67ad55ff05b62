package ratelimit

import (
	"crypto/sha256"
	"encoding/base64"
	"math"
	"net/netip"
	"time"
)

// Kind says what a request is charged to.
type Kind string

// The kinds.
const (
	Nobody Kind = "" // to where it comes from
	User   Kind = "user"
	Key    Kind = "key"
)

// Request is what asks to be admitted.
type Request struct {
	Class     Class
	IP        netip.Addr // charged when Kind is Nobody; all requests of an unknown address share one quota
	Kind      Kind
	Principal string // the user's id or the key's, within the account
	Account   string
	Plan      string // the default one when there is none of this name
	Role      string
}

// meter is a quota ready to be charged. Its interval is the time that one unit takes, its tolerance how much of that may be
// owed. Both are whole microseconds, so that every sum is exact.
type meter struct {
	name      string
	window    time.Duration
	interval  int64
	tolerance int64
	adapts    bool
	trigger   int     // the refusals that tighten, of a principal's main meter
	proof     float64 // the units that loosen, likewise
}

// charge is a meter and whose it is.
type charge struct {
	*meter
	key string
}

// charges are all that a request is charged to. History is the key of what is remembered of the principal; empty for nobody.
// A principal's main meter comes first.
type charges struct {
	list    []charge
	history string
	cost    int
}

// tariff is the policies times the factor.
type tariff struct {
	policies    *Policies
	prefix      string
	defaultPlan *planMeters
	plans       map[string]*planMeters
	ip          map[Class]*meter
}

type planMeters struct {
	account *meter
	kinds   map[Kind]*principalMeters
}

type principalMeters struct {
	each    *meter
	roles   map[string]*meter
	classes map[Class]*meter
}

func newTariff(p *Policies, factor float64, prefix string) *tariff {
	t := &tariff{policies: p, prefix: prefix, plans: map[string]*planMeters{}, ip: map[Class]*meter{}}
	for name, plan := range p.Plans {
		t.plans[name] = &planMeters{
			account: newMeter("account", plan.Account, factor),
			kinds: map[Kind]*principalMeters{
				User: t.principal(string(User), plan.User, factor),
				Key:  t.principal(string(Key), plan.Key, factor),
			},
		}
	}
	t.defaultPlan = t.plans[p.DefaultPlan]
	for class, quota := range p.IP {
		t.ip[class] = newMeter("ip-"+string(class), quota, factor)
	}
	return t
}

func (t *tariff) principal(name string, q PrincipalQuotas, factor float64) *principalMeters {
	own := func(name string, quota Quota) *meter {
		m := newMeter(name, quota, factor)
		m.adapts = true
		units := scaled(quota.Quota, factor)
		m.trigger = max(1, int(math.Round(t.policies.Tighten.Share*float64(units))))
		m.proof = math.Ceil(t.policies.Loosen.Uses * float64(units))
		return m
	}
	p := &principalMeters{each: own(name, q.Each), roles: map[string]*meter{}, classes: map[Class]*meter{}}
	for role, quota := range q.Roles {
		p.roles[role] = own(name, quota)
	}
	for class, quota := range q.Classes {
		p.classes[class] = own(string(class), quota)
	}
	return p
}

func newMeter(name string, q Quota, factor float64) *meter {
	quota, burst := scaled(q.Quota, factor), scaled(q.Burst, factor)
	if q.Burst == 0 {
		burst = quota
	}
	interval := (q.Window.Microseconds() + int64(quota) - 1) / int64(quota)
	return &meter{name: name, window: q.Window, interval: interval, tolerance: int64(burst) * interval}
}

// scaled is a quota times the factor, at least one.
func scaled(quota int, factor float64) int {
	return int(math.Max(1, math.Min(math.Round(float64(quota)*factor), math.MaxInt32)))
}

// of returns what a request is charged to.
func (t *tariff) of(r Request) charges {
	c := charges{cost: max(1, t.policies.Costs[r.Class])}
	if r.Kind == Nobody {
		m, ok := t.ip[r.Class]
		if !ok {
			m = t.ip[Write]
		}
		c.list = []charge{{m, t.prefix + "limit:{ip:" + hashed(t.network(r.IP)) + "}:" + m.name}}
		return c
	}
	plan, ok := t.plans[r.Plan]
	if !ok {
		plan = t.defaultPlan
	}
	principal := plan.kinds[r.Kind]
	each, ok := principal.roles[r.Role]
	if !ok {
		each = principal.each
	}
	// The account is in braces, so that a Redis cluster keeps together what one script touches.
	account := t.prefix + "limit:{" + hashed(r.Account) + "}:"
	person := hashed(string(r.Kind) + "\x00" + r.Principal)
	c.history = account + "history:" + person
	c.list = append(make([]charge, 0, 3), charge{each, account + each.name + ":" + person}, charge{plan.account, account + "account"})
	if m, ok := principal.classes[r.Class]; ok {
		c.list = append(c.list, charge{m, account + m.name + ":" + person})
	}
	return c
}

// network is what an address is limited by: itself, or its IPv6 network.
func (t *tariff) network(ip netip.Addr) string {
	ip = ip.Unmap().WithZone("")
	if !ip.IsValid() {
		return "unknown"
	}
	if ip.Is4() {
		return ip.String()
	}
	network, err := ip.Prefix(t.policies.IPv6Bits)
	if err != nil {
		return "unknown"
	}
	return network.String()
}

// hashed hides who it is from somebody who looks at Redis's keys, not from somebody who tries out all addresses: for that the
// keys would need a secret, and they do not outlive what is owed.
func hashed(s string) string {
	sum := sha256.Sum256([]byte(s))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}
