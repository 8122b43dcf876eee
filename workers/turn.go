package workers

import (
	"context"
	_ "embed"
	"fmt"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/loop"
	"github.com/xuniquepatel/queue-pilot/app/queue"
)

//go:embed start.lua
var startLua string

//go:embed finish.lua
var finishLua string

//go:embed turn.lua
var turnLua string

var turnScript = queue.NewAssigningScript("turn", startLua, finishLua, turnLua)

const (
	// turnInterval is the slow tick besides wake-ups: it heals a lost token.
	turnInterval = 500 * time.Millisecond
	// turnBatch bounds the reports of one turn: some 2 ms of Redis's time.
	turnBatch = 256
)

// turn records what ended since the last one, and starts what there is room for, in one round trip. Reports that come
// in meanwhile wait for the next, which starts at once: writes are grouped without being delayed. A report leaves
// l.reports only when Redis has answered; sent twice, it is answered as recorded before.
func (l *life) turn(ctx context.Context) error {
	batch, want, adopt := l.plan()
	if len(batch) == 0 && want == 0 && !adopt {
		return nil
	}
	ctx, cancel := recordTimeout(ctx)
	defer cancel()
	out, err := turnScript.Run(ctx, l.client, turnArgs(l.id, batch, want, adopt)...)
	if err != nil {
		l.setUnsure(true)
		return err
	}
	answer, err := readTurn(out)
	if err != nil {
		return err
	}
	if answer.status != "ok" {
		return errLost
	}
	l.recorded(batch, answer.codes)
	if adopt {
		l.setUnsure(false)
	}
	l.startAll(answer.leases)
	if adopt || len(batch) == turnBatch {
		loop.Wake(l.turnWake)
	}
	return nil
}

// plan says what the next turn is for: reports to send, tasks to ask for, and whether to ask what runs already.
func (l *life) plan() (batch []report, want int, adopt bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	batch = l.reports[:min(len(l.reports), turnBatch)]
	if !l.draining && !l.fenced {
		want = max(l.cfg.Slots-l.stray-len(l.running), 0)
	}
	return batch, want, l.unsure
}

func turnArgs(worker string, batch []report, want int, adopt bool) []any {
	mode := ""
	if adopt {
		mode = "adopt"
	}
	args := make([]any, 0, 4+8*len(batch))
	args = append(args, worker, want, mode, len(batch))
	for _, r := range batch {
		args = append(args, r.id, r.attempt, r.kind, r.delay.Milliseconds(), string(r.reason), string(r.outcome), r.err, r.result)
	}
	return args
}

type turnAnswer struct {
	status string
	codes  []int64
	leases []*queue.Task
}

func readTurn(out any) (turnAnswer, error) {
	parts, ok := out.([]any)
	if !ok || len(parts) != 3 {
		return turnAnswer{}, fmt.Errorf("turn: an answer of another shape: %T", out)
	}
	status, _ := parts[0].(string)
	codes, err := queue.Ints(parts[1])
	if err != nil {
		return turnAnswer{}, err
	}
	leases, err := queue.DecodeLeases(parts[2])
	return turnAnswer{status, codes, leases}, err
}

// recorded drops the reports that were answered, and says which were refused.
func (l *life) recorded(batch []report, codes []int64) {
	for i, code := range codes {
		if code == 0 && i < len(batch) {
			l.log.Warn("report refused: the task is not this worker's any more", "task", batch[i].id, "attempt", batch[i].attempt)
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	rest := copy(l.reports, l.reports[len(batch):])
	clear(l.reports[rest:])
	l.reports = l.reports[:rest]
	if len(l.running) == 0 && len(l.reports) == 0 {
		loop.Wake(l.idle)
	}
}

// startAll starts the handlers of tasks that are not known to run here already.
func (l *life) startAll(leases []*queue.Task) {
	for _, t := range leases {
		l.mu.Lock()
		known := l.running[t.ID] != nil
		l.mu.Unlock()
		if !known && !l.reported(t) {
			l.execute(t)
		}
	}
}

// reported tells whether the attempt has ended and only waits to be recorded.
func (l *life) reported(t *queue.Task) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range l.reports {
		if r.id == t.ID && r.attempt == t.Attempt {
			return true
		}
	}
	return false
}

func (l *life) setUnsure(unsure bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.unsure = unsure
}
