package web

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/xuniquepatel/queue-pilot/monitor"
)

// noteDay notes a day in which a task a second was completed.
func (s *site) noteDay() {
	s.t.Helper()
	now, err := s.client.Redis().Time(s.t.Context()).Result()
	if err != nil {
		s.t.Fatal(err)
	}
	lines := make([]any, monitor.MostNotes)
	for i := range lines {
		at := now.Add(time.Duration(i+1-len(lines)) * time.Minute)
		lines[i] = fmt.Sprintf("%d|0|%d|0", at.UnixMilli(), 60*i)
	}
	if err := s.client.Redis().RPush(s.t.Context(), s.client.Keys().Throughput(), lines...).Err(); err != nil {
		s.t.Fatal(err)
	}
}

var tableRow = regexp.MustCompile(`<th scope="row"><time [^>]*>[^<]*</time></th><td>[^<]*</td><td>1\.0</td>`)

func TestTheChartsSpanAndTableAreChosenWithoutScripts(t *testing.T) {
	s := newSite(t, Config{})
	s.noteDay()
	b := s.browser()
	page, _ := b.visit("/", 200)
	has(t, page, `<a href="/#h-chart" aria-current="true">5 min</a>`, `<a href="/?span=24h#h-chart">24 h</a>`, "5 min ago",
		`<a href="/?chart=table#h-chart">Show as table</a>`)
	if strings.Contains(page, `class="points"`) {
		t.Error("a table that nobody asked for")
	}
	for span, want := range map[string]struct{ words, label string }{
		"1h": {"In the last hour: 0 submitted, 3,600 done, 0 failed.", "1 h"}, "24h": {"In the last 24 hours: 0 submitted, 86,400 done, 0 failed.</span>", "24 h"},
	} {
		page, _ = b.visit("/?span="+span, 200)
		has(t, page, want.words, `<a href="/?span=`+span+`#h-chart" aria-current="true">`+want.label+`</a>`, want.label+" ago", `&#34;overview?span=`+span)
		page, _ = b.visit("/?chart=table&span="+span, 200)
		has(t, page, `<a href="/?chart=table&amp;span=`+span+`#h-chart" aria-current="true">`, `<a href="/?span=`+span+`#h-chart">Hide the table</a>`,
			"<caption>", `<th scope="col" class="num">Submitted</th>`, `"/throughput.csv?span=`+span+`"`)
		if n := len(tableRow.FindAllString(page, -1)); n < 59 {
			t.Errorf("%s: %d rows with a task a second:\n%s", span, n, page)
		}
	}
	b.visit("/?span=7d", 422)
}

func TestTheChartsNumbersAreFiles(t *testing.T) {
	s := newSite(t, Config{})
	s.noteDay()
	for span, steps := range map[string]int{"": 60, "5m": 60, "1h": 60, "24h": 144} {
		items := s.do("GET", "/throughput.json?span="+span, "").want(t, 200).json(t)["items"].([]any)
		file := s.do("GET", "/throughput.csv?span="+span, "").want(t, 200)
		head, list := rows(t, file.body)
		if strings.Join(head, " ") != "at submitted_per_second completed_per_second failed_per_second" || len(list) != steps || len(items) != steps {
			t.Fatalf("%q: %d rows and %d items under %v; want %d", span, len(list), len(items), head, steps)
		}
		middle, known := list[steps/2], "1"
		if steps == 60 && span != "1h" {
			known = "" // this process was not there
		}
		if _, err := time.Parse(time.RFC3339, middle["at"]); err != nil || middle["completed_per_second"] != known {
			t.Errorf("%q: a row is %v, %v", span, middle, err)
		}
		if got := items[steps/2].(map[string]any)["completed_per_second"]; (got == nil) != (known == "") || got != nil && got.(float64) != 1 {
			t.Errorf("%q: an item is %v", span, items[steps/2])
		}
	}
	s.do("GET", "/throughput.csv?span=7d", "").want(t, 422)
	s.redis.Stop()
	if got := s.do("GET", "/throughput.json?span=24h", "").want(t, 503); got.header.Get("Retry-After") == "" {
		t.Errorf("with Redis away there is no Retry-After: %v", got.header)
	}
}

func TestTheEnvironmentIsOnEveryPage(t *testing.T) {
	b := newSite(t, Config{Environment: `eu-production <1>`, Dev: true}).browser()
	for path, status := range map[string]int{
		"/": 200, "/tasks": 200, "/failed": 200, "/queues": 200, "/workers": 200, "/submit": 200, "/tasks/none": 404, "/dev/components": 200,
	} {
		page, _ := b.visit(path, status)
		has(t, page, `<span class="env" data-level="warn"><span class="sr">Environment: </span>eu-production &lt;1&gt;</span>`, "<title>eu-production &lt;1&gt; · ")
	}
	page, _ := newSite(t, Config{}).browser().visit("/", 200)
	if strings.Contains(page, `class="env"`) {
		t.Error("without a name there is a badge")
	}
	has(t, page, "<title>Overview · QueuePilot</title>")
}
