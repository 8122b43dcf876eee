package harness

import "strings"

// Ends is how many final outcomes were recorded in all, over the cell's whole life: a task that ended twice counts
// twice, and so does one that was redriven.
func (c *Census) Ends() int {
	n := 0
	for field := range c.hashes["counts"] {
		switch field[strings.LastIndexByte(field, '|')+1:] {
		case "C", "F", "X":
			n += int(c.counter(field))
		}
	}
	return n
}

// LostWorkers are the ids of the workers that were declared lost within the hour.
func (c *Census) LostWorkers() []string {
	var lost []string
	for _, id := range c.lists["workers_gone"] {
		if c.hashes["worker_status:"+id]["state"] == "lost" {
			lost = append(lost, id)
		}
	}
	return lost
}
