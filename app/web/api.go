package web

import (
	"net/http"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humafiber"
	"github.com/gofiber/fiber/v2"
)

const apiDescription = `Submit tasks to QueuePilot, watch them, and steer queues and workers.

Times are RFC 3339 in UTC with milliseconds, durations are seconds. Lists come in pages: pass ` + "`next`" + ` as
` + "`after`" + ` to get the page that follows. Errors are RFC 9457 problems whose ` + "`detail`" + ` is a sentence and whose
` + "`errors`" + ` name the field, what it was and what is wanted. A 503 means that Redis did not answer: a submit
with an id of your own can safely be sent again.`

// newAPI makes the typed API and its OpenAPI 3.1 document (see serveDocument). huma's page for it would load scripts
// from elsewhere, and its links to schemas would change the shape of every answer: both are off.
func newAPI(app *fiber.App, r fiber.Router, version string) huma.API {
	cfg := huma.DefaultConfig("QueuePilot", version)
	cfg.Info.Description = apiDescription
	cfg.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", schemaName)
	cfg.OpenAPIPath, cfg.DocsPath, cfg.SchemasPath, cfg.CreateHooks = "", "", "", nil
	cfg.RejectUnknownQueryParameters = true
	cfg.Transformers = []huma.Transformer{explainInvalid}
	return humafiber.NewWithGroup(app, headToo{r}, cfg)
}

// schemaName drops the ending of types that only describe what another type's MarshalJSON writes.
func schemaName(t reflect.Type, hint string) string {
	return strings.TrimSuffix(huma.DefaultSchemaNamer(t, hint), "Doc")
}

// headToo answers HEAD wherever it answers GET, as Fiber's own routes do.
type headToo struct{ fiber.Router }

func (r headToo) Add(method, path string, handlers ...fiber.Handler) fiber.Router {
	if method == http.MethodGet {
		r.Router.Add(http.MethodHead, path, handlers...)
	}
	return r.Router.Add(method, path, handlers...)
}

// op describes an operation. Its errors are those of its own; 422 and 503 belong to every one.
func op(method, path, id, summary string, errors ...int) huma.Operation {
	tag, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return huma.Operation{
		Method: method, Path: path, OperationID: id, Summary: summary, Tags: []string{tag},
		Errors: append(errors, http.StatusUnprocessableEntity, http.StatusServiceUnavailable),
	}
}

// explainInvalid makes sentences of what huma found wrong with path and query; by itself it says "validation failed".
func explainInvalid(_ huma.Context, _ string, v any) (any, error) {
	e, ok := v.(*huma.ErrorModel)
	if !ok || len(e.Errors) == 0 {
		return v, nil
	}
	sentences := make([]string, len(e.Errors))
	for i, d := range e.Errors {
		sentences[i] = explain(d)
	}
	explained := *e
	explained.Detail = strings.Join(sentences, " ")
	return &explained, nil
}

func explain(d *huma.ErrorDetail) string {
	_, name, _ := strings.Cut(d.Location, ".")
	if d.Message == "unknown query parameter" {
		return name + " is no parameter here."
	}
	if text, ok := d.Value.(string); ok && text != "" {
		return name + " is " + shorten(text) + ": " + d.Message + "."
	}
	return name + ": " + d.Message + "."
}
