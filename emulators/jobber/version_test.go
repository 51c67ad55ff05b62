package jobber_test

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestVersions(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	token := b.connect("1").Access
	ask := func(wanted string) answer {
		header := http.Header{"Authorization": {"Bearer " + token}}
		if wanted != "" {
			header["X-JOBBER-GRAPHQL-VERSION"] = []string{wanted}
		}
		return b.do(http.MethodPost, "/api/graphql", "application/json", strings.NewReader(`{"query":"{ account { id } }"}`), header)
	}
	ask("").want(http.StatusBadRequest)
	var missing struct{ Message string }
	ask("2025-04-17").want(http.StatusNotFound).into(&missing)
	if want := "GraphQL API version '2025-04-17' does not exist"; missing.Message != want {
		t.Errorf("message %q, want %q", missing.Message, want)
	}
	// The clock says 2026-06-16.
	tests := []struct {
		wanted, got string
		warned      bool
	}{
		{"2026-09-25", "2026-09-25", false},
		{"2026-05-12", "2026-05-12", false},
		{"2025-04-16", "2025-04-16", true},
		{"2025-01-20", "2025-01-20", true},
		{"2024-12-05", "2025-01-20", false},
		{"2022-01-01", "2025-01-20", false},
	}
	for _, test := range tests {
		var got reply
		ask(test.wanted).want(http.StatusOK).into(&got)
		if v := got.Extensions.Versioning; v.Version != test.got || (v.Warning != "") != test.warned {
			t.Errorf("%s: answered %+v, want %s, warned: %v", test.wanted, v, test.got, test.warned)
		}
	}
	b.clock.Set(time.Date(2031, 1, 1, 0, 0, 0, 0, time.UTC))
	token = b.connect("1").Access
	var got reply
	ask("2025-04-16").want(http.StatusOK).into(&got)
	if got.Extensions.Versioning.Version != "2026-09-25" {
		t.Errorf("when all are old: %+v, want the newest", got.Extensions.Versioning)
	}
}

func TestRefusedRequests(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	token := b.connect("1").Access
	header := http.Header{"Authorization": {"Bearer " + token}, "X-JOBBER-GRAPHQL-VERSION": {version}}
	for name, test := range map[string]struct {
		contentType, body string
		status            int
	}{
		"form":      {"application/x-www-form-urlencoded", "query=1", http.StatusUnsupportedMediaType},
		"not JSON":  {"application/json", "{", http.StatusBadRequest},
		"too large": {"application/json", `{"query":"` + strings.Repeat(" ", 1<<20) + `"}`, http.StatusRequestEntityTooLarge},
		"no query":  {"application/json", `{}`, http.StatusOK},
		"fine":      {"application/json; charset=utf-8", `{"query":"{ account { id } }"}`, http.StatusOK},
	} {
		if got := b.do(http.MethodPost, "/api/graphql", test.contentType, strings.NewReader(test.body), header); got.status != test.status {
			t.Errorf("%s: status %d, want %d", name, got.status, test.status)
		}
	}
	b.get("/api/graphql").want(http.StatusMethodNotAllowed)

	for _, test := range []struct {
		query     string
		variables m
		code      any
		message   string
	}{
		{`{ visits { nodes { updatedAt } } }`, nil, "undefinedField", "updatedAt"},
		{`{ jobs(filter: {updatedAt: {after: "2026-01-01T00:00:00Z"}}) { nodes { id } } }`, nil, "argumentLiteralsIncompatible", "updatedAt"},
		{`{ jobs(clientId: "x") { nodes { id } } }`, nil, "argumentNotAccepted", "clientId"},
		{`{ client { id } }`, nil, "missingRequiredArguments", "id"},
		{`{ quotes(sort: [{key: UPDATED_AT, direction: ASCENDING}]) { nodes { id } } }`, nil, "argumentLiteralsIncompatible", "UPDATED_AT"},
		{`{ account`, nil, "parseError", ""},
		{`query($id: EncodedId!) { client(id: $id) { id } }`, m{"id": "!"}, nil, "Variable $id of type EncodedId! was provided invalid value"},
		{`query($f: ClientFilterAttributes) { clients(filter: $f) { nodes { id } } }`, m{"f": m{"updatedAt": m{"after": "today"}}}, nil, "was provided invalid value"},
		{`query($id: EncodedId!) { client(id: $id) { id } }`, nil, nil, "invalid value"},
	} {
		got := b.reply(token, test.query, test.variables)
		if len(got.Errors) == 0 || got.code() != test.code || !strings.Contains(got.Errors[0].Message, test.message) || got.Data != nil {
			t.Errorf("%s: %+v, want code %v and a message with %q", test.query, got, test.code, test.message)
		}
	}
}
