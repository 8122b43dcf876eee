package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

// moveFlags say which tasks a verb is for: by their ids, or by a filter and their number.
type moveFlags struct {
	serverFlags
	filterFlags
	IDs   []string `arg:"" optional:"" name:"id" help:"Ids of tasks."`
	Count *int     `help:"How many tasks match the flags. Where another number does, nothing is changed; without it they are counted only."`
}

type (
	retryCmd  struct{ moveFlags }
	cancelCmd struct{ moveFlags }
)

// Run implements the command.
func (c *retryCmd) Run(ctx context.Context, std streams) error { return c.move(ctx, std, "retry") }

// Run implements the command.
func (c *cancelCmd) Run(ctx context.Context, std streams) error { return c.move(ctx, std, "cancel") }

func (c *moveFlags) move(ctx context.Context, std streams, action string) error {
	server, err := c.open()
	if err != nil {
		return err
	}
	filter := c.fields()
	switch {
	case len(c.IDs) > 0 && len(filter) > 0:
		return usagef("%s takes ids or flags that filter, not both", action)
	case len(c.IDs) > 0:
		return c.each(ctx, std, server, action)
	case len(filter) > 0:
		return c.many(ctx, std, server, action, filter)
	}
	return usagef("%s needs the ids of tasks, or flags that filter, such as --state failed", action)
}

// each moves the named tasks one after the other, also behind one that cannot be moved.
func (c *moveFlags) each(ctx context.Context, std streams, server *rest, action string) error {
	var failed []error
	for _, id := range c.IDs {
		raw, err := server.post(ctx, "/api/v1/tasks/"+url.PathEscape(id)+"/"+action, "", nil)
		if err != nil {
			failed = append(failed, fmt.Errorf("%s %s: %w", action, id, err))
			continue
		}
		if err := c.tell(std, raw); err != nil {
			return err
		}
	}
	return errors.Join(failed...)
}

// tell prints a task as its move left it.
func (c *moveFlags) tell(std streams, raw json.RawMessage) error {
	if c.JSON {
		return json.NewEncoder(std.out).Encode(raw)
	}
	task, err := into[queue.Task](raw, nil)
	if err != nil {
		return err
	}
	state := string(task.State)
	if task.CancelRequested {
		state += ", asked to stop"
	}
	_, err = fmt.Fprintf(std.out, "%s is %s\n", printable(task.ID), state)
	return err
}

// moved is the API's answer to a move of many tasks.
type moved struct {
	Matched int `json:"matched"`
	Done    int `json:"done"`
	Skipped int `json:"skipped"`
	Gone    int `json:"gone"`
}

// many moves what the filter matches where that are as many as the user says.
func (c *moveFlags) many(ctx context.Context, std streams, server *rest, action string, filter map[string]string) error {
	request := map[string]any{"action": action, "filter": filter, "dry_run": c.Count == nil}
	if c.Count != nil {
		request["count"] = *c.Count
	}
	body, err := json.Marshal(request)
	if err != nil {
		return fmt.Errorf("write the request: %w", err)
	}
	raw, err := server.post(ctx, "/api/v1/tasks/actions", jsonContent, body)
	if err != nil {
		return err
	}
	answer, err := into[moved](raw, nil)
	switch {
	case err != nil:
		return err
	case c.JSON:
		return json.NewEncoder(std.out).Encode(raw)
	case c.Count == nil:
		_, err = fmt.Fprintf(std.out, "Tasks that match: %d. Nothing was changed. Pass --count %d to %s them.\n", answer.Matched, answer.Matched, action)
		return err
	}
	_, err = fmt.Fprintf(std.out, "%s: %d done, %d had moved on, %d were gone\n", action, answer.Done, answer.Skipped, answer.Gone)
	return err
}

// queueFlags name queues.
type queueFlags struct {
	serverFlags
	Queues []string `arg:"" name:"queue" help:"Names of queues."`
}

type (
	pauseCmd  struct{ queueFlags }
	resumeCmd struct{ queueFlags }
)

// Run implements the command.
func (c *pauseCmd) Run(ctx context.Context, std streams) error { return c.set(ctx, std, "pause") }

// Run implements the command.
func (c *resumeCmd) Run(ctx context.Context, std streams) error { return c.set(ctx, std, "resume") }

func (c *queueFlags) set(ctx context.Context, std streams, verb string) error {
	server, err := c.open()
	if err != nil {
		return err
	}
	for _, name := range c.Queues {
		raw, err := server.post(ctx, "/api/v1/queues/"+url.PathEscape(name)+"/"+verb, "", nil)
		if err != nil {
			return fmt.Errorf("%s %s: %w", verb, name, err)
		}
		if c.JSON {
			if err := json.NewEncoder(std.out).Encode(raw); err != nil {
				return err
			}
			continue
		}
		if _, err := fmt.Fprintf(std.out, "%s is %sd\n", printable(name), verb); err != nil {
			return err
		}
	}
	return nil
}
