package queue

import "strings"

// What in an error's line counts as varying, word by word; see Fingerprint.

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isHex(c byte) bool { return isDigit(c) || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F' }

// isAlnum: letters of other scripts, and the sign itself, count as letters.
func isAlnum(c byte) bool {
	return isDigit(c) || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c >= 0x80 || c == mark
}

func inWord(c byte) bool { return isAlnum(c) || c == '_' }

func inToken(c byte) bool {
	return inWord(c) || c == '.' || c == ':' || c == '-' || c == '+' || c == '%'
}

// codeWords come before a number that says which error it is.
var codeWords = [...]string{"code", "error", "errno", "exit", "http", "signal", "sqlstate", "status"}

func isCodeWord(word string) bool {
	for _, known := range codeWords {
		if strings.EqualFold(word, known) {
			return true
		}
	}
	return false
}

// isCode tells of a short number that names the error: "404" after "status", or "code:17".
func (f *folder) isCode(word string) bool {
	before, number, ok := strings.Cut(word, ":")
	if !ok {
		before, number = f.word, word
	}
	return isNumber(number) && len(number) <= 5 && isCodeWord(strings.TrimRight(before, ":"))
}

func isNumber(s string) bool {
	for i := range len(s) {
		if !isDigit(s[i]) {
			return false
		}
	}
	return s != ""
}

// isWorker tells of a worker's id after the word worker: its name and eight of a-z 2-7, perhaps without a digit.
func (f *folder) isWorker(word string) bool {
	at := strings.LastIndexByte(word, '-')
	if f.word != "worker" || at < 0 || len(word)-at-1 != 8 {
		return false
	}
	for i := at + 1; i < len(word); i++ {
		if c := word[i]; (c < 'a' || c > 'z') && (c < '2' || c > '7') {
			return false
		}
	}
	return true
}

// varies tells of UUIDs, hex with its 0x, and what begins with a digit and has at most three letters in a row: numbers,
// durations, sizes, times, versions, IPv4 addresses.
func varies(word string) bool {
	if word == "" {
		return false
	}
	if isUUID(word) || len(word) > 2 && word[0] == '0' && (word[1] == 'x' || word[1] == 'X') && allHex(word[2:]) {
		return true
	}
	if !isDigit(word[0]) {
		return false
	}
	letters := 0
	for i := range len(word) {
		switch c := word[i]; {
		case c == '_':
			return false
		case isDigit(c) || !isAlnum(c):
			letters = 0
		default:
			if letters++; letters > 3 {
				return false
			}
		}
	}
	return true
}

func allHex(s string) bool {
	for i := range len(s) {
		if !isHex(s[i]) {
			return false
		}
	}
	return s != ""
}

func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		if dash := i == 8 || i == 13 || i == 18 || i == 23; dash != (s[i] == '-') || !dash && !isHex(s[i]) {
			return false
		}
	}
	return true
}

// isHexColons tells of IPv6 and hardware addresses: hex with at least two colons, and a digit.
func isHexColons(s string) bool {
	colons, digits := 0, 0
	for i := range len(s) {
		switch c := s[i]; {
		case c == ':':
			colons++
		case isDigit(c):
			digits++
		case !isHex(c) && c != '.':
			return false
		}
	}
	return colons > 1 && digits > 0
}

// hostPort cuts "host:port", where the port has 1 to 5 digits.
func hostPort(word string) (host string, ok bool) {
	at := strings.LastIndexByte(word, ':')
	if at < 1 || len(word)-at-1 > 5 || !isNumber(word[at+1:]) {
		return "", false
	}
	return word[:at], true
}

// isAddress tells of a host with a port.
func isAddress(word string) bool {
	host, ok := hostPort(word)
	for i := 0; ok && i < len(host); i++ {
		ok = isAlnum(host[i]) || host[i] == '.' || host[i] == '-' || host[i] == '_'
	}
	return ok
}

// isFilePlace tells of a place in a source file, "main.go:12": the file tells errors apart, the line does not.
func isFilePlace(word string) bool {
	file, ok := hostPort(word)
	if !ok {
		return false
	}
	switch file[strings.LastIndexByte(file, '.')+1:] {
	case "go", "py", "js", "ts", "rb", "java", "c", "cc", "cpp", "rs", "php", "lua", "sql", "cs", "kt", "sh":
		return strings.Contains(file, ".")
	}
	return false
}
