package api

import "net/url"

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
}
