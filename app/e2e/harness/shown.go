package harness

import (
	"fmt"
	"slices"
)

// measure submits tasks one after the other from within the page and returns, in ms, how long each took to be seen in
// place, which is an element; sees(id, i) tells.
const measure = `(async () => {
  const place = %s, took = [];
  const done = () => Number(place.textContent.replace(/,/g, ""));
  const sees = %s, name = "P" + Date.now();
  for (let i = 0; i < %d; i++) {
    const id = name + "-" + i, began = performance.now();
    const seen = new Promise((resolve) => {
      const look = () => { if (sees(id, i)) { observer.disconnect(); resolve(); } };
      const observer = new MutationObserver(look);
      observer.observe(place, { childList: true, subtree: true, characterData: true, attributes: true });
    });
    const answer = await fetch("/submit_task", {
      method: "POST", headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ task: { id, payload: "p" } }),
    });
    if (!answer.ok) throw new Error("submit answered " + answer.status);
    await seen;
    took.push(performance.now() - began);
  }
  return took;
})()`

// UntilShown submits n tasks from within the overview, one after the other, each when the one before is shown among the
// latest, and says how long that took, from the submit to the page's DOM. The list lets new rows come as fast as one can
// read them, so of many the later ones wait.
func (b *Browser) UntilShown(n int) string {
	b.t.Helper()
	return b.measure(n, `document.getElementById("o-latest")`, `(id) => place.querySelector('a[title="' + id + '"]')`)
}

// UntilCounted is UntilShown for the number of tasks that are done, which stands in the row of their queue: that must be
// there, a worker must be quick, and nobody else may submit.
func (b *Browser) UntilCounted(n int) string {
	b.t.Helper()
	return b.measure(n, `document.querySelector('[data-v="q:default:completed"]')`, `((first) => (id, i) => done() > first + i)(done())`)
}

func (b *Browser) measure(n int, place, sees string) string {
	b.t.Helper()
	took, err := Eval[[]float64](b, fmt.Sprintf(measure, place, sees, n))
	if err != nil || len(took) != n {
		b.t.Fatalf("%d of %d tasks were seen: %v", len(took), n, err)
	}
	slices.Sort(took)
	return fmt.Sprintf("p50 %.0f ms, p95 %.0f ms, slowest %.0f ms", took[n/2], took[n*95/100], took[n-1])
}
