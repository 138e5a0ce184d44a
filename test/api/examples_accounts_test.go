package api

import "net/url"

// nothing is an ID of nothing.
const nothing = "6745a1b2c3d4e5f600000000"

// exampleAccounts connects an account and looks at what there is.
func exampleAccounts(w *world) {
	far := w.fakes["bluesky"].Accounts()[0]
	credentials := map[string]any{"identifier": far.Login, "appPassword": far.Password, "profileId": w.profile}
	w.do("POST", "/v1/connect/bluesky/credentials", credentials).want(200)
	w.do("POST", "/v1/connect/bluesky/credentials", map[string]any{"identifier": far.Login, "profileId": w.profile}).want(400)
	w.as(w.strangerKey, "POST", "/v1/connect/bluesky/credentials", credentials).want(404)
	w.do("GET", "/v1/accounts", url.Values{"platform": {"bluesky"}, "page": {"1"}, "limit": {"10"}}).want(200)
	w.do("GET", "/v1/accounts", url.Values{"page": {"2"}}).want(400)
	w.do("GET", "/v1/profiles", url.Values{"limit": {"10"}, "skip": {"0"}}).want(200)
	w.do("GET", "/v1/profiles", url.Values{"limit": {"0"}}).want(400)
	w.do("GET", "/v1/auth/verify", nil).want(200)
	w.do("GET", "/v1/accounts/"+w.accounts["tiktok/amber.reels"]+"/tiktok/creator-info", url.Values{"mediaType": {"video"}}).want(200)
	w.do("GET", "/v1/accounts/"+w.bluesky+"/tiktok/creator-info", nil).want(400)
	w.do("GET", "/v1/accounts/"+nothing+"/tiktok/creator-info", nil).want(404)
}

// exampleConnect connects accounts through consent pages.
func exampleConnect(w *world) {
	const choose = "/v1/connect/instagram/select-account"
	done := "https://shop.example/connected"
	began := w.do("GET", "/v1/connect/instagram", url.Values{"profileId": {w.profile}, "redirect_url": {done}}).want(200)
	w.do("GET", "/v1/connect/instagram", url.Values{"profileId": {w.profile}, "redirect_url": {"connected.html"}}).want(400)
	w.do("GET", "/v1/connect/instagram", url.Values{"profileId": {nothing}}).want(404)
	code := map[string]any{"code": w.consent(began.text("authUrl")).Query().Get("code"), "state": began.text("state"), "profileId": w.profile}
	w.do("POST", "/v1/connect/instagram", code).want(200)
	w.do("POST", "/v1/connect/instagram", code).want(400)
	authURL, _ := w.begin("instagram", url.Values{"loginMethod": {"facebook_login"}, "headless": {"true"}, "redirect_url": {done}})
	token := w.arrives(authURL).Query().Get("tempToken")
	w.as("", "GET", "/v1/connect/pending-data", url.Values{"token": {token}}).want(404)
	w.as("", "GET", "/v1/connect/pending-data", nil).want(400)
	pages := w.do("GET", choose, url.Values{"profileId": {w.profile}, "tempToken": {token}}).want(200)
	w.do("GET", choose, url.Values{"profileId": {w.profile}, "tempToken": {"over"}}).want(404)
	w.do("GET", choose, url.Values{"profileId": {w.profile}}).want(400)
	body := map[string]any{"profileId": w.profile, "pageId": pages.text("pages.0.id"), "tempToken": token}
	w.do("POST", choose, map[string]any{"profileId": w.profile, "tempToken": token}).want(400)
	w.do("POST", choose, body).want(200)
	w.do("POST", choose, body).want(404)
	examplePage(w, done)
}

// examplePage connects a Facebook Page of several.
func examplePage(w *world, done string) {
	authURL, _ := w.begin("facebook", url.Values{"headless": {"true"}, "redirect_url": {done}})
	token := w.arrives(authURL).Query().Get("tempToken")
	pages := w.do("GET", selectPage, url.Values{"profileId": {w.profile}, "tempToken": {token}}).want(200)
	w.do("GET", selectPage, url.Values{"profileId": {w.profile}, "tempToken": {"over"}}).want(404)
	w.do("GET", selectPage, url.Values{"profileId": {w.profile}}).want(400)
	body := map[string]any{"profileId": w.profile, "pageId": pages.text("pages.0.id"), "tempToken": token, "userProfile": map[string]any{"id": "10229384750001001", "name": "Nora Vance"}}
	w.do("POST", selectPage, map[string]any{"profileId": w.profile, "tempToken": token}).want(400)
	w.do("POST", selectPage, body).want(200)
	w.do("POST", selectPage, body).want(404)
}

// exampleProfiles makes a profile, moves an account into it, and takes both away again.
func exampleProfiles(w *world) {
	body := map[string]any{"name": "Maison Lune", "description": "The bakery in Rue Cler", "color": "#f5a524"}
	made := w.do("POST", "/v1/profiles", body).want(201).text("profile._id")
	w.do("POST", "/v1/profiles", body).want(409)
	w.do("POST", "/v1/profiles", map[string]any{}).want(400)
	w.do("GET", "/v1/profiles/"+made, nil).want(200)
	w.do("GET", "/v1/profiles/"+nothing, nil).want(404)
	w.do("PUT", "/v1/profiles/"+made, map[string]any{"description": "The bakery"}).want(200)
	w.do("PUT", "/v1/profiles/"+made, map[string]any{}).want(400)
	w.do("PUT", "/v1/profiles/"+nothing, map[string]any{"description": "x"}).want(404)
	account := "/v1/accounts/" + w.bluesky
	w.do("PATCH", account, map[string]any{"profileId": made}).want(200)
	w.do("PATCH", account, map[string]any{"profileId": nothing}).want(404)
	w.do("PUT", account, map[string]any{"displayName": "The lantern"}).want(200)
	w.do("PUT", account, map[string]any{}).want(400)
	w.do("PUT", "/v1/accounts/"+nothing, map[string]any{"displayName": "x"}).want(404)
	w.do("GET", account+"/health", nil).want(200)
	w.do("GET", "/v1/accounts/"+nothing+"/health", nil).want(404)
	w.do("GET", account+"/budgets", nil).want(200)
	w.do("GET", "/v1/accounts/"+nothing+"/budgets", nil).want(404)
	w.do("GET", "/v1/accounts/health", url.Values{"platform": {"bluesky"}}).want(200)
	w.do("GET", "/v1/accounts/health", url.Values{"status": {"fine"}}).want(400)
	w.do("DELETE", "/v1/profiles/"+made, nil).want(400)
	w.do("DELETE", account, nil).want(200)
	w.do("DELETE", account, nil).want(404)
	w.do("DELETE", "/v1/profiles/"+made, nil).want(200)
	w.do("DELETE", "/v1/profiles/"+made, nil).want(404)
}

// exampleGroups makes a group of accounts.
func exampleGroups(w *world) {
	body := map[string]any{"name": "Everything by the sea", "accountIds": []any{w.bluesky, w.instagram}}
	made := w.do("POST", "/v1/account-groups", body).want(201).text("group._id")
	w.do("POST", "/v1/account-groups", body).want(409)
	w.do("POST", "/v1/account-groups", map[string]any{"name": "Nothing in it"}).want(400)
	w.do("GET", "/v1/account-groups", nil).want(200)
	w.do("PUT", "/v1/account-groups/"+made, map[string]any{"accountIds": []any{w.bluesky}}).want(200)
	w.do("PUT", "/v1/account-groups/"+made, map[string]any{}).want(400)
	w.do("PUT", "/v1/account-groups/"+nothing, map[string]any{"name": "x"}).want(404)
	w.do("DELETE", "/v1/account-groups/"+made, nil).want(200)
	w.do("DELETE", "/v1/account-groups/"+made, nil).want(404)
}
