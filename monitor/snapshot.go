package monitor

import (
	"github.com/xuniquepatel/queue-pilot/app/queue"
)

// Snapshot is the whole of a cell at one moment, as the sockets, the pages and the polling endpoints show it. It is
// read by one script, so its numbers belong together. Its JSON form is the contract of GET /ws.
type Snapshot struct {
	Type    string         `json:"type"`    // always "snapshot"
	Seq     int64          `json:"seq"`     // grows with every snapshot of the cell
	At      queue.Time     `json:"at"`      // Redis's clock
	Queues  []queue.Queue  `json:"queues"`  // by name
	Workers []queue.Worker `json:"workers"` // live ones by name, then lost and gone ones, newest first
	Totals  Totals         `json:"totals"`
	Rates   Rates          `json:"rates"`
}

// Totals adds up the queues, and counts the workers by state.
type Totals struct {
	Pending        int64 `json:"pending"`
	Assigned       int64 `json:"assigned"`
	Running        int64 `json:"running"`
	Scheduled      int64 `json:"scheduled"`
	Retry          int64 `json:"retry"`
	Completed      int64 `json:"completed"` // kept
	Failed         int64 `json:"failed"`    // kept
	Canceled       int64 `json:"canceled"`  // kept
	SubmittedTotal int64 `json:"submitted_total"`
	CompletedTotal int64 `json:"completed_total"`
	FailedTotal    int64 `json:"failed_total"`
	CanceledTotal  int64 `json:"canceled_total"`
	RetriedTotal   int64 `json:"retried_total"`
	Workers        int   `json:"workers"` // starting, ready or draining
	WorkersLost    int   `json:"workers_lost"`
	Slots          int   `json:"slots"` // of live workers
	// OldestPendingSeconds is the longest that a pending task has waited; 0 where none is pending.
	OldestPendingSeconds float64 `json:"oldest_pending_seconds"`
}

// Rates are per second, over the last ten seconds.
type Rates struct {
	Submitted float64 `json:"submitted"`
	Completed float64 `json:"completed"`
	Failed    float64 `json:"failed"`
	Retried   float64 `json:"retried"`
}
