package harness

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

// workerFaults: keys of workers that are not there, and live workers whose counters or lists are wrong.
func (c *Census) workerFaults() []string {
	faults := slices.Concat(c.workerKeys(), c.profileFaults())
	for id, w := range c.Workers {
		faults = append(faults, c.held(id, w)...)
	}
	return faults
}

// workerKeys: a worker's keys end with it, but for its heartbeat record, which is kept a while.
func (c *Census) workerKeys() (faults []string) {
	gone := c.lists["workers_gone"]
	for _, key := range c.keyNames() {
		kind, id, _ := strings.Cut(key, ":")
		_, live := c.Workers[id]
		switch kind {
		case "processing", "inbox", "cancels":
		case "worker_status":
			live = live || slices.Contains(gone, id)
		default:
			continue
		}
		if !live {
			faults = append(faults, fmt.Sprintf("%s is there, and the worker is not", key))
		}
	}
	for id := range c.Workers {
		if slices.Contains(gone, id) {
			faults = append(faults, fmt.Sprintf("worker %s is both in the inventory and gone", id))
		}
	}
	return faults
}

// held compares a worker's counters with its list, on which the started tasks stand first.
func (c *Census) held(id string, w CensusWorker) (faults []string) {
	var assigned, running int
	for _, task := range c.lists["processing:"+id] {
		t := c.Tasks[task]
		switch {
		case t == nil || t.WorkerID != id: // misplaced says so
		case t.State == queue.Assigned:
			assigned++
		case t.State == queue.Running:
			running++
			if assigned > 0 {
				faults = append(faults, fmt.Sprintf("task %s runs on %s and stands behind one that does not", task, id))
			}
		}
	}
	if w.Assigned != assigned || w.Running != running {
		faults = append(faults, fmt.Sprintf("worker %s counts %d assigned and %d running, there are %d and %d", id, w.Assigned,
			w.Running, assigned, running))
	}
	return faults
}

// profileFaults: profiles must be those of the live workers, and only live workers may be ready.
func (c *Census) profileFaults() (faults []string) {
	want := map[string]int{}
	for _, w := range c.Workers {
		want[w.Profile]++
	}
	got := map[string]int{}
	for profile, n := range c.hashes["profile_count"] {
		got[profile], _ = strconv.Atoi(n) // HINCRBY writes numbers only
	}
	if !maps.Equal(got, want) {
		faults = append(faults, fmt.Sprintf("the live workers have the profiles %v, counted are %v", want, got))
	}
	for profile := range want {
		if c.hashes["profiles"][profile] == "" {
			faults = append(faults, fmt.Sprintf("profile %s has live workers and is not known", profile))
		}
	}
	for key, ids := range c.lists {
		profile, isReady := strings.CutPrefix(key, "ready:")
		for _, id := range ids {
			if isReady && (c.Workers[id].Profile != profile || c.Workers[id].State != queue.WorkerReady) {
				faults = append(faults, fmt.Sprintf("%s offers worker %s, which is %+v", key, id, c.Workers[id]))
			}
		}
	}
	return faults
}

// cancelFaults: a worker is asked to stop exactly those of its running tasks that somebody canceled.
func (c *Census) cancelFaults() (faults []string) {
	for key, ids := range c.lists {
		worker, isCancels := strings.CutPrefix(key, "cancels:")
		for _, id := range ids {
			t := c.Tasks[id]
			if isCancels && (t == nil || !t.CancelRequested || t.State != queue.Running || t.WorkerID != worker) {
				faults = append(faults, fmt.Sprintf("%s names task %s, which nobody asked it to stop", key, id))
			}
		}
	}
	for id, t := range c.Tasks {
		if t.CancelRequested && !slices.Contains(c.lists["cancels:"+t.WorkerID], id) {
			faults = append(faults, fmt.Sprintf("task %s is %s and was canceled, which worker %s does not hear", id, t.State, t.WorkerID))
		}
	}
	return faults
}
