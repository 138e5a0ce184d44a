package api

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"posthorn"
	"posthorn/internal/auth"
)

// operations are all that openapi.yaml describes, with a path in which each parameter is an ID of nobody's.
func operations(t *testing.T) (list []operation) {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(posthorn.OpenAPI)
	if err != nil {
		t.Fatal(err)
	}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			group, _ := op.Extensions["x-resource-group"].(string)
			list = append(list, operation{method: method, path: path, group: auth.Group(group), open: op.Security != nil && !slices.ContainsFunc(*op.Security, func(r openapi3.SecurityRequirement) bool { return r["key"] != nil }), spec: op, item: item})
		}
	}
	return list
}

type operation struct {
	method, path string
	group        auth.Group
	open         bool // needs no key
	spec         *openapi3.Operation
	item         *openapi3.PathItem
}

// with is the path with its parameters replaced by id.
func (o operation) with(id string) string {
	var parts []string
	for _, p := range strings.Split(o.path, "/") {
		if strings.HasPrefix(p, "{") {
			p = id
		}
		parts = append(parts, p)
	}
	return strings.Join(parts, "/")
}

// TestKeysAreRestricted tries every operation with keys that may not use it. That each declares its group is checked when the server
// is made.
func TestKeysAreRestricted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	restricted := func(column, value string) string {
		key := auth.NewKey()
		tx, err := w.app.Pool.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := w.app.Auth.StoreKey(t.Context(), tx, w.owner.OwnerID, column, key); err != nil {
			t.Fatal(err)
		}
		if _, err := tx.Exec(t.Context(), `update api_keys set `+column+` = $1 where name = $2`, value, column); err != nil {
			t.Fatal(err)
		}
		if err := tx.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
		return key
	}
	reader := restricted("read_only", "true")
	scoped := restricted("profile_ids", "{"+w.second+"}")
	all := make([]string, len(auth.Groups))
	for i, g := range auth.Groups {
		all[i] = string(g)
	}
	closed := restricted("disabled_groups", "{"+strings.Join(all, ",")+"}")
	for _, o := range operations(t) {
		if o.open {
			continue
		}
		// A body that is not valid shows that the rights are asked for first.
		try := func(key string) answer { return w.as(key, o.method, o.with("6745a1b2c3d4e5f600000000"), "garbage") }
		if got := try(""); got.status != 401 {
			t.Errorf("%s %s without a key: %d", o.method, o.path, got.status)
		}
		if got := try(reader); (got.status == 403) != (o.method != http.MethodGet && o.group != auth.Open) {
			t.Errorf("%s %s with a key that only reads: %d %s", o.method, o.path, got.status, got.body)
		}
		got := try(closed)
		switch {
		case (got.status == 403) != (o.group != auth.Open):
			t.Errorf("%s %s with a key that has every group disabled: %d %s", o.method, o.path, got.status, got.body)
		case got.status == 403 && (got.text("code") != "insufficient_permissions" || (got.text("details.required_group") == string(o.group)) != (o.group != auth.Admin)):
			t.Errorf("%s %s with a key that has every group disabled: %s", o.method, o.path, got.body)
		}
		if got := try(scoped); o.group == auth.Admin && got.status != 403 {
			t.Errorf("%s %s with a key of some profiles: %d", o.method, o.path, got.status)
		}
	}
}

func TestScopedKeySeesItsProfilesOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.do("POST", "/v1/posts", map[string]any{"content": "hello", "platforms": []any{target("bluesky", w.bluesky)}, "scheduledFor": "2026-02-01T10:00:00Z"}).want(201)
	key := auth.NewKey()
	tx, err := w.app.Pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := w.app.Auth.StoreKey(t.Context(), tx, w.owner.OwnerID, "empty", key); err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), `update api_keys set profile_ids = '{}' where name = 'empty'`); err != nil {
		t.Fatal(err)
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := w.as(key, "GET", "/v1/posts", nil).want(200); got.at("pagination.total") != 0.0 {
		t.Errorf("it lists %s", got.body)
	}
	w.as(key, "GET", "/v1/posts/"+p.text("post._id"), nil).want(404)
	w.as(key, "GET", "/v1/posts/"+p.text("post._id")+"/logs", nil).want(404)
	w.as(key, "DELETE", "/v1/posts/"+p.text("post._id"), nil).want(404)
	w.as(key, "POST", "/v1/posts", map[string]any{"content": "mine", "platforms": []any{target("bluesky", w.bluesky)}, "publishNow": true}).want(403)
	draft := w.as(key, "POST", "/v1/posts", map[string]any{"content": "mine"}).want(201)
	w.as(key, "GET", "/v1/posts/"+draft.text("post._id"), nil).want(200)
	if got := w.as(key, "GET", "/v1/accounts", nil).want(200); got.at("accounts.0") != nil {
		t.Errorf("it lists %s", got.body)
	}
	if got := w.as(key, "GET", "/v1/profiles", nil).want(200); got.at("profiles.0") != nil {
		t.Errorf("it lists %s", got.body)
	}
}
