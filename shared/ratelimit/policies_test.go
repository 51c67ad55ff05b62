package ratelimit_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"fieldboard.dev/fieldboard/shared/ratelimit"
)

func TestLoad(t *testing.T) {
	t.Parallel()
	p, err := ratelimit.Load()
	if err != nil {
		t.Fatal(err)
	}
	standard := p.Plans[p.DefaultPlan]
	for _, tt := range []struct {
		name string
		got  ratelimit.Quota
		want int
	}{
		{"a user", standard.User.Each, 100},
		{"an API key", standard.Key.Each, 1000},
	} {
		if tt.got.Quota != tt.want || tt.got.Window != time.Minute {
			t.Errorf("%s may ask %d times in %s, want %d times a minute", tt.name, tt.got.Quota, tt.got.Window, tt.want)
		}
	}
}

// Each case breaks one rule of the real policies.
func TestParseRefuses(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile("policies.yaml")
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, old, new, want string
	}{
		{"an unknown field", "defaultPlan: standard", "defaultPlan: standard\ncolour: red", "field colour not found"},
		{"an unknown field of a quota", "each: {quota: 100, window: 1m}", "each: {quota: 100, per: 1m}", "field per not found"},
		{"a default plan that is none", "defaultPlan: standard", "defaultPlan: gold", `no plan "gold"`},
		{"a plan's name", "  premium:", "  Premium Plus:", "lower case"},
		{"no quota", "each: {quota: 100, window: 1m}", "each: {quota: 0, window: 1m}", "plans.standard.user.each: the quota 0"},
		{"no window", "each: {quota: 100, window: 1m}", "each: {quota: 100}", "the window 0s"},
		{"a window of a part of a second", "each: {quota: 100, window: 1m}", "each: {quota: 100, window: 1500ms}", "whole seconds"},
		{"a burst over the quota", "each: {quota: 100, window: 1m}", "each: {quota: 100, window: 1m, burst: 101}", "the burst 101"},
		{"an unknown class of a plan", "write: {quota: 60, window: 1m}", "writes: {quota: 60, window: 1m}", "plans.standard.user.classes.writes: there is no such class"},
		{"the failures of somebody", "write: {quota: 60, window: 1m}", "failure: {quota: 60, window: 1m}", "is nobody"},
		{"a broken role", "each: {quota: 100, window: 1m}", "each: {quota: 100, window: 1m}\n      roles: {owner: {quota: -1, window: 1m}}", "roles.owner: the quota -1"},
		{"a key's role", "each: {quota: 1000, window: 1m}", "each: {quota: 1000, window: 1m}\n      roles: {owner: {quota: 1, window: 1m}}", "a key has no role"},
		{"a class without a limit by address", "  webhook: {quota: 60000, window: 1m}\n", "", "no quota for webhook"},
		{"an unknown class by address", "  signin: {", "  signup: {", "ip.signup: there is no such class"},
		{"a network that is a whole provider", "ipv6Bits: 56", "ipv6Bits: 16", "ipv6Bits"},
		{"a cost of nothing", "expensive: 5", "expensive: 0", "costs.expensive"},
		{"a cost of no class", "expensive: 5", "dear: 5", "costs.dear"},
		{"tightening that loosens", "factor: 0.5, steps: 3", "factor: 1.5, steps: 3", "tighten.factor"},
		{"tightening at nothing", "share: 0.5", "share: 0", "tighten.share"},
		{"tightening for ever", "decay: 10m", "decay: 1000h", "within and decay"},
		{"loosening without bounds", "factor: 1.25, steps: 2", "factor: 2, steps: 5", "at most 4 in all"},
		{"loosening for nothing", "uses: 10", "uses: 0", "loosen.uses"},
		{"loosening at once", "span: 24h", "span: 1s", "loosen.span"},
		{"many steps", "factor: 0.5, steps: 3", "factor: 0.5, steps: 30", "steps"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if !strings.Contains(string(content), tt.old) {
				t.Fatalf("the policies have no %q to break", tt.old)
			}
			_, err := ratelimit.Parse([]byte(strings.Replace(string(content), tt.old, tt.new, 1)))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
		})
	}
}

func TestParseReportsAllAtOnce(t *testing.T) {
	t.Parallel()
	_, err := ratelimit.Parse([]byte("defaultPlan: none"))
	for _, want := range []string{"defaultPlan", "ipv6Bits", "ip: there is no quota for read", "tighten.share", "loosen.uses"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want also %q", err, want)
		}
	}
}
