package bluesky

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"posthorn/internal/platforms"
	"posthorn/internal/platforms/rest"
)

// xrpc calls the methods of one host (https://atproto.com/specs/xrpc): a PDS, the public read service or the video service.
type xrpc struct {
	conn *platforms.Conn
	host string // scheme and authority: "https://bsky.social"
}

const collection = "app.bsky.feed.post"

func (x xrpc) query(ctx context.Context, method string, bearer platforms.Secret, q url.Values, out any) error {
	_, err := rest.Do(ctx, x.conn, rest.Request{Method: http.MethodGet, URL: x.host + "/xrpc/" + method, Query: q, Bearer: bearer}, out, Classify)
	return err
}

// session is the answer of createSession and refreshSession.
type session struct {
	Access  string          `json:"accessJwt"`
	Refresh string          `json:"refreshJwt"`
	Handle  string          `json:"handle"`
	DID     string          `json:"did"`
	DIDDoc  json.RawMessage `json:"didDoc"`
	Active  *bool           `json:"active"`
	Status  string          `json:"status"`
}

// createSession logs in. A lost answer does no harm: it leaves a session that nobody uses.
func (x xrpc) createSession(ctx context.Context, identifier string, password platforms.Secret) (session, error) {
	var out session
	in := map[string]string{"identifier": identifier, "password": password.Reveal()}
	_, err := rest.Do(ctx, x.conn, rest.Request{Method: http.MethodPost, URL: x.host + "/xrpc/com.atproto.server.createSession", JSON: in}, &out, Classify)
	return out, err
}

// refreshSession changes a refresh token for a new pair. The old one stays usable for two hours and then gives the same successor, so
// that a lost answer is repaired by asking again.
func (x xrpc) refreshSession(ctx context.Context, refresh platforms.Secret) (session, error) {
	var out session
	_, err := rest.Do(ctx, x.conn, rest.Request{Method: http.MethodPost, URL: x.host + "/xrpc/com.atproto.server.refreshSession", Bearer: refresh}, &out, Classify)
	return out, err
}

// deleteSession logs out: no new pair is given for the refresh token. The access token lives out its time, two hours at most.
func (x xrpc) deleteSession(ctx context.Context, refresh platforms.Secret) error {
	_, err := rest.Do(ctx, x.conn, rest.Request{Method: http.MethodPost, URL: x.host + "/xrpc/com.atproto.server.deleteSession", Bearer: refresh}, nil, Classify)
	return err
}

func (x xrpc) resolveHandle(ctx context.Context, handle string) (string, error) {
	var out struct {
		DID string `json:"did"`
	}
	err := x.query(ctx, "com.atproto.identity.resolveHandle", platforms.Secret{}, url.Values{"handle": {handle}}, &out)
	if err == nil && !isDID(out.DID) {
		return "", platforms.Errorf(platforms.Unavailable, "the handle's DID could not be read")
	}
	return out.DID, err
}

// profile is what the public sees of an account.
type profile struct {
	DisplayName string `json:"displayName"`
	Avatar      string `json:"avatar"`
}

func (x xrpc) getProfile(ctx context.Context, did string) (profile, error) {
	var out profile
	err := x.query(ctx, "app.bsky.actor.getProfile", platforms.Secret{}, url.Values{"actor": {did}}, &out)
	return out, err
}

// uploadBlob stores a file's bytes; the same bytes give the same blob, so a repeat is harmless. The answer goes into the record as it is.
func (x xrpc) uploadBlob(ctx context.Context, body io.Reader, mime string, size int64) (json.RawMessage, error) {
	var out struct {
		Blob json.RawMessage `json:"blob"`
	}
	_, err := rest.Do(ctx, x.conn, rest.Request{Method: http.MethodPost, URL: x.host + "/xrpc/com.atproto.repo.uploadBlob", Bearer: x.conn.Token.Access,
		Body: body, Type: mime, Length: size}, &out, Classify)
	if err == nil && !isObject(out.Blob) {
		return nil, platforms.Errorf(platforms.Unavailable, "the answer to the upload names no blob")
	}
	return out.Blob, err
}

// ref names a version of a record (a strongRef).
type ref struct {
	URI string `json:"uri"`
	CID string `json:"cid"`
}

type putRecordInput struct {
	Repo       string  `json:"repo"`
	Collection string  `json:"collection"`
	Key        string  `json:"rkey"`
	Record     record  `json:"record"`
	Swap       *string `json:"swapRecord"` // always null, and written out: only where there is no record yet
}

// putRecord writes a record where there is none. The same record again is a success that changes nothing; another one there is
// InvalidSwap.
func (x xrpc) putRecord(ctx context.Context, key string, r record) (ref, error) {
	var out ref
	in := putRecordInput{Repo: x.conn.Account.RemoteID, Collection: collection, Key: key, Record: r}
	resp, err := rest.Do(ctx, x.conn, rest.Request{Method: http.MethodPost, URL: x.host + "/xrpc/com.atproto.repo.putRecord", Bearer: x.conn.Token.Access,
		JSON: in, Write: true}, &out, Classify)
	if err == nil && (out.URI == "" || out.CID == "") {
		return ref{}, &platforms.Error{Kind: platforms.Ambiguous, Message: "the platform's answer names no record", Status: resp.Status}
	}
	return out, err
}

// getRecord reads a record; anyone may, at no cost in points. RecordNotFound when there is none.
func (x xrpc) getRecord(ctx context.Context, key string) (ref, json.RawMessage, error) {
	var out struct {
		ref
		Value json.RawMessage `json:"value"`
	}
	q := url.Values{"repo": {x.conn.Account.RemoteID}, "collection": {collection}, "rkey": {key}}
	err := x.query(ctx, "com.atproto.repo.getRecord", platforms.Secret{}, q, &out)
	return out.ref, out.Value, err
}

// getServiceAuth asks the PDS for a token with which another service may upload one blob in the account's name.
func (x xrpc) getServiceAuth(ctx context.Context, audience string, until time.Time) (platforms.Secret, error) {
	var out struct {
		Token string `json:"token"`
	}
	q := url.Values{"aud": {audience}, "lxm": {"com.atproto.repo.uploadBlob"}, "exp": {strconv.FormatInt(until.Unix(), 10)}}
	err := x.query(ctx, "com.atproto.server.getServiceAuth", x.conn.Token.Access, q, &out)
	if err == nil && out.Token == "" {
		err = platforms.Errorf(platforms.Unavailable, "the platform gave no token for the video service")
	}
	return platforms.NewSecret(out.Token), err
}

func isObject(raw json.RawMessage) bool {
	var m map[string]any
	return json.Unmarshal(raw, &m) == nil && m != nil
}
