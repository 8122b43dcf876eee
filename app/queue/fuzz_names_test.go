package queue

import (
	"regexp"
	"strings"
	"testing"
)

var (
	idPattern   = regexp.MustCompile(`^[A-Za-z0-9_.:-]{1,128}$`) // as documented at Task.ID
	namePattern = regexp.MustCompile(`^[A-Za-z0-9_.:-]{1,64}$`)
)

// separators end something in a key, a record, a line, a list or a pattern of Redis.
const separators = "|\n\r\x00 \t,;=#@*?[]{}<>/\\\"'%"

func FuzzNamesAreExactlyThoseOfThePattern(f *testing.F) {
	addAll(f, []string{
		"", "a", ".", "..", "...", "a.b:c-d_1", "é", "a|b", "a\n", "\x00", "default", "*", "q#5", "q@t", "\xff",
		strings.Repeat("a", 64), strings.Repeat("a", 65), strings.Repeat("a", 128), strings.Repeat("a", 129),
	})
	f.Fuzz(func(t *testing.T, s string) {
		reachable := s != "." && s != ".." // in the path of an address
		if got, want := ValidID(s), idPattern.MatchString(s) && reachable; got != want {
			t.Errorf("ValidID(%q) = %v; the pattern says %v", s, got, want)
		}
		if got, want := ValidName(s), namePattern.MatchString(s) && reachable; got != want {
			t.Errorf("ValidName(%q) = %v; the pattern says %v", s, got, want)
		}
		if (ValidID(s) || ValidName(s)) && (s == "" || strings.ContainsAny(s, separators)) {
			t.Errorf("%q is accepted and holds a separator", s)
		}
	})
}
