// Package e2e tests the whole from outside: real processes on a real Redis, spoken to as scripts and browsers do, and
// the rules of the house over all packages.
package e2e

import (
	"os"
	"testing"

	"github.com/xuniquepatel/queue-pilot/app/e2e/harness"
)

func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }
