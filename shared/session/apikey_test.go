package session

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net/netip"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fieldboard.dev/fieldboard/shared/account"
	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/cloud"
	"fieldboard.dev/fieldboard/shared/httpapi"
	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/tests/emulator"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func TestAPIKeyFormat(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 1000 {
		key := newAPIKey()
		text := key.encode().Reveal()
		got, ok := parseAPIKey(text)
		if !ok || got != key {
			t.Fatalf("got %+v, %t of %q", got, ok, text)
		}
		if len(text) != 62 || seen[key.id] || seen[key.secret] {
			t.Errorf("got %q, want 62 characters that were never there", text)
		}
		seen[key.id], seen[key.secret] = true, true
	}
	// One key written out: keys that were given out must stay good.
	const fixed = "fbk_" + "0123456789AB" + "abcdefghijklmnopqrstuvwxyz0123456789ABCD" + "0pfrhL"
	if got := (apiKey{id: "0123456789AB", secret: "abcdefghijklmnopqrstuvwxyz0123456789ABCD"}).encode().Reveal(); got != fixed {
		t.Errorf("got %q, want %q", got, fixed)
	}
	if got := checksum(""); got != "000000" {
		t.Errorf("got %q, want a checksum with its leading zeros", got)
	}
}

func TestRandomTextIsEven(t *testing.T) {
	t.Parallel()
	const n = 62_000
	counts := map[rune]int{}
	for _, r := range randomBase62(n) {
		counts[r]++
	}
	if len(counts) != 62 {
		t.Errorf("got %d characters, want 62", len(counts))
	}
	for r, count := range counts { // 1000 expected with a deviation of 31; a byte modulo 62 would give some 1211
		if count < 780 || count > 1200 {
			t.Errorf("got %q %d times of %d", r, count, n)
		}
	}
}

// Every single change of a key, and every swap of neighbours, is told by the checksum: CRC-32 finds all that change fewer than
// 32 bits in a row.
func TestMistypedAPIKeyIsRefused(t *testing.T) {
	t.Parallel()
	text := newAPIKey().encode().Reveal()
	for i := range text {
		for _, r := range base62 + "_" {
			wrong := text[:i] + string(r) + text[i+1:]
			if _, ok := parseAPIKey(wrong); ok && wrong != text {
				t.Errorf("took %q for %q", wrong, text)
			}
		}
		if i > 0 {
			swapped := text[:i-1] + text[i:i+1] + text[i-1:i] + text[i+1:]
			if _, ok := parseAPIKey(swapped); ok && swapped != text {
				t.Errorf("took %q for %q", swapped, text)
			}
		}
	}
}

func TestAPIKeyPattern(t *testing.T) {
	t.Parallel()
	pattern := regexp.MustCompile(APIKeyPattern)
	key := newAPIKey().encode().Reveal()
	for _, around := range []string{"%s", "key=%s", `"%s"`, "https://x.test/?k=%s&y=1", "Bearer %s\n", "(%s)", "a,%s,b"} {
		text := fmt.Sprintf(around, key)
		if got := pattern.FindAllString(text, -1); !slices.Equal(got, []string{key}) {
			t.Errorf("found %q in %q", got, text)
		}
	}
	for _, text := range []string{key[:61], key + "0", "x" + key, strings.ToUpper(key), strings.Replace(key, "_", "-", 1), "fbk_" + strings.Repeat("-", 58)} {
		if got := pattern.FindString(text); got != "" {
			t.Errorf("found %q in %q", got, text)
		}
	}
}

// FuzzParseAPIKey looks for a text that is taken for a key and is not the one way to write it.
func FuzzParseAPIKey(f *testing.F) {
	good := newAPIKey().encode().Reveal()
	f.Add(good)
	f.Add(good[:61])
	f.Add(good + "0")
	f.Add(strings.ToLower(good))
	f.Add("fbk_")
	f.Add("fbk_" + strings.Repeat("0", 58))
	f.Add("fbk_" + strings.Repeat("é", 29))
	f.Add("eyJhbGciOiJub25lIn0.e30.")
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		key, ok := parseAPIKey(text)
		if !ok {
			if key != (apiKey{}) {
				t.Errorf("got %+v of what is no key", key)
			}
			return
		}
		if again := key.encode().Reveal(); again != text {
			t.Errorf("took %q for %q", text, again)
		}
		if !goodAPIKeyID.MatchString(key.id) || len(key.secret) != apiKeySecret {
			t.Errorf("got %+v of %q", key, text)
		}
	})
}

func TestNewAPIKeyIsChecked(t *testing.T) {
	t.Parallel()
	admin := account.GrantsOf(account.Admin)
	good := NewAPIKey{Name: "Warehouse sync", Permissions: []account.Permission{account.RecordRead}}
	with := func(change func(*NewAPIKey)) NewAPIKey {
		n := good
		change(&n)
		return n
	}
	allow := func(list ...string) NewAPIKey { return with(func(n *NewAPIKey) { n.IPAllow = list }) }
	permit := func(list ...account.Permission) NewAPIKey {
		return with(func(n *NewAPIKey) { n.Permissions = list })
	}
	named := func(name string) NewAPIKey { return with(func(n *NewAPIKey) { n.Name = name }) }
	until := func(t time.Time) NewAPIKey { return with(func(n *NewAPIKey) { n.ExpiresAt = &t }) }
	for name, tt := range map[string]struct {
		key  NewAPIKey
		want string // the locations of what is wrong
	}{
		"good":                         {good, ""},
		"every permission":             {permit(APIKeyPermissions...), ""},
		"a name in another script":     {named("Wärmepumpe 東京 🔧"), ""},
		"the longest name":             {named(strings.Repeat("é", 80)), ""},
		"an empty name":                {named(""), "name"},
		"a name of spaces":             {named(" \t "), "name"},
		"a name that is too long":      {named(strings.Repeat("x", 81)), "name"},
		"a name with a line end":       {named("a\nb"), "name"},
		"a name with a null":           {named("a\x00b"), "name"},
		"a name that turns round":      {named("a\u202eb"), "name"},
		"a name with an isolate":       {named("a\u2066b"), "name"},
		"a name with a line separator": {named("a\u2028b"), "name"},
		"a name that is not UTF-8":     {named("a\xffb"), "name"},
		"a name that is not seen":      {named("\u200d\u200d"), "name"},

		"no permission":             {permit(), "permissions"},
		"an unknown one":            {permit("made:up"), "permissions[0]"},
		"the empty one":             {permit(""), "permissions[0]"},
		"one twice":                 {permit(account.RecordRead, account.SummaryRead, account.RecordRead), "permissions[2]"},
		"one that no key can have":  {permit(account.RecordRead, account.KeyManage), "permissions[1]"},
		"all that no key can have":  {permit(account.SelfManage, account.MemberManage, account.SessionManage, account.JobberConnect), "permissions[0] permissions[1] permissions[2] permissions[3]"},
		"far too many":              {permit(slices.Repeat([]account.Permission{account.RecordRead}, 5000)...), doubled(len(APIKeyPermissions))},
		"an end in two years":       {until(noon.AddDate(2, 0, 0)), ""},
		"an end in more":            {until(noon.AddDate(2, 0, 1)), "expiresAt"},
		"an end at the beginning":   {until(time.Time{}), "expiresAt"},
		"an end now":                {until(noon), "expiresAt"},
		"an end that is past":       {until(noon.Add(-time.Hour)), "expiresAt"},
		"an end in no time":         {until(noon.Add(500 * time.Nanosecond)), "expiresAt"},
		"addresses":                 {allow("203.0.113.7", "2001:db8::1"), ""},
		"networks":                  {allow("10.0.0.0/8", "2001:db8::/32", "203.0.113.7/32"), ""},
		"twenty":                    {allow(addresses(20)...), ""},
		"more":                      {allow(addresses(21)...), "ipAllow"},
		"everything":                {allow("0.0.0.0/0"), "ipAllow[0]"},
		"everything, IPv6":          {allow("::/0"), "ipAllow[0]"},
		"wider than /8":             {allow("10.0.0.0/7"), "ipAllow[0]"},
		"wider than /32":            {allow("2001:db8::/31"), "ipAllow[0]"},
		"address bits":              {allow("10.1.2.3/16"), "ipAllow[0]"},
		"not an address":            {allow("example.test", "", "1.2.3", "1.2.3.4/33", "1.2.3.4/", "1.2.3.4/08"), "ipAllow[0] ipAllow[1] ipAllow[2] ipAllow[3] ipAllow[4] ipAllow[5]"},
		"a zone":                    {allow("fe80::1%eth0"), "ipAllow[0]"},
		"IPv4 in IPv6":              {allow("::ffff:203.0.113.7"), "ipAllow[0]"},
		"an address twice":          {allow("203.0.113.7", "203.0.113.7/32"), "ipAllow[1]"},
		"an address written twice":  {allow("2001:db8::1", "2001:DB8:0::1"), "ipAllow[1]"},
		"no address":                {allow("0.0.0.0", "::"), "ipAllow[0] ipAllow[1]"},
		"everything wrong together": {NewAPIKey{Permissions: []account.Permission{"x"}, ExpiresAt: &noon, IPAllow: []string{"y"}}, "name permissions[0] expiresAt ipAllow[0]"},
	} {
		_, bad := tt.key.check(admin, noon)
		var got []string
		for _, f := range bad {
			got = append(got, f.Location)
			if f.Message == "" {
				t.Errorf("%s: nothing is said of %s", name, f.Location)
			}
		}
		if diff := cmp.Diff(tt.want, strings.Join(got, " ")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	_, bad := permit(account.FinanceRead).check(account.GrantsOf(account.Dispatcher), noon)
	if len(bad) != 1 {
		t.Errorf("a dispatcher gives finance:read: got %v, want it refused", bad)
	}
	_, bad = good.check(account.GrantsOf(account.Technician), noon)
	if len(bad) != 1 {
		t.Errorf("a technician, who sees the records of a team, gives record:read: got %v, want it refused", bad)
	}
}

func addresses(n int) []string {
	var list []string
	for i := range n {
		list = append(list, fmt.Sprintf("203.0.113.%d", i+1))
	}
	return list
}

func TestAPIKeyIsWrittenInOneWay(t *testing.T) {
	t.Parallel()
	given, kept := noon.Add(time.Hour+1500*time.Nanosecond).In(time.FixedZone("", 3600)), noon.Add(time.Hour+time.Microsecond)
	n, bad := NewAPIKey{
		Name: "  Warehouse  ", Permissions: []account.Permission{account.RecordRead}, ExpiresAt: &given,
		IPAllow: []string{"2001:DB8:0:0::1", "203.0.113.7/32", "2001:DB8::/48"},
	}.check(account.GrantsOf(account.Admin), noon)
	if len(bad) > 0 {
		t.Fatal(bad)
	}
	want := NewAPIKey{
		Name: "Warehouse", Permissions: []account.Permission{account.RecordRead}, ExpiresAt: &kept,
		IPAllow: []string{"2001:db8::1", "203.0.113.7", "2001:db8::/48"},
	}
	if diff := cmp.Diff(want, n); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAllowLists(t *testing.T) {
	t.Parallel()
	list := []string{"203.0.113.7", "10.0.0.0/8", "2001:db8::/48"}
	for addr, want := range map[string]bool{
		"203.0.113.7": true, "203.0.113.8": false, "10.255.0.1": true, "11.0.0.1": false,
		"::ffff:203.0.113.7": true, "::ffff:203.0.113.8": false, "2001:db8::1": true, "2001:db8:1::1": false,
		"2001:db8::1%eth0": true, "::1": false, "127.0.0.1": false,
	} {
		if got := allows(list, netip.MustParseAddr(addr)); got != want {
			t.Errorf("%s: got %t, want %t", addr, got, want)
		}
	}
	if allows(list, netip.Addr{}) {
		t.Error("an unknown address is in the list")
	}
	if allows([]string{"broken", ""}, netip.MustParseAddr("203.0.113.7")) {
		t.Error("a list that cannot be read lets an address in")
	}
	if !allows(nil, netip.Addr{}) {
		t.Error("a key without a list is refused")
	}
}

// doubled are the places at which permissions are refused that repeat the first: what comes after as many as there are is not
// looked at.
func doubled(most int) string {
	var places []string
	for i := 1; i <= most; i++ {
		places = append(places, fmt.Sprintf("permissions[%d]", i))
	}
	return strings.Join(places, " ")
}

var allPermissions = slices.Sorted(maps.Keys(account.GrantsOf(account.Owner)))

// Whatever a key was given and whatever its creator is or becomes, it may do no more than the creator may, and nothing that no
// key may: for every role, and what is no role, sets of permissions by chance of a seed, and none, each one and all of them. A
// permission is given or not whatever the others are, so that more sets would find no more.
func TestAPIKeyNeverExceedsItsCreator(t *testing.T) {
	t.Parallel()
	roles := append([]account.Role{"", "root"}, account.Roles...)
	sets := []uint64{0, 1<<len(allPermissions) - 1}
	for i := range allPermissions {
		sets = append(sets, 1<<i)
	}
	for seed, r := 0, rand.New(rand.NewPCG(1, 2)); seed < 20_000; seed++ {
		sets = append(sets, r.Uint64())
	}
	for _, set := range sets {
		var given []account.Permission
		for i, p := range allPermissions {
			if set&(1<<i) != 0 {
				given = append(given, p)
			}
		}
		for _, role := range roles {
			creator := account.GrantsOf(role)
			got := apiKeyGrants(given, creator)
			if !creator.Cover(got) {
				t.Fatalf("given %v by a %q, a key holds %v", given, role, got)
			}
			for p, scope := range got {
				if scope != account.WholeAccount || !slices.Contains(APIKeyPermissions, p) || !slices.Contains(given, p) {
					t.Fatalf("given %v by a %q, a key holds %v", given, role, got)
				}
			}
			for _, p := range given {
				if slices.Contains(APIKeyPermissions, p) && creator[p] == account.WholeAccount && got[p] != account.WholeAccount {
					t.Fatalf("given %v by a %q, a key lacks %s", given, role, p)
				}
			}
		}
	}
}

// What no key may do, written out: a change of the list must be meant.
func TestWhatKeysMayDo(t *testing.T) {
	t.Parallel()
	var never []account.Permission
	for _, p := range allPermissions {
		if !slices.Contains(APIKeyPermissions, p) {
			never = append(never, p)
		}
	}
	want := []account.Permission{
		account.AccountManage, account.EventErase, account.EventExport, account.EventReplay, account.JobberConnect, account.KeyManage, account.LiveManage, account.MemberManage, account.OwnerTransfer,
		account.ScheduleManage, account.ScheduleRead, // a schedule is its member's, and works with that member's rights
		account.SelfManage, account.SessionManage, account.TaskManage,
	}
	if diff := cmp.Diff(want, never); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestRotationOnPaper(t *testing.T) {
	t.Parallel()
	first, second, third := newAPIKey(), newAPIKey(), newAPIKey()
	made := func(expires *time.Time) apiKeyDoc {
		return newAPIKeyDoc("acc_prairie", "olive", NewAPIKey{ExpiresAt: expires}, first, noon)
	}
	soon := noon.Add(time.Hour)
	tests := []struct {
		name    string
		key     apiKeyDoc
		overlap time.Duration
		until   time.Time
	}{
		{"none", made(nil), 0, time.Time{}},
		{"a day", made(nil), 24 * time.Hour, noon.Add(24 * time.Hour)},
		{"longer than the key", made(&soon), 24 * time.Hour, soon},
	}
	for _, tt := range tests {
		d := tt.key
		d.rotate(second, tt.overlap, "", noon)
		if present, previous := d.opens(first); present || previous != (tt.overlap > 0) || !d.PreviousUntil.Equal(tt.until) {
			t.Errorf("%s: the old secret: got %t, %t until %s, want %s", tt.name, present, previous, d.PreviousUntil, tt.until)
		}
		if present, previous := d.opens(second); !present || previous {
			t.Errorf("%s: the new secret: got %t, %t", tt.name, present, previous)
		}
		d.rotate(third, time.Hour, "", noon)
		if present, previous := d.opens(first); present || previous {
			t.Errorf("%s: the secret before the last one is still good", tt.name)
		}
	}
	var none apiKeyDoc
	if present, previous := none.opens(first); present || previous {
		t.Error("a key that does not exist is opened")
	}
}

func TestTally(t *testing.T) {
	t.Parallel()
	c := newTally[int](time.Minute)
	for want := 1; want <= 3; want++ {
		if got := c.add(7, noon); got != want || c.count(7, noon) != want {
			t.Errorf("got %d, want %d", got, want)
		}
	}
	if got := c.count(7, noon.Add(time.Minute)); got != 0 {
		t.Errorf("after the span: got %d, want 0", got)
	}
	if got := c.add(7, noon.Add(time.Minute)); got != 1 {
		t.Errorf("after the span: got %d, want 1", got)
	}
	for i := range 3 * maxTallied {
		c.add(i, noon.Add(time.Minute))
		if len(c.counts) > maxTallied {
			t.Fatalf("it remembers %d", len(c.counts))
		}
	}
}

func TestSources(t *testing.T) {
	t.Parallel()
	for addr, want := range map[string]string{
		"203.0.113.7": "203.0.113.7", "::ffff:203.0.113.7": "203.0.113.7", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::", "fe80::1%eth0": "fe80::",
	} {
		if got := sourceOf(netip.MustParseAddr(addr)); got.String() != want {
			t.Errorf("%s: got %s, want %s", addr, got, want)
		}
	}
	if sourceOf(netip.Addr{}).IsValid() {
		t.Error("an unknown address is a source of its own")
	}
}

// counted is a Firestore with one key, which counts what it is asked.
type counted struct {
	id   string
	key  apiKeyDoc
	gets int
}

func (c *counted) get(_ context.Context, id string) (apiKeyDoc, error) {
	c.gets++
	if id != c.id {
		return apiKeyDoc{}, nil
	}
	return c.key, nil
}

func (c *counted) used(context.Context, string, time.Time) error { return nil }

// fixed is a creator who stays what they are.
type fixed account.Role

func (f fixed) now(context.Context, string, string) (seat, error) {
	return seat{Active: true, Role: account.Role(f), Plan: account.StandardPlan}, nil
}

const noRedis = "redis://127.0.0.1:1?max_retries=-1"

// newTestVerifier returns a verifier of a store that holds one key.
func newTestVerifier(tb testing.TB, clk clock.Clock, key apiKey, redisURL string) (*apiKeyVerifier, *counted) {
	tb.Helper()
	store := &counted{id: key.id, key: newAPIKeyDoc("acc_prairie", "olive", NewAPIKey{Permissions: APIKeyPermissions}, key, noon)}
	log := slog.New(slog.DiscardHandler)
	clients := cloud.New(cloud.Config{RedisURL: redisURL, RedisPrefix: emulator.Prefix(tb)})
	tb.Cleanup(func() {
		if err := clients.Close(); err != nil {
			tb.Error(err)
		}
	})
	return &apiKeyVerifier{
		store: store, cache: &apiKeyCache{cloud: clients, clock: clk, log: log}, creators: fixed(account.Admin), clock: clk, log: log,
		guesses: newTally[netip.Addr](guessSpan), uses: newTally[string](useSpan),
	}, store
}

// A thousand guesses at the secret of a key that exists, and as many at ids that do not: none is taken, each gets the same
// answer as its counterpart, and each asks Firestore as often.
func TestGuessing(t *testing.T) {
	t.Parallel()
	key := newAPIKey()
	guess := func(id func() string) (*apiKeyVerifier, []string, []int) {
		v, store := newTestVerifier(t, clock.NewManual(noon), key, noRedis)
		var answers []string
		var asked []int
		for range 1000 {
			p, err := v.Verify(t.Context(), apiKey{id: id(), secret: newAPIKey().secret}.encode().Reveal())
			if err == nil || p.AccountID != "" || p.Grants != nil {
				t.Fatalf("got %+v, %v for a guess", p, err)
			}
			answers, asked = append(answers, err.Error()), append(asked, store.gets)
		}
		if store.gets != maxGuesses {
			t.Errorf("Firestore was asked %d times, want %d", store.gets, maxGuesses)
		}
		return v, answers, asked
	}
	v, known, knownAsked := guess(func() string { return key.id })
	_, unknown, unknownAsked := guess(func() string { return newAPIKey().id })
	if diff := cmp.Diff(known, unknown); diff != "" {
		t.Errorf("the answers differ (-known id +unknown id):\n%s", diff)
	}
	if diff := cmp.Diff(knownAsked, unknownAsked); diff != "" {
		t.Errorf("the lookups differ (-known id +unknown id):\n%s", diff)
	}
	// The good key is not lost for others, and after a minute for nobody.
	elsewhere := httpapi.WithClientIP(t.Context(), netip.MustParseAddr("203.0.113.7"))
	if _, err := v.Verify(elsewhere, key.encode().Reveal()); err != nil {
		t.Errorf("the key from another address: %v", err)
	}
	if _, err := v.Verify(t.Context(), key.encode().Reveal()); problem.CodeOf(err) != problem.Unauthenticated {
		t.Errorf("the key from where the guesses came: got %v, want Unauthenticated, as it is not cached", err)
	}
	v.clock.(*clock.Manual).Advance(guessSpan)
	if _, err := v.Verify(t.Context(), key.encode().Reveal()); err != nil {
		t.Errorf("the key a minute later: %v", err)
	}
}

// With Redis an id that does not exist is asked for once, and a key that is in use is good also where the guesses come from.
func TestGuessingWithRedis(t *testing.T) {
	t.Parallel()
	key, unknown := newAPIKey(), newAPIKey()
	v, store := newTestVerifier(t, clock.NewManual(noon), key, emulator.Redis(t))
	verify := func(text string) problem.Code {
		t.Helper()
		p, err := v.Verify(t.Context(), text)
		if err == nil && p.KeyID == key.id {
			return ""
		}
		return problem.CodeOf(err)
	}
	if got := verify(key.encode().Reveal()); got != "" {
		t.Fatalf("the key: got %s", got)
	}
	for i := range 1000 {
		guess := apiKey{id: key.id, secret: newAPIKey().secret}
		if i%2 == 0 {
			guess = unknown
		}
		if got := verify(guess.encode().Reveal()); got != problem.Unauthenticated {
			t.Fatalf("guess %d: got %q, want %s", i, got, problem.Unauthenticated)
		}
	}
	if got := verify(key.encode().Reveal()); got != "" {
		t.Errorf("the key after the guesses: got %s", got)
	}
	if store.gets != 2 {
		t.Errorf("Firestore was asked %d times, want once for each id", store.gets)
	}
}

// One who read a key before it was changed brings nothing of that into the cache, whenever they come.
func TestLateReaderFillsNothing(t *testing.T) {
	t.Parallel()
	clients := cloud.New(cloud.Config{RedisURL: emulator.Redis(t), RedisPrefix: emulator.Prefix(t)})
	t.Cleanup(func() {
		if err := clients.Close(); err != nil {
			t.Error(err)
		}
	})
	cache := &apiKeyCache{cloud: clients, clock: clock.NewManual(noon), log: slog.New(slog.NewTextHandler(t.Output(), nil))}
	key := newAPIKey()
	before := newAPIKeyDoc("acc_prairie", "olive", NewAPIKey{Permissions: APIKeyPermissions}, key, noon)
	state := func() cacheAnswer {
		t.Helper()
		_, answer := cache.get(t.Context(), key.id)
		return answer
	}
	if got := state(); got != cacheEmpty {
		t.Fatalf("got %d, want nothing there", got)
	}
	if err := cache.suspend(t.Context(), key.id); err != nil {
		t.Fatal(err)
	}
	cache.fill(t.Context(), key.id, before)
	if got := state(); got != cacheClosed {
		t.Errorf("got %d, want it suspended", got)
	}
	client, err := clients.Redis()
	if err != nil {
		t.Fatal(err)
	}
	if ttl := client.PTTL(t.Context(), cache.name(key.id)).Val(); ttl <= suspension-time.Minute/2 {
		t.Errorf("it is suspended for %s only", ttl)
	}
	if least := 2*storeTimeout + 2*cacheTimeout; suspension <= least {
		t.Errorf("it is suspended for %s; a change and a reader may take %s", suspension, least)
	}

	// What is filled, and that there is no such key, is known for half a minute at most, and goes at once with a change.
	for _, d := range []apiKeyDoc{before, {}} {
		if err := client.Del(t.Context(), cache.name(key.id)).Err(); err != nil {
			t.Fatal(err)
		}
		cache.fill(t.Context(), key.id, d)
		got, answer := cache.get(t.Context(), key.id)
		if present, _ := got.opens(key); answer != cacheKnows || got.Account != d.Account || present != (d.Account != "") {
			t.Errorf("got %+v, %d, want %+v", got, answer, d)
		}
		if ttl := client.PTTL(t.Context(), cache.name(key.id)).Val(); ttl <= 0 || ttl > 30*time.Second {
			t.Errorf("it is known for %s", ttl)
		}
		if err := cache.suspend(t.Context(), key.id); err != nil {
			t.Fatal(err)
		}
		if got := state(); got != cacheClosed {
			t.Errorf("got %d, want it suspended", got)
		}
	}
}

// The emulator answers any query; Firestore answers only those that firestore.indexes.json has an index for, and deletes only by
// a field that it names.
func TestAPIKeyIndexes(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../firestore.indexes.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Indexes        []json.RawMessage `json:"indexes"`
		FieldOverrides []json.RawMessage `json:"fieldOverrides"`
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	const group = `{"collectionGroup": "apikeys", `
	for _, want := range []string{
		group + `"queryScope": "COLLECTION", "fields": [{"fieldPath": "account", "order": "ASCENDING"}, {"fieldPath": "createdAt", "order": "DESCENDING"}]}`,
		group + `"queryScope": "COLLECTION", "fields": [{"fieldPath": "account", "order": "ASCENDING"}, {"fieldPath": "livesUntil", "order": "ASCENDING"}]}`,
		group + `"fieldPath": "deleteAt", "ttl": true, "indexes": []}`,
	} {
		same := func(have json.RawMessage) bool { return string(have) == want }
		if !slices.ContainsFunc(append(file.Indexes, file.FieldOverrides...), same) {
			t.Errorf("firestore.indexes.json lacks\n    %s", want)
		}
	}
}

// BenchmarkVerifyAPIKey is a verification without what it asks of Firestore: by itself, and with a Redis that has the key.
func BenchmarkVerifyAPIKey(b *testing.B) {
	for name, redisURL := range map[string]string{"alone": noRedis, "redis": emulator.Redis(b)} {
		b.Run(name, func(b *testing.B) {
			key := newAPIKey()
			v, _ := newTestVerifier(b, clock.NewManual(noon), key, redisURL)
			text := key.encode().Reveal()
			if _, err := v.Verify(b.Context(), text); err != nil { // fills Redis, or finds that it is away
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := v.Verify(b.Context(), text); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
