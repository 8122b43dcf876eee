package queue

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
)

// Here JSON is read by jsontext, which reads what is sent at each submit about twice as fast as encoding/json. It
// refuses some of what that takes, such as half a surrogate pair: so encoding/json has the last word, and the words, about
// whatever jsontext refuses. What both take they read alike (fuzz_quick_test.go).

// SplitObject takes a JSON object apart: its fields, each as it stands in text, and as a rule in the same memory; of several of one
// name the last. The error is of encoding/json; for null there are no fields and none.
func SplitObject(text []byte) (map[string]json.RawMessage, error) {
	if fields, ok := quickObject(text); ok {
		return fields, nil
	}
	var fields map[string]json.RawMessage
	err := json.Unmarshal(text, &fields)
	return fields, err
}

// SplitArray is SplitObject for a JSON array.
func SplitArray(text []byte) ([]json.RawMessage, error) {
	if items, ok := quickArray(text); ok {
		return items, nil
	}
	var items []json.RawMessage
	err := json.Unmarshal(text, &items)
	return items, err
}

// compact returns a copy of text, which is one JSON value, without the white space between its tokens.
func compact(text []byte) ([]byte, error) {
	out := make([]byte, 0, len(text))
	if out, err := jsontext.AppendFormat(out, text, anyName, jsontext.PreserveRawStrings(true)); err == nil {
		return out, nil
	}
	slow := bytes.NewBuffer(out[:0])
	err := json.Compact(slow, text)
	return slow.Bytes(), err
}

// decodeString reads a JSON string.
func decodeString(value json.RawMessage) (string, error) {
	if text, err := jsontext.AppendUnquote(nil, value); err == nil {
		return string(text), nil
	}
	var text string
	err := json.Unmarshal(value, &text)
	return text, err
}

var anyName = jsontext.AllowDuplicateNames(true)

// quickReader walks through one JSON value.
type quickReader struct {
	text    []byte
	source  bytes.Buffer
	decoder jsontext.Decoder
}

var quickReaders = sync.Pool{New: func() any { return new(quickReader) }}

func readQuickly(text []byte) *quickReader {
	r := quickReaders.Get().(*quickReader)
	r.text, r.source = text, *bytes.NewBuffer(text)
	r.decoder.Reset(&r.source, anyName)
	return r
}

func (r *quickReader) free() {
	r.text, r.source = nil, bytes.Buffer{}
	r.decoder.Reset(&r.source)
	quickReaders.Put(r)
}

// value is the next value as it stands in the text, and not in the decoder, which may use its own memory again.
func (r *quickReader) value() (json.RawMessage, error) {
	value, err := r.decoder.ReadValue()
	end := r.decoder.InputOffset()
	return json.RawMessage(r.text[end-int64(len(value)) : end : end]), err
}

// over reads the bracket that ends the value, and tells whether nothing follows.
func (r *quickReader) over() bool {
	if _, err := r.decoder.ReadToken(); err != nil {
		return false
	}
	_, err := r.decoder.ReadToken()
	return errors.Is(err, io.EOF)
}

func quickObject(text []byte) (map[string]json.RawMessage, bool) {
	r := readQuickly(text)
	defer r.free()
	if open, err := r.decoder.ReadToken(); err != nil || open.Kind() != '{' {
		return nil, false
	}
	fields := map[string]json.RawMessage{}
	for r.decoder.PeekKind() == '"' { // else the object ends here, or is none
		name, err := r.decoder.ReadToken()
		if err != nil {
			return nil, false
		}
		key := name.String()
		if fields[key], err = r.value(); err != nil {
			return nil, false
		}
	}
	return fields, r.over()
}

func quickArray(text []byte) ([]json.RawMessage, bool) {
	r := readQuickly(text)
	defer r.free()
	if open, err := r.decoder.ReadToken(); err != nil || open.Kind() != '[' {
		return nil, false
	}
	items := []json.RawMessage{}
	for kind := r.decoder.PeekKind(); kind != ']'; kind = r.decoder.PeekKind() {
		item, err := r.value()
		if err != nil {
			return nil, false
		}
		items = append(items, item)
	}
	return items, r.over()
}
