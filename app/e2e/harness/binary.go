// Package harness starts the real programs for the tests of the whole: it builds them once a test run, starts them as
// processes on a Redis of their own, speaks to them over HTTP, and ends them by their ids.
package harness

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

const (
	appPackage        = "./app"
	testworkerPackage = "./app/e2e/testworker"
)

// Binary returns the path of queuepilot, built with the race detector where the test itself is.
func Binary(t testing.TB) string {
	t.Helper()
	return build(t, appPackage)
}

// Main runs the tests of a package and removes what they built. It returns the exit code for os.Exit.
func Main(m *testing.M) int {
	defer func() { _ = os.RemoveAll(builds.dir) }()
	return m.Run()
}

// builds holds the programs built by this process, by package.
var builds struct {
	sync.Mutex
	dir  string
	path map[string]string
}

func build(t testing.TB, pkg string) string {
	t.Helper()
	builds.Lock()
	defer builds.Unlock()
	if path := builds.path[pkg]; path != "" {
		return path
	}
	path, err := goBuild(pkg)
	if err != nil {
		t.Fatal(err)
	}
	if builds.path == nil {
		builds.path = map[string]string{}
	}
	builds.path[pkg] = path
	return path
}

func goBuild(pkg string) (string, error) {
	root, err := Root()
	if err != nil {
		return "", err
	}
	if builds.dir == "" {
		if builds.dir, err = os.MkdirTemp("", "queuepilot-e2e-"); err != nil {
			return "", err
		}
	}
	path := filepath.Join(builds.dir, filepath.Base(pkg))
	args := []string{"build", "-o", path}
	if raceEnabled {
		args = append(args, "-race")
	}
	cmd := exec.Command("go", append(args, pkg)...) // #nosec G204: a package of ours
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build %s: %w\n%s", pkg, err, out)
	}
	return path, nil
}

// Root returns the module's folder.
func Root() (string, error) {
	out, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("find the module: %w", err)
	}
	return filepath.Dir(strings.TrimSpace(string(out))), nil
}
