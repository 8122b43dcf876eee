package queue

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A task is kept in two records. The record (hash tasks) holds what the submitter said and never changes:
//
//	priority|queue|type|created ms|max_attempts|retention ms|payload length or -|payload spec
//
// Its head can be read by a script without decoding anything; the payload stands in it up to inlinePayload bytes and
// else in the hash payloads, so that no script ever moves a megabyte; spec is JSON of what differs from the defaults.
// The state record (hash state; see lib.lua) is small, and is missing while a task is pending and was never started.
const inlinePayload = 1024

// spec is what of a task only Go reads. Short names: it is stored once a task.
type spec struct {
	TimeoutMS int64    `json:"t,omitempty"`
	Strategy  Strategy `json:"b,omitempty"`
	BaseMS    int64    `json:"bb,omitempty"`
	MaxMS     int64    `json:"bm,omitempty"`
	NoJitter  bool     `json:"bj,omitempty"`
	Tags      []string `json:"g,omitempty"`
}

// recordTail is a record from its payload's length on; the head is written by submit.lua, which knows the time.
func (t *Task) recordTail() (tail, large string, err error) {
	text, err := t.specText()
	if err != nil {
		return "", "", err
	}
	if len(t.Payload) > inlinePayload {
		return "-|" + text, string(t.Payload), nil
	}
	return strconv.Itoa(len(t.Payload)) + "|" + string(t.Payload) + text, "", nil
}

func (t *Task) specText() (string, error) {
	s := spec{
		TimeoutMS: t.Timeout.Milliseconds(), Strategy: t.Backoff.Strategy, BaseMS: t.Backoff.Base.Milliseconds(),
		MaxMS: t.Backoff.Max.Milliseconds(), NoJitter: t.Backoff.NoJitter, Tags: t.Tags,
	}
	if s.TimeoutMS == 0 && s.Strategy == "" && s.BaseMS == 0 && s.MaxMS == 0 && !s.NoJitter && len(s.Tags) == 0 {
		return "", nil
	}
	text, err := json.Marshal(s)
	return string(text), err
}

// DecodeRecord reads a record and, where the payload does not stand in it, takes it from large.
func DecodeRecord(id, record, large string) (*Task, error) {
	f := strings.SplitN(record, "|", 8)
	if len(f) != 8 {
		return nil, fmt.Errorf("queue: the record of task %s is not readable", id)
	}
	priority, keep := atoi(f[0]), atoi(f[5])
	t := &Task{
		ID: id, Queue: f[1], Type: f[2], Priority: &priority, CreatedAt: fromMS(f[3]),
		MaxAttempts: atoi(f[4]), Retention: time.Duration(keep) * time.Millisecond, State: Pending,
	}
	rest := f[7]
	if f[6] == "-" {
		t.Payload = json.RawMessage(large)
	} else {
		n := atoi(f[6])
		if n > len(rest) {
			return nil, fmt.Errorf("queue: the record of task %s is cut short", id)
		}
		t.Payload, rest = json.RawMessage(rest[:n]), rest[n:]
	}
	return t, t.decodeSpec(rest)
}

func (t *Task) decodeSpec(text string) error {
	t.Timeout = DefaultTimeout
	if text == "" {
		return nil
	}
	var s spec
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return fmt.Errorf("queue: the record of task %s: %w", t.ID, err)
	}
	if s.TimeoutMS > 0 {
		t.Timeout = ms(s.TimeoutMS)
	}
	t.Backoff = Backoff{Strategy: s.Strategy, Base: ms(s.BaseMS), Max: ms(s.MaxMS), NoJitter: s.NoJitter}
	t.Tags = s.Tags
	return nil
}

// decodeState reads a state record into t; an empty one leaves it pending.
func (t *Task) decodeState(record string) error {
	if record == "" {
		return nil
	}
	f := strings.SplitN(record, "|", 11)
	if len(f) != 11 || len(f[0]) != 1 {
		return fmt.Errorf("queue: the state of task %s is not readable", t.ID)
	}
	t.State = stateOf(f[0][0])
	t.Attempt, t.Losses, t.WorkerID = atoi(f[1]), atoi(f[2]), f[3]
	if due := fromMS(f[4]); !due.IsZero() {
		t.RunAt = due
	}
	t.AssignedAt, t.StartedAt, t.FinishedAt = fromMS(f[5]), fromMS(f[6]), fromMS(f[7])
	t.CancelRequested = f[8] == "1"
	t.Reason, t.Error = Reason(f[9]), f[10]
	return nil
}

// decodeAttempts reads a task's history lines: attempt|outcome|worker|started|finished|"error".
func decodeAttempts(text string) ([]Attempt, error) {
	if text == "" {
		return nil, nil
	}
	var attempts []Attempt
	for line := range strings.SplitSeq(text, "\n") {
		f := strings.SplitN(line, "|", 6)
		if len(f) != 6 {
			return nil, fmt.Errorf("queue: the attempt %q is not readable", line)
		}
		a := Attempt{Attempt: atoi(f[0]), Outcome: Outcome(f[1]), WorkerID: f[2], StartedAt: fromMS(f[3]), FinishedAt: fromMS(f[4])}
		if err := json.Unmarshal([]byte(f[5]), &a.Error); err != nil {
			return nil, fmt.Errorf("queue: the error of attempt %q: %w", line, err)
		}
		attempts = append(attempts, a)
	}
	return attempts, nil
}

const stateCodes = "sparycfx"

var codeStates = map[byte]State{
	's': Scheduled, 'p': Pending, 'a': Assigned, 'r': Running, 'y': Retry, 'c': Completed,
	'f': Failed, 'x': Canceled,
}

func stateOf(code byte) State { return codeStates[code] }

// code is the state's letter in records and counters, 0 where it is none.
func (s State) code() byte {
	for i, state := range States {
		if s == state {
			return stateCodes[i]
		}
	}
	return 0
}

// atoi reads what scripts wrote; they write nothing else than digits there.
func atoi(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}

func ms(n int64) time.Duration { return time.Duration(n) * time.Millisecond }

func fromMS(s string) time.Time {
	n, _ := strconv.ParseInt(s, 10, 64)
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMilli(n).UTC()
}
