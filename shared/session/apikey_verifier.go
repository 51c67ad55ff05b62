package session

import (
	"context"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"time"

	"fieldboard.dev/fieldboard/shared/account"
	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/httpapi"
	"fieldboard.dev/fieldboard/shared/instance"
	"fieldboard.dev/fieldboard/shared/problem"
)

// NewAuthenticator returns a verifier of both access tokens and API keys, from an instance's settings. It dials nothing.
func NewAuthenticator(ctx context.Context, in *instance.Instance) (httpapi.Verifier, error) {
	sessions, err := NewVerifier(ctx, in)
	if err != nil {
		return nil, err
	}
	return &authenticator{sessions: sessions, keys: newAPIKeyVerifier(in)}, nil
}

type authenticator struct {
	sessions httpapi.Verifier
	keys     *apiKeyVerifier
}

// TakesAPIKeys says in the descriptions of operations that a key will do.
func (a *authenticator) TakesAPIKeys() bool { return true }

// Verify sends API keys to one verifier and everything else to the other: no access token begins as a key does.
func (a *authenticator) Verify(ctx context.Context, token string) (Principal, error) {
	if strings.HasPrefix(token, apiKeyPrefix) {
		return a.keys.Verify(ctx, token)
	}
	return a.sessions.Verify(ctx, token)
}

const (
	// A source may guess so often within guessSpan; what it shows after that is looked up in the cache only.
	maxGuesses = 60
	guessSpan  = time.Minute

	// The use of a key is stored once in useSpan, and for no longer than useTimeout.
	useSpan    = 5 * time.Minute
	useTimeout = time.Second

	maxTallied = 4096 // sources and keys that an instance remembers
)

// apiKeyVerifier checks API keys. It is safe for concurrent use.
type apiKeyVerifier struct {
	store    apiKeyReader
	cache    *apiKeyCache
	creators seats
	clock    clock.Clock
	log      *slog.Logger
	guesses  *tally[netip.Addr]
	uses     *tally[string]
}

var _ httpapi.Verifier = (*apiKeyVerifier)(nil)

// apiKeyReader is what a verification asks of Firestore.
type apiKeyReader interface {
	get(ctx context.Context, id string) (apiKeyDoc, error)
	used(ctx context.Context, id string, at time.Time) error
}

// seats tells a member's place now. *Standing does.
type seats interface {
	now(ctx context.Context, accountID, userID string) (seat, error)
}

func newAPIKeyVerifier(in *instance.Instance) *apiKeyVerifier {
	return &apiKeyVerifier{
		store:    &apiKeyStore{cloud: in.Cloud},
		cache:    &apiKeyCache{cloud: in.Cloud, clock: in.Clock, log: in.Log},
		creators: NewStanding(in),
		clock:    in.Clock,
		log:      in.Log,
		guesses:  newTally[netip.Addr](guessSpan),
		uses:     newTally[string](useSpan),
	}
}

// Verify returns whom a key speaks for: the member who created it, with what the key was given as far as that member holds it
// now. The error is a problem: Unauthenticated for a key that is not good, with one message for all who do not know its secret;
// Forbidden for a good key at an address that is not in its list; Unavailable when it cannot be found out.
func (v *apiKeyVerifier) Verify(ctx context.Context, token string) (Principal, error) {
	key, ok := parseAPIKey(token)
	if !ok {
		return Principal{}, errBadAPIKey()
	}
	now, from := v.clock.Now(), httpapi.ClientIP(ctx)
	source := sourceOf(from)
	guessing := v.guesses.count(source, now) >= maxGuesses
	d, err := v.lookUp(ctx, key.id, guessing)
	if err != nil {
		return Principal{}, err
	}
	present, previous := d.opens(key)
	if !present && !previous {
		v.guesses.add(source, now)
		return Principal{}, errBadAPIKey()
	}
	if err := d.refusal(!present, from, now); err != nil {
		return Principal{}, err
	}
	creator, err := v.creators.now(ctx, d.Account, d.CreatedBy)
	if err != nil {
		return Principal{}, err
	}
	if !creator.Active {
		return Principal{}, problem.New(problem.Unauthenticated, "Who created this API key may no longer come in. Ask for a new one.")
	}
	v.noteUse(ctx, key.id, now)
	return Principal{
		UserID:    d.CreatedBy,
		AccountID: d.Account,
		KeyID:     key.id,
		Plan:      creator.Plan,
		Grants:    apiKeyGrants(d.permissions(), account.GrantsOf(creator.Role)),
		ExpiresAt: d.endsAt(!present),
	}, nil
}

func errBadAPIKey() error { return problem.New(problem.Unauthenticated, "The API key is not valid.") }

// lookUp returns a key; the zero value when there is none by that id.
func (v *apiKeyVerifier) lookUp(ctx context.Context, id string, onlyCached bool) (apiKeyDoc, error) {
	d, answer := v.cache.get(ctx, id)
	if answer == cacheKnows || onlyCached {
		return d, nil
	}
	d, err := v.store.get(ctx, id)
	if err == nil && answer == cacheEmpty {
		v.cache.fill(ctx, id, d)
	}
	return d, err
}

// noteUse stores that the key was used, once in useSpan among all instances. It is done before the answer, because nothing of a
// function runs after it, and a failure is no reason to refuse the caller.
func (v *apiKeyVerifier) noteUse(ctx context.Context, id string, now time.Time) {
	if v.uses.add(id, now) > 1 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), useTimeout)
	defer cancel()
	if !v.cache.firstUse(ctx, id, useSpan) {
		return
	}
	if err := v.store.used(ctx, id, now); err != nil {
		v.log.WarnContext(ctx, "the use of an API key was not stored", "key", id, "error", err)
	}
}

// sourceOf is whom a guess is counted against: an address, or the network of 64 bits that one holder of IPv6 addresses has.
// Requests of which it is not known where they come from are one source.
func sourceOf(addr netip.Addr) netip.Addr {
	if !addr.Is6() || addr.Is4In6() {
		return addr.Unmap()
	}
	network, err := addr.WithZone("").Prefix(64)
	if err != nil {
		return netip.Addr{}
	}
	return network.Addr()
}

// tally counts what happens for each key within a span that begins with the first time. It remembers maxTallied keys at most:
// when there are more, it forgets those whose span is over, and if there are none, all.
type tally[K comparable] struct {
	span time.Duration

	mu     sync.Mutex
	counts map[K]*tallied
}

type tallied struct {
	since time.Time
	n     int
}

func newTally[K comparable](span time.Duration) *tally[K] {
	return &tally[K]{span: span, counts: map[K]*tallied{}}
}

// add counts one more, and returns how many there are with it.
func (t *tally[K]) add(key K, now time.Time) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	c, ok := t.counts[key]
	if !ok || t.over(c, now) {
		t.makeRoom(now)
		c = &tallied{since: now}
		t.counts[key] = c
	}
	c.n++
	return c.n
}

// count returns how many there are.
func (t *tally[K]) count(key K, now time.Time) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	c, ok := t.counts[key]
	if !ok || t.over(c, now) {
		return 0
	}
	return c.n
}

func (t *tally[K]) over(c *tallied, now time.Time) bool { return now.Sub(c.since) >= t.span }

func (t *tally[K]) makeRoom(now time.Time) {
	if len(t.counts) < maxTallied {
		return
	}
	for key, c := range t.counts {
		if t.over(c, now) {
			delete(t.counts, key)
		}
	}
	if len(t.counts) >= maxTallied {
		clear(t.counts)
	}
}
