package browser

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
)

// notice notes what moves of the chart, what is above it and the panels below it, also before it is called. The columns of a
// table are as wide as its numbers.
const notice = `
window.shifted = new Set();
new PerformanceObserver((list) => {
  for (const e of list.getEntries()) for (const { node } of e.sources || []) {
    const el = node?.nodeType === Node.TEXT_NODE ? node.parentElement : node;
    if (el?.closest("#o-tiles, section:has(#h-chart)") || el?.matches("main > *")) shifted.add(el.outerHTML.slice(0, 80));
  }
}).observe({ type: "layout-shift", buffered: true })`

// arriving takes the spans away from the last to the first, as a page of which they have not arrived yet, and tells where
// that moves the chart, its head or the first of them.
const arriving = `(() => {
  const places = () => [...document.querySelectorAll("#h-chart, .legend, .spans a:first-child, #o-chart")]
    .map((el) => { const r = el.getBoundingClientRect(); return el.textContent.slice(0, 10) + " " + r.x + "," + r.y; });
  const before = places(), moved = new Set();
  for (const el of [...document.querySelectorAll(".spans, .spans a")].reverse()) {
    el.remove();
    for (const place of places()) if (!before.includes(place)) moved.add(place);
  }
  return [...moved].join(", ");
})()`

// TestAnotherSpanIsOneClickAndShiftsNothing clicks through the spans and the table, with scripts and without.
func TestAnotherSpanIsOneClickAndShiftsNothing(t *testing.T) {
	s := newSite(t)
	s.Submit(someTasks(90000, 30)...)
	s.UntilState("failed", "L90000-9")
	const chosen, word = `.spans [aria-current="true"]`, `.axis span`
	for _, scripts := range []bool{true, false} {
		s.Scripts(scripts)
		s.Open(s.URL + "/")
		for i, label := range []string{"5 min", "1 h", "24 h", "5 min"} {
			if i > 0 {
				s.Do(chromedp.Click(chromedp.CSS(fmt.Sprintf(".spans a:nth-child(%d)", i%3+1))))
			}
			s.UntilText(chosen, label)
			s.UntilText(word, label+" ago")
			if !scripts {
				continue
			}
			s.UntilText("#live", "Live")
			s.run(notice)
			s.seconds(2)
			if moved := s.text(`[...shifted].join(" ")`); moved != "" {
				t.Errorf("on the page of %s these moved: %s", label, moved)
			}
		}
		s.Do(chromedp.Click(chromedp.CSS(".more a")))
		s.UntilText(".points caption", "in steps of 5 s")
		if rows := s.number(`document.querySelectorAll(".points tbody tr").length`); rows != 60 {
			t.Errorf("scripts %v: the table has %v rows; want 60", scripts, rows)
		}
		s.Do(chromedp.Click(chromedp.CSS(".spans a:nth-child(2)")))
		s.UntilText(".points caption", "in steps of 1 min")
		s.UntilText(chosen, "1 h")
		if moved := s.text(arriving); moved != "" {
			t.Errorf("scripts %v: while the spans arrive these stand elsewhere: %s", scripts, moved)
		}
	}
}
