package web

import "testing"

func TestTheComponentsAreShownToDevelopersOnly(t *testing.T) {
	newSite(t, Config{}).browser().visit("/dev/components", 404)
	page, _ := newSite(t, Config{Dev: true}).browser().visit("/dev/components", 200)
	has(t, page, "Healthy", "Falling behind", "Failing", "No workers", "Paused", "Data stale", "Scheduled", "Draining",
		"There are no numbers yet.", `data-level="warn"><span class="sr">Environment`, "Nothing was noted for", `class="points"`,
		"Retry task", `aria-label="100 %"`)
}
