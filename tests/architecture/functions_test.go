package architecture_test

import (
	"fmt"
	"go/ast"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fieldboard.dev/fieldboard/emulators/gateway"
	"fieldboard.dev/fieldboard/shared/manifest"
)

func load(t *testing.T) *manifest.Manifest {
	t.Helper()
	m, err := manifest.Load()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestManifestListsEveryFunction(t *testing.T) {
	t.Parallel()
	entries, err := os.ReadDir(filepath.Join(root(t), "functions"))
	if err != nil {
		t.Fatal(err)
	}
	var folders, listed []string
	for _, e := range entries {
		folders = append(folders, e.Name())
	}
	for _, f := range load(t).Functions {
		listed = append(listed, f.Name)
	}
	slices.Sort(listed)
	if diff := cmp.Diff(listed, folders); diff != "" {
		t.Errorf("functions/ differs from the manifest (-manifest +folders):\n%s", diff)
	}
}

func TestManifestListsEveryService(t *testing.T) {
	t.Parallel()
	for _, s := range load(t).Services {
		if _, err := os.Stat(filepath.Join(root(t), s.Name, "main.go")); err != nil {
			t.Errorf("the service %s has no program: %v", s.Name, err)
		}
	}
}

// A function's register.go registers its Build under the manifest's entry point, and does nothing else.
func TestRegistered(t *testing.T) {
	t.Parallel()
	want := map[string]string{}
	for _, f := range load(t).Functions {
		kind := "HTTP"
		if f.Topic != "" {
			kind = "Event"
		}
		framework := map[string]string{"HTTP": "HTTP", "Event": "CloudEvent"}[kind]
		want["functions/"+f.Name] = fmt.Sprintf("functions.%s(%q, instance.%s(Build))", framework, f.EntryPoint, kind)
	}
	got := map[string]string{}
	for _, s := range sources(t) {
		if path.Dir(s.folder) != "functions" {
			continue
		}
		inits := initBodies(s.file)
		switch {
		case path.Base(s.path) != "register.go":
			if len(inits) > 0 {
				t.Errorf("%s has an init; only register.go may", s.path)
			}
		case len(inits) != 1 || len(inits[0]) != 1 || len(s.file.Decls) != 2:
			t.Errorf("%s must hold its imports and one init of one statement", s.path)
		default:
			got[s.folder] = render(inits[0][0])
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("registered functions differ from the manifest (-manifest +code):\n%s", diff)
	}
}

// The local stack's host serves all functions.
func TestHostImportsEveryFunction(t *testing.T) {
	t.Parallel()
	var want, got []string
	for _, f := range load(t).Functions {
		want = append(want, module+"functions/"+f.Name)
	}
	slices.Sort(want)
	for _, s := range sources(t) {
		if s.path != "emulators/functionhost/main.go" {
			continue
		}
		for _, i := range s.imports {
			if strings.HasPrefix(i, module+"functions/") {
				got = append(got, i)
			}
		}
	}
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("functionhost's imports differ from the manifest (-manifest +code):\n%s", diff)
	}
}

func TestHostingRewritesAreTheManifests(t *testing.T) {
	t.Parallel()
	hosting, err := gateway.ReadHosting(filepath.Join(root(t), "firebase.json"))
	if err != nil {
		t.Fatal(err)
	}
	var want []gateway.Rewrite
	for _, f := range load(t).Functions {
		for _, p := range f.Paths {
			want = append(want, gateway.Rewrite{Source: p, Function: &gateway.FunctionRef{ID: f.Name, Region: "us-central1"}})
		}
	}
	want = append(want, gateway.Rewrite{Source: "!/@(api|assets)/**", Destination: "/index.html"})
	if diff := cmp.Diff(want, hosting.Rewrites); diff != "" {
		t.Errorf("firebase.json differs from the manifest (-manifest +firebase.json):\n%s", diff)
	}
}

// calls returns the functions of other packages that a file calls: "os.Getenv".
func calls(file *ast.File) []string {
	var found []string
	ast.Inspect(file, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok {
			if s, ok := call.Fun.(*ast.SelectorExpr); ok {
				if pkg, ok := s.X.(*ast.Ident); ok {
					found = append(found, pkg.Name+"."+s.Sel.Name)
				}
			}
		}
		return true
	})
	return found
}

func initBodies(file *ast.File) [][]ast.Stmt {
	var bodies [][]ast.Stmt
	for _, d := range file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
			bodies = append(bodies, f.Body.List)
		}
	}
	return bodies
}
