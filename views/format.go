// Package views turns data into HTML: one view model a page, one builder that fills it with text, one templ component
// that lays it out. The page and the live stream render the same components from the same models, so a number reads
// the same whether it came with the page or changed a second later. Components call nothing and know no clock.
package views

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Count writes n with thousands separated: 1234567 is "1,234,567".
func Count(n int64) string {
	if n < 0 {
		return "-" + Count(-n)
	}
	digits := strconv.FormatInt(n, 10)
	var b strings.Builder
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	return b.String()
}

// maxShown caps the counts of tabs and of the navigation: beyond it nobody reads the digits, and the width must hold.
const maxShown = 100_000

// Capped is Count up to 100,000, and "100,000+" above.
func Capped(n int64) string {
	if n > maxShown {
		return Count(maxShown) + "+"
	}
	return Count(n)
}

// Duration writes a measured time with two figures that matter: "820 ms", "1.5 s", "42 s", "4 min 12 s", "3 h 5 min",
// "2 d 4 h". Negative durations read as none: clocks differ by some milliseconds.
func Duration(d time.Duration) string {
	switch {
	case d <= 0:
		return "0 ms"
	case d < time.Millisecond:
		return "< 1 ms"
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < 10*time.Second:
		return fmt.Sprintf("%.1f s", math.Floor(d.Seconds()*10)/10)
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < time.Hour:
		return pair(d, time.Minute, "min", time.Second, "s")
	}
	return long(d)
}

// Age writes a time that is still growing. It has whole seconds, and from ten minutes on whole minutes, so that a
// page full of ages does not change all over every second.
func Age(d time.Duration) string {
	switch {
	case d < time.Second:
		return "0 s"
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < 10*time.Minute:
		return pair(d, time.Minute, "min", time.Second, "s")
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	}
	return long(d)
}

func long(d time.Duration) string {
	if d < 24*time.Hour {
		return pair(d, time.Hour, "h", time.Minute, "min")
	}
	return pair(d, 24*time.Hour, "d", time.Hour, "h")
}

// pair writes d in two units and drops the smaller where it is 0.
func pair(d, big time.Duration, bigName string, small time.Duration, smallName string) string {
	whole, rest := d/big, d%big/small
	if rest == 0 {
		return fmt.Sprintf("%d %s", whole, bigName)
	}
	return fmt.Sprintf("%d %s %d %s", whole, bigName, rest, smallName)
}

// Ago writes how long before now t was: "just now", "12 s ago"; "never" for the zero time.
func Ago(t, now time.Time) string {
	switch d := now.Sub(t); {
	case t.IsZero():
		return "never"
	case d < time.Second:
		return "just now"
	default:
		return Age(d) + " ago"
	}
}

// Since is Ago in whole minutes from one minute on: a list has it in every row, and each change goes over the wire.
func Since(t, now time.Time) string {
	if d := now.Sub(t); !t.IsZero() && d >= time.Minute {
		return Age(d-d%time.Minute) + " ago"
	}
	return Ago(t, now)
}

// In writes how long after now t is: "in 12 s"; "now" once it has passed.
func In(t, now time.Time) string {
	d := t.Sub(now)
	if d < time.Second {
		return "now"
	}
	return "in " + Age(d)
}

// Rate writes a number per second: "0/s", "0.4/s", "12/s", "1,234/s".
func Rate(perSecond float64) string {
	switch {
	case math.IsNaN(perSecond) || perSecond < 0.05:
		return "0/s"
	case perSecond < 9.95:
		return strconv.FormatFloat(perSecond, 'f', 1, 64) + "/s"
	}
	return Count(int64(math.Round(perSecond))) + "/s"
}

// Share writes part of whole in per cent: "0 %", "0.4 %", "12 %"; "–" where whole is 0, as no share exists then.
func Share(part, whole float64) string {
	if whole <= 0 {
		return "–"
	}
	switch p := 100 * part / whole; {
	case p <= 0:
		return "0 %"
	case p < 0.1:
		return "< 0.1 %"
	case p < 10:
		return strings.TrimSuffix(strconv.FormatFloat(p, 'f', 1, 64), ".0") + " %"
	default:
		return strconv.Itoa(int(math.Round(p))) + " %"
	}
}

// Clock writes the time of day in UTC: "14:02:31"; "–" for the zero time.
func Clock(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.UTC().Format("15:04:05")
}

// Moment writes a full time in UTC with milliseconds: "2026-11-23 14:02:31.250 UTC"; "–" for the zero time.
func Moment(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.UTC().Format("2006-01-02 15:04:05.000 UTC")
}

// ISO writes t for the datetime attribute; empty for the zero time.
func ISO(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z07:00")
}

// Plural writes n and the word in the right number: "1 task", "12 tasks". The word must take an s.
func Plural(n int64, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return Count(n) + " " + word + "s"
}

// Title writes a state's or reason's name for people: "attempts_exhausted" is "Attempts exhausted".
func Title(name string) string {
	if name == "" {
		return ""
	}
	words := strings.ReplaceAll(name, "_", " ")
	return strings.ToUpper(words[:1]) + words[1:]
}

// shownJSON caps what of a payload or result a page holds: the rest is one click away as raw JSON.
const shownJSON = 64 << 10

// JSON writes raw indented, at most 64 KiB of it, and says whether something was cut. What is no JSON is shown as it
// is: the page must show what is there.
func JSON(raw []byte) (text string, cut bool) {
	var b bytes.Buffer
	if err := json.Indent(&b, raw, "", "  "); err != nil {
		b.Reset()
		b.Write(raw)
	}
	if b.Len() <= shownJSON {
		return strings.ToValidUTF8(b.String(), "\uFFFD"), false
	}
	return strings.ToValidUTF8(string(b.Bytes()[:shownJSON]), ""), true
}

// slug is a state's word as data-s has it; the browser derives the same from the text of a slot.
func slug(word string) string { return strings.ToLower(word) }
