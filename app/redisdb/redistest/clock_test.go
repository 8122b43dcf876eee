package redistest_test

import (
	"testing"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/redisdb/redistest"
)

func TestTheClockJumpsAndScriptsSeeIt(t *testing.T) {
	clock := redistest.NewUnderClock(t)
	client := redistest.Open(t, clock.URL())
	for _, offset := range []time.Duration{0, time.Hour, -time.Hour, 90 * time.Minute, 0} {
		clock.SetOffset(offset)
		seconds, err := client.Eval(t.Context(), "return tonumber(redis.call('TIME')[1])", nil).Int64()
		if err != nil {
			t.Fatal(err)
		}
		if off := time.Until(time.Unix(seconds, 0)) - offset; off.Abs() > 20*time.Second {
			t.Errorf("set %v ahead, the server's clock is %v off that", offset, off)
		}
	}
}
