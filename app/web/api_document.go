package web

import (
	"encoding/json"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gofiber/fiber/v2"
)

// serveDocument answers /openapi.json. huma would make the text at the first request, unguarded against a second one
// at the same time; here it is made once, before the server listens. It panics where the document cannot be written,
// which only a change of this package can cause.
func serveDocument(r fiber.Router, doc *huma.OpenAPI) {
	finishDocument(doc)
	text, err := json.Marshal(doc)
	if err != nil {
		panic("web: the OpenAPI document cannot be written: " + err.Error())
	}
	r.Get("/openapi.json", func(c *fiber.Ctx) error {
		c.Type("json")
		return c.Send(text)
	})
}

// finishDocument says what huma cannot know: answers may gain fields, only what is submitted is strict; and bodies
// that are decoded by hand are JSON, not just bytes.
func finishDocument(doc *huma.OpenAPI) {
	for name, schema := range doc.Components.Schemas.Map() {
		if name != "TaskInput" {
			schema.AdditionalProperties = nil
		}
	}
	for _, path := range doc.Paths {
		if path.Post != nil && path.Post.RequestBody != nil {
			delete(path.Post.RequestBody.Content, "application/octet-stream")
		}
	}
}
