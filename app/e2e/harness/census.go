package harness

import (
	"context"
	_ "embed"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

//go:embed census.lua
var censusLua string

var censusScript = queue.NewScript("census", censusLua)

// Census is a whole cell as it stood at one moment. Faults says what does not add up in it.
type Census struct {
	Tasks      map[string]*queue.Task // by id, with Result and LastProgress, whatever their state
	Attempts   map[string]string      // by id: the finished attempts, a line each, as they are kept
	Unreadable map[string]error       // by id: records that cannot be read, and why
	Places     map[string][]string    // by id: the lists and sets that it stands on, without prefix and lane: task_queue:email
	Counts     map[string]int64       // as Redis counts them: "email|pending"
	Totals     CensusTotals
	Workers    map[string]CensusWorker // the live ones, by id

	hashes map[string]map[string]string
	lists  map[string][]string // sorted sets and sets too
}

// CensusTotals are counters over all queues, as Redis counts: what was submitted is kept or was deleted. Kept are also
// the unreadable ones that were put aside.
type CensusTotals struct{ Submitted, Kept, Deleted, Unreadable int64 }

// CensusWorker is what Redis says of a live worker.
type CensusWorker struct {
	State                    queue.WorkerState
	Slots, Assigned, Running int
	Profile                  string
}

// TakeCensus reads every key of the client's cell by one script, so that what it finds stood there at one moment, also
// under load. To compare it with what a test has done, nothing may be under way. Redis answers nobody else meanwhile:
// some 100 ms for 100,000 tasks.
func TakeCensus(ctx context.Context, c *queue.Client) (*Census, error) {
	out, err := censusScript.Run(ctx, c)
	if err != nil {
		return nil, err
	}
	census := &Census{hashes: map[string]map[string]string{}, lists: map[string][]string{}}
	parts, _ := out.([]any)
	for ; len(parts) >= 3; parts = parts[3:] {
		if err := census.keep(parts[0], parts[1], parts[2]); err != nil {
			return nil, fmt.Errorf("census of %v: %w", parts[0], err)
		}
	}
	census.readTasks()
	census.readCounts()
	census.readPlaces()
	census.readWorkers()
	return census, nil
}

func (c *Census) keep(name, kind, out any) error {
	values, err := queue.Strings(out)
	if err != nil {
		return err
	}
	key := fmt.Sprint(name)
	if kind != "hash" {
		c.lists[key] = values
		return nil
	}
	fields := make(map[string]string, len(values)/2)
	for i := 0; i+1 < len(values); i += 2 {
		fields[values[i]] = values[i+1]
	}
	c.hashes[key] = fields
	return nil
}

func (c *Census) readTasks() {
	c.Tasks, c.Unreadable, c.Attempts = map[string]*queue.Task{}, map[string]error{}, c.hashes["attempts"]
	for id, record := range c.hashes["tasks"] {
		task, err := queue.DecodeLease(id, record, c.hashes["state"][id], c.hashes["payloads"][id])
		switch {
		case err != nil:
			c.Unreadable[id] = err
		case task.Type == "":
			c.Unreadable[id] = fmt.Errorf("record %.80q: %s", record, task.Error)
		default:
			c.Tasks[id] = c.withExtras(task)
		}
	}
}

func (c *Census) withExtras(t *queue.Task) *queue.Task {
	if result := c.hashes["results"][t.ID]; result != "" {
		t.Result = []byte(result)
	}
	if text, ok := c.hashes["progress"][t.ID]; ok {
		percent, message, _ := strings.Cut(text, "|")
		t.LastProgress = &queue.Progress{Message: message}
		t.LastProgress.Percent, _ = strconv.ParseFloat(percent, 64) // the script writes what it was sent
	}
	return t
}

// stateCodes are the letters by which Redis counts, as record.go has them.
var stateCodes = map[string]queue.State{
	"s": queue.Scheduled, "p": queue.Pending, "a": queue.Assigned, "r": queue.Running, "y": queue.Retry,
	"c": queue.Completed, "f": queue.Failed, "x": queue.Canceled,
}

func (c *Census) readCounts() {
	c.Counts = map[string]int64{}
	for field := range c.hashes["counts"] {
		name, code, _ := strings.Cut(field, "|")
		n := c.counter(field)
		switch state, isState := stateCodes[code]; {
		case isState:
			c.Counts[name+"|"+string(state)] = n
			c.Totals.Kept += n
		case code == "U":
			c.Totals.Kept += n
			c.Totals.Unreadable += n
		case code == "S":
			c.Totals.Submitted += n
		case code == "D":
			c.Totals.Deleted += n
		}
	}
}

// counter reads one counter; 0 where it is not there.
func (c *Census) counter(field string) int64 {
	n, _ := strconv.ParseInt(c.hashes["counts"][field], 10, 64) // HINCRBY writes numbers only
	return n
}

// mayHoldDead tells whether a lane may hold dead entries: unlist.lua leaves one where it is more than 5,000 away
// from both ends.
func (c *Census) mayHoldDead() bool { return c.Totals.Submitted > 2*5_000 }

func (c *Census) readPlaces() {
	c.Places = map[string][]string{}
	for name, ids := range c.lists {
		isLane := strings.HasPrefix(name, "task_queue:")
		isIndex := strings.HasPrefix(name, "tasks_") && name != "tasks_recent"
		if !isLane && !isIndex && name != "unreadable" && !strings.HasPrefix(name, "processing:") {
			continue
		}
		for _, id := range ids {
			place := name
			if isLane {
				place = c.placeOnLane(id, name)
			}
			if place != "" {
				c.Places[id] = append(c.Places[id], place)
			}
		}
	}
}

// placeOnLane is a lane's queue where the task belongs there, and else the lane; "" for an entry that may be dead.
func (c *Census) placeOnLane(id, lane string) string {
	t, name := c.Tasks[id], lane
	if t != nil && slices.Contains(lanesOf(t), lane) {
		name, _, _ = strings.Cut(lane, "#")
	}
	dead := t == nil && c.Unreadable[id] == nil || t != nil && (t.State != queue.Pending || name != "task_queue:"+t.Queue)
	if c.mayHoldDead() && (dead || slices.Contains(c.Places[id], name)) {
		return ""
	}
	return name
}

// lanesOf names the lanes on which a pending task may stand, as lib.lua's lane_key does.
func lanesOf(t *queue.Task) []string {
	name, priority := "task_queue:"+t.Queue, strconv.Itoa(*t.Priority)
	lanes := []string{name + "#" + priority, name + "#" + priority + "@" + t.Type}
	if *t.Priority == queue.DefaultPriority {
		lanes[0] = name
	}
	return lanes
}

func (c *Census) readWorkers() {
	c.Workers = map[string]CensusWorker{}
	for _, id := range c.lists["workers"] {
		w := c.hashes["worker_status:"+id]
		number := func(field string) int { n, _ := strconv.Atoi(w[field]); return n }
		c.Workers[id] = CensusWorker{
			State: queue.WorkerState(w["state"]), Slots: number("slots"),
			Assigned: number("assigned"), Running: number("running"), Profile: w["profile"],
		}
	}
}
