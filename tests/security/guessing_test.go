package security_test

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/tests/harness"
)

// ownWords are what an answer says of the request itself: its id, and the id that was asked for.
var ownWords = regexp.MustCompile(`"requestId":"[^"]*"|\\"[\w-]*\\"`)

// sameAnswer tells where two answers differ in what an attacker can see.
func sameAnswer(t *testing.T, what string, one, other result) {
	t.Helper()
	if one.status != other.status || ownWords.ReplaceAllString(one.body, "") != ownWords.ReplaceAllString(other.body, "") {
		t.Errorf("%s: what exists is answered with %d %s, what does not with %d %s", what, one.status, one.body, other.status, other.body)
	}
	for name := range one.header {
		if _, both := other.header[name]; !both {
			t.Errorf("%s: only what exists is answered with %s", what, name)
		}
	}
}

// made is a key with its secret.
type made struct {
	Key    struct{ ID string }
	Secret string
}

func makeKey(t *testing.T, stack *harness.Stack, who, body string) made {
	t.Helper()
	got := try(t, stack, attempt{method: "POST", path: keys, token: stack.As(t, who).AccessToken, body: body})
	var m made
	if err := json.Unmarshal([]byte(got.body), &m); err != nil || m.Secret == "" {
		t.Fatalf("making a key: %d %s %v", got.status, got.body, err)
	}
	return m
}

// withSecret returns the key with another secret, and a checksum that is right.
func withSecret(t *testing.T, key, id string) string {
	t.Helper()
	const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	random := make([]byte, 40)
	rand.Read(random)
	for i, b := range random {
		random[i] = digits[int(b)%len(digits)]
	}
	text := key[:4] + id + string(random)
	return text + checksum(text, digits)
}

func checksum(text, digits string) string {
	sum := crc32.ChecksumIEEE([]byte(text))
	var out [6]byte
	for i := len(out) - 1; i >= 0; i-- {
		out[i] = digits[sum%62]
		sum /= 62
	}
	return string(out[:])
}

// Nobody learns from an answer whether a person, a key or a session exists. How long the answers take is printed.
func TestNothingTellsWhatExists(t *testing.T) {
	t.Parallel()
	stack := harness.New(t, harness.Options{})
	owner, admin := stack.As(t, "owner").AccessToken, stack.As(t, "admin").AccessToken
	other := stack.As(t, "other").AccessToken
	reading := `{"name":"x","permissions":["record:read"]}`
	key := makeKey(t, stack, "owner", reading)
	victim := signIn(t, stack, "owner", "")

	t.Run("of another business", func(t *testing.T) {
		sessions := try(t, stack, attempt{path: "/api/v1/sessions", token: owner})
		var list struct{ Items []struct{ ID string } }
		if err := json.Unmarshal([]byte(sessions.body), &list); err != nil || len(list.Items) == 0 {
			t.Fatalf("no sessions: %s", sessions.body)
		}
		for _, tt := range []struct{ method, path, exists, body string }{
			{"GET", members + "/%s", "demo-owner", ""},
			{"PATCH", members + "/%s", "demo-viewer", `{"name":"x"}`},
			{"DELETE", members + "/%s", "demo-viewer", ""},
			{"GET", members + "/%s/sessions", "demo-viewer", ""},
			{"POST", keys + "/%s/rotations", key.Key.ID, "{}"},
			{"DELETE", keys + "/%s", key.Key.ID, ""},
			{"PATCH", "/api/v1/sessions/%s", list.Items[0].ID, `{"name":"x"}`},
			{"DELETE", "/api/v1/sessions/%s", list.Items[0].ID, ""},
		} {
			ask := func(id string) result {
				return try(t, stack, attempt{method: tt.method, path: fmt.Sprintf(tt.path, id), token: other, body: tt.body})
			}
			unknown := tt.exists[:len(tt.exists)-1] + "Z"
			sameAnswer(t, tt.method+" "+tt.path, ask(tt.exists), ask(unknown))
		}
	})
	t.Run("an address that is somebody's elsewhere", func(t *testing.T) {
		invite := func(email string) result {
			got := try(t, stack, attempt{method: "POST", path: invitations, token: admin, body: `{"email":"` + email + `","role":"viewer"}`})
			varying := regexp.MustCompile(`"(id|email|link|createdAt|expiresAt)":"[^"]*"`)
			got.body = varying.ReplaceAllString(got.body, "")
			return got
		}
		known, unknown := invite("owner@other.fieldboard.test"), invite("nobody@other.fieldboard.test")
		if sameAnswer(t, "an invitation", known, unknown); known.status != http.StatusCreated {
			t.Errorf("got %d %s", known.status, known.body)
		}
	})
	t.Run("keys", func(t *testing.T) {
		unknownID := withSecret(t, key.Secret, "zzzzzzzzzzzz")
		ask := func(token string) result { return try(t, stack, attempt{path: clients, token: token}) }
		known, unknown := ask(withSecret(t, key.Secret, key.Key.ID)), ask(unknownID)
		if sameAnswer(t, "a key", known, unknown); known.status != http.StatusUnauthorized {
			t.Errorf("got %d %s", known.status, known.body)
		}
		timed(t, "a wrong secret of a key that exists", func() { ask(withSecret(t, key.Secret, key.Key.ID)) }, "of one that does not", func() { ask(withSecret(t, key.Secret, "zzzzzzzzzzzz")) })
	})
	t.Run("refresh tokens", func(t *testing.T) {
		forged := func(sid string) string {
			random := make([]byte, 32)
			rand.Read(random)
			_, rest, _ := strings.Cut(victim.cookie, ".")
			return sid + "." + base64.RawURLEncoding.EncodeToString(random)[:min(43, len(rest))] + rest[min(43, len(rest)):]
		}
		sid, _, _ := strings.Cut(victim.cookie, ".")
		ask := func(cookie string) result {
			return try(t, stack, attempt{method: "POST", path: refreshPath, header: asBrowser(stack.URL, cookie)})
		}
		ghost := strings.Repeat("0", len(sid))
		known, unknown := ask(forged(sid)), ask(forged(ghost))
		if sameAnswer(t, "a refresh token", known, unknown); known.status != http.StatusUnauthorized {
			t.Errorf("got %d %s", known.status, known.body)
		}
		timed(t, "a forged token of a session that exists", func() { ask(forged(sid)) }, "of one that does not", func() { ask(forged(ghost)) })
		if g := refresh(t, stack, victim.cookie); g.status != http.StatusOK {
			t.Errorf("the forgeries harmed the victim: %d", g.status)
		}
	})
}

// timed prints how long two ways take, in turns, so that noise is the same for both.
func timed(t *testing.T, one string, do func(), other string, doOther func()) {
	t.Helper()
	const rounds = 100
	var took [2][]time.Duration
	for range rounds {
		for i, f := range []func(){do, doOther} {
			started := time.Now()
			f()
			took[i] = append(took[i], time.Since(started))
		}
	}
	quantile := func(i int, q float64) time.Duration {
		slices.Sort(took[i])
		return took[i][int(q*float64(rounds-1))].Round(10 * time.Microsecond)
	}
	t.Logf("%s: p10 %s, p50 %s, p90 %s; %s: p10 %s, p50 %s, p90 %s", one, quantile(0, .1), quantile(0, .5), quantile(0, .9),
		other, quantile(1, .1), quantile(1, .5), quantile(1, .9))
}

// Guessing meets the limits of where it comes from, however the attacker names the place; those who know a secret go on.
func TestGuessing(t *testing.T) {
	t.Parallel()
	stack := harness.New(t, harness.Options{Settings: map[string]string{"RATE_LIMIT_FACTOR": "1", "RATE_LIMIT_TIMEOUT": "1m"}})
	key := makeKey(t, stack, "owner", `{"name":"x","permissions":["record:read"]}`)
	elsewhere := makeKey(t, stack, "owner", `{"name":"y","permissions":["record:read"],"ipAllow":["198.51.100.7"]}`)
	before := stored(t, stack)
	forged := func(i int) http.Header {
		address := fmt.Sprintf("203.0.113.%d", i%250)
		return http.Header{
			"X-Forwarded-For": {address, "198.51.100.7"}, "X-Real-Ip": {address}, "True-Client-Ip": {address}, "Cf-Connecting-Ip": {address},
			"Forwarded": {"for=" + address}, "X-Client-Ip": {address}, "X-Cluster-Client-Ip": {address},
		}
	}
	if got := try(t, stack, attempt{path: clients, token: elsewhere.Secret, header: forged(1)}); got.status != http.StatusForbidden {
		t.Errorf("a key that may be used from one address alone is taken from another that says it is that one: %d %s", got.status, got.body)
	}
	ways := map[string]func(i int) attempt{
		"keys by their secret": func(i int) attempt {
			return attempt{path: clients, token: withSecret(t, key.Secret, key.Key.ID), header: forged(i)}
		},
		"sign-ins": func(i int) attempt {
			h := forged(i)
			h.Set("Origin", stack.URL)
			return attempt{method: "POST", path: sessionPath, header: h, body: `{"idToken":"guess"}`}
		},
		"invitations": func(i int) attempt {
			return attempt{method: "POST", path: invitations + "/lookups", header: forged(i), body: `{"token":"` + strings.Repeat("A", 43) + `"}`}
		},
		"refresh tokens": func(i int) attempt {
			h := forged(i)
			h.Set("Origin", stack.URL)
			h.Set("Cookie", "__session="+strings.Repeat("0", 32)+"."+strings.Repeat("A", 60))
			return attempt{method: "POST", path: refreshPath, header: h}
		},
	}
	for what, ask := range ways {
		answers := map[int]int{}
		for i := range 250 {
			got := try(t, stack, ask(i))
			answers[got.status]++
			if got.status == http.StatusTooManyRequests {
				if p := got.problem(t); p.Code != problem.RateLimited || got.header.Get("Retry-After") == "" {
					t.Errorf("%s: %v %s", what, got.header, got.body)
				}
			}
		}
		if answers[http.StatusTooManyRequests] < 100 || answers[http.StatusOK] > 0 {
			t.Errorf("%s: 250 guesses were answered with %v", what, answers)
		}
		t.Logf("%s: %v", what, answers)
	}
	if got := try(t, stack, attempt{path: clients, token: key.Secret}); got.status != http.StatusOK {
		t.Errorf("who knows the secret is refused: %d %s", got.status, got.body)
	}
	for path := range stored(t, stack) { // but for when the good key was used
		if _, known := before[path]; !known && !strings.Contains(path, "/events/") {
			t.Errorf("%s was made", path)
		}
	}
}

// What says that it is Jobber's and is not signed is not looked at.
func TestForgedWebhooks(t *testing.T) {
	t.Parallel()
	stack := harness.New(t, harness.Options{})
	const path = "/api/webhooks/jobber"
	notice := `{"data":{"webHookEvent":{"topic":"CLIENT_DESTROY","appId":"x","accountId":"MQ==","itemId":"MQ==","occurredAt":"2026-01-01T00:00:00Z"}}}`
	signed := func(signature ...string) http.Header { return http.Header{"X-Jobber-Hmac-Sha256": signature} }
	empty := "n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=" // of no text, by no key
	refuseAll(t, stack, []attempt{
		{name: "unsigned", method: "POST", path: path, body: notice, code: problem.Unauthenticated},
		{name: "signed with nothing", method: "POST", path: path, header: signed(""), body: notice, code: problem.Unauthenticated},
		{name: "signed by another", method: "POST", path: path, header: signed(empty), body: notice, code: problem.Unauthenticated},
		{name: "signed twice", method: "POST", path: path, header: signed(empty, empty), body: notice, code: problem.Unauthenticated},
		{name: "no base64", method: "POST", path: path, header: signed("%%%"), body: notice, code: problem.Unauthenticated},
		{name: "too large", method: "POST", path: path, header: signed(empty), body: strings.Repeat("x", 70_000), code: problem.TooLarge},
		{name: "read", path: path, code: problem.MethodNotAllow},
	})
}
