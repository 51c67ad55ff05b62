package parts

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// Root returns the repository's folder: the nearest one above the working folder that has both go.mod and emulators.
func Root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if exists(filepath.Join(dir, "go.mod")) && exists(filepath.Join(dir, "emulators", "tools")) {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", fmt.Errorf("not inside the repository: no go.mod above the working folder")
		}
		dir = parent
	}
}

// toolFile returns the full path of a file that `make tools` installs.
func toolFile(path string) (string, error) {
	root, err := Root()
	if err != nil {
		return "", err
	}
	full := filepath.Join(root, filepath.FromSlash(path))
	if !exists(full) {
		return "", fmt.Errorf("%w (%s): run `make tools`", ErrMissing, path)
	}
	return full, nil
}

// sdkFile returns the full path of a component's file in the Google Cloud SDK, where gcloud is installed.
func sdkFile(component, pattern string) (string, error) {
	install := fmt.Errorf("%w: install the Google Cloud SDK with its component %s", ErrMissing, component)
	if _, err := onPath("java", "a Java runtime (17 or later)"); err != nil {
		return "", err
	}
	gcloud, err := exec.LookPath("gcloud")
	if err != nil {
		return "", install
	}
	if gcloud, err = filepath.EvalSymlinks(gcloud); err != nil {
		return "", fmt.Errorf("following gcloud's link: %w", err)
	}
	sdk := filepath.Dir(filepath.Dir(gcloud))
	found, err := filepath.Glob(filepath.Join(sdk, "platform", component, pattern))
	if err != nil {
		return "", err
	}
	if len(found) == 0 {
		return "", install
	}
	return found[len(found)-1], nil
}

func onPath(program, install string) (string, error) {
	path, err := exec.LookPath(program)
	if err != nil {
		return "", fmt.Errorf("%w: install %s", ErrMissing, install)
	}
	return path, nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
