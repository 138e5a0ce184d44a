package blueskyfake

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strconv"
	"strings"
	"time"
)

// How long tokens of the reference PDS live.
const (
	accessLifetime  = 2 * time.Hour
	refreshLifetime = 90 * 24 * time.Hour
	refreshGrace    = 2 * time.Hour // in which a refresh token that was used goes on to work
	serviceLifetime = time.Minute   // unless the caller asks for more
)

// The kinds of tokens, as their header names them.
const (
	accessType  = "at+jwt"
	refreshType = "refresh+jwt"
	serviceType = "JWT"
)

const (
	accessScope  = "com.atproto.appPassPrivileged"
	refreshScope = "com.atproto.refresh"
)

// claims are the contents of all three kinds of tokens.
type claims struct {
	Scope  string `json:"scope,omitempty"`
	Sub    string `json:"sub,omitempty"`
	Iss    string `json:"iss,omitempty"`
	Aud    string `json:"aud"`
	Method string `json:"lxm,omitempty"`
	ID     string `json:"jti,omitempty"`
	Iat    int64  `json:"iat"`
	Exp    int64  `json:"exp"`
}

// tokenBook signs tokens with keys that are the same in every run, so that a sandbox that is started again knows the tokens of its last
// run. A generation of a kind has its own key: to raise it is to end all tokens of that kind.
type tokenBook struct {
	generation map[string]int
	used       map[string]time.Time // refresh token's id: when it was first used
	revoked    map[string]bool      // refresh token's id
}

func newTokenBook() tokenBook {
	return tokenBook{generation: map[string]int{serviceType: 0, accessType: 0, refreshType: 0}, used: map[string]time.Time{}, revoked: map[string]bool{}}
}

func tokenKey(typ string, generation int) []byte {
	key := sha256.Sum256([]byte("sandbox only, opens nothing else " + typ + " " + strconv.Itoa(generation)))
	return key[:]
}

func sum(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

func (b *tokenBook) sign(typ string, c claims) string {
	enc := base64.RawURLEncoding
	body, _ := json.Marshal(c) // strings and numbers only: cannot fail
	text := enc.EncodeToString([]byte(`{"typ":"`+typ+`","alg":"HS256"}`)) + "." + enc.EncodeToString(body)
	return text + "." + enc.EncodeToString(sum(tokenKey(typ, b.generation[typ]), text))
}

// verify returns a token's kind and claims, and whether its generation has passed; ok is false for what is no token of ours.
func (b *tokenBook) verify(token string) (typ string, c claims, ended, ok bool) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return "", c, false, false
	}
	enc := base64.RawURLEncoding.Strict()
	head, err1 := enc.DecodeString(parts[0])
	body, err2 := enc.DecodeString(parts[1])
	signature, err3 := enc.DecodeString(parts[2])
	var h struct{ Typ, Alg string }
	if err1 != nil || err2 != nil || err3 != nil || json.Unmarshal(head, &h) != nil || h.Alg != "HS256" {
		return "", c, false, false
	}
	current, known := b.generation[h.Typ]
	if !known {
		return "", c, false, false
	}
	for g := current; g >= 0; g-- {
		if hmac.Equal(signature, sum(tokenKey(h.Typ, g), parts[0]+"."+parts[1])) {
			return h.Typ, c, g < current, json.Unmarshal(body, &c) == nil
		}
	}
	return "", c, false, false
}

// next is the id that follows a refresh token's: always the same, so that two who refresh at once get the same session.
func (b *tokenBook) next(id string) string {
	return base64.RawStdEncoding.EncodeToString(sum(tokenKey("jti", 0), id))
}

func randomID() string { return rand.Text() }

// session makes the pair of tokens for an account.
func (f *Fake) session(a *account, refreshID string) (accessToken, refreshToken string, expires time.Time) {
	now := f.now()
	exp := ceilSeconds(now.Add(f.tokenLifetime))
	accessToken = f.tokens.sign(accessType, claims{Scope: accessScope, Sub: a.did, Aud: "did:web:" + pdsHost, Iat: now.Unix(), Exp: exp})
	refreshToken = f.tokens.sign(refreshType, claims{Scope: refreshScope, Sub: a.did, Aud: "did:web:" + entrywayHost, ID: refreshID,
		Iat: now.Unix(), Exp: ceilSeconds(now.Add(refreshLifetime))})
	return accessToken, refreshToken, time.Unix(exp, 0).UTC()
}

// authenticate reads the Authorization header as a method needs it. What is wrong with a token is answered with 400, not 401.
func (f *Fake) authenticate(c *call, need access) error {
	if need == openToAll {
		return nil
	}
	header := c.header.Get("Authorization")
	if header == "" {
		return denied("AuthMissing", "Authentication Required")
	}
	scheme, token, found := strings.Cut(header, " ")
	if !found || strings.Contains(token, " ") {
		return named("InvalidToken", "Malformed authorization header")
	}
	if !strings.EqualFold(scheme, "Bearer") {
		return named("InvalidToken", "Unsupported authorization type: "+scheme)
	}
	typ, cl, ended, ok := f.tokens.verify(token)
	if need == byServiceToken {
		return f.authenticateService(c, typ, cl, ok)
	}
	if !ok {
		return named("InvalidToken", "Token could not be verified")
	}
	if want := map[bool]string{true: accessType, false: refreshType}[need == byAccessToken]; typ != want {
		return named("InvalidToken", "Invalid token type")
	}
	if expired := f.now().Unix() >= cl.Exp; (expired || ended) && need != byRefreshTokenEvenExpired {
		return named("ExpiredToken", "Token has expired")
	}
	c.token, c.account = cl, f.byDID(cl.Sub)
	if c.account == nil {
		return &failure{Status: 403, Name: "AccountNotFound", Message: "Account not found"}
	}
	return nil
}

// authenticateService reads the token that an account host makes for another service; the method looks at whom and what it is for.
func (f *Fake) authenticateService(c *call, typ string, cl claims, ok bool) error {
	switch {
	case !ok || typ != serviceType:
		return denied("BadJwt", "poorly formatted jwt")
	case f.now().Unix() >= cl.Exp:
		return denied("JwtExpired", "jwt expired")
	}
	c.token, c.account = cl, f.byDID(cl.Iss)
	if c.account == nil {
		return denied("BadJwtIssuer", "jwt issuer is unknown")
	}
	return nil
}
