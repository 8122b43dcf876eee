package workers

import (
	"context"
	_ "embed"
	"fmt"
	"runtime"
	"slices"
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
	return s.turn(ctx, request{reports: reports, want: want})
}

// Adopt is Turn for a worker that may have lost a reply: it starts nothing, and returns everything that Redis knows to
// run on this worker.
func (s *Session) Adopt(ctx context.Context, reports []Report) ([]Verdict, []*queue.Task, error) {
	return s.turn(ctx, request{reports: reports, adopt: true})
}

// request is what a turn is for.
type request struct {
	reports []Report
	begun   []*queue.Task // fetched ahead, and begun since the last turn
	want    int           // tasks to start
	ahead   int           // tasks to fetch ahead of that
	adopt   bool          // ask what runs here instead
	absent  presence
}

// presence tells Redis whether the worker is to be assigned tasks by others.
type presence string

const (
	leaves    presence = "leave" // it comes again by itself, so soon that nobody need give it anything
	comesBack presence = "back"  // it left before
)

func (r *request) empty() bool {
	return len(r.reports) == 0 && len(r.begun) == 0 && r.want == 0 && r.ahead == 0 && !r.adopt && r.absent != comesBack
}

func (r *request) args(worker string) (args []any, order []int) {
	mode := ""
	if r.adopt {
		mode = "adopt"
	}
	args = append(make([]any, 0, 16+4*len(r.reports)), worker, r.want, r.ahead, mode, string(r.absent), len(r.begun))
	for _, t := range r.begun {
		args = append(args, t.ID, t.Attempt)
	}
	return reportArgs(args, r.reports)
}

func (s *Session) turn(ctx context.Context, r request) ([]Verdict, []*queue.Task, error) {
	args, order := r.args(s.id)
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
	if err != nil || len(codes) != len(r.reports) {
		return nil, nil, fmt.Errorf("turn: %d answers to %d reports: %w", len(codes), len(r.reports), err)
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
	l.keepApart(ctx)
	runtime.Gosched() // handlers that are about to return get into this turn
	r := l.plan()
	defer l.quiet()
	if r.empty() {
		return nil
	}
	l.rhythm.began(time.Now(), len(r.reports))
	ctx, cancel := recordTimeout(ctx)
	defer cancel()
	verdicts, leases, err := l.session.turn(ctx, r)
	if err != nil {
		l.setUnsure(true)
		return stopIfLost(err)
	}
	l.recorded(r, verdicts)
	if r.absent == comesBack {
		l.absent = false
	}
	if r.adopt {
		l.setUnsure(false)
		leases = l.unknown(leases)
	}
	l.startAll(leases)
	if r.adopt || r.absent == leaves || len(leases) >= r.want+r.ahead && len(leases) > 0 || l.waiting() {
		loop.Wake(l.turnWake)
	}
	return nil
}

// plan says what the next turn is for.
func (l *life) plan() request {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := request{reports: l.reports[:l.fitting()], begun: l.begun, adopt: l.unsure}
	if !l.unsure {
		l.gaveBack = false
	}
	if l.draining.IsZero() && !l.fenced && !l.unsure {
		r.want = min(max(l.cfg.Slots-int(l.busy.Load())-len(l.queued), 0), turnBatch)
		if l.suspects == 0 { // of what began last beside it, the monitor finds the poison
			r.ahead = min(max(l.pace.ahead(l.cfg.Slots)-len(l.queued), 0), turnBatch-r.want)
		}
	}
	l.talking = true
	switch soon := r.want+r.ahead > 0 && l.rhythm.busy.Load(); {
	case soon:
		r.absent, l.absent = leaves, true
	case l.absent:
		r.absent = comesBack
	}
	return r
}

// fitting is how many of the reports go into the next turn. What is given back waits until it is known whether a turn
// whose reply was lost has brought more. l.mu is held.
func (l *life) fitting() int {
	first := slices.IndexFunc(l.reports, func(r Report) bool { return r.unbegun() })
	if l.unsure && l.gaveBack && first >= 0 {
		return fitting(l.reports[:first])
	}
	return fitting(l.reports)
}

// fitting is how many of the reports fit into one turn: at least one, where there is one.
func fitting(reports []Report) int {
	n, bytes := 0, 0
	for n < min(len(reports), turnBatch) && (n == 0 || bytes+len(reports[n].Result) <= turnBytes) {
		bytes += len(reports[n].Result)
		n++
	}
	return n - torn(reports, n)
}

// torn is how many at the end of the first n reports would be torn from those behind them: what is given back in one
// piece comes back in its order.
func torn(reports []Report, n int) int {
	if n == len(reports) || !reports[n].unbegun() {
		return 0
	}
	whole := n
	for whole > 0 && reports[whole-1].unbegun() {
		whole--
	}
	if whole == 0 {
		return 0 // longer than a turn
	}
	return n - whole
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
	if len(l.running) == 0 && len(l.queued) == 0 && len(l.reports) == 0 {
		loop.Wake(l.idle)
	}
}

// recorded drops what was said and answered, and says which reports were refused.
func (l *life) recorded(r request, verdicts []Verdict) {
	batch := r.reports
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
	l.begun = l.begun[len(r.begun):]
}

func (l *life) setUnsure(unsure bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.unsure = unsure
}
