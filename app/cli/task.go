package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"strings"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

// taskCmd shows one task and its attempts.
type taskCmd struct {
	serverFlags
	ID string `arg:"" help:"The task's id."`
}

// Run implements the command.
func (c *taskCmd) Run(ctx context.Context, std streams) error {
	server, err := c.open()
	if err != nil {
		return err
	}
	path := "/api/v1/tasks/" + url.PathEscape(c.ID)
	raw, err := server.get(ctx, path)
	if err != nil {
		return err
	}
	attempts, err := into[items[queue.Attempt]](server.get(ctx, path+"/attempts"))
	if err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(std.out).Encode(map[string]any{"task": raw, "attempts": attempts.Items})
	}
	task, err := into[queue.Task](raw, nil)
	if err != nil {
		return err
	}
	return showTask(std.out, task, attempts.Items)
}

func showTask(w io.Writer, t queue.Task, attempts []queue.Attempt) error {
	if err := table(w, taskRows(t)); err != nil {
		return err
	}
	if len(attempts) == 0 {
		return nil
	}
	rows := [][]string{{"ATTEMPT", "OUTCOME", "WORKER", "STARTED", "FINISHED", "ERROR"}}
	for _, a := range attempts {
		rows = append(rows, []string{
			fmt.Sprint(a.Attempt), orDash(string(a.Outcome)), orDash(a.WorkerID), moment(a.StartedAt),
			moment(a.FinishedAt), orDash(a.Error),
		})
	}
	fmt.Fprintln(w)
	return table(w, rows)
}

func taskRows(t queue.Task) [][]string {
	state := string(t.State)
	if t.Reason != "" {
		state += " (" + string(t.Reason) + ")"
	}
	rows := [][]string{
		{"ID", t.ID},
		{"State", state},
		{"Type", t.Type},
		{"Queue", t.Queue},
		{"Priority", orUnset(t.Priority)},
		{"Attempt", fmt.Sprintf("%d of %d", t.Attempt, t.MaxAttempts)},
		{"Worker", orDash(t.WorkerID)},
		{"Created", moment(t.CreatedAt)},
		{"Run at", moment(t.RunAt)},
		{"Started", moment(t.StartedAt)},
		{"Finished", moment(t.FinishedAt)},
		{"Payload", string(t.Payload)},
	}
	for _, row := range [][]string{{"Waiting", t.Waiting}, {"Result", string(t.Result)}, {"Error", t.Error}, {"Tags", strings.Join(t.Tags, ", ")}} {
		if row[1] != "" && row[1] != "null" {
			rows = append(rows, row)
		}
	}
	return rows
}
