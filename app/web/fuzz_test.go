package web

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/url"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"github.com/xuniquepatel/queue-pilot/app/live"
	"github.com/xuniquepatel/queue-pilot/app/queue"
)

// longestSentence bounds what a client is told of its own mistake, in bytes: it quotes 80 of theirs, escaped.
const longestSentence = 1000

// checkSentence: an error is a sentence, whatever was sent.
func checkSentence(t *testing.T, sent, told string) {
	t.Helper()
	if len(told) == 0 || len(told) > longestSentence || !utf8.ValidString(told) || strings.ContainsAny(told, "\x00\r\n\x1b") {
		t.Fatalf("%.200q gives the error %.2000q of %d bytes; want 1 to %d of UTF-8, on one line", sent, told, len(told), longestSentence)
	}
}

func FuzzTheKeptDoorTakesWhatTheAPITakes(f *testing.F) {
	for _, task := range []string{
		`{"id":"T1","payload":"Random number: 7"}`, `{"id":"T1","payload":{"x":[1,"é<&>"]},"priority":3,"colour":1}`,
		`{"id":"T1","payload":""}`, `{"id":"a|b","payload":0}`, `[]`, `null`, "{\"id\":\"\xff\",\"payload\":1}",
	} {
		f.Add(`{"task":` + task + `}`)
	}
	f.Add(`{"task"`)
	f.Add(`[1]`)
	f.Fuzz(func(t *testing.T, body string) {
		got, err := decodeKept([]byte(body))
		if err != nil {
			checkSentence(t, body, err.Error())
			return
		}
		want, err := queue.DecodeTask(knownFields(t, body))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%q\nkept %+v\nAPI  %+v, %v", body, got, want, err)
		}
	})
}

// knownFields is the task in a kept body without the fields that are ignored, byte for byte.
func knownFields(t *testing.T, body string) []byte {
	t.Helper()
	var request struct{ Task json.RawMessage }
	var all map[string]json.RawMessage
	if err := errors.Join(json.Unmarshal([]byte(body), &request), json.Unmarshal(request.Task, &all)); err != nil {
		t.Fatalf("%q was read, and is no JSON: %v", body, err)
	}
	var fields []string
	for name, value := range all {
		if queue.KnownField(name) {
			fields = append(fields, `"`+name+`":`+string(value))
		}
	}
	return []byte("{" + strings.Join(fields, ",") + "}")
}

func FuzzABatchIsCutIntoItsTasks(f *testing.F) {
	for _, body := range []string{
		`[{"payload":1},{"id":"a b"},7]`, "{\"payload\":1}\n\n {\"id\":\"T1\"} \r\n[", `{}`, ``, "[{},\xff]", `{"colour":1}`, `null`,
	} {
		f.Add(body, true)
		f.Add(body, false)
	}
	f.Fuzz(func(t *testing.T, body string, lines bool) {
		kind := jsonType
		if lines {
			kind = linesType
		}
		raws, err := splitBatch(kind, []byte(body))
		if err != nil {
			checkSentence(t, body, err.Error())
			return
		}
		checkCut(t, body, lines, raws)
		for _, raw := range raws {
			if _, err := decodeTask(raw); err != nil {
				checkSentence(t, body, err.Error())
				checkSentence(t, body, itemError(err))
				checkSentence(t, body, "id "+idOf(raw))
			}
		}
	})
}

// checkCut: nothing is lost between the tasks but white space, and in an array commas.
func checkCut(t *testing.T, body string, lines bool, raws []json.RawMessage) {
	t.Helper()
	var want []json.RawMessage
	if lines {
		for line := range strings.SplitSeq(body, "\n") {
			if line = strings.TrimSpace(line); line != "" {
				want = append(want, json.RawMessage(line))
			}
		}
	} else if err := json.Unmarshal([]byte(body), &want); err != nil {
		t.Fatalf("%q was cut, and is no JSON array: %v", body, err)
	}
	if len(raws) != len(want) || len(raws) > 0 && !reflect.DeepEqual(raws, want) {
		t.Fatalf("%q is cut into %q; want %q", body, raws, want)
	}
}

var pathPattern = regexp.MustCompile(`^[A-Za-z0-9_.:-]{1,128}$`)

func FuzzANameInAPathIsExactlyOfThePattern(f *testing.F) {
	for _, raw := range []string{"T1", "..", "%2e", "a%7Cb", "a%2", "%41", "", "é", "a+b", "a%00", "\xff", strings.Repeat("a", 129)} {
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		got, err := pathName("id", raw, queue.ValidID, queue.IDRule)
		want, badEscape := url.PathUnescape(raw)
		if fits := badEscape == nil && pathPattern.MatchString(want) && want != "." && want != ".."; fits != (err == nil) || fits && got != want {
			t.Fatalf("pathName(%q) = %q, %v; it fits the pattern: %v", raw, got, err, fits)
		}
		if err != nil {
			checkSentence(t, raw, err.Error())
		}
	})
}

// FuzzASocketIsAdmittedForAPossibleTaskOnly sends queries to the door of /ws, as far as the upgrade.
func FuzzASocketIsAdmittedForAPossibleTaskOnly(f *testing.F) {
	for _, query := range []string{"", "task=T1", "task=a%7Cb", "task=", "task=T1&task=a%7Cb", "TASK=%ff", "task", "task=%zz", "a=1;task=é"} {
		f.Add(query)
	}
	s := &Server{hub: live.New(nil, live.Config{}), cfg: Config{Log: slog.New(slog.DiscardHandler)}}
	app := fiber.New(fiber.Config{DisableStartupMessage: true, ErrorHandler: func(c *fiber.Ctx, err error) error {
		var refusal *fiber.Error
		errors.As(err, &refusal)
		return c.Status(refusal.Code).SendString(refusal.Message)
	}})
	app.Get("/ws", s.admit, func(c *fiber.Ctx) error { return c.SendString(c.Locals(taskLocal).(string)) })
	handler := app.Handler()
	f.Fuzz(func(t *testing.T, query string) {
		var ctx fasthttp.RequestCtx
		ctx.Request.SetRequestURI("/ws")
		ctx.Request.URI().SetQueryString(query)
		ctx.Request.Header.Set("Connection", "Upgrade")
		ctx.Request.Header.Set("Upgrade", "websocket")
		handler(&ctx)
		answer := string(ctx.Response.Body())
		switch ctx.Response.StatusCode() {
		case fiber.StatusOK:
			if answer != "" && !queue.ValidID(answer) {
				t.Fatalf("/ws?%s is served for the task %q", query, answer)
			}
		case fiber.StatusUnprocessableEntity:
			checkSentence(t, query, answer)
		default:
			t.Fatalf("/ws?%s: %d %s", query, ctx.Response.StatusCode(), answer)
		}
	})
}
