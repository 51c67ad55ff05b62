package security_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"fieldboard.dev/fieldboard/emulators/demo"
	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/tests/harness"
)

const (
	sessionPath = "/api/v1/session"
	refreshPath = "/api/v1/session/refresh"
)

// grant is what a browser holds after a sign-in or a refresh.
type grant struct {
	status int
	access string
	cookie string // the refresh token
}

func grantOf(t *testing.T, r result) grant {
	t.Helper()
	g := grant{status: r.status}
	var body struct{ AccessToken string }
	if r.status == http.StatusOK {
		if err := json.Unmarshal([]byte(r.body), &body); err != nil {
			t.Fatal(err)
		}
	}
	g.access = body.AccessToken
	for _, c := range (&http.Response{Header: r.header}).Cookies() {
		if c.Name == "__session" {
			g.cookie = c.Value
		}
	}
	return g
}

// asBrowser are the headers of a call from a page, with the cookie that the browser keeps; an empty text leaves one out.
func asBrowser(origin, cookie string) http.Header {
	h := http.Header{}
	if origin != "" {
		h.Set("Origin", origin)
	}
	if cookie != "" {
		h.Set("Cookie", "__session="+cookie)
	}
	return h
}

func signIn(t *testing.T, stack *harness.Stack, who, cookie string) grant {
	t.Helper()
	idToken, err := stack.Auth.SignIn(t.Context(), who+"@demo.fieldboard.test", demo.Password)
	if err != nil {
		t.Fatal(err)
	}
	g := grantOf(t, try(t, stack, attempt{method: "POST", path: sessionPath, header: asBrowser(stack.URL, cookie), body: `{"idToken":"` + idToken + `"}`}))
	if g.status != http.StatusOK || g.access == "" || g.cookie == "" {
		t.Fatalf("the sign-in of the %s got %+v", who, g)
	}
	return g
}

func refresh(t *testing.T, stack *harness.Stack, cookie string) grant {
	t.Helper()
	return grantOf(t, try(t, stack, attempt{method: "POST", path: refreshPath, header: asBrowser(stack.URL, cookie)}))
}

func me(t *testing.T, stack *harness.Stack, token string) int {
	t.Helper()
	return try(t, stack, attempt{path: "/api/v1/me", token: token}).status
}

// What a browser sends along by itself counts for nothing unless it says that a page of ours asked.
func TestCookiesOfForeignPages(t *testing.T) {
	t.Parallel()
	stack := harness.New(t, harness.Options{})
	victim := signIn(t, stack, "owner", "")
	from := func(name, value string) http.Header {
		h := asBrowser("", victim.cookie)
		if name != "" {
			h.Set(name, value)
		}
		return h
	}
	headers := map[string]http.Header{
		"no origin": from("", ""), "another origin": from("Origin", "https://evil.example"), "the null origin": from("Origin", "null"),
		"another port": from("Origin", "http://127.0.0.1:1"), "an origin that begins alike": from("Origin", stack.URL+".evil.example"),
		"another site": from("Sec-Fetch-Site", "cross-site"), "the same site": from("Sec-Fetch-Site", "same-site"), "an address typed in": from("Sec-Fetch-Site", "none"),
	}
	both := from("Origin", stack.URL)
	both.Set("Sec-Fetch-Site", "cross-site")
	headers["an origin that a page cannot have set"] = both
	var attempts []attempt
	for what, h := range headers {
		attempts = append(attempts,
			attempt{name: "refresh from " + what, method: "POST", path: refreshPath, header: h, code: problem.Forbidden},
			attempt{name: "sign-out from " + what, method: "DELETE", path: sessionPath, header: h, code: problem.Forbidden})
	}
	refuseAll(t, stack, append(attempts,
		attempt{name: "a read by cookie", path: "/api/v1/me", header: asBrowser(stack.URL, victim.cookie), code: problem.Unauthenticated},
		attempt{name: "a write by cookie", method: "DELETE", path: theViewer, header: asBrowser(stack.URL, victim.cookie), code: problem.Unauthenticated},
		attempt{name: "a refresh by GET", path: refreshPath, header: asBrowser(stack.URL, victim.cookie), code: problem.MethodNotAllow},
		attempt{name: "a cookie that is none", method: "POST", path: refreshPath, header: asBrowser(stack.URL, "../../x"), code: problem.Unauthenticated},
		attempt{name: "a huge cookie", method: "POST", path: refreshPath, header: asBrowser(stack.URL, strings.Repeat("A", 4000)), code: problem.Unauthenticated},
		attempt{
			name: "a form that signs a victim in", method: "POST", path: sessionPath, code: problem.Unsupported,
			header: http.Header{"Origin": {stack.URL}, "Content-Type": {"text/plain"}}, body: `{"idToken":"x"}`,
		},
		attempt{name: "a foreign page that signs a victim in", method: "POST", path: sessionPath, header: asBrowser("https://evil.example", ""), body: `{"idToken":"x"}`, code: problem.Forbidden},
	))
	if g := refresh(t, stack, victim.cookie); g.status != http.StatusOK {
		t.Errorf("the victim's own page: got %d", g.status)
	}
}

// A session that an attacker put into a victim's browser is not the one that the victim comes to use.
func TestSessionFixation(t *testing.T) {
	t.Parallel()
	stack := harness.New(t, harness.Options{})
	planted := signIn(t, stack, "viewer", "")
	victim := signIn(t, stack, "owner", planted.cookie)
	if victim.cookie == planted.cookie || victim.access == planted.access {
		t.Error("the victim got the planted session")
	}
	for what, status := range map[string]int{
		"the planted access token": me(t, stack, planted.access), "the planted refresh token": refresh(t, stack, planted.cookie).status,
	} {
		if status != http.StatusUnauthorized {
			t.Errorf("%s still works: %d", what, status)
		}
	}
	if got := me(t, stack, victim.access); got != http.StatusOK {
		t.Errorf("the victim is signed out: %d", got)
	}
	// Nor does a token that nobody issued become one.
	made := strings.Repeat("A", len(victim.cookie))
	if g := signIn(t, stack, "owner", made); g.cookie == made {
		t.Error("a made-up token was taken over")
	}
}

// A thief and the victim cannot both go on: whoever comes second with a spent token ends the session, and the victim is told.
func TestStolenRefreshToken(t *testing.T) {
	t.Parallel()
	for name, thiefFirst := range map[string]bool{"the thief is first": true, "the victim is first": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			now := clock.NewShifted(time.Now())
			stack := harness.New(t, harness.Options{Clock: now})
			signedIn := signIn(t, stack, "admin", "")
			stolen := signedIn.cookie
			live := connect(t, stack, signedIn.access)
			first := refresh(t, stack, stolen)
			if first.status != http.StatusOK {
				t.Fatalf("the first refresh: %d", first.status)
			}
			now.Advance(2 * time.Minute) // past the grace for an honest retry
			second := refresh(t, stack, stolen)
			if second.status != http.StatusUnauthorized || second.access != "" {
				t.Errorf("the spent token: %+v", second)
			}
			if thiefFirst { // with what came of the theft
				if got := refresh(t, stack, first.cookie).status; got != http.StatusUnauthorized {
					t.Errorf("the thief goes on: %d", got)
				}
			}
			for _, access := range []string{signedIn.access, first.access} {
				if got := me(t, stack, access); got != http.StatusUnauthorized {
					t.Errorf("an access token of the session: %d", got)
				}
			}
			live.closed(t, endedSession)
			told := eventsOf(t, stack, "security.refresh_reused")
			slices.Sort(told)
			if !slices.Equal(told, []string{"personal demo-admin", "security demo-admin"}) {
				t.Errorf("told %q", told)
			}
		})
	}
}

// Tabs, retries and attackers that refresh at once leave one successor, and nobody is signed out.
func TestRaceOfRefreshes(t *testing.T) {
	t.Parallel()
	stack := harness.New(t, harness.Options{})
	signedIn := signIn(t, stack, "owner", "")
	const racers = 100
	grants := make([]grant, racers)
	var racing sync.WaitGroup
	for i := range racers {
		racing.Go(func() { grants[i] = refresh(t, stack, signedIn.cookie) })
	}
	racing.Wait()
	successors := map[string]bool{}
	for _, g := range grants {
		if g.status != http.StatusOK {
			t.Errorf("one was refused: %d", g.status)
		}
		successors[g.cookie] = true
	}
	if len(successors) != 1 {
		t.Errorf("there are %d successors, want 1", len(successors))
	}
	if got := me(t, stack, signedIn.access); got != http.StatusOK {
		t.Errorf("the member was signed out: %d", got)
	}
}

// eventsOf returns the audience and the member of each event of a type.
func eventsOf(t *testing.T, stack *harness.Stack, typ string) []string {
	t.Helper()
	fs, err := stack.Cloud.Firestore(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	found, err := fs.Collection("accounts/acc_demo/events").Where("type", "==", typ).Documents(t.Context()).GetAll()
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, d := range found {
		audience, _ := d.Data()["audience"].(string)
		member, _ := d.Data()["member"].(string)
		list = append(list, audience+" "+member)
	}
	return list
}
