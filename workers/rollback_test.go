package workers_test

import (
	"context"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/app/redisdb/redistest"
	"github.com/xuniquepatel/queue-pilot/workers"
)

// A failover or a crash may cost Redis its last writes. Then it thinks that tasks run whose end it was told, and the
// worker that it thinks they run on lives: nobody else would ever look after them.
func TestWhatRedisForgotTheEndOfRunsAgain(t *testing.T) {
	c := open(t, redistest.Server(t))
	began, end := make(chan string, 9), make(chan struct{}, 9)
	runWorker(t, c, workers.Handlers{"echo": func(_ context.Context, task *queue.Task) (any, error) {
		began <- task.ID
		<-end
		return nil, nil
	}}, fast(1))
	submit(t, c, queue.Task{ID: "t"})
	receive(t, began, "the first execution")
	then := dump(t, c)
	end <- struct{}{}
	eventually(t, "it is completed", func() bool { return get(t, c, "t").State == queue.Completed })

	restore(t, c, then)
	receive(t, began, "another execution")
	end <- struct{}{}
	eventually(t, "it is completed again", func() bool { return get(t, c, "t").State == queue.Completed })
	submit(t, c, queue.Task{ID: "next"})
	receive(t, began, "the next task: its slot is free")
	end <- struct{}{}
}

// dump is all of Redis at this moment, by key.
func dump(t *testing.T, c *queue.Client) map[string]string {
	t.Helper()
	keys, err := c.Redis().Keys(t.Context(), c.Keys().Prefix()+"*").Result()
	must(t, err)
	all := map[string]string{}
	for _, key := range keys {
		text, err := c.Redis().Dump(t.Context(), key).Result()
		if !queue.IsNil(err) { // a token may have been taken meanwhile
			must(t, err)
			all[key] = text
		}
	}
	return all
}

// restore makes Redis what it was, at once.
func restore(t *testing.T, c *queue.Client, all map[string]string) {
	t.Helper()
	_, err := c.Redis().TxPipelined(t.Context(), func(p redis.Pipeliner) error {
		p.FlushDB(t.Context())
		for key, text := range all {
			p.Restore(t.Context(), key, time.Duration(0), text)
		}
		return nil
	})
	must(t, err)
}
