//go:build axe

package browser

import (
	"fmt"
	"os"
	"testing"

	"github.com/xuniquepatel/queue-pilot/app/e2e/harness"
)

// axeFile is put there by npm: see package.json beside it. `task browser` does so.
const axeFile = "axe/node_modules/axe-core/axe.min.js"

// violations names what breaks the rules of WCAG 2.2 AA, and where.
const violations = `(async () => {
  const found = await axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] });
  return found.violations.map((v) => v.id + " (" + v.help + ") at " + v.nodes.slice(0, 3).map((n) => n.target.join(" ") + ": " + n.html.slice(0, 120)).join(" and ")).join("\n");
})()`

func (s *site) accessible(what string) {
	s.t.Helper()
	rules, err := os.ReadFile(axeFile)
	if err != nil {
		s.t.Fatalf("npm ci --prefix app/e2e/browser/axe: %v", err)
	}
	s.run(string(rules))
	if found := s.text(violations); found != "" {
		s.t.Errorf("%s breaks\n%s", what, found)
	}
}

func TestEachPageIsAccessible(t *testing.T) {
	s := newSite(t)
	s.Submit(someTasks(90000, 30)...)
	s.UntilState("failed", "L90000-9")
	paths := []string{
		"/", "/?span=1h&chart=table", "/tasks", "/tasks?state=failed", "/tasks?state=scheduled", "/failed", "/queues", "/queues/queue-0", "/workers", "/submit", "/tasks/L90000-9",
		"/confirm?action=delete&state=failed",
		"/tasks/L90000-1", "/tasks/L90000-1/delete", "/nowhere",
	}
	for _, scheme := range []string{"light", "dark"} {
		s.Prefer("prefers-color-scheme", scheme)
		for _, width := range []int64{320, 1280} {
			s.Viewport(width, 900)
			for _, path := range paths {
				s.Open(s.URL + path)
				s.accessible(fmt.Sprintf("%s, %s, %d px", path, scheme, width))
			}
		}
	}
}

func TestAStalePageIsAccessible(t *testing.T) {
	s := newSite(t)
	s.Submit(someTasks(90000, 30)...)
	s.live("/")
	s.Web.Kill()
	s.UntilText("#live", "Connection lost")
	for _, scheme := range []string{"light", "dark"} {
		s.Prefer("prefers-color-scheme", scheme)
		s.accessible("the stale overview, " + scheme)
	}
}

func TestOpenDialogsAreAccessible(t *testing.T) {
	s := newSite(t)
	s.Submit(someTasks(90000, 30)...)
	s.UntilState("failed", "L90000-9")
	for _, scheme := range []string{"light", "dark"} {
		s.Prefer("prefers-color-scheme", scheme)
		s.live("/")
		s.run(`document.getElementById("keys-help").click()`)
		s.UntilThere("dialog[open]")
		s.accessible("the list of keys, " + scheme)
		s.live("/tasks/L90000-9")
		s.run(`document.querySelector('[data-ask][href$="/delete"]').click()`)
		s.UntilThere("dialog[open] h1")
		s.accessible("a question, " + scheme)
	}
}

func TestAnEmptySystemIsAccessible(t *testing.T) {
	t.Parallel()
	s := &site{System: harness.NewSystem(t), Browser: harness.NewBrowser(t), t: t}
	for _, path := range []string{"/", "/tasks", "/queues", "/workers"} {
		s.Open(s.URL + path)
		s.accessible("empty " + path)
	}
}
