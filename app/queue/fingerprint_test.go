package queue

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// kinds are errors of one kind each, with the fingerprint of all in the line.
var kinds = map[string][]string{
	"dial tcp #: timeout after #": {
		"dial tcp 10.0.0.7:5432: timeout after 3.2s", "dial tcp 10.11.0.250:5432: timeout after 1m30s",
		"dial tcp db-3.internal:5432: timeout after 250ms", "dial tcp localhost:6379: timeout after 12",
	},
	"dial tcp [#]#: connect refused": {"dial tcp [::1]:80: connect refused", "dial tcp [2001:db8::ff00:42:8329]:8080: connect refused"},
	"user # not found": {
		"user 17 not found", "user 6ba7b810-9dad-11d1-80b4-00c04fd430c8 not found", "user 0x7f3a not found",
		"user 507f1f77bcf86cd799439011 not found", "user 01ARZ3NDEKTSV4RRFFQ69G5FAV not found",
	},
	`no such file "…"`:     {`no such file "/tmp/a"`, `no such file "/var/b \" c"`, `no such file ""`},
	"can't open '…' twice": {"can't open 'a b' twice", "can't open 'it's' twice"},
	"order-# of shop_#":    {"order-000123 of shop_7", "order-9 of shop_12"},
	"ids [#] are taken":    {"ids [1, 2, 3] are taken", "ids [7] are taken"},
	"worker # was lost":    {"worker w-1-abcdefgh was lost", "worker host-ab2defg7 was lost", "worker Worker-3-zzzzzzzz was lost"},
	"panic at main.go:#":   {"panic at main.go:12\ngoroutine 1", "panic at main.go:7\r\nx", "\n  panic at\tmain.go:199 "},
	"at # it broke":        {"at 2026-11-26T21:11:14.123Z it broke", "at 12:30 it broke"},
	"#% of #":              {"93% of 5KB", "7% of 1.5GiB"},
	"HTTP 404":             {"HTTP 404"},
	"exit status 137":      {"exit status 137"},
	"code:17 of #":         {"code:17 of 99"},
	"":                     {"", " \n\t"},
}

func TestErrorsOfOneKindHaveOneFingerprint(t *testing.T) {
	for want, errors := range kinds {
		for _, text := range errors {
			if got := Fingerprint(text); got != want {
				t.Errorf("%q has the fingerprint %q; want %q", text, got, want)
			}
		}
	}
}

func TestErrorsOfDifferentKindsAreToldApart(t *testing.T) {
	for _, pair := range [][2]string{
		{"status 404", "status 503"},
		{"exit status 1", "exit status 137"},
		{"Error 1062: Duplicate entry 'a' for key", "Error 1205: Duplicate entry 'a' for key"},
		{"dial tcp 10.0.0.7:5432: timeout", "dial tcp 10.0.0.7:5432: connection refused"},
		{"panic at main.go:12", "panic at other.go:12"},
		{"worker pre-fork was lost", "worker w-1-abcdefgh was lost"},
		{"https://a.example/users/1", "https://a.example/orders/1"},
	} {
		if a, b := Fingerprint(pair[0]), Fingerprint(pair[1]); a == b {
			t.Errorf("%q and %q have the same fingerprint %q", pair[0], pair[1], a)
		}
	}
	if GroupID("email", "x") == GroupID("sms", "x") || GroupID("email", "x") == GroupID("email", "y") {
		t.Error("two groups have one id")
	}
}

func TestALongErrorIsCutTheSameWay(t *testing.T) {
	a := Fingerprint(`bad body "` + strings.Repeat("a", 600) + `"`)
	if b := Fingerprint(`bad body "` + strings.Repeat("b", 900) + `"`); a != b || a != `bad body "…"` {
		t.Errorf("got %q and %q", a, b)
	}
	if got := Fingerprint(strings.Repeat("é ", 300)); len(got) > maxFingerprint || !utf8.ValidString(got) {
		t.Errorf("%d bytes, valid %v", len(got), utf8.ValidString(got))
	}
}

func TestAFingerprintCostsTwoAllocations(t *testing.T) {
	const text = "dial tcp 10.0.0.7:5432: timeout after 3.2s of user 6ba7b810-9dad-11d1-80b4-00c04fd430c8"
	if n := testing.AllocsPerRun(100, func() { Fingerprint(text) }); n > 2 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzAFingerprintIsShortAndStable(f *testing.F) {
	for _, errors := range kinds {
		addAll(f, errors)
	}
	addAll(f, []string{"'", `"`, "`", `\`, "a'b'c", "#", "\xff", "status 12345", strings.Repeat("'1", 300)})
	f.Fuzz(func(t *testing.T, text string) {
		got := Fingerprint(text)
		if len(got) > maxFingerprint || !utf8.ValidString(got) || strings.ContainsAny(got, "\r\n\t\x00") {
			t.Fatalf("%q: %q has %d bytes", text, got, len(got))
		}
		if again := Fingerprint(text + "\nmore"); strings.Trim(text, " \t\r\n") != "" && again != got {
			t.Fatalf("%q: a second line makes %q of %q", text, again, got)
		}
		if !ValidGroup(GroupID(text, got)) {
			t.Fatalf("%q: a group without an id", text)
		}
	})
}
