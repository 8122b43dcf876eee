package web

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

// sendFile answers with a list as the file that the address names, .json or .csv. Doc describes its items: the fields of
// its JSON are the columns.
func sendFile[Doc, T any](c *fiber.Ctx, name string, list page[T]) error {
	c.Set(fiber.HeaderCacheControl, "no-store")
	if strings.HasSuffix(c.Path(), ".json") {
		text, err := queue.PlainJSON(list)
		if err != nil {
			return fmt.Errorf("write %s.json: %w", name, err)
		}
		c.Type("json", "utf-8")
		return c.Send(text)
	}
	text, err := csvOf(columns(reflect.TypeFor[Doc]()), list.Items)
	if err != nil {
		return fmt.Errorf("write %s.csv: %w", name, err)
	}
	c.Set(fiber.HeaderContentType, "text/csv; charset=utf-8; header=present")
	c.Set(fiber.HeaderContentDisposition, `attachment; filename="`+name+`.csv"`)
	return c.Send(text)
}

// columns are the names of a struct's fields in JSON, in their order.
func columns(t reflect.Type) []string {
	var names []string
	for i := range t.NumField() {
		if name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ","); name != "" && name != "-" {
			names = append(names, name)
		}
	}
	return names
}

// csvOf writes a head and a row for each item, as RFC 4180 has it. The cells are the values of the item's JSON, so that
// the file and the API never disagree.
func csvOf[T any](columns []string, items []T) ([]byte, error) {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.UseCRLF = true
	_ = w.Write(columns) // a buffer takes everything; Error tells of the rest
	cells := make([]string, len(columns))
	for _, item := range items {
		text, err := queue.PlainJSON(item)
		if err != nil {
			return nil, err
		}
		var fields map[string]json.RawMessage
		if err := json.Unmarshal(text, &fields); err != nil {
			return nil, err
		}
		for i, name := range columns {
			if cells[i], err = cellOf(name, fields[name]); err != nil {
				return nil, fmt.Errorf("field %s: %w", name, err)
			}
		}
		_ = w.Write(cells)
	}
	w.Flush()
	return b.Bytes(), w.Error()
}

// cellOf is a value as a cell: null is empty, text stands without its quotes, all else as JSON. A payload and a result
// are JSON in any case: there "1" and 1 must differ.
func cellOf(name string, value json.RawMessage) (string, error) {
	isText := len(value) > 0 && value[0] == '"' && name != "payload" && name != "result"
	switch {
	case len(value) == 0 || string(value) == "null":
		return "", nil
	case !isText:
		return inert(string(value)), nil
	}
	var text string
	err := json.Unmarshal(value, &text)
	return inert(text), err
}

// inert keeps spreadsheets from taking a cell for a formula, which may run programs or send data away: an apostrophe
// before it makes it text.
func inert(cell string) string {
	if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
		return "'" + cell
	}
	return cell
}
