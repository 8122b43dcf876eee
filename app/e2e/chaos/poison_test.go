package chaos

import (
	"slices"
)

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
