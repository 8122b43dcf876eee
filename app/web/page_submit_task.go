package web

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/xuniquepatel/queue-pilot/views"
)

// readForm takes the fields, which are named as in JSON; a dot stands before a field of an object.
func readForm(get func(string) string) views.Submit {
	field := func(name string) string { return strings.TrimSpace(get(name)) }
	return views.Submit{
		ID: field("id"), Type: field("type"), Queue: field("queue"), Payload: get("payload"),
		Options: views.SubmitOptions{
			Priority: field("priority"), Delay: field("delay_seconds"), RunAt: field("run_at"), MaxAttempts: field("max_attempts"),
			Timeout: field("timeout_seconds"), Retention: field("retention_seconds"), Tags: field("tags"),
			Strategy: field("backoff.strategy"), Base: field("backoff.base_seconds"), Most: field("backoff.max_seconds"),
			Jitter: field("backoff.jitter"),
		},
	}
}

// taskForm is a task as the API takes it. A number field that holds no number goes as text, so that the decoder's own
// words tell what is wrong with it.
type taskForm struct {
	ID          string          `json:"id,omitempty"`
	Type        string          `json:"type,omitempty"`
	Queue       string          `json:"queue,omitempty"`
	Payload     json.RawMessage `json:"payload"`
	Priority    json.RawMessage `json:"priority,omitempty"`
	Delay       json.RawMessage `json:"delay_seconds,omitempty"`
	RunAt       string          `json:"run_at,omitempty"`
	MaxAttempts json.RawMessage `json:"max_attempts,omitempty"`
	Timeout     json.RawMessage `json:"timeout_seconds,omitempty"`
	Retention   json.RawMessage `json:"retention_seconds,omitempty"`
	Tags        []string        `json:"tags,omitempty"`
	Backoff     *backoffForm    `json:"backoff,omitempty"`
}

type backoffForm struct {
	Strategy string          `json:"strategy,omitempty"`
	Base     json.RawMessage `json:"base_seconds,omitempty"`
	Most     json.RawMessage `json:"max_seconds,omitempty"`
	Jitter   json.RawMessage `json:"jitter,omitempty"`
}

// taskJSON writes the form as the API's JSON.
func taskJSON(m views.Submit) json.RawMessage {
	o := m.Options
	f := taskForm{
		ID: m.ID, Type: m.Type, Queue: m.Queue, Payload: payloadJSON(m.Payload), Priority: number(o.Priority), Delay: number(o.Delay),
		RunAt: o.RunAt, MaxAttempts: number(o.MaxAttempts), Timeout: number(o.Timeout), Retention: number(o.Retention),
		Tags: strings.FieldsFunc(o.Tags, func(r rune) bool { return r == ',' || r == ' ' }),
	}
	if o.Strategy+o.Base+o.Most+o.Jitter != "" {
		f.Backoff = &backoffForm{o.Strategy, number(o.Base), number(o.Most), truth(o.Jitter)}
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // for the command that people read
	if err := enc.Encode(f); err != nil {
		return json.RawMessage("null") // every raw message was checked to be JSON
	}
	return bytes.TrimSpace(b.Bytes())
}

// payloadJSON takes text that is no JSON as a string, as the Python system's payloads were.
func payloadJSON(text string) json.RawMessage {
	text = strings.TrimSpace(text)
	if json.Valid([]byte(text)) {
		return json.RawMessage(text)
	}
	return quoted(text)
}

func number(text string) json.RawMessage {
	if text == "" {
		return nil
	}
	var n json.Number
	if json.Unmarshal([]byte(text), &n) == nil && text[0] != '"' {
		return json.RawMessage(text)
	}
	return quoted(text)
}

func truth(text string) json.RawMessage {
	switch text {
	case "":
		return nil
	case "true", "false":
		return json.RawMessage(text)
	}
	return quoted(text)
}

func quoted(text string) json.RawMessage {
	b, err := json.Marshal(text)
	if err != nil {
		return json.RawMessage("null") // every string can be written
	}
	return b
}
