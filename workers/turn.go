package workers

import (
	"context"
	_ "embed"
	"fmt"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/loop"
	"github.com/xuniquepatel/queue-pilot/app/queue"
)

//go:embed turn.lua
var turnLua string

// turnScript makes both moves in one round trip; their functions stand in start.lua and finish.lua.
var turnScript = queue.NewAssigningScript("turn", startLua, finishLua, turnLua)

const (
	// turnInterval is the slow tick besides wake-ups: it heals a lost token.
	turnInterval = 500 * time.Millisecond
	// turnBatch bounds the reports of one turn, and what it starts: some 3 ms of Redis's time.
	turnBatch = 256
	// turnBytes bounds the results in one turn.
	turnBytes = 4 << 20
)

// Turn records reports and starts up to want tasks, in one round trip. The verdicts are in the order of the reports.
func (s *Session) Turn(ctx context.Context, reports []Report, want int) ([]Verdict, []*queue.Task, error) {
	return s.turn(ctx, reports, want, "")
}

// Adopt is Turn for a worker that may have lost a reply: it starts nothing, and returns everything that Redis knows to
// run on this worker.
func (s *Session) Adopt(ctx context.Context, reports []Report) ([]Verdict, []*queue.Task, error) {
	return s.turn(ctx, reports, 0, "adopt")
}

func (s *Session) turn(ctx context.Context, reports []Report, want int, mode string) ([]Verdict, []*queue.Task, error) {
	args := make([]any, 0, 8+4*len(reports))
	args, order := reportArgs(append(args, s.id, want, mode), reports)
	out, err := turnScript.Run(ctx, s.client, args...)
	if err != nil {
		return nil, nil, err
	}
	parts, ok := out.([]any)
	if !ok || len(parts) != 3 {
		return nil, nil, fmt.Errorf("turn: an answer of another shape: %T", out)
	}
	if parts[0] != "ok" {
		return nil, nil, s.lost()
	}
	codes, err := queue.Ints(parts[1])
	if err != nil || len(codes) != len(reports) {
		return nil, nil, fmt.Errorf("turn: %d answers to %d reports: %w", len(codes), len(reports), err)
	}
	verdicts := make([]Verdict, len(codes))
	for i, code := range codes {
		verdicts[order[i]] = Verdict(code)
	}
	leases, err := queue.DecodeLeases(parts[2])
	return verdicts, leases, err
}

// turn records what ended since the last one, and starts what there is room for, in one round trip. Reports that come
// in meanwhile wait for the next, which starts at once: writes are grouped without being delayed. A report leaves
// l.reports only when Redis has answered; sent twice, it is answered as recorded before.
func (l *life) turn(ctx context.Context) error {
	batch, want, adopt := l.plan()
	defer l.quiet()
	if len(batch) == 0 && want == 0 && !adopt {
		return nil
	}
	ctx, cancel := recordTimeout(ctx)
	defer cancel()
	verdicts, leases, err := l.converse(ctx, batch, want, adopt)
	if err != nil {
		l.setUnsure(true)
		return stopIfLost(err)
	}
	l.recorded(batch, verdicts)
	if adopt {
		l.setUnsure(false)
	}
	l.startAll(leases)
	if adopt || len(leases) == turnBatch || l.waiting() {
		loop.Wake(l.turnWake)
	}
	return nil
}

// plan says what the next turn is for: reports to send, tasks to ask for, and whether to ask what runs already.
func (l *life) plan() (batch []Report, want int, adopt bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	batch = l.reports[:fitting(l.reports)]
	if l.draining.IsZero() && !l.fenced {
		want = min(max(l.cfg.Slots-int(l.busy.Load()), 0), turnBatch)
	}
	l.talking = true
	return batch, want, l.unsure
}

// fitting is how many of the reports go into one turn, at least one.
func fitting(reports []Report) int {
	n, bytes := 0, 0
	for n < min(len(reports), turnBatch) && (n == 0 || bytes+len(reports[n].Result) <= turnBytes) {
		bytes += len(reports[n].Result)
		n++
	}
	return n
}

// waiting tells whether there are reports to send.
func (l *life) waiting() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.reports) > 0
}

// quiet ends a turn, and signals idle where nothing is left.
func (l *life) quiet() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.talking = false
	if len(l.running) == 0 && len(l.reports) == 0 {
		loop.Wake(l.idle)
	}
}

func (l *life) converse(ctx context.Context, batch []Report, want int, adopt bool) ([]Verdict, []*queue.Task, error) {
	if adopt {
		return l.session.Adopt(ctx, batch)
	}
	return l.session.Turn(ctx, batch, want)
}

// recorded drops the reports that were answered, and says which were refused.
func (l *life) recorded(batch []Report, verdicts []Verdict) {
	for i, verdict := range verdicts {
		if verdict == Refused {
			l.log.Warn("report refused: the task is not this worker's any more", "task", batch[i].TaskID, "attempt", batch[i].Attempt)
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	rest := copy(l.reports, l.reports[len(batch):])
	clear(l.reports[rest:])
	l.reports = l.reports[:rest]
}

func (l *life) setUnsure(unsure bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.unsure = unsure
}
