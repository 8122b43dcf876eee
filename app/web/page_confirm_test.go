package web

import "testing"

func TestAQuestionIsAskedOnlyWhereItsActionExists(t *testing.T) {
	s := newSite(t, Config{})
	b := s.browser()
	s.failTasks(1, "failed", "echo", timeouts)
	for action, want := range map[string]int{"retry": 200, "cancel": 409, "delete": 200} {
		b.visit("/tasks/failed0/"+action, want)
	}
}
