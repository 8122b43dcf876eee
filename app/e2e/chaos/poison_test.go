package chaos

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xuniquepatel/queue-pilot/app/e2e/harness"
	"github.com/xuniquepatel/queue-pilot/app/queue"
)

// TestRow16Suspects: tasks that stood on two lost workers together are not given to a third one together: it is not
// known which of them takes workers down.
func TestRow16SuspectsOfPoisonDoNotMeetAgain(t *testing.T) {
	row(t, 16, "handlers that exit, panic or exhaust memory; unreadable records", func(f *fault) {
		s := newSite(f, harness.Setup{})
		s.submit(gated("T0", "gate", "", ""), gated("T1", "gate", "", ""), gated("T2", "gate", "", ""))
		ids := s.ids()
		for i := range queue.MaxLosses - 1 {
			w := s.worker(fmt.Sprintf("w%d", i), 4)
			s.UntilTasks("running there", func(task harness.Task) bool {
				return task.State == "running" && task.WorkerID == w.WorkerID()
			}, ids...)
			s.kill(w)
		}
		var states []string
		harness.Until(f, "the last of them is found lost", func() error {
			states = nil
			for _, id := range ids {
				states = append(states, s.Task(id).State)
			}
			if slices.Contains(states, "running") {
				return errors.New("it is not yet")
			}
			return nil
		})
		slices.Sort(states)
		if diff := cmp.Diff([]string{"pending", "retry", "retry"}, states); diff != "" {
			f.Errorf("the suspects (-want +got):\n%s", diff)
		}
		s.gates.Open(f, "go")
		s.worker("last", 4)
		s.drain()
		s.verify(queue.MaxLosses-1, len(ids))
	})
}

// breakRecord puts a task on its queue whose record is no record, as a faulty program or a bad restore might.
func (s *site) breakRecord(id string) {
	s.f.Helper()
	ctx, keys := s.f.Context(), s.client.Keys()
	for _, err := range []error{
		s.rdb().HSet(ctx, keys.Tasks(), id, "{not a record").Err(),
		s.rdb().HSet(ctx, keys.Counts(), "default|p", 1, "default|S", 1).Err(),
		s.rdb().RPush(ctx, keys.TaskQueue("default", "5"), id).Err(),
		s.rdb().SAdd(ctx, keys.Lanes("default"), "5").Err(),
		s.rdb().SAdd(ctx, keys.Backlog(), "default").Err(),
	} {
		if err != nil {
			s.f.Fatal(err)
		}
	}
}

// keepsUnreadable checks that such a task was put aside as it is, for people to look at.
func (s *site) keepsUnreadable(id string) {
	s.f.Helper()
	ctx := s.f.Context()
	record, err := s.rdb().HGet(ctx, s.client.Keys().Tasks(), id).Result()
	aside, listErr := s.rdb().LRange(ctx, s.client.Keys().Prefix()+"unreadable", 0, -1).Result()
	if err != nil || listErr != nil || record != "{not a record" || !slices.Contains(aside, id) {
		s.f.Errorf("the unreadable task is %q, %v; put aside are %v, %v", record, err, aside, listErr)
	}
}

// TestRow16ALongNeighbour: a task beside which others began, whenever its worker was lost, is not taken for the poison.
func TestRow16ALongNeighbourIsNotFailedWithThePoison(t *testing.T) {
	row(t, 16, "handlers that exit, panic or exhaust memory; unreadable records", func(f *fault) {
		s := newSite(f, harness.Setup{})
		s.submit(gated("long", "gate", "", ""))
		for i := range queue.MaxLosses {
			w := s.worker(fmt.Sprintf("w%d", i), 8)
			for _, id := range []string{"long", fmt.Sprintf("late%d", i)} {
				if id != "long" {
					s.submit(gated(id, "gate", "", ""))
				}
				s.UntilTasks("running there", func(task harness.Task) bool {
					return task.State == "running" && task.WorkerID == w.WorkerID()
				}, id)
			}
			s.kill(w)
		}
		s.gates.Open(f, "go")
		s.worker("last", 8)
		s.drain()
		for id, task := range s.verify(queue.MaxLosses, queue.MaxLosses).Tasks {
			if task.State != queue.Completed {
				f.Errorf("%s ended as %s (%s); want it completed", id, task.State, task.Reason)
			}
		}
	})
}
