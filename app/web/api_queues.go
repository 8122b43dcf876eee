package web

import (
	"context"
	"net/http"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

// queuePath names a queue in a path.
type queuePath struct {
	Name string `path:"q" doc:"The queue's name" example:"default"`
}

func (p queuePath) name() (string, error) {
	return pathName("q", p.Name, queue.ValidName, queue.NameRule)
}

type (
	queuesOutput struct{ Body page[queue.Queue] }
	queueOutput  struct{ Body queue.Queue }
)

func (s *Server) listQueues(ctx context.Context, _ *struct{}) (*queuesOutput, error) {
	snap, err := s.snapshots.get(ctx, struct{}{})
	if err != nil {
		return nil, s.away(err, awaySentence)
	}
	return &queuesOutput{page[queue.Queue]{Items: append([]queue.Queue{}, snap.Queues...)}}, nil
}

func (s *Server) getQueue(ctx context.Context, in *queuePath) (*queueOutput, error) {
	name, err := in.name()
	if err != nil {
		return nil, err
	}
	snap, err := s.snapshots.get(ctx, struct{}{})
	if err != nil {
		return nil, s.away(err, awaySentence)
	}
	for _, q := range snap.Queues {
		if q.Name == name {
			return &queueOutput{q}, nil
		}
	}
	return nil, newProblem(http.StatusNotFound, "There is no queue "+name+": no task was ever submitted to it.")
}

func (s *Server) pauseQueue(ctx context.Context, in *queuePath) (*queueOutput, error) {
	return s.switchQueue(ctx, in, s.client.Pause)
}

func (s *Server) resumeQueue(ctx context.Context, in *queuePath) (*queueOutput, error) {
	return s.switchQueue(ctx, in, s.client.Resume)
}

// switchQueue pauses or resumes, and answers with the queue as it is then. A queue may be paused before its first task.
func (s *Server) switchQueue(
	ctx context.Context, in *queuePath, verb func(context.Context, string) error,
) (*queueOutput, error) {
	name, err := in.name()
	if err != nil {
		return nil, err
	}
	if err := verb(ctx, name); err != nil {
		return nil, s.refusal(err, "queue "+name, awayMove)
	}
	out, err := s.getQueue(ctx, in)
	if isNotFound(err) { // resumed before its first task
		return &queueOutput{queue.Queue{Name: name}}, nil
	}
	return out, err
}
