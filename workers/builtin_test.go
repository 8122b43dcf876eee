package workers_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/workers"
)

func TestBuiltinTypesRefuseForGoodAPayloadThatTheyCannotFollow(t *testing.T) {
	for _, c := range []struct{ kind, payload string }{
		{"sleep", `"x"`},
		{"sleep", `{"seconds":"1"}`},
		{"sleep", `{"seconds":-1}`},
		{"sleep", `{"seconds":1e18}`},
		{"sleep", `{"min":1,"max":1e18}`},
		{"sleep", `{"min":2,"max":1}`},
		{"fail", `[]`},
	} {
		result, err := workers.Builtin()[c.kind](t.Context(), &queue.Task{Type: c.kind, Payload: json.RawMessage(c.payload)})
		if final := workers.NoRetry(errors.New("")); fmt.Sprintf("%T", err) != fmt.Sprintf("%T", final) {
			t.Errorf("%s %s: got %v, %v; want an error that is not tried again", c.kind, c.payload, result, err)
			continue
		}
		if text := err.Error(); !strings.Contains(text, "the payload of a "+c.kind+" task") || strings.Contains(text, "Go ") {
			t.Errorf("%s %s: %q", c.kind, c.payload, text)
		}
	}
}
