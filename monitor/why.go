package monitor

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

// Line is what is known of a waiting task beyond the snapshot. The zero value says that nothing is.
type Line struct {
	queue.Place
	// Slow and Fast are the lowest and the highest rate at which tasks of its queue ended lately, per second; 0 where no
	// rate is known, and then no start is estimated.
	Slow, Fast float64
}

// dueWithin is how long after its time a task is on its queue for sure, where a scheduler runs and nothing is flooded.
const dueWithin = 3 * time.Second

// Why says in one sentence, with the fix where there is one, why a task has not started. It is empty for a task that
// runs or ended, and where a worker has a free slot for it: then it is about to go.
func (s *Snapshot) Why(t *queue.Task, at Line) string {
	switch t.State {
	case queue.Scheduled:
		if text := s.overdue(t); text != "" {
			return text
		}
		return fmt.Sprintf("It is scheduled for %s.", moment(t.RunAt))
	case queue.Retry:
		if text := s.overdue(t); text != "" {
			return text
		}
		return fmt.Sprintf("Attempt %d of %d failed; it backs off until %s.", t.Attempt, t.MaxAttempts, moment(t.RunAt))
	case queue.Pending:
		return s.whyPending(t, at)
	}
	return ""
}

// overdue says that nobody moves a task whose time has come; empty while a scheduler may still be about to.
func (s *Snapshot) overdue(t *queue.Task) string {
	if s.At.Sub(t.RunAt) < dueWithin {
		return ""
	}
	return fmt.Sprintf("It was due at %s, and no scheduler has put it on its queue yet. If none is running, start one: queuepilot scheduler.",
		moment(t.RunAt))
}

// InLine reports whether a pending task waits for its turn and for nothing else: then its place says how long.
func (s *Snapshot) InLine(t *queue.Task) bool {
	return t.State == queue.Pending && !s.paused(t.Queue) && s.crew(t).able > 0
}

func (s *Snapshot) whyPending(t *queue.Task, at Line) string {
	crew := s.crew(t)
	switch {
	case s.paused(t.Queue):
		return fmt.Sprintf("Queue %s is paused. Resume it to let its tasks go.", t.Queue)
	case crew.live == 0:
		return "No worker is running. Start one: queuepilot worker."
	case crew.listening == 0:
		return fmt.Sprintf("No worker is listening on queue %s. Start one with --queues %s.", t.Queue, t.Queue)
	case crew.able == 0:
		return fmt.Sprintf("No worker on queue %s handles the type %s. Start one that does.", t.Queue, t.Type)
	case crew.free == 0 && crew.slots == 1:
		return fmt.Sprintf("The only slot for it is busy%s.", at.words(": it is "))
	case crew.free == 0:
		return fmt.Sprintf("All %d slots of the workers for it are busy%s.", crew.slots, at.words(": it is "))
	case at.Deep || at.At > int64(crew.free):
		return at.words("It is ") + "."
	}
	return ""
}

// crew counts the workers for a task: those that are ready, of them those on its queue, and of them those that handle its
// type, with their slots.
type crew struct{ live, listening, able, slots, free int }

func (s *Snapshot) crew(t *queue.Task) (c crew) {
	for _, w := range s.Workers {
		if w.State != queue.WorkerReady {
			continue
		}
		c.live++
		if w.Queues[t.Queue] == 0 && w.Queues["*"] == 0 {
			continue
		}
		c.listening++
		if slices.Contains(w.Types, t.Type) {
			c.able++
			c.slots += w.Slots
			c.free += max(w.Slots-w.Assigned-w.Running, 0)
		}
	}
	return c
}

func (s *Snapshot) paused(name string) bool {
	return slices.ContainsFunc(s.Queues, func(q queue.Queue) bool { return q.Name == name && q.Paused })
}

// words say after begin where the task stands, and when it may start; nothing where that is not known.
func (l Line) words(begin string) string {
	switch {
	case l.Deep:
		return begin + "behind more than " + grouped(queue.MaxPlace) + " others"
	case l.At == 0:
		return ""
	case l.Slow <= 0:
		return begin + "at about place " + grouped(l.At)
	}
	return begin + "at about place " + grouped(l.At) + " and may start " + l.estimate()
}

// doubt widens an estimate to both sides: what comes with a higher priority, and how long each task takes, nobody knows.
const doubt = 1.25

// estimate writes when the task may start as a range in one unit: "in 2 to 4 min".
func (l Line) estimate() string {
	soon, late := float64(l.At)/l.Fast/doubt, float64(l.At)/l.Slow*doubt // seconds
	unit, name := 1.0, "s"
	switch {
	case late > 36*3600:
		unit, name = 24*3600, "d"
	case late > 90*60:
		unit, name = 3600, "h"
	case late > 90:
		unit, name = 60, "min"
	}
	from, to := math.Floor(soon/unit), math.Ceil(late/unit)
	if from < 1 {
		return fmt.Sprintf("within %.0f %s", to, name)
	}
	return fmt.Sprintf("in %.0f to %.0f %s", from, to, name)
}

// grouped writes n, which is not negative, with thousands separated.
func grouped(n int64) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return grouped(n/1000) + fmt.Sprintf(",%03d", n%1000)
}

func moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }
