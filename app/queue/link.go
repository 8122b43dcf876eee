package queue

import (
	"regexp"
	"slices"
	"strings"
)

// link gives the parts of a Lua library that text needs, in their order, but for those that are given already. A script
// runs its whole text at every call, so each function that is defined there costs all callers: some 0.1 µs.
//
// A part begins with a line that begins with "local". It may use the names of parts before it, as Lua has it.
func link(library, text, given string) string {
	parts, used := split(library), words(text)
	needed := make([]string, 0, len(parts))
	for i := len(parts) - 1; i >= 0; i-- {
		if !defines(parts[i], used) {
			continue
		}
		for word := range words(parts[i]) {
			used[word] = true
		}
		if !strings.Contains(given, parts[i]) {
			needed = append(needed, parts[i])
		}
	}
	slices.Reverse(needed)
	return strings.Join(needed, "")
}

// split cuts a library into its parts, without comments that stand alone.
func split(library string) []string {
	var parts []string
	for line := range strings.Lines(library) {
		switch {
		case strings.HasPrefix(line, "--"), strings.TrimSpace(line) == "":
		case strings.HasPrefix(line, "local ") || len(parts) == 0:
			parts = append(parts, line)
		default:
			parts[len(parts)-1] += line
		}
	}
	return parts
}

var (
	luaWord    = regexp.MustCompile(`[A-Za-z_]\w*`)
	luaComment = regexp.MustCompile(`--[^\n]*`)
	luaLocal   = regexp.MustCompile(`^local (?:function (\w+)|([\w, ]+))`)
)

// words are the names in a text, also those of fields: a part too many does no harm.
func words(text string) map[string]bool {
	found := map[string]bool{}
	for _, word := range luaWord.FindAllString(luaComment.ReplaceAllString(text, ""), -1) {
		found[word] = true
	}
	return found
}

// defines tells whether a part defines one of the names.
func defines(part string, names map[string]bool) bool {
	m := luaLocal.FindStringSubmatch(part)
	if m == nil {
		return false
	}
	for name := range strings.SplitSeq(m[1]+m[2], ",") {
		if names[strings.TrimSpace(name)] {
			return true
		}
	}
	return false
}
