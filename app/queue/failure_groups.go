package queue

import (
	"cmp"
	"slices"
	"time"
)

// groupNewest is how many of a group's tasks are named.
const groupNewest = 20

// FailureGroup is all failed tasks of one type and fingerprint.
type FailureGroup struct {
	*FailureKind
	Count     int
	FirstSeen time.Time // when the oldest of them failed
	LastSeen  time.Time
	Queues    []string      // by name
	Minutes   [lastHour]int // how many failed in each minute of the last hour, the last one now
	LastHour  int
	Newest    []Failure // at most 20
}

// Groups puts the failures of a queue and type (each "" for any) into groups. Those of which most failed in the last hour
// before now come first, then the larger ones, then the newer ones.
func (f *Failures) Groups(queue, kind string, now time.Time) []FailureGroup {
	byKind := map[*FailureKind]*FailureGroup{}
	for _, one := range f.Items {
		if queue != "" && one.Queue != queue || kind != "" && one.Kind.Type != kind {
			continue
		}
		g := byKind[one.Kind]
		if g == nil {
			g = &FailureGroup{FailureKind: one.Kind, LastSeen: time.UnixMilli(one.At).UTC()}
			byKind[one.Kind] = g
		}
		g.add(one, now.UnixMilli())
	}
	groups := make([]FailureGroup, 0, len(byKind))
	for _, g := range byKind {
		slices.Sort(g.Queues)
		groups = append(groups, *g)
	}
	slices.SortFunc(groups, func(a, b FailureGroup) int {
		return cmp.Or(cmp.Compare(b.LastHour, a.LastHour), cmp.Compare(b.Count, a.Count), b.LastSeen.Compare(a.LastSeen),
			cmp.Compare(a.Group, b.Group))
	})
	return groups
}

// Find returns the group with the id, or nil where no failed task is of it.
func (f *Failures) Find(id string) *FailureGroup {
	groups := f.Groups("", "", time.UnixMilli(f.Until))
	for i := range groups {
		if groups[i].Group == id {
			return &groups[i]
		}
	}
	return nil
}

// add takes the next older one.
func (g *FailureGroup) add(f Failure, now int64) {
	g.Count++
	g.FirstSeen = time.UnixMilli(f.At).UTC()
	if !slices.Contains(g.Queues, f.Queue) {
		g.Queues = append(g.Queues, f.Queue)
	}
	if minute, ok := minuteOf(f.At, now); ok {
		g.Minutes[minute]++
		g.LastHour++
	}
	if len(g.Newest) < groupNewest {
		g.Newest = append(g.Newest, f)
	}
}
