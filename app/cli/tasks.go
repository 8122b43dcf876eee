package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

// filterFlags say which tasks; empty ones filter nothing.
type filterFlags struct {
	State  string `help:"Tasks in this state: scheduled, pending, assigned, running, retry, completed, failed, canceled."`
	Queue  string `help:"Tasks of this queue."`
	Type   string `help:"Tasks of this type."`
	Worker string `help:"Tasks of this worker, by its id."`
	Q      string `name:"q" help:"Tasks whose id contains this."`
}

// fields are the flags that are set, by the API's names.
func (f filterFlags) fields() map[string]string {
	fields := map[string]string{}
	for name, value := range map[string]string{"state": f.State, "queue": f.Queue, "type": f.Type, "worker": f.Worker, "q": f.Q} {
		if value != "" {
			fields[name] = value
		}
	}
	return fields
}

// tasksCmd lists tasks, a page at a time.
type tasksCmd struct {
	serverFlags
	filterFlags
	Limit int    `default:"50" help:"Tasks on the page, at most 1000."`
	After string `help:"Where the page before ended: its \"next\"."`
}

// Run implements the command.
func (c *tasksCmd) Run(ctx context.Context, std streams) error {
	server, err := c.open()
	if err != nil {
		return err
	}
	query := url.Values{"limit": {fmt.Sprint(c.Limit)}}
	for name, value := range c.fields() {
		query.Set(name, value)
	}
	if c.After != "" {
		query.Set("after", c.After)
	}
	raw, err := server.get(ctx, "/api/v1/tasks?"+query.Encode())
	if err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(std.out).Encode(raw)
	}
	page, err := into[queue.Page](raw, nil)
	if err != nil {
		return err
	}
	if err := table(std.out, taskLines(page.Items)); err != nil || page.Next == "" {
		return err
	}
	_, err = fmt.Fprintf(std.out, "There are more: --after %s\n", printable(page.Next))
	return err
}

func taskLines(tasks []queue.Task) [][]string {
	rows := [][]string{{"ID", "STATE", "TYPE", "QUEUE", "ATTEMPT", "WORKER", "CREATED", "ERROR"}}
	for _, t := range tasks {
		rows = append(rows, []string{
			t.ID, string(t.State), t.Type, t.Queue, fmt.Sprintf("%d/%d", t.Attempt, t.MaxAttempts), orDash(t.WorkerID),
			moment(t.CreatedAt), orDash(t.Error),
		})
	}
	return rows
}

// workersCmd lists the workers.
type workersCmd struct{ serverFlags }

// Run implements the command.
func (c *workersCmd) Run(ctx context.Context, std streams) error {
	server, err := c.open()
	if err != nil {
		return err
	}
	raw, err := server.get(ctx, "/api/v1/workers")
	if err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(std.out).Encode(raw)
	}
	workers, err := into[items[queue.Worker]](raw, nil)
	if err != nil {
		return err
	}
	return table(std.out, site{Workers: workers.Items}.workers())
}
