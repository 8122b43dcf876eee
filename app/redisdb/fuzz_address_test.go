package redisdb

import (
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
)

const secret = "cAnArY9f" // no part of any other text

// Every place in which an address may hold a secret, around texts that nobody would choose.
func FuzzNoAddressTellsItsSecrets(f *testing.F) {
	for _, seed := range [][4]string{
		{"redis", "ann", "h:1/0", ""},
		{"redis+sentinel", "", "h1:1,h2:2/m", "db=1"},
		{"redis+cluster", "ann", "h1:1,,h2", "read_timeout=x"},
		{"rediss", "a@b", "h:port", "x=%zz"},
		{"unix", "", "/tmp/a@b.sock", "db=9"},
		{"http", "%zz", "[::1", "a;b"},
	} {
		f.Add(seed[0], seed[1], seed[2], seed[3])
	}
	f.Fuzz(func(t *testing.T, scheme, user, host, query string) {
		if strings.Contains(host, "?") {
			return // what follows is a value that an error may show
		}
		for _, url := range []string{
			scheme + "://" + user + ":" + secret + "@" + host + "?" + query,
			scheme + "://" + user + ":x@" + secret + "@" + host,
			scheme + "://" + user + ":?" + secret + "@" + host,
			scheme + "://" + user + ":%zz" + secret + "@" + host + "?" + query,
			scheme + "://" + host + "?sentinel_password=" + secret + "&" + query,
			scheme + "://" + host + "?" + query + "&sentinel_password=" + secret,
			scheme + "://" + host + "?password=" + secret, // as other libraries take it
		} {
			checkSilence(t, url)
		}
	})
}

func checkSilence(t *testing.T, url string) {
	t.Helper()
	if path, _, _ := strings.Cut(url, "?"); strings.HasPrefix(path, "unix:///") && strings.Contains(path, "@") {
		return // the path of a socket may hold an @
	}
	if shown := Redact(url); strings.Contains(shown, secret) {
		t.Errorf("Redact(%q) tells the secret: %s", url, shown)
	}
	a, err := parseAddress(url)
	if err == nil {
		err = readOptions(a)
	}
	if err != nil && strings.Contains(err.Error(), secret) {
		t.Errorf("the error about %q tells the secret: %v", url, err)
	}
}

// readOptions lets go-redis read what Open would give it; opening would dial.
func readOptions(a address) error {
	var err error
	switch a.kind {
	case "sentinel":
		_, err = redis.ParseFailoverURL(a.plain())
	case "cluster":
		_, err = redis.ParseClusterURL(a.plain())
	default:
		_, err = redis.ParseURL(a.plain())
	}
	return withoutURL(err)
}
