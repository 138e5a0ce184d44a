package blueskyfake

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"posthorn/internal/platforms/farside"
)

func tokenClaims(t *testing.T, token string) (typ string, c claims) {
	t.Helper()
	parts := strings.Split(token, ".")
	var h struct{ Typ string }
	head, _ := base64.RawURLEncoding.DecodeString(parts[0])
	body, _ := base64.RawURLEncoding.DecodeString(parts[1])
	if json.Unmarshal(head, &h) != nil || json.Unmarshal(body, &c) != nil {
		t.Fatalf("no token: %q", token)
	}
	return h.Typ, c
}

func TestSeededAccount(t *testing.T) {
	t.Parallel()
	c := connect(t, farside.Options{})
	if !regexp.MustCompile(`^did:plc:[a-z2-7]{24}$`).MatchString(c.did) || !regexp.MustCompile(`^([a-z2-7]{4}-){3}[a-z2-7]{4}$`).MatchString(c.me.Password) {
		t.Errorf("did %q, password %q", c.did, c.me.Password)
	}
	typ, cl := tokenClaims(t, c.me.Access)
	if typ != accessType || cl.Scope != accessScope || cl.Sub != c.did || cl.Aud == "" || cl.Exp != c.me.ExpiresAt.Unix() ||
		!c.me.ExpiresAt.Equal(c.clock.now().Add(2*time.Hour)) {
		t.Errorf("access %s %+v, expires %v", typ, cl, c.me.ExpiresAt)
	}
	if typ, cl := tokenClaims(t, c.me.Refresh); typ != refreshType || cl.ID == "" || cl.Exp-cl.Iat != 90*24*3600 {
		t.Errorf("refresh %s %+v", typ, cl)
	}
	want(t, "access", c.get(pdsHost, "com.atproto.server.getSession", c.me.Access), 200, "", "")
	want(t, "refresh", c.post("com.atproto.server.refreshSession", c.me.Refresh, nil), 200, "", "")
	next := c.post("com.atproto.server.refreshSession", c.me.Refresh, nil)
	restarted := connect(t, farside.Options{})
	if restarted.did != c.did {
		t.Error("another run has other ids")
	}
	want(t, "access in another run", restarted.get(pdsHost, "com.atproto.server.getSession", next.text("accessJwt")), 200, "", "")
	want(t, "refresh in another run", restarted.post("com.atproto.server.refreshSession", next.text("refreshJwt"), nil), 200, "", "")
	if a := c.send(http.MethodGet, c.me.PictureURL, "", "", nil); a.status != 200 || a.header.Get("Content-Type") != "image/png" {
		t.Errorf("picture: %d %s", a.status, a.header)
	}
}

func TestIdentity(t *testing.T) {
	t.Parallel()
	c := connect(t, farside.Options{})
	for _, host := range []string{pdsHost, entrywayHost, publicHost, appViewHost} {
		if a := c.get(host, "com.atproto.identity.resolveHandle", "", "handle", c.me.Username); a.text("did") != c.did {
			t.Errorf("%s: %s", host, a.raw)
		}
	}
	want(t, "unknown", c.get(publicHost, "com.atproto.identity.resolveHandle", "", "handle", "nobody.bsky.social"), 400, "InvalidRequest", "Unable to resolve handle")
	want(t, "no handle", c.get(publicHost, "com.atproto.identity.resolveHandle", "", "handle", "x y"), 400, "InvalidRequest", "handle")

	doc := c.send(http.MethodGet, "https://plc.directory/"+c.did, "", "", nil)
	service := doc.body["service"].([]any)[0].(obj)
	if doc.text("id") != c.did || doc.body["alsoKnownAs"].([]any)[0] != "at://"+c.me.Username || service["id"] != "#atproto_pds" ||
		service["type"] != "AtprotoPersonalDataServer" || service["serviceEndpoint"] != c.me.Data["pds"] {
		t.Errorf("document: %s", doc.raw)
	}
	if a := c.send(http.MethodGet, "https://plc.directory/did:plc:aaaaaaaaaaaaaaaaaaaaaaaa", "", "", nil); a.status != 404 || a.text("message") == "" {
		t.Errorf("unknown did: %d %s", a.status, a.raw)
	}
	if a := c.send(http.MethodGet, "https://"+c.me.Username+"/.well-known/atproto-did", "", "", nil); string(a.raw) != c.did {
		t.Errorf("well-known: %s", a.raw)
	}
	if a := c.send(http.MethodGet, "https://nobody.bsky.social/.well-known/atproto-did", "", "", nil); a.status != 404 {
		t.Errorf("well-known of nobody: %d", a.status)
	}
}

func TestLogin(t *testing.T) {
	t.Parallel()
	c := connect(t, farside.Options{})
	login := func(identifier, password string) answer {
		return c.post("com.atproto.server.createSession", "", obj{"identifier": identifier, "password": password})
	}
	for _, who := range []string{c.me.Username, strings.ToUpper(c.me.Username), c.did, "Lantern@example.com"} {
		a := login(who, AppPassword)
		if a.status != 200 || a.text("did") != c.did || a.text("accessJwt") == "" || a.text("refreshJwt") == "" || a.text("handle") != c.me.Username {
			t.Errorf("%s: %d %s", who, a.status, a.raw)
		}
	}
	want(t, "wrong", login(c.did, "aaaa-aaaa-aaaa-aaaa"), 401, "AuthenticationRequired", "Invalid identifier or password")
	want(t, "unknown", login("nobody.bsky.social", AppPassword), 401, "AuthenticationRequired", "")
	want(t, "neighbour", login("harbour.bsky.social", ""), 401, "AuthenticationRequired", "")
	want(t, "main password", login(c.did, MainPassword), 401, "AuthFactorTokenRequired", "")
	want(t, "no password", c.post("com.atproto.server.createSession", "", obj{"identifier": "x"}), 400, "InvalidRequest", `Missing required key "password" at $`)
	const address = "https://bsky.social/xrpc/com.atproto.server.createSession"
	want(t, "bad JSON", c.send("POST", address, "", "application/json", []byte(`{"a"`)), 400, "SyntaxError", "")
	want(t, "array", c.send("POST", address, "", "application/json", []byte(`[]`)), 400, "InvalidRequest", "Expected object")
	want(t, "two values", c.send("POST", address, "", "application/json", []byte(`{} {}`)), 400, "SyntaxError", "")
	want(t, "text", c.send("POST", address, "", "text/plain", []byte(`{}`)), 400, "InvalidRequest", "Wrong request encoding")
	want(t, "no type", c.send("POST", address, "", "", []byte(`{}`)), 400, "InvalidRequest", "required but not provided")
	want(t, "huge", c.send("POST", address, "", "application/json", make([]byte, 200_000)), 413, "PayloadTooLargeError", "")
	want(t, "get", c.send("GET", address, "", "", nil), 400, "InvalidRequest", "Incorrect HTTP method")
}

func TestLoginLimit(t *testing.T) {
	t.Parallel()
	c := connect(t, farside.Options{})
	login := func() answer {
		return c.post("com.atproto.server.createSession", "", obj{"identifier": c.did, "password": "wrong"})
	}
	for i := range 30 {
		a := login()
		if a.status != 401 || a.header.Get("RateLimit-Limit") != "30" || a.header.Get("RateLimit-Policy") != "30;w=300" {
			t.Fatalf("%d: %d %v", i, a.status, a.header)
		}
	}
	a := login()
	want(t, "31st", a, 429, "RateLimitExceeded", "Rate Limit Exceeded")
	if a.header.Get("Retry-After") != "300" || a.header.Get("RateLimit-Reset") != "1795428300" || a.header.Get("RateLimit-Remaining") != "0" {
		t.Errorf("headers: %v", a.header)
	}
	c.clock.add(5 * time.Minute)
	want(t, "later", login(), 401, "AuthenticationRequired", "")
}

func TestTokens(t *testing.T) {
	t.Parallel()
	c := connect(t, farside.Options{TokenLifetime: time.Minute})
	session := func(token string) answer { return c.get(pdsHost, "com.atproto.server.getSession", token) }
	refresh := func(token string) answer { return c.post("com.atproto.server.refreshSession", token, nil) }
	want(t, "none", session(""), 401, "AuthMissing", "Authentication Required")
	want(t, "garbage", session("abc"), 400, "InvalidToken", "Token could not be verified")
	want(t, "forged", session(c.token[:len(c.token)-4]+"AAAA"), 400, "InvalidToken", "Token could not be verified")
	want(t, "refresh token", session(c.me.Refresh), 400, "InvalidToken", "Invalid token type")
	want(t, "access token", refresh(c.token), 400, "InvalidToken", "Invalid token type")
	want(t, "good", session(c.token), 200, "", "")
	c.clock.add(time.Minute)
	want(t, "expired", session(c.token), 400, "ExpiredToken", "Token has expired")
	want(t, "read without login", c.get(pdsHost, "com.atproto.repo.describeRepo", "", "repo", c.did), 200, "", "")

	first, second := refresh(c.me.Refresh), refresh(c.me.Refresh)
	_, one := tokenClaims(t, first.text("refreshJwt"))
	_, two := tokenClaims(t, second.text("refreshJwt"))
	if one.ID == "" || one.ID != two.ID {
		t.Errorf("two refreshes gave %q and %q", one.ID, two.ID)
	}
	want(t, "new access", session(second.text("accessJwt")), 200, "", "")
	c.clock.add(2 * time.Hour)
	want(t, "within the grace", refresh(c.me.Refresh), 200, "", "")
	c.clock.add(time.Second)
	want(t, "after the grace", refresh(c.me.Refresh), 400, "ExpiredToken", "Token has been revoked")
	want(t, "the next one", refresh(first.text("refreshJwt")), 200, "", "")
	c.clock.add(91 * 24 * time.Hour)
	want(t, "after 90 days", refresh(second.text("refreshJwt")), 400, "ExpiredToken", "Token has expired")
}

func TestLogoutAndFaultsOfSessions(t *testing.T) {
	t.Parallel()
	c := connect(t, farside.Options{})
	session := func(token string) answer { return c.get(pdsHost, "com.atproto.server.getSession", token) }
	refresh := func(token string) answer { return c.post("com.atproto.server.refreshSession", token, nil) }
	next := refresh(c.me.Refresh)
	want(t, "logout by access token", c.post("com.atproto.server.deleteSession", c.token, nil), 400, "InvalidToken", "")
	for range 2 {
		if a := c.post("com.atproto.server.deleteSession", next.text("refreshJwt"), nil); a.status != 200 || len(a.raw) != 0 {
			t.Errorf("logout: %d %s", a.status, a.raw)
		}
	}
	want(t, "refresh after logout", refresh(next.text("refreshJwt")), 400, "ExpiredToken", "Token has been revoked")
	want(t, "access after logout", session(next.text("accessJwt")), 200, "", "")

	c.fake.ExpireAccess()
	want(t, "ExpireAccess", session(c.token), 400, "ExpiredToken", "")
	want(t, "refresh still works", session(refresh(c.me.Refresh).text("accessJwt")), 200, "", "")
	c.fake.RevokeAll()
	want(t, "RevokeAll", refresh(c.me.Refresh), 400, "ExpiredToken", "")
	again := c.post("com.atproto.server.createSession", "", obj{"identifier": c.did, "password": AppPassword})
	want(t, "login still works", session(again.text("accessJwt")), 200, "", "")
	want(t, "and its refresh", refresh(again.text("refreshJwt")), 200, "", "")
}

func TestServiceAuth(t *testing.T) {
	t.Parallel()
	c := connect(t, farside.Options{})
	ask := func(params ...string) answer {
		return c.get(pdsHost, "com.atproto.server.getServiceAuth", c.token, params...)
	}
	a := ask("aud", "did:web:x.example", "lxm", "com.atproto.repo.uploadBlob", "exp", "1795429800")
	if typ, cl := tokenClaims(t, a.text("token")); typ != "JWT" || cl.Iss != c.did || cl.Aud != "did:web:x.example" || cl.Method != "com.atproto.repo.uploadBlob" || cl.Exp != 1795429800 {
		t.Errorf("token %+v", cl)
	}
	want(t, "far", ask("aud", "did:web:x.example", "lxm", "a.b.c", "exp", "1795438000"), 400, "BadExpiration", "more than an hour")
	want(t, "past", ask("aud", "did:web:x.example", "exp", "5"), 400, "BadExpiration", "in past")
	want(t, "for all methods", ask("aud", "did:web:x.example", "exp", "1795429800"), 400, "BadExpiration", "method-less")
	want(t, "protected", ask("aud", "did:web:x.example", "lxm", "com.atproto.server.createAppPassword"), 400, "InvalidRequest", "protected")
	want(t, "no audience", ask(), 400, "InvalidRequest", "aud")
	want(t, "no number", ask("aud", "did:web:x.example", "exp", "soon"), 400, "InvalidRequest", "exp")
}
