package web

import (
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

func TestEveryOptionOfTheFormArrives(t *testing.T) {
	b := newSite(t, Config{}).browser()
	fields := url.Values{
		"id": {"T1"}, "payload": {"1"}, "priority": {"0"}, "run_at": {"2999-01-01T00:00:00Z"}, "max_attempts": {"3"}, "timeout_seconds": {"1.5"},
		"retention_seconds": {"60"}, "tags": {"nightly, eu"}, "backoff.strategy": {"linear"}, "backoff.base_seconds": {"2"},
		"backoff.max_seconds": {"30"}, "backoff.jitter": {"false"},
	}
	b.post("/submit", "/submit", fields, 200)
	task, err := b.client.Get(t.Context(), "T1")
	if err != nil {
		t.Fatal(err)
	}
	backoff := queue.Backoff{Strategy: queue.Linear, Base: 2 * time.Second, Max: 30 * time.Second, NoJitter: true}
	if *task.Priority != 0 || task.RunAt.Year() != 2999 || task.MaxAttempts != 3 || task.Timeout != 1500*time.Millisecond ||
		task.Retention != time.Minute || !slices.Equal(task.Tags, []string{"nightly", "eu"}) || task.Backoff != backoff {
		t.Errorf("got %+v", task)
	}
}

func TestAWrongOptionIsToldBesideItsFieldAndKept(t *testing.T) {
	b := newSite(t, Config{}).browser()
	for field, value := range map[string]string{
		"run_at": "tomorrow", "retention_seconds": "long", "tags": "a#b", "backoff.strategy": "odd", "delay_seconds": "-1",
		"backoff.base_seconds": "soon", "backoff.jitter": "odd",
	} {
		fields := url.Values{"id": {"T1"}, "payload": {"1"}, "priority": {"7"}}
		fields.Set(field, value)
		page, _ := b.post("/submit", "/submit", fields, 422)
		has(t, page, "<details open>", `<div class="field" data-wrong><label for="f-`+field+`">`, `value="7"`)
	}
	page, _ := b.visit("/submit", 200)
	has(t, page, "<details>", `name="retention_seconds"`, `name="backoff.jitter"`)
}
