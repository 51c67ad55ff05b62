// Package architecture holds the repository to its layout: what may import what, what is listed where, and what no file may
// say.
package architecture_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"fieldboard.dev/fieldboard/emulators/parts"
)

const module = "fieldboard.dev/fieldboard/"

// root returns the repository's folder.
func root(t *testing.T) string {
	t.Helper()
	dir, err := parts.Root()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// walk calls visit for every file that is ours: not installed, not built, not of the version control. Paths are relative to
// the root, with slashes.
func walk(t *testing.T, visit func(path string)) {
	t.Helper()
	dir := root(t)
	err := filepath.WalkDir(dir, func(full string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			switch entry.Name() {
			case ".git", ".local", ".terraform", "node_modules", "dist":
				return filepath.SkipDir
			}
			return nil
		}
		relative, err := filepath.Rel(dir, full)
		if err != nil {
			return err
		}
		visit(filepath.ToSlash(relative))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// source is one Go file of the main module.
type source struct {
	path    string // "shared/record/store.go"
	folder  string // "shared/record"
	file    *ast.File
	imports []string
}

var parsed = sync.OnceValues(func() ([]source, error) {
	dir, err := parts.Root()
	if err != nil {
		return nil, err
	}
	var all []source
	err = filepath.WalkDir(dir, func(full string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			_, noModule := os.Stat(filepath.Join(full, "go.mod"))
			name := entry.Name()
			if full != dir && (noModule == nil || strings.HasPrefix(name, ".") || name == "node_modules" || name == "testdata") {
				return filepath.SkipDir
			}
			return nil
		}
		if filepath.Ext(full) != ".go" {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), full, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(dir, full)
		if err != nil {
			return err
		}
		s := source{path: filepath.ToSlash(relative), file: file}
		s.folder = path.Dir(s.path)
		for _, i := range file.Imports {
			s.imports = append(s.imports, strings.Trim(i.Path.Value, `"`))
		}
		all = append(all, s)
		return nil
	})
	return all, err
})

// sources returns the main module's Go files, tests left out.
func sources(t *testing.T) []source {
	t.Helper()
	all, err := parsed()
	if err != nil {
		t.Fatal(err)
	}
	var code []source
	for _, s := range all {
		if !strings.HasSuffix(s.path, "_test.go") {
			code = append(code, s)
		}
	}
	if len(code) == 0 {
		t.Fatal("no Go files were found")
	}
	return code
}
