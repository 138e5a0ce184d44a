package api

import "time"

// exampleKeys makes keys, one of them restricted, and deletes one.
func exampleKeys(w *world) {
	w.advance(time.Second) // it is listed before the world's own key
	made := w.do("POST", "/v1/api-keys", map[string]any{"name": "backend", "expiresIn": 90, "scope": "profiles", "profileIds": []any{w.profile}, "permission": "read-write"}).want(201)
	w.do("POST", "/v1/api-keys", map[string]any{"name": "backend", "scope": "profiles"}).want(400)
	w.as(made.text("apiKey.key"), "POST", "/v1/api-keys", map[string]any{"name": "more"}).want(403)
	w.do("GET", "/v1/api-keys", nil).want(200)
	w.do("DELETE", "/v1/api-keys/"+made.text("apiKey.id"), nil).want(200)
	w.do("DELETE", "/v1/api-keys/"+made.text("apiKey.id"), nil).want(404)
}

// exampleUsers invites somebody, who comes and is removed again.
func exampleUsers(w *world) {
	invited := w.do("POST", "/v1/invite/tokens", map[string]any{"scope": "profiles", "profileIds": []any{w.profile}, "role": "member"}).want(201).text("token")
	w.do("POST", "/v1/invite/tokens", map[string]any{"scope": "profiles"}).want(400)
	person := map[string]any{"token": invited, "name": "Mia", "email": "mia@example.com"}
	w.as("", "POST", "/v1/invite/accept", person).want(201)
	w.as("", "POST", "/v1/invite/accept", map[string]any{"token": invited}).want(400)
	list := w.do("GET", "/v1/users", nil).want(200)
	mia := list.text("users.1._id")
	w.do("GET", "/v1/users/"+mia, nil).want(200)
	w.do("GET", "/v1/users/"+nothing, nil).want(404)
	w.do("DELETE", "/v1/users/"+w.owner.UserID, nil).want(403)
	w.do("DELETE", "/v1/users/"+mia, nil).want(200)
	w.do("DELETE", "/v1/users/"+mia, nil).want(404)
}

// exampleDevice begins the login of a command-line client.
func exampleDevice(w *world) {
	begun := w.as("", "POST", "/api/auth/cli/initiate", map[string]any{"deviceName": "laptop"}).want(200)
	w.as("", "POST", "/api/auth/cli/initiate?%zz", map[string]any{}).want(400)
	w.as(begun.text("deviceCode"), "GET", "/api/auth/cli/poll", nil).want(200)
	w.as(begun.text("deviceCode"), "GET", "/api/auth/cli/poll", nil).want(429)
}
