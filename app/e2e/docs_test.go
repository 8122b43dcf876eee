package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func readDoc(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root(t), name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestTheReadmesProgramCompiles builds the README's Go program as if it stood in the module.
func TestTheReadmesProgramCompiles(t *testing.T) {
	_, after, found := strings.Cut(readDoc(t, "README.md"), "```go\n")
	program, _, closed := strings.Cut(after, "```")
	if !found || !closed {
		t.Fatal("README.md has no Go program")
	}
	dir := t.TempDir()
	source, overlay := filepath.Join(dir, "main.go"), filepath.Join(dir, "overlay.json")
	inModule := filepath.Join(root(t), "app", "e2e", "readme", "main.go")
	replace, err := json.Marshal(map[string]any{"Replace": map[string]string{inModule: source}})
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{source: []byte(program), overlay: replace} {
		if err := os.WriteFile(name, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("go", "build", "-overlay", overlay, "-o", filepath.Join(dir, "program"), "./app/e2e/readme")
	cmd.Dir = root(t)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("the README's program does not compile: %v\n%s", err, out)
	}
}

func TestTheReadmeNamesTestsThatExist(t *testing.T) {
	var source strings.Builder
	files, _ := filepath.Glob("*_test.go")
	chaos, _ := filepath.Glob("chaos/*_test.go")
	for _, name := range append(files, chaos...) {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		source.Write(text)
	}
	names := regexp.MustCompile("`(Test[A-Za-z0-9]+)`").FindAllStringSubmatch(readDoc(t, "README.md"), -1)
	if len(names) == 0 {
		t.Fatal("README.md names no tests")
	}
	for _, name := range names {
		if !strings.Contains(source.String(), "func "+name[1]+"(") {
			t.Errorf("README.md names %s, which does not exist", name[1])
		}
	}
}

func TestTheWalkOpensEachFileOnce(t *testing.T) {
	_, walk, found := strings.Cut(readDoc(t, ".github/ARCHITECTURE.md"), "## One task's life")
	if !found {
		t.Fatal("ARCHITECTURE.md has no walk")
	}
	seen := map[string]bool{}
	for _, step := range regexp.MustCompile("(?m)^[0-9]+\\. `([^`]+)`").FindAllStringSubmatch(walk, -1) {
		file := step[1]
		if seen[file] {
			t.Errorf("the walk opens %s twice", file)
		}
		seen[file] = true
		if _, err := os.Stat(filepath.Join(root(t), file)); err != nil {
			t.Errorf("the walk names a file that is not there: %v", err)
		}
	}
	if len(seen) < 10 {
		t.Errorf("the walk has %d steps; want the whole way", len(seen))
	}
}
