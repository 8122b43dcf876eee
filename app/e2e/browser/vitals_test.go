package browser

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/xuniquepatel/queue-pilot/app/e2e/harness"
)

// watch keeps what the browser itself measures: layout shifts that nobody caused, the slowest answer to an input, and
// tasks that blocked the page for more than 50 ms.
const watch = `
window.vitals = { shift: 0, input: 0, longest: 0 };
new PerformanceObserver((list) => { for (const e of list.getEntries()) if (!e.hadRecentInput) vitals.shift += e.value; })
  .observe({ type: "layout-shift", buffered: true });
new PerformanceObserver((list) => { for (const e of list.getEntries()) vitals.input = Math.max(vitals.input, e.duration); })
  .observe({ type: "event", buffered: true, durationThreshold: 16 });
new PerformanceObserver((list) => { for (const e of list.getEntries()) vitals.longest = Math.max(vitals.longest, e.duration); })
  .observe({ type: "longtask", buffered: true })`

// mostShift is Web Vitals' cumulative layout shift; below 0.1 is called good.
const mostShift = 0.02

func TestTheLivePageDoesNotShift(t *testing.T) {
	s := newSite(t)
	s.Submit(someTasks(90000, 30)...)
	s.live("/")
	s.run(watch)
	defer s.load(100)()
	s.seconds(2)
	s.Do(chromedp.Click(chromedp.CSS("#theme")), chromedp.Click(chromedp.CSS("#theme")))
	s.seconds(size(6, 60))
	shift := s.number(`vitals.shift`)
	t.Logf("first contentful paint %.0f ms, slowest answer to a click %.0f ms, longest task %.0f ms, layout shift %.4f (targets: 400, 200, 100, 0.02)",
		s.number(`performance.getEntriesByName("first-contentful-paint")[0].startTime`), s.number(`vitals.input`), s.number(`vitals.longest`), shift)
	if shift > mostShift {
		t.Errorf("the page shifted by %.4f; want at most %v", shift, mostShift)
	}
}

// loaded is what the page fetched, as lines of kind, bytes as they came over the wire, and address.
const loaded = `[...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
  .map((e) => [e.name.split("?")[0].split(".").pop(), e.encodedBodySize, new URL(e.name).origin === location.origin].join(" ")).join("\n")`

const (
	mostLoaded  = 60 << 10
	mostScripts = 15 << 10
)

func TestTheFirstLoadIsSmallAndAllOurOwn(t *testing.T) {
	s := newSite(t)
	s.Submit(someTasks(90000, 30)...)
	for _, path := range []string{"/", "/?span=24h&chart=table", "/tasks", "/queues", "/workers", "/submit"} {
		s.live(path)
		all, scripts := weigh(t, path, s.text(loaded))
		t.Logf("%s: %d bytes, of them scripts %d", path, all, scripts)
		if all > mostLoaded || scripts > mostScripts {
			t.Errorf("%s loads %d bytes, %d of scripts; want at most %d and %d", path, all, scripts, mostLoaded, mostScripts)
		}
	}
}

func weigh(t *testing.T, path, lines string) (all, scripts int) {
	t.Helper()
	for line := range strings.Lines(lines) {
		var kind string
		var bytes int
		var own bool
		if _, err := fmt.Sscan(line, &kind, &bytes, &own); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if !own {
			t.Errorf("%s loads from elsewhere: %s", path, line)
		}
		if all += bytes; kind == "js" {
			scripts += bytes
		}
	}
	if scripts == 0 {
		t.Errorf("%s loads no script: %q", path, lines)
	}
	return all, scripts
}

func TestAnOpenPageKeepsNoMemory(t *testing.T) {
	s := newSite(t)
	s.live("/")
	defer s.load(50)()
	s.seconds(size(10, 60)) // until the lists are full
	before := s.HeapBytes()
	s.seconds(size(15, 600))
	after := s.HeapBytes()
	t.Logf("the page's heap: %.0f KiB, then %.0f KiB", before/1024, after/1024)
	if most := size(1.5, 1.1); after > before*most {
		t.Errorf("the heap grew from %.0f to %.0f bytes; want at most x%v", before, after, most)
	}
}

func TestABurstOfEndingTasksIsFollowed(t *testing.T) {
	s := newSite(t)
	s.live("/tasks")
	s.run(watch)
	n := size(2000, 10000)
	for from := 0; from < n; from += 500 {
		s.Submit(someTasks(from, 500)...)
	}
	harness.Until(t, "all have ended", func() error {
		if totals := s.Totals(); totals.Completed+totals.Failed < int64(n) {
			return fmt.Errorf("%d of %d", totals.Completed+totals.Failed, n)
		}
		return nil
	})
	s.UntilTrue("the list says that there are new tasks", `!document.getElementById("tasks-new").hidden`)
	t.Logf("%d tasks: the longest task of the page took %.0f ms (target: 100)", n, s.number(`vitals.longest`))
}
