package queue

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// fieldDecoders reads the fields that a submitter may give, by their JSON names.
var fieldDecoders = map[string]func(t *Task, value json.RawMessage) error{
	"id":                stringField(func(t *Task) *string { return &t.ID }),
	"type":              stringField(func(t *Task) *string { return &t.Type }),
	"queue":             stringField(func(t *Task) *string { return &t.Queue }),
	"payload":           func(t *Task, v json.RawMessage) error { t.Payload = v; return nil },
	"priority":          decodePriority,
	"max_attempts":      decodeMaxAttempts,
	"max_retries":       decodeMaxRetries,
	"timeout_seconds":   secondsField(func(t *Task) *time.Duration { return &t.Timeout }),
	"delay_seconds":     secondsField(func(t *Task) *time.Duration { return &t.Delay }),
	"retention_seconds": secondsField(func(t *Task) *time.Duration { return &t.Retention }),
	"run_at":            decodeRunAt,
	"backoff":           decodeBackoff,
	"tags":              decodeTags,
}

// KnownField reports whether a submitter may give the field.
func KnownField(name string) bool { return fieldDecoders[name] != nil }

// DecodeTask reads a task as users submit it, strictly: an *InvalidError names the first field that is unknown, of the
// wrong type or out of range. Text that is not JSON gives the decoder's own error. A field that is null counts as not
// given.
func DecodeTask(text []byte) (Task, error) {
	var t Task
	fields, err := SplitObject(text)
	if err != nil {
		var wrongType *json.UnmarshalTypeError
		if errors.As(err, &wrongType) {
			return t, invalid("body", "JSON "+wrongType.Value, "a JSON object such as {\"payload\": \"hello\"}")
		}
		return t, err
	}
	if fields == nil {
		return t, invalid("body", "null", "a JSON object such as {\"payload\": \"hello\"}")
	}
	return DecodeFields(fields)
}

// DecodeFields is DecodeTask for a JSON object that was taken apart already: its fields as they stand in the text.
func DecodeFields(fields map[string]json.RawMessage) (Task, error) {
	var t Task
	for _, name := range sortedKeys(fields) {
		decode := fieldDecoders[name]
		if decode == nil {
			return t, invalid(showName(name), "an unknown field", "one of "+strings.Join(sortedKeys(fieldDecoders), ", "))
		}
		value := fields[name]
		if name != "payload" && bytes.Equal(value, []byte("null")) {
			continue
		}
		if err := decode(&t, value); err != nil {
			return t, err
		}
	}
	return t, t.Validate()
}

// showName keeps a name that a user made up from filling or breaking a sentence.
func showName(name string) string {
	if ValidName(name) {
		return name
	}
	return quote(name)
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

func stringField(of func(*Task) *string) func(*Task, json.RawMessage) error {
	return func(t *Task, value json.RawMessage) error {
		field := of(t)
		text, err := decodeString(value)
		if *field = text; err != nil || text == "" {
			name := map[*string]string{&t.ID: "id", &t.Type: "type", &t.Queue: "queue"}[field]
			return invalid(name, quoteJSON(value), "a string that is not empty, or leave it out")
		}
		return nil
	}
}

func secondsField(of func(*Task) *time.Duration) func(*Task, json.RawMessage) error {
	return func(t *Task, value json.RawMessage) error {
		field := of(t)
		name := map[*time.Duration]string{
			&t.Timeout: "timeout_seconds", &t.Delay: "delay_seconds",
			&t.Retention: "retention_seconds",
		}[field]
		var err error
		*field, err = decodeSeconds(name, value, name == "delay_seconds")
		return err
	}
}

// decodeSeconds reads a number of seconds; 0 only where it means something.
func decodeSeconds(name string, value json.RawMessage, zero bool) (time.Duration, error) {
	var s float64
	if err := json.Unmarshal(value, &s); err != nil || s > maxSpan.Seconds() || s < 0.001 && (s != 0 || !zero) {
		want := "seconds from 0.001 to 31536000 (a year), as a number"
		if zero {
			want = "0 or " + want
		}
		return 0, invalid(name, quoteJSON(value), want)
	}
	return time.Duration(math.Round(s*1000)) * time.Millisecond, nil
}

func decodeWhole(name string, value json.RawMessage, least, most int) (int, error) {
	var n int
	if err := json.Unmarshal(value, &n); err != nil || n < least || n > most {
		return 0, invalid(name, quoteJSON(value), fmt.Sprintf("a whole number from %d to %d", least, most))
	}
	return n, nil
}

func decodePriority(t *Task, value json.RawMessage) error {
	n, err := decodeWhole("priority", value, 0, 9)
	t.Priority = &n
	return err
}

func decodeMaxAttempts(t *Task, value json.RawMessage) (err error) {
	t.MaxAttempts, err = decodeWhole("max_attempts", value, 1, MaxAttempts)
	return err
}

// decodeMaxRetries: an alias, with the first attempt not counted. It comes after max_attempts in the alphabet.
func decodeMaxRetries(t *Task, value json.RawMessage) error {
	if t.MaxAttempts != 0 {
		return invalid("max_retries", quoteJSON(value), "either max_attempts or max_retries (= attempts - 1), not both")
	}
	n, err := decodeWhole("max_retries", value, 0, MaxAttempts-1)
	t.MaxAttempts = n + 1
	return err
}

func decodeRunAt(t *Task, value json.RawMessage) error {
	var text string
	err := json.Unmarshal(value, &text)
	if err == nil {
		t.RunAt, err = time.Parse(time.RFC3339Nano, text)
	}
	if err != nil || t.RunAt.IsZero() { // the year 1 would count as not given
		return invalid("run_at", quoteJSON(value), "a time as in \"2026-11-23T14:00:00Z\" (RFC 3339)")
	}
	return nil
}

// backoffDecoders reads the fields of a backoff, by their JSON names.
var backoffDecoders = map[string]func(b *Backoff, value json.RawMessage) error{
	"strategy": func(b *Backoff, v json.RawMessage) error { return json.Unmarshal(v, &b.Strategy) },
	"jitter": func(b *Backoff, v json.RawMessage) error {
		jitter := true
		err := json.Unmarshal(v, &jitter)
		b.NoJitter = !jitter
		return err
	},
	"base_seconds": func(b *Backoff, v json.RawMessage) (err error) {
		b.Base, err = decodeSeconds("backoff.base_seconds", v, false)
		return err
	},
	"max_seconds": func(b *Backoff, v json.RawMessage) (err error) {
		b.Max, err = decodeSeconds("backoff.max_seconds", v, false)
		return err
	},
}

// decodeBackoff takes the names as they are written: encoding/json would take "STRATEGY" for "strategy", too.
func decodeBackoff(t *Task, value json.RawMessage) error {
	var fields map[string]json.RawMessage
	err := json.Unmarshal(value, &fields)
	for _, name := range sortedKeys(fields) {
		decode := backoffDecoders[name]
		switch {
		case decode == nil:
			err = errors.New("an unknown field")
		case !bytes.Equal(fields[name], []byte("null")):
			err = decode(&t.Backoff, fields[name])
		}
		if err != nil {
			break
		}
	}
	var told *InvalidError
	if err == nil || errors.As(err, &told) {
		return err
	}
	return invalid("backoff", quoteJSON(value),
		`an object of strategy ("exponential", "linear", "fixed"), base_seconds, max_seconds, jitter (true or false)`)
}

func decodeTags(t *Task, value json.RawMessage) error {
	if err := json.Unmarshal(value, &t.Tags); err != nil {
		return invalid("tags", quoteJSON(value), `a list of strings, such as ["nightly"]`)
	}
	return nil
}

var oneLine = strings.NewReplacer("\n", " ", "\r", " ", "\t", " ")

// quoteJSON shows a JSON value in a sentence: on one line, cut to 80 bytes.
func quoteJSON(value json.RawMessage) string {
	s := strings.ToValidUTF8(oneLine.Replace(string(bytes.TrimSpace(value))), "?")
	if len(s) > 80 {
		return strings.ToValidUTF8(s[:77], "") + "..."
	}
	return s
}
