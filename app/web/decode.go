package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

// decodeStrictly reads a JSON object into v; where is "body." or where else it stands. Its error is the problem to answer
// with: 400 for what is not JSON, 422 for a field that is unknown or of the wrong type.
func decodeStrictly(text []byte, v any, where string) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(v)
	if err == nil {
		if _, more := decoder.Token(); !errors.Is(more, io.EOF) {
			return malformed(errors.New("something follows the object"))
		}
		return nil
	}
	var wrong *json.UnmarshalTypeError
	name, unknown := strings.CutPrefix(err.Error(), "json: unknown field ")
	switch {
	case errors.As(err, &wrong) && wrong.Field == "":
		return invalidProblem(&queue.InvalidError{Field: "body", Value: "JSON " + wrong.Value, Want: "a JSON object"}, where)
	case errors.As(err, &wrong):
		return invalidProblem(&queue.InvalidError{Field: wrong.Field, Value: "a JSON " + wrong.Value, Want: jsonKind(wrong)}, where)
	case unknown:
		field := shorten(strings.Trim(name, `"`))
		return invalidProblem(&queue.InvalidError{Field: field, Value: "an unknown field", Want: "none but those described"}, where)
	}
	return malformed(err)
}

// jsonKind names what a field should be.
func jsonKind(e *json.UnmarshalTypeError) string {
	switch kind := e.Type.Kind().String(); kind {
	case "int":
		return "a whole number"
	case "bool":
		return "true or false"
	default:
		return "a " + kind
	}
}

// decodeFilter reads which tasks are meant, by the names of the listing's parameters.
func decodeFilter(text []byte, f *queue.Filter) error {
	var raw struct {
		State  queue.State `json:"state"`
		Queue  string      `json:"queue"`
		Type   string      `json:"type"`
		Worker string      `json:"worker"`
		Q      string      `json:"q"`
	}
	if err := decodeStrictly(text, &raw, "body.filter."); err != nil {
		return err
	}
	*f = queue.Filter{State: raw.State, Queue: raw.Queue, Type: raw.Type, Worker: raw.Worker, Q: raw.Q}
	return nil
}
