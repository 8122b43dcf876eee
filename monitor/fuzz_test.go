package monitor

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

// answers are replies of snapshot.lua, as JSON: seq, now, counts, paused, oldest, workers, gone, rates, located, failed.
var answers = []string{
	`[7,"1700000000123",["q|p","2","q|S","9"],["q","1700000000000"],["q","1500"],[["w",["w\\nh\\n1\\nv\\n*=1,q=2\\necho,mail","ready",` +
		`"4","1","1","1700000000000","1700000000100","0"],["T1","echo","q","1","1700000000050"]]],[],` +
		`"{\"submitted\":1.5}",["task_queue","T1","5|q|t|1|5|0|2|{}",""],["failed","T2","bad",""]]`,
	`[0,"",[],[],[],[],[],"",[],[]]`,
	`[null,null,["x"],["","-1"],["q","99999999999999999999"],[[null,[],[]]],[null],"{",[null,1],["a"]]`,
	`[1,2,3]`, `[]`, `{}`,
}

func FuzzASnapshotIsRefusedOrSurvivesItsJSON(f *testing.F) {
	for _, answer := range answers {
		f.Add(answer)
	}
	f.Fuzz(func(t *testing.T, answer string) {
		var list []any
		if json.Unmarshal([]byte(answer), &list) != nil {
			return
		}
		parts := append(asReply(list).([]any), make([]any, 10)...)[:10] // read refuses other lengths
		s, l, err := decode(parts)
		if err != nil {
			if s != nil || l != nil || !strings.HasPrefix(err.Error(), "snapshot: ") {
				t.Fatalf("%s: %v with %+v; want an error of the snapshot, and nothing else", answer, err, s)
			}
			return
		}
		checkBooks(t, s)
		checkJSON(t, s)
	})
}

// asReply turns JSON into what the Redis library answers: numbers are int64.
func asReply(v any) any {
	switch v := v.(type) {
	case float64:
		return int64(v)
	case []any:
		for i := range v {
			v[i] = asReply(v[i])
		}
	}
	return v
}

// checkBooks: queues stand once each, in order, the default one among them, and the totals are their sum.
func checkBooks(t *testing.T, s *Snapshot) {
	t.Helper()
	var pending, submitted int64
	names := make([]string, 0, len(s.Queues))
	for _, q := range s.Queues {
		names = append(names, q.Name)
		pending, submitted = pending+q.Pending, submitted+q.SubmittedTotal
	}
	if !slices.IsSorted(names) || len(slices.Compact(slices.Clone(names))) != len(names) || !slices.Contains(names, queue.DefaultQueue) {
		t.Fatalf("the queues are %q", names)
	}
	if s.Totals.Pending != pending || s.Totals.SubmittedTotal != submitted {
		t.Fatalf("the totals are %+v; pending add up to %d, submitted to %d", s.Totals, pending, submitted)
	}
}

// checkJSON: what the monitor publishes is what the others read.
func checkJSON(t *testing.T, s *Snapshot) {
	t.Helper()
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatalf("%+v has no JSON: %v", s, err)
	}
	var got Snapshot
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatalf("%s cannot be read: %v", text, err)
	}
	again, err := json.Marshal(got)
	if err != nil || !reflect.DeepEqual(again, text) {
		t.Fatalf("%s\nis read as %s, %v", text, again, err)
	}
}
