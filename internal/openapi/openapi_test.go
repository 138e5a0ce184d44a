package openapi

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const small = `openapi: 3.0.3
info: {title: T, version: "1"} # a comment
paths:
  /things/{id}:
    get:
      operationId: getThing
      x-resource-group: publishing
      parameters:
        - {name: id, in: path, required: true, schema: {type: string, x-go-type: ours}}
        - {name: n, in: query, schema: {type: integer}}
        - {name: thingId, in: query, schema: {type: string}}
        - {name: thing_id, in: query, schema: {type: string}}
      responses:
        "200": {$ref: "#/components/responses/Thing"}
        default: {$ref: "#/components/responses/Error"}
  /open:
    get:
      operationId: getOpen
      security: []
      responses:
        "200": {$ref: "#/components/responses/Error"}
        default: {$ref: "#/components/responses/Error"}
components:
  responses:
    Thing: {description: A thing., content: {application/json: {schema: {type: object, properties: {b: {type: string}, a: {type: integer}}}}}}
    Error: {description: A failure., content: {application/json: {schema: {type: object}}}}
`

func TestBuild(t *testing.T) {
	t.Parallel()
	d, err := Build([]byte(small), map[string]Example{"getThing": {
		Parameters: map[string]string{"id": "x", "n": "3"},
		Responses:  map[string]json.RawMessage{"200": []byte(`{"b":"é\n","a":1}`), "404": []byte(`{"error":"gone"}`), "409": []byte("null")},
	}})
	if err != nil {
		t.Fatal(err)
	}
	op := d.Doc.Paths.Find("/things/{id}").Get
	var statuses []string
	for status := range op.Responses.Map() {
		statuses = append(statuses, status)
	}
	if len(statuses) != 7 { // 200, what was seen, what every operation answers, and the default
		t.Errorf("the statuses are %v", statuses)
	}
	if got := op.Responses.Value("200").Value.Content["application/json"].Example; !cmp.Equal(got, map[string]any{"b": "é\n", "a": 1.0}) {
		t.Errorf("the example is %v", got)
	}
	if got := op.Parameters.GetByInAndName("query", "n").Example; got != 3.0 {
		t.Errorf("the example of n is %v", got)
	}
	if op.Parameters.GetByInAndName("query", "thing_id") != nil || op.Parameters.GetByInAndName("query", "thingId") == nil {
		t.Error("a parameter is there under two names, or under none")
	}
	if d.Doc.Components.Responses["Thing"] != nil || d.Doc.Components.Responses["Error"] == nil {
		t.Error("a shared response that nobody uses is left, or one that is used is gone")
	}
	if open := d.Doc.Paths.Find("/open").Get.Responses; open.Value("401") != nil || open.Value("400") == nil {
		t.Errorf("an open operation asks for a key, or does not refuse: %v", open)
	}
	for name, text := range map[string]string{"YAML": string(d.YAML), "JSON": string(d.JSON)} {
		if strings.Contains(text, "x-go-") || strings.Contains(text, "comment") || strings.Index(text, "/things/{id}") > strings.Index(text, "/open") {
			t.Errorf("%s: %s", name, text)
		}
	}
	if !strings.Contains(string(d.JSON), `"example":{"b":"é\n","a":1}`) {
		t.Errorf("the fields of an example are not in their order: %s", d.JSON)
	}
}

// TestBuildRefuses gives examples that the description has no place for.
func TestBuildRefuses(t *testing.T) {
	t.Parallel()
	for name, e := range map[string]Example{
		"a body":       {Body: []byte("{}")},
		"not a status": {Responses: map[string]json.RawMessage{"x": []byte("{}")}},
	} {
		if _, err := Build([]byte(small), map[string]Example{"getThing": e}); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
	if _, err := Build([]byte(strings.Replace(small, "        default: {$ref: \"#/components/responses/Error\"}\n", "", 1)), map[string]Example{}); err == nil {
		t.Error("a response that is nowhere described was accepted")
	}
}
