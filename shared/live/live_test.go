package live_test

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/sethvargo/go-envconfig"

	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/instance"
	"fieldboard.dev/fieldboard/shared/live"
	"fieldboard.dev/fieldboard/tests/emulator"
)

func newRegister(t *testing.T) *live.Register {
	t.Helper()
	in, err := instance.New(t.Context(), envconfig.MapLookuper(map[string]string{
		"GOOGLE_CLOUD_PROJECT": "demo-live", "REDIS_URL": emulator.Redis(t), "REDIS_PREFIX": emulator.Prefix(t), "PUBLIC_URL": "https://board.example",
	}), clock.System, slog.Default())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { check(t, in.Cloud.Close()) })
	return live.NewRegister(in.Cloud)
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Error(err)
	}
}

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func connection(user string, n int) live.Connection {
	return live.Connection{
		ID: fmt.Sprintf("%s-%d", user, n), UserID: user, Since: noon.Add(time.Duration(n) * time.Second), Transport: "websocket",
		Instance: "one", Address: "203.0.113.x", UserAgent: "Browser/1",
	}
}

var many = live.Limits{PerMember: 100, PerAccount: 100}

func TestConnectionsAreListedForTheirAccountAlone(t *testing.T) {
	t.Parallel()
	r := newRegister(t)
	var want []live.Connection
	for n := range 7 {
		c := connection("dana", n)
		check(t, r.Take(t.Context(), "acc_1", c, many))
		want = append([]live.Connection{c}, want...)
	}
	check(t, r.Take(t.Context(), "acc_2", connection("olive", 0), many))
	var got []live.Connection
	for after := (live.Position{}); ; {
		page, next, err := r.Connections(t.Context(), "acc_1", after, 3)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, page...)
		if next == nil {
			break
		}
		after = *next
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if _, found, err := r.Find(t.Context(), "acc_1", "olive-0"); found || err != nil {
		t.Errorf("another account's connection is found: %t, %v", found, err)
	}
	theirs, err := r.Of(t.Context(), "acc_1", "olive")
	if len(theirs) != 0 || err != nil {
		t.Errorf("another account's connections are found: %v, %v", theirs, err)
	}
}

func TestWhoIsLetGo(t *testing.T) {
	t.Parallel()
	r := newRegister(t)
	gone, stays := connection("dana", 1), connection("dana", 2)
	seats := []live.Seat{{AccountID: "acc_1", Connection: gone}, {AccountID: "acc_1", Connection: stays}}
	for _, s := range seats {
		check(t, r.Take(t.Context(), s.AccountID, s.Connection, many))
	}
	// By another account it is not there, and stays.
	check(t, r.LetGo(t.Context(), "acc_2", []live.Connection{stays}))
	check(t, r.LetGo(t.Context(), "acc_1", []live.Connection{gone}))
	letGo, err := r.Renew(t.Context(), seats) // as an instance does that did not hear of it
	if diff := cmp.Diff([]string{gone.ID}, letGo); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	left, _, err := r.Connections(t.Context(), "acc_1", live.Position{}, 10)
	if diff := cmp.Diff([]live.Connection{stays}, left); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if err := r.Take(t.Context(), "acc_1", gone, many); !errors.Is(err, live.ErrLetGo) {
		t.Errorf("got %v, want %v", err, live.ErrLetGo)
	}
}

func TestStatus(t *testing.T) {
	t.Parallel()
	r := newRegister(t)
	check(t, r.Take(t.Context(), "acc_1", connection("dana", 1), many))
	lags := live.Lags{}
	for range 98 {
		lags.Add("acc_1", 18*time.Millisecond)
	}
	lags.Add("acc_1", 3*time.Second)
	lags.Add("acc_1", time.Hour)
	lags.Add("acc_2", time.Minute)
	check(t, r.Note(t.Context(), "one", many, lags, noon))
	check(t, r.Note(t.Context(), "two", many, live.Lags{}, noon))
	check(t, r.Note(t.Context(), "died", many, live.Lags{}, noon.Add(-2*live.SeatLasts)))
	check(t, r.Note(t.Context(), "ended", many, live.Lags{}, noon))
	check(t, r.Gone(t.Context(), "ended"))
	want := live.Status{
		Connections: 1, Instances: 2, Limits: many, Minutes: 5, Events: 100, P50: 20 * time.Millisecond, P99: 5 * time.Second,
	}
	got, err := r.Status(t.Context(), "acc_1", noon.Add(30*time.Second))
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	got, err = r.Status(t.Context(), "acc_3", noon)
	if diff := cmp.Diff(live.Status{Instances: 2, Limits: many, Minutes: 5}, got); diff != "" || err != nil {
		t.Errorf("of an account without any: %v (-want +got):\n%s", err, diff)
	}
}

func TestShortAddresses(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"203.0.113.77":         "203.0.113.x",
		"::ffff:203.0.113.77":  "203.0.113.x",
		"2001:db8:1:2:3:4:5:6": "2001:db8:1::x",
		"127.0.0.1":            "this machine",
		"::1":                  "this machine",
	} {
		if got := live.Short(netip.MustParseAddr(address).Unmap()); got != want {
			t.Errorf("%s is %q, want %q", address, got, want)
		}
	}
	if got := live.Short(netip.Addr{}); got != "" {
		t.Errorf("no address is %q", got)
	}
}
