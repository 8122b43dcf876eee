package queue

import (
	"context"
	"fmt"
	"time"
)

// DrillKept is how long a drill is kept after it was asked for: long enough to show it to a colleague the day after.
const DrillKept = 24 * time.Hour

// DrillState is where a drill stands.
type DrillState string

// The states of a drill.
const (
	DrillAsked      DrillState = "asked"      // the worker has not heard of it yet
	DrillSilent     DrillState = "silent"     // the worker stopped, and nobody has noticed yet
	DrillRecovering DrillState = "recovering" // the worker was declared lost, and some of its tasks wait to run again
	DrillDone       DrillState = "done"       // none of its tasks waits for its turn any more
	DrillVoid       DrillState = "void"       // the worker left by itself before it heard of it: nothing was tried
)

// Drill is the stop of a worker as if it had crashed, and what became of the tasks that it held. A monitor counts them.
// Held + Given = Waiting + Running + Ended + Lost.
type Drill struct {
	ID          string     `json:"id"`
	WorkerID    string     `json:"worker_id"`
	WorkerName  string     `json:"worker_name"`
	State       DrillState `json:"state" enum:"asked,silent,recovering,done,void"`
	Summary     string     `json:"summary" doc:"In words; once done: 0 lost, 3 run again."`
	AskedAt     Time       `json:"asked_at"`
	StoppedAt   *Time      `json:"stopped_at" doc:"When the worker fell silent"`
	LostAt      *Time      `json:"lost_at" doc:"When a monitor declared it lost"`
	RecoveredAt *Time      `json:"recovered_at" doc:"When the last of its tasks had its turn"`
	Held        int64      `json:"held" doc:"Tasks on the worker when it stopped"`
	Given       int64      `json:"given" doc:"Tasks that it was assigned afterwards, before it was declared lost"`
	Waiting     int64      `json:"waiting" doc:"Of them, those that wait now"`
	Running     int64      `json:"running" doc:"Those that run now, on other workers"`
	Ended       int64      `json:"ended" doc:"Those that are completed, failed or canceled"`
	RunAgain    int64      `json:"run_again" doc:"Those that another worker has started since, whatever became of them"`
	NotRunAgain int64      `json:"not_run_again" doc:"Those that ended without that: no attempt was left, or somebody canceled them"`
	Lost        int64      `json:"lost" doc:"Those that Redis does not know any more and that were not seen to end, or that stand on no list"`
}

// Total is how many tasks the drill is about.
func (d *Drill) Total() int64 { return d.Held + d.Given }

// GetDrill reads a drill; it is kept for DrillKept. ErrNotFound.
func (c *Client) GetDrill(ctx context.Context, id string) (*Drill, error) {
	if !ValidID(id) {
		return nil, fmt.Errorf("drill %.80q: %w", id, ErrNotFound)
	}
	f, err := again(ctx, func() (map[string]string, error) { return c.rdb.HGetAll(ctx, c.keys.Drill(id)).Result() })
	if err != nil {
		return nil, fmt.Errorf("read drill %s: %w", id, err)
	}
	if len(f) == 0 {
		return nil, fmt.Errorf("drill %s: %w", id, ErrNotFound)
	}
	return decodeDrill(id, f), nil
}

func decodeDrill(id string, f map[string]string) *Drill {
	var n digits
	number := func(name string) int64 { return n.read(f[name], LastMoment) }
	moment := func(name string) *Time {
		if f[name] == "" {
			return nil
		}
		return &Time{n.moment(f[name])}
	}
	d := &Drill{
		ID: id, WorkerID: f["worker"], WorkerName: f["name"], AskedAt: Time{n.moment(f["asked"])},
		StoppedAt: moment("stopped"), LostAt: moment("lost_at"), RecoveredAt: moment("recovered"),
		Held: number("held"), Given: number("given"), Waiting: number("waiting"), Running: number("running"),
		Ended: number("ended"), RunAgain: number("again"), NotRunAgain: number("unrun"), Lost: number("lost"),
	}
	d.State = d.state(f["void"] == "1")
	if d.State == DrillSilent {
		d.Waiting = d.Total() // counted once it is declared lost
	}
	d.Summary = d.summary()
	return d
}

func (d *Drill) state(void bool) DrillState {
	switch {
	case void:
		return DrillVoid
	case d.RecoveredAt != nil:
		return DrillDone
	case d.LostAt != nil:
		return DrillRecovering
	case d.StoppedAt != nil:
		return DrillSilent
	}
	return DrillAsked
}

func (d *Drill) summary() string {
	switch d.State {
	case DrillVoid:
		return "The worker left by itself before it could be stopped: nothing was tried."
	case DrillAsked:
		return "The worker was told to stop."
	case DrillSilent:
		return fmt.Sprintf("The worker stopped with %s. Nobody knows yet: its heartbeat is awaited.", tasks(d.Total()))
	case DrillRecovering:
		return fmt.Sprintf("The worker was declared lost. So far %d of %s run again; %d lost.", d.RunAgain, tasks(d.Total()), d.Lost)
	}
	text := fmt.Sprintf("%d lost, %d run again", d.Lost, d.RunAgain)
	if d.NotRunAgain > 0 {
		text += fmt.Sprintf(", %d ended without running again", d.NotRunAgain)
	}
	return text + "."
}

func tasks(n int64) string {
	if n == 1 {
		return "1 task"
	}
	return fmt.Sprintf("%d tasks", n)
}
