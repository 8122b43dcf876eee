package web

import (
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/monitor"
	"github.com/xuniquepatel/queue-pilot/workers"
)

// seatDrillable is seat for a worker that stops for drills, and runs as many tasks of the queue email as it has slots.
func (s *site) seatDrillable(slots int) *workers.Session {
	s.t.Helper()
	w, err := workers.Register(s.t.Context(), s.client, workers.Config{Name: "mailer", Slots: slots, Drills: true}, []string{"echo"})
	if err != nil {
		s.t.Fatal(err)
	}
	s.turn(w, slots)
	return w
}

// drilled asks a worker without tasks to stop for a drill, and returns the drill's id.
func (s *site) drilled() string {
	s.t.Helper()
	id, _ := s.api("POST", "/workers/"+s.seatDrillable(1).ID()+"/drill", "").want(s.t, 202).json(s.t)["id"].(string)
	return id
}

// miss has a monitor find that the worker is lost.
func (s *site) miss(w *workers.Session) {
	s.t.Helper()
	ctx, m := s.t.Context(), monitor.New(s.client, monitor.Config{Log: s.server.cfg.Log})
	err := s.client.Redis().ZAdd(ctx, s.client.Keys().Workers(), redis.Z{Score: 1, Member: w.ID()}).Err()
	if err == nil {
		err = m.Reclaim(ctx)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	s.countDrills()
}

// countDrills has a monitor count what became of the tasks of all drills.
func (s *site) countDrills() {
	s.t.Helper()
	if err := monitor.New(s.client, monitor.Config{Log: s.server.cfg.Log}).Drill(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
}

func TestADrillIsAskedForAndReportedWithoutScripts(t *testing.T) {
	s := newSite(t, Config{Drills: true})
	b := s.browser()
	s.submit(mails("T1", "T2", "T3")...)
	w := s.seatDrillable(2)
	page := "/workers/" + w.ID()
	for _, at := range []string{"/workers", page} {
		text, _ := b.visit(at, 200)
		has(t, text, `href="`+page+`/drill"`)
	}
	text, _ := b.visit(page+"/drill", 200)
	has(t, text, "Stop worker "+w.ID()+" for a drill? It runs 2 tasks.", "as if it had crashed", ">Stop the worker</button>")
	text, at := b.post(page+"/drill", page+"/drill", nil, 200)
	if has(t, text, "Drill of worker mailer", "The worker was told to stop.", w.ID()); !strings.HasPrefix(at, "/drills/") {
		t.Fatalf("led to %s", at)
	}
	if err := w.Drilled(t.Context(), strings.TrimPrefix(at, "/drills/")); err != nil {
		t.Fatal(err)
	}
	text, _ = b.visit(at, 200)
	has(t, text, "The worker stopped with 2 tasks.", ":held\">2<", ":waiting\">2<")
	s.miss(w)
	text, _ = b.visit(at, 200)
	has(t, text, "The worker was declared lost. So far 0 of 2 tasks run again; 0 lost.")
	s.seatDrillable(2)
	s.countDrills()
	text, _ = b.visit(at, 200)
	has(t, text, "0 lost, 2 run again.", ":running\">2<", ":lost\">0<", "after the stop")
	text, _ = b.visit(page, 200)
	has(t, text, `href="`+at+`"`)
	b.visit(page+"/drill", 409)
	b.visit("/workers/nobody/drill", 404)
	b.visit("/drills/nothing", 404)
}

func TestDrillsAreRefusedByAServerWithoutThem(t *testing.T) {
	s := newSite(t, Config{})
	b := s.browser()
	w := s.seatDrillable(1)
	page := "/workers/" + w.ID()
	for _, at := range []string{"/workers", page} {
		if text, _ := b.visit(at, 200); strings.Contains(text, "/drill") {
			t.Errorf("%s leads to a drill", at)
		}
	}
	text, _ := b.visit(page+"/drill", 403)
	has(t, text, "Drills are off: this server was started without --drills.")
	b.post(page, page+"/drill", nil, 403)
	b.visit("/drills/d1", 403)
	for method, path := range map[string]string{"POST": page + "/drill", "GET": "/drills/d1"} {
		if got := s.api(method, path, "").want(t, 403).json(t)["detail"]; got != drillsOff {
			t.Errorf("%s %s says %v", method, path, got)
		}
	}
	if n := s.client.Redis().SCard(t.Context(), s.client.Keys().Drilling()).Val(); n != 0 {
		t.Errorf("%d drills are under way", n)
	}
}

func TestAWorkerWithoutDrillsIsStoppedByNone(t *testing.T) {
	s := newSite(t, Config{Drills: true})
	b := s.browser()
	w := s.seat("mailer", 1, nil, "echo")
	page := "/workers/" + w.ID()
	text, _ := b.visit(page, 200)
	if has(t, text, "Started without --drills: it stops for none"); strings.Contains(text, page+"/drill") {
		t.Error("its page leads to a drill")
	}
	text, _ = b.visit(page+"/drill", 403)
	has(t, text, "This worker was started without --drills, so it stops for no drill.")
	b.post(page, page+"/drill", nil, 403)
	if got := s.api("POST", page+"/drill", "").want(t, 403).json(t)["detail"]; got != drillRefuse {
		t.Errorf("the API says %v", got)
	}
}

func TestADrillOverTheAPI(t *testing.T) {
	s := newSite(t, Config{Drills: true})
	s.submit(mails("T1")...)
	w := s.seatDrillable(1)
	asked := s.api("POST", "/workers/"+w.ID()+"/drill", "").want(t, 202).json(t)
	if asked["state"] != string(queue.DrillAsked) || asked["worker_id"] != w.ID() || asked["stopped_at"] != nil {
		t.Errorf("the answer is %v", asked)
	}
	if got := s.api("POST", "/workers/"+w.ID()+"/drill", "").want(t, 409).json(t)["detail"]; !strings.Contains(got.(string), "stops already") {
		t.Errorf("a second one is answered by %v", got)
	}
	s.miss(w)
	d := s.api("GET", "/drills/"+asked["id"].(string), "").want(t, 200).json(t)
	if d["state"] != string(queue.DrillRecovering) || d["held"] != 1.0 || d["waiting"] != 1.0 {
		t.Errorf("once it is missed the drill is %v", d)
	}
	s.api("GET", "/drills/nothing", "").want(t, 404)
	s.api("POST", "/workers/nobody/drill", "").want(t, 404)
	items := s.api("GET", "/workers", "").want(t, 200).json(t)["items"].([]any)
	if lost := items[0].(map[string]any); lost["drill"] != asked["id"] || lost["drills"] != true {
		t.Errorf("the worker is listed as %v; want its drill named", lost)
	}
}
