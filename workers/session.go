package workers

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

var (
	//go:embed register.lua
	registerLua string
	//go:embed heartbeat.lua
	heartbeatLua string
	//go:embed start.lua
	startLua string
	//go:embed finish.lua
	finishLua string
	//go:embed turn.lua
	turnLua string
	//go:embed progress.lua
	progressLua string
	//go:embed drain.lua
	drainLua string
	//go:embed leave.lua
	leaveLua string

	registerScript  = queue.NewScript("register worker", registerLua)
	heartbeatScript = queue.NewScript("heartbeat", heartbeatLua)
	turnScript      = queue.NewAssigningScript("turn", startLua, finishLua, turnLua)
	progressScript  = queue.NewScript("progress", progressLua)
	drainScript     = queue.NewScript("drain worker", drainLua)
	leaveScript     = queue.NewScript("leave", leaveLua)
)

// Session is one registration of a worker with Redis: its moves, without the goroutines that make them. Every method
// may be called again when its reply was lost. ErrLeaseLost, wrapped, says that the monitor has declared the worker
// lost: its tasks belong to others, and it must register anew under another id.
type Session struct {
	client *queue.Client
	id     string
}

// Register puts a worker into the inventory that runs the types. Its id is the name with a random suffix.
func Register(ctx context.Context, c *queue.Client, cfg Config, types []string) (*Session, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &Session{client: c, id: newID(cfg.Name)}
	return s, s.register(ctx, cfg, types)
}

func (s *Session) register(ctx context.Context, cfg Config, types []string) error {
	profileID, profileText := profile(cfg.Queues, types)
	_, err := registerScript.Run(ctx, s.client, s.id, cfg.Name, hostName(), os.Getpid(), cfg.Version, cfg.Slots,
		profileID, profileText, queuesText(cfg.Queues), strings.Join(types, ","))
	return err
}

// ID is the worker's id.
func (s *Session) ID() string { return s.id }

// Orders is what a worker hears by its heartbeat.
type Orders struct {
	Drain  bool     // an operator wants it to take no more, finish and leave
	Cancel []string // ids of running tasks that users canceled
}

// Heartbeat shows that the worker lives, with slots to give (1 or more).
func (s *Session) Heartbeat(ctx context.Context, slots int) (Orders, error) {
	out, err := heartbeatScript.Run(ctx, s.client, s.id, slots, 0)
	if err != nil {
		return Orders{}, err
	}
	answer, err := queue.Strings(out)
	if err != nil {
		return Orders{}, err
	}
	if answer[0] == string(queue.WorkerLost) {
		return Orders{}, s.lost()
	}
	return Orders{Drain: answer[1] == "1", Cancel: answer[2:]}, nil
}

func (s *Session) lost() error { return fmt.Errorf("worker %s: %w", s.id, ErrLeaseLost) }

// Kind is what becomes of a task by a report.
type Kind string

// The kinds of a report. A task that was asked to stop is canceled whatever the kind.
const (
	Complete Kind = "ok"
	Retry    Kind = "retry"   // again after Delay
	Fail     Kind = "fail"    // final, for Reason
	Release  Kind = "release" // back to the head of its queue, the attempt not spent
	Cancel   Kind = "cancel"
)

// Report is how one attempt ended, and what is to become of its task.
type Report struct {
	TaskID  string
	Attempt int
	Kind    Kind
	Delay   time.Duration // Retry
	Reason  queue.Reason  // Fail
	Outcome queue.Outcome
	Error   string // at most 4 KiB
	Result  string // Complete: JSON, at most 1 MiB; "" for null
}

// Verdict is the answer to a report.
type Verdict int64

// The answers to a report. Refused: the task is not this worker's any more, or the attempt is another one.
const (
	Refused Verdict = iota
	Recorded
	RecordedBefore
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
	args := make([]any, 0, 4+8*len(reports))
	args = append(args, s.id, want, mode, len(reports))
	for _, r := range reports {
		args = append(args, r.TaskID, r.Attempt, string(r.Kind), r.Delay.Milliseconds(), string(r.Reason),
			string(r.Outcome), r.Error, r.Result)
	}
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
		verdicts[i] = Verdict(code)
	}
	leases, err := queue.DecodeLeases(parts[2])
	return verdicts, leases, err
}

// Drain makes the scheduler assign nothing more to the worker, and gives back what it was assigned and has not
// started. It returns how many those were.
func (s *Session) Drain(ctx context.Context) (int64, error) {
	out, err := drainScript.Run(ctx, s.client, s.id)
	if err != nil {
		return 0, err
	}
	n, _ := out.(int64)
	if n < 0 {
		return 0, s.lost()
	}
	return n, nil
}

// Leave takes the worker out of the inventory. It reports false, and changes nothing, while something still runs on
// it.
func (s *Session) Leave(ctx context.Context) (bool, error) {
	out, err := leaveScript.Run(ctx, s.client, s.id)
	return out == int64(1), err
}
