package queue

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"testing"
)

// quickTexts are seeds: values that two readers of JSON may take for different ones.
var quickTexts = []string{
	`{"a":1,"b":[{"c":"d"},null],"a":-0.0e+00}`, " {\n\t\"\\u0061\" : \"\\ud83d\\ude00\" , \"a\" : 2 }\r\n", `{"":""}`, `{}`, `[]`,
	`[ 1 , "x" , [ ] , { } , true ]`, `"\ud800"`, `"\u2028/\/"`, "\"\xff\"", "{\"\xff\":1}", "\"\u2028\x7f\"", `null`, `nul`, `01`, `1.`, `{"a":1}x`,
	`[1,]`, `[1 2]`, `{"a" 1}`, `{"a":1,}`, `[`, `{`, ``, ` `, "\ufeff{}", `"` + "\x01" + `"`, `1e999`, `{"a":{"b":1,"b":2}}`,
}

func FuzzWhatIsReadQuicklyIsReadAlike(f *testing.F) {
	for _, seed := range quickTexts {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		before := bytes.Clone(text)
		var fields map[string]json.RawMessage
		err := json.Unmarshal(text, &fields)
		got, gotErr := SplitObject(text)
		alike(t, text, got, gotErr, fields, err)

		var items []json.RawMessage
		err = json.Unmarshal(text, &items)
		gotItems, gotErr := SplitArray(text)
		alike(t, text, gotItems, gotErr, items, err)

		var want bytes.Buffer
		err = json.Compact(&want, text)
		short, gotErr := compact(text)
		alike(t, text, string(short), gotErr, want.String(), err)

		var s string
		err = json.Unmarshal(text, &s)
		gotString, gotErr := decodeString(text)
		alike(t, text, gotString, gotErr, s, err)
		if !bytes.Equal(text, before) {
			t.Fatalf("%q was changed to %q", before, text)
		}
	})
}

// alike fails unless both readers of text gave the same value or the same error.
func alike[T any](t *testing.T, text []byte, got T, gotErr error, want T, wantErr error) {
	t.Helper()
	if fmt.Sprintf("%T %[1]v", gotErr) != fmt.Sprintf("%T %[1]v", wantErr) || wantErr == nil && !reflect.DeepEqual(got, want) {
		t.Fatalf("%q: got %q, %v; encoding/json gives %q, %v", text, any(got), gotErr, any(want), wantErr)
	}
}
