package queue

import (
	"strings"
	"testing"
	"time"
)

// BenchmarkRecord writes and reads the record of a task of 128 bytes: one that says nothing but its payload, and one that
// also has what is kept as JSON.
func BenchmarkRecord(b *testing.B) {
	plain := Task{Type: "noop", Payload: []byte(`"` + strings.Repeat("x", 126) + `"`)}
	spec := plain
	spec.Timeout, spec.Backoff, spec.Tags = time.Minute, Backoff{Strategy: Linear, Base: time.Second}, []string{"a", "b"}
	for name, task := range map[string]Task{"plain": plain, "spec": spec} {
		tail, _, err := task.recordTail()
		if err != nil {
			b.Fatal(err)
		}
		b.Run("encode="+name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := task.recordTail(); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run("decode="+name, func(b *testing.B) {
			record := "5|default|noop|1790000000000|3|0|" + tail
			b.ReportAllocs()
			for b.Loop() {
				if _, err := DecodeRecord("T1", record, ""); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
