package security_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"cloud.google.com/go/firestore"
	"google.golang.org/api/iterator"

	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/tests/harness"
)

// attempt is one request of an attacker, and what it must be answered with.
type attempt struct {
	name   string
	method string // GET when empty
	path   string // written to the wire as it is
	token  string
	header http.Header
	body   string // sent as JSON unless header has a Content-Type
	code   problem.Code
	fields []string // the locations of the broken rules; nil where it does not matter
}

// result is an answer, whole.
type result struct {
	status int
	header http.Header
	body   string
}

// problem returns the answer's problem document; the test fails where it is none.
func (r result) problem(t *testing.T) answeredProblem {
	t.Helper()
	var p answeredProblem
	if media := r.header.Get("Content-Type"); media != "application/problem+json" {
		t.Errorf("an answer of %d is %q, no problem document: %.200s", r.status, media, r.body)
	} else if err := json.Unmarshal([]byte(r.body), &p); err != nil {
		t.Error(err)
	}
	return p
}

type answeredProblem struct {
	Type, Title, Detail string
	Status              int
	Code                problem.Code
	Errors              []problem.Field
}

// try sends an attempt to the gateway.
func try(t *testing.T, stack *harness.Stack, a attempt) result {
	t.Helper()
	return tryAt(t, stack.URL, a)
}

func tryAt(t *testing.T, base string, a attempt) result {
	t.Helper()
	method := a.method
	if method == "" {
		method = http.MethodGet
	}
	req, err := http.NewRequestWithContext(t.Context(), method, base, strings.NewReader(a.body))
	if err != nil {
		t.Fatal(err)
	}
	req.URL.Opaque = "//" + req.URL.Host + a.path // no client of an attacker's tidies a path up
	if a.header != nil {
		req.Header = a.header.Clone()
	}
	if host := req.Header.Get("Host"); host != "" {
		req.Host = host
	}
	if a.body != "" && req.Header.Get("Content-Type") == "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if a.token != "" {
		req.Header.Add("Authorization", "Bearer "+a.token)
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	if err != nil {
		t.Fatalf("%s: %v", a.name, err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatalf("%s: %v", a.name, err)
	}
	return result{res.StatusCode, res.Header, string(body)}
}

// refuseAll sends every attempt and holds the answers to what was documented. Nothing of what is stored may differ afterwards.
func refuseAll(t *testing.T, stack *harness.Stack, attempts []attempt) {
	t.Helper()
	before := stored(t, stack)
	for _, a := range attempts {
		got := try(t, stack, a)
		if got.status != problem.Status(a.code) {
			t.Errorf("%s: got %d %.300s, want %d", a.name, got.status, got.body, problem.Status(a.code))
			continue
		}
		p := got.problem(t)
		if p.Code != a.code || p.Status != got.status || p.Title == "" || p.Detail == "" {
			t.Errorf("%s: got %s, want the problem %s", a.name, got.body, a.code)
		}
		var locations []string
		for _, f := range p.Errors {
			locations = append(locations, f.Location)
		}
		if slices.Sort(locations); a.fields != nil && !slices.Equal(locations, a.fields) {
			t.Errorf("%s: got the fields %q, want %q", a.name, locations, a.fields)
		}
	}
	leftAlone(t, stack, before)
}

// leftAlone tells what differs from what was stored before.
func leftAlone(t *testing.T, stack *harness.Stack, before map[string]string) {
	t.Helper()
	after := stored(t, stack)
	for _, path := range slices.Sorted(maps.Keys(after)) {
		if was, known := before[path]; !known {
			t.Errorf("%s was made", path)
		} else if was != after[path] {
			t.Errorf("%s was changed", path)
		}
	}
	for path := range before {
		if _, there := after[path]; !there {
			t.Errorf("%s was deleted", path)
		}
	}
}

// stored returns a digest of every document that the product keeps, by path.
func stored(t *testing.T, stack *harness.Stack) map[string]string {
	t.Helper()
	fs, err := stack.Cloud.Firestore(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	if err := walk(t.Context(), fs.Collections(t.Context()), found); err != nil {
		t.Fatal(err)
	}
	if len(found) == 0 {
		t.Fatal("nothing is stored, so nothing can be seen to change")
	}
	return found
}

func walk(ctx context.Context, collections *firestore.CollectionIterator, found map[string]string) error {
	for {
		collection, err := collections.Next()
		if errors.Is(err, iterator.Done) {
			return nil
		}
		if err != nil {
			return err
		}
		documents, err := collection.Documents(ctx).GetAll()
		if err != nil {
			return err
		}
		for _, d := range documents {
			sum := sha256.Sum256(fmt.Append(nil, d.Data()))
			found[d.Ref.Path] = hex.EncodeToString(sum[:])
			if err := walk(ctx, d.Ref.Collections(ctx), found); err != nil {
				return err
			}
		}
	}
}
