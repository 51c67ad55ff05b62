package architecture_test

import (
	"path"
	"slices"
	"strings"
	"testing"
)

// platform are the packages of shared/ that know nothing of the business.
var platform = []string{
	"cache", "clock", "cloud", "httpapi", "idempotency", "instance", "mail", "manifest", "outbound", "problem", "queue", "ratelimit", "sheet", "telemetry",
}

// rule says what the packages below a folder may import of this repository. The first rule that matches a package holds.
type rule struct {
	from string   // a folder and all below it
	to   []string // folders and all below them
}

var rules = []rule{
	{"functions", []string{"shared"}},
	{"realtime-run", []string{"shared", "realtime-run"}},
	{"emulators/functionhost", []string{"functions"}},
	// The figures that the product is checked against must not come from the product.
	{"emulators/jobber", []string{"emulators/jobber", "shared/clock"}},
	{"emulators", []string{"emulators", "shared"}},
	{"tests", []string{"tests", "emulators", "functions", "realtime-run", "shared"}},
	{"shared", []string{"shared"}},
}

func below(folder, parent string) bool {
	return folder == parent || strings.HasPrefix(folder, parent+"/")
}

func isPlatform(folder string) bool {
	return slices.ContainsFunc(platform, func(p string) bool { return below(folder, "shared/"+p) })
}

func TestImportsPointOneWay(t *testing.T) {
	t.Parallel()
	for _, s := range sources(t) {
		i := slices.IndexFunc(rules, func(r rule) bool { return below(s.folder, r.from) })
		if i < 0 {
			t.Errorf("%s: no rule says what it may import", s.path)
			continue
		}
		for _, imported := range s.imports {
			target, ours := strings.CutPrefix(imported, module)
			if !ours {
				continue
			}
			own := below(target, s.folder)
			allowed := slices.ContainsFunc(rules[i].to, func(folder string) bool { return below(target, folder) })
			if !own && !allowed {
				t.Errorf("%s imports %s; %s may import only %v", s.path, target, rules[i].from, rules[i].to)
			}
			if isPlatform(s.folder) && !own && !isPlatform(target) {
				t.Errorf("%s imports %s; a platform package imports no domain", s.path, target)
			}
		}
	}
}

// cloudClients are the libraries that talk to something outside the process.
var cloudClients = []string{
	"cloud.google.com/go", "firebase.google.com/go", "github.com/redis/go-redis", "github.com/wneessen/go-mail", "google.golang.org/api",
}

func TestOnlyStoresTalkToTheCloud(t *testing.T) {
	t.Parallel()
	for _, s := range sources(t) {
		name := path.Base(s.path)
		isStore := below(s.folder, "shared") && (name == "store.go" || strings.HasPrefix(name, "store_"))
		if isStore || isPlatform(s.folder) || below(s.folder, "realtime-run") || below(s.folder, "emulators/provision") ||
			below(s.folder, "emulators/scheduler") || below(s.folder, "tests") {
			continue
		}
		for _, imported := range s.imports {
			if slices.ContainsFunc(cloudClients, func(c string) bool { return below(imported, c) }) {
				t.Errorf("%s imports %s; only platform packages, a domain's store.go or store_*.go and the realtime service may", s.path, imported)
			}
		}
	}
}

// A program reads its environment in one place, so that a setting is declared, checked and given by tests.
func TestOnlyConfigReadsTheEnvironment(t *testing.T) {
	t.Parallel()
	for _, s := range sources(t) {
		if below(s.folder, "tests") || below(s.folder, "emulators/parts") {
			continue
		}
		for _, call := range calls(s.file) {
			if call == "os.Getenv" || call == "os.LookupEnv" || call == "os.Environ" {
				t.Errorf("%s calls %s; settings come from instance.Config", s.path, call)
			}
		}
	}
}
