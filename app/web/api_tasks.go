package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

type taskOutput struct{ Body taskBody }

// taskPath names a task in a path.
type taskPath struct {
	ID string `path:"id" doc:"The task's id" example:"T1"`
}

// id returns the id that the path names, percent-decoded; its error is the problem to answer with.
func (p taskPath) id() (string, error) { return pathName("id", p.ID, queue.ValidID, queue.IDRule) }

// pathName checks a name out of a path. Nothing with other characters can exist, and none of them reaches Redis.
func pathName(field, raw string, valid func(string) bool, rule string) (string, error) {
	name, err := url.PathUnescape(raw)
	if err != nil {
		name = raw
	}
	if !valid(name) {
		return "", invalidProblem(&queue.InvalidError{Field: field, Value: fmt.Sprintf("%q", shorten(name)), Want: rule}, "path.")
	}
	return name, nil
}

type listInput struct {
	State  string `query:"state" enum:"scheduled,pending,assigned,running,retry,completed,failed,canceled" doc:"Without it, the newest 10,000 of all"`
	Queue  string `query:"queue" pattern:"^[A-Za-z0-9_.:-]{1,64}$" doc:"Only tasks of this queue"`
	Type   string `query:"type" pattern:"^[A-Za-z0-9_.:-]{1,64}$" doc:"Only tasks of this type"`
	Worker string `query:"worker" maxLength:"200" doc:"Only tasks of this worker, by its id"`
	Q      string `query:"q" maxLength:"200" doc:"Only tasks whose id or payload contains this"`
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"The most items of a page"`
	After  string `query:"after" maxLength:"500" doc:"Where the page starts: the next of the page before"`
}

type listOutput struct{ Body page[taskBody] }

func (s *Server) listTasks(ctx context.Context, in *listInput) (*listOutput, error) {
	found, err := s.client.List(ctx, queue.Filter{
		State: queue.State(in.State), Queue: in.Queue, Type: in.Type, Worker: in.Worker, Q: in.Q,
		Limit: in.Limit, After: in.After,
	})
	if err != nil {
		return nil, s.queryRefusal(err)
	}
	out := &listOutput{Body: page[taskBody]{Items: make([]taskBody, len(found.Items))}}
	for i := range found.Items {
		out.Body.Items[i] = taskBody{&found.Items[i]}
	}
	if found.Next != "" {
		out.Body.Next = &found.Next
	}
	return out, nil
}

type getInput struct {
	ID   string  `path:"id" doc:"The task's id" example:"T1"`
	Wait float64 `query:"wait" minimum:"0" maximum:"60" doc:"Seconds to wait for the task to be final before answering"`
}

// getTask answers with the task, at once or when it is final. A wait ends early where the server stops.
func (s *Server) getTask(ctx context.Context, in *getInput) (*taskOutput, error) {
	id, err := taskPath{in.ID}.id()
	if err != nil {
		return nil, err
	}
	var task *queue.Task
	if in.Wait > 0 {
		task, err = s.waitFinal(id, time.Duration(in.Wait*float64(time.Second)))
	} else {
		task, err = s.client.Get(ctx, id)
	}
	return s.answerTask(ctx, task, id, err)
}

func (s *Server) waitFinal(id string, wait time.Duration) (*queue.Task, error) {
	ctx, cancel := context.WithTimeout(s.stopping, wait)
	defer cancel()
	return s.hub.WaitFinal(ctx, id)
}

func (s *Server) answerTask(ctx context.Context, task *queue.Task, id string, err error) (*taskOutput, error) {
	if err != nil {
		return nil, s.refusal(err, "task "+id, awaySentence)
	}
	task.Waiting = s.hub.Why(ctx, task)
	return &taskOutput{taskBody{task}}, nil
}

// moveRefusal says for a move that does not exist from the task's state which state that is, and the rule.
func (s *Server) moveRefusal(ctx context.Context, err error, id, rule string) error {
	if !errors.Is(err, queue.ErrState) {
		return s.refusal(err, "task "+id, awayMove)
	}
	state := "in another state"
	if task, err := s.client.Get(ctx, id); err == nil {
		state = string(task.State)
	}
	return newProblem(http.StatusConflict, "Task "+id+" is "+state+"; "+rule+". Nothing was changed.")
}

type attemptsOutput struct{ Body page[attemptBody] }

func (s *Server) listAttempts(ctx context.Context, in *taskPath) (*attemptsOutput, error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	attempts, err := s.client.Attempts(ctx, id)
	if err != nil {
		return nil, s.refusal(err, "task "+id, awaySentence)
	}
	out := &attemptsOutput{Body: page[attemptBody]{Items: make([]attemptBody, len(attempts))}}
	for i, a := range attempts {
		out.Body.Items[i] = attemptBody{a}
	}
	return out, nil
}

func (s *Server) retryTask(ctx context.Context, in *taskPath) (*taskOutput, error) {
	return s.move(ctx, in, s.client.Redrive, "only a failed, canceled or retrying one can be retried")
}

func (s *Server) cancelTask(ctx context.Context, in *taskPath) (*taskOutput, error) {
	return s.move(ctx, in, s.client.Cancel, "only one that has not ended can be canceled")
}

func (s *Server) runTask(ctx context.Context, in *taskPath) (*taskOutput, error) {
	return s.move(ctx, in, s.client.RunNow, "only a scheduled or retrying one can be told to run now")
}

// move makes one move of the user's with the task that the path names; rule says from which states it exists.
func (s *Server) move(
	ctx context.Context, in *taskPath, verb func(context.Context, string) (*queue.Task, error), rule string,
) (*taskOutput, error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	task, err := verb(ctx, id)
	if err != nil {
		return nil, s.moveRefusal(ctx, err, id, rule)
	}
	return &taskOutput{taskBody{task}}, nil
}

func (s *Server) deleteTask(ctx context.Context, in *taskPath) (*struct{}, error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	if err := s.client.Delete(ctx, id); err != nil {
		return nil, s.moveRefusal(ctx, err, id, "one that a worker holds must be canceled first")
	}
	return nil, nil
}
