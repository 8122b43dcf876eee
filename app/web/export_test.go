package web

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/workers"
)

// rows reads a file into its head and a map a row.
func rows(t *testing.T, body []byte) (head []string, list []map[string]string) {
	t.Helper()
	all, err := csv.NewReader(bytes.NewReader(body)).ReadAll()
	if err != nil || len(all) == 0 {
		t.Fatalf("no CSV: %v: %s", err, body)
	}
	for _, cells := range all[1:] {
		row := map[string]string{}
		for i, cell := range cells {
			row[all[0][i]] = cell
		}
		list = append(list, row)
	}
	return all[0], list
}

func TestEveryListIsAFileThatAgreesWithTheAPI(t *testing.T) {
	s := newSite(t, Config{})
	s.submit(queue.Task{ID: "T1", Queue: "email", Payload: []byte(`{"a":"<b>"}`)}, queue.Task{ID: "T2", Payload: []byte(`"x"`)})
	s.seat("w", 2, map[string]int{"none": 1}, "mail")
	for _, name := range []string{"tasks", "queues", "workers"} {
		of := s.api("GET", "/"+name, "").want(t, 200).json(t)
		file := s.do("GET", "/"+name+".json", "").want(t, 200)
		got := file.json(t)
		if name != "workers" { // theirs beat on
			for _, list := range []map[string]any{of, got} {
				for _, item := range list["items"].([]any) {
					delete(item.(map[string]any), "oldest_pending_seconds") // grows
				}
			}
			if !reflect.DeepEqual(got, of) {
				t.Errorf("%s.json says\n%v\nthe API\n%v", name, got, of)
			}
		}
		text := s.do("GET", "/"+name+".csv", "").want(t, 200)
		head, list := rows(t, text.body)
		if text.header.Get("Content-Disposition") != `attachment; filename="`+name+`.csv"` ||
			!strings.HasPrefix(text.header.Get("Content-Type"), "text/csv") || !bytes.Contains(text.body, []byte("\r\n")) {
			t.Errorf("%s.csv: %v", name, text.header)
		}
		items := of["items"].([]any)
		if len(list) != len(items) || len(items) == 0 {
			t.Fatalf("%s.csv has %d rows; want %d", name, len(list), len(items))
		}
		for field := range items[0].(map[string]any) {
			if _, there := list[0][field]; !there {
				t.Errorf("%s.csv has no column %s: %v", name, field, head)
			}
		}
		page := string(s.do("GET", "/"+name, "").body)
		has(t, page, "/"+name+".csv", "/"+name+".json")
	}
	_, list := rows(t, s.do("GET", "/tasks.csv", "").body)
	if t1 := list[1]; t1["payload"] != `{"a":"<b>"}` || t1["queue"] != "email" || t1["result"] != "" || list[0]["payload"] != `"x"` {
		t.Errorf("got %v", list)
	}
	if _, err := time.Parse(time.RFC3339, list[0]["created_at"]); err != nil {
		t.Error(err)
	}
}

func TestFilesHaveTheFilterOfTheirPage(t *testing.T) {
	s := newSite(t, Config{})
	s.submit(queue.Task{ID: "T1", Queue: "email", Payload: []byte(`1`)}, queue.Task{ID: "T2", Payload: []byte(`1`)})
	for query, want := range map[string]string{"?queue=email": "T1", "?state=failed": "", "?q=T2": "T2", "?type=echo&queue=default": "T2"} {
		_, list := rows(t, s.do("GET", "/tasks.csv"+query, "").want(t, 200).body)
		ids := make([]string, len(list))
		for i, row := range list {
			ids[i] = row["id"]
		}
		if strings.Join(ids, " ") != want {
			t.Errorf("%s: got %v; want %s", query, ids, want)
		}
	}
	page, _ := s.browser().visit("/tasks?queue=email&state=pending", 200)
	has(t, page, "/tasks.csv?queue=email&amp;state=pending", "/tasks.json?queue=email&amp;state=pending")
	for _, query := range []string{"?state=odd", "?queue=no%20queue", "?limit=0", "?limit=10001", "?limit=x", "?after=nonsense"} {
		s.do("GET", "/tasks.csv"+query, "").want(t, 422)
	}
}

func TestLongListsComeInFilesThatFollowEachOther(t *testing.T) {
	s := newSite(t, Config{})
	var tasks []queue.Task
	for i := range 257 {
		tasks = append(tasks, queue.Task{ID: fmt.Sprint("T", i), Queue: "email", Payload: []byte(`1`)})
	}
	s.submit(tasks...)
	for _, kind := range []string{"csv", "json"} {
		seen, files := map[string]bool{}, 0
		for path := "/tasks." + kind + "?queue=email&state=pending&limit=120"; path != ""; files++ {
			file := s.do("GET", path, "").want(t, 200)
			path = ""
			if link := file.header.Get("Link"); link != "" {
				address, rel, _ := strings.Cut(strings.TrimPrefix(link, "<"), ">")
				if path = address; rel != `; rel="next"` {
					t.Fatalf("Link: %s", link)
				}
			}
			for _, id := range idsOf(t, kind, file.body, path) {
				if seen[id] {
					t.Errorf("%s: %s comes twice", kind, id)
				}
				seen[id] = true
			}
		}
		if len(seen) != 257 || files != 3 {
			t.Errorf("%s: %d tasks in %d files; want 257 in 3", kind, len(seen), files)
		}
	}
	if file := s.do("GET", "/tasks.csv", "").want(t, 200); bytes.Count(file.body, []byte("\r\n")) != 258 || file.header.Get("Link") != "" {
		t.Errorf("without a limit: %d lines, Link %q", bytes.Count(file.body, []byte("\r\n")), file.header.Get("Link"))
	}
}

// idsOf reads the ids of a file; its next, where it is JSON, must be that of its Link.
func idsOf(t *testing.T, kind string, body []byte, path string) (ids []string) {
	t.Helper()
	if kind == "csv" {
		_, list := rows(t, body)
		for _, row := range list {
			ids = append(ids, row["id"])
		}
		return ids
	}
	var file struct {
		Items []queue.Task
		Next  string
	}
	if err := json.Unmarshal(body, &file); err != nil {
		t.Fatal(err)
	}
	if next, err := url.Parse(path); err != nil || next.Query().Get("after") != file.Next {
		t.Errorf("next is %q, the Link leads to %s", file.Next, path)
	}
	for _, task := range file.Items {
		ids = append(ids, task.ID)
	}
	return ids
}

func TestCellsAreNoFormulas(t *testing.T) {
	s := newSite(t, Config{})
	s.submit(queue.Task{ID: "-1", Payload: []byte(`-5`)})
	w := s.seat("w", 1, map[string]int{"*": 1}, "echo")
	lease := s.turn(w, 1)[0]
	_, _, err := w.Turn(t.Context(), []workers.Report{
		{TaskID: lease.ID, Attempt: lease.Attempt, Kind: workers.Fail, Reason: queue.ReasonError, Outcome: queue.OutcomeError, Error: "=cmd|' /C calc'!A0\nand, \"more\""},
	}, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, list := rows(t, s.do("GET", "/tasks.csv", "").want(t, 200).body)
	if row := list[0]; row["id"] != "'-1" || row["payload"] != "'-5" || row["error"] != "'=cmd|' /C calc'!A0\nand, \"more\"" {
		t.Errorf("got %v", row)
	}
	for cell, want := range map[string]string{
		"": "", "plain": "plain", "=1+1": "'=1+1", "+1": "'+1", "-1": "'-1", "@SUM(A1)": "'@SUM(A1)", "\tx": "'\tx", "\rx": "'\rx", "a=b": "a=b", "'x": "'x",
	} {
		if got := inert(cell); got != want {
			t.Errorf("%q: got %q; want %q", cell, got, want)
		}
	}
}

func TestFilesTellOfRedisAway(t *testing.T) {
	s := newSite(t, Config{})
	s.redis.Stop()
	for _, path := range []string{"/tasks.csv", "/queues.json", "/workers.csv"} {
		if got := s.do("GET", path, "").want(t, 503); got.header.Get("Retry-After") == "" {
			t.Errorf("%s: no Retry-After: %v", path, got.header)
		}
	}
}
