package views

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/static"
)

// styles are the style sheets as browsers get them.
func styles(t *testing.T) string {
	t.Helper()
	f, _, ok := static.Find(static.Version() + "/app.css")
	if !ok {
		t.Fatal("there is no app.css")
	}
	return string(f.Body)
}

var property = regexp.MustCompile(`--([a-z-]+): light-dark\((#[0-9a-f]{3,6}), (#[0-9a-f]{3,6})\)`)

// palette returns the colours by name, of the light or the dark theme.
func palette(t *testing.T, dark bool) map[string]string {
	t.Helper()
	colours := map[string]string{}
	for _, m := range property.FindAllStringSubmatch(styles(t), -1) {
		if colours[m[1]] = m[2]; dark {
			colours[m[1]] = m[3]
		}
	}
	return colours
}

// luminance is the relative luminance of "#rgb" or "#rrggbb" (WCAG 2.2).
func luminance(t *testing.T, colour string) float64 {
	t.Helper()
	digits := strings.TrimPrefix(colour, "#")
	if len(digits) == 3 {
		digits = fmt.Sprintf("%c%[1]c%c%[2]c%c%[3]c", digits[0], digits[1], digits[2])
	}
	n, err := strconv.ParseUint(digits, 16, 24)
	if err != nil || len(digits) != 6 {
		t.Fatalf("%q is no colour: %v", colour, err)
	}
	linear := func(shift int) float64 {
		c := float64(n>>shift&0xff) / 255
		if c <= 0.04045 {
			return c / 12.92
		}
		return math.Pow((c+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(16) + 0.7152*linear(8) + 0.0722*linear(0)
}

// contrast is the ratio of two colours (WCAG 2.2): 1 for the same, 21 for black on white.
func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	x, y := luminance(t, a), luminance(t, b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func TestContrastIsComputedAsTheGuidelinesDo(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want float64
	}{{"#000", "#ffffff", 21}, {"#777777", "#fff", 4.48}, {"#1456d8", "#1456d8", 1}} {
		if got := contrast(t, c.a, c.b); math.Abs(got-c.want) > 0.01 {
			t.Errorf("%s on %s: %.2f; want %.2f", c.a, c.b, got, c.want)
		}
	}
}

func TestColoursStandOutFromEverySurface(t *testing.T) {
	const least = 4.7
	for name, dark := range map[string]bool{"light": false, "dark": true} {
		p := palette(t, dark)
		for _, surface := range []string{"panel", "page", "sunk"} {
			for _, colour := range []string{"neutral", "running", "retrying", "done", "failed", "ink"} {
				if got := contrast(t, p[colour], p[surface]); got < least {
					t.Errorf("%s: %s %s on %s %s has a contrast of %.2f; want at least %.1f",
						name, colour, p[colour], surface, p[surface], got, least)
				}
			}
		}
		for _, filled := range []string{"running", "retrying"} {
			if got := contrast(t, p["on-accent"], p[filled]); got < least {
				t.Errorf("%s: the words on what is filled with %s have a contrast of %.2f", name, filled, got)
			}
		}
	}
}

func TestColoursAreThoseOfTheDesign(t *testing.T) {
	want := map[string][2]string{
		"neutral": {"#4a5263", "#98a2b0"}, "running": {"#1456d8", "#4fa3f7"}, "retrying": {"#9a5b00", "#f2c14e"},
		"done": {"#0b7a55", "#2be0a6"}, "failed": {"#7f0f12", "#f2695c"}, "ink": {"#1b2330", "#e6eaf0"},
		"page": {"#f6f7f9", "#0f1419"}, "panel": {"#fff", "#171d24"}, "sunk": {"#eef1f5", "#1f2730"},
	}
	light, dark := palette(t, false), palette(t, true)
	for name, c := range want {
		if got := [2]string{light[name], dark[name]}; got != c {
			t.Errorf("%s is %v; want %v", name, got, c)
		}
	}
}

var (
	stateRule = regexp.MustCompile(`(?m)^([^{\n]*\[data-s="[^{\n]*) \{ --c: var\(--([a-z]+)\); --i: var\(--i-([a-z]+)\)`)
	stateName = regexp.MustCompile(`\[data-s="([a-z]+)"\]`)
)

func TestEveryStateHasItsOwnIcon(t *testing.T) {
	css, icons := styles(t), map[string]string{}
	for _, rule := range stateRule.FindAllStringSubmatch(css, -1) {
		for _, name := range stateName.FindAllStringSubmatch(rule[1], -1) {
			icons[name[1]] = rule[3]
		}
	}
	used := map[string]queue.State{}
	for _, s := range queue.States {
		icon := icons[string(s)]
		if other, twice := used[icon]; icon == "" || twice {
			t.Errorf("%s has the icon %q, like %q; want one of its own", s, icon, other)
		}
		used[icon] = s
		if !strings.Contains(css, "--i-"+icon+": url(") {
			t.Errorf("there is no picture for the icon %q", icon)
		}
	}
	for _, name := range []queue.WorkerState{queue.WorkerStarting, queue.WorkerReady, queue.WorkerDraining, queue.WorkerLost, queue.WorkerGone} {
		if icons[string(name)] == "" {
			t.Errorf("a worker that is %s has no icon", name)
		}
	}
}

func TestEveryKeyIsListedOnce(t *testing.T) {
	seen := map[string]bool{}
	for _, k := range Keys() {
		if seen[k.code()] || k.Words == "" {
			t.Errorf("the key %q stands twice, or says nothing: %+v", k.code(), k)
		}
		seen[k.code()] = true
	}
	for _, code := range []string{"go", "gq", "gt", "gw", "gf", "/", "n", "j", "k", "Enter", "x", "r", "c", "#", "Space", ".", "t", "?"} {
		if !seen[code] {
			t.Errorf("the help lacks %q", code)
		}
	}
}

func TestTheFirstStepsGoWithTheFirstTask(t *testing.T) {
	d := sampleData("plain")
	if f := newFirst(d); f != nil {
		t.Errorf("after %d submits: %+v; want none", d.Snap.Totals.SubmittedTotal, f)
	}
	d.Snap.Totals.SubmittedTotal = 0
	for workers, want := range map[int]string{0: "", 1: "1 worker is ready", 1200: "1,200 workers are ready"} {
		d.Snap.Totals.Workers = workers
		if f := newFirst(d); f == nil || f.Workers != want {
			t.Errorf("%d workers: %+v; want %q", workers, f, want)
		}
	}
	if d.Stale = true; newFirst(d) != nil {
		t.Error("they are shown while nobody knows whether there was a task")
	}
}
