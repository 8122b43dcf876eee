package queue

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"slices"
	"testing"
	"time"
)

// submits are seeds: every field, both aliases, and the texts that decoders disagree about.
var submits = []string{
	`{"id":"a.b:c-d_1","type":"mail","queue":"q","payload":{"x":[1,"é",-0.5e-7]},"priority":0,"max_attempts":7,` +
		`"timeout_seconds":1.5,"retention_seconds":0.001,"run_at":"2026-11-23T14:00:00.25+01:00","tags":["x","y"],` +
		`"backoff":{"strategy":"linear","base_seconds":2,"max_seconds":30,"jitter":false}}`,
	`{"payload":"a|b\n\ud800\u2028","delay_seconds":0,"max_retries":0,"tags":[],"backoff":{}}`,
	`{"payload":null,"priority":9,"delay_seconds":31536000,"backoff":{"strategy":"fixed","jitter":true}}`,
	`{"id":null,"backoff":null,"run_at":"1970-01-01T00:00:00Z"}`,
	`{"priority":1e300,"tags":[null]}`,
	`[`, `null`, `{"colour":1}`, "{\"payload\":\"\xff\"}",
}

func addAll(f *testing.F, seeds []string) {
	for _, seed := range seeds {
		f.Add(seed)
	}
}

func FuzzASubmittedTaskIsWhatItsTextSays(f *testing.F) {
	addAll(f, submits)
	f.Fuzz(func(t *testing.T, text string) {
		task, err := DecodeTask([]byte(text))
		if err != nil {
			checkRefusal(t, text, err)
			return
		}
		if err := task.Validate(); err != nil {
			t.Fatalf("%q decoded to a task that is not valid: %v", text, err)
		}
		checkFields(t, text, task)
	})
}

// checkRefusal: what is JSON is refused for a named field, and nothing else is.
func checkRefusal(t *testing.T, text string, err error) {
	t.Helper()
	var invalid *InvalidError
	var syntax *json.SyntaxError
	named := errors.As(err, &invalid) && invalid.Field != "" && invalid.Want != ""
	if isJSON := json.Valid([]byte(text)); named != isJSON || errors.As(err, &syntax) == isJSON {
		t.Fatalf("%q (JSON: %v) is refused with %T %v; want an *InvalidError for JSON, else a syntax error", text, isJSON, err, err)
	}
}

// checkFields compares the task with what a decoder that knows nothing of tasks reads.
func checkFields(t *testing.T, text string, task Task) {
	t.Helper()
	fields := plain(t, text).(map[string]any)
	if task.Priority != nil || fields["priority"] != nil {
		same(t, "priority", fields["priority"], float64(*task.Priority))
	}
	attempts := fields["max_attempts"]
	if retries, ok := fields["max_retries"].(float64); ok {
		attempts = retries + 1
	}
	same(t, "max_attempts", attempts, float64(task.MaxAttempts))
	for name, value := range map[string]string{"id": task.ID, "type": task.Type, "queue": task.Queue} {
		same(t, name, fields[name], value)
	}
	checkSpans(t, fields, map[string]time.Duration{
		"timeout_seconds": task.Timeout, "delay_seconds": task.Delay, "retention_seconds": task.Retention,
	})
	checkBackoff(t, fields["backoff"], task.Backoff)
	checkLists(t, fields, task)
}

func plain(t *testing.T, text string) (v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return v
}

// same fails unless said is got, or says nothing and got is zero.
func same[T comparable](t *testing.T, name string, said any, got T) {
	t.Helper()
	var zero T
	if said != any(got) && (said != nil || got != zero) {
		t.Fatalf("%s is %v in the text and %v in the task", name, said, got)
	}
}

// checkSpans: durations are kept to the millisecond.
func checkSpans(t *testing.T, fields map[string]any, spans map[string]time.Duration) {
	t.Helper()
	for name, got := range spans {
		said, _ := fields[name].(float64)
		if math.Abs(said-got.Seconds()) > 0.000501 || said > 0 && got == 0 || got < 0 || got > maxSpan {
			t.Fatalf("%s is %v in the text and %v in the task", name, fields[name], got)
		}
	}
}

func checkBackoff(t *testing.T, said any, got Backoff) {
	t.Helper()
	fields, _ := said.(map[string]any)
	for name := range fields {
		if !slices.Contains([]string{"strategy", "base_seconds", "max_seconds", "jitter"}, name) {
			t.Fatalf("the unknown field backoff.%s was accepted", name)
		}
	}
	same(t, "backoff.strategy", fields["strategy"], string(got.Strategy))
	checkSpans(t, fields, map[string]time.Duration{"base_seconds": got.Base, "max_seconds": got.Max})
	if jitter, ok := fields["jitter"].(bool); got.NoJitter != (ok && !jitter) {
		t.Fatalf("backoff.jitter is %v in the text; NoJitter is %v", fields["jitter"], got.NoJitter)
	}
}

func checkLists(t *testing.T, fields map[string]any, task Task) {
	t.Helper()
	tags, _ := fields["tags"].([]any)
	if !slices.EqualFunc(tags, task.Tags, func(said any, got string) bool { return said == got }) {
		t.Fatalf("tags are %v in the text and %q in the task", tags, task.Tags)
	}
	if at, ok := fields["run_at"].(string); ok {
		if want, err := time.Parse(time.RFC3339Nano, at); err != nil || !want.Equal(task.RunAt) || task.RunAt.IsZero() {
			t.Fatalf("run_at is %q in the text and %v in the task", at, task.RunAt)
		}
	}
	payload, given := fields["payload"]
	if given != (task.Payload != nil) || given && !reflect.DeepEqual(plain(t, string(task.Payload)), payload) {
		t.Fatalf("payload is %v in the text and %q in the task", payload, task.Payload)
	}
}

func FuzzATaskSurvivesItsJSONAndASecondSubmit(f *testing.F) {
	addAll(f, submits)
	f.Fuzz(func(t *testing.T, text string) {
		want, err := DecodeTask([]byte(text))
		if err != nil || want.complete() != nil {
			return
		}
		want.spellOut()
		form := plainForm(t, want)
		var read Task
		if err := json.Unmarshal(form, &read); err != nil || !reflect.DeepEqual(read, want) {
			t.Fatalf("from its JSON %s\ngot  %+v, %v\nwant %+v", form, read, err, want)
		}
		again, err := DecodeTask(submittable(t, form))
		again.RunAt = again.RunAt.UTC()
		if err != nil || !reflect.DeepEqual(again, want) {
			t.Fatalf("from a second submit of %s\ngot  %+v, %v\nwant %+v", form, again, err, want)
		}
	})
}

// spellOut fills in what the JSON form spells out or leaves out: defaults, no delay, times in milliseconds.
func (t *Task) spellOut() {
	t.Delay, t.Timeout = 0, orDuration(t.Timeout, DefaultTimeout)
	t.Backoff.Base, t.Backoff.Max = orDuration(t.Backoff.Base, time.Second), orDuration(t.Backoff.Max, time.Hour)
	if t.Backoff.Strategy == "" {
		t.Backoff.Strategy = Exponential
	}
	if !t.RunAt.IsZero() {
		t.RunAt = time.UnixMilli(t.RunAt.UnixMilli()).UTC()
	}
	t.Tags = append([]string{}, t.Tags...)
}

// plainForm is the JSON form with the payload as it is, as the API writes it.
func plainForm(t *testing.T, task Task) []byte {
	t.Helper()
	var form bytes.Buffer
	enc := json.NewEncoder(&form)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(task); err != nil {
		t.Fatalf("%+v has no JSON: %v", task, err)
	}
	return form.Bytes()
}

// submittable is the part of a task's JSON form that a submitter may give.
func submittable(t *testing.T, form []byte) []byte {
	t.Helper()
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(form, &fields); err != nil {
		t.Fatal(err)
	}
	var out []byte
	for name, value := range fields {
		if KnownField(name) {
			out = append(out, `,"`+name+`":`+string(value)...)
		}
	}
	return append([]byte{'{'}, append(out[1:], '}')...)
}

func FuzzSecondsKeepToTheirRange(f *testing.F) {
	addAll(f, []string{"0", "-0", "0.001", "0.0005", "1.0005", "31536000", "31536000.0001", "-1", "1e300", "1e999", "NaN", "Infinity", `"1"`, "null"})
	f.Fuzz(func(t *testing.T, text string) {
		for _, zero := range []bool{false, true} {
			d, err := decodeSeconds("delay_seconds", []byte(text), zero)
			var said float64
			bad := json.Unmarshal([]byte(text), &said) != nil || said > maxSpan.Seconds() || said < 0.001 && !(zero && said == 0)
			if bad != (err != nil) || d < 0 || d > maxSpan || err == nil && d == 0 && !zero || math.Abs(d.Seconds()-said) > 0.000501 && err == nil {
				t.Fatalf("%q (zero allowed: %v) is %v, %v", text, zero, d, err)
			}
		}
		var task Task // the client reads what a server wrote, and refuses what no duration can be
		err := json.Unmarshal([]byte(`{"timeout_seconds":`+text+`}`), &task)
		if err == nil && (task.Timeout < 0 || math.Abs(task.Timeout.Seconds()-numberIn(text)) > 0.000_001) {
			t.Fatalf("the client reads timeout_seconds %q as %v", text, task.Timeout)
		}
	})
}

// numberIn is the number that text is, 0 where it is none.
func numberIn(text string) float64 {
	var n float64
	_ = json.Unmarshal([]byte(text), &n)
	return n
}
