package architecture_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestTopLevel(t *testing.T) {
	t.Parallel()
	allowed := []string{
		"functions", "realtime-run", "shared", "web", "terraform", "emulators", "tests",
		"firebase.json", "firestore.indexes.json", "firestore.rules", "go.mod", "go.sum", "Makefile", "README.md",
	}
	entries, err := os.ReadDir(root(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") && !slices.Contains(allowed, e.Name()) {
			t.Errorf("%s does not belong at the top of the repository", e.Name())
		}
	}
}

// unwanted are things that no file may say, because they hold on one machine only. They are put together from pieces, so that
// this file does not say them itself.
var unwanted = map[string]*regexp.Regexp{
	"a package registry's host": regexp.MustCompile(strings.Join([]string{
		"registry" + `\.npmjs\.org`, "proxy" + `\.golang\.org`, "sum" + `\.golang\.org`, "deb" + `\.debian\.org`,
	}, "|")),
	"a path of one machine": regexp.MustCompile(`(^|[\s"'=(` + "`" + `:])/(` + "work" + `|root` + `|home/[a-z]+` + `|tmp/[a-z]+` + `)(/|\b)`),
	"a private key":         regexp.MustCompile("-----BEGIN [A-Z ]*PRIVATE " + "KEY-----"),
}

func TestFilesSayNothingOfOneMachine(t *testing.T) {
	t.Parallel()
	walk(t, func(path string) {
		content, err := os.ReadFile(filepath.Join(root(t), filepath.FromSlash(path)))
		if err != nil {
			t.Error(err)
			return
		}
		if slices.Contains(content, 0) {
			return // not a text
		}
		for what, pattern := range unwanted {
			if found := pattern.Find(content); found != nil {
				t.Errorf("%s names %s: %q", path, what, found)
			}
		}
	})
}
