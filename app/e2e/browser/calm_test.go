package browser

import (
	"testing"

	"github.com/xuniquepatel/queue-pilot/app/e2e/harness"
)

// seen is what a person has before them: what was typed, where the caret stands, what is selected and open, and where
// the page is scrolled to.
const seen = `JSON.stringify({
  focus: document.activeElement.id || document.activeElement.name,
  values: [...document.querySelectorAll("input:not([type=hidden]), textarea")].map((field) => field.value),
  caret: [document.activeElement.selectionStart, document.activeElement.selectionEnd],
  open: [...document.querySelectorAll("details")].map((box) => box.open),
  scroll: [scrollX, scrollY],
})`

func TestWhatIsTypedSelectedAndOpenStaysAsItIs(t *testing.T) {
	s := newSite(t)
	s.Viewport(1280, 500) // so that there is something to scroll
	for _, c := range []struct{ path, field, before string }{
		{"/submit", "f-payload", `document.querySelector("details").open = true`},
		{"/tasks", "", `document.getElementById("search").id = "typed"`},
	} {
		field := c.field
		if field == "" {
			field = "typed"
		}
		s.live(c.path)
		s.run(c.before)
		s.run(`const field = document.getElementById("` + field + `"); field.focus(); field.value = ""`)
		s.Type("abcdefghij")
		s.run(`document.getElementById("` + field + `").setSelectionRange(3, 7); scrollTo(0, 40)`)
		before := s.text(seen)
		stop := s.load(100)
		s.seconds(size(5, 30))
		stop()
		if after := s.text(seen); after != before {
			t.Errorf("on %s it was\n\t%s\nand is\n\t%s", c.path, before, after)
		}
	}
}

// rows are the tasks of the list from top to bottom.
const rows = `[...document.querySelectorAll("#tasks-rows tr")].map((row) => row.id).join(" ")`

func TestRowsStayWhereTheyAreAndNewOnesAreAnnounced(t *testing.T) {
	s := newSite(t)
	s.Submit(someTasks(90000, 30)...)
	s.live("/tasks")
	before := s.text(rows)
	stop := s.load(50)
	s.UntilTrue("new tasks are announced", `!document.getElementById("tasks-new").hidden`)
	s.seconds(2)
	stop()
	if after := s.text(rows); after != before {
		t.Errorf("the rows were\n\t%s\nand are\n\t%s", before, after)
	}
}

func TestAnActionInOneTabIsSeenInAnother(t *testing.T) {
	s := newSite(t)
	other := &site{System: s.System, Browser: harness.NewBrowser(t), t: t}
	s.Submit(someTasks(0, 3)...)
	s.live("/queues")
	other.live("/")
	other.UntilText("#o-queues", "queue-0")
	s.run(`document.querySelector('button[aria-label="Pause queue-0"]').click()`)
	s.UntilThere(`button[aria-label="Resume queue-0"]`)
	other.UntilThere(`#o-queues button[aria-label="Resume queue-0"]`)
	other.UntilText("#o-status", "paused")
}
