package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/xuniquepatel/queue-pilot/app/e2e/harness"
)

const module = "github.com/xuniquepatel/queue-pilot/"

// order is the house from left to right: a package may import only what stands in an earlier row. Packages below one
// (app/redisdb/child) stand in its row, and may import each other.
var order = [][]string{
	{"static"},
	{"app/loop"},
	{"app/redisdb"},
	{"app/queue"},
	{"app/history"},
	{"scheduler", "workers", "monitor"},
	{"views"},
	{"app/live"},
	{"app/web"},
	{"app/bench"},
	{"app/cli"},
	{"app"},
	{"app/e2e"},
}

// testHelper is one of the packages that may be imported by tests only, by each other, and by the tests of the whole.
const testHelper = "app/redisdb/redistest"

var testHelpers = []string{testHelper, "app/queue/queuetest", "workers/workerstest"}

// goPackage is what the rules look at in an entry of `go list -json`.
type goPackage struct {
	ImportPath                         string
	Imports, TestImports, XTestImports []string
}

// place returns the row of a package and its name there; -1 where it has none.
func place(path string) (row int, name string) {
	for row, names := range order {
		for _, name := range names {
			if path == name || (name != "app" && strings.HasPrefix(path, name+"/")) {
				return row, name
			}
		}
	}
	return -1, ""
}

// mayImport reports whether a package may import another; both paths are inside the module.
func mayImport(from, to string, isTest bool) bool {
	fromRow, fromName := place(from)
	toRow, toName := place(to)
	switch {
	case fromRow < 0 || toRow < 0:
		return false
	case slices.Contains(testHelpers, to) && !slices.Contains(testHelpers, from):
		return (isTest && toRow <= fromRow) || fromName == "app/e2e"
	case fromName == toName:
		return true
	case isTest: // a test of one pool may run the others
		return toRow <= fromRow
	default:
		return toRow < fromRow
	}
}

func TestEachPackageImportsOnlyWhatStandsToItsLeft(t *testing.T) {
	for _, p := range listPackages(t) {
		from := strings.TrimPrefix(p.ImportPath, module)
		if row, _ := place(from); row < 0 {
			t.Errorf("%s has no place in the order of the house", from)
		}
		check := func(imports []string, isTest bool) {
			for _, path := range imports {
				to, ours := strings.CutPrefix(path, module)
				if ours && !mayImport(from, to, isTest) {
					t.Errorf("%s imports %s (in a test: %v), which does not stand to its left", from, to, isTest)
				}
			}
		}
		check(p.Imports, false)
		check(p.TestImports, true)
		check(p.XTestImports, true)
	}
}

func TestTheImportRuleRefuses(t *testing.T) {
	for _, tc := range []struct {
		from, to string
		isTest   bool
		want     bool
	}{
		{"app/queue", "app/redisdb", false, true},
		{"app/redisdb", "app/queue", false, false},
		{"scheduler", "workers", false, false},
		{"scheduler", "workers", true, true},
		{"views", "app/web", true, false},
		{"workers", testHelper, true, true},
		{"workers", testHelper, false, false},
		{"app/e2e/harness", testHelper, false, true},
		{"scheduler", "workers/workerstest", true, true},
		{"scheduler", "workers/workerstest", false, false},
		{"app/queue", "workers/workerstest", true, false},
		{"workers/workerstest", "app/queue/queuetest", false, true},
		{"app/queue/queuetest", "workers/workerstest", false, false},
		{"app/redisdb", "app/redisdb/child", false, true},
		{"app/bench", "app/web", false, true},
		{"app/web", "app/bench", false, false},
		{"app/cli", "app/bench", false, true},
		{"tools", "app/queue", false, false},
	} {
		if got := mayImport(tc.from, tc.to, tc.isTest); got != tc.want {
			t.Errorf("mayImport(%s, %s, test %v) = %v; want %v", tc.from, tc.to, tc.isTest, got, tc.want)
		}
	}
}

func listPackages(t *testing.T) []goPackage {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports,TestImports,XTestImports", "./...")
	cmd.Dir = root(t)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var packages []goPackage
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p goPackage
		switch err := decoder.Decode(&p); {
		case errors.Is(err, io.EOF):
			return packages
		case err != nil:
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
}

func root(t *testing.T) string {
	t.Helper()
	dir, err := harness.Root()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// topLevel is all that may stand beside dot-files at the top: the owner fixed it, with a licence and deployment files.
var topLevel = []string{
	"app", "views", "static", "workers", "scheduler", "monitor", "go.mod", "go.sum", "Taskfile.yml", "README.md",
	"LICENSE", "Dockerfile", "compose.yaml",
}

// madeByUse is what git ignores.
var madeByUse = []string{"bin", "queuepilot-data"}

func TestTheTopLevelIsAsTheOwnerFixedIt(t *testing.T) {
	entries, err := os.ReadDir(root(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		name := e.Name()
		if !strings.HasPrefix(name, ".") && !slices.Contains(topLevel, name) && !slices.Contains(madeByUse, name) {
			t.Errorf("%s has no place at the top level", name)
		}
	}
}

const (
	longestFile = 350
	longestMain = 40
)

func TestFilesStayShort(t *testing.T) {
	top := root(t)
	err := filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != top && (strings.HasPrefix(d.Name(), ".") || d.Name() == "node_modules") { // others' code, installed
			return filepath.SkipDir
		}
		if !written(d.Name()) {
			return nil
		}
		most := longestFile
		if name, _ := filepath.Rel(top, path); name == filepath.Join("app", "main.go") {
			most = longestMain
		}
		lines, err := countLines(path)
		if lines > most {
			t.Errorf("%s has %d lines; at most %d", strings.TrimPrefix(path, top+"/"), lines, most)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// written reports whether a file is hand-written code.
func written(name string) bool {
	if strings.HasSuffix(name, "_templ.go") {
		return false
	}
	return slices.Contains([]string{".go", ".lua", ".templ", ".js", ".css"}, filepath.Ext(name))
}

func countLines(path string) (int, error) {
	file, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	lines := 0
	scanner := bufio.NewScanner(file)
	for scanner.Scan() {
		lines++
	}
	return lines, scanner.Err()
}
