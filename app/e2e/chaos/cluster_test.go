package chaos

import (
	"testing"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/e2e/harness"
	"github.com/xuniquepatel/queue-pilot/app/redisdb/redistest"
)

func TestRow14AClusterSlotMovesUnderLoadUnseen(t *testing.T) {
	row(t, 14, "Cluster: the cell's slot migrated under load", func(f *fault) {
		cluster := redistest.NewCluster(f)
		s := newSite(f, harness.Setup{WorkerTimeout: calm, Address: func(string) string { return cluster.URL() }})
		s.client = openClient(f, cluster.URL())
		crew := s.crew(2, 4)
		done := s.load(size(600, 6000), 10, 50*time.Millisecond, s.mixed)
		slot := cluster.Slot(f, s.client.Keys().Prefix())
		moves := f.during(done, 200*time.Millisecond, 600*time.Millisecond, func() {
			from := cluster.Owner(f, slot)
			cluster.MoveSlot(f, slot, from, (from+1+f.intn(2))%len(cluster.Nodes), nil)
		})
		f.figure("slot_moves", float64(moves))
		if refused := s.refused(); len(refused) > 0 {
			f.Errorf("submits were refused while the slot moved, by status: %v", refused)
		}
		s.drain()
		s.verify(0, crew.slots)
	})
}
