package jobber

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"fieldboard.dev/fieldboard/shared/clock"
)

// grant is one connection of the app to an account: made by one authorization, kept alive by refreshes.
type grant struct {
	account int
	userID  int64
	scopes  []string
	refresh string // the only refresh token that is good
}

// access is what an access token stands for.
type access struct {
	grant        *grant
	scopes       []string
	expires      time.Time
	disconnected bool // by the app or by the user, as against one that was never known
}

type code struct {
	account     int
	userID      int64
	redirectURI string
	expires     time.Time
}

// tokens is the memory of the OAuth server. It is safe for concurrent use.
type tokens struct {
	clock clock.Clock
	key   []byte // signs access tokens; nobody else can check them, as with Jobber

	mu        sync.Mutex
	codes     map[string]code
	refreshes map[string]*grant
	accesses  map[string]*access
}

func newTokens(clk clock.Clock) *tokens {
	return &tokens{
		clock: clk, key: []byte(randomHex(32)),
		codes: map[string]code{}, refreshes: map[string]*grant{}, accesses: map[string]*access{},
	}
}

// newCode returns a code that can be exchanged once.
func (t *tokens) newCode(account int, userID int64, redirectURI string) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.clock.Now()
	maps.DeleteFunc(t.codes, func(_ string, c code) bool { return !c.expires.After(now) })
	value := randomHex(32)
	t.codes[value] = code{account, userID, redirectURI, now.Add(codeLife)}
	return value
}

// pair is what the token endpoint gives out.
type pair struct {
	access, refresh string
	expires         time.Time
	account         int
}

// exchange turns a code into a grant. A code that was used, is too old or was made for another redirect URI is no good.
func (t *tokens) exchange(value, redirectURI, clientID string, scopes []string) (pair, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	c, ok := t.codes[value]
	delete(t.codes, value)
	if !ok || !c.expires.After(t.clock.Now()) || c.redirectURI != redirectURI {
		return pair{}, false
	}
	g := &grant{account: c.account, userID: c.userID, scopes: slices.Clone(scopes), refresh: randomHex(16)}
	t.refreshes[g.refresh] = g
	return t.issue(g, clientID), true
}

// renew turns a refresh token into new tokens. With rotation the old one is dead afterwards.
func (t *tokens) renew(value, clientID string, rotate bool) (pair, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	g, ok := t.refreshes[value]
	if !ok {
		return pair{}, false
	}
	if rotate {
		delete(t.refreshes, value)
		g.refresh = randomHex(16)
		t.refreshes[g.refresh] = g
	}
	return t.issue(g, clientID), true
}

// issue makes an access token in the form that Jobber's have. The caller holds mu.
func (t *tokens) issue(g *grant, clientID string) pair {
	now := t.clock.Now()
	maps.DeleteFunc(t.accesses, func(_ string, a *access) bool { return now.Sub(a.expires) > accessTokenLife })
	expires := now.Add(accessTokenLife).Truncate(time.Second)
	signed, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
		"sub": g.userID, "iss": "https://api.getjobber.com", "client_id": clientID, "scope": strings.Join(g.scopes, " "),
		"app_id": clientID, "user_id": g.userID, "account_id": g.account, "exp": expires.Unix(),
		"jti": randomHex(8),
	}).SignedString(t.key)
	if err != nil {
		panic("jobber: signing with HMAC cannot fail: " + err.Error())
	}
	t.accesses[signed] = &access{grant: g, scopes: g.scopes, expires: expires}
	return pair{signed, g.refresh, expires, g.account}
}

// find returns what an access token stands for; nil when it was never given out or has been revoked.
func (t *tokens) find(value string) *access {
	t.mu.Lock()
	defer t.mu.Unlock()
	a, ok := t.accesses[value]
	if !ok {
		return nil
	}
	found := *a
	return &found
}

// connected says whether the app has a living grant for the account.
func (t *tokens) connected(account int) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, g := range t.refreshes {
		if g.account == account {
			return true
		}
	}
	return false
}

// disconnect kills every token of the account and reports whether there was one.
func (t *tokens) disconnect(account int) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	before := len(t.refreshes)
	maps.DeleteFunc(t.refreshes, func(_ string, g *grant) bool { return g.account == account })
	for _, a := range t.accesses {
		if a.grant.account == account {
			a.disconnected = true
		}
	}
	return len(t.refreshes) < before
}

// revoke forgets an access token, and with connection the refresh token that belongs to it.
func (t *tokens) revoke(value string, connection bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if a, ok := t.accesses[value]; ok && connection {
		delete(t.refreshes, a.grant.refresh)
	}
	delete(t.accesses, value)
}

// expire makes every access token of the account look expired.
func (t *tokens) expire(account int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, a := range t.accesses {
		if a.grant.account == account {
			a.expires = t.clock.Now()
		}
	}
}
