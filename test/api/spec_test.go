package api

import (
	"context"
	"regexp"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"posthorn/internal/auth"
	"posthorn/internal/openapi"
)

var operationID = regexp.MustCompile(`^[a-z][A-Za-z]+$`)

// TestDescription holds the published description to what a reader of it may expect of every operation.
func TestDescription(t *testing.T) {
	t.Parallel()
	d, err := openapi.Load()
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Doc.Validate(context.Background(), openapi3.EnableExamplesValidation()); err != nil {
		t.Errorf("an example does not fit its schema: %v", err)
	}
	open := map[string]bool{}
	for _, o := range operations(t) {
		open[o.ID] = o.Open
	}
	tags, ids := map[string]bool{}, map[string]string{}
	for _, tag := range d.Doc.Tags {
		tags[tag.Name] = false
		if tag.Description == "" {
			t.Errorf("tag %s has no description", tag.Name)
		}
	}
	for path, item := range d.Doc.Paths.Map() {
		for method, op := range item.Operations() {
			fault := func(format string, args ...any) {
				t.Helper()
				t.Errorf("%s %s (%s) "+format, append([]any{method, path, op.OperationID}, args...)...)
			}
			if !operationID.MatchString(op.OperationID) || ids[op.OperationID] != "" {
				fault("needs an operationId of its own, such as listPosts")
			}
			ids[op.OperationID] = path
			if op.Summary == "" || strings.HasSuffix(op.Summary, ".") {
				fault("needs a summary: a few words without a full stop")
			}
			if !strings.HasSuffix(strings.TrimSpace(op.Description), ".") {
				fault("needs a description: whole sentences")
			}
			if len(op.Tags) != 1 {
				fault("needs one tag")
			}
			for _, tag := range op.Tags {
				if _, ok := tags[tag]; !ok {
					fault("has the tag %s, which is not described", tag)
				}
				tags[tag] = true
			}
			group, _ := op.Extensions["x-resource-group"].(string)
			if open[op.OperationID] == auth.KnownGroup(auth.Group(group)) {
				fault("needs an x-resource-group, or to be open to all")
			}
			for _, p := range append(append(openapi3.Parameters{}, item.Parameters...), op.Parameters...) {
				if p.Value.Description == "" {
					fault("says nothing of its parameter %s", p.Value.Name)
				}
			}
			refused := false
			for status, response := range op.Responses.Map() {
				refused = refused || strings.HasPrefix(status, "4")
				if response.Value.Description == nil || *response.Value.Description == "" {
					fault("says nothing of its answer %s", status)
				}
			}
			if !refused || op.Responses.Default() == nil {
				fault("lists no answer to a wrong request")
			}
		}
	}
	for tag, used := range tags {
		if !used {
			t.Errorf("no operation has the tag %s", tag)
		}
	}
}
