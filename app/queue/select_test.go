package queue

import (
	"fmt"
	"testing"

	"github.com/xuniquepatel/queue-pilot/app/redisdb/redistest"
)

func TestASelectionOfTooManySaysThatThereAreMore(t *testing.T) {
	redistest.Each(t, func(t *testing.T, url string) {
		c, err := Open(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		tasks := make([]Task, 1200)
		for i := range tasks {
			tasks[i].ID = fmt.Sprint("t", i)
		}
		if _, err := c.Submit(t.Context(), tasks...); err != nil {
			t.Fatal(err)
		}
		for _, tc := range []struct {
			most, want int
			more       bool
		}{{700, 700, true}, {1200, 1200, false}} {
			s := newSelecting(c, ActionDelete, Filter{}, ActionDelete.From())
			s.most = tc.most
			for _, state := range ActionDelete.From() {
				if err := s.walk(t.Context(), state); err != nil {
					t.Fatal(err)
				}
			}
			got, err := s.finish(t.Context())
			if err != nil || got.Count != tc.want || got.More != tc.more {
				t.Errorf("at most %d: %d, more %v, %v; want %d, %v", tc.most, got.Count, got.More, err, tc.want, tc.more)
			}
		}
	})
}
