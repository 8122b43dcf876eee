package harness

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

// Faults lists what does not add up, in words and in order; empty for a cell in which every task stands where its state
// says and nowhere else, every counter equals what is there, and nothing is left over of tasks or workers that are gone.
func (c *Census) Faults() []string {
	faults := slices.Concat(c.misplaced(), c.miscounted(), c.leftOver(), c.unknownKeys(), c.workerFaults(), c.cancelFaults(),
		c.unseenLanes(), c.neverPurged())
	slices.Sort(faults)
	return faults
}

// misplaced: a task that does not stand on exactly the place that its state names, and an id that is no task.
func (c *Census) misplaced() (faults []string) {
	for id, t := range c.Tasks {
		if where := c.Places[id]; len(where) != 1 || where[0] != placeOf(t) {
			faults = append(faults, fmt.Sprintf("task %s is %s and stands on %v, wanted [%s]", id, t.State, where, placeOf(t)))
		}
		if t.Attempt > t.MaxAttempts {
			faults = append(faults, fmt.Sprintf("task %s is at attempt %d of %d", id, t.Attempt, t.MaxAttempts))
		}
	}
	for id, err := range c.Unreadable {
		if where := c.Places[id]; len(where) != 1 {
			faults = append(faults, fmt.Sprintf("task %s, which cannot be read (%v), stands on %v", id, err, where))
		}
	}
	for id, where := range c.Places {
		if _, known := c.hashes["tasks"][id]; !known {
			faults = append(faults, fmt.Sprintf("%s stands on %v and is no task", id, where))
		}
	}
	return faults
}

// placeOf is the one place that a task's state names.
func placeOf(t *queue.Task) string {
	switch t.State {
	case queue.Pending:
		return "task_queue:" + t.Queue
	case queue.Assigned, queue.Running:
		return "processing:" + t.WorkerID
	default:
		return "tasks_" + string(t.State)
	}
}

// miscounted: counters that differ from what is there, and from each other.
func (c *Census) miscounted() (faults []string) {
	there := map[string]int64{}
	for _, t := range c.Tasks {
		if !slices.Contains(c.Places[t.ID], "unreadable") {
			there[t.Queue+"|"+string(t.State)]++
		}
	}
	for field := range c.Counts {
		there[field] += 0
	}
	for field, n := range there {
		if c.Counts[field] != n {
			faults = append(faults, fmt.Sprintf("%s counts %d, there are %d", field, c.Counts[field], n))
		}
	}
	if n := len(c.lists["unreadable"]); int64(n) != c.Totals.Unreadable {
		faults = append(faults, fmt.Sprintf("%d are counted as not readable, there are %d", c.Totals.Unreadable, n))
	}
	if t := c.Totals; t.Submitted != t.Kept+t.Deleted {
		faults = append(faults, fmt.Sprintf("%d were submitted, %d are kept and %d were deleted", t.Submitted, t.Kept, t.Deleted))
	}
	return faults
}

// leftOver: parts of tasks that are not there, or are not in the state that has them.
func (c *Census) leftOver() (faults []string) {
	for _, part := range []string{"state", "payloads", "results", "attempts", "progress"} {
		for id := range c.hashes[part] {
			if _, known := c.hashes["tasks"][id]; !known {
				faults = append(faults, fmt.Sprintf("%s has a field %s, which is no task", part, id))
			}
		}
	}
	for id, record := range c.hashes["tasks"] {
		if f := strings.SplitN(record, "|", 8); len(f) == 8 && f[6] == "-" && c.hashes["payloads"][id] == "" {
			faults = append(faults, fmt.Sprintf("task %s has lost its payload", id))
		}
	}
	for id, t := range c.Tasks {
		switch {
		case len(t.Result) > 0 && t.State != queue.Completed:
			faults = append(faults, fmt.Sprintf("task %s is %s and has the result %.40s", id, t.State, t.Result))
		case t.LastProgress != nil && t.State != queue.Running:
			faults = append(faults, fmt.Sprintf("task %s is %s and has the progress %v", id, t.State, *t.LastProgress))
		}
	}
	return faults
}

// knownKeys are the names of keys.go; one that ends in a colon is followed by a queue, a worker or another part.
var knownKeys = strings.Fields(`tasks state payloads results attempts progress counts backlog lanes: task_queue:
	processing: worker_status: inbox: cancels: workers workers_gone profiles profile_count ready: tasks_scheduled
	tasks_retry tasks_completed tasks_failed tasks_canceled tasks_recent purge: purges paused unreadable wake op: meta
	throughput redrives redriving redrive: redrive_ids: redrive_now: selection: selected: drilling drill: drill_tasks:`)

// unknownKeys: keys that nothing is known to make.
func (c *Census) unknownKeys() (faults []string) {
	for _, name := range c.keyNames() {
		known := slices.ContainsFunc(knownKeys, func(key string) bool {
			return name == key || strings.HasSuffix(key, ":") && strings.HasPrefix(name, key)
		})
		if !known {
			faults = append(faults, fmt.Sprintf("the key %s is none that is known", name))
		}
	}
	return faults
}

func (c *Census) keyNames() []string {
	return slices.AppendSeq(slices.Collect(maps.Keys(c.hashes)), maps.Keys(c.lists))
}

// unseenLanes: pending tasks that assign will not find.
func (c *Census) unseenLanes() (faults []string) {
	for key := range c.lists {
		name, isLane := strings.CutPrefix(key, "task_queue:")
		if !isLane {
			continue
		}
		name, lane, hasLane := strings.Cut(name, "#")
		if !hasLane {
			lane = "5"
		}
		if !slices.Contains(c.lists["backlog"], name) || !slices.Contains(c.lists["lanes:"+name], lane) {
			faults = append(faults, fmt.Sprintf("nobody looks at %s: it is not in the backlog or not among the lanes", key))
		}
	}
	return faults
}

// neverPurged: final tasks that stand on no purge list, and purge lists that nobody will look at.
func (c *Census) neverPurged() (faults []string) {
	doomed := map[string]bool{}
	for key, ids := range c.lists {
		minute, isPurge := strings.CutPrefix(key, "purge:")
		if isPurge && !slices.Contains(c.lists["purges"], minute) {
			faults = append(faults, fmt.Sprintf("nobody looks at %s: it is not among the purges", key))
		}
		for _, id := range ids {
			doomed[id] = doomed[id] || isPurge
		}
	}
	for id, t := range c.Tasks {
		if t.State.Final() && !doomed[id] {
			faults = append(faults, fmt.Sprintf("task %s is %s and stands on no purge list", id, t.State))
		}
	}
	return faults
}
