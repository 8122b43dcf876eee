package queue_test

import (
	"fmt"
	"testing"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/app/redisdb/redistest"
)

func TestACanceledTaskDeepInALongLaneIsDroppedWhenItsTurnComes(t *testing.T) {
	c := open(t, redistest.Server(t))   // the store in memory takes half a minute for so many tasks
	tasks := make([]queue.Task, 40_010) // farther from both ends than anybody looks
	for i := range tasks {
		tasks[i].ID = fmt.Sprint("t", i)
	}
	submit(t, c, tasks...)
	for _, id := range []string{tasks[20_004].ID, tasks[3].ID, tasks[40_003].ID} {
		if got, err := c.Cancel(t.Context(), id); err != nil || got.State != queue.Canceled {
			t.Fatalf("cancel: %+v, %v", got, err)
		}
	}
	lane := c.Keys().TaskQueue("default", "5")
	if n := c.Redis().LLen(t.Context(), lane).Val(); n != 40_008 {
		t.Errorf("%d entries are left; want 40008, one of them dead", n)
	}
	c.Redis().LTrim(t.Context(), lane, 20_002, 20_005) // the test's own: what stands around the dead entry
	c.Redis().HSet(t.Context(), c.Keys().Counts(), "default|p", 3)
	seat(t, c, "w", 10, "echo")
	submit(t, c, queue.Task{ID: "new"})
	submit(t, c, queue.Task{ID: "newer"})
	submit(t, c, queue.Task{ID: "newest"})
	submit(t, c, queue.Task{ID: "last"})
	expectCell(t, c, "processing:w: "+tasks[20_003].ID+" "+tasks[20_005].ID+" "+tasks[20_006].ID+" new",
		"task_queue:default: newer newest last", "tasks_canceled: "+tasks[20_004].ID+" "+tasks[3].ID+" "+tasks[40_003].ID,
		"default|a=4", "default|p=3", "default|S=40014", "default|x=3", "default|X=3")
}
