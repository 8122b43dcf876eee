package web

import (
	"strings"
	"testing"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/app/redisdb/redistest"
)

func TestWhatNoReplicaConfirmsIs503AndSaysThatARepeatIsSafe(t *testing.T) {
	primary := redistest.New(t)
	s := newSiteOn(t, primary, queue.New(redistest.Open(t, primary.URL())).WithWaitReplicas(1), Config{})
	const task = `{"id":"T1","payload":"x"}`
	kept := s.do("POST", "/submit_task", `{"task":`+task+`}`)
	if kept.status != 503 || kept.json(t)["error"] != unconfirmed {
		t.Errorf("the kept submit: %d %s", kept.status, kept.body)
	}
	if a := s.api("POST", "/tasks", task); a.status != 503 || a.json(t)["detail"] != unconfirmed {
		t.Errorf("the same task again: %d %s", a.status, a.body)
	}
	if a := s.api("POST", "/tasks", `{}`); a.status != 503 || !strings.Contains(string(a.body), "Its id is ") {
		t.Errorf("a task without an id: %d %s", a.status, a.body)
	}
	if a := s.api("POST", "/tasks/T1/cancel", ""); a.status != 503 || a.json(t)["detail"] != movedUnconfirmed {
		t.Errorf("cancel: %d %s", a.status, a.body)
	}

	redistest.New(t, "--replicaof", strings.Replace(primary.Addr(), ":", " ", 1), "--appendonly", "no")
	deadline := time.Now().Add(30 * time.Second)
	for s.api("POST", "/tasks", task).status != 200 { // it was taken: now it is confirmed
		if time.Now().After(deadline) {
			t.Fatal("with a replica the repeat is not confirmed within 30s")
		}
	}
}
