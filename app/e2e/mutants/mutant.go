package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// mutant is a fault that somebody might make one day.
type mutant struct {
	name   string   // for -only
	breaks string   // what it takes away, in a line
	edits  []edit   // that make it, in order
	rows   []string // the tests of the suite that should notice: their names begin so, behind "Test"
}

// edit replaces a text that stands in a file, named from the module's folder, exactly once.
type edit struct{ file, from, to string }

// mutated returns the whole text of each file that the mutant changes, by name. root is the module's folder.
func (m mutant) mutated(root string) (map[string]string, error) {
	texts := map[string]string{}
	for _, e := range m.edits {
		if _, read := texts[e.file]; !read {
			text, err := os.ReadFile(filepath.Join(root, e.file))
			if err != nil {
				return nil, fmt.Errorf("mutant %s: %w", m.name, err)
			}
			texts[e.file] = string(text)
		}
		if n := strings.Count(texts[e.file], e.from); n != 1 {
			return nil, fmt.Errorf("mutant %s is stale: %s has %d times, not once:\n%s", m.name, e.file, n, e.from)
		}
		texts[e.file] = strings.Replace(texts[e.file], e.from, e.to, 1)
	}
	return texts, nil
}

// pattern is the -run of go test for tests whose names begin so, behind "Test"; all where there is none.
func pattern(rows []string) string {
	if len(rows) == 0 {
		return "."
	}
	return "^Test(" + strings.Join(rows, "|") + ")"
}
