package session_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	dice "math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cloud.google.com/go/firestore"
	"github.com/google/go-cmp/cmp"
	"github.com/sethvargo/go-envconfig"

	"fieldboard.dev/fieldboard/shared/account"
	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/event"
	"fieldboard.dev/fieldboard/shared/httpapi"
	"fieldboard.dev/fieldboard/shared/instance"
	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/shared/session"
	"fieldboard.dev/fieldboard/shared/telemetry"
	"fieldboard.dev/fieldboard/tests/emulator"
)

const nowhere = "redis://127.0.0.1:1?max_retries=-1"

// keyStack is two businesses on emulators, in a project of their own: acc_prairie with a member for each role, called like it,
// and acc_harbour with rival.
type keyStack struct {
	tb    testing.TB
	env   map[string]string
	clock *clock.Manual
	fs    *firestore.Client
	log   safeLog
}

type safeLog struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *safeLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *safeLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func newKeyStack(tb testing.TB) *keyStack {
	tb.Helper()
	emulator.Firestore(tb)
	signing, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(signing)
	if err != nil {
		tb.Fatal(err)
	}
	s := &keyStack{
		tb: tb, clock: clock.NewManual(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)),
		env: map[string]string{
			"GOOGLE_CLOUD_PROJECT": emulator.Project(tb), "REDIS_URL": emulator.Redis(tb), "REDIS_PREFIX": emulator.Prefix(tb),
			"PUBLIC_URL": "http://fieldboard.test", "SESSION_SIGNING_KEY": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
		},
	}
	in := s.instance()
	if s.fs, err = in.Cloud.Firestore(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	accounts := account.NewStore(in.Cloud, s.clock)
	for id, owner := range map[string]string{"acc_prairie": "owner", "acc_harbour": "rival"} {
		a := account.Account{ID: id, Name: id, Currency: "USD", TimeZone: "America/Denver"}
		if _, err := accounts.Create(tb.Context(), a, account.Member{UserID: owner, Name: "Olive Owner", Email: "o@example.test"}); err != nil {
			tb.Fatal(err)
		}
	}
	for _, role := range account.Roles[1:] {
		m := account.Member{UserID: string(role), Name: "Somebody", Role: role, Status: account.Active}
		if err := accounts.AddMember(tb.Context(), "acc_prairie", m); err != nil {
			tb.Fatal(err)
		}
	}
	return s
}

// instance returns an instance of its own, as each deployed function has it.
func (s *keyStack) instance(settings ...string) *instance.Instance {
	s.tb.Helper()
	env := map[string]string{}
	for k, v := range s.env {
		env[k] = v
	}
	for i := 0; i < len(settings); i += 2 {
		env[settings[i]] = settings[i+1]
	}
	in, err := instance.New(s.tb.Context(), envconfig.MapLookuper(env), s.clock, instance.Logger(&s.log))
	if err != nil {
		s.tb.Fatal(err)
	}
	s.tb.Cleanup(func() {
		if err := in.Cloud.Close(); err != nil {
			s.tb.Error(err)
		}
	})
	return in
}

func (s *keyStack) keys(settings ...string) *session.APIKeys {
	s.tb.Helper()
	keys, err := session.NewAPIKeys(s.tb.Context(), s.instance(settings...))
	if err != nil {
		s.tb.Fatal(err)
	}
	return keys
}

func (s *keyStack) verifier(settings ...string) httpapi.Verifier {
	s.tb.Helper()
	v, err := session.NewAuthenticator(s.tb.Context(), s.instance(settings...))
	if err != nil {
		s.tb.Fatal(err)
	}
	return v
}

func as(role account.Role) session.Principal {
	return session.Principal{UserID: string(role), AccountID: "acc_prairie", Role: role, Grants: account.GrantsOf(role)}
}

var rival = session.Principal{UserID: "rival", AccountID: "acc_harbour", Role: account.Owner, Grants: account.GrantsOf(account.Owner)}

var reading = session.NewAPIKey{Name: "Warehouse sync", Permissions: []account.Permission{account.RecordRead, account.SummaryRead}}

func (s *keyStack) create(keys *session.APIKeys, by session.Principal, n session.NewAPIKey) (session.APIKey, string) {
	s.tb.Helper()
	key, secret, err := keys.Create(s.tb.Context(), by, n, "")
	if err != nil {
		s.tb.Fatal(err)
	}
	return key, secret.Reveal()
}

func (s *keyStack) setRole(userID string, role account.Role) {
	s.tb.Helper()
	_, err := s.fs.Doc("accounts/acc_prairie/members/"+userID).Update(s.tb.Context(), []firestore.Update{{Path: "role", Value: string(role)}})
	if err != nil {
		s.tb.Fatal(err)
	}
	s.seatChanged(userID)
}

// seatChanged tells of a change that was made past the members' function.
func (s *keyStack) seatChanged(userID string) {
	s.tb.Helper()
	if err := session.NewStanding(s.instance()).SeatChanged(s.tb.Context(), "acc_prairie", userID); err != nil {
		s.tb.Fatal(err)
	}
}

func (s *keyStack) stored(id string) map[string]any {
	s.tb.Helper()
	snapshot, err := s.fs.Doc("apikeys/" + id).Get(s.tb.Context())
	if err != nil {
		s.tb.Fatal(err)
	}
	return snapshot.Data()
}

func good(t *testing.T, v httpapi.Verifier, secret string) session.Principal {
	t.Helper()
	p, err := v.Verify(t.Context(), secret)
	if err != nil {
		t.Fatalf("the key is refused: %v", err)
	}
	return p
}

func refused(t *testing.T, v httpapi.Verifier, secret string, code problem.Code) {
	t.Helper()
	p, err := v.Verify(t.Context(), secret)
	if problem.CodeOf(err) != code || err == nil || p.Grants != nil {
		t.Errorf("got %+v, %v, want it refused as %s", p, err, code)
	}
}

func TestAPIKeySpeaksForItsCreator(t *testing.T) {
	t.Parallel()
	s := newKeyStack(t)
	keys, v := s.keys(), s.verifier()
	n := reading
	expires := s.clock.Now().Add(time.Hour)
	n.ExpiresAt = &expires
	key, secret := s.create(keys, as(account.Admin), n)
	want := session.APIKey{
		ID: secret[4:16], CreatedBy: "admin", Name: n.Name, Permissions: n.Permissions, IPAllow: []string{},
		CreatedAt: s.clock.Now(), ExpiresAt: expires,
	}
	if diff := cmp.Diff(want, key); diff != "" {
		t.Errorf("created (-want +got):\n%s", diff)
	}
	speaks := session.Principal{
		UserID: "admin", AccountID: "acc_prairie", KeyID: key.ID, Plan: account.StandardPlan, ExpiresAt: expires,
		Grants: account.Grants{account.RecordRead: account.WholeAccount, account.SummaryRead: account.WholeAccount},
	}
	for _, how := range []string{"read", "cached"} {
		if diff := cmp.Diff(speaks, good(t, v, secret)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", how, diff)
		}
	}
	s.clock.Advance(time.Hour)
	refused(t, v, secret, problem.Unauthenticated)
	if got := key.Status(s.clock.Now()); got != session.APIKeyExpired {
		t.Errorf("got status %s, want expired", got)
	}
}

func TestAuthenticatorTakesAccessTokensToo(t *testing.T) {
	t.Parallel()
	s := newKeyStack(t)
	in := s.instance()
	issuer, err := session.NewIssuer(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	sid := emulator.Session(t, in.Cloud, "acc_prairie", "viewer")
	token, _, err := issuer.Issue(session.Principal{UserID: "viewer", AccountID: "acc_prairie", Role: account.Viewer, SessionID: sid})
	if err != nil {
		t.Fatal(err)
	}
	if p := good(t, s.verifier(), token); p.SessionID != sid || p.KeyID != "" {
		t.Errorf("got %+v, want the session", p)
	}
	sessions, err := session.NewVerifier(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	_, secret := s.create(s.keys(), as(account.Admin), reading)
	refused(t, sessions, secret, problem.Unauthenticated)
	refused(t, s.verifier(), "FBK_"+secret[4:], problem.Unauthenticated)
}

func TestAPIKeySecretsAreNotKept(t *testing.T) {
	t.Parallel()
	s := newKeyStack(t)
	keys, v := s.keys(), s.verifier()
	key, first := s.create(keys, as(account.Admin), reading)
	good(t, v, first)
	_, second, err := keys.Rotate(t.Context(), as(account.Admin), key.ID, time.Hour, "")
	if err != nil {
		t.Fatal(err)
	}
	withoutRedis := []string{"REDIS_URL", nowhere} // so that something is logged
	if err := s.keys(withoutRedis...).Revoke(t.Context(), as(account.Admin), key.ID); err != nil {
		t.Fatal(err)
	}
	refused(t, s.verifier(withoutRedis...), first, problem.Unauthenticated)

	stored, err := json.Marshal(s.stored(key.ID))
	if err != nil {
		t.Fatal(err)
	}
	redis, err := s.instance().Cloud.Redis()
	if err != nil {
		t.Fatal(err)
	}
	var cached []string
	for names := redis.Scan(t.Context(), 0, s.env["REDIS_PREFIX"]+"*", 1000).Iterator(); names.Next(t.Context()); {
		cached = append(cached, names.Val(), redis.Get(t.Context(), names.Val()).Val())
	}
	if len(cached) == 0 {
		t.Error("nothing is cached, so this shows nothing of the cache")
	}
	for where, text := range map[string]string{"store": string(stored), "cache": strings.Join(cached, "\n"), "log": s.log.String(), "events": s.events(t)} {
		if text == "" {
			t.Errorf("the %s is empty, so this shows nothing of it", where)
		}
		for _, secret := range []string{first, second.Reveal()} {
			for _, part := range []string{secret[16:56], hex.EncodeToString([]byte(secret[16:56])), secret[16:40]} {
				if strings.Contains(text, part) {
					t.Errorf("the %s has the secret: %s", where, text)
				}
			}
		}
	}
	for _, n := range []any{key, second} {
		if text := fmt.Sprintf("%v %+v %#v", n, n, n); strings.Contains(text, second.Reveal()[16:56]) {
			t.Errorf("printing shows the secret: %s", text)
		}
	}
}

func (s *keyStack) events(t *testing.T) string {
	t.Helper()
	b, err := json.Marshal(s.eventsOf(t, "acc_prairie"))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func (s *keyStack) eventsOf(t *testing.T, accountID string) []event.Event {
	t.Helper()
	in := s.instance()
	events, _, err := event.NewStore(in.Cloud, event.Config{}, in.Log).List(t.Context(), accountID, []event.Audience{event.Security}, event.Position{}, 100)
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(events)
	return events
}

func TestChangesOfAPIKeysAreTold(t *testing.T) {
	t.Parallel()
	s := newKeyStack(t)
	keys := s.keys()
	key, _ := s.create(keys, as(account.Admin), reading)
	s.clock.Advance(time.Minute)
	if _, _, err := keys.Rotate(t.Context(), as(account.Owner), key.ID, 24*time.Hour, ""); err != nil {
		t.Fatal(err)
	}
	s.clock.Advance(time.Minute)
	for range 2 { // the second time changes nothing, and is not told
		if err := keys.Revoke(t.Context(), as(account.Owner), key.ID); err != nil {
			t.Fatal(err)
		}
	}
	got := s.eventsOf(t, "acc_prairie")
	for i := range got {
		got[i].ID = ""
	}
	told := func(typ, by, detail string, at time.Time) event.Event {
		return event.Event{
			Account: "acc_prairie", Type: typ, Audience: event.Security, EntityID: key.ID, Title: "Warehouse sync", Detail: detail,
			Member: "admin", Actor: by, Time: at, Audit: event.Audit{Kind: event.ByMember},
		}
	}
	now := s.clock.Now()
	want := []event.Event{
		told("security.key_created", "admin", "record:read, summary:read", now.Add(-2*time.Minute)),
		told("security.key_rotated", "owner", "by Olive Owner; the old secret works until 2026-03-02T12:01:00Z", now.Add(-time.Minute)),
		told("security.key_revoked", "owner", "by Olive Owner", now),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestRevokedAtOnceEverywhere(t *testing.T) {
	t.Parallel()
	s := newKeyStack(t)
	keys, here, there := s.keys(), s.verifier(), s.verifier()
	key, secret := s.create(keys, as(account.Admin), reading)
	good(t, here, secret)
	good(t, there, secret)
	if got := s.cached(t, key.ID); !strings.Contains(got, "acc_prairie") {
		t.Fatalf("the cache has %q, so this shows nothing", got)
	}
	for range 2 {
		if err := keys.Revoke(t.Context(), as(account.Owner), key.ID); err != nil {
			t.Fatal(err)
		}
		refused(t, here, secret, problem.Unauthenticated)
		refused(t, there, secret, problem.Unauthenticated)
	}
	s.forget(t, key.ID)
	refused(t, there, secret, problem.Unauthenticated) // read again
	refused(t, here, secret, problem.Unauthenticated)  // from the cache
}

func (s *keyStack) cached(t *testing.T, id string) string {
	t.Helper()
	redis, err := s.instance().Cloud.Redis()
	if err != nil {
		t.Fatal(err)
	}
	return redis.Get(t.Context(), s.env["REDIS_PREFIX"]+"key:"+id).Val()
}

// forget takes a key out of the cache, as time does.
func (s *keyStack) forget(t *testing.T, id string) {
	t.Helper()
	redis, err := s.instance().Cloud.Redis()
	if err != nil {
		t.Fatal(err)
	}
	if err := redis.Del(t.Context(), s.env["REDIS_PREFIX"]+"key:"+id).Err(); err != nil {
		t.Fatal(err)
	}
}

// Verifications run on several instances while the key is revoked: none that begins after Revoke has returned is let in, even if
// the cache loses what it has in between.
func TestNothingIsLetInAfterTheRevocation(t *testing.T) {
	t.Parallel()
	s := newKeyStack(t)
	keys := s.keys()
	var revoked, stop atomic.Bool
	var before, after atomic.Int64
	key, secret := s.create(keys, as(account.Admin), reading)
	var wg sync.WaitGroup
	for range 4 {
		v := s.verifier()
		wg.Go(func() {
			for !stop.Load() {
				wasRevoked := revoked.Load()
				_, err := v.Verify(t.Context(), secret)
				switch {
				case wasRevoked && err == nil:
					t.Error("a revoked key was let in")
					return
				case wasRevoked:
					after.Add(1)
				case err == nil:
					before.Add(1)
				}
			}
		})
	}
	await(t, func() bool { return before.Load() > 20 })
	if err := keys.Revoke(t.Context(), as(account.Owner), key.ID); err != nil {
		t.Error(err)
	}
	revoked.Store(true)
	await(t, func() bool { return after.Load() > 100 })
	s.forget(t, key.ID)
	seen := after.Load()
	await(t, func() bool { return after.Load() > seen+100 })
	stop.Store(true)
	wg.Wait()
}

// await gives up in the end only because a test must; nothing depends on how long it takes.
func await(t *testing.T, done func() bool) {
	t.Helper()
	for range 3000 {
		if done() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Error("it took too long")
}

func TestRotationOverlap(t *testing.T) {
	t.Parallel()
	s := newKeyStack(t)
	keys, v := s.keys(), s.verifier()
	key, first := s.create(keys, as(account.Admin), reading)
	good(t, v, first)
	rotate := func(overlap time.Duration) (session.APIKey, string) {
		t.Helper()
		k, secret, err := keys.Rotate(t.Context(), as(account.Admin), key.ID, overlap, "")
		if err != nil {
			t.Fatal(err)
		}
		if k.ID != key.ID || secret.Reveal()[:16] != first[:16] {
			t.Errorf("got %+v and %.16s, want the same key", k, secret.Reveal())
		}
		return k, secret.Reveal()
	}
	rotatedAt := s.clock.Now()
	rotated, second := rotate(24 * time.Hour)
	if want := rotatedAt.Add(24 * time.Hour); !rotated.OverlapEnds.Equal(want) {
		t.Errorf("got the overlap's end at %s, want %s", rotated.OverlapEnds, want)
	}
	if p := good(t, v, first); !p.ExpiresAt.Equal(rotated.OverlapEnds) {
		t.Errorf("got the old secret until %s, want the overlap's end", p.ExpiresAt)
	}
	if p := good(t, v, second); !p.ExpiresAt.IsZero() {
		t.Errorf("got the new secret until %s, want no end", p.ExpiresAt)
	}
	s.clock.Advance(24*time.Hour - time.Microsecond)
	good(t, v, first)
	s.clock.Advance(time.Microsecond)
	refused(t, v, first, problem.Unauthenticated)
	good(t, v, second)

	_, third := rotate(time.Hour)
	_, fourth := rotate(time.Hour)
	refused(t, v, second, problem.Unauthenticated) // a rotation ends the overlap of the one before it
	good(t, v, third)
	_, fifth := rotate(0)
	refused(t, v, third, problem.Unauthenticated)
	refused(t, v, fourth, problem.Unauthenticated)
	good(t, v, fifth)
}

func TestWhoMayChangeAPIKeys(t *testing.T) {
	t.Parallel()
	s := newKeyStack(t)
	keys, v := s.keys(), s.verifier()
	wide := session.NewAPIKey{Name: "Books", Permissions: []account.Permission{account.FinanceRead}}
	key, secret := s.create(keys, as(account.Owner), wide)
	good(t, v, secret)
	cached := s.cached(t, key.ID)
	if err := keys.Revoke(t.Context(), rival, key.ID); problem.CodeOf(err) != problem.NotFound || s.cached(t, key.ID) != cached {
		t.Errorf("another business revokes: got %v, and the cache has %q", err, s.cached(t, key.ID))
	}
	rotate := func(by session.Principal, id string, overlap time.Duration) error {
		_, _, err := keys.Rotate(t.Context(), by, id, overlap, "")
		return err
	}
	narrow := session.Principal{UserID: "dispatcher", AccountID: "acc_prairie", Grants: account.Grants{account.KeyManage: account.WholeAccount}}
	gone := as(account.Admin)
	gone.UserID = "ghost"
	for name, tt := range map[string]struct {
		err  error
		code problem.Code
	}{
		"another business rotates":       {rotate(rival, key.ID, 0), problem.NotFound},
		"one who may do less rotates":    {rotate(narrow, key.ID, 0), problem.Forbidden},
		"one who has left rotates":       {rotate(gone, key.ID, 0), problem.Forbidden},
		"one who has left revokes":       {keys.Revoke(t.Context(), gone, key.ID), problem.Forbidden},
		"one who has left creates":       {second(keys.Create(t.Context(), gone, reading, "")), problem.Forbidden},
		"no such key":                    {rotate(as(account.Owner), "AAAAAAAAAAAA", 0), problem.NotFound},
		"a path":                         {keys.Revoke(t.Context(), as(account.Owner), "../accounts/acc_prairie"), problem.NotFound},
		"an empty id":                    {keys.Revoke(t.Context(), as(account.Owner), ""), problem.NotFound},
		"too long an overlap":            {rotate(as(account.Owner), key.ID, 169*time.Hour), problem.Invalid},
		"an overlap below zero":          {rotate(as(account.Owner), key.ID, -time.Hour), problem.Invalid},
		"a permission that one lacks":    {second(keys.Create(t.Context(), as(account.Dispatcher), wide, "")), problem.Invalid},
		"a permission that no key has":   {second(keys.Create(t.Context(), as(account.Owner), session.NewAPIKey{Name: "x", Permissions: []account.Permission{account.KeyManage}}, "")), problem.Invalid},
		"a permission for a part of all": {second(keys.Create(t.Context(), as(account.Technician), session.NewAPIKey{Name: "x", Permissions: []account.Permission{account.RecordRead}}, "")), problem.Invalid},
	} {
		if tt.err == nil || problem.CodeOf(tt.err) != tt.code {
			t.Errorf("%s: got %v, want %s", name, tt.err, tt.code)
		}
	}
	good(t, v, secret) // nothing of that has changed it
	if got := s.eventsOf(t, "acc_harbour"); len(got) > 0 {
		t.Errorf("the other business is told %v", got)
	}
	if err := keys.Revoke(t.Context(), narrow, key.ID); err != nil {
		t.Errorf("one who may do less revokes: %v", err)
	}
	if err := rotate(as(account.Owner), key.ID, 0); problem.CodeOf(err) != problem.Conflict {
		t.Errorf("rotating a revoked key: got %v, want a conflict", err)
	}
	refused(t, v, secret, problem.Unauthenticated)
}

func second(_ session.APIKey, _ telemetry.Secret, err error) error { return err }

// A key that is revoked and rotated at the same time is revoked in the end.
func TestRotationBringsNoRevokedKeyBack(t *testing.T) {
	t.Parallel()
	s := newKeyStack(t)
	rotates, revokes, v := s.keys(), s.keys(), s.verifier()
	for range 3 {
		key, first := s.create(rotates, as(account.Admin), reading)
		good(t, v, first)
		var next telemetry.Secret
		var rotateErr, revokeErr error
		var wg sync.WaitGroup
		wg.Go(func() { _, next, rotateErr = rotates.Rotate(t.Context(), as(account.Admin), key.ID, time.Hour, "") })
		wg.Go(func() { revokeErr = revokes.Revoke(t.Context(), as(account.Owner), key.ID) })
		wg.Wait()
		if revokeErr != nil {
			t.Fatal(revokeErr)
		}
		refused(t, v, first, problem.Unauthenticated)
		if rotateErr == nil {
			refused(t, v, next.Reveal(), problem.Unauthenticated)
		}
	}
}

// Whatever keys say that they may do and whatever becomes of their creators, a key may do no more than its creator now.
func TestAPIKeysFollowTheirCreators(t *testing.T) {
	t.Parallel()
	s := newKeyStack(t)
	v := s.verifier()
	random := dice.New(dice.NewPCG(1, 2))
	all := make([]account.Permission, 0, 16)
	for p := range account.GrantsOf(account.Owner) {
		all = append(all, p)
	}
	slices.Sort(all)
	keys := s.keys()
	for range 40 {
		// A key that was given everything it asked for, as if no check had been made.
		key, secret := s.create(keys, as(account.Admin), reading)
		var given []string
		for _, p := range all {
			if random.IntN(2) == 0 {
				given = append(given, string(p))
			}
		}
		if _, err := s.fs.Doc("apikeys/"+key.ID).Update(t.Context(), []firestore.Update{{Path: "permissions", Value: given}}); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			role := account.Roles[random.IntN(len(account.Roles))]
			s.setRole("admin", role)
			p := good(t, v, secret)
			if !account.GrantsOf(role).Cover(p.Grants) {
				t.Errorf("given %v by who is now a %s, a key holds %v", given, role, p.Grants)
			}
			for permission := range p.Grants {
				if !slices.Contains(session.APIKeyPermissions, permission) || !slices.Contains(given, string(permission)) {
					t.Errorf("given %v, a key holds %s", given, permission)
				}
			}
		}
		s.setRole("admin", account.Admin)
		if err := keys.Revoke(t.Context(), as(account.Owner), key.ID); err != nil { // there may be 50 only
			t.Fatal(err)
		}
	}
}

// A request that died before its answer is tried again: there is one key, and the secret of the last answer opens it.
func TestARequestForAnAPIKeyThatIsTriedAgain(t *testing.T) {
	t.Parallel()
	s := newKeyStack(t)
	keys, v := s.keys(), s.verifier()
	ask := func(by session.Principal) (session.APIKey, string, error) {
		key, secret, err := keys.Create(t.Context(), by, reading, "request-1")
		return key, secret.Reveal(), err
	}
	first, lost, err := ask(as(account.Admin))
	if err != nil {
		t.Fatal(err)
	}
	second, secret, err := ask(as(account.Admin))
	if err != nil || second.ID != first.ID {
		t.Fatalf("got the key %s and %v, want %s again", second.ID, err, first.ID)
	}
	refused(t, v, lost, problem.Unauthenticated)
	good(t, v, secret)
	if _, _, err := ask(as(account.Admin)); problem.CodeOf(err) != problem.Conflict {
		t.Errorf("once the key is used, asking again gets %v, want a conflict", err)
	}
	if key, _, err := ask(rival); err != nil || key.ID == first.ID {
		t.Errorf("another account gets the key %s and %v, want one of its own", key.ID, err)
	}

	var last string
	for range 2 {
		_, rotated, err := keys.Rotate(t.Context(), as(account.Admin), first.ID, time.Hour, "request-2")
		if err != nil {
			t.Fatal(err)
		}
		last = rotated.Reveal()
	}
	good(t, v, secret) // for the overlap
	good(t, v, last)
}

func TestAPIKeyOfOneWhoLeft(t *testing.T) {
	t.Parallel()
	s := newKeyStack(t)
	v := s.verifier()
	_, secret := s.create(s.keys(), as(account.Admin), reading)
	accounts := account.NewStore(s.instance().Cloud, s.clock)
	good(t, v, secret)
	if err := accounts.SetStatus(t.Context(), "acc_prairie", "admin", account.Disabled); err != nil {
		t.Fatal(err)
	}
	s.seatChanged("admin")
	refused(t, v, secret, problem.Unauthenticated)
	if err := accounts.SetStatus(t.Context(), "acc_prairie", "admin", account.Active); err != nil {
		t.Fatal(err)
	}
	s.seatChanged("admin")
	good(t, v, secret)
	s.setRole("admin", "root")
	if p := good(t, v, secret); len(p.Grants) > 0 {
		t.Errorf("of a role that does not exist, a key holds %v", p.Grants)
	}
	if _, err := s.fs.Doc("accounts/acc_prairie/members/admin").Delete(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.seatChanged("admin")
	refused(t, v, secret, problem.Unauthenticated)
}

func TestAPIKeyAddresses(t *testing.T) {
	t.Parallel()
	s := newKeyStack(t)
	v := s.verifier()
	n := reading
	n.IPAllow = []string{"203.0.113.0/24", "2001:db8::7"}
	_, secret := s.create(s.keys(), as(account.Admin), n)
	for addr, want := range map[string]bool{"203.0.113.9": true, "::ffff:203.0.113.9": true, "2001:db8::7": true, "198.51.100.1": false, "2001:db8::8": false} {
		ctx := httpapi.WithClientIP(t.Context(), netip.MustParseAddr(addr))
		for range 2 { // the second time from the cache
			_, err := v.Verify(ctx, secret)
			if want != (err == nil) || (err != nil && problem.CodeOf(err) != problem.Forbidden) {
				t.Errorf("from %s: got %v", addr, err)
			}
		}
	}
	refused(t, v, secret, problem.Forbidden) // it is not known from where
}

func TestFiftyAPIKeys(t *testing.T) {
	t.Parallel()
	s := newKeyStack(t)
	keys := s.keys()
	short := reading
	soon := s.clock.Now().Add(time.Hour)
	short.ExpiresAt = &soon
	var last session.APIKey
	for i := range 48 {
		n := reading
		if i < 3 {
			n = short
		}
		last, _ = s.create(keys, as(account.Admin), n)
	}
	// Of many at the same time, two fit.
	const n = 6
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { errs[i] = second(keys.Create(t.Context(), as(account.Admin), reading, "")) })
	}
	wg.Wait()
	var made int
	for _, err := range errs {
		switch problem.CodeOf(err) {
		case problem.Conflict, problem.Unavailable: // Unavailable: it gave up against the others
		default:
			if err != nil {
				t.Fatal(err)
			}
			made++
		}
	}
	if made > 2 {
		t.Errorf("got %d keys beside 48, want 2 at most", made)
	}
	for range 2 - made {
		s.create(keys, as(account.Admin), reading)
	}
	full := func() {
		t.Helper()
		if err := second(keys.Create(t.Context(), as(account.Admin), reading, "")); problem.CodeOf(err) != problem.Conflict {
			t.Errorf("got %v, want a conflict", err)
		}
	}
	full()
	if _, _, err := keys.Create(t.Context(), rival, reading, ""); err != nil {
		t.Errorf("another business: %v", err)
	}
	// A revoked key makes room, and so do three that have expired.
	if err := keys.Revoke(t.Context(), as(account.Admin), last.ID); err != nil {
		t.Fatal(err)
	}
	s.create(keys, as(account.Admin), reading)
	full()
	s.clock.Advance(time.Hour)
	for range 3 {
		s.create(keys, as(account.Admin), reading)
	}
	full()

	// All are listed, the newest first, in pages.
	var all []session.APIKey
	var after session.APIKeyPosition
	for more := true; more; {
		var page []session.APIKey
		var err error
		if page, more, err = keys.List(t.Context(), "acc_prairie", after, 20); err != nil {
			t.Fatal(err)
		}
		all = append(all, page...)
		after = session.APIKeyPosition{CreatedAt: page[len(page)-1].CreatedAt, ID: page[len(page)-1].ID}
	}
	seen := map[string]bool{}
	for i, k := range all {
		if seen[k.ID] || (i > 0 && k.CreatedAt.After(all[i-1].CreatedAt)) {
			t.Errorf("%d: %s is listed twice or out of order", i, k.ID)
		}
		seen[k.ID] = true
	}
	if len(all) != 54 {
		t.Errorf("got %d keys, want 54", len(all))
	}
}

func TestEndedAPIKeysAreDeletedLongAfter(t *testing.T) {
	t.Parallel()
	s := newKeyStack(t)
	keys := s.keys()
	forever, _ := s.create(keys, as(account.Admin), reading)
	if at, ok := s.stored(forever.ID)["deleteAt"]; ok {
		t.Errorf("a key without an end is deleted at %v", at)
	}
	if err := keys.Revoke(t.Context(), as(account.Admin), forever.ID); err != nil {
		t.Fatal(err)
	}
	n := reading
	soon := s.clock.Now().Add(time.Hour)
	n.ExpiresAt = &soon
	expiring, _ := s.create(keys, as(account.Admin), n)
	const year = 365 * 24 * time.Hour
	for id, want := range map[string]time.Time{forever.ID: s.clock.Now().Add(year), expiring.ID: soon.Add(year)} {
		if got, _ := s.stored(id)["deleteAt"].(time.Time); !got.Equal(want) {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestUseOfAPIKeysIsNoted(t *testing.T) {
	t.Parallel()
	s := newKeyStack(t)
	keys := s.keys()
	key, secret := s.create(keys, as(account.Admin), reading)
	lastUsed := func() time.Time {
		t.Helper()
		list, _, err := keys.List(t.Context(), "acc_prairie", session.APIKeyPosition{}, 1)
		if err != nil {
			t.Fatal(err)
		}
		return list[0].LastUsedAt
	}
	wrong, _ := s.create(s.keys(), rival, reading)
	refused(t, s.verifier(), secret[:4]+wrong.ID+secret[16:], problem.Unauthenticated)
	if got := lastUsed(); !got.IsZero() {
		t.Errorf("before it was used: got %s", got)
	}
	here := s.verifier()
	first := s.clock.Now()
	good(t, here, secret)
	if got := lastUsed(); !got.Equal(first) {
		t.Errorf("got %s, want %s", got, first)
	}
	s.clock.Advance(time.Minute)
	good(t, here, secret)         // it remembers
	good(t, s.verifier(), secret) // Redis remembers
	if got := lastUsed(); !got.Equal(first) {
		t.Errorf("within five minutes: got %s, want %s", got, first)
	}
	alone := s.verifier("REDIS_URL", nowhere) // remembers for itself
	good(t, alone, secret)
	second := s.clock.Now()
	s.clock.Advance(5*time.Minute - time.Microsecond)
	good(t, alone, secret)
	if got := lastUsed(); !got.Equal(second) {
		t.Errorf("within five minutes, without Redis: got %s, want %s", got, second)
	}
	s.clock.Advance(time.Microsecond)
	good(t, alone, secret)
	if got := lastUsed(); !got.Equal(s.clock.Now()) {
		t.Errorf("after five minutes: got %s, want %s", got, s.clock.Now())
	}
	// A use that cannot be stored is no reason to refuse.
	if _, err := s.fs.Doc("apikeys/" + key.ID).Delete(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.forget(t, "used:"+key.ID)
	good(t, s.verifier(), secret) // what is cached
	if !strings.Contains(s.log.String(), "the use of an API key was not stored") {
		t.Error("it is not logged that the use was not stored")
	}
}

// proxy passes connections on to Redis until it is cut.
type proxy struct {
	url string
	cut func()
}

func newProxy(t *testing.T, redisURL string) proxy {
	t.Helper()
	target := strings.TrimSuffix(strings.TrimPrefix(redisURL, "redis://"), "/0")
	target, _, _ = strings.Cut(target, "/")
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var open []net.Conn
	cut := func() {
		_ = listener.Close() // the second time it is closed already
		mu.Lock()
		defer mu.Unlock()
		for _, c := range open {
			_ = c.Close()
		}
	}
	go func() {
		for {
			from, err := listener.Accept()
			if err != nil {
				return
			}
			to, err := net.Dial("tcp", target)
			if err != nil {
				_ = from.Close()
				continue
			}
			mu.Lock()
			open = append(open, from, to)
			mu.Unlock()
			go func() { _, _ = io.Copy(to, from) }()
			go func() { _, _ = io.Copy(from, to) }()
		}
	}()
	t.Cleanup(cut)
	return proxy{url: "redis://" + listener.Addr().String() + "?max_retries=-1", cut: cut}
}

func TestAPIKeysWithoutRedis(t *testing.T) {
	t.Parallel()
	s := newKeyStack(t)
	p := newProxy(t, s.env["REDIS_URL"])
	keys, v := s.keys("REDIS_URL", p.url), s.verifier("REDIS_URL", p.url)
	key, secret := s.create(keys, as(account.Admin), reading)
	other, otherSecret := s.create(keys, as(account.Admin), reading)
	good(t, v, secret)
	good(t, v, otherSecret)
	if s.cached(t, key.ID) == "" {
		t.Fatal("the key is not cached, so this shows nothing")
	}
	p.cut()
	good(t, v, secret)
	if err := keys.Revoke(t.Context(), as(account.Admin), key.ID); err != nil {
		t.Fatal(err)
	}
	refused(t, v, secret, problem.Unauthenticated)
	_, rotated, err := keys.Rotate(t.Context(), as(account.Admin), other.ID, 0, "")
	if err != nil {
		t.Fatal(err)
	}
	refused(t, v, otherSecret, problem.Unauthenticated)
	good(t, v, rotated.Reveal())
	if !strings.Contains(s.log.String(), "Redis cannot be told") {
		t.Error("it is not logged that the cache could not be told")
	}
	// What Redis has and nobody can read opens nothing, and keeps nobody out.
	redis, err := s.instance().Cloud.Redis()
	if err != nil {
		t.Fatal(err)
	}
	for _, broken := range []string{"", "{", "null", `{"Account":"acc_prairie"}`, `{"Hash":"","Permissions":["record:read"]}`} {
		if err := redis.Set(t.Context(), s.env["REDIS_PREFIX"]+"key:"+key.ID, broken, time.Minute).Err(); err != nil {
			t.Fatal(err)
		}
		refused(t, s.verifier(), secret, problem.Unauthenticated)
	}
}

// What is no key is refused before anybody is asked; what may be one is not let in while nobody can be asked.
func TestMalformedAPIKeysAskNobody(t *testing.T) {
	var asked atomic.Int64
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			asked.Add(1)
			_ = c.Close()
		}
	}()
	t.Setenv("FIRESTORE_EMULATOR_HOST", listener.Addr().String())
	in := newInstance(t)
	env := envconfig.MultiLookuper(envconfig.MapLookuper(map[string]string{"REDIS_URL": "redis://" + listener.Addr().String() + "?max_retries=-1"}), in.Lookup)
	if in, err = instance.New(t.Context(), env, in.Clock, in.Log); err != nil {
		t.Fatal(err)
	}
	v, err := session.NewAuthenticator(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	const key = "fbk_" + "0123456789AB" + "abcdefghijklmnopqrstuvwxyz0123456789ABCD" + "0pfrhL"
	for _, token := range []string{
		"fbk_", key[:61], key + "L", key[:61] + "M", "fbk_1" + key[5:], strings.Replace(key, "a", "-", 1), strings.Replace(key, "a", "/", 1),
		key[:16] + "../../../sessions" + key[33:], key + "\n", "fbk_" + strings.Repeat("0", 58), "fbk_" + strings.Repeat("A", 5000),
	} {
		refused(t, v, token, problem.Unauthenticated)
	}
	if n := asked.Load(); n != 0 {
		t.Errorf("somebody was asked %d times", n)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if p, err := v.Verify(ctx, key); problem.CodeOf(err) != problem.Unavailable || p.Grants != nil {
		t.Errorf("got %+v, %v, want Unavailable", p, err)
	}
	if asked.Load() == 0 {
		t.Error("nobody was asked of a key that may be one, so this shows nothing")
	}
}

// BenchmarkAuthenticateAPIKey is a verification with a real Redis that has the key, and the creator read from the Firestore
// emulator each time.
func BenchmarkAuthenticateAPIKey(b *testing.B) {
	s := newKeyStack(b)
	v := s.verifier()
	_, secret := s.create(s.keys(), as(account.Admin), reading)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := v.Verify(b.Context(), secret); err != nil {
			b.Fatal(err)
		}
	}
}
