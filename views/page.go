package views

import (
	"encoding/json"
	"strings"
	"time"
	"unicode"

	"github.com/xuniquepatel/queue-pilot/monitor"
	"github.com/xuniquepatel/queue-pilot/static"
)

// Page is what stands around every page's content.
type Page struct {
	Title       string
	Path        string // the entry of the navigation that is current: "/", "/tasks", "/failed", "/queues", "/workers", "/submit"
	Chrome      Chrome
	Live        string // the JSON of a Mark, empty for a page that does not change
	CSRF        string // the token that this viewer's forms carry
	Notice      string // what the action before this page did: "Task T1 was canceled."
	Build       string // QueuePilot's version
	Environment Environment
	Store       string // what the store promises, for the footer
	Assets      Assets
}

// fullTitle begins with what tells one of many tabs from another.
func (p Page) fullTitle() string {
	title := p.Title + " · QueuePilot"
	if p.Environment.Name != "" {
		return p.Environment.Name + " · " + title
	}
	return title
}

// Environment names an installation, so that nobody takes one for another.
type Environment struct {
	Name  string // "staging"; empty for none
	Level string // "warn" where a mistake costs most
}

// NewEnvironment judges a name: a word of it that begins with "prod" makes it a production system.
func NewEnvironment(name string) Environment {
	e := Environment{Name: name}
	notLetter := func(r rune) bool { return !unicode.IsLetter(r) }
	for _, word := range strings.FieldsFunc(strings.ToLower(name), notLetter) {
		if strings.HasPrefix(word, "prod") {
			e.Level = "warn"
		}
	}
	return e
}

// Assets are the addresses of the files that a page loads.
type Assets struct{ CSS, Theme, Script, Logo string }

// CurrentAssets returns the addresses of this program's files.
func CurrentAssets() Assets {
	return Assets{
		CSS: static.URL("app.css"), Theme: static.URL("js/theme.js"),
		Script: static.URL("js/live.js"), Logo: static.URL("img/logo.svg"),
	}
}

// Mark joins a page to the live stream: which topics it shows, and the sequence number of each at which it was
// rendered, so that the first delta fits without a gap.
type Mark struct {
	Epoch  string           `json:"epoch"`
	Topics map[string]int64 `json:"topics"`
}

// JSON returns the mark as the page carries it.
func (m Mark) JSON() string {
	b, err := json.Marshal(m)
	if err != nil {
		panic("views: a mark has only strings and numbers: " + err.Error())
	}
	return string(b)
}

// Chrome is the live part of the frame around all pages: the counts of the navigation and the note that the data is
// old.
type Chrome struct {
	Tasks, Queues, Workers, Failed string
	Clock, ISO                     string // the time of the data, UTC
	Stale                          *Stale // nil while the store answers
}

// Stale says that the numbers are from an earlier time.
type Stale struct {
	Known bool   // false where there never were numbers
	Clock string // "14:02:31"
	ISO   string
	Age   string
}

// NewChrome fills the frame from the last snapshot; snap is nil where none was ever read. stale says that reading it
// anew failed.
func NewChrome(snap *monitor.Snapshot, stale bool, now time.Time) Chrome {
	if snap == nil {
		return Chrome{Tasks: "–", Queues: "–", Workers: "–", Failed: "–", Clock: "–", Stale: &Stale{}}
	}
	t, at := snap.Totals, snap.At.Time
	c := Chrome{
		Tasks:  Capped(t.Pending + t.Assigned + t.Running + t.Scheduled + t.Retry),
		Queues: Count(int64(len(snap.Queues))), Workers: Count(int64(t.Workers)), Failed: Capped(t.Failed),
		Clock: Clock(at), ISO: ISO(at.Truncate(time.Second)), // a slot: finer, and it would change with every frame
	}
	if stale {
		c.Stale = &Stale{Known: true, Clock: c.Clock, ISO: c.ISO, Age: Age(now.Sub(at))}
	}
	return c
}
