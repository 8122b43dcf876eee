package queue_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/app/redisdb/redistest"
)

func TestAMoveWhoseRepliesAreLostIsDoneOnceAndAnsweredAsEver(t *testing.T) {
	state := func(want queue.State) func(*queue.Task, error) error {
		return func(got *queue.Task, err error) error {
			if err == nil && got.State != want {
				return errors.New("it is " + string(got.State))
			}
			return err
		}
	}
	for name, move := range map[string]struct {
		make func(context.Context, *queue.Client) error
		want []string // the cell afterwards
	}{
		"cancel": {
			func(ctx context.Context, c *queue.Client) error {
				return state(queue.Canceled)(c.Cancel(ctx, "pending"))
			},
			[]string{"tasks_canceled: canceled pending", "default|X=2", "default|x=2"},
		},
		"redrive": {
			func(ctx context.Context, c *queue.Client) error {
				return state(queue.Pending)(c.Redrive(ctx, "canceled"))
			},
			[]string{"task_queue:default: pending canceled", "default|X=1", "default|p=2"},
		},
		"run": {
			func(ctx context.Context, c *queue.Client) error {
				return state(queue.Pending)(c.RunNow(ctx, "pending"))
			},
			[]string{"task_queue:default: pending", "tasks_canceled: canceled", "default|X=1", "default|p=1", "default|x=1"},
		},
		"delete": {
			func(ctx context.Context, c *queue.Client) error { return c.Delete(ctx, "pending") },
			[]string{"tasks_canceled: canceled", "default|X=1", "default|x=1", "default|D=1"},
		},
		"pause": {
			func(ctx context.Context, c *queue.Client) error { return c.Pause(ctx, "default") },
			[]string{"task_queue:default: pending", "tasks_canceled: canceled", "default|X=1", "default|p=1", "default|x=1"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			eachLossy(t, func(t *testing.T, c *queue.Client, net *lossy) {
				submit(t, c, queue.Task{ID: "canceled"}, queue.Task{ID: "pending"})
				if _, err := c.Cancel(t.Context(), "canceled"); err != nil {
					t.Fatal(err)
				}
				net.lose.Store(2)
				if err := move.make(t.Context(), c); err != nil {
					t.Errorf("%s: %v", name, err)
				}
				if net.lose.Load() > 0 {
					t.Errorf("%d replies were not lost", net.lose.Load())
				}
				expectCell(t, c, append(move.want, "default|S=2")...)
			})
		})
	}
}

// The task is canceled again between the redrive and its repeat: one redrive must not undo two cancels.
func TestARepeatIsNotDoneAnew(t *testing.T) {
	redistest.Each(t, func(t *testing.T, url string) {
		c, net := openLossy(t, url)
		other := open(t, url)
		warm(t, c)
		submit(t, c, queue.Task{ID: "a"})
		if _, err := c.Cancel(t.Context(), "a"); err != nil {
			t.Fatal(err)
		}
		net.lost = func() {
			if _, err := other.Cancel(context.Background(), "a"); err != nil {
				t.Errorf("cancel between the tries: %v", err)
			}
		}
		net.lose.Store(1)
		if task, err := c.Redrive(t.Context(), "a"); err != nil || task.State != queue.Canceled {
			t.Errorf("redrive: %v, %v; want the task as it is: canceled", task, err)
		}
		expectCell(t, c, "tasks_canceled: a", "default|S=1", "default|X=2", "default|x=1")
	})
}

func TestASubmitWhoseRepliesAreLostMakesOneTaskAndSaysCreated(t *testing.T) {
	eachLossy(t, func(t *testing.T, c *queue.Client, net *lossy) {
		net.lose.Store(2)
		submit(t, c, queue.Task{}, queue.Task{}) // no ids: they are made by the call
		net.lose.Store(1)
		answers, err := c.Submit(t.Context(), queue.Task{ID: "mine"})
		if err != nil || answers[0].Status != queue.Existed && answers[0].Status != queue.Created {
			t.Errorf("submit with an id: %+v, %v", answers, err)
		}
		if n := c.Redis().HLen(t.Context(), c.Keys().Tasks()).Val(); n != 3 {
			t.Errorf("there are %d tasks of 3", n)
		}
	})
}

func TestReadsAreRepeated(t *testing.T) {
	eachLossy(t, func(t *testing.T, c *queue.Client, net *lossy) {
		submit(t, c, queue.Task{ID: "a"})
		net.lose.Store(2)
		get(t, c, "a")
		net.lose.Store(2)
		if page, err := c.List(t.Context(), queue.Filter{State: queue.Pending}); err != nil || len(page.Items) != 1 {
			t.Errorf("list: %v, %v", page, err)
		}
	})
}

func TestNoMoreThanThreeTriesAreMade(t *testing.T) {
	eachLossy(t, func(t *testing.T, c *queue.Client, net *lossy) {
		net.lose.Store(10)
		before := net.sent.Load()
		if _, err := c.Submit(t.Context(), queue.Task{ID: "a"}); err == nil {
			t.Error("no error although no reply came")
		}
		if n := net.sent.Load() - before; n != 3 {
			t.Errorf("%d scripts were sent, want 3", n)
		}
	})
}

// Whoever moves tasks in the background repeats by ways of his own.
func TestADriversScriptIsSentOnce(t *testing.T) {
	script := queue.NewScript("driver", "return redis.call('HINCRBY', K.meta, 'n', 1)")
	eachLossy(t, func(t *testing.T, c *queue.Client, net *lossy) {
		if _, err := script.Run(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		net.lose.Store(1)
		if _, err := script.Run(t.Context(), c); err == nil {
			t.Error("no error although the reply was lost")
		}
		if n := c.Redis().HGet(t.Context(), c.Keys().Meta(), "n").Val(); n != "2" {
			t.Errorf("it ran %s times, want 2", n)
		}
	})
}

func TestNothingIsRepeatedForACallerWhoIsGone(t *testing.T) {
	eachLossy(t, func(t *testing.T, c *queue.Client, net *lossy) {
		ctx, cancel := context.WithCancel(t.Context())
		net.lost = cancel
		net.lose.Store(1)
		before := net.sent.Load()
		if _, err := c.Submit(ctx, queue.Task{ID: "a"}); err == nil {
			t.Error("no error although the reply was lost")
		}
		if n := net.sent.Load() - before; n != 1 {
			t.Errorf("%d scripts were sent, want 1", n)
		}
	})
}

func TestOperationsAreForgottenAndRefusalsLeaveNone(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		submit(t, c, queue.Task{ID: "a"})
		if _, err := c.Cancel(t.Context(), "nobody"); !errors.Is(err, queue.ErrNotFound) {
			t.Errorf("cancel of nothing: %v", err)
		}
		if _, err := c.Redrive(t.Context(), "a"); !errors.Is(err, queue.ErrState) {
			t.Errorf("redrive of a pending task: %v", err)
		}
		if keys := c.Redis().Keys(t.Context(), "*op:*").Val(); len(keys) != 0 {
			t.Errorf("refusals left %q", keys)
		}
		if _, err := c.Cancel(t.Context(), "a"); err != nil {
			t.Fatal(err)
		}
		keys := c.Redis().Keys(t.Context(), "*op:*").Val()
		if len(keys) != 1 {
			t.Fatalf("a move left %q, want one key", keys)
		}
		if left := c.Redis().PTTL(t.Context(), keys[0]).Val(); left <= 0 || left > time.Minute {
			t.Errorf("%s is kept for %v, want at most a minute", keys[0], left)
		}
	})
}

// hook sees every command's error.
type hook struct{ after func(error) }

// DialHook changes nothing.
func (h hook) DialHook(next redis.DialHook) redis.DialHook { return next }

// ProcessPipelineHook changes nothing.
func (h hook) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

// ProcessHook shows the error.
func (h hook) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		err := next(ctx, cmd)
		h.after(err)
		return err
	}
}

func TestAFailoverOfAMomentIsHidden(t *testing.T) {
	server, primary := redistest.New(t), redistest.New(t)
	admin, c := redistest.Open(t, server.URL()), open(t, server.URL())
	if err := admin.Do(t.Context(), "REPLICAOF", "127.0.0.1", strings.Split(primary.Addr(), ":")[1]).Err(); err != nil {
		t.Fatal(err)
	}
	var refused int
	c.Redis().AddHook(hook{func(err error) {
		if redis.IsReadOnlyError(err) {
			refused++
			admin.Do(context.Background(), "REPLICAOF", "NO", "ONE")
		}
	}})
	submit(t, c, queue.Task{})
	if refused != 1 {
		t.Errorf("it was refused %d times; the test wants 1", refused)
	}
}

func TestRedisThatIsAwayIsToldSoon(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := listener.Addr().String()
	_ = listener.Close() // nobody listens there now
	c := queue.New(redistest.Open(t, "redis://"+addr))
	tries := 0
	c.Redis().AddHook(hook{func(error) { tries++ }})
	begun := time.Now()
	if _, err := c.Submit(t.Context(), queue.Task{}); err == nil {
		t.Error("no error although there is no Redis")
	}
	if took := time.Since(begun); tries > 3 || took > 2*time.Second {
		t.Errorf("%d tries, %v; want at most 3 in about 150 ms", tries, took)
	}
}
