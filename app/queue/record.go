package queue

import (
	"encoding/json"
	"fmt"
	"math"
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

// splitRecord cuts a record into len(f) fields, the last of which is what is left, and tells whether there are so many.
func splitRecord(record string, f []string) bool {
	last := len(f) - 1
	for i := range last {
		field, rest, more := strings.Cut(record, "|")
		if !more {
			return false
		}
		f[i], record = field, rest
	}
	f[last] = record
	return true
}

// recordHead is a record up to the time of its submit, which submit.lua knows.
func (t *Task) recordHead() string {
	return strconv.Itoa(*t.Priority) + "|" + t.Queue + "|" + t.Type + "|"
}

// recordTail is a record from max_attempts on.
func (t *Task) recordTail() (tail, large string, err error) {
	text, err := t.specText()
	if err != nil {
		return "", "", err
	}
	b := make([]byte, 0, len(text)+min(len(t.Payload), inlinePayload)+32)
	b = append(strconv.AppendInt(b, int64(t.MaxAttempts), 10), '|')
	b = append(strconv.AppendInt(b, t.Retention.Milliseconds(), 10), '|')
	if len(t.Payload) > inlinePayload {
		return string(append(append(b, "-|"...), text...)), string(t.Payload), nil
	}
	b = append(strconv.AppendInt(b, int64(len(t.Payload)), 10), '|')
	return string(append(append(b, t.Payload...), text...)), "", nil
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
	var f [8]string
	if !splitRecord(record, f[:]) {
		return nil, fmt.Errorf("queue: the record of task %s is not readable", id)
	}
	var n digits
	priority := int(n.read(f[0], 9))
	t := &Task{
		ID: id, Queue: f[1], Type: f[2], Priority: &priority, CreatedAt: n.moment(f[3]),
		MaxAttempts: n.count(f[4]), Retention: ms(n.read(f[5], mostMS)), State: Pending,
	}
	payload, rest := large, f[7]
	if f[6] != "-" {
		length := n.read(f[6], int64(len(rest)))
		payload, rest = rest[:length], rest[length:]
	}
	if n.bad || payload == "" {
		return nil, fmt.Errorf("queue: the record of task %s is not readable, or cut short", id)
	}
	t.Payload = json.RawMessage(payload)
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
	if least := min(s.TimeoutMS, s.BaseMS, s.MaxMS); least < 0 || max(s.TimeoutMS, s.BaseMS, s.MaxMS) > mostMS {
		return fmt.Errorf("queue: the record of task %s has a time-out or wait that no duration can be", t.ID)
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
	var f [11]string
	if !splitRecord(record, f[:]) || len(f[0]) != 1 || stateOf(f[0][0]) == "" {
		return fmt.Errorf("queue: the state of task %s is not readable", t.ID)
	}
	var n digits
	t.State = stateOf(f[0][0])
	t.Attempt, t.Losses, t.WorkerID = n.count(f[1]), n.count(f[2]), f[3]
	if due := n.moment(f[4]); !due.IsZero() {
		t.RunAt = due
	}
	t.AssignedAt, t.StartedAt, t.FinishedAt = n.moment(f[5]), n.moment(f[6]), n.moment(f[7])
	if n.bad {
		return fmt.Errorf("queue: the state of task %s is not readable", t.ID)
	}
	t.CancelRequested, t.ahead = f[8] == "1", f[8] == "3"
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
		var f [6]string
		if !splitRecord(line, f[:]) {
			return nil, fmt.Errorf("queue: the attempt %q is not readable", line)
		}
		var n digits
		a := Attempt{Attempt: n.count(f[0]), Outcome: Outcome(f[1]), WorkerID: f[2], StartedAt: n.moment(f[3]), FinishedAt: n.moment(f[4])}
		if n.bad {
			return nil, fmt.Errorf("queue: the attempt %q is not readable", line)
		}
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

// LastMoment is the last that RFC 3339, and so the JSON form, can write, in ms: 9999-12-31T23:59:59.999Z.
const LastMoment = 253402300799999

// mostMS is what a time.Duration holds.
const mostMS = math.MaxInt64 / int64(time.Millisecond)

// digits reads the numbers of a record. What scripts would not write makes it bad, and reads as 0.
type digits struct{ bad bool }

func (d *digits) read(s string, most int64) int64 {
	n, err := strconv.ParseUint(s, 10, 63)
	if err != nil || int64(n) > most {
		d.bad = true
		return 0
	}
	return int64(n)
}

func (d *digits) count(s string) int { return int(d.read(s, math.MaxInt32)) }

// moment is a time in ms, zero where it is 0.
func (d *digits) moment(s string) time.Time {
	n := d.read(s, LastMoment)
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMilli(n).UTC()
}

// atoi reads what scripts answered; they answer nothing else than digits there.
func atoi(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}

func ms(n int64) time.Duration { return time.Duration(n) * time.Millisecond }
