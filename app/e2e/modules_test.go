package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The peers have a module of their own, which `go mod tidy` at the top does not see, and no test here compiles.
func TestThePeersModuleHasTheSumsOfAllThatOurPackagesNeed(t *testing.T) {
	sums, err := os.ReadFile(filepath.Join(root(t), "app/e2e/peers/go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	list := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}}@{{.Version}}{{end}}{{end}}", "./app/bench", "./app/redisdb/...")
	list.Dir = root(t)
	out, err := list.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	modules := slices.Compact(slices.Sorted(strings.FieldsSeq(string(out))))
	if len(modules) < 10 {
		t.Fatalf("our packages need only %v", modules)
	}
	for _, module := range modules {
		summed := func(line string) bool {
			f := strings.Fields(line)
			return len(f) == 3 && f[0]+"@"+f[1] == module
		}
		if !slices.ContainsFunc(strings.Split(string(sums), "\n"), summed) {
			t.Errorf("app/e2e/peers/go.sum has no sum of %s: run `go mod tidy` there", module)
		}
	}
}
