package monitor

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"time"

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

//go:embed snapshot.lua
var snapshotLua string

var snapshotScript = queue.NewScript("snapshot", snapshotLua)

// ReadSnapshot reads the cell as it is now. Its Seq and Rates are those of the last published snapshot.
func ReadSnapshot(ctx context.Context, c *queue.Client) (*Snapshot, error) {
	s, _, _, err := read(ctx, c, 0, 0)
	return s, err
}

// Located is a task as the Python system's endpoints list it.
type Located struct {
	ID       string
	Payload  json.RawMessage
	Location string // "task_queue" or "processing:<worker_id>"; "" where failed
}

// Listing is what GET /queue_status shows besides the counts.
type Listing struct {
	QueueSize int64     // all that is pending or on a worker
	Tasks     []Located // on workers first, then pending ones by queue and priority, at most limit
	Failed    []Located // newest first, at most limit
}

// ReadListing is ReadSnapshot with the tasks themselves, at most limit (1 or more) of each list, of the same moment.
func ReadListing(ctx context.Context, c *queue.Client, limit int) (*Snapshot, *Listing, error) {
	s, l, _, err := read(ctx, c, max(limit, 1), 0)
	return s, l, err
}

// read runs the script. With a spacing it counts as published; where another one was within it the snapshot is nil, and
// wait says when to try again, 0 for not at all.
func read(
	ctx context.Context, c *queue.Client, limit int, spacing time.Duration,
) (s *Snapshot, l *Listing, wait time.Duration, err error) {
	send := snapshotScript.Read
	if spacing > 0 {
		send = snapshotScript.Run
	}
	out, err := send(ctx, c, limit, spacing.Milliseconds())
	if err != nil {
		return nil, nil, 0, err
	}
	parts, ok := out.([]any)
	if ok && len(parts) == 1 {
		ms, _ := parts[0].(int64)
		return nil, nil, time.Duration(ms) * time.Millisecond, nil
	}
	if !ok || len(parts) != 10 {
		return nil, nil, 0, fmt.Errorf("snapshot: an answer of another shape: %T", out)
	}
	s, l, err = decode(parts)
	return s, l, 0, err
}
