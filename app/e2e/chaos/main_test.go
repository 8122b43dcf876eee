// Package chaos runs the fault matrix: each row breaks something under load, heals it, lets the system drain, and then
// checks what was promised. .github/RELIABILITY.md lists the rows, the invariants and the figures seen.
//
// `task test` runs a quick cut of every row, `task chaos` all of them at full size, for several seeds each:
//
//	go test ./app/e2e/chaos -args -chaos.full -chaos.seeds 3
package chaos

import (
	"flag"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/e2e/harness"
)

var (
	full    = flag.Bool("chaos.full", false, "every row at its full size, one after another")
	seeds   = flag.Int("chaos.seeds", 1, "seeds that each row runs with")
	seed    = flag.Uint64("chaos.seed", uint64(time.Now().Unix()), "the first seed")
	report  = flag.String("chaos.report", "", "file for the report as JSON")
	summary = flag.String("chaos.summary", "", "Markdown file whose table of the matrix is replaced")
)

// quickRowsAtOnce: the rows of the quick cut spend most of their time waiting for a lease to end.
const quickRowsAtOnce = "4"

func TestMain(m *testing.M) {
	flag.Parse()
	if !*full {
		if err := flag.Set("test.parallel", quickRowsAtOnce); err != nil {
			panic(err)
		}
	}
	code := harness.Main(m)
	if err := matrix.write(*report, *summary); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}
