package redistest

import (
	"testing"
	"time"
)

// Eventually asks until ok, every 5 ms, and ends the test where what it is about has not come within 30 s.
func Eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	const atMost = 30 * time.Second
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(atMost); !ok(); {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("not within %v: %s", atMost, what)
		}
	}
}

// Must ends the test where err is one.
func Must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
