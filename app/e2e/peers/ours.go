package main

import (
	"context"

	"github.com/xuniquepatel/queue-pilot/app/bench"
)

const oursName = "QueuePilot"

// openOurs returns QueuePilot, with scheduler and monitor at work beside the worker.
func openOurs(_ context.Context, url string) (opened, error) {
	ours := &bench.Ours{URL: url}
	return opened{lines: []line{{peer: ours, samples: 200}}, close: ours.Close}, nil
}
