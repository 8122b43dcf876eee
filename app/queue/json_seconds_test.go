package queue

import (
	"encoding/json"
	"testing"
	"time"
)

func TestDurationsSurviveTheirJSONToTheMillisecond(t *testing.T) {
	for n := range 3000 {
		want := Task{Timeout: ms(int64(n + 1)), Retention: ms(int64(n + 1)), Backoff: Backoff{Base: ms(int64(n + 1)), Max: time.Hour}}
		text, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		var got Task
		if err := json.Unmarshal(text, &got); err != nil || got.Timeout != want.Timeout || got.Retention != want.Retention ||
			got.Backoff.Base != want.Backoff.Base {
			t.Fatalf("got %v, %v, %v, %v; want %v", got.Timeout, got.Retention, got.Backoff.Base, err, want.Timeout)
		}
	}
}
