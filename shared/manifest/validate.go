package manifest

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/robfig/cron/v3"
)

var (
	nameRule       = regexp.MustCompile(`^[a-z][a-z0-9-]{1,61}[a-z0-9]$`)
	entryPointRule = regexp.MustCompile(`^[A-Z][A-Za-z0-9]+$`)
	memoryRule     = regexp.MustCompile(`^(128|256|512)Mi$|^(1|2|4|8)Gi$`)
	pathRule       = regexp.MustCompile(`^/(api(/[a-z0-9-]+)*(/\*\*)?|\.well-known/[a-z.-]+)$`)
	secretRule     = regexp.MustCompile(`^[A-Z][A-Z0-9_]+$`)
	roleRule       = regexp.MustCompile(`^roles/[a-z]+\.[A-Za-z]+$`)
)

// The longest that each kind of caller waits, in seconds (cloud.google.com/functions/quotas, Firebase Hosting's rewrites,
// Pub/Sub's longest ack deadline, Cloud Run's request timeout).
const (
	maxPathTimeout     = 60
	maxTopicTimeout    = 540
	maxQueueTimeout    = 1800
	maxScheduleTimeout = 1800
	maxServiceTimeout  = 3600
)

// Validate checks every rule and reports every breach.
func (m *Manifest) Validate() error {
	c := &checker{m: m}
	c.names()
	for _, f := range m.Functions {
		c.function(f)
	}
	for _, s := range m.Services {
		c.deployable(s.Deployable, maxServiceTimeout)
	}
	for _, t := range m.Topics {
		c.topic(t)
	}
	for _, s := range m.Subscriptions {
		c.subscription(s)
	}
	for _, q := range m.Queues {
		c.queue(q)
	}
	for _, b := range m.Buckets {
		c.check(b.DeleteAfter >= 1 && b.DeleteAfter <= 365, "bucket %q: deleteAfter must lie between 1 and 365 days, got %d", b.Name, b.DeleteAfter)
	}
	return errors.Join(c.errs...)
}

type checker struct {
	m    *Manifest
	errs []error
}

func (c *checker) check(ok bool, format string, args ...any) {
	if !ok {
		c.errs = append(c.errs, fmt.Errorf(format, args...))
	}
}

func (c *checker) names() {
	unique := func(kind string, names []string) {
		seen := map[string]bool{}
		for _, n := range names {
			c.check(nameRule.MatchString(n), "%s %q: the name must be lower case letters, digits and dashes", kind, n)
			c.check(!seen[n], "%s %q: listed twice", kind, n)
			seen[n] = true
		}
	}
	var deployables, entryPoints []string
	for _, f := range c.m.Functions {
		deployables = append(deployables, f.Name)
		c.check(!slices.Contains(entryPoints, f.EntryPoint), "function %q: the entry point %q is taken", f.Name, f.EntryPoint)
		entryPoints = append(entryPoints, f.EntryPoint)
	}
	for _, s := range c.m.Services {
		deployables = append(deployables, s.Name)
	}
	unique("function or service", deployables)
	unique("topic", namesOf(c.m.Topics, func(t Topic) string { return t.Name }))
	unique("subscription", namesOf(c.m.Subscriptions, func(s Subscription) string { return s.Name }))
	unique("queue", namesOf(c.m.Queues, func(q Queue) string { return q.Name }))
	unique("bucket", namesOf(c.m.Buckets, func(b Bucket) string { return b.Name }))
}

func (c *checker) function(f Function) {
	c.check(entryPointRule.MatchString(f.EntryPoint), "function %q: the entry point must be an exported name, got %q", f.Name, f.EntryPoint)
	triggers := 0
	limit := 0
	if len(f.Paths) > 0 {
		triggers++
		limit = maxPathTimeout
		c.paths(f)
	}
	if f.Topic != "" {
		triggers++
		limit = maxTopicTimeout
		c.check(c.hasTopic(f.Topic), "function %q: unknown topic %q", f.Name, f.Topic)
	}
	if f.Queue != "" {
		triggers++
		limit = maxQueueTimeout
		c.check(c.hasQueue(f.Queue), "function %q: unknown queue %q", f.Name, f.Queue)
	}
	if f.Schedule != "" {
		triggers++
		limit = maxScheduleTimeout
		_, err := cron.ParseStandard(f.Schedule)
		c.check(err == nil, "function %q: schedule %q: %v", f.Name, f.Schedule, err)
	}
	if f.Jobs {
		triggers++
		limit = maxScheduleTimeout
	}
	c.check(triggers == 1, "function %q: needs exactly one of paths, topic, queue, schedule and jobs", f.Name)
	c.check((len(f.Paths) > 0) == (f.Callers == Public), "function %q: a function with paths is public, every other one is not", f.Name)
	c.deployable(f.Deployable, limit)
}

func (c *checker) paths(f Function) {
	for _, p := range f.Paths {
		c.check(pathRule.MatchString(p), "function %q: path %q must be below /api or /.well-known, without wildcards but a last /**", f.Name, p)
		for _, earlier := range c.m.Functions {
			if earlier.Name == f.Name {
				break
			}
			for _, q := range earlier.Paths {
				c.check(!covers(q, p), "function %q: path %q is never reached, %q of %s comes first", f.Name, p, q, earlier.Name)
			}
		}
	}
}

// covers tells whether every address of path is one of pattern.
func covers(pattern, path string) bool {
	prefix, wide := strings.CutSuffix(pattern, "**")
	return pattern == path || wide && strings.HasPrefix(path, prefix)
}

func (c *checker) deployable(d Deployable, maxTimeout int) {
	c.check(d.Does != "", "%q: say what it does", d.Name)
	c.check(d.Callers == Public || d.Callers == Invoker, "%q: callers must be public or invoker, got %q", d.Name, d.Callers)
	c.check(memoryRule.MatchString(d.Memory), "%q: memory %q is no size that is offered", d.Name, d.Memory)
	c.check(d.Timeout >= 1 && d.Timeout <= maxTimeout, "%q: timeout must lie between 1 and %d seconds, got %d", d.Name, maxTimeout, d.Timeout)
	c.check(d.Concurrency >= 1 && d.Concurrency <= 1000, "%q: concurrency must lie between 1 and 1000, got %d", d.Name, d.Concurrency)
	c.check(d.MinInstances >= 0 && d.MaxInstances >= max(1, d.MinInstances), "%q: instances from %d to %d", d.Name, d.MinInstances, d.MaxInstances)
	for _, s := range d.Secrets {
		c.check(secretRule.MatchString(s), "%q: secret %q must be named like an environment variable", d.Name, s)
	}
	for _, r := range d.Roles {
		c.role(d.Name, r)
	}
}

// broadRoles may only be given on one resource, never on the whole project.
var broadRoles = []string{
	"roles/pubsub.publisher", "roles/pubsub.subscriber", "roles/cloudtasks.enqueuer", "roles/iam.serviceAccountUser",
	"roles/storage.objectUser", "roles/storage.objectViewer",
}

func (c *checker) role(owner string, r Role) {
	c.check(roleRule.MatchString(r.Role), "%q: %q is no role", owner, r.Role)
	on := 0
	if r.Topic != "" {
		on++
		c.check(c.hasTopic(r.Topic), "%q: %s on unknown topic %q", owner, r.Role, r.Topic)
	}
	if r.Subscription != "" {
		on++
		c.check(slices.ContainsFunc(c.m.Subscriptions, func(s Subscription) bool { return s.Name == r.Subscription }),
			"%q: %s on unknown subscription %q", owner, r.Role, r.Subscription)
	}
	if r.Queue != "" {
		on++
		c.check(c.hasQueue(r.Queue), "%q: %s on unknown queue %q", owner, r.Role, r.Queue)
	}
	if r.Bucket != "" {
		on++
		c.check(slices.ContainsFunc(c.m.Buckets, func(b Bucket) bool { return b.Name == r.Bucket }), "%q: %s on unknown bucket %q", owner, r.Role, r.Bucket)
	}
	if r.ServiceAccount != "" {
		on++
		c.check(r.ServiceAccount == string(Invoker), "%q: %s on unknown service account %q", owner, r.Role, r.ServiceAccount)
	}
	c.check(on <= 1, "%q: %s names more than one resource", owner, r.Role)
	c.check(on == 1 || !slices.Contains(broadRoles, r.Role), "%q: %s must name the one resource it is for", owner, r.Role)
}

func (c *checker) topic(t Topic) {
	c.check((t.DeadLetter == "") == (t.MaxAttempts == 0), "topic %q: deadLetter and maxAttempts go together", t.Name)
	if t.DeadLetter != "" {
		c.check(c.hasTopic(t.DeadLetter) && t.DeadLetter != t.Name, "topic %q: unknown dead letter topic %q", t.Name, t.DeadLetter)
		// Pub/Sub's own bounds of delivery attempts.
		c.check(t.MaxAttempts >= 5 && t.MaxAttempts <= 100, "topic %q: maxAttempts must lie between 5 and 100, got %d", t.Name, t.MaxAttempts)
	}
}

func (c *checker) subscription(s Subscription) {
	c.check(c.hasTopic(s.Topic), "subscription %q: unknown topic %q", s.Name, s.Topic)
	c.check(s.AckDeadline >= 10 && s.AckDeadline <= 600, "subscription %q: ackDeadline must lie between 10 and 600 s, got %d", s.Name, s.AckDeadline)
	c.check(s.Retention >= 600 && s.Retention <= 2678400, "subscription %q: retention must lie between 600 and 2678400 s, got %d", s.Name, s.Retention)
}

func (c *checker) queue(q Queue) {
	c.check(q.MaxDispatchesPerSecond >= 1 && q.MaxDispatchesPerSecond <= 500, "queue %q: maxDispatchesPerSecond must lie between 1 and 500, got %d", q.Name, q.MaxDispatchesPerSecond)
	c.check(q.MaxConcurrentDispatches >= 1 && q.MaxConcurrentDispatches <= 5000, "queue %q: maxConcurrentDispatches must lie between 1 and 5000, got %d", q.Name, q.MaxConcurrentDispatches)
	c.check(q.MaxAttempts >= 1 && q.MaxAttempts <= 100, "queue %q: maxAttempts must lie between 1 and 100, got %d", q.Name, q.MaxAttempts)
	c.check(q.MinBackoff >= 1 && q.MaxBackoff >= q.MinBackoff && q.MaxBackoff <= 3600, "queue %q: backoff from %d to %d s", q.Name, q.MinBackoff, q.MaxBackoff)
}

func (c *checker) hasTopic(name string) bool {
	return slices.ContainsFunc(c.m.Topics, func(t Topic) bool { return t.Name == name })
}

func (c *checker) hasQueue(name string) bool {
	return slices.ContainsFunc(c.m.Queues, func(q Queue) bool { return q.Name == name })
}

func namesOf[T any](list []T, name func(T) string) []string {
	var names []string
	for _, x := range list {
		names = append(names, name(x))
	}
	return names
}
