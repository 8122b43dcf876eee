package redisdb

import (
	"bytes"
	"log/slog"
	"path/filepath"
	"regexp"
	"sync"
)

// truncation is how redis-server says, while it loads, that it cut an incomplete end off its append-only file: since 7.0
// with the file's name.
var truncation = regexp.MustCompile(`Truncating the AOF(?: (\S+))? at offset (\d+)`)

// truncations reads what a redis-server prints, and turns the report of a cut into a warning of ours.
type truncations struct {
	dir string // of the redis-server
	log *slog.Logger

	mu   sync.Mutex
	line []byte // the unfinished one
}

// Write takes output in pieces of any size. It never fails.
func (t *truncations) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.line = append(t.line, p...)
	for {
		line, rest, found := bytes.Cut(t.line, []byte("\n"))
		if !found {
			break
		}
		t.read(string(line))
		t.line = rest
	}
	t.line = bytes.Clone(t.line[max(0, len(t.line)-tailBytes):]) // what is read goes, and no line grows for ever
	return len(p), nil
}

func (t *truncations) read(line string) {
	found := truncation.FindStringSubmatch(line)
	if found == nil {
		return
	}
	file := filepath.Join(t.dir, appendOnlyDir, found[1])
	if found[1] == "" {
		file = filepath.Join(t.dir, "appendonly.aof")
	}
	t.log.Warn("the last writes before Redis's crash were incomplete and are cut off; everything before them is there",
		"file", file, "kept_bytes", found[2])
}
