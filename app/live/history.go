package live

import (
	"time"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/monitor"
	"github.com/xuniquepatel/queue-pilot/views"
)

// The bounds of the queues' histories: 200 of 310 samples of 48 bytes are 3 MB.
const (
	queueStep = time.Second
	mostKept  = 200 // queues that have a history at once; the others' rates are not known
)

// queueHistory has the samples of each queue, oldest first. Only changes are kept: between two samples nothing happened.
// Neither the map nor a slice is changed in place, because viewers read them without a lock.
type queueHistory struct {
	samples map[string][]views.Sample
	at      time.Time // of the last look
}

// note adds a sample of every queue whose counters changed, at most once a second.
func (h *queueHistory) note(s *monitor.Snapshot) {
	at, before := s.At.Time, h.at
	if !before.IsZero() && at.Sub(before) < queueStep {
		return
	}
	h.at = at
	next := make(map[string][]views.Sample, min(len(s.Queues), mostKept))
	var fresh []queue.Queue
	for _, q := range s.Queues {
		if list, known := h.samples[q.Name]; known {
			next[q.Name] = extend(list, sampleOf(q, at))
		} else {
			fresh = append(fresh, q)
		}
	}
	for _, q := range fresh {
		if len(next) >= mostKept && !makeRoom(next, at) {
			break
		}
		next[q.Name] = begin(q, before, at)
	}
	h.samples = next
}

func sampleOf(q queue.Queue, at time.Time) views.Sample {
	return views.Sample{At: at, Submitted: q.SubmittedTotal, Completed: q.CompletedTotal, Failed: q.FailedTotal}
}

// begin starts a history. A queue that was not there at the look before began with nothing then.
func begin(q queue.Queue, before, at time.Time) []views.Sample {
	if before.IsZero() {
		return []views.Sample{sampleOf(q, at)}
	}
	return []views.Sample{{At: before}, sampleOf(q, at)}
}

// extend adds a sample where something changed, and drops those that the span no longer needs: the last one before it
// stays, because it says how things stood when the span began.
func extend(list []views.Sample, now views.Sample) []views.Sample {
	from := 0
	for from+1 < len(list) && now.At.Sub(list[from+1].At) > historySpan {
		from++
	}
	list = list[from:]
	last := list[len(list)-1]
	if last.At = now.At; last == now {
		return list
	}
	return append(list, now)
}

// makeRoom forgets a queue in which nothing happened for the whole span, and reports whether there was one.
func makeRoom(samples map[string][]views.Sample, at time.Time) bool {
	for name, list := range samples {
		if at.Sub(list[len(list)-1].At) > historySpan {
			delete(samples, name)
			return true
		}
	}
	return false
}
