package bench

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/redisdb/child"
)

// crowd is a process of viewers, and takes one order at a time.
type crowd struct {
	process *child.Process
	orders  io.WriteCloser
	answers *bufio.Reader
}

// order is a line of JSON to the crowd.
type order struct {
	Do      string `json:"do"`      // gather, begin, end or disperse
	Addr    string `json:"addr"`    // gather: host:port of the server
	Viewers int    `json:"viewers"` // gather: how many there are to be in all
}

// answer is the line that an order gets.
type answer struct {
	Error string     `json:"error,omitempty"`
	Sight crowdSight `json:"sight"`
}

// crowdSight is what the viewers got between begin and end.
type crowdSight struct {
	Messages int64     `json:"messages"`
	Arrivals []arrival `json:"arrivals"`
}

// arrival is a snapshot that every viewer got, or a newer one instead.
type arrival struct {
	At   int64 `json:"at"`   // the snapshot's own time, ms
	Last int64 `json:"last"` // when the last viewer had it, µs since the epoch
}

// crowdStops is how long the crowd's process may take to end.
const crowdStops = 10 * time.Second

// startCrowd starts the process, once.
func (b *bed) startCrowd() error {
	if b.crowd != nil {
		return nil
	}
	if len(b.cfg.Crowd) == 0 {
		return errors.New("no command for the crowd of viewers: Config.Crowd is empty")
	}
	cmd := exec.Command(b.cfg.Crowd[0], b.cfg.Crowd[1:]...) // #nosec G204: this program itself, as its caller says
	cmd.Stderr = os.Stderr
	orders, err := cmd.StdinPipe()
	if err != nil {
		return fmt.Errorf("start the viewers: %w", err)
	}
	answers, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("start the viewers: %w", err)
	}
	process, err := child.Start(cmd)
	if err != nil {
		return fmt.Errorf("start the viewers: %w", err)
	}
	b.crowd = &crowd{process, orders, bufio.NewReader(answers)}
	return nil
}

func (c *crowd) tell(o order) (crowdSight, error) {
	line, err := json.Marshal(o)
	if err == nil {
		_, err = c.orders.Write(append(line, '\n'))
	}
	if err != nil {
		return crowdSight{}, fmt.Errorf("tell the viewers: %w", err)
	}
	line, err = c.answers.ReadBytes('\n')
	var a answer
	if err == nil {
		err = json.Unmarshal(line, &a)
	}
	if err == nil && a.Error != "" {
		err = errors.New(a.Error)
	}
	if err != nil {
		return a.Sight, fmt.Errorf("viewers (%s): %w", o.Do, err)
	}
	return a.Sight, nil
}

// gather returns when n viewers in all have each got a first snapshot.
func (c *crowd) gather(addr string, n int) error {
	_, err := c.tell(order{Do: "gather", Addr: addr, Viewers: n})
	return err
}

func (c *crowd) begin() error {
	_, err := c.tell(order{Do: "begin"})
	return err
}

func (c *crowd) end() (crowdSight, error) { return c.tell(order{Do: "end"}) }

// disperse closes all viewers' connections.
func (c *crowd) disperse() error {
	_, err := c.tell(order{Do: "disperse"})
	return err
}

func (c *crowd) close() {
	if c == nil {
		return
	}
	_ = c.orders.Close() // which ends it
	select {
	case <-c.process.Done():
	case <-time.After(crowdStops):
		c.process.Stop(crowdStops)
	}
}
