package harness

import (
	"fmt"
	"slices"
)

// measure submits tasks one after the other from within the page and returns, in ms, how long each took to be shown.
const measure = `(async () => {
  const list = document.getElementById("o-latest"), took = [];
  for (let i = 0; i < %d; i++) {
    const id = "P-" + i, began = performance.now();
    const shown = new Promise((resolve) => {
      const look = () => { if (list.querySelector('a[title="' + id + '"]')) { observer.disconnect(); resolve(); } };
      const observer = new MutationObserver(look);
      observer.observe(list, { childList: true, subtree: true, characterData: true, attributes: true });
    });
    const answer = await fetch("/submit_task", {
      method: "POST", headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ task: { id, payload: "p" } }),
    });
    if (!answer.ok) throw new Error("submit answered " + answer.status);
    await shown;
    took.push(performance.now() - began);
  }
  return took;
})()`

// UntilShown submits n tasks from within the overview, one after the other, each when the one before is shown among the
// latest, and says how long that took, from the submit to the page's DOM.
func (b *Browser) UntilShown(n int) string {
	b.t.Helper()
	took, err := Eval[[]float64](b, fmt.Sprintf(measure, n))
	if err != nil || len(took) != n {
		b.t.Fatalf("%d of %d tasks were shown: %v", len(took), n, err)
	}
	slices.Sort(took)
	return fmt.Sprintf("p50 %.0f ms, p95 %.0f ms, slowest %.0f ms", took[n/2], took[n*95/100], took[n-1])
}
