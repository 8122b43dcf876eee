package queue

import (
	"fmt"
	"regexp"
)

// Keys makes every Redis key and channel of one cell, and is the only thing that does. All of a cell's keys share one
// hash tag, so that a script may touch any of them, on Redis Cluster too. Scripts get the same names: see Keys.lua.
type Keys struct{ prefix string }

// CellKeys returns the key maker of cell n, counted from 0. One cell is the default.
func CellKeys(n int) Keys { return Keys{prefix: fmt.Sprintf("qp:{%d}:", n)} }

// The names behind the prefix. A name that ends in a colon is followed by a queue, a worker or another part.
const (
	nameTasks      = "tasks"          // hash id -> record: what the submitter said (record.go)
	nameState      = "state"          // hash id -> state record; no field: pending and never started
	namePayloads   = "payloads"       // hash id -> payload of more than inlinePayload bytes
	nameResults    = "results"        // hash id -> result, JSON
	nameAttempts   = "attempts"       // hash id -> finished attempts, a line each
	nameProgress   = "progress"       // hash id -> percent|message of a running task
	nameCounts     = "counts"         // hash queue|c -> tasks in state c; queue|C.. -> totals that never shrink
	nameBacklog    = "backlog"        // set of the queues that have a lane with something in it
	nameLanes      = "lanes:"         // + queue: set of its lanes: priority, or priority@type where set aside
	nameTaskQueue  = "task_queue:"    // + queue [# lane]: list of pending ids, head first
	nameProcessing = "processing:"    // + worker: list of ids assigned to or running on it, the started ones first
	nameStatus     = "worker_status:" // + worker: hash, its heartbeat record
	nameInbox      = "inbox:"         // + worker: list of wake-up tokens it blocks on
	nameCancels    = "cancels:"       // + worker: set of running ids that it is asked to stop
	nameWorkers    = "workers"        // zset worker -> last heartbeat, ms: the inventory of live workers
	nameGone       = "workers_gone"   // zset worker -> when it was lost or left, ms
	nameProfiles   = "profiles"       // hash profile -> queues and types, of the profiles with live workers
	nameProfileN   = "profile_count"  // hash profile -> live workers
	nameReady      = "ready:"         // + profile: zset worker -> load, of workers with a free slot that others may assign to
	nameScheduled  = "tasks_scheduled"
	nameRetry      = "tasks_retry"     // zset id -> due, ms
	nameCompleted  = "tasks_completed" // zset id -> finished, ms
	nameFailed     = "tasks_failed"
	nameCanceled   = "tasks_canceled"
	nameRecent     = "tasks_recent" // list of the newest submitted ids, newest first, recentTasks and up to 500 more
	namePurge      = "purge:"       // + minute: list of finished ids whose time is over by then
	namePurges     = "purges"       // zset minute -> minute, of the purge lists that exist
	namePaused     = "paused"       // hash queue -> since, ms
	nameUnreadable = "unreadable"   // list: pending ids whose records cannot be read, kept for people to look at
	nameWake       = "wake"         // list: a token wakes one scheduler
	nameOp         = "op:"          // + operation id: what a user's move answered, kept for a minute (once.lua)
	nameRedrives   = "redrives"     // zset redrive of a group -> when it began, ms
	nameRedriving  = "redriving"    // hash group -> its redrive that is under way
	nameRedrive    = "redrive:"     // + redrive: hash of what it is and how far; see Redrive
	nameRedriveIDs = "redrive_ids:" // + redrive: list of the counted ids whose turn has not come
	nameRedriveNow = "redrive_now:" // + redrive: list of the ids that run again and have not ended
	nameSelection  = "selection:"   // + selection: hash, what it is and what was done with it; kept for SelectionKept
	nameSelected   = "selected:"    // + selection: list of its ids that were not acted on yet
	nameDrilling   = "drilling"     // set of the drills that are under way
	nameDrill      = "drill:"       // + drill: hash of what it is and how far; kept for DrillKept; see Drill
	nameDrillTasks = "drill_tasks:" // + drill: hash of the ids that its worker held and that have not ended -> "1" where it ran again
	nameThroughput = "throughput"   // list of the totals once a minute, for a day: ms|submitted|completed|failed, oldest first
	nameMeta       = "meta"         // hash of what is known of the cell as a whole; see Keys.Meta
	nameChanges    = "changes"      // channel: something changed, at most one hint in 20 ms
	nameSnapshots  = "snapshots"    // channel: snapshots as JSON
)

// luaNames are the names as scripts write them: K.tasks, K.processing .. worker.
var luaNames = map[string]string{
	"tasks": nameTasks, "state": nameState, "payloads": namePayloads, "results": nameResults,
	"attempts": nameAttempts, "progress": nameProgress, "counts": nameCounts, "backlog": nameBacklog,
	"lanes": nameLanes, "task_queue": nameTaskQueue, "processing": nameProcessing, "status": nameStatus,
	"inbox": nameInbox, "cancels": nameCancels, "workers": nameWorkers, "gone": nameGone,
	"profiles": nameProfiles, "profile_count": nameProfileN, "ready": nameReady,
	"scheduled": nameScheduled, "retry": nameRetry, "completed": nameCompleted, "failed": nameFailed,
	"canceled": nameCanceled, "recent": nameRecent, "purge": namePurge, "purges": namePurges,
	"paused": namePaused, "unreadable": nameUnreadable, "wake": nameWake, "op": nameOp, "meta": nameMeta, "changes": nameChanges,
	"snapshots": nameSnapshots, "redrives": nameRedrives, "redriving": nameRedriving, "redrive": nameRedrive,
	"redrive_ids": nameRedriveIDs, "redrive_now": nameRedriveNow, "selection": nameSelection, "selected": nameSelected,
	"drilling": nameDrilling, "drill": nameDrill, "drill_tasks": nameDrillTasks,
	"throughput": nameThroughput,
}

var luaName = regexp.MustCompile(`\bK\.([a-z_]+)`)

// lua writes the cell's names into a script's text as literals, so that no script spends time on making them. It
// panics on an unknown name.
func (k Keys) lua(text string) string {
	return luaName.ReplaceAllStringFunc(text, func(ref string) string {
		name, ok := luaNames[ref[len("K."):]]
		if !ok {
			panic("queue: a script uses the unknown key " + ref)
		}
		return "'" + k.prefix + name + "'"
	})
}

// defaultLane is the lane of the default priority.
const defaultLane = "5"

// Prefix is what all keys of the cell start with; scripts get it as KEYS[1].
func (k Keys) Prefix() string { return k.prefix }

// declared are the keys that every script names to Redis. They route it on a Cluster. While the cell's slot moves between
// two nodes each has only some of the keys, and a script would fail in its middle; but since no key is ever called as
// the prefix alone, Redis finds one of the two missing on either node, and refuses the script whole: with TRYAGAIN, or
// with ASK for the other node, which then says TRYAGAIN. One missing key alone would be ASK, and would run there.
func (k Keys) declared() []string { return []string{k.prefix, k.Meta()} }

// Tasks is the hash of records, field = id.
func (k Keys) Tasks() string { return k.prefix + nameTasks }

// States is the hash of state records, field = id.
func (k Keys) States() string { return k.prefix + nameState }

// Counts is the hash of tasks counted by queue and state.
func (k Keys) Counts() string { return k.prefix + nameCounts }

// TaskQueue is the list of a queue's pending ids in lane ("5", or "5@type" where set aside; see lanes). The lane of
// the default priority has the bare name.
func (k Keys) TaskQueue(queue, lane string) string {
	if lane == defaultLane {
		return k.prefix + nameTaskQueue + queue
	}
	return k.prefix + nameTaskQueue + queue + "#" + lane
}

// Lanes is the set of a queue's lanes that may hold something.
func (k Keys) Lanes(queue string) string { return k.prefix + nameLanes + queue }

// Backlog is the set of queues with pending tasks.
func (k Keys) Backlog() string { return k.prefix + nameBacklog }

// Processing is the list of ids assigned to or running on a worker.
func (k Keys) Processing(worker string) string { return k.prefix + nameProcessing + worker }

// WorkerStatus is a worker's heartbeat record.
func (k Keys) WorkerStatus(worker string) string { return k.prefix + nameStatus + worker }

// Inbox is the list of wake-up tokens that a worker blocks on.
func (k Keys) Inbox(worker string) string { return k.prefix + nameInbox + worker }

// Workers is the inventory of live workers.
func (k Keys) Workers() string { return k.prefix + nameWorkers }

// Wake is the list of tokens that wake one scheduler each.
func (k Keys) Wake() string { return k.prefix + nameWake }

// Index is the set that orders the tasks of a state: by due time for scheduled and retry, by end for final states. It
// is empty for states that are kept on lists.
func (k Keys) Index(s State) string {
	switch s {
	case Scheduled, Retry, Completed, Failed, Canceled:
		return k.prefix + "tasks_" + string(s)
	default:
		return ""
	}
}

// Redriving is the hash of the redrives that are under way, by group.
func (k Keys) Redriving() string { return k.prefix + nameRedriving }

// Drilling is the set of the drills that are under way.
func (k Keys) Drilling() string { return k.prefix + nameDrilling }

// Drill is the hash of what a drill is and how far.
func (k Keys) Drill(id string) string { return k.prefix + nameDrill + id }

// Recent is the list of the newest submitted ids.
func (k Keys) Recent() string { return k.prefix + nameRecent }

// Selection is the hash of what a selection is and what was done with it, Selected the list of its ids that were not acted
// on yet.
func (k Keys) Selection(id string) string { return k.prefix + nameSelection + id }

// Selected is the list of a selection's ids: see Selection.
func (k Keys) Selected(id string) string { return k.prefix + nameSelected + id }

// Throughput is the list of the totals as they were once a minute, of the last day.
func (k Keys) Throughput() string { return k.prefix + nameThroughput }

// Meta is the hash of what is known of the cell as a whole: dirty (last change hint, ms), seq and snapshot (last, ms),
// rates, monitor (last pass, ms), grace (until when nobody is lost, ms), promoted (last pass, ms), back_s and back_y
// (where promote looks for a clock that was set back), waits (counts the moves that replicas were to confirm),
// rewritten (the run_id of Redis for whose start its append-only file was written anew).
func (k Keys) Meta() string { return k.prefix + nameMeta }

// Changes is the channel of dirty hints.
func (k Keys) Changes() string { return k.prefix + nameChanges }

// Snapshots is the channel of snapshots.
func (k Keys) Snapshots() string { return k.prefix + nameSnapshots }
