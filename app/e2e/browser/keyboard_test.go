package browser

import (
	"fmt"
	"testing"

	"github.com/xuniquepatel/queue-pilot/app/e2e/harness"
)

// tabTo presses the tab key until the focus is on an element that matches.
func (s *site) tabTo(selector string) {
	s.t.Helper()
	const most = 150
	for range most {
		s.Type("\t")
		if s.text(fmt.Sprintf(`String(document.activeElement?.matches(%q))`, selector)) == "true" {
			return
		}
	}
	s.t.Fatalf("the tab key does not lead to %s", selector)
}

func TestTheKeyboardAloneSubmitsFindsRetriesAndPauses(t *testing.T) {
	s := newSite(t)
	s.live("/")
	s.tabTo(`a[href="/submit"]`)
	s.Type("\r")
	s.UntilThere("#submit")
	s.tabTo("#f-type")
	s.Type("\b\b\b\bfail") // in place of echo, which is selected or not
	s.run(`document.getElementById("f-type").value = "fail"`)
	s.tabTo("#f-payload")
	s.run(`document.getElementById("f-payload").select()`)
	s.Type(`{"times":1,"error":"once"}`)
	s.tabTo("#f-id")
	s.Type("by-keyboard")
	s.tabTo("summary")
	s.Type(" ")
	s.tabTo("#f-max_attempts")
	s.Type("1")
	s.tabTo("#submit button.primary")
	s.Type("\r")
	s.UntilText("#task-id", "by-keyboard")
	s.UntilState("failed", "by-keyboard")

	s.tabTo(`nav a[href="/tasks"]`)
	s.Type("\r")
	s.UntilThere("#search")
	s.tabTo("#search")
	s.Type("by-key\r")
	s.UntilThere(`#row-by-keyboard`)
	s.tabTo(`#row-by-keyboard a.id`)
	s.Type("\r")
	s.UntilThere("#task-head form")
	s.tabTo(`#task-head form[action$="/retry"] button`)
	s.Type("\r")
	s.UntilTasks("has run again", func(task harness.Task) bool { return task.State == "failed" && len(s.Attempts("by-keyboard")) == 2 }, "by-keyboard")

	s.tabTo(`nav a[href="/queues"]`)
	s.Type("\r")
	s.UntilThere(`button[aria-label="Pause default"]`)
	s.tabTo(`button[aria-label="Pause default"]`)
	s.Type("\r")
	s.UntilThere(`button[aria-label="Resume default"]`)
}
