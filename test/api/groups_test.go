package api

import (
	"fmt"
	"strings"
	"testing"
)

func TestAccountGroups(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if got := w.do("GET", "/v1/account-groups", nil).want(200); strings.TrimSpace(string(got.body)) != `{"groups":[]}` {
		t.Errorf("at first: %s", got.body)
	}
	made := w.do("POST", "/v1/account-groups", map[string]any{"name": " Launch ", "accountIds": []string{w.instagram, w.bluesky, w.instagram}, "profileId": nobodysID}).want(201)
	id := made.text("group._id")
	if made.text("message") == "" || made.text("group.name") != "Launch" || made.text("group.accountIds.0") != w.instagram || made.text("group.accountIds.1") != w.bluesky ||
		made.at("group.accountIds.2") != nil || made.text("group.createdBy") != w.owner.UserID || made.at("group.profileId") != nil {
		t.Errorf("made %s", made.body)
	}
	if got := w.do("GET", "/v1/account-groups", nil).want(200); got.text("groups.0._id") != id || got.text("groups.0.accountIds.1") != w.bluesky {
		t.Errorf("listed %s", got.body)
	}
	if got := w.do("PUT", "/v1/account-groups/"+id, map[string]any{"name": "Start"}).want(200); got.text("group.name") != "Start" || got.text("group.accountIds.1") != w.bluesky {
		t.Errorf("renamed %s", got.body)
	}
	if got := w.do("PUT", "/v1/account-groups/"+id, map[string]any{"accountIds": []string{w.bluesky}, "name": nil}).want(200); got.text("group.name") != "Start" || got.text("group.accountIds.0") != w.bluesky || got.at("group.accountIds.1") != nil {
		t.Errorf("other accounts %s", got.body)
	}
	other := w.do("POST", "/v1/account-groups", map[string]any{"name": "Other", "accountIds": []string{w.bluesky}}).want(201).text("group._id")
	w.do("POST", "/v1/account-groups", map[string]any{"name": "Other", "accountIds": []string{w.bluesky}}).want(409)
	w.do("PUT", "/v1/account-groups/"+other, map[string]any{"name": "Start"}).want(409)
	w.do("PUT", "/v1/account-groups/"+other, map[string]any{"name": "Other"}).want(200)
	w.do("DELETE", "/v1/accounts/"+w.bluesky, nil).want(200)
	if got := w.do("GET", "/v1/account-groups", nil).want(200); got.text("groups.0.accountIds.0") != w.bluesky {
		t.Errorf("a disconnected account left its group: %s", got.body)
	}
	if got := w.do("DELETE", "/v1/account-groups/"+id, nil).want(200); got.text("message") == "" {
		t.Errorf("deleted %s", got.body)
	}
	w.do("DELETE", "/v1/account-groups/"+id, nil).want(404)
	w.do("PUT", "/v1/account-groups/"+id, map[string]any{"name": "x"}).want(404)
}

func TestAccountGroupFaults(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.do("POST", "/v1/account-groups", map[string]any{"name": "Launch", "accountIds": []string{w.bluesky}}).want(201).text("group._id")
	strange := w.strangersAccount()
	many := make([]string, 1001)
	for i := range many {
		many[i] = fmt.Sprintf("%024x", i)
	}
	for _, tt := range []struct {
		body  map[string]any
		param string
	}{
		{map[string]any{"name": " ", "accountIds": []string{w.bluesky}}, "name"},
		{map[string]any{"name": strings.Repeat("x", 101), "accountIds": []string{w.bluesky}}, "name"},
		{map[string]any{"name": "x", "accountIds": []string{}}, "accountIds"},
		{map[string]any{"name": "x", "accountIds": many}, "accountIds"},
		{map[string]any{"name": "x", "accountIds": []string{w.bluesky, nobodysID}}, "accountIds"},
		{map[string]any{"name": "x", "accountIds": []string{"nonsense"}}, "accountIds"},
		{map[string]any{"name": "x", "accountIds": []string{strange}}, "accountIds"},
		{map[string]any{"name": "x", "accountIds": w.bluesky}, "accountIds"},
	} {
		for _, got := range []answer{w.do("POST", "/v1/account-groups", tt.body), w.do("PUT", "/v1/account-groups/"+id, tt.body)} {
			status := 400
			if got.text("rule") == "group.foreign_account" {
				status = 404
			}
			if got.want(status).text("param") != tt.param {
				t.Errorf("%.100v: %s", tt.body, got.body)
			}
		}
	}
	w.do("POST", "/v1/account-groups", map[string]any{"name": "x"}).want(400)
	w.do("POST", "/v1/account-groups", map[string]any{"accountIds": []string{w.bluesky}}).want(400)
	if got := w.do("PUT", "/v1/account-groups/"+id, map[string]any{"profileId": w.profile}).want(400); got.text("code") != "missing_required_field" {
		t.Errorf("nothing to change: %s", got.body)
	}
	if got := w.do("GET", "/v1/account-groups", nil).want(200); got.text("groups.0.name") != "Launch" || got.text("groups.0.accountIds.0") != w.bluesky || got.at("groups.1") != nil {
		t.Errorf("what was refused changed something: %s", got.body)
	}
	for _, tt := range []struct{ key, id string }{{w.strangerKey, id}, {w.key, nobodysID}, {w.key, "nonsense"}} {
		w.as(tt.key, "PUT", "/v1/account-groups/"+tt.id, map[string]any{"name": "Mine"}).want(404)
		w.as(tt.key, "DELETE", "/v1/account-groups/"+tt.id, nil).want(404)
	}
	if got := w.as(w.strangerKey, "GET", "/v1/account-groups", nil).want(200); got.at("groups.0") != nil {
		t.Errorf("a stranger sees %s", got.body)
	}
}

func TestAccountGroupsOfAScopedKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.do("PATCH", "/v1/accounts/"+w.bluesky, map[string]any{"profileId": w.second}).want(200)
	within := w.do("POST", "/v1/account-groups", map[string]any{"name": "Within", "accountIds": []string{w.bluesky}}).want(201).text("group._id")
	across := w.do("POST", "/v1/account-groups", map[string]any{"name": "Across", "accountIds": []string{w.bluesky, w.instagram}}).want(201).text("group._id")
	scoped := w.keyForProfiles(w.second)
	if got := w.as(scoped, "GET", "/v1/account-groups", nil).want(200); got.text("groups.0._id") != within || got.at("groups.1") != nil {
		t.Errorf("it sees %s", got.body)
	}
	w.as(scoped, "PUT", "/v1/account-groups/"+across, map[string]any{"name": "Mine"}).want(404)
	w.as(scoped, "DELETE", "/v1/account-groups/"+across, nil).want(404)
	w.as(scoped, "PUT", "/v1/account-groups/"+within, map[string]any{"accountIds": []string{w.instagram}}).want(404)
	w.as(scoped, "POST", "/v1/account-groups", map[string]any{"name": "Mine", "accountIds": []string{w.instagram}}).want(404)
	w.as(scoped, "POST", "/v1/account-groups", map[string]any{"name": "Across", "accountIds": []string{w.bluesky}}).want(409)
	w.as(scoped, "PUT", "/v1/account-groups/"+within, map[string]any{"name": "Mine"}).want(200)
	w.do("PATCH", "/v1/accounts/"+w.bluesky, map[string]any{"profileId": w.profile}).want(200)
	w.as(scoped, "DELETE", "/v1/account-groups/"+within, nil).want(404) // its account has left the key's profile
}

func TestManyGroupsOfOneNameAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if got := w.atOnce(12, "POST", "/v1/account-groups", `{"name":"Launch","accountIds":["`+w.bluesky+`"]}`); got[201] != 1 || got[409] != 11 {
		t.Errorf("statuses %v, want one 201 and 409 for the others", got)
	}
	id := w.do("GET", "/v1/account-groups", nil).text("groups.0._id")
	if got := w.atOnce(12, "PUT", "/v1/account-groups/"+id, `{"accountIds":["`+w.instagram+`","`+w.bluesky+`"]}`); got[200] != 12 {
		t.Errorf("changing it at once: %v", got)
	}
	if got := w.atOnce(12, "DELETE", "/v1/account-groups/"+id, ""); got[200] != 1 || got[404] != 11 {
		t.Errorf("deleting it at once: %v", got)
	}
}
