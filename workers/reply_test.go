package workers_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/workers"
)

// replies lets a test see every command after Redis has answered it, hold the answer back, or lose it.
type replies struct{ see func(args []any) error }

// DialHook changes nothing.
func (r replies) DialHook(next redis.DialHook) redis.DialHook { return next }

// ProcessPipelineHook changes nothing.
func (r replies) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

// ProcessHook loses the answer where see returns an error.
func (r replies) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if err := next(ctx, cmd); err != nil {
			return err
		}
		if err := r.see(cmd.Args()); err != nil {
			cmd.SetErr(err)
			return err
		}
		return nil
	}
}

var errReplyLost = &net.OpError{Op: "read", Err: errors.New("the reply was lost")}

// isTurn tells a turn from other scripts: evalsha, sha, 2, two keys, worker, want, ahead, mode, ...
func isTurn(args []any) bool {
	if len(args) < 9 {
		return false
	}
	mode, ok := args[8].(string)
	return ok && (mode == "" || mode == "adopt")
}

// isRegister: evalsha, sha, 2, two keys and eleven arguments, the second of which is the name.
func isRegister(args []any) bool { return len(args) == 16 && args[6] == "w" }

func TestATaskWhoseTurnsReplyIsLostRunsOnceAndIsRecordedOnce(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		var turns, ran atomic.Int64
		c.Redis().AddHook(replies{func(args []any) error {
			if isTurn(args) && turns.Add(1)%3 != 0 { // two of three replies are lost
				return errReplyLost
			}
			return nil
		}})
		ids := submit(t, c, some(20, "t", queue.Task{})...)
		w := runWorker(t, c, workers.Handlers{"echo": func(context.Context, *queue.Task) (any, error) {
			ran.Add(1)
			return nil, nil
		}}, fast(8))
		eventually(t, "all are completed", func() bool { return allAre(t, c, ids, queue.Completed) })
		w.stop()
		w.wait(t)
		if ran.Load() != 20 {
			t.Errorf("%d runs of 20 tasks", ran.Load())
		}
		expectCell(t, cellOf(t, c, "default|"), "default|C=20", "default|S=20", "default|c=20")
	})
}

func TestAWorkerGoesOnThoughOneOfItsTasksCannotBeReadAfterALostReply(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		var lost atomic.Bool
		states := c.Keys().States()
		c.Redis().AddHook(replies{func(args []any) error {
			if !isTurn(args) || lost.Load() {
				return nil
			}
			state := c.Redis().HGet(t.Context(), states, "bad").Val()
			worker, running := strings.CutPrefix(state, "r|1|")
			if !running {
				return nil
			}
			lost.Store(true)
			must(t, c.Redis().HSet(t.Context(), states, "bad", "r|5000000000|"+worker).Err())
			return errReplyLost
		}})
		submit(t, c, queue.Task{ID: "bad"}, queue.Task{ID: "good"})
		runWorker(t, c, workers.Handlers{"echo": func(context.Context, *queue.Task) (any, error) { return nil, nil }}, fast(8))
		eventually(t, "the reply is lost", lost.Load)
		submit(t, c, queue.Task{ID: "next"})
		eventually(t, "the others are completed", func() bool { return allAre(t, c, []string{"good", "next"}, queue.Completed) })
	})
}
