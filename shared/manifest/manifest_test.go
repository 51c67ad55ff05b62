package manifest_test

import (
	"os"
	"strings"
	"testing"

	"fieldboard.dev/fieldboard/shared/manifest"
)

func TestLoad(t *testing.T) {
	t.Parallel()
	m, err := manifest.Load()
	if err != nil {
		t.Fatal(err)
	}
	f, ok := m.Function("runsync")
	if !ok || f.EntryPoint != "RunSync" || f.Queue != "sync" {
		t.Errorf("runsync is %+v, want RunSync on the queue sync", f)
	}
	if _, ok := m.Function("nothing"); ok {
		t.Error("a function that is not listed was found")
	}
}

// Each case breaks one rule of the real manifest.
func TestParseRefuses(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile("manifest.yaml")
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, old, new, want string
	}{
		{"an unknown field", "entryPoint: Relay", "entryPoint: Relay\n    colour: red", "field colour not found"},
		{"two functions of one name", "- name: relay", "- name: dashboard", "listed twice"},
		{"one entry point twice", "entryPoint: Relay", "entryPoint: Session", "is taken"},
		{"a name in capitals", "- name: relay", "- name: Relay", "lower case"},
		{"no trigger", "schedule: \"* * * * *\"", "", "exactly one of"},
		{"two triggers", "queue: sync\n    callers", "queue: sync\n    topic: events\n    callers", "exactly one of"},
		{"a broken cron line", "\"* * * * *\"", "\"* * * *\"", "schedule"},
		{"an unknown topic", "topic: jobber-webhooks\n    callers", "topic: other\n    callers", "unknown topic"},
		{"an unknown queue", "queue: sync\n    callers", "queue: other\n    callers", "unknown queue"},
		{"a public worker", "queue: sync\n    callers: invoker", "queue: sync\n    callers: public", "is public"},
		{"a path that is never reached", "/api/v1/me", "/api/v1/dashboard/me", "never reached"},
		{"a path outside the API", "/api/webhooks/jobber", "/hooks", "below /api or /.well-known"},
		{"an odd memory size", "memory: 512Mi\n    timeout: 540", "memory: 300Mi\n    timeout: 540", "no size"},
		{"a timeout over the limit", "timeout: 540", "timeout: 5400", "timeout"},
		{"a role on the whole project", "roles/cloudtasks.enqueuer\n        queue: sync", "roles/cloudtasks.enqueuer", "must name the one resource"},
		{"a role that is none", "roles/firebaseauth.viewer", "datastore.viewer", "is no role"},
		{"a dead letter topic that is not there", "deadLetter: jobber-webhooks-dead", "deadLetter: none", "unknown dead letter"},
		{"a secret that is no variable", "[JOBBER_CLIENT_SECRET]", "[jobber-secret]", "environment variable"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if !strings.Contains(string(content), test.old) {
				t.Fatalf("the manifest has no %q to break", test.old)
			}
			_, err := manifest.Parse([]byte(strings.Replace(string(content), test.old, test.new, 1)))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
		})
	}
}
