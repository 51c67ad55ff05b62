package security_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/tests/harness"
)

const (
	members     = "/api/v1/members"
	theViewer   = "/api/v1/members/demo-viewer"
	invitations = "/api/v1/invitations"
	reports     = "/api/v1/reports"
	keys        = "/api/v1/api-keys"
	clients     = "/api/v1/clients"
)

// Everything here comes from somebody with a good session: what must not work is refused for what it is.
func TestCraftedRequests(t *testing.T) {
	t.Parallel()
	stack := harness.New(t, harness.Options{})
	owner, admin := stack.As(t, "owner").AccessToken, stack.As(t, "admin").AccessToken
	viewer := stack.As(t, "viewer").AccessToken

	t.Run("pollution", func(t *testing.T) {
		twice := http.Header{"Authorization": {"Bearer " + viewer, "Bearer " + owner}}
		refuseAll(t, stack, []attempt{
			{name: "two tokens", path: "/api/v1/me", header: twice, code: problem.Unauthenticated},
			{name: "a token twice", path: "/api/v1/me", token: owner, header: http.Header{"Authorization": {"Bearer " + owner}}, code: problem.Unauthenticated},
			{name: "a token in the query", path: "/api/v1/me?access_token=" + owner, code: problem.Unauthenticated},
			{name: "a token in the cookie", path: "/api/v1/me", header: http.Header{"Cookie": {"__session=" + owner}}, code: problem.Unauthenticated},
			{name: "a token by another scheme", path: "/api/v1/me", header: http.Header{"Authorization": {"Basic " + owner}}, code: problem.Unauthenticated},
			{name: "a parameter twice", path: clients + "?limit=1&limit=100", token: owner, code: problem.Invalid, fields: []string{"query.limit"}},
			{name: "a parameter in brackets", path: clients + "?limit[]=1", token: owner, code: problem.Invalid, fields: []string{"query.limit[]"}},
			{name: "a parameter in other letters", path: clients + "?Limit=1", token: owner, code: problem.Invalid, fields: []string{"query.Limit"}},
			{name: "an account", path: clients + "?account=acc_other", token: owner, code: problem.Invalid, fields: []string{"query.account"}},
			{name: "a role", path: members + "?role=owner", token: viewer, code: problem.Forbidden},
			{name: "a query that is none", path: clients + "?limit=%zz", token: owner, code: problem.Invalid, fields: []string{"query"}},
			{name: "a semicolon", path: clients + "?limit=1;limit=100", token: owner, code: problem.Invalid},
			{name: "a name twice", method: "PATCH", path: theViewer, token: admin, body: `{"role":"viewer","role":"admin"}`, code: problem.Invalid},
			{name: "a name twice, escaped", method: "PATCH", path: theViewer, token: admin, body: `{"role":"viewer","\u0072ole":"admin"}`, code: problem.Invalid},
			{
				name: "two keys of one request", method: "POST", path: keys, token: owner, header: http.Header{"Idempotency-Key": {"a", "b"}},
				body: `{"name":"x","permissions":["record:read"]}`, code: problem.Invalid, fields: []string{"header.Idempotency-Key"},
			},
			{
				name: "headers that name somebody else", path: members, token: viewer, code: problem.Forbidden,
				header: http.Header{"X-User-Id": {"demo-owner"}, "X-Account-Id": {"acc_demo"}, "X-Role": {"owner"}, "X-Original-Url": {"/api/v1/me"}, "X-Rewrite-Url": {"/api/v1/me"}},
			},
		})
	})

	t.Run("bodies", func(t *testing.T) {
		form := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
		plain := http.Header{"Content-Type": {"text/plain"}}
		utf7 := http.Header{"Content-Type": {"application/xml"}}
		deep := strings.Repeat(`{"settings":`, 4000) + "1" + strings.Repeat("}", 4000)
		refuseAll(t, stack, []attempt{
			{name: "too large", method: "PATCH", path: theViewer, token: admin, body: `{"name":"` + strings.Repeat("x", 70_000) + `"}`, code: problem.TooLarge},
			{name: "lists in lists", method: "PATCH", path: theViewer, token: admin, body: strings.Repeat("[", 30_000), code: problem.Invalid},
			{name: "objects in objects", method: "PATCH", path: "/api/v1/account", token: owner, body: deep, code: problem.Invalid},
			{name: "a thousand names", method: "PATCH", path: theViewer, token: admin, body: thousandNames(), code: problem.Invalid},
			{name: "no JSON", method: "PATCH", path: theViewer, token: admin, body: "{", code: problem.Invalid},
			{name: "two bodies", method: "PATCH", path: theViewer, token: admin, body: `{"name":"A"}{"name":"B"}`, code: problem.Invalid},
			{name: "a list", method: "PATCH", path: theViewer, token: admin, body: `[{"role":"admin"}]`, code: problem.Invalid},
			{name: "null", method: "POST", path: invitations, token: admin, body: `null`, code: problem.Invalid},
			{name: "a form", method: "PATCH", path: theViewer, token: admin, header: form, body: "role=admin", code: problem.Unsupported},
			{name: "JSON that says it is text", method: "PATCH", path: theViewer, token: admin, header: plain, body: `{"role":"admin"}`, code: problem.Unsupported},
			{name: "XML", method: "PATCH", path: theViewer, token: admin, header: utf7, body: `<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>`, code: problem.Unsupported},
			{name: "an operator", method: "PATCH", path: theViewer, token: admin, body: `{"role":{"$ne":""}}`, code: problem.Invalid, fields: []string{"body.role"}},
			{name: "NUL", method: "PATCH", path: theViewer, token: admin, body: `{"name":"A\u0000B"}`, code: problem.Invalid, fields: []string{"body.name"}},
			{name: "text that runs backwards", method: "PATCH", path: theViewer, token: admin, body: `{"name":"A\u202egpj.exe"}`, code: problem.Invalid, fields: []string{"body.name"}},
			{name: "isolates", method: "PATCH", path: theViewer, token: admin, body: `{"name":"\u2066A\u2069"}`, code: problem.Invalid, fields: []string{"body.name"}},
			{name: "a line's end", method: "PATCH", path: theViewer, token: admin, body: `{"name":"A\r\nBcc: x@evil.example"}`, code: problem.Invalid, fields: []string{"body.name"}},
			{name: "NUL in a key's name", method: "POST", path: keys, token: owner, body: `{"name":"A\u0000","permissions":["record:read"]}`, code: problem.Invalid, fields: []string{"body.name"}},
			{name: "RTL in a key's name", method: "POST", path: keys, token: owner, body: `{"name":"A\u202e","permissions":["record:read"]}`, code: problem.Invalid, fields: []string{"body.name"}},
			{name: "RTL in an invitation", method: "POST", path: invitations, token: admin, body: `{"email":"a@example.test","role":"viewer","name":"\u202eA"}`, code: problem.Invalid, fields: []string{"body.name"}},
			{name: "headers in an address", method: "POST", path: invitations, token: admin, body: `{"email":"a@example.test\r\nBcc: b@example.test","role":"viewer"}`, code: problem.Invalid, fields: []string{"body.email"}},
			{name: "two addresses", method: "POST", path: invitations, token: admin, body: `{"email":"a@example.test, b@example.test","role":"viewer"}`, code: problem.Invalid, fields: []string{"body.email"}},
			{name: "no UTF-8", method: "PATCH", path: theViewer, token: admin, body: "{\"name\":\"A\xff\xfe\"}", code: problem.Invalid},
		})
	})

	t.Run("mass assignment", func(t *testing.T) {
		attempts := []attempt{
			{name: "an owner by change", method: "PATCH", path: theViewer, token: admin, body: `{"role":"owner"}`, code: problem.Conflict},
			{name: "oneself", method: "PATCH", path: "/api/v1/members/demo-admin", token: admin, body: `{"role":"owner"}`, code: problem.Conflict},
			{name: "the owner", method: "PATCH", path: "/api/v1/members/demo-owner", token: admin, body: `{"role":"viewer"}`, code: problem.Forbidden},
			{name: "an owner by invitation", method: "POST", path: invitations, token: admin, body: `{"email":"a@example.test","role":"owner"}`, code: problem.Conflict},
			{
				name: "a key of more than its maker", method: "POST", path: keys, token: admin,
				body: `{"name":"x","permissions":["member:manage","key:manage"]}`, code: problem.Invalid,
			},
		}
		for body, where := range map[string]string{
			`"id":"demo-owner"`: "id", `"userId":"demo-owner"`: "userId", `"accountId":"acc_other"`: "accountId", `"version":99`: "version",
			`"email":"x@evil.example"`: "email", `"Name":"x"`: "Name", `"__proto__":{"role":"owner"}`: "__proto__", `"permissions":["*"]`: "permissions",
			`"constructor":{}`: "constructor", `"joinedAt":"2020-01-01T00:00:00Z"`: "joinedAt",
		} {
			attempts = append(attempts, attempt{name: "a member's " + where, method: "PATCH", path: theViewer, token: owner, body: "{" + body + "}", code: problem.Invalid, fields: []string{"body." + where}})
		}
		for body, where := range map[string]string{
			`"plan":"enterprise"`: "plan", `"id":"acc_other"`: "id", `"settings":{"plan":"enterprise"}`: "settings.plan", `"owner":"demo-viewer"`: "owner",
		} {
			attempts = append(attempts, attempt{name: "the account's " + where, method: "PATCH", path: "/api/v1/account", token: owner, body: "{" + body + "}", code: problem.Invalid})
		}
		for body, where := range map[string]string{
			`"token":"x"`: "token", `"status":"accepted"`: "status", `"accountId":"acc_other"`: "accountId", `"invitedBy":"demo-owner"`: "invitedBy",
		} {
			attempts = append(attempts, attempt{
				name: "an invitation's " + where, method: "POST", path: invitations, token: admin,
				body: `{"email":"a@example.test","role":"viewer",` + body + `}`, code: problem.Invalid, fields: []string{"body." + where},
			})
		}
		for body, where := range map[string]string{
			`"createdBy":"demo-owner"`: "createdBy", `"id":"x"`: "id", `"secret":"x"`: "secret", `"account":"acc_other"`: "account",
		} {
			attempts = append(attempts, attempt{
				name: "a key's " + where, method: "POST", path: keys, token: admin,
				body: `{"name":"x","permissions":["record:read"],` + body + `}`, code: problem.Invalid, fields: []string{"body." + where},
			})
		}
		refuseAll(t, stack, attempts)
	})

	t.Run("methods", func(t *testing.T) {
		var attempts []attempt
		for _, header := range []string{"X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"} {
			attempts = append(attempts, attempt{
				name: header, method: "POST", path: theViewer, token: owner, header: http.Header{header: {"DELETE"}}, code: problem.MethodNotAllow,
			})
		}
		refuseAll(t, stack, append(attempts,
			attempt{name: "_method in the query", method: "POST", path: theViewer + "?_method=DELETE", token: owner, code: problem.MethodNotAllow},
			attempt{name: "_method in the query of a read", path: theViewer + "?_method=DELETE", token: owner, code: problem.Invalid},
			attempt{name: "_method in the body", method: "PATCH", path: theViewer, token: owner, body: `{"_method":"DELETE"}`, code: problem.Invalid},
			attempt{name: "TRACE", method: "TRACE", path: "/api/v1/me", token: owner, code: problem.MethodNotAllow},
			attempt{name: "a method of one's own", method: "GETS", path: "/api/v1/me", token: owner, code: problem.MethodNotAllow},
		))
	})

	t.Run("paths", func(t *testing.T) {
		var attempts []attempt
		for _, path := range []string{
			"/api/v1//me", "/api/v1/./me", "/api/v1/clients/../me", "/api/v1/clients/..%2fme", "/api/v1/%2e%2e/v1/me", "/api/v1/me/", "/api/v1/me%2f",
			"/api/v1/me;x=1", "/api/v1/me%00", "/api/v1/me%20", "/api/v1/me.json", "/api/v1/ME", "/api/v1/%6de%2f..", "/api/v1/clients%5c..%5cme",
			"/api/v1/clients/%2e%2e/members", "/api/v1/clients/..%252f..%252fmembers", "/api/v2/me", "/api/v1/me/../../v1/members",
			"/api/v1/clients/%2e", "/api/v1/clients/..", "/api/v1/clients/acc_other%2fclients%2fClient_1", "/api/v1/clients/__x__",
			"/api/v1/members/..", "/api/v1/members/demo-viewer%2fsessions", "/api/v1/members/..%2f..%2facc_other%2fmembers%2fother-owner",
			"/api/v1/members/.", "/api/v1/members/__proto__", "/api/internal/relay", "/relay", "/api/",
		} {
			a := attempt{name: path, path: path, token: owner, code: problem.NotFound}
			if path == "/relay" {
				continue // a page's address: the dashboard says that there is no such page
			}
			attempts = append(attempts, a)
		}
		refuseAll(t, stack, attempts)
	})

	t.Run("cursors", func(t *testing.T) { forgedCursors(t, stack, owner) })

	t.Run("what is reflected", func(t *testing.T) {
		got := try(t, stack, attempt{
			name: "a request id with markup", path: "/api/v1/<script>alert(1)</script>?q=<script>", token: owner,
			header: http.Header{"X-Request-Id": {"<script>x</script>"}, "Origin": {"https://evil.example"}},
		})
		if strings.Contains(got.body, "<script") || strings.Contains(fmt.Sprint(got.header), "<script") || got.header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("an answer has what the request said: %v %s", got.header, got.body)
		}
	})

	t.Run("another host", func(t *testing.T) {
		got := try(t, stack, attempt{
			name: "an invitation", method: "POST", path: invitations, token: admin, body: `{"email":"host@example.test","role":"viewer"}`,
			header: http.Header{"Host": {"evil.example"}, "X-Forwarded-Host": {"evil.example"}, "Forwarded": {"host=evil.example"}},
		})
		var sent struct{ Link string }
		if err := json.Unmarshal([]byte(got.body), &sent); err != nil || !strings.HasPrefix(sent.Link, stack.URL+"/") {
			t.Errorf("got %d and the link %q, %v; want one to %s", got.status, sent.Link, err, stack.URL)
		}
	})
}

func thousandNames() string {
	var names []string
	for i := range 1000 {
		names = append(names, fmt.Sprintf(`"n%d":%d`, i, i))
	}
	return "{" + strings.Join(names, ",") + "}"
}

// forgedCursors gives every list cursors that no list made: each is refused, and none makes a part of the product fail.
func forgedCursors(t *testing.T, stack *harness.Stack, token string) {
	t.Helper()
	var attempts []attempt
	for _, o := range stack.Operations() {
		if !o.Listing {
			continue
		}
		path := strings.NewReplacer("{id}", "demo-viewer").Replace(o.Path)
		for what, position := range map[string]string{
			"nothing": ``, "no JSON": `{`, "a list": `[]`, "two": `{}{}`, "null": `null`, "empty": `{}`,
			"a path": `{"i":"a/b","t":"2026-01-01T00:00:00Z","n":"x","s":"name"}`, "a parent": `{"i":"..","t":"2026-01-01T00:00:00Z"}`,
			"another account's path": `{"s":"name","i":"../../acc_other/clients/Client_1","x":"A"}`,
			"year 0":                 `{"i":"a","t":"0000-01-01T00:00:00Z"}`, "a number for a time": `{"i":"a","t":1}`,
			"a reserved name": `{"i":"__a__","t":"2026-01-01T00:00:00Z"}`, "an operator": `{"i":{"$gt":""}}`,
			"unknown": `{"account":"acc_other"}`, "a long id": `{"i":"` + strings.Repeat("x", 700) + `"}`,
		} {
			cursor := url.QueryEscape(base64.RawURLEncoding.EncodeToString([]byte(position)))
			if position == "" {
				cursor = "%00"
			}
			attempts = append(attempts, attempt{
				name: o.ID + " after " + what, path: path + "?cursor=" + cursor, token: token, code: problem.Invalid, fields: []string{"query.cursor"},
			})
		}
	}
	if len(attempts) == 0 {
		t.Fatal("no operation is a list")
	}
	refuseAll(t, stack, attempts)
}
