package queue_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

func TestDecodeTaskReadsEveryField(t *testing.T) {
	got, err := queue.DecodeTask([]byte(`{
		"id": "a.b:c-d_1", "type": "mail", "queue": "q", "payload": {"to": [1, 2]}, "priority": 0, "max_attempts": 7,
		"timeout_seconds": 1.5, "retention_seconds": 0.001, "run_at": "2026-11-23T14:00:00.25+01:00",
		"backoff": {"strategy": "linear", "base_seconds": 2, "max_seconds": 30, "jitter": false}, "tags": ["x", "y"]}`))
	if err != nil {
		t.Fatal(err)
	}
	want := queue.Task{
		ID: "a.b:c-d_1", Type: "mail", Queue: "q", Payload: []byte(`{"to":[1,2]}`), Priority: queue.NewPriority(0),
		MaxAttempts: 7, Timeout: 1500 * time.Millisecond, Retention: time.Millisecond, Tags: []string{"x", "y"},
		Backoff: queue.Backoff{Strategy: queue.Linear, Base: 2 * time.Second, Max: 30 * time.Second, NoJitter: true},
	}
	if !got.RunAt.Equal(time.Date(2026, 11, 23, 13, 0, 0, 250e6, time.UTC)) {
		t.Errorf("run_at is %v", got.RunAt)
	}
	got.RunAt = time.Time{}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestDecodeTaskTakesNullAndWhatIsLeftOutAsNotGiven(t *testing.T) {
	got, err := queue.DecodeTask([]byte(`{"id": null, "type": null, "queue": null, "payload": null, "priority": null,
		"max_attempts": null, "max_retries": null, "timeout_seconds": null, "delay_seconds": null, "run_at": null,
		"backoff": null, "retention_seconds": null, "tags": null}`))
	if want := (queue.Task{Payload: []byte("null")}); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
	if got, err := queue.DecodeTask([]byte(` {} `)); err != nil || !reflect.DeepEqual(got, queue.Task{}) {
		t.Errorf("got %+v, %v; want the zero task", got, err)
	}
}

func TestMaxRetriesIsOneLessThanMaxAttempts(t *testing.T) {
	for text, want := range map[string]int{
		`{"max_retries": 0}`: 1, `{"max_retries": 4}`: 5, `{"max_retries": 999}`: 1000,
		`{"max_attempts": null, "max_retries": 1}`: 2,
	} {
		if got, err := queue.DecodeTask([]byte(text)); err != nil || got.MaxAttempts != want {
			t.Errorf("%s gives max_attempts %d, %v; want %d", text, got.MaxAttempts, err, want)
		}
	}
}

func TestDecodeTaskNamesTheWrongField(t *testing.T) {
	const (
		name    = queue.NameRule
		seconds = "seconds from 0.001 to 31536000 (a year), as a number"
		backoff = `an object of strategy ("exponential", "linear", "fixed"), base_seconds, max_seconds, jitter (true or false)`
		text    = "a string that is not empty, or leave it out"
	)
	for _, tc := range []struct{ in, field, value, want string }{
		{`[1]`, "body", "JSON array", "a JSON object"},
		{`"x"`, "body", "JSON string", "a JSON object"},
		{`null`, "body", "null", "a JSON object"},
		{`{"colour": 1}`, "colour", "an unknown field", "one of backoff, delay_seconds, id, max_attempts"},
		{`{"ID": "a"}`, "ID", "an unknown field", "one of"},
		{`{"state": "failed"}`, "state", "an unknown field", "one of"},
		{`{"id": 7}`, "id", "7", text},
		{`{"id": ""}`, "id", `""`, text},
		{`{"id": "a b"}`, "id", `"a b"`, queue.IDRule},
		{`{"id": "` + strings.Repeat("a", 129) + `"}`, "id", `"` + strings.Repeat("a", 77) + `..."`, "1 to 128"},
		{`{"id": "é"}`, "id", `"é"`, "1 to 128"},
		{`{"type": {}}`, "type", "{}", text},
		{`{"type": "a|b"}`, "type", `"a|b"`, name},
		{`{"queue": []}`, "queue", "[]", text},
		{`{"queue": "a#5"}`, "queue", `"a#5"`, name},
		{`{"queue": "` + strings.Repeat("q", 65) + `"}`, "queue", `"` + strings.Repeat("q", 65) + `"`, name},
		{`{"priority": 10}`, "priority", "10", "a whole number from 0 to 9"},
		{`{"priority": -1}`, "priority", "-1", "a whole number from 0 to 9"},
		{`{"priority": 1.5}`, "priority", "1.5", "a whole number from 0 to 9"},
		{`{"priority": "5"}`, "priority", `"5"`, "a whole number from 0 to 9"},
		{`{"max_attempts": 0}`, "max_attempts", "0", "a whole number from 1 to 1000"},
		{`{"max_attempts": 1001}`, "max_attempts", "1001", "a whole number from 1 to 1000"},
		{`{"max_retries": 1000}`, "max_retries", "1000", "a whole number from 0 to 999"},
		{`{"max_retries": 1, "max_attempts": 2}`, "max_retries", "1", "either max_attempts or max_retries"},
		{`{"timeout_seconds": -1}`, "timeout_seconds", "-1", seconds},
		{`{"timeout_seconds": 0}`, "timeout_seconds", "0", seconds},
		{`{"retention_seconds": 0}`, "retention_seconds", "0", seconds},
		{`{"backoff": {"base_seconds": 0}}`, "backoff.base_seconds", "0", seconds},
		{`{"timeout_seconds": 0.0001}`, "timeout_seconds", "0.0001", seconds},
		{`{"timeout_seconds": 31536001}`, "timeout_seconds", "31536001", seconds},
		{`{"timeout_seconds": 1e999}`, "timeout_seconds", "1e999", seconds},
		{`{"delay_seconds": "1"}`, "delay_seconds", `"1"`, seconds},
		{`{"retention_seconds": true}`, "retention_seconds", "true", seconds},
		{`{"run_at": 1700000000}`, "run_at", "1700000000", "RFC 3339"},
		{`{"run_at": "tomorrow"}`, "run_at", `"tomorrow"`, "RFC 3339"},
		{`{"run_at": "1969-12-31T23:59:59Z"}`, "run_at", `"1969-12-31T23:59:59.000Z"`, "a time from 1970 to 9999"},
		{`{"run_at": "2026-01-01T00:00:00Z", "delay_seconds": 1}`, "run_at", `"2026-01-01T00:00:00.000Z"`, "not both"},
		{`{"backoff": 3}`, "backoff", "3", backoff},
		{`{"backoff": {"jitter": "no"}}`, "backoff", `{"jitter": "no"}`, backoff},
		{`{"backoff": {"factor": 2}}`, "backoff", `{"factor": 2}`, backoff},
		{`{"backoff": {"strategy": "random"}}`, "backoff.strategy", `"random"`, "exponential, linear or fixed"},
		{`{"backoff": {"base_seconds": -1}}`, "backoff.base_seconds", "-1", seconds},
		{`{"backoff": {"max_seconds": "1"}}`, "backoff.max_seconds", `"1"`, seconds},
		{`{"tags": "a"}`, "tags", `"a"`, `a list of strings, such as ["nightly"]`},
		{`{"tags": [1]}`, "tags", "[1]", "a list of strings"},
		{`{"tags": [""]}`, "tags", `""`, "tags of 1 to 64"},
		{`{"tags": ["a,b"]}`, "tags", `"a,b"`, "tags of 1 to 64"},
		{`{"tags": [` + strings.Repeat(`"a",`, 16) + `"a"]}`, "tags", "a list of 17", "at most 16 tags"},
		{"{\"payload\": \"\xff\"}", "payload", "not UTF-8", "JSON in UTF-8"},
		{`{"payload": "` + strings.Repeat("x", queue.MaxPayload) + `"}`, "payload", "1048578 bytes", "at most 1 MiB"},
		{`{"payload": ` + nested(101) + `}`, "payload", "nested more than 100 deep", "JSON nested at most 100 deep"},
	} {
		_, err := queue.DecodeTask([]byte(tc.in))
		var wrong *queue.InvalidError
		if !errors.As(err, &wrong) {
			t.Errorf("%.80s gives %v; want an *InvalidError of %s", tc.in, err, tc.field)
			continue
		}
		if wrong.Field != tc.field || wrong.Value != tc.value || !strings.Contains(wrong.Want, tc.want) {
			t.Errorf("%.80s\ngot  %+v\nwant {%s %s ...%s...}", tc.in, *wrong, tc.field, tc.value, tc.want)
		}
	}
}

func nested(deep int) string { return strings.Repeat("[", deep) + strings.Repeat("]", deep) }

func TestTheLimitsThemselvesAreAccepted(t *testing.T) {
	for _, text := range []string{
		`{"id": "` + strings.Repeat("a", 128) + `", "queue": "` + strings.Repeat("q", 64) + `"}`,
		`{"priority": 9, "max_attempts": 1000, "timeout_seconds": 31536000, "delay_seconds": 0.001}`,
		`{"payload": ` + nested(100) + `}`,
		`{"payload": "` + strings.Repeat("x", queue.MaxPayload-2) + `"}`,
		`{"payload": "[[[[ in a string, with \" and \\", "tags": [` + strings.Repeat(`"a",`, 15) + `"a"]}`,
		`{"payload": "` + strings.Repeat("[", 200) + `"}`,
	} {
		if _, err := queue.DecodeTask([]byte(text)); err != nil {
			t.Errorf("%.80s is refused: %v", text, err)
		}
	}
}

func TestTextThatIsNotJSONIsNoInvalidError(t *testing.T) {
	for _, text := range []string{``, `{`, `{"id": }`, `{"a": 1} x`, `{"payload": 01}`} {
		_, err := queue.DecodeTask([]byte(text))
		var syntax *json.SyntaxError
		if !errors.As(err, &syntax) {
			t.Errorf("%q gives %v; want the decoder's *json.SyntaxError", text, err)
		}
	}
}

func TestWhiteSpaceInAPayloadMakesNoDifference(t *testing.T) {
	task, err := queue.DecodeTask([]byte("{\"payload\": { \"a\" :\n 1 }}"))
	if err != nil || string(task.Payload) != `{"a":1}` {
		t.Errorf("payload %s, %v; want it compact", task.Payload, err)
	}
}
