package bench

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestASnapshotHasArrivedWhenTheLastViewerHasItOrANewerOne(t *testing.T) {
	got := arrivals([][]receipt{
		{{100, 1000}, {200, 2000}, {300, 3000}},
		{{100, 1500}, {300, 3500}}, // skipped 200: a slow viewer gets the newest
		{{100, 1200}, {200, 2200}}, // has not got 300 yet
	})
	want := []arrival{{100, 1500}, {200, 3500}}
	if !slices.Equal(got, want) {
		t.Errorf("arrivals are %v; want %v", got, want)
	}
}

func TestTheTimeIsReadFromASnapshotsHead(t *testing.T) {
	at, err := timeOf([]byte(`{"type":"snapshot","seq":12,"at":"2026-11-24T10:00:00.250Z","queues":[{"na`))
	if err != nil || at != 1795514400250 {
		t.Errorf("timeOf = %d, %v", at, err)
	}
	for _, head := range []string{``, `{"type":"error"}`, `{"at":"yesterday"}`, `{"at":"2026-11-24T10:00:00.2`} {
		if _, err := timeOf([]byte(head)); err == nil {
			t.Errorf("timeOf(%s) has no error", head)
		}
	}
}

func TestTheCrowdAnswersAWrongOrderAndGoesOn(t *testing.T) {
	var out bytes.Buffer
	must(t, RunCrowd(strings.NewReader(`{"do":"dance"}`+"\n"+`{"do":"gather","addr":"127.0.0.1:1","viewers":1}`+"\n"+`{"do":"end"}`+"\n"), &out))
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 3 || !strings.Contains(lines[0], "dance") || !strings.Contains(lines[1], "connect to /ws") ||
		strings.Contains(lines[2], "error") {
		t.Errorf("the crowd answered\n%s", out.String())
	}
	if err := RunCrowd(strings.NewReader("no JSON\n"), &out); err == nil {
		t.Error("a line that is no order has no error")
	}
}

func TestACrowdThatEndsIsAnErrorAndNoHang(t *testing.T) {
	b := newTestBed(t)
	b.cfg.Crowd = []string{"true"}
	must(t, b.startCrowd())
	<-b.crowd.process.Done()
	if err := errors.Join(b.crowd.begin(), b.crowd.disperse()); err == nil {
		t.Error("orders to a process that has ended have no error")
	}
}

func TestWithoutFilesForAllViewersFewerAreMeasuredAndSaidSo(t *testing.T) {
	b := newTestBed(t)
	most := mostViewers()
	got := b.viewers([]int{1, 100, 10 * most, 20 * most})
	if !slices.Equal(got, []int{1, 100, most}) {
		t.Errorf("viewers are %v; want 1, 100 and %d", got, most)
	}
	if len(b.notes) != 2 || !strings.Contains(b.notes[0], "ulimit -Hn") || !strings.Contains(b.notes[0], "instead") {
		t.Errorf("the notes are %q", b.notes)
	}
}
