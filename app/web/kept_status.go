package web

import (
	"context"
	"encoding/json"
	"strconv"

	"github.com/gofiber/fiber/v2"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/monitor"
)

const (
	defaultListed = 100  // tasks in each list of a status: a page's worth
	mostListed    = 1000 // the script that reads them must stay under 10 ms
)

// listing is one read of the whole cell with its first tasks.
type listing struct {
	snapshot *monitor.Snapshot
	lists    *monitor.Listing
}

func (s *Server) readListing(ctx context.Context, limit int) (listing, error) {
	snap, lists, err := monitor.ReadListing(ctx, s.client, limit)
	return listing{snap, lists}, err
}

func (s *Server) readSnapshot(ctx context.Context, _ struct{}) (*monitor.Snapshot, error) {
	return monitor.ReadSnapshot(ctx, s.client)
}

// queueStatus is what GET /queue_status answers, as the Python system did.
type queueStatus struct {
	QueueSize int64        `json:"queue_size"` // pending, assigned and running tasks, however many are listed
	Tasks     []keptTask   `json:"tasks"`
	Failed    []keptFailed `json:"failed_tasks"` // newest first
}

// systemStatus is what GET /system_status answers.
type systemStatus struct {
	queueStatus
	Workers []keptWorker `json:"workers"`
}

type keptTask struct {
	ID       string          `json:"id"`
	Payload  json.RawMessage `json:"payload"`
	Location string          `json:"location"` // "task_queue" or "processing:<worker_id>"
}

type keptFailed struct {
	ID      string          `json:"id"`
	Payload json.RawMessage `json:"payload"`
}

type keptWorker struct {
	WorkerID      string  `json:"worker_id"`
	Status        string  `json:"status"`          // "idle" or "processing"
	CurrentTaskID string  `json:"current_task_id"` // its oldest running task; "" where it is idle
	LastHeartbeat float64 `json:"last_heartbeat"`  // seconds since the epoch, by Redis's clock
}

func (s *Server) queueStatus(c *fiber.Ctx) error {
	limit, err := keptLimit(c)
	if err != nil {
		return err
	}
	l, err := s.listings.get(c.UserContext(), limit)
	if err != nil {
		return s.keptAway(c, err, awaySentence)
	}
	return c.JSON(newQueueStatus(l.lists))
}

func (s *Server) systemStatus(c *fiber.Ctx) error {
	limit, err := keptLimit(c)
	if err != nil {
		return err
	}
	l, err := s.listings.get(c.UserContext(), limit)
	if err != nil {
		return s.keptAway(c, err, awaySentence)
	}
	return c.JSON(systemStatus{newQueueStatus(l.lists), keptWorkers(l.snapshot.Workers)})
}

func keptLimit(c *fiber.Ctx) (int, error) {
	text := c.Query("limit", strconv.Itoa(defaultListed))
	limit, err := strconv.Atoi(text)
	if err != nil || limit < 1 || limit > mostListed {
		return 0, sentence("limit is " + shorten(text) + "; wanted: a whole number from 1 to 1000.")
	}
	return limit, nil
}

func newQueueStatus(lists *monitor.Listing) queueStatus {
	status := queueStatus{QueueSize: lists.QueueSize, Tasks: []keptTask{}, Failed: []keptFailed{}}
	for _, t := range lists.Tasks {
		status.Tasks = append(status.Tasks, keptTask{t.ID, t.Payload, t.Location})
	}
	for _, t := range lists.Failed {
		status.Failed = append(status.Failed, keptFailed{t.ID, t.Payload})
	}
	return status
}

// keptWorkers lists the live workers: the Python system forgot a worker as soon as it was declared dead.
func keptWorkers(workers []queue.Worker) []keptWorker {
	kept := []keptWorker{}
	for _, w := range workers {
		if w.State == queue.WorkerLost || w.State == queue.WorkerGone {
			continue
		}
		k := keptWorker{WorkerID: w.ID, Status: "idle", LastHeartbeat: float64(w.LastHeartbeatAt.UnixMilli()) / 1000}
		if len(w.CurrentTasks) > 0 {
			k.Status, k.CurrentTaskID = "processing", w.CurrentTasks[0].ID
		}
		kept = append(kept, k)
	}
	return kept
}
