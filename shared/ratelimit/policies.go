package ratelimit

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"sync"
	"time"

	"go.yaml.in/yaml/v3"
)

//go:embed policies.yaml
var content []byte

// Class says what a request does, as far as the limits care.
type Class string

// The classes.
const (
	Read      Class = "read"
	Write     Class = "write"
	Expensive Class = "expensive" // costs several units
	SignIn    Class = "signin"
	Webhook   Class = "webhook"
	Failure   Class = "failure" // a failed authentication; no operation has it
)

var classes = []Class{Read, Write, Expensive, SignIn, Webhook, Failure}

// Exists tells whether there is such a class.
func Exists(c Class) bool { return slices.Contains(classes, c) }

// Quota is so many units in a window, evenly, of which Burst may be used at once. A Burst of zero is the quota.
type Quota struct {
	Quota  int           `yaml:"quota"`
	Window time.Duration `yaml:"window"`
	Burst  int           `yaml:"burst"`
}

// Policies are all quotas. The first lines of policies.yaml, and its comments, say what each field means.
type Policies struct {
	DefaultPlan string          `yaml:"defaultPlan"`
	Plans       map[string]Plan `yaml:"plans"`
	IPv6Bits    int             `yaml:"ipv6Bits"`
	IP          map[Class]Quota `yaml:"ip"`
	Costs       map[Class]int   `yaml:"costs"`
	Tighten     Tighten         `yaml:"tighten"`
	Loosen      Loosen          `yaml:"loosen"`
}

// Plan is what an account gets.
type Plan struct {
	Account Quota           `yaml:"account"`
	User    PrincipalQuotas `yaml:"user"`
	Key     PrincipalQuotas `yaml:"key"`
}

// PrincipalQuotas are those of one user or key.
type PrincipalQuotas struct {
	Each    Quota            `yaml:"each"`
	Roles   map[string]Quota `yaml:"roles"` // in place of Each
	Classes map[Class]Quota  `yaml:"classes"`
}

// Tighten says when and how the quotas of who is refused again and again become smaller.
type Tighten struct {
	Share  float64       `yaml:"share"`
	Within time.Duration `yaml:"within"`
	Factor float64       `yaml:"factor"`
	Steps  int           `yaml:"steps"`
	Decay  time.Duration `yaml:"decay"`
}

// Loosen says when and how the quotas of who is known to be good become larger.
type Loosen struct {
	Uses   float64       `yaml:"uses"`
	Span   time.Duration `yaml:"span"`
	Factor float64       `yaml:"factor"`
	Steps  int           `yaml:"steps"`
}

// Load returns the policies of this build.
var Load = sync.OnceValues(func() (*Policies, error) { return Parse(content) })

// Parse reads policies. Unknown fields and broken rules are errors, all broken rules at once.
func Parse(yamlContent []byte) (*Policies, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(yamlContent))
	decoder.KnownFields(true)
	var p Policies
	if err := decoder.Decode(&p); err != nil {
		return nil, fmt.Errorf("rate limit policies: %w", err)
	}
	if err := p.Validate(); err != nil {
		return nil, fmt.Errorf("rate limit policies: %w", err)
	}
	return &p, nil
}

// planRule keeps names to what may stand in a header.
var planRule = regexp.MustCompile(`^[a-z][a-z0-9-]{0,31}$`)

const (
	shortestWindow = time.Second // the headers tell whole seconds
	longestWindow  = 24 * time.Hour
	maxQuota       = 1_000_000
	maxCost        = 100
	maxSteps       = 5
	mostLoosened   = 4 // times the quota
)

// Validate checks every rule and reports every breach.
func (p *Policies) Validate() error {
	c := &checker{}
	if _, ok := p.Plans[p.DefaultPlan]; !ok {
		c.add("defaultPlan: there is no plan %q", p.DefaultPlan)
	}
	for name, plan := range p.Plans {
		at := "plans." + name
		if !planRule.MatchString(name) {
			c.add("%s: a plan's name is lower case letters, digits and hyphens", at)
		}
		c.quota(at+".account", plan.Account)
		c.principal(at+".user", plan.User)
		c.principal(at+".key", plan.Key)
		if len(plan.Key.Roles) > 0 {
			c.add("%s.key.roles: a key has no role", at)
		}
	}
	if p.IPv6Bits < 32 || p.IPv6Bits > 64 {
		c.add("ipv6Bits: %d is not 32 to 64", p.IPv6Bits)
	}
	c.classes("ip", p.IP)
	for _, class := range classes {
		if _, ok := p.IP[class]; !ok {
			c.add("ip: there is no quota for %s", class)
		}
	}
	for class, cost := range p.Costs {
		if !Exists(class) || cost < 1 || cost > maxCost {
			c.add("costs.%s: must be a class and 1 to %d", class, maxCost)
		}
	}
	c.adaptive(p.Tighten, p.Loosen)
	return errors.Join(c.found...)
}

type checker struct{ found []error }

func (c *checker) add(format string, args ...any) {
	c.found = append(c.found, fmt.Errorf(format, args...))
}

func (c *checker) quota(at string, q Quota) {
	if q.Quota < 1 || q.Quota > maxQuota {
		c.add("%s: the quota %d is not 1 to %d", at, q.Quota, maxQuota)
	}
	if q.Window < shortestWindow || q.Window > longestWindow || q.Window%time.Second != 0 {
		c.add("%s: the window %s is not whole seconds, %s to %s", at, q.Window, shortestWindow, longestWindow)
	}
	if q.Burst < 0 || q.Burst > q.Quota {
		c.add("%s: the burst %d is not 0 to the quota", at, q.Burst)
	}
}

func (c *checker) principal(at string, q PrincipalQuotas) {
	c.quota(at+".each", q.Each)
	for role, quota := range q.Roles {
		c.quota(at+".roles."+role, quota)
	}
	c.classes(at+".classes", q.Classes)
	if _, ok := q.Classes[Failure]; ok {
		c.add("%s.classes.failure: who failed to authenticate is nobody", at)
	}
}

func (c *checker) classes(at string, quotas map[Class]Quota) {
	for class, quota := range quotas {
		if !Exists(class) {
			c.add("%s.%s: there is no such class", at, class)
		}
		c.quota(fmt.Sprintf("%s.%s", at, class), quota)
	}
}

func (c *checker) adaptive(t Tighten, l Loosen) {
	if t.Share <= 0 || t.Share > 10 {
		c.add("tighten.share: %v is not above 0 and at most 10", t.Share)
	}
	if t.Within < time.Second || t.Within > longestWindow || t.Decay < time.Second || t.Decay > longestWindow {
		c.add("tighten: within and decay are %s to %s", time.Second, longestWindow)
	}
	if t.Factor <= 0 || t.Factor >= 1 {
		c.add("tighten.factor: %v is not between 0 and 1", t.Factor)
	}
	if l.Uses <= 0 {
		c.add("loosen.uses: %v is not above 0", l.Uses)
	}
	if l.Span < time.Minute || l.Span > 30*longestWindow {
		c.add("loosen.span: %s is not %s to %s", l.Span, time.Minute, 30*longestWindow)
	}
	if l.Factor <= 1 || power(l.Factor, l.Steps) > mostLoosened {
		c.add("loosen: a factor of %v in %d steps is not above 1, and at most %d in all", l.Factor, l.Steps, mostLoosened)
	}
	if t.Steps < 0 || t.Steps > maxSteps || l.Steps < 0 || l.Steps > maxSteps {
		c.add("steps: must be 0 to %d", maxSteps)
	}
}

func power(factor float64, steps int) float64 {
	result := 1.0
	for range steps {
		result *= factor
	}
	return result
}
