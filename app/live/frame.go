package live

import (
	"bytes"
	"context"
	"fmt"
	"html"
	"maps"
	"strings"

	"github.com/a-h/templ"
)

// part is one region of a page as it was rendered: its live values, and the markup around them. A value is the text
// of an element with data-v, or the attribute of it that data-a names. Taking the values out of the very markup that
// pages show is what makes both agree for ever.
type part struct {
	id     string
	markup string            // as rendered
	shape  string            // markup without the values: while it stays, only values are sent
	vals   map[string]string // by slot
	frozen bool              // its structure is announced and never sent: rows must not move under a reader
}

// frame is a whole topic at a moment.
type frame struct {
	model any // the view model that it was rendered from
	parts []part
	ids   []string // of a list: the rows on its page, in order
	left  []string // of a list: rows that no longer match the filter
	more  bool     // of a list: there is a next page
	count bool     // of a list: rows that come are announced
}

// newPart renders c. Components write to memory and call nothing, so an error is a broken component.
func newPart(id string, c templ.Component) part {
	var b bytes.Buffer
	if err := c.Render(context.Background(), &b); err != nil {
		panic(fmt.Sprintf("live: render %s: %v", id, err))
	}
	p := part{id: id, markup: b.String()}
	p.shape, p.vals = split(p.markup)
	return p
}

// newFrozen is newPart for a region whose structure stays.
func newFrozen(id string, c templ.Component) part {
	p := newPart(id, c)
	p.frozen = true
	return p
}

const slotMark = ` data-v="`

// split takes the values of live slots out of markup. It relies on what templ writes: attributes in double quotes,
// and every quote and angle bracket of a value escaped, so that no value can look like a slot.
func split(markup string) (shape string, vals map[string]string) {
	vals = map[string]string{}
	var b strings.Builder
	for {
		at := strings.Index(markup, slotMark)
		if at < 0 {
			b.WriteString(markup)
			return b.String(), vals
		}
		open := strings.LastIndexByte(markup[:at], '<')
		end := at + strings.IndexByte(markup[at:], '>') + 1
		tag := markup[open:end]
		b.WriteString(markup[:open])
		key, _ := attribute(tag, "data-v")
		if name, ok := attribute(tag, "data-a"); ok {
			vals[key], _ = attribute(tag, name)
			b.WriteString(without(tag, name))
			markup = markup[end:]
			if name == "datetime" { // the browser derives the text, in the viewer's time zone
				markup = markup[max(0, strings.IndexByte(markup, '<')):]
			}
			continue
		}
		stop := end + max(0, strings.IndexByte(markup[end:], '<'))
		vals[key] = html.UnescapeString(markup[end:stop])
		b.WriteString(withoutDerived(tag))
		markup = markup[stop:]
	}
}

// attribute returns the value of a tag's attribute.
func attribute(tag, name string) (string, bool) {
	_, rest, ok := strings.Cut(tag, " "+name+`="`)
	if !ok {
		return "", false
	}
	value, _, _ := strings.Cut(rest, `"`)
	return html.UnescapeString(value), true
}

// without returns the tag less one attribute.
func without(tag, name string) string {
	before, rest, ok := strings.Cut(tag, " "+name+`="`)
	if !ok {
		return tag
	}
	_, after, _ := strings.Cut(rest, `"`)
	return before + after
}

// withoutDerived drops the attributes that the browser derives from a slot's text: the state, and where data-p gives
// the beginning, the link.
func withoutDerived(tag string) string {
	tag = without(tag, "data-s")
	if _, ok := attribute(tag, "data-p"); ok {
		tag = without(tag, "href")
	}
	return tag
}

// message is what the stream of /ws/ui sends: the names are short because some go out four times a second.
type message struct {
	Type  string            `json:"type"` // hello, snap, d, ping, bye
	Topic string            `json:"t,omitempty"`
	Seq   int64             `json:"s,omitempty"`
	Base  int64             `json:"b,omitempty"`   // the sequence number that a delta stands on
	V     map[string]string `json:"v,omitempty"`   // slot to text
	H     map[string]string `json:"h,omitempty"`   // element id to markup
	X     []string          `json:"x,omitempty"`   // rows that left the filter
	New   int               `json:"n,omitempty"`   // rows that came and are not shown
	IDs   []string          `json:"ids,omitempty"` // snap of a list: all rows on its page
}

// delta returns what turns old into f, and whether that is anything.
func (f *frame) delta(old *frame) (message, bool) {
	m := message{Type: "d", V: map[string]string{}, H: map[string]string{}}
	for i := range f.parts {
		p, before := &f.parts[i], old.part(f.parts[i].id)
		if before == nil || (!p.frozen && p.shape != before.shape) {
			m.H[p.id] = p.markup
			continue
		}
		p.changes(before, m.V)
	}
	m.X = added(old.left, f.left)
	m.New = f.arrived(old)
	return m, len(m.V)+len(m.H)+len(m.X)+m.New > 0
}

// snap returns all of f. Frozen parts come as values: the rows that a page shows are its reader's.
func (f *frame) snap() message {
	m := message{Type: "snap", V: map[string]string{}, H: map[string]string{}, X: f.left}
	for _, p := range f.parts {
		if p.frozen {
			maps.Copy(m.V, p.vals)
			continue
		}
		m.H[p.id] = p.markup
	}
	if f.count {
		m.IDs = f.ids
	}
	return m
}

func (f *frame) part(id string) *part {
	for i := range f.parts {
		if f.parts[i].id == id {
			return &f.parts[i]
		}
	}
	return nil
}

// changes collects the values that differ. Slots that were not there before belong to rows that nobody shows yet.
func (p *part) changes(before *part, into map[string]string) {
	for key, text := range p.vals {
		if old, shown := before.vals[key]; shown && old != text {
			into[key] = text
		}
	}
}

// arrived counts the rows that came since old: unknown ones above the first known, and on a list's only page
// anywhere. Below that they moved up from the next page because others left.
func (f *frame) arrived(old *frame) int {
	if !f.count {
		return 0
	}
	known := make(map[string]bool, len(old.ids)+len(old.left))
	for _, id := range old.ids {
		known[id] = true
	}
	for _, id := range old.left {
		known[id] = true
	}
	n := 0
	for _, id := range f.ids {
		if !known[id] {
			n++
		} else if f.more {
			break
		}
	}
	return n
}

// added returns what is in now and not in before.
func added(before, now []string) []string {
	known := make(map[string]bool, len(before))
	for _, id := range before {
		known[id] = true
	}
	var list []string
	for _, id := range now {
		if !known[id] {
			list = append(list, id)
		}
	}
	return list
}
