package web

import (
	"strings"
	"testing"

	"github.com/coder/websocket"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

func TestASocketServesTheIDThatWasChecked(t *testing.T) {
	s := newSite(t, Config{})
	s.submit(queue.Task{ID: "T1"})
	conn, _, err := websocket.Dial(t.Context(), s.base+"/ws?task=T1&task=a%7Cb", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.CloseNow()
	_, got, err := conn.Read(t.Context())
	if err != nil || !strings.Contains(string(got), `"task_id":"T1"`) {
		t.Errorf("of two ids the first was checked, and the socket says %s, %v; want what T1 does", got, err)
	}
}
