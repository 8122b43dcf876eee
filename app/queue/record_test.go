package queue

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"
)

// stored makes the record as submit.lua does.
func stored(t *testing.T, task Task) (record, large string) {
	t.Helper()
	task.MaxAttempts, task.Retention = 9, time.Minute
	tail, large, err := task.recordTail()
	if err != nil {
		t.Fatal(err)
	}
	return "7|mail|send|1700000000123|" + tail, large
}

func TestARecordGivesBackWhatWasSubmitted(t *testing.T) {
	for name, task := range map[string]Task{
		"defaults":        {Payload: []byte(`null`)},
		"bars in payload": {Payload: []byte(`"a|b\n|"`)},
		"payload inline":  {Payload: []byte(`"` + strings.Repeat("x", inlinePayload-2) + `"`)},
		"payload apart":   {Payload: []byte(`"` + strings.Repeat("x", inlinePayload-1) + `"`)},
		"everything": {
			Payload: []byte(`{"a":1}`), Timeout: 1001 * time.Millisecond, Tags: []string{"a", "b"},
			Backoff: Backoff{Strategy: Linear, Base: time.Millisecond, Max: time.Hour, NoJitter: true},
		},
		"everything, payload apart": {Payload: []byte(`"` + strings.Repeat("é|", 1000) + `"`), Timeout: time.Second},
	} {
		record, large := stored(t, task)
		if apart := len(task.Payload) > inlinePayload; apart != (large != "") {
			t.Errorf("%s: %d bytes of payload stand apart: %v; want %v", name, len(task.Payload), large != "", apart)
		}
		got, err := DecodeRecord("id1", record, large)
		want := task
		want.ID, want.Queue, want.Type, want.Priority, want.State = "id1", "mail", "send", NewPriority(7), Pending
		want.MaxAttempts, want.Retention, want.CreatedAt = 9, time.Minute, time.UnixMilli(1700000000123).UTC()
		want.Timeout = orDuration(task.Timeout, DefaultTimeout)
		if err != nil || !reflect.DeepEqual(*got, want) {
			t.Errorf("%s:\ngot  %+v, %v\nwant %+v", name, got, err, want)
		}
	}
}

func TestAnUnreadableRecordIsAnErrorThatNamesTheTask(t *testing.T) {
	for _, record := range []string{"x", "5|q|t|1|2|3", "5|q|t|1|2|3|9|short", "5|q|t|1|2|3|2|{}garbage"} {
		if _, err := DecodeRecord("id1", record, ""); err == nil || !strings.Contains(err.Error(), "task id1") {
			t.Errorf("record %q: %v; want an error that names task id1", record, err)
		}
	}
}

func TestAStateRecordFillsTheTask(t *testing.T) {
	var got Task
	if err := got.decodeState("r|2|1|w-1|0|1000|2000|0|1||it|broke\nbadly"); err != nil {
		t.Fatal(err)
	}
	want := Task{
		State: Running, Attempt: 2, Losses: 1, WorkerID: "w-1", AssignedAt: time.UnixMilli(1000).UTC(),
		StartedAt: time.UnixMilli(2000).UTC(), CancelRequested: true, Error: "it|broke\nbadly",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	for _, record := range []string{"p", "pp|1|1|w|0|0|0|0|0||", "|||||||||||"} {
		if err := new(Task).decodeState(record); err == nil {
			t.Errorf("the state %q was read", record)
		}
	}
}

func TestEveryStateHasALetterOfItsOwn(t *testing.T) {
	for i, s := range States {
		if s.code() != stateCodes[i] || stateOf(stateCodes[i]) != s || !s.Valid() {
			t.Errorf("%s has the letter %c, which stands for %s", s, s.code(), stateOf(s.code()))
		}
	}
	if State("gone").Valid() || State("").Valid() {
		t.Error("a state that is none is valid")
	}
}

func TestAttemptsAreReadFromTheirLines(t *testing.T) {
	got, err := decodeAttempts("1|error|w-1|1000|2000|\"a|b\\nc\"\n2|lost|w-2|3000|4000|\"\"")
	at := func(ms int64) time.Time { return time.UnixMilli(ms).UTC() }
	want := []Attempt{{1, OutcomeError, "w-1", at(1000), at(2000), "a|b\nc"}, {2, OutcomeLost, "w-2", at(3000), at(4000), ""}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v, %v\nwant %+v", got, err, want)
	}
	for _, line := range []string{"1|error", "1|error|w|1|2|not JSON"} {
		if _, err := decodeAttempts(line); err == nil {
			t.Errorf("the line %q was read", line)
		}
	}
}

func aTask() Task {
	at := func(ms int) time.Time { return time.Date(2026, 11, 23, 14, 0, 0, ms*1e6, time.UTC) }
	return Task{
		ID: "T1", Type: "mail", Queue: "slow", Payload: json.RawMessage(`{"to":"you"}`), Priority: NewPriority(0),
		MaxAttempts: 3, Timeout: 1500 * time.Millisecond, RunAt: at(1), Retention: time.Minute, Tags: []string{"nightly"},
		Backoff: Backoff{Strategy: Fixed, Base: time.Second, Max: time.Minute, NoJitter: true}, State: Failed,
		Reason: ReasonAttemptsExhausted, Attempt: 3, Losses: 1, WorkerID: "w-1", CreatedAt: at(0), AssignedAt: at(2),
		StartedAt: at(3), FinishedAt: at(999), Error: "broken", LastProgress: &Progress{Percent: 12.5, Message: "on it"},
		Result: json.RawMessage(`[1]`), CancelRequested: true,
	}
}

func TestTheJSONOfATask(t *testing.T) {
	for _, tc := range []struct {
		task Task
		want string
	}{
		{Task{ID: "T1", State: Pending, MaxAttempts: 5, Timeout: DefaultTimeout}, `{"id":"T1","type":"","queue":"",` +
			`"payload":null,"priority":5,"state":"pending","reason":null,"attempt":0,"max_attempts":5,` +
			`"timeout_seconds":1800,"run_at":null,"created_at":null,"assigned_at":null,"started_at":null,` +
			`"finished_at":null,"worker_id":null,"result":null,"error":null,"progress":null,"tags":[],` +
			`"backoff":{"strategy":"exponential","base_seconds":1,"max_seconds":3600,"jitter":true},` +
			`"retention_seconds":null,"losses":0,"cancel_requested":false,"waiting":null}`},
		{aTask(), `{"id":"T1","type":"mail","queue":"slow",` +
			`"payload":{"to":"you"},"priority":0,"state":"failed","reason":"attempts_exhausted","attempt":3,"max_attempts":3,` +
			`"timeout_seconds":1.5,"run_at":"2026-11-23T14:00:00.001Z","created_at":"2026-11-23T14:00:00.000Z",` +
			`"assigned_at":"2026-11-23T14:00:00.002Z","started_at":"2026-11-23T14:00:00.003Z",` +
			`"finished_at":"2026-11-23T14:00:00.999Z","worker_id":"w-1","result":[1],"error":"broken",` +
			`"progress":{"percent":12.5,"message":"on it"},"tags":["nightly"],` +
			`"backoff":{"strategy":"fixed","base_seconds":1,"max_seconds":60,"jitter":false},` +
			`"retention_seconds":60,"losses":1,"cancel_requested":true,"waiting":null}`},
	} {
		if got, err := json.Marshal(tc.task); err != nil || string(got) != tc.want {
			t.Errorf("got  %s, %v\nwant %s", got, err, tc.want)
		}
	}
}

func TestATaskSurvivesItsJSON(t *testing.T) {
	want := aTask()
	text, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got Task
	if err := json.Unmarshal(text, &got); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v, %v\nwant %+v", got, err, want)
	}
}

func TestAnAttemptSurvivesItsJSON(t *testing.T) {
	want := Attempt{Attempt: 2, Outcome: OutcomeLost, WorkerID: "w", StartedAt: time.UnixMilli(1).UTC(), FinishedAt: time.UnixMilli(2).UTC(), Error: "x"}
	text, err := json.Marshal(want)
	if golden := `{"attempt":2,"outcome":"lost","worker_id":"w","started_at":"1970-01-01T00:00:00.001Z",` +
		`"finished_at":"1970-01-01T00:00:00.002Z","error":"x"}`; err != nil || string(text) != golden {
		t.Errorf("got  %s, %v\nwant %s", text, err, golden)
	}
	var got Attempt
	if err := json.Unmarshal(text, &got); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
	text, _ = json.Marshal(Attempt{Attempt: 1, WorkerID: "w"})
	if want := `{"attempt":1,"outcome":null,"worker_id":"w","started_at":null,"finished_at":null,"error":null}`; string(text) != want {
		t.Errorf("running: got %s, want %s", text, want)
	}
}
