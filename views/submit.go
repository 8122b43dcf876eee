package views

import (
	"encoding/json"
	"strings"
)

// Submit is the page "/submit": the form with what was typed so far, and what is wrong with it.
type Submit struct {
	ID, Type, Queue, Payload string
	Options                  SubmitOptions
	Error                    string // about the whole: "The server cannot reach Redis ..."
	Field, Wrong             string // the field that is wrong, named as in JSON, and why
	Open                     bool   // unfold the options
	Examples                 []Example
	Queues, Types            []string
	Curl                     string // the same request as a command
	Server                   string // "http://localhost:8080"
}

// SubmitOptions are the folded fields of the form, as typed.
type SubmitOptions struct {
	Priority, Delay, RunAt, MaxAttempts, Timeout, Retention, Tags string
	Strategy, Base, Most, Jitter                                  string // of the backoff
}

// Example is a payload to start from.
type Example struct{ Type, Payload, Href, Note string }

// examples has one for each built-in type.
var examples = []Example{
	{Type: "echo", Payload: "{\n  \"hello\": \"world\"\n}", Note: "gives its payload back"},
	{Type: "sleep", Payload: "{\n  \"seconds\": 5\n}", Note: "takes its time and reports progress"},
	{Type: "fail", Payload: "{\n  \"times\": 2,\n  \"error\": \"not yet\"\n}", Note: "fails twice, then completes"},
}

// Examples returns a payload to start from for each built-in type.
func Examples() []Example {
	list := make([]Example, len(examples))
	for i, e := range examples {
		e.Href = "/submit?type=" + e.Type
		list[i] = e
	}
	return list
}

// ExamplePayload returns the example of a type, or that of the first where it has none.
func ExamplePayload(taskType string) string {
	for _, e := range examples {
		if e.Type == taskType {
			return e.Payload
		}
	}
	return examples[0].Payload
}

// Curl writes the command that posts body to the API, quoted for a POSIX shell.
func Curl(server string, body json.RawMessage) string {
	return "curl -X POST " + quote(server+"/api/v1/tasks") + " \\\n  -H 'Content-Type: application/json' \\\n  -d " + quote(string(body))
}

// quote wraps s in single quotes; a quote inside leaves and enters them again.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// Fault is the page of an error.
type Fault struct {
	Status   string // "503"
	Title    string
	Sentence string
	Known    string // the last known numbers in words; empty for none
	At, ISO  string // their time
	Retry    bool   // it may pass by itself: the page loads anew when the stream says so
}
