package web

import (
	"github.com/danielgtaylor/huma/v2"
	"github.com/gofiber/fiber/v2"
)

const apiPrefix = "/api/"

// routes is the one list of what the server answers, in the order in which Fiber tries it.
func (s *Server) routes() {
	s.app.Use(s.limitTime, s.logRequest, s.recoverPanic, s.secure, limitURL, refuseEncodings)
	if len(s.cfg.CORSOrigins) > 0 {
		s.app.Use(s.allowOrigins())
	}
	s.app.Use(s.refuseForeignHosts, s.refuseForeignWrites)
	s.registerKept(s.app)
	s.registerAPI(s.app)
	s.registerSockets(s.app)
	s.registerPages(s.app)
}

// registerKept routes the endpoints kept from the Python system, and the two that a supervisor asks.
func (s *Server) registerKept(r fiber.Router) {
	r.Post("/submit_task", s.submitKept)
	r.Get("/queue_status", s.queueStatus)
	r.Get("/system_status", s.systemStatus)
	r.Get("/healthz", s.healthz)
	r.Get("/readyz", s.readyz)
}

// isKept reports whether path answers errors as the Python system did: {"error": sentence}.
func isKept(path string) bool {
	switch path {
	case "/submit_task", "/queue_status", "/system_status", "/healthz", "/readyz":
		return true
	}
	return false
}

// registerAPI routes version 1 of the REST API, and its description.
func (s *Server) registerAPI(r fiber.Router) {
	r.Use("/api/v1", refuseRepeats)
	api := newAPI(s.app, r, s.cfg.Version)
	v1 := huma.NewGroup(api, "/api/v1")
	huma.Register(v1, submitTaskOp(api), s.submitTask)
	huma.Register(v1, submitBatchOp(api), s.submitBatch)
	huma.Register(v1, actOp(api), s.actOnTasks)
	huma.Register(v1, op("GET", "/tasks", "list-tasks", "List tasks, newest first"), s.listTasks)
	huma.Register(v1, op("GET", "/tasks/{id}", "get-task", "Get a task, or wait until it is final", 404), s.getTask)
	huma.Register(v1, op("DELETE", "/tasks/{id}", "delete-task", "Delete a task", 404, 409), s.deleteTask)
	huma.Register(v1, op("GET", "/tasks/{id}/attempts", "list-attempts", "List a task's attempts", 404), s.listAttempts)
	huma.Register(v1, op("POST", "/tasks/{id}/retry", "retry-task", "Run a failed task again", 404, 409), s.retryTask)
	huma.Register(v1, op("POST", "/tasks/{id}/cancel", "cancel-task", "Cancel a task", 404, 409), s.cancelTask)
	huma.Register(v1, op("POST", "/tasks/{id}/run", "run-task", "Run a waiting task now", 404, 409), s.runTask)
	huma.Register(v1, op("GET", "/queues", "list-queues", "List the queues"), s.listQueues)
	huma.Register(v1, op("GET", "/queues/{q}", "get-queue", "Get a queue", 404), s.getQueue)
	huma.Register(v1, op("POST", "/queues/{q}/pause", "pause-queue", "Pause a queue"), s.pauseQueue)
	huma.Register(v1, op("POST", "/queues/{q}/resume", "resume-queue", "Resume a queue"), s.resumeQueue)
	s.registerPurge(v1, api)
	huma.Register(v1, op("GET", "/workers", "list-workers", "List the workers"), s.listWorkers)
	huma.Register(v1, op("GET", "/workers/{id}", "get-worker", "Get a worker", 404), s.getWorker)
	huma.Register(v1, op("POST", "/workers/{id}/drain", "drain-worker", "Ask a worker to finish and leave", 404, 409), s.drainWorker)
	huma.Register(v1, op("GET", "/stats", "get-stats", "Totals and rates"), s.getStats)
	s.registerFailures(v1)
	s.registerDrillAPI(v1)
	serveDocument(r, api.OpenAPI())
}
