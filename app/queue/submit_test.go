package queue_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/app/redisdb/redistest"
)

func TestSubmitPutsTasksOnTheTailOfTheirLanes(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		submit(t, c, queue.Task{ID: "a"}, queue.Task{ID: "urgent", Priority: prio(9)}, queue.Task{ID: "b"},
			queue.Task{ID: "idle", Priority: prio(0)}, queue.Task{ID: "other", Queue: "mail"})
		submit(t, c, queue.Task{ID: "c"})
		expectCell(t, c, "task_queue:default: a b c", "task_queue:default#9: urgent", "task_queue:default#0: idle",
			"task_queue:mail: other", "default|p=5", "default|S=5", "mail|p=1", "mail|S=1")
	})
}

func TestSubmitFillsTheDefaults(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		before := time.Now()
		got := get(t, c, submit(t, c, queue.Task{})[0])
		if id, err := uuid.Parse(got.ID); err != nil || id.Version() != 7 {
			t.Errorf("id %q is no UUIDv7: %v", got.ID, err)
		}
		if d := got.CreatedAt.Sub(before); d < -time.Second || d > 10*time.Second {
			t.Errorf("created at %v, submitted at %v", got.CreatedAt, before)
		}
		if got.Queue != "default" || got.Type != "echo" || *got.Priority != 5 || got.MaxAttempts != 5 ||
			got.Timeout != 30*time.Minute || string(got.Payload) != "null" || got.State != queue.Pending || got.Attempt != 0 {
			t.Errorf("got %+v", got)
		}
	})
}

func TestTheSameIDAndPayloadIsTheSameTask(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		for _, size := range []int{3, 1022, 1023, 5000} { // in the record, and apart from it
			id := fmt.Sprint("t", size)
			payload, other := []byte(`"`+strings.Repeat("x", size)+`"`), []byte(`"`+strings.Repeat("x", size-1)+`y"`)
			same := queue.Task{ID: id, Payload: payload, Queue: "q"}
			want := []queue.SubmitStatus{queue.Created, queue.Existed, queue.Conflict, queue.Existed}
			for batch := range 2 { // within one batch, then across batches
				answers, err := c.Submit(t.Context(), same, queue.Task{ID: id, Payload: payload, Queue: "elsewhere", Tags: []string{"new"}},
					queue.Task{ID: id, Payload: other}, same)
				if err != nil {
					t.Fatal(err)
				}
				for i, a := range answers {
					if a.ID != id || a.Status != want[i] || (a.Status == queue.Conflict) != errors.Is(a.Err, queue.ErrPayloadDiffers) {
						t.Errorf("%s, batch %d, task %d: got %+v; want status %d", id, batch, i, a, want[i])
					}
				}
				want[0] = queue.Existed
			}
			if got := get(t, c, id); string(got.Payload) != string(payload) || got.Queue != "q" || got.Tags != nil {
				t.Errorf("%s was changed: %.200v", id, got)
			}
		}
		expectCell(t, c, "task_queue:q: t3 t1022 t1023 t5000", "q|p=4", "q|S=4")
	})
}

func TestAKnownIDIsTheSameTaskAlsoAfterItsEnd(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		submit(t, c, queue.Task{ID: "a", Payload: []byte("1")})
		if _, err := c.Cancel(t.Context(), "a"); err != nil {
			t.Fatal(err)
		}
		answers, err := c.Submit(t.Context(), queue.Task{ID: "a", Payload: []byte("1")})
		if err != nil || answers[0].Status != queue.Existed {
			t.Errorf("got %+v, %v; want existed", answers, err)
		}
		expectCell(t, c, "tasks_canceled: a", "default|S=1", "default|x=1", "default|X=1")
	})
}

func TestLargePayloadsComeBackAsTheyWere(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		var tasks []queue.Task
		for i, size := range []int{2, 1023, 1024, 1025, 1026, 100_000, queue.MaxPayload} {
			tasks = append(tasks, queue.Task{ID: fmt.Sprint(i), Payload: []byte(`"` + strings.Repeat("é", (size-2)/2) + strings.Repeat("|", size%2) + `"`)})
		}
		tasks = append(tasks, tasks[6], tasks[6], tasks[6], tasks[6]) // more than one script takes
		for i := range 4 {
			tasks[7+i].ID = fmt.Sprint(7 + i)
		}
		for i, id := range submit(t, c, tasks...) {
			if got := get(t, c, id); string(got.Payload) != string(tasks[i].Payload) {
				t.Errorf("task %s: %d bytes came back as %d", id, len(tasks[i].Payload), len(got.Payload))
			}
		}
		apart, err := c.Redis().HLen(t.Context(), c.Keys().Prefix()+"payloads").Result()
		if err != nil || apart != 8 {
			t.Errorf("%d payloads stand apart, %v; want the 8 of more than 1024 bytes", apart, err)
		}
	})
}

func TestOneCallTakesAnyNumberOfTasksAndAnswersInTheirOrder(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		tasks := make([]queue.Task, 1201)
		for i := range tasks {
			tasks[i].ID = fmt.Sprintf("t%04d", i)
			switch i % 10 {
			case 3:
				tasks[i].ID = "not an id"
			case 7:
				tasks[i].ID = fmt.Sprintf("t%04d", i-1) // the one before again
			}
		}
		answers, err := c.Submit(t.Context(), tasks...)
		if err != nil || len(answers) != len(tasks) {
			t.Fatalf("%d answers, %v", len(answers), err)
		}
		want := map[int]queue.SubmitStatus{3: queue.Invalid, 7: queue.Existed}
		var order []string
		for i, a := range answers {
			status := want[i%10]
			if status == 0 {
				status = queue.Created
				order = append(order, a.ID)
			}
			if a.ID != tasks[i].ID || a.Status != status {
				t.Fatalf("answer %d is %+v; want %s with status %d", i, a, tasks[i].ID, status)
			}
		}
		expectCell(t, c, "task_queue:default: "+strings.Join(order, " "), "default|p=961", "default|S=961")
	})
}

func TestAnInvalidTaskIsRefusedAndTheOthersAreTaken(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		answers, err := c.Submit(t.Context(), queue.Task{ID: "a"}, queue.Task{ID: "b", Priority: prio(10)}, queue.Task{ID: "c", Payload: []byte("{")})
		var wrong *queue.InvalidError
		if err != nil || answers[1].Status != queue.Invalid || !errors.As(answers[1].Err, &wrong) || wrong.Field != "priority" ||
			!errors.As(answers[2].Err, &wrong) || wrong.Field != "payload" {
			t.Errorf("got %+v, %v", answers, err)
		}
		expectCell(t, c, "task_queue:default: a", "default|p=1", "default|S=1")
	})
}

func TestASubmitThatCannotPutItsTaskOnItsListLeavesNothing(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		list := c.Keys().Prefix() + "task_queue:default"
		redistest.Must(t, c.Redis().Set(t.Context(), list, "no list", 0).Err())
		if answers, err := c.Submit(t.Context(), queue.Task{ID: "a"}); err == nil {
			t.Fatalf("taken: %+v", answers)
		}
		redistest.Must(t, c.Redis().Del(t.Context(), list).Err())
		if _, err := c.Get(t.Context(), "a"); !errors.Is(err, queue.ErrNotFound) {
			t.Errorf("the task is half there: %v", err)
		}
		submit(t, c, queue.Task{ID: "a"})
		expectCell(t, c, "task_queue:default: a", "default|p=1", "default|S=1")
	})
}

func TestIDsAndNamesThatNoAddressCanNameAreRefused(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		for _, task := range []queue.Task{{ID: "."}, {ID: ".."}, {Queue: ".."}, {Type: "."}, {Tags: []string{".."}}} {
			if answers, err := c.Submit(t.Context(), task); err != nil || answers[0].Status != queue.Invalid {
				t.Errorf("%+v: got %+v, %v", task, answers, err)
			}
		}
		submit(t, c, queue.Task{ID: "...", Queue: ".a", Type: "a.."})
	})
}

func TestADelayOrATimeToComeSchedules(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		soon := time.Now().Add(time.Hour).Truncate(time.Millisecond)
		submit(t, c, queue.Task{ID: "later", Delay: 2 * time.Hour}, queue.Task{ID: "at", RunAt: soon},
			queue.Task{ID: "past", RunAt: time.Now().Add(-time.Hour)})
		expectCell(t, c, "tasks_scheduled: at later", "task_queue:default: past", "default|s=2", "default|p=1", "default|S=3")
		if got := get(t, c, "at"); got.State != queue.Scheduled || !got.RunAt.Equal(soon) {
			t.Errorf("run_at: state %s, %v; want scheduled, %v", got.State, got.RunAt, soon)
		}
		got := get(t, c, "later")
		if want := got.CreatedAt.Add(2 * time.Hour); got.State != queue.Scheduled || !got.RunAt.Equal(want) {
			t.Errorf("delay: state %s, %v; want scheduled, %v", got.State, got.RunAt, want)
		}
	})
}

func TestSubmitAssignsAtOnceWhereAWorkerHasRoom(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		seat(t, c, "w", 2, "echo")
		submit(t, c, queue.Task{ID: "idle", Priority: prio(0)}, queue.Task{ID: "a"}, queue.Task{ID: "urgent", Priority: prio(9)})
		expectCell(t, c, "processing:w: urgent a", "task_queue:default#0: idle", "default|a=2", "default|p=1", "default|S=3")
		token, err := c.Redis().LRange(t.Context(), c.Keys().Inbox("w"), 0, -1).Result()
		if err != nil || len(token) != 1 || token[0] != "work" {
			t.Errorf("the inbox holds %q, %v; want one token", token, err)
		}
	})
}

func TestGetManyKeepsTheOrderAndLeavesGaps(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		tasks := make([]queue.Task, 230)
		ids := make([]string, 0, 460)
		for i := range tasks {
			tasks[i].ID = fmt.Sprint("t", i)
			ids = append(ids, tasks[i].ID, "none"+tasks[i].ID)
		}
		submit(t, c, tasks...)
		got, err := c.GetMany(t.Context(), ids)
		if err != nil || len(got) != len(ids) {
			t.Fatalf("%d tasks, %v", len(got), err)
		}
		for i, task := range got {
			if (task == nil) != (i%2 == 1) || task != nil && task.ID != ids[i] {
				t.Fatalf("place %d of %s: %v", i, ids[i], task)
			}
		}
		if _, err := c.Get(t.Context(), "none"); !errors.Is(err, queue.ErrNotFound) {
			t.Errorf("a task that is not there: %v", err)
		}
	})
}
