package api

import (
	"strings"
	"testing"

	"posthorn/internal/auth"
	"posthorn/test/requests"
)

// operations are all that openapi.yaml describes.
func operations(t *testing.T) []requests.Operation {
	t.Helper()
	list, err := requests.Operations()
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// pathWith is an operation's path with its parameters replaced by id.
func pathWith(o requests.Operation, id string) string {
	var parts []string
	for _, p := range strings.Split(o.Path, "/") {
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
		if o.Open {
			continue
		}
		// A body that is not valid shows that the rights are asked for first.
		try := func(key string) answer {
			return w.as(key, o.Method, pathWith(o, "6745a1b2c3d4e5f600000000"), "garbage")
		}
		if got := try(""); got.status != 401 {
			t.Errorf("%s %s without a key: %d", o.Method, o.Path, got.status)
		}
		if got := try(reader); (got.status == 403) != (!o.Reads() && o.Group != auth.Open) {
			t.Errorf("%s %s with a key that only reads: %d %s", o.Method, o.Path, got.status, got.body)
		}
		got := try(closed)
		switch {
		case (got.status == 403) != (o.Group != auth.Open):
			t.Errorf("%s %s with a key that has every group disabled: %d %s", o.Method, o.Path, got.status, got.body)
		case got.status == 403 && (got.text("code") != "insufficient_permissions" || (got.text("details.required_group") == string(o.Group)) != (o.Group != auth.Admin)):
			t.Errorf("%s %s with a key that has every group disabled: %s", o.Method, o.Path, got.body)
		}
		if got := try(scoped); o.Group == auth.Admin && got.status != 403 {
			t.Errorf("%s %s with a key of some profiles: %d", o.Method, o.Path, got.status)
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
