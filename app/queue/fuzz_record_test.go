package queue

import (
	"encoding/json"
	"math"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"
)

func FuzzARecordGivesBackItsTask(f *testing.F) {
	addAll(f, submits)
	f.Add(`{"payload":"` + strings.Repeat("|é", inlinePayload) + `","timeout_seconds":3}`)
	f.Fuzz(func(t *testing.T, text string) {
		want, err := DecodeTask([]byte(text))
		if err != nil || want.complete() != nil {
			return
		}
		want.CreatedAt, want.State = time.UnixMilli(1700000000123).UTC(), Pending
		record, large := recordOf(t, &want)
		got, err := DecodeRecord(want.ID, record, large)
		want.Delay, want.RunAt = 0, time.Time{} // they stand in the state record
		want.Timeout = orDuration(want.Timeout, DefaultTimeout)
		if len(want.Tags) == 0 {
			want.Tags = nil
		}
		if err != nil || !reflect.DeepEqual(*got, want) {
			t.Fatalf("record %q\ngot  %+v, %v\nwant %+v", record, got, err, want)
		}
	})
}

// recordOf is the record as submit.lua writes it.
func recordOf(t *testing.T, task *Task) (record, large string) {
	t.Helper()
	tail, large, err := task.recordTail()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join([]string{
		strconv.Itoa(*task.Priority), task.Queue, task.Type, strconv.FormatInt(task.CreatedAt.UnixMilli(), 10),
		tail,
	}, "|"), large
}

// What is read can be shown: else one damaged record would spoil a whole page.
func FuzzAnyRecordIsRefusedOrCanBeShown(f *testing.F) {
	f.Add(`5|q|t|1700000000123|5|0|9|{"a":"|"}{"t":5,"g":["x"]}`, "r|2|1|w-1|0|1000|2000|0|1||it|broke", "", "12.5|half")
	f.Add(`5|q|t|1|5|0|-|{"b":"fixed"}`, "", `"large"`, "")
	f.Add(`5|q|t|1|5|0|-|`, "f|1|0|w|0|1|2|3|0|error|\xff", "", "")
	f.Add("", "", "", "")
	f.Fuzz(func(t *testing.T, record, state, large, progress string) {
		lease, leaseErr := DecodeLease("id1", record, state, large)
		task, err := decodeTask("id1", []string{record, state, large, "", progress})
		if err != nil {
			if !strings.Contains(err.Error(), "task id1") || leaseErr == nil && lease.Type != "" {
				t.Fatalf("record %q, state %q: %v and the lease %+v; want an error that names the task, and no type", record, state, err, lease)
			}
			return
		}
		if leaseErr != nil || lease.Type == "" {
			t.Fatalf("record %q, state %q is read, but not as a lease: %v", record, state, leaseErr)
		}
		checkShown(t, task)
	})
}

// checkShown: a task whose payload is JSON has a JSON form, which can be read.
func checkShown(t *testing.T, task *Task) {
	t.Helper()
	if len(task.Payload) > 0 && !json.Valid(task.Payload) {
		return // looking into every payload would cost each read more than it is worth
	}
	if !task.State.Valid() {
		t.Fatalf("%+v has no state", task)
	}
	text, err := json.Marshal(task)
	if err == nil {
		err = json.Unmarshal(text, new(Task))
	}
	if err != nil {
		t.Fatalf("%+v\ncannot be shown as %s: %v", task, text, err)
	}
}

func FuzzAStateRecordIsReadAsItWasWritten(f *testing.F) {
	f.Add(byte(3), 2, 1, "w-1", int64(1000), int64(0), true, "timeout", "it|broke\nbadly")
	f.Add(byte(0), 0, 0, "", int64(253402300799999), int64(1), false, "", "")
	f.Fuzz(func(t *testing.T, code byte, attempt, losses int, worker string, due, started int64, stop bool, reason, message string) {
		if attempt < 0 || losses < 0 || attempt > math.MaxInt32 || losses > math.MaxInt32 || !ValidID(worker) ||
			reason != "" && !ValidName(reason) || due < 0 || started < 0 || max(due, started) > LastMoment {
			return // no script writes these
		}
		want := Task{
			State: States[int(code)%len(States)], Attempt: attempt, Losses: losses, WorkerID: worker, RunAt: momentOf(due),
			StartedAt: momentOf(started), FinishedAt: momentOf(due), CancelRequested: stop, Reason: Reason(reason), Error: message,
		}
		record := stateOfTask(&want)
		var got Task
		if err := got.decodeState(record); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("state %q\ngot  %+v, %v\nwant %+v", record, got, err, want)
		}
	})
}

func momentOf(ms int64) time.Time { return new(digits).moment(strconv.FormatInt(ms, 10)) }

func msOf(at time.Time) string {
	if at.IsZero() {
		return "0"
	}
	return strconv.FormatInt(at.UnixMilli(), 10)
}

// stateOfTask is the state record as lib.lua formats it.
func stateOfTask(t *Task) string {
	stop := "0"
	if t.CancelRequested {
		stop = "1"
	}
	return strings.Join([]string{
		t.State.letter(), strconv.Itoa(t.Attempt), strconv.Itoa(t.Losses), t.WorkerID, msOf(t.RunAt), msOf(t.AssignedAt),
		msOf(t.StartedAt), msOf(t.FinishedAt), stop, string(t.Reason), t.Error,
	}, "|")
}

func FuzzAttemptsAreReadAsTheyWereWritten(f *testing.F) {
	f.Add("1|error|w-1|1000|2000|\"a|b\\nc\"\n2|lost|w-2|3000|4000|\"\"")
	f.Add("1|error|w|1|2|null\n")
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		attempts, err := decodeAttempts(text)
		if err != nil {
			return
		}
		var lines []string
		for _, a := range attempts {
			message, _ := json.Marshal(a.Error) // as cjson does
			lines = append(lines, strings.Join([]string{
				strconv.Itoa(a.Attempt), string(a.Outcome), a.WorkerID, msOf(a.StartedAt), msOf(a.FinishedAt), string(message),
			}, "|"))
		}
		again, err := decodeAttempts(strings.Join(lines, "\n"))
		if err != nil || !reflect.DeepEqual(again, attempts) {
			t.Fatalf("%q\nread  %+v\nagain %+v, %v", text, attempts, again, err)
		}
		shown, err := json.Marshal(attempts)
		if err != nil || json.Unmarshal(shown, &again) != nil {
			t.Fatalf("%+v cannot be shown as %s: %v", attempts, shown, err)
		}
	})
}

func FuzzProgressCanAlwaysBeShown(f *testing.F) {
	f.Add(12.5, "half")
	f.Add(-1.0, strings.Repeat("é", 150))
	f.Add(1e300, "\xff")
	f.Fuzz(func(t *testing.T, percent float64, message string) {
		var task Task
		ctx := WithReporter(t.Context(), func(p Progress) { task.LastProgress = &p })
		task.Progress(ctx, percent, message)
		got := task.LastProgress
		if !(got.Percent >= 0 && got.Percent <= 100) || len(got.Message) > 200 {
			t.Fatalf("Progress(%v, %q) reports %+v; want 0 to 100, and at most 200 bytes", percent, message, got)
		}
	})
}
