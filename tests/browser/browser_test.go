// Package browser_test runs the Playwright tests of this folder in Chromium against a whole stack: a person signs in through
// the Auth emulator and looks at the built dashboard.
package browser_test

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"fieldboard.dev/fieldboard/emulators/jobber"
	"fieldboard.dev/fieldboard/tests/emulator"
	"fieldboard.dev/fieldboard/tests/harness"
)

func TestDashboard(t *testing.T) {
	t.Parallel()
	for _, built := range []string{"../../web/dist/index.html", "node_modules/.bin/playwright"} {
		if _, err := os.Stat(built); err != nil {
			t.Fatalf("%s is not there: run make test, which builds the dashboard and installs the browser tests' packages", built)
		}
	}
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal("Chromium is not installed: apt-get install chromium")
	}
	stack := harness.New(t, harness.Options{Project: emulator.BrowserProject, Jobber: jobber.Options{Scale: 0.1, Seed: 11}})
	stack.Connect(t, 1)
	stack.WaitCopied(t, 1)

	results := os.Getenv("RESULTS") // keeps the screenshots
	if results == "" {
		results = t.TempDir()
	}
	arguments := []string{"test"}
	if only := os.Getenv("ONLY"); only != "" { // a part of the file names, such as "looks"
		arguments = append(arguments, only)
	}
	command := exec.CommandContext(t.Context(), filepath.Join("node_modules", ".bin", "playwright"), arguments...)
	command.Env = append(os.Environ(),
		"FIELDBOARD_URL="+stack.URL, "JOBBER_URL="+stack.JobberURL, "MAILBOX_URL=http://"+emulator.Mailbox(t), "RESULTS="+results, "CHROMIUM="+chromium)
	out, in := io.Pipe()
	command.Stdout, command.Stderr = in, in
	done := make(chan struct{})
	go func() {
		defer close(done)
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			t.Log(strings.TrimRight(lines.Text(), " "))
		}
	}()
	err = command.Run()
	if closeErr := in.Close(); closeErr != nil {
		t.Error(closeErr)
	}
	<-done
	if err != nil {
		t.Errorf("the browser tests failed: %v", err)
	}
}
