package cli

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

// What the flags say is what the API reads.
func FuzzTheFlagsOfASubmitMakeItsTask(f *testing.F) {
	f.Add("T1", "mail", "q", `{"a": "<é&>"}`, int64(90*time.Second), int64(0), 5)
	f.Add("", "", "", `"x"`, int64(time.Millisecond), int64(365*24*time.Hour), -1)
	f.Add("a b", "\xff", "q#5", "", int64(-1), int64(1), 0)
	f.Fuzz(func(t *testing.T, id, kind, name, payload string, delay, timeout int64, number int) {
		c := submitCmd{
			ID: id, Type: kind, Queue: name, Text: payload, Delay: time.Duration(delay), Timeout: time.Duration(timeout),
			Priority: &number, MaxAttempts: &number,
		}
		body, err := c.body()
		if err != nil {
			checkNoJSON(t, payload, err)
			return
		}
		got, err := queue.DecodeTask(body)
		want, fits := wanted(c)
		if fits != (err == nil) {
			t.Fatalf("%+v makes %s, which is read: %v; its fields fit: %v", c, body, err, fits)
		}
		if fits && (got.ID != id || got.Type != kind || got.Queue != name || !bytes.Equal(got.Payload, want.Payload) ||
			got.Delay != want.Delay || got.Timeout != want.Timeout || *got.Priority != number || got.MaxAttempts != number) {
			t.Fatalf("%+v makes %s\ngot  %+v\nwant %+v", c, body, got, want)
		}
	})
}

func checkNoJSON(t *testing.T, payload string, err error) {
	t.Helper()
	var usage usageError
	if json.Valid([]byte(payload)) || !errors.As(err, &usage) {
		t.Fatalf("the payload %q is refused with %T %v", payload, err, err)
	}
}

// wanted is the task that the flags stand for, to the millisecond, and whether one can be.
func wanted(c submitCmd) (queue.Task, bool) {
	want := queue.Task{
		ID: c.ID, Type: c.Type, Queue: c.Queue, Payload: []byte(c.Text), Priority: c.Priority, MaxAttempts: *c.MaxAttempts,
		Delay: c.Delay, Timeout: c.Timeout,
	}
	fits := want.MaxAttempts != 0 && want.Validate() == nil
	want.Delay, want.Timeout = c.Delay.Round(time.Millisecond), c.Timeout.Round(time.Millisecond)
	return want, fits
}

func FuzzQueuesAreNamesWithWeights(f *testing.F) {
	for _, text := range []string{"*", "default,critical=5", "a=0", "a,a", "a=1001", "", "a= 1", "*=3,q", "a=+5", "é"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		weights, err := parseQueues(text)
		var usage usageError
		if err != nil {
			if !errors.As(err, &usage) {
				t.Fatalf("%q is refused with %T %v; want a usageError", text, err, err)
			}
			return
		}
		if len(weights) != strings.Count(text, ",")+1 {
			t.Fatalf("%q is read as %v", text, weights)
		}
		for name, weight := range weights {
			if name != "*" && !queue.ValidName(name) || weight < 1 || weight > mostWeight || !strings.Contains(text, name) {
				t.Fatalf("%q is read as %v", text, weights)
			}
		}
	})
}

func FuzzLinesOfTasksAreSentWhole(f *testing.F) {
	f.Add("{\"payload\":1}\n\n  {\"id\":\"a\"}\r\n{", 1)
	f.Add("", 3)
	f.Add("\n\n \n", 700)
	f.Fuzz(func(t *testing.T, text string, copies int) {
		text = strings.Repeat(text+"\n", 1+min(max(copies, 0), 3*batchTasks)%(1<<20/(len(text)+1)+1))
		lines := bufio.NewReaderSize(strings.NewReader(text), 64)
		var sent []byte
		for {
			body, n, err := nextBatch(lines)
			if n > batchTasks || n != bytes.Count(body, []byte("\n")) {
				t.Fatalf("%.200q: a batch of %d tasks has %d lines", text, n, bytes.Count(body, []byte("\n")))
			}
			sent = append(sent, body...)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		var want []byte
		for line := range strings.SplitSeq(text, "\n") {
			if line = strings.TrimSpace(line); line != "" {
				want = append(append(want, line...), '\n')
			}
		}
		if !bytes.Equal(sent, want) {
			t.Fatalf("%.200q is sent as %.200q; want %.200q", text, sent, want)
		}
	})
}
