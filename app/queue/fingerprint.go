package queue

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"unicode/utf8"
)

const (
	maxErrorLine   = 512 // bytes of an error's first line that are looked at
	maxFingerprint = 200 // bytes
	mark           = '#' // stands for what varies
)

// Fingerprint returns what is the same in all errors of a kind: the first line with what varies taken out. Numbers,
// durations, times, sizes, hex, UUIDs, long ids and addresses (host:port) become "#", a list of them one "#", and what
// stands in quotes "…". A short number stays where it names the error: behind code, error, errno, exit, HTTP, signal,
// SQLSTATE or status. The result is valid UTF-8 of at most 200 bytes on one line, and "" for an error without text.
func Fingerprint(text string) string {
	line := errorLine(text)
	var room [maxFingerprint + utf8.UTFMax]byte
	f := folder{line: line, out: room[:0], cut: len(line) >= maxErrorLine-utf8.UTFMax}
	for f.at < len(line) && len(f.out) < maxFingerprint {
		f.step()
	}
	return strings.ToValidUTF8(string(f.trimmed()), "")
}

// GroupID names the group of a type's failures with one fingerprint: 12 hex digits.
func GroupID(kind, fingerprint string) string {
	sum := sha256.Sum256([]byte(kind + "\x00" + fingerprint))
	return hex.EncodeToString(sum[:6])
}

// ValidGroup reports whether s can be the id of a group: 12 hex digits.
func ValidGroup(s string) bool {
	for i := range len(s) {
		if !isHex(s[i]) || 'A' <= s[i] && s[i] <= 'F' {
			return false
		}
	}
	return len(s) == 12
}

// errorLine is the first line of an error that is not empty, cut to 512 bytes.
func errorLine(text string) string {
	text = strings.TrimLeft(text, " \t\r\n")
	if end := strings.IndexAny(text, "\r\n"); end >= 0 {
		text = text[:end]
	}
	if len(text) > maxErrorLine {
		text = strings.ToValidUTF8(text[:maxErrorLine], "")
	}
	return text
}

// folder goes over a line once and writes what stays of it.
type folder struct {
	line string
	at   int
	out  []byte
	word string // the last word that stayed, if nothing but punctuation came since
	cut  bool   // the line was longer: what is open at its end ends there
}

func (f *folder) step() {
	switch c := f.line[f.at]; {
	case c <= ' ' || c == 0x7f:
		f.at++
		if n := len(f.out); n > 0 && f.out[n-1] != ' ' {
			f.out = append(f.out, ' ')
		}
	case c == '"' || c == '\'' || c == '`':
		f.quoted(c)
	case inToken(c):
		from := f.at
		for f.at < len(f.line) && inToken(f.line[f.at]) {
			f.at++
		}
		f.token(f.line[from:f.at])
	default:
		f.at++
		f.out = append(f.out, c)
	}
}

// quoted writes a pair of quotes without what stands between them. An apostrophe inside a word is none.
func (f *folder) quoted(quote byte) {
	from := f.at
	f.at++
	end := -1
	if quote != '\'' || from == 0 || !inWord(f.line[from-1]) {
		end = f.closing(quote)
	}
	if end < 0 {
		f.out = append(f.out, quote)
		return
	}
	f.out, f.word = append(f.out, quote), ""
	f.out = append(f.out, "…"...)
	f.out = append(f.out, quote)
	f.at = end
}

// closing finds the place behind the quote that ends what begins at f.at, or -1.
func (f *folder) closing(quote byte) int {
	for i := f.at; i < len(f.line); i++ {
		switch c := f.line[i]; {
		case c == '\\' && quote != '`':
			i++
		case c == quote && (quote != '\'' || i+1 == len(f.line) || !inWord(f.line[i+1])):
			return i + 1
		}
	}
	if f.cut && quote != '\'' {
		return len(f.line)
	}
	return -1
}

// token writes a word with its punctuation: "10.0.0.7:5432:" or "main.go".
func (f *folder) token(token string) {
	core := strings.TrimRight(token, ".:-+%")
	tail := token[len(core):]
	bare := strings.TrimLeft(core, ".:-+%")
	switch {
	case f.isCode(bare):
		f.out, f.word = append(f.out, core...), ""
	case isHexColons(core) || varies(bare) || f.isWorker(bare):
		f.mark()
	case isFilePlace(bare):
		f.runs(core)
	case isAddress(bare):
		f.mark()
	default:
		f.out = append(f.out, core[:len(core)-len(bare)]...)
		f.runs(bare)
		f.word = bare
	}
	f.out = append(f.out, tail...)
}

// mark writes the sign for what varies, once for several in a row.
func (f *folder) mark() {
	f.word = ""
	n := len(f.out)
	for n > 0 && (f.out[n-1] == ' ' || f.out[n-1] == ',' || f.out[n-1] == ';') {
		n--
	}
	if n > 0 && f.out[n-1] == mark {
		f.out = f.out[:n]
		return
	}
	f.out = append(f.out, mark)
}

// runs writes a word whose letters stay: in "order-000123" only the number goes.
func (f *folder) runs(word string) {
	for i := 0; i < len(word); {
		from := i
		for i < len(word) && isAlnum(word[i]) {
			i++
		}
		f.run(word[from:i])
		if i < len(word) {
			f.out = append(f.out, word[i])
			i++
		}
	}
}

// run writes letters and digits without anything between them.
func (f *folder) run(run string) {
	digits, groups, hexa := 0, 0, true
	for i := range len(run) {
		if isDigit(run[i]) {
			digits++
			if i == 0 || !isDigit(run[i-1]) {
				groups++
			}
		}
		hexa = hexa && isHex(run[i])
	}
	switch {
	case digits == 0 && len(run) < 40:
		f.out = append(f.out, run...)
		return
	case digits == 0, groups > 1, len(run) >= 8 && (digits > 1 || hexa):
		f.out = append(f.out, mark)
		return
	}
	for i := range len(run) {
		if !isDigit(run[i]) {
			f.out = append(f.out, run[i])
		} else if i == 0 || !isDigit(run[i-1]) {
			f.out = append(f.out, mark)
		}
	}
}

// trimmed is what was written, without white space at its end, cut where a character ends.
func (f *folder) trimmed() []byte {
	out := f.out
	if len(out) > maxFingerprint {
		n := maxFingerprint
		for n > maxFingerprint-utf8.UTFMax && !utf8.RuneStart(out[n]) {
			n--
		}
		out = out[:n]
	}
	for len(out) > 0 && out[len(out)-1] == ' ' {
		out = out[:len(out)-1]
	}
	return out
}
