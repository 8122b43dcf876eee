package redisdb

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
)

func TestACutAppendOnlyFileIsReportedInEachVersionsWords(t *testing.T) {
	for said, want := range map[string]string{
		"9:M 24 Nov 2026 15:12:29.836 # !!! Truncating the AOF appendonly.aof.1.incr.aof at offset 50 !!!\n": "file=/d/appendonlydir/appendonly.aof.1.incr.aof kept_bytes=50\n",
		"9:M 24 Nov 2026 15:12:29.836 # !!! Truncating the AOF at offset 50 !!!\n":                           "file=/d/appendonly.aof kept_bytes=50\n", // 6.2
		"9:M 24 Nov 2026 15:12:29.836 * DB loaded from append only file: 0.000 seconds\n":                    "",
		strings.Repeat("x", 3*tailBytes): "",
	} {
		for _, size := range []int{1, 7, len(said)} {
			var out bytes.Buffer
			w := &truncations{dir: "/d", log: slog.New(slog.NewTextHandler(&out, nil))}
			for rest := said; rest != ""; rest = rest[min(size, len(rest)):] {
				if n, err := w.Write([]byte(rest[:min(size, len(rest))])); err != nil || n == 0 {
					t.Fatal(n, err)
				}
			}
			if got := out.String(); !strings.HasSuffix(got, want) || (want == "") != (got == "") {
				t.Errorf("%q in pieces of %d: %q; want %q at its end", said, size, got, want)
			}
			if len(w.line) > tailBytes {
				t.Errorf("an unfinished line of %d bytes is kept; want at most %d", len(w.line), tailBytes)
			}
		}
	}
}
