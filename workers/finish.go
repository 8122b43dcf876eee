package workers

import (
	_ "embed"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

//go:embed finish.lua
var finishLua string

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

	// Queue and Retention are the task's: with them an attempt that ended well is recorded without reading the task. An
	// empty Queue says that they are not known.
	Queue     string
	Retention time.Duration
}

// ordinary tells whether the report can stand in a group: see finish.lua.
func (r *Report) ordinary() bool { return r.Kind == Complete && r.Queue != "" && r.Error == "" }

func (r *Report) unbegun() bool { return r.Kind == Release && r.Outcome == "" }

// group is of ordinary reports that have this in common.
type group struct {
	queue     string
	retention time.Duration
	attempt   int
	results   bool // they have one
}

// follow says what stands behind its ids.
func (g group) follow() string {
	if g.results {
		return "results"
	}
	return ""
}

// reportArgs writes reports as turn.lua reads them. order says which report each answer is for.
func reportArgs(args []any, reports []Report) (out []any, order []int) {
	groups, others := map[group][]int{}, []int(nil)
	var named []group
	for i := range reports {
		r := &reports[i]
		if !r.ordinary() {
			others = append(others, i)
			continue
		}
		g := group{r.Queue, r.Retention, r.Attempt, r.Result != ""}
		if groups[g] == nil {
			named = append(named, g)
		}
		groups[g] = append(groups[g], i)
	}
	order = make([]int, 0, len(reports))
	args = append(args, len(named))
	for _, g := range named {
		args = append(args, g.queue, g.retention.Milliseconds(), g.attempt, len(groups[g]), g.follow())
		for _, i := range groups[g] {
			args = append(args, reports[i].TaskID)
		}
		for _, i := range groups[g] {
			if g.results {
				args = append(args, reports[i].Result)
			}
		}
		order = append(order, groups[g]...)
	}
	args = append(args, len(others))
	for _, i := range others {
		r := &reports[i]
		args = append(args, r.TaskID, r.Attempt, string(r.Kind), r.Delay.Milliseconds(), string(r.Reason), string(r.Outcome),
			r.Error, r.Result)
	}
	return args, append(order, others...)
}

// Verdict is the answer to a report.
type Verdict int64

// The answers to a report. Refused: the task is not this worker's any more, or the attempt is another one.
const (
	Refused Verdict = iota
	Recorded
	RecordedBefore
)
