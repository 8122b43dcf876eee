package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

// submitCmd submits one task from flags, or many from standard input.
type submitCmd struct {
	serverFlags
	ID          string        `help:"Id of the task, which makes it safe to submit again; a new one by default."`
	Type        string        `help:"Type, which names its handler; echo by default, as in the Python system."`
	Queue       string        `help:"Queue; default by default."`
	Payload     string        `placeholder:"JSON" help:"Payload as JSON; the argument says the same."`
	Priority    *int          `help:"Priority from 0 (least urgent) to 9 (most); 5 by default."`
	Delay       time.Duration `help:"Start no earlier than this after the submit, as in 90s or 2h."`
	MaxAttempts *int          `help:"Attempts before it is given up; 5 by default."`
	Timeout     time.Duration `help:"Longest that one attempt may take; 30m by default."`
	Wait        time.Duration `help:"Wait this long for it to end, and show how; exit code 1 unless it completed."`
	Text        string        `arg:"" optional:"" name:"payload" help:"Payload as JSON; - reads tasks from standard input, one JSON object a line."`
}

// Run implements the command.
func (c *submitCmd) Run(ctx context.Context, std streams) error {
	server, err := c.open()
	if err != nil {
		return err
	}
	if c.Text == "-" {
		if err := c.checkMany(); err != nil {
			return err
		}
		return submitLines(ctx, server, std, c.JSON)
	}
	body, err := c.body()
	if err != nil {
		return err
	}
	raw, err := server.post(ctx, "/api/v1/tasks", jsonContent, body)
	if err == nil && c.Wait > 0 {
		raw, err = waitFor(ctx, server, raw, c.Wait)
	}
	task, err := into[queue.Task](raw, err)
	if err != nil {
		return err
	}
	return c.show(std, raw, task)
}

// body is the task as the API takes it.
func (c *submitCmd) body() ([]byte, error) {
	payload, err := c.payload()
	if err != nil {
		return nil, err
	}
	task := map[string]any{}
	for name, text := range map[string]string{"id": c.ID, "type": c.Type, "queue": c.Queue} {
		if text != "" {
			task[name] = text
		}
	}
	for name, d := range map[string]time.Duration{"delay_seconds": c.Delay, "timeout_seconds": c.Timeout} {
		if d != 0 {
			task[name] = d.Seconds()
		}
	}
	for name, n := range map[string]*int{"priority": c.Priority, "max_attempts": c.MaxAttempts} {
		if n != nil {
			task[name] = *n
		}
	}
	if payload != nil {
		task["payload"] = payload
	}
	return queue.PlainJSON(task)
}

func (c *submitCmd) payload() (json.RawMessage, error) {
	text := c.Payload
	switch {
	case c.Text != "" && c.Payload != "":
		return nil, usagef("the payload is given twice: as --payload and as an argument; give it once")
	case c.Text != "":
		text = c.Text
	case text == "":
		return nil, nil
	}
	if !json.Valid([]byte(text)) {
		quoted, _ := json.Marshal(text)
		return nil, usagef("the payload is %s, which is not JSON; a text needs its quotes: '%s'", cut(text), quoted)
	}
	return json.RawMessage(text), nil
}

func cut(s string) string {
	const most = 80 // bytes
	if len(s) > most {
		s = s[:most] + "..."
	}
	return s
}

// checkMany refuses flags that would say something about one task.
func (c *submitCmd) checkMany() error {
	one := *c
	one.serverFlags, one.Text = serverFlags{}, ""
	if one != (submitCmd{}) {
		return usagef("with - every line is a whole task, so the other flags have nothing to say: put %s into the lines",
			`"type", "queue" and so on`)
	}
	return nil
}

// mostWait is the longest that the API waits in one request.
const mostWait = 60 * time.Second

// waitFor asks for the task until it is final or the time is over.
func waitFor(ctx context.Context, server *rest, raw json.RawMessage, wait time.Duration) (json.RawMessage, error) {
	deadline := time.Now().Add(wait)
	for {
		task, err := into[queue.Task](raw, nil)
		left := time.Until(deadline)
		if err != nil || task.State.Final() || left <= 0 {
			return raw, err
		}
		path := fmt.Sprintf("/api/v1/tasks/%s?wait=%.3f", url.PathEscape(task.ID), min(left, mostWait).Seconds())
		if raw, err = server.get(ctx, path); err != nil {
			return nil, err
		}
	}
}

// show prints the outcome. A task that was waited for and did not complete is a failure.
func (c *submitCmd) show(std streams, raw json.RawMessage, task queue.Task) error {
	switch {
	case c.JSON:
		fmt.Fprintln(std.out, string(raw))
	case c.Wait > 0 && task.State == queue.Completed:
		fmt.Fprintln(std.out, cell(task.ID), task.State, cell(string(task.Result)))
	default:
		fmt.Fprintln(std.out, cell(task.ID), task.State)
	}
	if c.Wait == 0 || task.State == queue.Completed {
		return nil
	}
	if !task.State.Final() {
		return errors.New(strings.TrimRight(fmt.Sprintf("task %s is still %s after %s. %s", task.ID, task.State, c.Wait, task.Waiting), ". "))
	}
	return errors.New("task " + task.ID + " " + string(task.State) + ": " + orDash(task.Error))
}
