package views

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

// typeCountAbove is from how many tasks on a person types the number: a habit cannot click through it.
const typeCountAbove = 100

// NeedsTyping reports whether a person types the number of tasks that a move is for.
func NeedsTyping(count int) bool { return count > typeCountAbove }

// Bulk is the page that asks before many tasks are moved.
type Bulk struct {
	Question  string   // names scope and count: "Retry 1,204 failed tasks in email?"
	Effect    string   // what it does to them
	More      string   // that more match than can be selected, empty where not
	Sample    []string // some ids
	Rest      string   // "and 1,199 more", empty where the sample is all
	Verb      string   // the button's words
	Danger    bool     // it cannot be undone
	Empty     bool     // nothing matches: there is nothing to do
	Typed     bool     // the person types the count
	Count     string   // "1204", for the field that is hidden unless Typed
	Shown     string   // "1,204", to be typed
	Wrong     string   // what was typed and is not the count, as a sentence
	Selection string
	Action    string // as the form sends it
	Back      string
}

// NewBulk fills the page for a selection; wrong says what was not right about the count that was typed.
func NewBulk(s queue.Selection, wrong string) Bulk {
	shown := Count(int64(s.Count))
	m := Bulk{
		Question: verbs[s.Action].word + " " + scope(s) + "?", Effect: verbs[s.Action].effect, Sample: s.Sample,
		Verb: verbs[s.Action].word + " " + Plural(int64(s.Count), "task"), Danger: s.Action != queue.ActionRetry, Empty: s.Count == 0,
		Typed: NeedsTyping(s.Count), Count: strconv.Itoa(s.Count), Shown: shown, Wrong: wrong, Selection: s.ID,
		Action: string(s.Action), Back: TasksHref(s.Filter),
	}
	if m.Empty {
		m.Question, m.Effect = "Nothing to "+string(s.Action), "No "+strings.TrimPrefix(scope(s), "0 ")+". They may have moved on since you looked."
	}
	if rest := s.Count - len(s.Sample); rest > 0 {
		m.Rest = "and " + Count(int64(rest)) + " more"
	}
	if s.More {
		m.More = "More than " + Count(queue.MaxSelection) + " match. These are the first; ask again for the others."
	}
	return m
}

var verbs = map[queue.Action]struct{ word, done, effect string }{
	queue.ActionRetry: {
		"Retry", "Retried",
		"They go back on their queues, to start again at attempt 1. Tasks that fail after this page was made are not among them.",
	},
	queue.ActionCancel: {
		"Cancel", "Canceled",
		"They will not run; those that run are told to stop, and what they did so far is not undone. Canceled tasks can be retried later.",
	},
	queue.ActionDelete: {
		"Delete", "Deleted", "Their payloads, results and attempts are forgotten. This cannot be undone.",
	},
}

// scope names exactly which tasks: "1,204 failed tasks of type send in email, on w-1, with "x" in the id".
func scope(s queue.Selection) string {
	f := s.Filter
	kind := "selected "
	if f != (queue.Filter{}) {
		kind = spaced(string(f.State))
	}
	if s.Count == 1 {
		kind += "task"
	} else {
		kind += "tasks"
	}
	text := Count(int64(s.Count)) + " " + kind
	for _, part := range [][2]string{{" of type ", f.Type}, {" in ", f.Queue}, {" on ", f.Worker}} {
		if part[1] != "" {
			text += part[0] + part[1]
		}
	}
	if f.Q != "" {
		text += " with “" + f.Q + "” in the id"
	}
	return text
}

// DoneSentence says what was done with a selection: "Retried 1,204; 3 had moved on."
func DoneSentence(s queue.Selection) string {
	text := verbs[s.Action].done + " " + Count(int64(s.Acted.Done))
	if s.Acted.Skipped > 0 {
		text += "; " + Count(int64(s.Acted.Skipped)) + " had moved on"
	}
	if s.Acted.Gone > 0 {
		text += "; " + Count(int64(s.Acted.Gone)) + " were gone"
	}
	if s.Acted.Left > 0 {
		text += "; " + Count(int64(s.Acted.Left)) + " are left"
	}
	return text + "."
}

// BulkLink leads to the page that asks.
type BulkLink struct {
	Label, Href string
	Danger      bool
}

// newBulkLinks lists the actions on all tasks of a list under a state; none without one.
func newBulkLinks(f queue.Filter) []BulkLink {
	var links []BulkLink
	for _, a := range queue.Actions {
		if f.State != "" && a.Takes(f.State) {
			links = append(links, BulkLink{Label: verbs[a].word + " all…", Href: BulkHref(a, f), Danger: a != queue.ActionRetry})
		}
	}
	return links
}

// BulkHref is the address of the page that asks before an action on all tasks under a filter.
func BulkHref(a queue.Action, f queue.Filter) string {
	f.After = ""
	v := url.Values{"action": {string(a)}}
	_, query, _ := strings.Cut(TasksHref(f), "?")
	return "/confirm?" + strings.TrimSuffix(v.Encode()+"&"+query, "&")
}
