package redistest

import "testing"

func TestNoOtherTestTakesThePortOfAServerThatIsDown(t *testing.T) {
	server := New(t)
	server.Kill()
	if take(t, server.port) {
		t.Error("another test could take it")
	}
	server.Start()
}
