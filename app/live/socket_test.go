package live

import (
	"strings"
	"testing"
)

func TestAPanicAsideIsTheCallersAndSaysWhereItWas(t *testing.T) {
	defer func() {
		if text, _ := recover().(string); !strings.HasPrefix(text, "deep down\n") || !strings.Contains(text, "socket_test.go") {
			t.Errorf("the caller's panic is %q", text)
		}
	}()
	aside(func() bool { panic("deep down") })
	t.Error("there was none")
}

func TestAsideAnswersWhatItsFunctionDid(t *testing.T) {
	if !aside(func() bool { return true }) || aside(func() bool { return false }) {
		t.Error("the answer is another one")
	}
}
