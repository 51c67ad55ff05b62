package ratelimit_test

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"

	"fieldboard.dev/fieldboard/shared/ratelimit"
	"fieldboard.dev/fieldboard/tests/emulator"
)

func TestTheRealQuotas(t *testing.T) {
	t.Parallel()
	key := ratelimit.Request{Class: ratelimit.Read, Kind: ratelimit.Key, Principal: "k1", Account: "acc_one", Plan: "standard"}
	premium := user("u1")
	premium.Plan = "premium"
	unknown := user("u2")
	unknown.Plan = "no such plan"
	writing := user("u3")
	writing.Class = ratelimit.Write
	dear := user("u4")
	dear.Class = ratelimit.Expensive
	for _, tt := range []struct {
		name string
		r    ratelimit.Request
		want int
	}{
		{"a user", user("u5"), 100},
		{"an API key", key, 1000},
		{"a user of another plan", premium, 200},
		{"a plan that there is not", unknown, 100},
		{"writes", writing, 60},
		{"what is expensive", dear, 6},
		{"sign-ins of an address", from("192.0.2.1", ratelimit.SignIn), 30},
		{"failures of an address", from("192.0.2.1", ratelimit.Failure), 30},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, nil)
			l := b.limiter(t)
			if got := admitted(t, l, tt.r, tt.want+20); got != tt.want {
				t.Errorf("%d were admitted at once, want %d", got, tt.want)
			}
			b.clock.Advance(time.Minute)
			if got := admitted(t, l, tt.r, tt.want+20); got != tt.want {
				t.Errorf("%d were admitted a minute later, want %d", got, tt.want)
			}
		})
	}
}

func TestWhatAnAnswerTells(t *testing.T) {
	t.Parallel()
	b := newBench(t, plan(ratelimit.Plan{
		Account: minute(1000, 0),
		User:    ratelimit.PrincipalQuotas{Each: minute(100, 0), Classes: map[ratelimit.Class]ratelimit.Quota{ratelimit.Write: minute(7, 0)}},
		Key:     ratelimit.PrincipalQuotas{Each: roomy},
	}))
	l := b.limiter(t)
	r := user("u1")
	var d ratelimit.Decision
	for range 50 {
		d = l.Take(t.Context(), r)
	}
	type told struct {
		Admitted      bool
		Policy, Limit string
		RetryAfter    int
		Violated      []string
	}
	of := func(d ratelimit.Decision) told {
		return told{d.Admitted, d.PolicyField(), d.LimitField(), d.RetryAfter(), d.Violated()}
	}
	want := told{true, `"user";q=100;w=60, "account";q=1000;w=60`, `"user";r=50;t=30, "account";r=950;t=57`, 0, nil}
	if diff := cmp.Diff(want, of(d)); diff != "" {
		t.Errorf("half way (-want +got):\n%s", diff)
	}
	r.Class = ratelimit.Write
	for range 7 {
		d = l.Take(t.Context(), r)
	}
	want = told{
		true, `"write";q=7;w=60, "user";q=100;w=60, "account";q=1000;w=60`,
		`"write";r=0;t=1, "user";r=43;t=26, "account";r=943;t=57`, 0, nil,
	}
	if diff := cmp.Diff(want, of(d)); diff != "" {
		t.Errorf("the last write (-want +got):\n%s", diff)
	}
	want = told{
		false, `"write";q=7;w=60, "user";q=100;w=60, "account";q=1000;w=60`,
		`"write";r=0;t=9`, 9, []string{"write"},
	}
	if diff := cmp.Diff(want, of(l.Take(t.Context(), r))); diff != "" {
		t.Errorf("one too many (-want +got):\n%s", diff)
	}
	b.clock.Advance(8 * time.Second)
	if l.Take(t.Context(), r).Admitted {
		t.Error("it was admitted before Retry-After")
	}
	b.clock.Advance(time.Second)
	if !l.Take(t.Context(), r).Admitted {
		t.Error("it was refused after Retry-After")
	}
}

// What one limit refuses costs nothing of the others.
func TestAllOrNothing(t *testing.T) {
	t.Parallel()
	for name, url := range map[string]string{"shared": "", "alone": broken} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, plan(ratelimit.Plan{
				Account: minute(10, 0),
				User:    ratelimit.PrincipalQuotas{Each: minute(8, 0), Classes: map[ratelimit.Class]ratelimit.Quota{ratelimit.Write: minute(3, 0)}},
				Key:     ratelimit.PrincipalQuotas{Each: roomy},
			}), "REDIS_URL", url, "RATE_LIMIT_INSTANCES", "1")
			l := b.limiter(t)
			write := user("u1")
			write.Class = ratelimit.Write
			if got := admitted(t, l, write, 20); got != 3 {
				t.Errorf("%d writes, want 3", got)
			}
			if got := admitted(t, l, user("u1"), 20); got != 5 {
				t.Errorf("then %d reads of the same user, want the 5 that are left of 8", got)
			}
			if got := admitted(t, l, user("u2"), 20); got != 2 {
				t.Errorf("then %d of another user, want the 2 that are left of the account's 10", got)
			}
			other := user("u1")
			other.Account = "acc_two"
			if got := admitted(t, l, other, 20); got != 8 {
				t.Errorf("%d of a user of that name in another account, want 8", got)
			}
		})
	}
}

func TestARoleHasAQuotaOfItsOwn(t *testing.T) {
	t.Parallel()
	l := newBench(t, plan(ratelimit.Plan{
		Account: roomy,
		User:    ratelimit.PrincipalQuotas{Each: minute(5, 0), Roles: map[string]ratelimit.Quota{"dispatcher": minute(9, 0)}},
		Key:     ratelimit.PrincipalQuotas{Each: roomy},
	})).limiter(t)
	dispatcher := user("u2")
	dispatcher.Role = "dispatcher"
	if got := admitted(t, l, user("u1"), 20); got != 5 {
		t.Errorf("%d of an owner, want 5", got)
	}
	if got := admitted(t, l, dispatcher, 20); got != 9 {
		t.Errorf("%d of a dispatcher, want 9", got)
	}
}

// What costs more than may be used at once is possible when nothing is owed, and is paid off after.
func TestAPriceOverTheBurst(t *testing.T) {
	t.Parallel()
	for name, url := range map[string]string{"shared": "", "alone": broken} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, plan(ratelimit.Plan{
				Account: roomy, User: ratelimit.PrincipalQuotas{Each: minute(60, 2)}, Key: ratelimit.PrincipalQuotas{Each: roomy},
			}), "REDIS_URL", url, "RATE_LIMIT_INSTANCES", "1")
			l := b.limiter(t)
			dear := user("u1")
			dear.Class = ratelimit.Expensive // 5 units, which take 5 s
			for second, want := range []bool{true, false, false, false, false, true} {
				if got := l.Take(t.Context(), dear).Admitted; got != want {
					t.Errorf("after %d s: admitted %t, want %t", second, got, want)
				}
				b.clock.Advance(time.Second)
			}
		})
	}
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	l := newBench(t, func(p *ratelimit.Policies) { p.IP[ratelimit.Read] = minute(2, 0) }).limiter(t)
	steps := []struct {
		name string
		ip   netip.Addr
		want bool
	}{
		{"an address", netip.MustParseAddr("192.0.2.1"), true},
		{"it again", netip.MustParseAddr("192.0.2.1"), true},
		{"once more", netip.MustParseAddr("192.0.2.1"), false},
		{"the same, written as IPv6", netip.MustParseAddr("::ffff:192.0.2.1"), false},
		{"its neighbour", netip.MustParseAddr("192.0.2.2"), true},
		{"a network", netip.MustParseAddr("2001:db8:0:100::1"), true},
		{"another address of it", netip.MustParseAddr("2001:db8:0:1ff:ffff::2"), true},
		{"a third", netip.MustParseAddr("2001:db8:0:17f::3"), false},
		{"an address with a zone", netip.MustParseAddr("2001:db8:0:100::1%eth0"), false},
		{"the next network", netip.MustParseAddr("2001:db8:0:200::1"), true},
		{"no address", netip.Addr{}, true},
		{"none again", netip.Addr{}, true},
		{"none is one", netip.Addr{}, false},
	}
	for _, step := range steps {
		if got := l.Take(t.Context(), ratelimit.Request{Class: ratelimit.Read, IP: step.ip}).Admitted; got != step.want {
			t.Errorf("%s: admitted %t, want %t", step.name, got, step.want)
		}
	}
}

// Redis is told of nobody's name or address.
func TestKeysNameNobody(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	l := b.limiter(t)
	r := user("person-7")
	r.Class = ratelimit.Write
	l.Take(t.Context(), r)
	l.Take(t.Context(), from("192.0.2.77", ratelimit.SignIn))
	l.Take(t.Context(), from("2001:db8:7::1", ratelimit.SignIn))
	opts, err := redis.ParseURL(emulator.Redis(t))
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(opts)
	defer client.Close()
	keys, err := client.Keys(t.Context(), b.settings["REDIS_PREFIX"]+"*").Result()
	if err != nil {
		t.Fatal(err)
	}
	if len(keys) != 6 { // user, account, write and history; two networks
		t.Errorf("%d keys, want 6: %v", len(keys), keys)
	}
	for _, key := range keys {
		for _, secret := range []string{"person-7", "acc_one", "192.0.2", "2001:db8"} {
			if strings.Contains(key, secret) {
				t.Errorf("the key %s names %s", key, secret)
			}
		}
		if ttl := client.TTL(t.Context(), key).Val(); ttl <= 0 {
			t.Errorf("the key %s is kept for ever", key)
		}
	}
}

func TestTheFactor(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		factor string
		want   int
	}{{"1", 100}, {"0.5", 50}, {"3", 300}, {"0.0001", 1}} {
		t.Run(tt.factor, func(t *testing.T) {
			t.Parallel()
			l := newBench(t, nil, "RATE_LIMIT_FACTOR", tt.factor).limiter(t)
			if got := admitted(t, l, user("u1"), tt.want+20); got != tt.want {
				t.Errorf("%d were admitted, want %d", got, tt.want)
			}
		})
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, value string }{
		{"RATE_LIMIT_FACTOR", "0"},
		{"RATE_LIMIT_FACTOR", "-1"},
		{"RATE_LIMIT_FACTOR", "NaN"},
		{"RATE_LIMIT_FACTOR", "Inf"},
		{"RATE_LIMIT_FACTOR", "many"},
		{"RATE_LIMIT_INSTANCES", "0"},
		{"RATE_LIMIT_TIMEOUT", "0s"},
	} {
		t.Run(tt.name+"="+tt.value, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, nil, "REDIS_URL", broken, tt.name, tt.value)
			_, err := ratelimit.New(t.Context(), b.instance(t, nil))
			if err == nil || !strings.Contains(err.Error(), tt.name) && tt.value != "many" {
				t.Errorf("got %v, want an error that names %s", err, tt.name)
			}
		})
	}
}

// A Redis that does not answer costs one request its timeout, not each of them; and it is asked again after a while.
func TestASilentRedis(t *testing.T) {
	t.Parallel()
	silent, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	var opened []net.Conn
	accepted, done := make(chan struct{}, 100), make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := silent.Accept()
			if err != nil {
				return
			}
			opened = append(opened, c)
			accepted <- struct{}{}
		}
	}()
	b := newBench(t, nil, "REDIS_URL", "redis://"+silent.Addr().String(), "RATE_LIMIT_TIMEOUT", "50ms")
	l := b.limiter(t)
	take := func() { // fails the test by its own deadline when a request waits for Redis as long as Redis likes
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		if d := l.Take(ctx, user("u1")); !d.Alone || ctx.Err() != nil {
			t.Errorf("got %+v and %v, want a decision alone and in time", d, ctx.Err())
		}
	}
	take()
	<-accepted
	asked := len(accepted)
	for range 5 {
		take()
	}
	if len(accepted) != asked {
		t.Error("Redis was asked again at once")
	}
	b.clock.Advance(3 * time.Second)
	take()
	<-accepted
	if err := silent.Close(); err != nil {
		t.Error(err)
	}
	<-done
	for _, c := range opened {
		_ = c.Close() // whatever the other side did with it
	}
}

// Who has gone says nothing of Redis.
func TestACallerWhoHasGone(t *testing.T) {
	t.Parallel()
	l := newBench(t, nil).limiter(t)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if d := l.Take(gone, user("u1")); !d.Alone {
		t.Errorf("got %+v, want a decision alone", d)
	}
	if d := l.Take(t.Context(), user("u1")); d.Alone {
		t.Error("the next request is judged alone, want by Redis")
	}
}

func TestPoliciesAreOrdered(t *testing.T) {
	t.Parallel()
	l := newBench(t, plan(ratelimit.Plan{
		Account: minute(10, 0), User: ratelimit.PrincipalQuotas{Each: minute(100, 0)}, Key: ratelimit.PrincipalQuotas{Each: roomy},
	})).limiter(t)
	d := l.Take(t.Context(), user("u1"))
	var names []string
	for _, s := range d.Standings {
		names = append(names, s.Policy)
	}
	if want := []string{"account", "user"}; !slices.Equal(names, want) {
		t.Errorf("got %v, want the most constrained first: %v", names, want)
	}
}
