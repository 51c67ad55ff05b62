// Package archive compiles every function's archive as Terraform renders it, by the rules of the Go buildpack that builds it
// in the cloud (github.com/GoogleCloudPlatform/buildpacks, cmd/go/functions_framework), and starts one of each trigger.
package archive_test

import (
	"context"
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"fieldboard.dev/fieldboard/emulators/parts"
	"fieldboard.dev/fieldboard/shared/manifest"
)

func TestArchivesBuild(t *testing.T) {
	t.Parallel()
	root, err := parts.Root()
	if err != nil {
		t.Fatal(err)
	}
	m, err := manifest.Load()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "archive")
	started := map[trigger]bool{}
	for _, f := range m.Functions {
		t.Run(f.Name, func(t *testing.T) {
			if err := os.RemoveAll(dir); err != nil {
				t.Fatal(err)
			}
			render(t, root, dir, f.Name)
			checkRootPackage(t, dir)
			writeMain(t, dir)
			goes(t, dir, "build", ".", "./functions/...")
			// Linking takes longer than all the rest, and what could go wrong at the start differs by trigger alone.
			kind := triggerOf(f)
			if started[kind] {
				return
			}
			started[kind] = true
			goes(t, dir, "vet", ".", "./functions.local/app") // the functions themselves are vetted where they are written
			binary := link(t, dir)
			info, err := os.Stat(binary)
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("the program has %.1f MB and answers %s after its start", float64(info.Size())/1e6, firstAnswer(t, binary, f))
		})
	}
}

// render writes a function's archive into dir, by terraform/archives.tf's rule.
func render(t *testing.T, root, dir, name string) {
	t.Helper()
	files := []string{"go.mod", "go.sum"}
	for _, folder := range []string{"shared", "functions/" + name} {
		err := filepath.WalkDir(filepath.Join(root, folder), func(path string, entry fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			relative, err := filepath.Rel(root, path)
			if err != nil {
				return err
			}
			relative = filepath.ToSlash(relative)
			if entry.IsDir() || strings.HasSuffix(relative, "_test.go") || strings.Contains(relative, "/testdata/") {
				return nil
			}
			files = append(files, relative)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, file := range files {
		content, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(file)))
		if err != nil {
			t.Fatal(err)
		}
		if !utf8.Valid(content) {
			t.Errorf("%s is not UTF-8; Terraform cannot put it into an archive", file)
		}
		write(t, filepath.Join(dir, file), content)
	}
	template, err := os.ReadFile(filepath.Join(root, "terraform", "function.go.tftpl"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "function.go"), []byte(strings.ReplaceAll(string(template), "${name}", name)))
}

// checkRootPackage applies what the buildpack asks of an archive before it builds it.
func checkRootPackage(t *testing.T, dir string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	var packages, imports []string
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(packages, parsed.Name.Name) {
			packages = append(packages, parsed.Name.Name)
		}
		for _, i := range parsed.Imports {
			imports = append(imports, strings.Trim(i.Path.Value, `"`))
		}
	}
	if len(packages) != 1 || packages[0] == "main" {
		t.Fatalf("the root has the packages %v; the buildpack wants exactly one that is not main", packages)
	}
	if !slices.Contains(imports, "github.com/GoogleCloudPlatform/functions-framework-go/functions") {
		t.Error("the root package does not import the framework, so the buildpack would look for a function of the entry point's name in it")
	}
	module, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(strings.TrimPrefix(strings.SplitN(string(module), "\n", 2)[0], "module "), "/")
	if !strings.Contains(first, ".") {
		t.Errorf("the module path's first element %q has no dot; the buildpack refuses it", first)
	}
}

// writeMain writes the program that the buildpack generates: it serves the function that FUNCTION_TARGET names.
func writeMain(t *testing.T, dir string) {
	t.Helper()
	write(t, filepath.Join(dir, "functions.local", "app", "main.go"), []byte(`package main

import (
	"log"
	"os"

	"github.com/GoogleCloudPlatform/functions-framework-go/funcframework"
	_ "fieldboard.dev/fieldboard"
)

func main() {
	if err := funcframework.StartHostPort("127.0.0.1", os.Getenv("PORT")); err != nil {
		log.Fatalf("funcframework.Start: %v\n", err)
	}
}
`))
}

// link builds the program that the buildpack builds.
func link(t *testing.T, dir string) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "function")
	goes(t, dir, "build", "-o", binary, "./functions.local/app")
	return binary
}

// goes runs the go tool with the versions of go.mod, without the network. With -trimpath what is compiled does not depend on the
// folder, so that it is compiled once for all archives, and for the rest of the repository where that is built so too.
func goes(t *testing.T, dir string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod -buildvcs=false -trimpath", "GOPROXY=off", "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// trigger is what calls a function.
type trigger string

func triggerOf(f manifest.Function) trigger {
	switch {
	case len(f.Paths) > 0:
		return "paths"
	case f.Topic != "":
		return "topic"
	case f.Queue != "":
		return "queue"
	}
	return "schedule"
}

// firstAnswer starts the program and returns how long its first answer took.
func firstAnswer(t *testing.T, binary string, f manifest.Function) time.Duration {
	t.Helper()
	addr, err := parts.FreeAddress(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary)
	cmd.Env = []string{"PORT=" + addr[strings.LastIndex(addr, ":")+1:], "FUNCTION_TARGET=" + f.EntryPoint}
	start := time.Now()
	process, err := parts.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := process.Stop(time.Second); err != nil {
			t.Error(err)
		}
	}()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/", nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := http.DefaultClient.Do(req)
		if err == nil {
			if err := res.Body.Close(); err != nil {
				t.Error(err)
			}
			return time.Since(start).Round(time.Millisecond)
		}
		select {
		case <-ctx.Done():
			t.Fatal(errors.Join(fmt.Errorf("no answer on %s", addr), err))
		case <-process.Done():
			t.Fatalf("the program ended: %v", process.Err())
		case <-time.After(2 * time.Millisecond):
		}
	}
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
}
