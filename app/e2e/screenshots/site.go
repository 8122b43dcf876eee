package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/redisdb/child"
)

// site is a QueuePilot of this program's own, in a folder that goes with it.
type site struct {
	dir, addr string
	process   *child.Process
}

// newSite builds the program of the working directory and starts it.
func newSite() (*site, error) {
	dir, err := os.MkdirTemp("", "queuepilot-screenshots-")
	if err != nil {
		return nil, fmt.Errorf("make a folder: %w", err)
	}
	s := &site{dir: dir}
	if out, err := exec.Command("go", "build", "-o", s.binary(), "./app").CombinedOutput(); err != nil { // #nosec G204: our own folder
		return nil, errors.Join(fmt.Errorf("build: %w\n%s", err, out), s.close())
	}
	if s.addr, err = freeAddr(); err == nil {
		err = s.start()
	}
	if err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func (s *site) binary() string { return filepath.Join(s.dir, "queuepilot") }

func (s *site) url() string { return "http://" + s.addr }

// freeAddr is an address of this machine that nobody listens on now.
func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a port: %w", err)
	}
	return l.Addr().String(), l.Close()
}

func (s *site) start() error {
	// #nosec G204: the program that was just built
	p, err := child.Start(exec.Command(s.binary(), "serve", "--addr", s.addr, "--data-dir", s.data(),
		"--concurrency", "4", "--dev", "--drills", "--environment", "staging", "--log-level", "error"))
	if err != nil {
		return fmt.Errorf("start: %w", err)
	}
	s.process = p
	return s.until("/readyz", func([]byte) bool { return true })
}

// anew starts with nothing in the store.
func (s *site) anew() error {
	s.process.Stop(10 * time.Second)
	if err := os.RemoveAll(s.data()); err != nil {
		return fmt.Errorf("empty the store: %w", err)
	}
	return s.start()
}

func (s *site) data() string { return filepath.Join(s.dir, "data") }

// kill ends the server as a crash would.
func (s *site) kill() { s.process.Kill() }

func (s *site) close() error {
	if s.process != nil {
		s.process.Stop(10 * time.Second)
	}
	return os.RemoveAll(s.dir)
}

// until asks for a path until the answer is 200 and as wanted, half a minute at most.
func (s *site) until(path string, wanted func([]byte) bool) error {
	poll := time.NewTicker(50 * time.Millisecond)
	defer poll.Stop()
	for deadline := time.Now().Add(30 * time.Second); ; <-poll.C {
		body, err := s.get(path)
		if err == nil && wanted(body) {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s is not as wanted: %.200s %w", path, body, err)
		}
	}
}

func (s *site) get(path string) ([]byte, error) {
	answer, err := http.Get(s.url() + path)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = errors.New(answer.Status)
	}
	return body, err
}

// newTask is a task as the API takes it.
type newTask map[string]any

func (s *site) submit(tasks []newTask) error {
	body, err := json.Marshal(tasks)
	if err != nil {
		return fmt.Errorf("encode tasks: %w", err)
	}
	answer, err := http.Post(s.url()+"/api/v1/tasks/batch", "application/json", bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("submit: %w", err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("submit: %s", answer.Status)
	}
	return nil
}

// first is a member of the first item of a list of the API.
func (s *site) first(path, member string) (string, error) {
	body, err := s.get(path)
	var list struct{ Items []map[string]any }
	if err == nil {
		err = json.Unmarshal(body, &list)
	}
	if err != nil || len(list.Items) == 0 {
		return "", fmt.Errorf("the first of %s: %.200s %w", path, body, err)
	}
	text, ok := list.Items[0][member].(string)
	if !ok {
		return "", fmt.Errorf("the first of %s has no %s: %.200s", path, member, body)
	}
	return text, nil
}
