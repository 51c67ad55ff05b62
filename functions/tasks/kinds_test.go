package tasks

import (
	"slices"
	"testing"

	"fieldboard.dev/fieldboard/shared/manifest"
)

// Whoever sends tasks again needs the right to put them on their queue, and each queue a worker.
func TestEveryKindCanBeSentAgain(t *testing.T) {
	t.Parallel()
	m, err := manifest.Load()
	if err != nil {
		t.Fatal(err)
	}
	all, err := kinds()
	if err != nil {
		t.Fatal(err)
	}
	workers := m.Workers()
	for name, kind := range all {
		worker, there := workers[kind.Queue]
		if !there {
			t.Errorf("%s: no function works on the queue %s", name, kind.Queue)
			continue
		}
		for _, function := range []string{"tasks", "tendtasks", worker} {
			f, _ := m.Function(function)
			if !slices.ContainsFunc(f.Roles, func(r manifest.Role) bool {
				return r.Role == "roles/cloudtasks.enqueuer" && r.Queue == kind.Queue
			}) {
				t.Errorf("%s: %s may not put tasks on the queue %s", name, function, kind.Queue)
			}
		}
		if f, _ := m.Function(worker); f.Timeout < int(kind.Timeout.Seconds()) {
			t.Errorf("%s may take %s, and its worker %s has %d s", name, kind.Timeout, worker, f.Timeout)
		}
	}
}
