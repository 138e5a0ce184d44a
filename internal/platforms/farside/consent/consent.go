// Package consent is the page of a fake platform on which a user gives an app what it asks for, all or some of it, or does not.
package consent

import (
	"html/template"
	"net/http"
	"slices"
)

// User is somebody who can log in.
type User struct {
	ID    string
	Name  string
	About string // what becomes of it when this user agrees: "a personal account, which cannot be published to"
}

// Page is what is asked.
type Page struct {
	Platform string   // its title
	App      string   // the client ID
	Users    []User   // the usual one first
	Scopes   []string // what the app asks for
}

// Answer is what the user made of it.
type Answer struct {
	User   string
	Scopes []string // those left ticked
	Denied bool
}

// The form's fields, for those who fill it in without a browser. Decision is "allow" or "deny".
const (
	FieldUser     = "user"
	FieldScope    = "scope"
	FieldDecision = "decision"
)

const maxForm = 1 << 16

// Ask shows the page and, when its form comes back, gives the answer. While there is none, what had to be written is written.
func Ask(w http.ResponseWriter, r *http.Request, p Page) (a Answer, given bool) {
	if r.Method != http.MethodPost {
		p.write(w, http.StatusOK, "")
		return a, false
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		p.write(w, http.StatusBadRequest, "The form could not be read.")
		return a, false
	}
	a = Answer{User: r.PostForm.Get(FieldUser), Scopes: r.PostForm[FieldScope], Denied: r.PostForm.Get(FieldDecision) == "deny"}
	switch {
	case a.Denied:
		return a, true
	case r.PostForm.Get(FieldDecision) != "allow":
		p.write(w, http.StatusBadRequest, "Say whether you agree.")
	case !slices.ContainsFunc(p.Users, func(u User) bool { return u.ID == a.User }):
		p.write(w, http.StatusBadRequest, "Say who you are.")
	case slices.ContainsFunc(a.Scopes, func(s string) bool { return !slices.Contains(p.Scopes, s) }):
		p.write(w, http.StatusBadRequest, "The app has not asked for that.")
	default:
		return a, true
	}
	return Answer{}, false
}

func (p Page) write(w http.ResponseWriter, status int, fault string) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
	w.WriteHeader(status)
	_ = page.Execute(w, struct { // the browser may be gone
		Page
		Fault                                string
		FieldUser, FieldScope, FieldDecision string
	}{p, fault, FieldUser, FieldScope, FieldDecision})
}

var page = template.Must(template.New("consent").Parse(`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{.Platform}} in the sandbox: log in</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; margin: 0; background: #f4f4f2; color: #1d1d1b; }
main { max-width: 30rem; margin: 2rem auto; padding: 1.5rem; background: #fff; border: 1px solid #d8d8d2; border-radius: .75rem; box-sizing: border-box; }
h1 { font-size: 1.3rem; line-height: 1.3; margin: 0 0 .5rem; }
fieldset { border: 0; padding: 0; margin: 1.25rem 0 0; }
legend { font-weight: 600; padding: 0; }
label { display: flex; gap: .6rem; padding: .4rem 0; overflow-wrap: anywhere; }
small { display: block; color: #5c5c56; }
button { font: inherit; padding: .6rem 1.2rem; margin: 1.5rem .5rem 0 0; border-radius: .5rem; border: 1px solid #1d1d1b; background: #fff; cursor: pointer; }
button.yes { background: #1d1d1b; color: #fff; }
.fault { color: #a1260d; }
</style>
<main>
<h1>{{.Platform}}, in the sandbox</h1>
<p>The app <b>{{.App}}</b> asks to act for you. Nobody real is behind this page.</p>
{{with .Fault}}<p class="fault" role="alert">{{.}}</p>
{{end}}<form method="post">
<fieldset><legend>Log in as</legend>
{{range $i, $u := .Users}}<label><input type="radio" name="{{$.FieldUser}}" value="{{.ID}}"{{if not $i}} checked{{end}}> <span>{{.Name}}{{with .About}}<small>{{.}}</small>{{end}}</span></label>
{{end}}</fieldset>
<fieldset><legend>It may</legend>
{{range .Scopes}}<label><input type="checkbox" name="{{$.FieldScope}}" value="{{.}}" checked> <span>{{.}}</span></label>
{{end}}</fieldset>
<button class="yes" name="{{.FieldDecision}}" value="allow">Allow</button><button name="{{.FieldDecision}}" value="deny">Deny</button>
</form>
</main>
</html>
`))
