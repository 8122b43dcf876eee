package monitor

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

func decode(parts []any) (*Snapshot, *Listing, error) {
	var flat [10][]string
	for _, i := range []int{2, 3, 4, 8, 9} {
		var err error
		if flat[i], err = queue.Strings(parts[i]); err != nil {
			return nil, nil, fmt.Errorf("snapshot: %w", err)
		}
	}
	seq, _ := parts[0].(int64)
	now, _ := parts[1].(string)
	s := &Snapshot{Type: "snapshot", Seq: seq, At: queue.Time{Time: fromMS(now)}}
	s.Queues = decodeQueues(pairs(flat[2]), pairs(flat[3]), pairs(flat[4]))
	for _, i := range []int{5, 6} {
		workers, err := decodeWorkers(parts[i])
		if err != nil {
			return nil, nil, err
		}
		if i == 5 {
			slices.SortFunc(workers, func(a, b queue.Worker) int { return strings.Compare(a.ID, b.ID) })
		}
		s.Workers = append(s.Workers, workers...)
	}
	s.Totals = addUp(s.Queues, s.Workers)
	if rates, _ := parts[7].(string); rates != "" {
		if err := json.Unmarshal([]byte(rates), &s.Rates); err != nil {
			return nil, nil, fmt.Errorf("snapshot: rates: %w", err)
		}
	}
	l := decodeListing(flat[8], flat[9])
	l.QueueSize = s.Totals.Pending + s.Totals.Assigned + s.Totals.Running
	return s, l, nil
}

func pairs(flat []string) map[string]string {
	m := make(map[string]string, len(flat)/2)
	for i := 0; i+1 < len(flat); i += 2 {
		m[flat[i]] = flat[i+1]
	}
	return m
}

// decodeQueues reads counters named queue|code, and always shows the default queue.
func decodeQueues(counts, paused, oldest map[string]string) []queue.Queue {
	byName := map[string]*queue.Queue{}
	at := func(name string) *queue.Queue {
		if byName[name] == nil {
			byName[name] = &queue.Queue{Name: name}
		}
		return byName[name]
	}
	at(queue.DefaultQueue)
	for field, n := range counts {
		if name, code, ok := strings.Cut(field, "|"); ok {
			if to := counter(at(name), code); to != nil {
				*to = toInt(n)
			}
		}
	}
	for name, since := range paused {
		q := at(name)
		q.Paused, q.PausedAt = true, &queue.Time{Time: fromMS(since)}
	}
	for name, waited := range oldest {
		if q := at(name); q.Pending > 0 {
			q.OldestPendingSeconds = float64(toInt(waited)) / 1000
		}
	}
	queues := make([]queue.Queue, 0, len(byName))
	for _, q := range byName {
		queues = append(queues, *q)
	}
	slices.SortFunc(queues, func(a, b queue.Queue) int { return strings.Compare(a.Name, b.Name) })
	return queues
}

// counter is the field of q that a counter's code stands for; nil for those that are not shown.
func counter(q *queue.Queue, code string) *int64 {
	return map[string]*int64{
		"s": &q.Scheduled, "p": &q.Pending, "a": &q.Assigned, "r": &q.Running, "y": &q.Retry, "c": &q.Completed,
		"f": &q.Failed, "x": &q.Canceled, "S": &q.SubmittedTotal, "C": &q.CompletedTotal, "F": &q.FailedTotal,
		"X": &q.CanceledTotal, "R": &q.RetriedTotal,
	}[code]
}

// decodeWorkers reads {id, fields, current tasks} a worker, in the order of snapshot.lua.
func decodeWorkers(part any) ([]queue.Worker, error) {
	list, ok := part.([]any)
	if !ok {
		return nil, fmt.Errorf("snapshot: workers of type %T", part)
	}
	workers := make([]queue.Worker, 0, len(list))
	for _, one := range list {
		w, ok := one.([]any)
		if !ok || len(w) != 3 {
			return nil, fmt.Errorf("snapshot: a worker of type %T", one)
		}
		id, ok := w[0].(string)
		f, err := queue.Strings(w[1])
		if !ok || err != nil || len(f) != 10 {
			return nil, fmt.Errorf("snapshot: a worker %v of %d fields: %w", w[0], len(f), err)
		}
		current, err := queue.Strings(w[2])
		if err != nil {
			return nil, fmt.Errorf("snapshot: current tasks: %w", err)
		}
		card := strings.Split(f[0], "\n")
		if len(card) == 6 { // a worker without a record has just been dropped
			workers = append(workers, decodeWorker(id, card, f[1:], current))
		}
	}
	return workers, nil
}

// decodeWorker reads a card's name, host, pid, version, queues and types, and the fields state, slots, assigned, running,
// started, heartbeat, requeued, drills and drill.
func decodeWorker(id string, card, f, current []string) queue.Worker {
	w := queue.Worker{
		ID: id, Name: card[0], State: queue.WorkerState(f[0]), Host: card[1], PID: int(toInt(card[2])), Version: card[3],
		Slots: int(toInt(f[1])), Assigned: int(toInt(f[2])), Running: int(toInt(f[3])),
		StartedAt: queue.Time{Time: fromMS(f[4])}, LastHeartbeatAt: queue.Time{Time: fromMS(f[5])},
		Queues: map[string]int{}, Types: strings.FieldsFunc(card[5], isComma), Requeued: int(toInt(f[6])),
		Drills: f[7] == "1", Drill: f[8],
		CurrentTasks: []queue.CurrentTask{},
	}
	for _, part := range strings.FieldsFunc(card[4], isComma) {
		name, weight, _ := strings.Cut(part, "=")
		w.Queues[name] = int(toInt(weight))
	}
	for c := current; len(c) >= 5; c = c[5:] {
		w.CurrentTasks = append(w.CurrentTasks, queue.CurrentTask{
			ID: c[0], Type: c[1], Queue: c[2],
			Attempt: int(toInt(c[3])), StartedAt: queue.Time{Time: fromMS(c[4])},
		})
	}
	return w
}

func isComma(r rune) bool { return r == ',' }

func addUp(queues []queue.Queue, workers []queue.Worker) Totals {
	var t Totals
	for _, q := range queues {
		t.Pending, t.Assigned, t.Running = t.Pending+q.Pending, t.Assigned+q.Assigned, t.Running+q.Running
		t.Scheduled, t.Retry = t.Scheduled+q.Scheduled, t.Retry+q.Retry
		t.Completed, t.Failed, t.Canceled = t.Completed+q.Completed, t.Failed+q.Failed, t.Canceled+q.Canceled
		t.SubmittedTotal, t.CompletedTotal = t.SubmittedTotal+q.SubmittedTotal, t.CompletedTotal+q.CompletedTotal
		t.FailedTotal, t.CanceledTotal = t.FailedTotal+q.FailedTotal, t.CanceledTotal+q.CanceledTotal
		t.RetriedTotal += q.RetriedTotal
		t.OldestPendingSeconds = max(t.OldestPendingSeconds, q.OldestPendingSeconds)
	}
	for _, w := range workers {
		switch w.State {
		case queue.WorkerLost:
			t.WorkersLost++
		case queue.WorkerGone:
		default:
			t.Workers++
			t.Slots += w.Slots
		}
	}
	return t
}

// decodeListing reads location, id, record, payload a task.
func decodeListing(located, failed []string) *Listing {
	l := &Listing{Tasks: []Located{}, Failed: []Located{}}
	for _, part := range []struct {
		fields []string
		into   *[]Located
	}{{located, &l.Tasks}, {failed, &l.Failed}} {
		for f := part.fields; len(f) >= 4; f = f[4:] {
			t, err := queue.DecodeRecord(f[1], f[2], f[3])
			if err != nil {
				continue // what cannot be read spoils no listing
			}
			where := f[0]
			if where == "failed" {
				where = ""
			}
			*part.into = append(*part.into, Located{ID: t.ID, Payload: t.Payload, Location: where})
		}
	}
	return l
}

func toInt(s string) int64 {
	n, _ := strconv.ParseInt(s, 10, 64) // scripts write digits; "" stands for none
	return n
}

// fromMS keeps to the times that JSON can say: one damaged number would spoil the whole snapshot.
func fromMS(s string) time.Time { return time.UnixMilli(min(max(toInt(s), 0), queue.LastMoment)).UTC() }
