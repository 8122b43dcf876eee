package workers

import (
	"context"
	_ "embed"
	"fmt"
	"time"

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

// answer is what Redis said to a turn.
type answer struct {
	verdicts []Verdict
	leases   queue.Leases
}

func (s *Session) turn(ctx context.Context, r request) ([]Verdict, []*queue.Task, error) {
	a, err := s.ask(ctx, r)
	if err != nil {
		return nil, nil, err
	}
	leases, err := a.leases.Tasks()
	return a.verdicts, leases, err
}

func (s *Session) ask(ctx context.Context, r request) (answer, error) {
	args, order := r.args(s.id)
	out, err := turnScript.Run(ctx, s.client, args...)
	if err != nil {
		return answer{}, err
	}
	parts, ok := out.([]any)
	if !ok || len(parts) != 4 {
		return answer{}, fmt.Errorf("turn: an answer of another shape: %T", out)
	}
	if parts[0] != "ok" {
		return answer{}, s.lost()
	}
	codes, _ := parts[1].(string)
	if len(codes) != len(r.reports) {
		return answer{}, fmt.Errorf("turn: %d answers to %d reports", len(codes), len(r.reports))
	}
	verdicts := make([]Verdict, len(codes))
	for i, code := range []byte(codes) {
		verdicts[order[i]] = Verdict(code - '0')
	}
	leases, err := queue.ReadLeases(parts[2], parts[3])
	return answer{verdicts, leases}, err
}
