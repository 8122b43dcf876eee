// Screenshots takes a picture of every page, light and dark, wide and narrow, for people to look at before they call a page
// done: of a QueuePilot that it starts itself, empty, busy, failing, and with the server gone; or of one that runs.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"log"
	"maps"
	"slices"
)

// pages by the name of their picture.
var pages = map[string]string{
	"overview": "/", "day": "/?span=24h&chart=table", "queues": "/queues", "queue": "/queues/default", "tasks": "/tasks",
	"failed": "/failed", "workers": "/workers", "submit": "/submit", "confirm": "/confirm?action=delete&state=failed", "missing": "/nowhere",
}

func main() {
	server := flag.String("server", "", "address of a server that runs; by default one of its own")
	dir := flag.String("dir", ".screenshots", "folder for the pictures")
	flag.Parse()
	c, closeBrowser := newCamera(*dir)
	defer closeBrowser()
	err := error(nil)
	if *server != "" {
		err = shootAll(c, "running", *server, pages)
	} else {
		err = shootStates(c)
	}
	if err != nil {
		log.Fatal(err)
	}
}

func shootAll(c camera, state, server string, pages map[string]string) error {
	for _, name := range slices.Sorted(maps.Keys(pages)) {
		if err := c.shoot(state, name, server+pages[name]); err != nil {
			return err
		}
	}
	return nil
}

func shootStates(c camera) (err error) {
	s, err := newSite()
	if err != nil {
		return err
	}
	defer func() {
		if wrong := s.close(); err == nil {
			err = wrong
		}
	}()
	for _, step := range []struct {
		state string
		make  func(*site) (map[string]string, error)
	}{{"empty", (*site).empty}, {"busy", (*site).busy}, {"failing", (*site).failing}} {
		var more map[string]string
		err := s.anew()
		if err == nil {
			more, err = step.make(s)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", step.state, err)
		}
		all := maps.Clone(pages)
		maps.Copy(all, more)
		if err := shootAll(c, step.state, s.url(), all); err != nil {
			return err
		}
	}
	return s.stale(c)
}

// empty adds the page of all parts.
func (s *site) empty() (map[string]string, error) {
	return map[string]string{"components": "/dev/components"}, nil
}

// busy fills several queues, and adds the pages of a task that runs, of one that waits, and of the worker.
func (s *site) busy() (map[string]string, error) {
	tasks := []newTask{{"id": "runs", "type": "sleep", "payload": newTask{"seconds": 600}}}
	for i := range 200 {
		tasks = append(tasks, newTask{"queue": []string{"default", "email", "reports"}[i%3], "type": "echo", "payload": i})
	}
	for i := range 60 {
		tasks = append(tasks, newTask{"queue": []string{"email", "reports"}[i%2], "type": "sleep", "payload": newTask{"seconds": 10}})
	}
	tasks = append(tasks, newTask{"id": "waits", "type": "sleep", "payload": newTask{"seconds": 1}},
		newTask{"id": "later", "delay_seconds": 3600}, newTask{"id": "elsewhere", "type": "video.encode"})
	if err := s.submit(tasks); err != nil {
		return nil, err
	}
	if err := s.until("/api/v1/tasks/runs", func(b []byte) bool { return bytes.Contains(b, []byte(`"running"`)) }); err != nil {
		return nil, err
	}
	worker, err := s.first("/api/v1/workers", "id")
	return map[string]string{
		"task-runs": "/tasks/runs", "task-waits": "/tasks/waits", "task-elsewhere": "/tasks/elsewhere", "worker": "/workers/" + worker,
		"drill": "/workers/" + worker + "/drill",
	}, err
}

// failing has tasks fail with three different errors, and adds the pages of one and of its group.
func (s *site) failing() (map[string]string, error) {
	var tasks []newTask
	for i := range 45 {
		said := []string{"dial tcp 10.0.0.7:5432: connection refused", fmt.Sprintf("user %d not found", i), "no space left on device"}[i%3]
		tasks = append(tasks, newTask{
			"id": fmt.Sprint("broken-", i), "type": "fail", "priority": 9, "max_attempts": 1, "payload": newTask{"times": 9, "error": said},
		})
	}
	if err := s.submit(tasks); err != nil {
		return nil, err
	}
	if err := s.until("/api/v1/tasks/broken-44", func(b []byte) bool { return bytes.Contains(b, []byte(`"failed"`)) }); err != nil {
		return nil, err
	}
	group, err := s.first("/api/v1/failures", "id")
	return map[string]string{"task-failed": "/tasks/broken-0", "group": "/failed/" + group}, err
}

// stale takes pictures of pages that are open as their server goes away.
func (s *site) stale(c camera) error {
	for _, name := range []string{"overview", "tasks"} {
		if err := c.open(s.url() + pages[name]); err != nil {
			return err
		}
		if err := c.until(`#live[data-state="live"]`); err != nil {
			return err
		}
		s.kill()
		if err := c.until("#connection:not([hidden])"); err != nil {
			return err
		}
		if err := c.shootOpen("stale", name); err != nil {
			return err
		}
		if err := s.start(); err != nil {
			return err
		}
	}
	return nil
}
