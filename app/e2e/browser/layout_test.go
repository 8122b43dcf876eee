package browser

import (
	"strings"
	"testing"

	"github.com/xuniquepatel/queue-pilot/app/e2e/harness"
)

// tooWide names what makes the page wider than the window.
const tooWide = `document.documentElement.scrollWidth <= innerWidth ? "" : [...document.querySelectorAll("body *")]
  .filter((el) => el.getBoundingClientRect().right > innerWidth + 1 && !el.closest(".scroll, pre"))
  .slice(0, 5).map((el) => el.tagName + "." + el.className).join(" ") || "page of " + document.documentElement.scrollWidth + " px"`

// tooSmall names buttons, fields and stand-alone links of less than 24 px. A link within a sentence is as high as its line.
const tooSmall = `[...document.querySelectorAll("button, input:not([type=hidden]), select, textarea, summary, nav a, a.button, a.tile, td a.count")]
  .filter((el) => el.checkVisibility({ visibilityProperty: true }) && !el.closest(".sr, .skip"))
  .map((el) => [el, el.getBoundingClientRect()]).filter(([, box]) => box.width && (box.width < 24 || box.height < 24))
  .map(([el, box]) => el.tagName + " " + (el.textContent || el.name).trim() + " " + box.width.toFixed(0) + "x" + box.height.toFixed(0)).join("; ")`

func TestPagesFitNarrowWindowsAndFingers(t *testing.T) {
	s := newSite(t)
	s.Submit(someTasks(90000, 30)...)
	s.Submit(harness.New{
		"id": strings.Repeat("long-", 20), "queue": strings.Repeat("q", 64), "type": "fail", "max_attempts": 1,
		"payload": map[string]any{"times": 1, "error": strings.Repeat("wide", 100)},
	})
	s.UntilState("failed", strings.Repeat("long-", 20))
	paths := []string{
		"/", "/?span=24h&chart=table", "/tasks", "/tasks?state=failed", "/failed", "/queues", "/queues/queue-0", "/workers", "/submit", "/tasks/" + strings.Repeat("long-", 20),
		"/confirm?action=delete&state=failed", "/nowhere",
	}
	for _, width := range []int64{320, 640, 1280} { // 640: a window of 1280 at 200 %
		s.Viewport(width, 800)
		for _, path := range paths {
			s.Open(s.URL + path)
			if wide := s.text(tooWide); wide != "" {
				t.Errorf("%s scrolls sideways at %d px: %s", path, width, wide)
			}
			if small := s.text(tooSmall); small != "" {
				t.Errorf("%s has small targets at %d px: %s", path, width, small)
			}
		}
	}
}
