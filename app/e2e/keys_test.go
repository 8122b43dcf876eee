package e2e

import (
	"context"
	"fmt"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/xuniquepatel/queue-pilot/app/e2e/harness"
)

// press sends keys to whatever has the focus.
func press(b *harness.Browser, keys ...string) {
	for _, key := range keys {
		b.Do(chromedp.KeyEvent(key))
	}
}

// expect fails the test where an expression is not what it should be.
func expect[T comparable](t *testing.T, b *harness.Browser, expression string, want T) {
	t.Helper()
	if got, err := harness.Eval[T](b, expression); err != nil || got != want {
		t.Errorf("%s is %v, %v; want %v", expression, got, err, want)
	}
}

func TestKeysLeadThroughThePages(t *testing.T) {
	t.Parallel()
	sys, b := harness.NewSystem(t), harness.NewBrowser(t)
	sys.Submit(harness.New{"id": "T-1", "payload": "p"}, harness.New{"id": "T-2", "payload": "p"})
	open(t, b, sys.URL+"/")
	press(b, "g", "t")
	b.UntilThere(`#tasks-table`)
	b.UntilText("#live", "Live") // its script listens now
	press(b, "j")
	expect(t, b, `document.activeElement.textContent`, "T-2")
	press(b, "j", "j", "j")
	expect(t, b, `document.activeElement.textContent`, "T-1")
	press(b, "k")
	expect(t, b, `document.activeElement.textContent`, "T-2")
	press(b, "c")
	b.UntilText(`dialog[open] h1`, "Cancel task T-2?")
	expect(t, b, `document.activeElement.textContent.trim()`, "Keep it")
	press(b, "n") // off under a dialog
	expect(t, b, `location.pathname`, "/tasks")
	b.Do(chromedp.Click(chromedp.CSS(`dialog[open] button.danger`)))
	b.UntilText("#task-id", "T-2")
	sys.UntilState("canceled", "T-2")
	b.UntilText("#live", "Live")
	press(b, "/")
	b.UntilThere(`header input[name="q"]:focus`)
	press(b, "n", "?")
	expect(t, b, `location.pathname + " " + document.activeElement.value.slice(-2)`, "/tasks/T-2 n?")
	b.Open(sys.URL + "/tasks#search")
	b.UntilThere(`#search:focus`)
}

func TestTheHelpListsTheKeysAndTurnsThemOff(t *testing.T) {
	t.Parallel()
	sys, b := harness.NewSystem(t), harness.NewBrowser(t)
	open(t, b, sys.URL+"/")
	press(b, "?")
	b.UntilThere(`#keys[open]`)
	b.Do(chromedp.Click(chromedp.CSS(`#keys-on`)), chromedp.Click(chromedp.CSS(`#keys form button`)))
	press(b, "n", "?")
	expect(t, b, `location.pathname + document.querySelectorAll("dialog[open]").length`, "/0")
	open(t, b, sys.URL+"/queues")
	press(b, "n")
	expect(t, b, `location.pathname`, "/queues")
	b.Do(chromedp.Click(chromedp.CSS(`#keys-help`)), chromedp.Click(chromedp.CSS(`#keys-on`)), chromedp.Click(chromedp.CSS(`#keys form button`)))
	press(b, "n")
	b.UntilThere(`#submit`)
}

func TestSpacePausesTheNumbersAndBringsThemUpToDate(t *testing.T) {
	t.Parallel()
	sys, b := harness.NewSystem(t), harness.NewBrowser(t)
	open(t, b, sys.URL+"/")
	press(b, " ")
	b.UntilText("#live", "Paused")
	ids := sys.Submit(harness.New{"id": "T-paused", "payload": "p"})
	sys.UntilState("pending", ids...)
	other := harness.NewBrowser(t)
	open(t, other, sys.URL+"/")
	other.UntilThere(`#o-latest a[title="T-paused"]`)
	expect(t, b, `document.querySelectorAll('a[title="T-paused"]').length`, 0)
	press(b, " ")
	b.UntilText("#live", "Live")
	b.UntilThere(`#o-latest a[title="T-paused"]`)
	checkMark(t, b)
}

func TestStructureWaitsWhileSomebodyIsThereAndNumbersGoOn(t *testing.T) {
	t.Parallel()
	sys, b := harness.NewSystem(t), harness.NewBrowser(t)
	sys.Submit(harness.New{"queue": "one", "payload": "p"})
	open(t, b, sys.URL+"/queues")
	b.UntilText(`[data-v="q:one:pending"]`, "1")
	b.Do(chromedp.Focus(chromedp.CSS(`#queues-list a.id`)))
	sys.Submit(harness.New{"queue": "one", "payload": "p"}, harness.New{"queue": "two", "payload": "p"})
	b.UntilThere(`#queues-list[data-held]`)
	b.UntilText(`[data-v="q:one:pending"]`, "2")
	expect(t, b, `document.querySelectorAll('[data-v="q:two:pending"]').length`, 0)
	expect(t, b, `Boolean(document.activeElement.closest("#queues-list"))`, true)
	b.Do(chromedp.Focus(chromedp.CSS(`#theme`)))
	b.UntilText(`[data-v="q:two:pending"]`, "1")
	press(b, "?")
	b.UntilThere(`#keys[open]`)
	sys.Submit(harness.New{"queue": "three", "payload": "p"})
	b.UntilThere(`#queues-list[data-held]`)
	press(b, kb.Escape) // a click would leave the pointer over the table
	b.UntilText(`[data-v="q:three:pending"]`, "1")
	checkMark(t, b)
}

// inKolkata puts the browser into a time zone with a long name.
func inKolkata(b *harness.Browser) {
	b.Do(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, emulation.SetTimezoneOverride, emulation.SetTimezoneOverrideParams{TimezoneID: "Asia/Kolkata"})
		return err
	}))
}

func TestNoPageScrollsSidewaysOnAPhone(t *testing.T) {
	t.Parallel()
	sys, b := harness.NewSystemWith(t, harness.Setup{Args: []string{"--dev"}}), harness.NewBrowser(t)
	inKolkata(b)
	b.Do(chromedp.EmulateViewport(320, 800))
	wide := func(page string) {
		expect(t, b, fmt.Sprintf(`%q + ": " + document.documentElement.scrollWidth`, page), page+": 320")
	}
	open(t, b, sys.URL+"/")
	b.Do(chromedp.Click(chromedp.CSS(`#zone`)))
	wide("first steps")
	sys.Worker("a-worker-with-a-name-as-long-as-names-may-be-0123456789-abcdefgh", 2)
	sys.Submit(harness.New{"id": "T-1", "type": "sleep", "payload": map[string]int{"seconds": 600}})
	id := sys.Submit(harness.New{"queue": "a-queue-with-a-name-as-long-as-names-may-be-0123456789-abcdefgh", "payload": "p"})[0]
	sys.UntilState("completed", id)
	sys.UntilState("running", "T-1")
	for _, page := range []string{"/", "/tasks", "/tasks/" + id, "/tasks/T-1", "/tasks/T-1/cancel", "/queues", "/workers", "/submit", "/nowhere"} {
		open(t, b, sys.URL+page)
		wide(page)
	}
	b.Open(sys.URL + "/dev/components")
	b.UntilThere(`#zone:not([hidden])`)
	wide("/dev/components")
	open(t, b, sys.URL+"/nowhere")
	b.Do(chromedp.Click(chromedp.CSS(`#keys-help`)))
	wide("the keys")
	sys.Web.Kill()
	b.UntilText("#live", "Connection lost")
	wide("connection lost")
}

func TestTimesFollowTheChosenZoneAlsoAfterAChange(t *testing.T) {
	t.Parallel()
	sys, b := harness.NewSystem(t), harness.NewBrowser(t)
	sys.Submit(harness.New{"id": "T-zone", "payload": "p"})
	inKolkata(b)
	open(t, b, sys.URL+"/tasks/T-zone")
	created := `document.querySelector('[data-v="t:T-zone:created"]')`
	expect(t, b, fmt.Sprintf(`/ UTC$/.test(%s.textContent) && /GMT\+5:30$/.test(%[1]s.title)`, created), true)
	b.Do(chromedp.Click(chromedp.CSS(`#zone`)))
	b.UntilText("#chrome-foot .zone", "GMT+5:30")
	expect(t, b, fmt.Sprintf(`/ GMT\+5:30$/.test(%s.textContent) && / UTC$/.test(%[1]s.title)`, created), true)
	sys.Worker("w", 1)
	b.UntilText(`[data-v="t:T-zone:finished"]`, "GMT+5:30")
	b.Open(sys.URL + "/tasks/T-zone")
	b.UntilText(`[data-v="t:T-zone:finished"]`, "GMT+5:30")
}

func TestTheThemeIsChosenAndRemembered(t *testing.T) {
	t.Parallel()
	sys, b := harness.NewSystem(t), harness.NewBrowser(t)
	open(t, b, sys.URL+"/")
	for _, want := range []string{"light", "dark"} {
		press(b, "t")
		expect(t, b, `document.documentElement.dataset.theme`, want)
	}
	b.Open(sys.URL + "/queues")
	expect(t, b, `document.documentElement.dataset.theme + getComputedStyle(document.body).backgroundColor`, "darkrgb(15, 20, 25)")
	press(b, "t")
	expect(t, b, `String(document.documentElement.dataset.theme)`, "undefined")
}

func TestMistakesInJSONHaveTheirPlace(t *testing.T) {
	t.Parallel()
	sys, b := harness.NewSystem(t), harness.NewBrowser(t)
	open(t, b, sys.URL+"/submit")
	for text, want := range map[string]string{
		"{\n  \"a\": x}": "line 2, column 8", `["a" "b"]`: "line 1, column 6", `{"a":1}`: "JSON", "plain": "Plain text",
	} {
		_, err := harness.Eval[bool](b, fmt.Sprintf(`(() => { const f = document.querySelector("#f-payload"); f.value = %q;
			return f.dispatchEvent(new Event("input", { bubbles: true })); })()`, text))
		if err != nil {
			t.Fatal(err)
		}
		b.UntilText("#h-payload", want)
	}
}
