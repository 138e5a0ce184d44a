package bluesky

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"posthorn/internal/platforms"
)

func jwt(payload string) string {
	enc := base64.RawURLEncoding.EncodeToString
	return enc([]byte(`{"alg":"HS256"}`)) + "." + enc([]byte(payload)) + ".c2ln"
}

var accessJWT = jwt(fmt.Sprintf(`{"scope":"com.atproto.appPass","exp":%d}`, now.Add(2*time.Hour).Unix()))

func sessionAnswer(did, handle, more string) http.HandlerFunc {
	return answer(200, fmt.Sprintf(`{"accessJwt":%q,"refreshJwt":"new-refresh","did":%q,"handle":%q%s}`, accessJWT, did, handle, more))
}

const (
	resolvePublic   = "GET public.api.bsky.app/xrpc/com.atproto.identity.resolveHandle"
	resolveEntryway = "GET bsky.social/xrpc/com.atproto.identity.resolveHandle"
	wellKnown       = "GET alice.example.com/.well-known/atproto-did"
	directoryAlice  = "GET plc.directory/" + aliceDID
	loginHome       = "POST " + pdsHost + "/xrpc/com.atproto.server.createSession"
	loginEntryway   = "POST bsky.social/xrpc/com.atproto.server.createSession"
	profileAlice    = "GET public.api.bsky.app/xrpc/app.bsky.actor.getProfile"
)

func TestLogin(t *testing.T) {
	t.Parallel()
	isAlice := answer(200, `{"did":"`+aliceDID+`"}`)
	noHandle := answer(400, `{"error":"InvalidRequest","message":"Unable to resolve handle"}`)
	home := sessionAnswer(aliceDID, "alice.example.com", "")
	tests := []struct {
		name, identifier string
		far              map[string]http.HandlerFunc
		pds, username    string         // where it ends
		kind             platforms.Kind // of the error instead
		says             string         // in its message
	}{
		{"a handle", "alice.example.com", map[string]http.HandlerFunc{resolvePublic: isAlice, loginHome: home}, "https://" + pdsHost, "alice.example.com", "", ""},
		{"as people copy it", " \u202a@Alice.Example.com\u202c\n", map[string]http.HandlerFunc{resolvePublic: isAlice, loginHome: home}, "https://" + pdsHost, "alice.example.com", "", ""},
		{"a profile's address", "https://bsky.app/profile/alice.example.com/", map[string]http.HandlerFunc{resolvePublic: isAlice, loginHome: home}, "https://" + pdsHost, "alice.example.com", "", ""},
		{"a DID", aliceDID, map[string]http.HandlerFunc{loginHome: home}, "https://" + pdsHost, "alice.example.com", "", ""},
		{"an e-mail address", "alice@example.com", map[string]http.HandlerFunc{loginEntryway: home}, "https://" + pdsHost, "alice.example.com", "", ""},
		{"the document in the session", "alice@example.com", map[string]http.HandlerFunc{directoryAlice: hangUp,
			loginEntryway: sessionAnswer(aliceDID, "alice.example.com", `,"didDoc":`+didDoc(aliceDID, "https://in.example.com", "alice.example.com"))}, "https://in.example.com", "alice.example.com", "", ""},
		{"nobody can be asked", "alice.example.com", map[string]http.HandlerFunc{resolvePublic: hangUp, resolveEntryway: answer(503, ""), directoryAlice: hangUp, loginEntryway: home}, entryway, "alice.example.com", "", ""},
		{"the directory is away", "alice.example.com", map[string]http.HandlerFunc{resolvePublic: isAlice, directoryAlice: answer(500, ""), loginEntryway: home}, entryway, "alice.example.com", "", ""},
		{"the second resolver knows", "alice.example.com", map[string]http.HandlerFunc{resolvePublic: noHandle, resolveEntryway: isAlice, loginHome: home}, "https://" + pdsHost, "alice.example.com", "", ""},
		{"only the domain itself knows", "alice.example.com", map[string]http.HandlerFunc{resolvePublic: noHandle, resolveEntryway: noHandle, wellKnown: answer(200, aliceDID+"\n"), loginHome: home}, "https://" + pdsHost, "alice.example.com", "", ""},
		{"nobody has the handle", "alice.example.com", map[string]http.HandlerFunc{resolvePublic: noHandle, resolveEntryway: noHandle, wellKnown: hangUp}, "", "", platforms.Rejected, "no Bluesky account with the handle alice.example.com"},
		{"the session names a handle that the account does not claim", aliceDID, map[string]http.HandlerFunc{loginHome: sessionAnswer(aliceDID, "bank.example.com", "")}, "https://" + pdsHost, "alice.example.com", "", ""},
		{"a broken handle", aliceDID, map[string]http.HandlerFunc{directoryAlice: answer(200, didDoc(aliceDID, "https://"+pdsHost)), loginHome: sessionAnswer(aliceDID, "nonsense", "")}, "https://" + pdsHost, aliceDID, "", ""},
		{"the account does not claim the handle", "alice.example.com", map[string]http.HandlerFunc{resolvePublic: isAlice, directoryAlice: answer(200, didDoc(aliceDID, "https://"+pdsHost, "other.example.com")), loginHome: home},
			"", "", platforms.Rejected, "does not use that handle"},
		{"a session of another account", "alice.example.com", map[string]http.HandlerFunc{resolvePublic: isAlice, loginHome: sessionAnswer(bobDID, "bob.example.com", "")}, "", "", platforms.Rejected, "session of another account"},
		{"a hostile document", "alice.example.com", map[string]http.HandlerFunc{resolvePublic: isAlice, directoryAlice: answer(200, didDoc(aliceDID, "http://10.0.0.1", "alice.example.com")), loginHome: home}, "", "", platforms.Rejected, "https"},
		{"an account at rest", aliceDID, map[string]http.HandlerFunc{loginHome: sessionAnswer(aliceDID, "alice.example.com", `,"active":false,"status":"deactivated"`)}, "", "", platforms.Rejected, "not active"},
		{"wrong password", aliceDID, map[string]http.HandlerFunc{loginHome: answer(401, `{"error":"AuthenticationRequired","message":"Invalid identifier or password: hunter2-hunter2"}`)}, "", "", platforms.Unauthorized, "app password"},
		{"a taken down account", aliceDID, map[string]http.HandlerFunc{loginHome: answer(401, `{"error":"AccountTakedown","message":"Account has been taken down"}`)}, "", "", platforms.Unauthorized, "taken down"},
		{"a second factor", aliceDID, map[string]http.HandlerFunc{loginHome: answer(401, `{"error":"AuthFactorTokenRequired","message":"A sign in code has been sent"}`)}, "", "", platforms.Rejected, "second factor"},
		{"too many logins", aliceDID, map[string]http.HandlerFunc{loginHome: answer(429, `{"error":"RateLimitExceeded"}`)}, "", "", platforms.RateLimited, ""},
		{"an incomplete answer", aliceDID, map[string]http.HandlerFunc{loginHome: answer(200, `{"did":"`+aliceDID+`"}`)}, "", "", platforms.Unavailable, "not complete"},
		{"no identifier", " ", nil, "", "", platforms.Rejected, "handle is needed"},
		{"half a handle", "alice", nil, "", "", platforms.Rejected, "neither a handle"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			for call, h := range tt.far {
				w.on(call, h)
			}
			w.on(profileAlice, answer(200, `{"displayName":"Alice","avatar":"https://cdn.example.com/a.jpg"}`))
			c := w.conn(t)
			c.Account, c.Token = platforms.Account{}, platforms.Token{}
			token, accounts, err := Platform{}.Login(context.Background(), c, map[string]platforms.Secret{
				"identifier": platforms.NewSecret(tt.identifier), "appPassword": platforms.NewSecret("hunter2-hunter2")})
			if tt.kind != "" {
				e := wantKind(t, err, tt.kind)
				if !strings.Contains(e.Message, tt.says) {
					t.Errorf("the error says %q, want %q", e.Message, tt.says)
				}
				if strings.Contains(fmt.Sprintf("%v %s", e, e.Body), "hunter2") {
					t.Errorf("the password shows in %v %s", e, e.Body)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if token.Access.Reveal() != accessJWT || token.Refresh.Reveal() != "new-refresh" || !token.ExpiresAt.Equal(now.Add(2*time.Hour)) || fmt.Sprint(token.Scopes) != "[com.atproto.appPass]" {
				t.Errorf("token: expires %v, scopes %v", token.ExpiresAt, token.Scopes)
			}
			a := accounts[0]
			if len(accounts) != 1 || a.RemoteID != aliceDID || a.Username != tt.username || a.DisplayName != "Alice" || a.PictureURL == "" ||
				a.ProfileURL != "https://bsky.app/profile/"+tt.username || string(a.Data) != `{"pds":"`+tt.pds+`"}` {
				t.Errorf("account %+v, data %s", a, a.Data)
			}
		})
	}
}

func TestLoginCutShort(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, cancel := context.WithCancel(context.Background())
	w.on(resolvePublic, func(rw http.ResponseWriter, r *http.Request) {
		answer(400, `{"error":"InvalidRequest"}`)(rw, r)
	})
	w.on(resolveEntryway, func(rw http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	})
	_, _, err := Platform{}.Login(ctx, w.conn(t), map[string]platforms.Secret{
		"identifier": platforms.NewSecret("alice.example.com"), "appPassword": platforms.NewSecret("abcd-efgh-ijkl-mnop")})
	wantKind(t, err, platforms.Unavailable)
	if n := w.count("createSession"); n > 0 {
		t.Errorf("%d logins after the end", n)
	}
}

func TestLoginTakesEitherNameOfThePassword(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var sent string
	w.on(loginHome, func(rw http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		sent = string(b)
		sessionAnswer(aliceDID, "alice.example.com", "")(rw, r)
	})
	_, accounts, err := Platform{}.Login(context.Background(), w.conn(t), map[string]platforms.Secret{
		"identifier": platforms.NewSecret(aliceDID), "password": platforms.NewSecret(" abcd-efgh-ijkl-mnop ")})
	if err != nil || !strings.Contains(sent, `"password":"abcd-efgh-ijkl-mnop"`) {
		t.Errorf("sent %s, %v", sent, err)
	}
	if accounts[0].DisplayName != "alice.example.com" {
		t.Errorf("without a profile the name is %q", accounts[0].DisplayName)
	}
	_, _, err = Platform{}.Login(context.Background(), w.conn(t), map[string]platforms.Secret{"identifier": platforms.NewSecret(aliceDID)})
	if e := wantKind(t, err, platforms.Rejected); e.Field != "appPassword" {
		t.Errorf("field %q", e.Field)
	}
}

func TestRefresh(t *testing.T) {
	t.Parallel()
	const call = "POST old.example.com/xrpc/com.atproto.server.refreshSession"
	tests := []struct {
		name   string
		answer http.HandlerFunc
		want   platforms.Kind
	}{
		{"renewed", sessionAnswer(aliceDID, "alice.example.com", ""), ""},
		{"ended", answer(400, `{"error":"ExpiredToken","message":"Token has been revoked"}`), platforms.Unauthorized},
		{"not a token", answer(400, `{"error":"InvalidToken"}`), platforms.Unauthorized},
		{"taken down", answer(401, `{"error":"AccountTakedown"}`), platforms.Unauthorized},
		{"away", answer(503, ""), platforms.Unavailable},
		{"lost", hangUp, platforms.Unavailable},
		{"limited", answer(429, ""), platforms.RateLimited},
		{"of another account", sessionAnswer(bobDID, "bob.example.com", ""), platforms.Unauthorized},
		{"incomplete", answer(200, `{"did":"`+aliceDID+`"}`), platforms.Unavailable},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.on(call, func(rw http.ResponseWriter, r *http.Request) {
				if b, _ := io.ReadAll(r.Body); len(b) > 0 || r.Header.Get("Authorization") != "Bearer refresh-token" {
					t.Errorf("asked with body %q and %q", b, r.Header.Get("Authorization"))
				}
				tt.answer(rw, r)
			})
			token, err := Platform{}.Refresh(context.Background(), w.conn(t))
			if tt.want != "" {
				wantKind(t, err, tt.want)
			} else if err != nil || token.Refresh.Reveal() != "new-refresh" || token.ExpiresAt.IsZero() {
				t.Errorf("token expires %v, %v", token.ExpiresAt, err)
			}
		})
	}
}

func TestRefreshWithoutDataOrToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.on("POST "+pdsHost+"/xrpc/com.atproto.server.refreshSession", sessionAnswer(aliceDID, "alice.example.com", ""))
	c := w.conn(t)
	c.Account.Data = nil
	if _, err := (Platform{}).Refresh(context.Background(), c); err != nil {
		t.Error(err)
	}
	c.Token.Refresh = platforms.Secret{}
	_, err := Platform{}.Refresh(context.Background(), c)
	wantKind(t, err, platforms.Unauthorized)
}

func TestReadClaims(t *testing.T) {
	t.Parallel()
	for _, in := range []string{"", "opaque", "a.b.c", "a." + base64.RawURLEncoding.EncodeToString([]byte(`{"exp":"soon"}`)) + ".c"} {
		if got := readClaims(in); got != (jwtClaims{}) {
			t.Errorf("%q: %+v", in, got)
		}
	}
	if got := readClaims(jwt(`{"exp":12,"scope":"a b"}`)); got != (jwtClaims{12, "a b"}) {
		t.Errorf("%+v", got)
	}
}

func TestRevoke(t *testing.T) {
	t.Parallel()
	const call = "POST old.example.com/xrpc/com.atproto.server.deleteSession"
	for _, tt := range []struct {
		name   string
		answer http.HandlerFunc
		want   platforms.Kind
	}{
		{"ended", answer(200, ""), ""},
		{"ended before", answer(400, `{"error":"ExpiredToken","message":"Token has been revoked"}`), ""},
		{"no token of this host's", answer(400, `{"error":"InvalidToken"}`), ""},
		{"away", answer(503, ""), platforms.Unavailable},
		{"lost", hangUp, platforms.Unavailable},
		{"limited", answer(429, ""), platforms.RateLimited},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.on(call, func(rw http.ResponseWriter, r *http.Request) {
				if got := r.Header.Get("Authorization"); got != "Bearer refresh-token" {
					t.Errorf("asked with %q", got)
				}
				tt.answer(rw, r)
			})
			err := Platform{}.Revoke(context.Background(), w.conn(t))
			if tt.want == "" && err != nil {
				t.Error(err)
			} else if tt.want != "" {
				wantKind(t, err, tt.want)
			}
			if w.count("deleteSession") != 1 {
				t.Errorf("%d calls", w.count("deleteSession"))
			}
		})
	}
}
