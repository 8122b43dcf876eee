package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/monitor"
)

// statusCmd shows totals, queues and workers.
type statusCmd struct{ serverFlags }

// site is what the command reads. Its parts are read one after the other, so they may differ by a moment.
type site struct {
	Totals  monitor.Totals `json:"totals"`
	Rates   monitor.Rates  `json:"rates"`
	Queues  []queue.Queue  `json:"queues"`
	Workers []queue.Worker `json:"workers"`
}

type items[T any] struct {
	Items []T `json:"items"`
}

// Run implements the command.
func (c *statusCmd) Run(ctx context.Context, std streams) error {
	server, err := c.open()
	if err != nil {
		return err
	}
	s, err := readSite(ctx, server)
	if err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(std.out).Encode(s)
	}
	for i, rows := range [][][]string{s.totals(), s.queues(), s.workers()} {
		if i > 0 {
			fmt.Fprintln(std.out)
		}
		if err := table(std.out, rows); err != nil {
			return err
		}
	}
	return nil
}

func readSite(ctx context.Context, server *rest) (site, error) {
	s, err := into[site](server.get(ctx, "/api/v1/stats"))
	if err != nil {
		return s, err
	}
	queues, err := into[items[queue.Queue]](server.get(ctx, "/api/v1/queues"))
	if err != nil {
		return s, err
	}
	workers, err := into[items[queue.Worker]](server.get(ctx, "/api/v1/workers"))
	s.Queues, s.Workers = queues.Items, workers.Items
	return s, err
}

func (s site) totals() [][]string {
	t := s.Totals
	return [][]string{
		{"PENDING", "ASSIGNED", "RUNNING", "SCHEDULED", "RETRY", "COMPLETED", "FAILED", "CANCELED", "WORKERS", "SLOTS", "DONE/S"},
		append(counts(t.Pending, t.Assigned, t.Running, t.Scheduled, t.Retry, t.Completed, t.Failed, t.Canceled,
			int64(t.Workers), int64(t.Slots)), fmt.Sprintf("%.1f", s.Rates.Completed)),
	}
}

func (s site) queues() [][]string {
	rows := [][]string{{"QUEUE", "PENDING", "ASSIGNED", "RUNNING", "SCHEDULED", "RETRY", "COMPLETED", "FAILED", "OLDEST", "PAUSED"}}
	for _, q := range s.Queues {
		row := append([]string{q.Name}, counts(q.Pending, q.Assigned, q.Running, q.Scheduled, q.Retry, q.Completed, q.Failed)...)
		rows = append(rows, append(row, fmt.Sprintf("%.1fs", q.OldestPendingSeconds), yesNo(q.Paused)))
	}
	return rows
}

func (s site) workers() [][]string {
	rows := [][]string{{"WORKER", "STATE", "SLOTS", "ASSIGNED", "RUNNING", "QUEUES", "HEARTBEAT"}}
	for _, w := range s.Workers {
		row := append([]string{w.ID, string(w.State)}, counts(int64(w.Slots), int64(w.Assigned), int64(w.Running))...)
		queues := strings.Join(slices.Sorted(maps.Keys(w.Queues)), ",")
		rows = append(rows, append(row, queues, moment(w.LastHeartbeatAt.Time)))
	}
	return rows
}

func counts(numbers ...int64) []string {
	out := make([]string, len(numbers))
	for i, n := range numbers {
		out[i] = fmt.Sprint(n)
	}
	return out
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
