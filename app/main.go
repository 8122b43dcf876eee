// Queuepilot is a distributed task queue with a live dashboard, in one program. Run it without arguments for
// everything in one process; see package cli for its commands.
package main

import (
	"os"

	"github.com/xuniquepatel/queue-pilot/app/cli"
)

func main() { os.Exit(cli.Main(os.Args[1:])) }
