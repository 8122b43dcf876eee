package web

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/xuniquepatel/queue-pilot/app/live"
	"github.com/xuniquepatel/queue-pilot/app/queue"
)

// Every list as a file: .json is what the API answers, .csv has a row for each of its items. A file ends where one of
// these bounds is reached; its Link header, and the next of .json, then say where the following one starts.
const (
	exportRows  = 10_000
	exportBytes = 16 << 20        // payloads and results may have a megabyte each
	exportTime  = 5 * time.Second // half of what a request may take: a filter that finds little looks at much
	exportPage  = 100             // tasks a read: as many megabytes at the worst
)

// registerExports routes the lists as files.
func (s *Server) registerExports(r fiber.Router) {
	r.Get("/tasks.json", s.exportTasks)
	r.Get("/tasks.csv", s.exportTasks)
	r.Get("/queues.json", s.exportQueues)
	r.Get("/queues.csv", s.exportQueues)
	r.Get("/workers.json", s.exportWorkers)
	r.Get("/workers.csv", s.exportWorkers)
	r.Get("/throughput.json", s.exportThroughput)
	r.Get("/throughput.csv", s.exportThroughput)
}

func (s *Server) exportTasks(c *fiber.Ctx) error {
	f := live.FilterOf(func(name string) string { return c.Query(name) })
	limit, err := exportLimit(c.Query("limit"))
	if err == nil {
		err = checkFilter(f)
	}
	var found *page[taskBody]
	if err == nil {
		found, err = s.collect(c.UserContext(), f, limit)
	}
	if err != nil {
		return exportRefusal(c, s.queryRefusal(err))
	}
	if found.Next != nil {
		setNext(c, *found.Next)
	}
	return sendFile[taskDoc](c, "tasks", *found)
}

// exportLimit reads how many rows are wanted; as many as a file may have where nobody says.
func exportLimit(text string) (int, error) {
	if text == "" {
		return exportRows, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > exportRows {
		return 0, &queue.InvalidError{
			Field: "limit", Value: fmt.Sprintf("%q", shorten(text)), Want: "a whole number from 1 to " + strconv.Itoa(exportRows),
		}
	}
	return n, nil
}

// collect reads up to limit tasks, page by page, within the bounds of a file.
func (s *Server) collect(ctx context.Context, f queue.Filter, limit int) (*page[taskBody], error) {
	all, size, began := &page[taskBody]{Items: []taskBody{}}, 0, time.Now()
	for len(all.Items) < limit && size < exportBytes && time.Since(began) < exportTime {
		f.Limit = min(exportPage, limit-len(all.Items))
		found, err := s.client.List(ctx, f)
		if err != nil {
			return nil, err
		}
		for i := range found.Items {
			t := &found.Items[i]
			all.Items = append(all.Items, taskBody{t})
			size += len(t.Payload) + len(t.Result)
		}
		if f.After = found.Next; f.After == "" {
			return all, nil
		}
	}
	all.Next = &f.After
	return all, nil
}

// setNext names the file that follows this one: the same question, from another place on.
func setNext(c *fiber.Ctx, after string) {
	v := url.Values{}
	for name, value := range c.Queries() {
		v.Set(name, value)
	}
	v.Set("after", after)
	c.Set(fiber.HeaderLink, "<"+c.Path()+"?"+v.Encode()+`>; rel="next"`)
}

func (s *Server) exportQueues(c *fiber.Ctx) error {
	out, err := s.listQueues(c.UserContext(), nil)
	if err != nil {
		return exportRefusal(c, err)
	}
	return sendFile[queue.Queue](c, "queues", out.Body)
}

func (s *Server) exportWorkers(c *fiber.Ctx) error {
	out, err := s.listWorkers(c.UserContext(), nil)
	if err != nil {
		return exportRefusal(c, err)
	}
	return sendFile[queue.Worker](c, "workers", out.Body)
}

// exportRefusal turns a problem of the API into an error that answerError writes: as a page for browsers, which reach
// these addresses by links.
func exportRefusal(c *fiber.Ctx, err error) error {
	var p *problem
	if !errors.As(err, &p) {
		return err
	}
	if p.Status == fiber.StatusServiceUnavailable {
		c.Set(fiber.HeaderRetryAfter, retryAfter)
	}
	return fiber.NewError(p.Status, p.Detail)
}
