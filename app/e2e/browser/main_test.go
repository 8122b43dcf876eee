// Package browser shows the dashboard's promises in a real Chromium, on a real system under load.
//
// `task test` runs each check in a short form, `task browser` in its whole length, with the check of accessibility:
//
//	go test ./app/e2e/browser -v -args -browser.full
package browser

import (
	"flag"
	"os"
	"testing"

	"github.com/xuniquepatel/queue-pilot/app/e2e/harness"
)

var full = flag.Bool("browser.full", false, "every check in its whole length")

// tabsAtOnce bounds the browsers that run at the same time.
const tabsAtOnce = "2"

func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", tabsAtOnce); err != nil {
		panic(err)
	}
	os.Exit(harness.Main(m))
}

// size chooses between the short form of a check and the whole.
func size[T any](short, whole T) T {
	if *full {
		return whole
	}
	return short
}
