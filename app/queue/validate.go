package queue

import (
	"bytes"
	"fmt"
	"time"
	"unicode/utf8"
)

// The limits of what is accepted.
const (
	MaxPayload  = 1 << 20 // bytes of a payload or a result
	MaxBatch    = 10000   // tasks in one batch request
	MaxIDLength = 128
	MaxName     = 64 // length of a queue's, type's or tag's name
	MaxTags     = 16
	MaxAttempts = 1000
	maxDepth    = 100 // nesting of a payload: what every decoder on the way can follow
	maxSpan     = 365 * 24 * time.Hour
)

// What ValidID and ValidName want, for people.
const (
	IDRule   = "1 to 128 of A-Z a-z 0-9 _ . : -, but not . or .. alone"
	NameRule = "1 to 64 of A-Z a-z 0-9 _ . : -, but not . or .. alone"
)

// ValidID reports whether s can be a task's id: [A-Za-z0-9_.:-]{1,128}, but for "." and "..", which no address can name.
func ValidID(s string) bool { return len(s) <= MaxIDLength && validChars(s) }

// ValidName reports whether s can be the name of a queue, a type or a tag: [A-Za-z0-9_.:-]{1,64}, but for "." and "..".
func ValidName(s string) bool { return len(s) <= MaxName && validChars(s) }

func validChars(s string) bool {
	for i := range len(s) {
		c := s[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case c == '_', c == '.', c == ':', c == '-':
		default:
			return false
		}
	}
	return s != "" && !partOfAddress(s)
}

// partOfAddress tells whether every browser takes s for a way through folders.
func partOfAddress(s string) bool { return s == "." || s == ".." }

// Validate checks every field that the submitter gave; zero values stand for defaults. It compacts the payload, so
// that white space makes no difference between two payloads. The error is an *InvalidError.
func (t *Task) Validate() error {
	if t.ID != "" && !ValidID(t.ID) {
		return invalid("id", quote(t.ID), IDRule)
	}
	for _, name := range []struct{ field, value string }{{"queue", t.Queue}, {"type", t.Type}} {
		if name.value != "" && !ValidName(name.value) {
			return invalid(name.field, quote(name.value), NameRule)
		}
	}
	if p := t.Priority; p != nil && (*p < 0 || *p > 9) {
		return invalid("priority", fmt.Sprint(*p), "a whole number from 0 (least urgent) to 9 (most)")
	}
	if t.MaxAttempts < 0 || t.MaxAttempts > MaxAttempts {
		return invalid("max_attempts", fmt.Sprint(t.MaxAttempts), "a whole number from 1 to 1000")
	}
	if err := t.validateTags(); err != nil {
		return err
	}
	if err := t.validateTimes(); err != nil {
		return err
	}
	return t.validatePayload()
}

func (t *Task) validateTags() error {
	if len(t.Tags) > MaxTags {
		return invalid("tags", fmt.Sprintf("a list of %d", len(t.Tags)), "at most 16 tags")
	}
	for _, tag := range t.Tags {
		if !ValidName(tag) {
			return invalid("tags", quote(tag), "tags of "+NameRule)
		}
	}
	return nil
}

func (t *Task) validateTimes() error {
	spans := []struct {
		field string
		value time.Duration
	}{
		{"timeout_seconds", t.Timeout},
		{"delay_seconds", t.Delay},
		{"retention_seconds", t.Retention},
		{"backoff.base_seconds", t.Backoff.Base},
		{"backoff.max_seconds", t.Backoff.Max},
	}
	for _, span := range spans {
		if span.value < 0 || span.value > maxSpan || span.value > 0 && span.value < time.Millisecond {
			return invalid(span.field, fmt.Sprint(span.value.Seconds()), "seconds from 0.001 to 31536000 (a year)")
		}
	}
	if t.Delay > 0 && !t.RunAt.IsZero() {
		return invalid("run_at", quote(t.RunAt.Format(timeLayout)), "either delay_seconds or run_at, not both")
	}
	if year := t.RunAt.UTC().Year(); !t.RunAt.IsZero() && (year < 1970 || year > 9999) {
		return invalid("run_at", quote(t.RunAt.Format(timeLayout)), "a time from 1970 to 9999")
	}
	switch t.Backoff.Strategy {
	case "", Exponential, Linear, Fixed:
		return nil
	}
	return invalid("backoff.strategy", quote(string(t.Backoff.Strategy)), "exponential, linear or fixed")
}

func (t *Task) validatePayload() error {
	if len(t.Payload) == 0 {
		return nil
	}
	if len(t.Payload) > MaxPayload {
		e := invalid("payload", fmt.Sprintf("%d bytes", len(t.Payload)), "at most 1 MiB (1048576 bytes) of JSON")
		e.Large = true
		return e
	}
	if brackets := bytes.Count(t.Payload, []byte("[")) + bytes.Count(t.Payload, []byte("{")); brackets > maxDepth && depth(t.Payload) > maxDepth {
		return invalid("payload", fmt.Sprintf("nested more than %d deep", maxDepth), "JSON nested at most 100 deep")
	}
	out, err := compact(t.Payload)
	if err != nil {
		return invalid("payload", quote(string(t.Payload)), "JSON: "+err.Error())
	}
	if !utf8.Valid(out) {
		return invalid("payload", "not UTF-8", "JSON in UTF-8")
	}
	t.Payload = out
	return nil
}

// depth counts how deep brackets nest outside strings; it may overcount in text that is not JSON.
func depth(text []byte) int {
	deepest, level, inString := 0, 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			level++
			deepest = max(deepest, level)
		case c == '}' || c == ']':
			level--
		}
	}
	return deepest
}

func invalid(field, value, want string) *InvalidError {
	return &InvalidError{Field: field, Value: value, Want: want}
}

// quote shows a user's text in a sentence: quoted, escaped, and cut to 80 bytes.
func quote(s string) string {
	if len(s) > 80 {
		s = s[:77] + "..."
	}
	return fmt.Sprintf("%q", s)
}
