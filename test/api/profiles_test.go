package api

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"posthorn/internal/auth"
	"posthorn/internal/postgres"
)

// nobodysID is an ID that nothing has.
const nobodysID = "6745a1b2c3d4e5f600000000"

// keyForProfiles makes a key of the owner's that reaches some profiles only.
func (w *world) keyForProfiles(profiles ...string) string {
	w.t.Helper()
	key := auth.NewKey()
	err := postgres.InTx(w.t.Context(), w.app.Pool, func(tx pgx.Tx) error {
		if err := w.app.Auth.StoreKey(w.t.Context(), tx, w.owner.OwnerID, key, key); err != nil {
			return err
		}
		_, err := tx.Exec(w.t.Context(), `update api_keys set profile_ids = $1 where name = $2`, profiles, key)
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return key
}

// atOnce sends the same request many times at once and counts the statuses.
func (w *world) atOnce(n int, method, path, body string) map[int]int {
	var mu sync.Mutex
	var wg sync.WaitGroup
	statuses := map[int]int{}
	for range n {
		wg.Go(func() {
			r := httptest.NewRequest(method, path, strings.NewReader(body))
			r.Header.Set("Authorization", "Bearer "+w.key)
			r.Header.Set("Content-Type", "application/json")
			rec := httptest.NewRecorder()
			w.handler.ServeHTTP(rec, r)
			mu.Lock()
			defer mu.Unlock()
			statuses[rec.Code]++
		})
	}
	wg.Wait()
	return statuses
}

func TestCreateProfile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made := w.do("POST", "/v1/profiles", map[string]any{"name": "  Acme ", "description": "A customer", "color": "#FFAA00"}).want(201)
	for path, want := range map[string]any{"message": "Profile created successfully", "profile.name": "Acme", "profile.description": "A customer", "profile.color": "#FFAA00",
		"profile.isDefault": false, "profile.userId": w.owner.OwnerID, "profile.createdAt": "2026-01-15T10:00:00.000Z"} {
		if got := made.at(path); got != want {
			t.Errorf("%s is %v, want %v", path, got, want)
		}
	}
	if got := w.do("GET", "/v1/profiles/"+made.text("profile._id"), nil).want(200); got.text("profile.name") != "Acme" || got.text("profile.color") != "#FFAA00" {
		t.Errorf("it is read as %s", got.body)
	}
	if got := w.do("POST", "/v1/profiles", map[string]any{"name": "Plain", "description": nil, "color": nil}).want(201); got.text("profile.color") != "#ffeda0" || got.at("profile.description") != "" {
		t.Errorf("the defaults are %s", got.body)
	}
	again := w.do("POST", "/v1/profiles", map[string]any{"name": "Acme"}).want(409)
	if again.text("code") != "profile_name_conflict" || again.text("details.existingProfileId") != made.text("profile._id") {
		t.Errorf("a name that is taken: %s", again.body)
	}
	w.as(w.strangerKey, "POST", "/v1/profiles", map[string]any{"name": "Acme"}).want(201)
	if got := w.as(w.keyForProfiles(w.second), "POST", "/v1/profiles", map[string]any{"name": "Mine"}).want(403); got.text("code") != "insufficient_permissions" {
		t.Errorf("a key of some profiles: %s", got.body)
	}
	long := strings.Repeat("ä", 101)
	for _, tt := range []struct {
		body  any
		param string
	}{
		{map[string]any{}, "name"}, {map[string]any{"name": "  "}, "name"}, {map[string]any{"name": ""}, "name"}, {map[string]any{"name": nil}, "name"}, {map[string]any{"name": long}, "name"},
		{map[string]any{"name": 7}, "name"}, {map[string]any{"name": "a\nb"}, "name"}, {map[string]any{"name": "x", "color": "#12"}, "color"}, {map[string]any{"name": "x", "color": "url(x)"}, "color"},
		{map[string]any{"name": "x", "description": strings.Repeat("x", 2001)}, "description"}, {"", "body"}, {"[]", "body"},
	} {
		if got := w.do("POST", "/v1/profiles", tt.body).want(400); got.text("param") != tt.param {
			t.Errorf("%v: %s", tt.body, got.body)
		}
	}
	w.do("POST", "/v1/profiles", map[string]any{"name": long[:200]}).want(201)
	if got := w.do("GET", "/v1/profiles", nil).want(200); got.at("profiles.4") == nil || got.at("profiles.5") != nil || got.at("profiles.0.isDefault") != true {
		t.Errorf("the profiles are now %s", got.body)
	}
}

func TestManyProfilesOfOneNameAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if got := w.atOnce(12, "POST", "/v1/profiles", `{"name":"Acme"}`); got[201] != 1 || got[409] != 11 {
		t.Errorf("statuses %v, want one 201 and 409 for the others", got)
	}
}

func TestUpdateProfile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := "/v1/profiles/" + w.second
	w.do("PUT", path, map[string]any{"description": "old", "color": "#123456"}).want(200)
	if got := w.do("PUT", path, map[string]any{"name": " Renamed "}).want(200); got.text("profile.name") != "Renamed" || got.text("profile.description") != "old" || got.text("profile.color") != "#123456" {
		t.Errorf("renamed: %s", got.body)
	}
	if got := w.do("PUT", path, map[string]any{"description": nil}).want(200); got.at("profile.description") != "" || got.text("profile.name") != "Renamed" {
		t.Errorf("description cleared: %s", got.body)
	}
	w.do("PUT", path, map[string]any{"name": "Renamed"}).want(200) // its own name
	if got := w.do("PUT", path, map[string]any{"name": "Default"}).want(409); got.text("code") != "profile_name_conflict" || got.text("details.existingProfileId") != w.profile {
		t.Errorf("another's name: %s", got.body)
	}
	if got := w.as(w.keyForProfiles(w.second), "PUT", path, map[string]any{"name": "Default"}).want(409); got.at("details.existingProfileId") != nil {
		t.Errorf("a key of some profiles is told of another: %s", got.body)
	}
	for _, body := range []any{map[string]any{}, map[string]any{"unknown": 1}, map[string]any{"name": nil, "isDefault": nil}} {
		if got := w.do("PUT", path, body).want(400); got.text("code") != "missing_required_field" {
			t.Errorf("%v: %s", body, got.body)
		}
	}
	for _, body := range []any{map[string]any{"name": " "}, map[string]any{"color": "nonsense!"}, map[string]any{"isDefault": "yes"}, map[string]any{"description": 1}} {
		w.do("PUT", path, body).want(400)
	}
	if got := w.do("PUT", "/v1/profiles/"+w.profile, map[string]any{"isDefault": false}).want(400); got.text("param") != "isDefault" {
		t.Errorf("the default one: %s", got.body)
	}
	w.do("PUT", path, map[string]any{"isDefault": false}).want(200)
	w.as(w.keyForProfiles(w.second), "PUT", path, map[string]any{"isDefault": true}).want(403)
	if got := w.do("PUT", path, map[string]any{"isDefault": true}).want(200); got.at("profile.isDefault") != true {
		t.Errorf("made the default one: %s", got.body)
	}
	if got := w.do("GET", "/v1/profiles", nil).want(200); got.text("profiles.0._id") != w.second || got.at("profiles.1.isDefault") != false {
		t.Errorf("the profiles are %s", got.body)
	}
	w.do("DELETE", "/v1/profiles/"+w.second, nil).want(400) // the default one now
}

func TestProfilesOfOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	scoped := w.keyForProfiles(w.second)
	for _, tt := range []struct{ key, id string }{{w.key, w.strangerProfile}, {w.key, nobodysID}, {w.key, "nonsense"}, {w.key, "6745A1B2C3D4E5F600000000"}, {w.key, "%00"}, {scoped, w.profile}, {w.strangerKey, w.second}} {
		w.as(tt.key, "GET", "/v1/profiles/"+tt.id, nil).want(404)
		w.as(tt.key, "PUT", "/v1/profiles/"+tt.id, map[string]any{"name": "Mine"}).want(404)
		w.as(tt.key, "DELETE", "/v1/profiles/"+tt.id, nil).want(404)
	}
	if got := w.as(scoped, "GET", "/v1/profiles/"+w.second, nil).want(200); got.text("profile.name") != "Second" {
		t.Errorf("its own: %s", got.body)
	}
	w.as(scoped, "PUT", "/v1/profiles/"+w.second, map[string]any{"color": "#000"}).want(200)
	if got := w.as(scoped, "GET", "/v1/profiles?limit=10", nil).want(200); got.at("total") != 1.0 {
		t.Errorf("it lists %s", got.body)
	}
	w.as(scoped, "DELETE", "/v1/profiles/"+w.second, nil).want(200)
}

func TestListProfiles(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if got := w.do("GET", "/v1/profiles?includeOverLimit=true&name=Second", nil).want(200); got.at("profiles.0.isOverLimit") != false || got.at("profiles.1") != nil || got.at("total") != nil {
		t.Errorf("by name: %s", got.body)
	}
	if got := w.do("GET", "/v1/profiles", nil).want(200); got.text("profiles.0._id") != w.profile || got.text("profiles.0.color") != "#ffeda0" || got.at("profiles.0.isOverLimit") != nil {
		t.Errorf("all: %s", got.body)
	}
	if got := w.do("GET", "/v1/profiles?skip=1", nil).want(200); got.at("total") != 2.0 || got.at("skip") != 1.0 || got.text("profiles.0._id") != w.second {
		t.Errorf("the second page: %s", got.body)
	}
	for _, query := range []string{"limit=0", "limit=1001", "skip=-1", "limit=x", "includeOverLimit=maybe"} {
		w.do("GET", "/v1/profiles?"+query, nil).want(400)
	}
}

func TestDeleteProfile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.do("DELETE", "/v1/profiles/"+w.profile, nil).want(400)
	w.do("PATCH", "/v1/accounts/"+w.bluesky, map[string]any{"profileId": w.second}).want(200)
	if got := w.do("DELETE", "/v1/profiles/"+w.second, nil).want(400); got.at("details.activeAccounts") != 1.0 {
		t.Errorf("with an account: %s", got.body)
	}
	w.do("DELETE", "/v1/accounts/"+w.bluesky, nil).want(200)
	w.do("DELETE", "/v1/profiles/"+w.second, nil).want(200)
	w.do("GET", "/v1/profiles/"+w.second, nil).want(404)
	w.do("DELETE", "/v1/profiles/"+w.second, nil).want(404)
	if got := w.do("GET", "/v1/accounts?status=disconnected", nil).want(200); got.text("accounts.0._id") != w.bluesky || got.text("accounts.0.profileId._id") != w.profile {
		t.Errorf("its disconnected account is now %s", got.body)
	}
	w.do("POST", "/v1/profiles", map[string]any{"name": "Second"}).want(201) // the name is free again
}

// TestProfilesUnderRace moves the default profile about, and deletes and moves accounts into what is being deleted: one default profile
// stays, and nothing is lost or answered with a fault of ours.
func TestProfilesUnderRace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	third := w.do("POST", "/v1/profiles", map[string]any{"name": "Third"}).want(201).text("profile._id")
	doomed := w.do("POST", "/v1/profiles", map[string]any{"name": "Doomed"}).want(201).text("profile._id")
	type call struct{ method, path, body string }
	var calls []call
	for range 4 {
		for _, p := range []string{w.profile, w.second, third} {
			calls = append(calls, call{"PUT", "/v1/profiles/" + p, `{"isDefault":true}`})
		}
		calls = append(calls, call{"DELETE", "/v1/profiles/" + doomed, ""}, call{"PATCH", "/v1/accounts/" + w.bluesky, `{"profileId":"` + doomed + `"}`},
			call{"PUT", "/v1/profiles/" + doomed, `{"isDefault":true}`})
	}
	var wg sync.WaitGroup
	for _, c := range calls {
		wg.Go(func() {
			r := httptest.NewRequest(c.method, c.path, strings.NewReader(c.body))
			r.Header.Set("Authorization", "Bearer "+w.key)
			rec := httptest.NewRecorder()
			w.handler.ServeHTTP(rec, r)
			if rec.Code >= http.StatusInternalServerError {
				t.Errorf("%s %s %s: %d %s", c.method, c.path, c.body, rec.Code, rec.Body)
			}
		})
	}
	wg.Wait()
	var defaults, homeless int
	if err := w.app.Pool.QueryRow(t.Context(), `select count(*) filter (where is_default), (select count(*) from accounts where profile_id not in (select id from profiles)) from profiles where owner_id = $1`,
		w.owner.OwnerID).Scan(&defaults, &homeless); err != nil || defaults != 1 || homeless != 0 {
		t.Errorf("%d default profiles, %d accounts without a profile, %v", defaults, homeless, err)
	}
}
