package instagramfake

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"posthorn/internal/platforms/farside"
	"posthorn/internal/platforms/farside/graph"
)

func TestTokens(t *testing.T) {
	t.Parallel()
	w := build(t, farside.Options{TokenLifetime: time.Hour})
	if !w.ig.ExpiresAt.Equal(w.clock.Add(time.Hour)) || !w.fb.ExpiresAt.Equal(w.clock.Add(time.Hour)) {
		t.Errorf("expiry: %v, %v", w.ig.ExpiresAt, w.fb.ExpiresAt)
	}
	bearer := func(token string) http.Header { return http.Header{"Authorization": {"Bearer " + token}} }
	w.wantCode("Facebook's at Instagram", w.send("GET", hostInstagram, "/v25.0/me", bearer(w.fb.Access), nil), 190, 467)
	w.wantCode("Instagram's at Facebook", w.send("GET", hostFacebook, "/v25.0/me", bearer(w.ig.Access), nil), 190, 467)
	w.wantCode("none", w.send("GET", hostFacebook, "/v25.0/me", nil, nil), 104, 0)
	if r := w.send("GET", hostInstagram, "/v25.0/me?access_token="+w.ig.Access, nil, nil); r.text("id") == "" || r.text("id") == w.ig.RemoteID {
		t.Errorf("as a parameter: %v", r.body)
	}
	w.pass(time.Hour)
	r := w.as(w.ig, "GET", "me", nil)
	w.wantCode("expired", r, 190, 463)
	if m := r.body["error"].(map[string]any)["message"].(string); !strings.HasPrefix(m, "Error validating access token: Session has expired on Monday, 23-Nov-26 05:00:00 PST.") {
		t.Errorf("message: %s", m)
	}
	w.SetExpiredStatus(401)
	if r := w.as(w.ig, "GET", "me", nil); r.status != 401 {
		t.Errorf("switched: HTTP %d", r.status)
	}
	w.RestoreTokens()
	if r := w.as(w.ig, "GET", "me", nil); r.status != 200 {
		t.Errorf("restored: %v", r.body)
	}
	w.RevokeTokens()
	w.wantCode("revoked", w.as(w.fb, "GET", "me", nil), 190, 458)
	w.RestoreTokens()
	w.ExpireTokens()
	w.wantCode("ended", w.as(w.fb, "GET", "me", nil), 190, 463)
}

func TestPageTokenNeverExpires(t *testing.T) {
	t.Parallel()
	w := build(t, farside.Options{})
	w.pass(100 * day)
	if r := w.as(w.fb, "GET", "me", nil); !w.fb.ExpiresAt.IsZero() || r.status != 200 {
		t.Errorf("%v %v", w.fb.ExpiresAt, r.body)
	}
	w.wantCode("Instagram's", w.as(w.ig, "GET", "me", nil), 190, 463)
}

func TestUsage(t *testing.T) {
	t.Parallel()
	w := build(t, farside.Options{})
	w.SetCallBudget(40)
	usage := func(r reply) (percent, regain int) {
		var all map[string][]map[string]any
		if err := json.Unmarshal([]byte(r.header.Get("X-Business-Use-Case-Usage")), &all); err != nil {
			return 0, 0
		}
		u := all[w.ig.RemoteID][0]
		if u["type"] != "instagram" || r.header.Get("X-App-Usage") == "" {
			t.Errorf("header: %v", r.header)
		}
		return int(u["call_count"].(float64)), int(u["estimated_time_to_regain_access"].(float64))
	}
	read := func() reply { return w.as(w.ig, "GET", "me", nil) }
	if r := read(); r.header.Get("X-Business-Use-Case-Usage") != "" {
		t.Errorf("shown too early: %v", r.header)
	}
	for range 38 {
		read()
	}
	r := read()
	if percent, regain := usage(r); r.status != 200 || percent != 100 || regain != 5 {
		t.Errorf("call 40: %d %v", r.status, r.header)
	}
	for wait := 6; wait < 9; wait++ {
		r := read()
		w.wantCode("blocked", r, 80002, 0)
		if _, regain := usage(r); r.status != 400 || regain != wait {
			t.Errorf("blocked: HTTP %d, %d min, want %d", r.status, regain, wait)
		}
	}
	if r := w.as(w.fb, "GET", "me", nil); r.status != 200 {
		t.Errorf("the other account: %v", r.body)
	}
	w.pass(8 * time.Minute)
	if r := read(); r.status != 200 || r.header.Get("X-Business-Use-Case-Usage") != "" {
		t.Errorf("afterwards: %d %v", r.status, r.header)
	}
	w.pass(time.Hour)
	for range 39 {
		read()
	}
	if r := read(); r.status != 200 {
		t.Errorf("the hour rolls: %v", r.body)
	}
}

func TestListAndFields(t *testing.T) {
	t.Parallel()
	w := build(t, farside.Options{})
	var ids []string
	for _, text := range []string{"one", "two", "three"} {
		ids = append(ids, w.post(w.fb, text))
	}
	r := w.as(w.fb, "GET", w.fb.RemoteID+"/media", form("fields", "id,caption", "limit", "2"))
	if got, _ := json.Marshal(r.data()); string(got) != `[{"caption":"three","id":"`+ids[2]+`"},{"caption":"two","id":"`+ids[1]+`"}]` {
		t.Errorf("page 1: %s", got)
	}
	next, err := url.Parse(r.body["paging"].(map[string]any)["next"].(string))
	if err != nil || next.Host != hostFacebook || strings.Contains(next.RawQuery, w.fb.Access) {
		t.Fatalf("next: %v %v", next, err)
	}
	r = w.send("GET", next.Host, next.RequestURI(), http.Header{"Authorization": {"Bearer " + w.fb.Access}}, nil)
	if len(r.data()) != 1 || r.body["paging"].(map[string]any)["next"] != nil {
		t.Errorf("page 2: %v", r.body)
	}
	w.as(w.fb, "POST", ids[0]+"/comments", form("message", "one comment"))
	w.pass(time.Minute)
	since := strconv.FormatInt(w.now().Unix(), 10)
	w.post(w.fb, "four")
	if r := w.as(w.fb, "GET", w.fb.RemoteID+"/media", form("since", since)); len(r.data()) != 1 {
		t.Errorf("since: %v", r.body)
	}
	if r := w.as(w.fb, "GET", w.fb.RemoteID+"/media", form("until", since)); len(r.data()) != 3 {
		t.Errorf("until: %v", r.body)
	}
	for what, c := range map[string]struct {
		path, fields string
		code         int
	}{
		"unknown field":        {ids[0], "likes_of_all", 100},
		"unknown nested field": {ids[0], "comments{shoe_size}", 100},
		"unclosed":             {ids[0], "children{id", 2500},
		"deep":                 {ids[0], strings.Repeat("a{", 50) + strings.Repeat("}", 50), 2500},
		"empty":                {ids[0], "id,,", 2500},
		"limits":               {w.fb.RemoteID + "/content_publishing_limit", "speed", 100},
	} {
		w.wantCode(what, w.as(w.fb, "GET", c.path, form("fields", c.fields)), c.code, 0)
	}
	if r := w.as(w.fb, "GET", ids[0], form("fields", "comments.limit(5){id}, caption")); r.text("caption") != "one" {
		t.Errorf("modifier: %v", r.body)
	}
}

func TestComments(t *testing.T) {
	t.Parallel()
	w := build(t, farside.Options{})
	media := w.post(w.ig, "with a comment")
	for text, ok := range map[string]bool{
		"first #a #b #c #d https://example.com": true, strings.Repeat("ü", 300): true, strings.Repeat("ü", 301): false, " ": false,
		"#a #b #c #d #e": false, "http://a.example http://b.example": false, "ALL LOUD": false, "1 2 3": true,
	} {
		if r := w.as(w.ig, "POST", media+"/comments", form("message", text)); (r.status == 200) != ok {
			t.Errorf("%.20s: %d %v", text, r.status, r.body)
		}
	}
	id := w.as(w.ig, "POST", media+"/comments", form("message", "the last")).text("id")
	list := w.as(w.ig, "GET", media+"/comments", form("fields", "id,text,timestamp,username,from")).data()
	if first := list[0].(map[string]any); len(list) != 4 || first["id"] != id || first["text"] != "the last" || first["username"] != w.ig.Username {
		t.Errorf("%v", list)
	}
	if got := w.Posts()[0].Comments; len(got) != 4 || got[3].Text != "the last" {
		t.Errorf("%+v", got)
	}
	w.wantCode("another's", w.as(w.fb, "POST", media+"/comments", form("message", "hello")), 100, 33)
	if w.as(w.ig, "DELETE", id, nil).status != 200 {
		t.Error("not deleted")
	}
	w.wantCode("gone", w.as(w.ig, "GET", id, nil), 100, 33)
	if w.as(w.ig, "POST", media, form("comment_enabled", "false")).body["success"] != true {
		t.Error("not turned off")
	}
	w.wantCode("off", w.as(w.ig, "POST", media+"/comments", form("message", "too late")), 100, 0)
}

func TestDelete(t *testing.T) {
	t.Parallel()
	w := build(t, farside.Options{})
	mine, other := w.post(w.fb, "to go"), w.post(w.ig, "to stay")
	w.wantCode("Instagram login", w.as(w.ig, "DELETE", other, nil), 100, 33)
	if r := w.as(w.fb, "DELETE", mine, nil); r.text("deleted_id") != mine || len(w.Posts()) != 1 {
		t.Errorf("%v", r.body)
	}
	w.wantCode("again", w.as(w.fb, "DELETE", mine, nil), 100, 33)
}

func TestPathsAndBodies(t *testing.T) {
	t.Parallel()
	w := build(t, farside.Options{})
	auth := func(kind string) http.Header {
		return http.Header{"Authorization": {"Bearer " + w.ig.Access}, "Content-Type": {kind}}
	}
	for path, want := range map[string][2]int{
		"/me": {2500, 0}, "/": {2500, 0}, "/v25/me": {2500, 0}, "/v25.0": {2500, 0}, "/v25.0//media": {2500, 0}, "/v25.0/a/b/c": {2500, 0},
		"/v25.0/12345": {100, 33}, "/v25.0/me/shoes": {100, 0}, "/v1.0/me": {0, 0}, "/v25.0/" + w.fb.RemoteID: {100, 33},
	} {
		r := w.send("GET", hostInstagram, path, auth(""), nil)
		w.wantCode(path, r, want[0], want[1])
		if !strings.HasPrefix(r.header.Get("Content-Type"), "application/json") {
			t.Errorf("%s: %v", path, r.header)
		}
	}
	w.wantCode("unknown host", w.send("GET", "example.com", "/", nil, nil), 2500, 0)
	w.wantCode("wrong method", w.send("PUT", hostInstagram, "/v25.0/me/media", auth(""), nil), 100, 33)
	create := func(kind, body string) reply {
		return w.send("POST", hostInstagram, "/v25.0/me/media", auth(kind), strings.NewReader(body))
	}
	item := func(flag string) string {
		r := create("application/json; charset=utf-8", `{"image_url":"`+w.file("ok.jpg")+`","is_carousel_item":`+flag+`,"caption":null}`)
		if r.text("id") == "" {
			t.Fatalf("JSON: %v", r.body)
		}
		return r.text("id")
	}
	one, two := item("true"), item(`"true"`)
	w.pass(time.Second)
	if r := create("application/json", `{"media_type":"CAROUSEL","children":["`+one+`",`+two+`]}`); r.text("id") == "" {
		t.Errorf("array: %v", r.body)
	}
	multipart := "--x\r\nContent-Disposition: form-data; name=\"image_url\"\r\n\r\n" + w.file("ok.jpg") + "\r\n--x--\r\n"
	if r := create("multipart/form-data; boundary=x", multipart); r.text("id") == "" {
		t.Errorf("multipart: %v", r.body)
	}
	for kind, body := range map[string]string{
		"application/json": `{"image_url":`, "application/x-www-form-urlencoded": "image_url=%zz", "multipart/form-data": "x", "text/plain": "x",
		"application/json; x=1": `["a"]`,
	} {
		w.wantCode(kind, create(kind, body), 100, 0)
	}
	if r := create("application/json", `{"caption":"`+strings.Repeat("a", graph.MaxBody)+`"}`); r.status != 413 {
		t.Errorf("large: %d %v", r.status, r.body)
	}
	w.wantCode("query", w.send("GET", hostInstagram, "/v25.0/me?a=%zz", auth(""), nil), 100, 0)
}

func TestAccounts(t *testing.T) {
	t.Parallel()
	w := build(t, farside.Options{})
	r := w.as(w.ig, "GET", "me", form("fields", "user_id,username,name,account_type,profile_picture_url,media_count"))
	if r.text("user_id") != w.ig.RemoteID || r.text("username") != "coastline.daily" || r.text("account_type") != "BUSINESS" {
		t.Errorf("me: %v", r.body)
	}
	picture, _ := url.Parse(w.ig.PictureURL)
	if r := w.send("GET", picture.Host, picture.Path, nil, nil); r.status != 200 || r.header.Get("Content-Type") != "image/jpeg" {
		t.Errorf("picture: %d", r.status)
	}
	if r := w.as(w.fb, "GET", w.fb.RemoteID, form("fields", "username")); r.text("username") != "maison.lune" {
		t.Errorf("account: %v", r.body)
	}
	w.wantCode("a Page publishes nothing", w.as(w.fb, "POST", "me/media", form("image_url", w.file("ok.jpg"))), 100, 33)
	w.wantCode("a Page manages no Pages", w.as(w.fb, "GET", "me/accounts", nil), 100, 0)
	if r := w.send("GET", hostWeb, "/maison.lune/", nil, nil); r.status != 404 {
		t.Errorf("profile without posts: %d", r.status)
	}
	w.post(w.fb, "<b>hostile</b>")
	if r := w.send("GET", hostWeb, "/maison.lune/", nil, nil); r.status != 200 || strings.Contains(r.text("raw"), "<b>hostile") {
		t.Errorf("profile: %d %s", r.status, r.text("raw"))
	}
}

// agree sends the form of a consent page.
func (w *world) agree(host, path string, fields url.Values) reply {
	return w.send("POST", host, path, http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, strings.NewReader(fields.Encode()))
}

func TestInstagramLogin(t *testing.T) {
	t.Parallel()
	w := build(t, farside.Options{})
	const back = "https://app.example/callback"
	q := form("client_id", "42", "redirect_uri", back, "response_type", "code", "state", "s1", "scope", "instagram_business_basic")
	authorize := func() string {
		to, err := url.Parse(w.agree(hostWeb, "/oauth/authorize?"+q.Encode(), form("user", "coastline.daily", "scope", "instagram_business_basic", "decision", "allow")).header.Get("Location"))
		if err != nil || to.Host != "app.example" || to.Query().Get("state") != "s1" || to.Fragment != "_" {
			t.Fatalf("sent back to %v", to)
		}
		return to.Query().Get("code")
	}
	redeem := func(code string) reply {
		f := form("client_id", "42", "client_secret", "s", "grant_type", "authorization_code", "redirect_uri", back, "code", code)
		return w.send("POST", hostAPI, "/oauth/access_token", http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, strings.NewReader(f.Encode()))
	}
	code := authorize()
	r := redeem(code)
	short := r.text("access_token")
	if _, isNumber := r.body["user_id"].(float64); short == "" || !isNumber {
		t.Fatalf("flat: %v", r.body)
	}
	if r := redeem(code); r.status != 400 || r.text("error_type") != "OAuthException" {
		t.Errorf("twice: %v", r.body)
	}
	w.SetNestedExchange(true)
	if r := redeem(authorize() + "#_"); len(r.data()) != 1 {
		t.Errorf("nested: %v", r.body)
	}
	late := authorize()
	w.pass(time.Hour)
	if r := redeem(late); r.status != 400 {
		t.Errorf("late: %v", r.body)
	}
	get := func(path string, v url.Values) reply {
		return w.send("GET", hostInstagram, path+"?"+v.Encode(), nil, nil)
	}
	exchange := func(token string) reply {
		return get("/access_token", form("grant_type", "ig_exchange_token", "client_secret", "s", "access_token", token))
	}
	w.wantCode("short token's end", exchange(short), 190, 463)
	w.SetNestedExchange(false)
	r = exchange(redeem(authorize()).text("access_token"))
	long := r.text("access_token")
	if long != w.ig.Access || r.body["expires_in"] != 5183944.0 {
		t.Errorf("exchange: %v", r.body)
	}
	refresh := func() reply {
		return get("/refresh_access_token", form("grant_type", "ig_refresh_token", "access_token", long))
	}
	w.pass(day - time.Second)
	w.wantCode("too young", refresh(), 100, 0)
	w.pass(time.Second)
	if r := refresh(); r.text("token_type") != "bearer" {
		t.Errorf("refresh: %v", r.body)
	}
	w.pass(longLife)
	w.wantCode("too late", refresh(), 190, 463)
}

func TestFacebookLogin(t *testing.T) {
	t.Parallel()
	w := build(t, farside.Options{})
	const back = "https://app.example/callback"
	q := form("client_id", "42", "redirect_uri", back, "response_type", "code", "state", "s1", "scope", "instagram_basic,pages_show_list")
	to, err := url.Parse(w.agree(hostDialog, "/v25.0/dialog/oauth?"+q.Encode(), form("user", "maison.lune", "scope", "instagram_basic", "decision", "allow")).header.Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	get := func(v url.Values) reply {
		return w.send("GET", hostFacebook, "/v25.0/oauth/access_token?"+v.Encode(), nil, nil)
	}
	redeem := form("client_id", "42", "client_secret", "s", "redirect_uri", back, "code", to.Query().Get("code"))
	short := get(redeem).text("access_token")
	w.wantCode("twice", get(redeem), 100, 36009)
	long := get(form("grant_type", "fb_exchange_token", "client_id", "42", "client_secret", "s", "fb_exchange_token", short)).text("access_token")
	if long == "" {
		t.Error("no long-lived token")
	}
	of := func(method, path string, v url.Values) reply {
		v.Set("access_token", long)
		return w.send(method, hostFacebook, "/v25.0/"+path+"?"+v.Encode(), nil, nil)
	}
	if r := of("GET", "me", form("fields", "id,name")); r.text("name") != "Maison Lune" || r.text("id") == w.fb.Data["pageId"] {
		t.Errorf("the user: %v", r.body)
	}
	pages := of("GET", "me/accounts", form("fields", "id,name,access_token,tasks,instagram_business_account{id,username}")).data()
	page, bare := pages[0].(map[string]any), pages[1].(map[string]any)
	if page["id"] != w.fb.Data["pageId"] || page["access_token"] != w.fb.Access || page["instagram_business_account"].(map[string]any)["id"] != w.fb.RemoteID || bare["instagram_business_account"] != nil {
		t.Errorf("pages: %v", pages)
	}
	granted := []string{}
	for _, p := range of("GET", "me/permissions", form()).data() {
		if p := p.(map[string]any); p["status"] == "granted" {
			granted = append(granted, p["permission"].(string))
		}
	}
	if len(granted) != 1 || granted[0] != "instagram_basic" {
		t.Errorf("granted: %v", granted)
	}
	debug := func(token string) map[string]any {
		r := w.send("GET", hostFacebook, "/v25.0/debug_token?"+form("input_token", token, "access_token", "42|s").Encode(), nil, nil)
		data, _ := r.body["data"].(map[string]any)
		return data
	}
	if d := debug(w.fb.Access); d["is_valid"] != true || d["expires_at"] != 0.0 {
		t.Errorf("valid: %v", d)
	}
	if d := debug("nonsense"); d["is_valid"] != false || d["error"] == nil {
		t.Errorf("invalid: %v", d)
	}
	of("DELETE", "me/permissions", form())
	w.wantCode("a user who is rid of the app", of("GET", "me", form()), 190, 458)
	w.wantCode("their Page", w.as(w.fb, "GET", "me", nil), 190, 458)
	if r := w.send("GET", hostDialog, "/v25.0/dialog/oauth?redirect_uri=javascript:alert(1)", nil, nil); r.status != 400 {
		t.Errorf("hostile redirect: %d", r.status)
	}
}
