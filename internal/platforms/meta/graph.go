package meta

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"posthorn/internal/platforms"
	"posthorn/internal/platforms/rest"
)

// Client calls a Graph API for one account.
type Client struct {
	Conn  *platforms.Conn
	Base  string // https://host/version
	Title string // of the platform, for people
	Table *Table
	// Read reads failed answers; nil: by the table alone.
	Read  rest.Classifier
	Usage func(http.Header) (platforms.Usage, bool)
	// Prove signs each call with the app's secret, where the account's login has one.
	// https://developers.facebook.com/docs/graph-api/guides/secure-requests
	Prove bool
}

// Amend completes the error of one call by what only the call knows.
type Amend func(e *platforms.Error, status int)

// NotNow amends the errors of a call that waits for no processing: what is not found counts as a try, lest it be asked for forever.
func NotNow(e *platforms.Error, _ int) {
	if e.Kind == platforms.NotReady {
		e.Kind = platforms.Unavailable
	}
}

// Version is the API's that an app speaks, "v25.0".
func Version(app platforms.App, otherwise string) string {
	v := app.Version
	if v == "" {
		v = otherwise
	}
	if !strings.HasPrefix(v, "v") {
		v = "v" + v
	}
	return v
}

// Spoken notes the version of the API in the errors that it gave.
func Spoken(err error, version string) error {
	var e *platforms.Error
	if errors.As(err, &e) && (e.Endpoint != "" || e.Code != "") {
		e.APIVersion = version
	}
	return err
}

// Get reads.
func (a Client) Get(ctx context.Context, path string, query url.Values, out any, amend Amend) error {
	a.prove(query)
	_, err := rest.Do(ctx, a.Conn, rest.Request{Method: http.MethodGet, URL: a.Base + "/" + path, Query: query, Bearer: a.Conn.Token.Access}, out, a.Classify(amend))
	return err
}

// Post sends a form and returns the ID in the answer. write says that a repeat would act twice.
func (a Client) Post(ctx context.Context, path string, form url.Values, write bool, amend Amend) (string, error) {
	var out struct {
		ID      string `json:"id"`
		Success bool   `json:"success"`
	}
	resp, err := a.Send(ctx, path, form, write, &out, amend)
	if err == nil && out.ID == "" && !out.Success {
		return "", a.Nameless(resp, write)
	}
	return out.ID, err
}

// Send sends a form and reads the answer.
func (a Client) Send(ctx context.Context, path string, form url.Values, write bool, out any, amend Amend) (rest.Response, error) {
	a.prove(form)
	return rest.Do(ctx, a.Conn, rest.Request{Method: http.MethodPost, URL: a.Base + "/" + path, Form: form, Bearer: a.Conn.Token.Access, Write: write}, out, a.Classify(amend))
}

// Nameless is the error of an answer that says success and does not name what it made.
func (a Client) Nameless(resp rest.Response, write bool) error {
	e := &platforms.Error{Kind: platforms.Unavailable, Message: a.Title + "'s answer names no ID", Status: resp.Status, Body: a.Conn.Redact(resp.Body)}
	if write {
		e.Kind = platforms.Ambiguous
	}
	return e
}

// Upload sends a form with a file in it. It may be repeated: what is uploaded is not seen until it is used.
func (a Client) Upload(ctx context.Context, path string, form rest.Multipart, out any, amend Amend) error {
	proof := url.Values{}
	if a.prove(proof); len(proof) > 0 {
		form.Fields = append(form.Fields, [2]string{"appsecret_proof", proof.Get("appsecret_proof")})
	}
	_, err := rest.Do(ctx, a.Conn, form.Into(rest.Request{Method: http.MethodPost, URL: a.Base + "/" + path, Bearer: a.Conn.Token.Access}), out, a.Classify(amend))
	return err
}

// Delete takes an object away. It may be repeated.
func (a Client) Delete(ctx context.Context, id string, amend Amend) error {
	query := url.Values{}
	a.prove(query)
	_, err := rest.Do(ctx, a.Conn, rest.Request{Method: http.MethodDelete, URL: a.Base + "/" + id, Query: query, Bearer: a.Conn.Token.Access}, nil, a.Classify(amend))
	return err
}

// Classify reads failed answers by the table, with the time at which a limit ends where the row or the usage header knows it.
func (a Client) Classify(amend Amend) rest.Classifier {
	return func(r rest.Response) *platforms.Error {
		read := a.Read
		if read == nil {
			read = a.Table.Classify
		}
		e := read(r)
		if e == nil {
			return nil
		}
		if e.Kind == platforms.RateLimited {
			if u, ok := a.Usage(r.Header); ok && u.Regain > 0 {
				e.Reset = a.Conn.Now().Add(u.Regain)
			} else if wait := a.Table.Row(e.Code).Wait; wait > 0 {
				e.Reset = a.Conn.Now().Add(wait)
			}
		}
		if amend != nil {
			amend(e, r.Status)
		}
		return e
	}
}

// prove shows that the caller holds the app's secret.
func (a Client) prove(values url.Values) {
	if !a.Prove || a.Conn.App.Secret.IsZero() {
		return
	}
	mac := hmac.New(sha256.New, []byte(a.Conn.App.Secret.Reveal()))
	mac.Write([]byte(a.Conn.Token.Access.Reveal()))
	values.Set("appsecret_proof", hex.EncodeToString(mac.Sum(nil)))
}

// IsMissing reports whether an error says that an object is not found, which never proves that it does not exist.
func IsMissing(e *platforms.Error) bool {
	switch e.Code {
	case "100/33", "100/4279004", "24", "24/2207006", "24/2207008":
		return true
	}
	return false
}

// Paging says where a list goes on.
type Paging struct {
	Next    string `json:"next"`
	Cursors struct {
		After string `json:"after"`
	} `json:"cursors"`
}

// After is the cursor of the next page; empty: there is none.
func (p Paging) After() string {
	if p.Next == "" {
		return ""
	}
	return p.Cursors.After
}

// maxPages bounds a list. So many pages hold more than any of Meta's platforms lets an account publish in a day.
const maxPages = 12

// Since reads a list, newest first, back to a time. Most accounts publish little, so that the first page is a short one. next finds where the list
// goes on.
func Since[T any](ctx context.Context, a Client, path string, query url.Values, since time.Time, at func(T) time.Time, next func(Paging) string) (list []T, err error) {
	query.Set("limit", "25")
	for range maxPages {
		var out struct {
			Data   []T    `json:"data"`
			Paging Paging `json:"paging"`
		}
		if err := a.Get(ctx, path, query, &out, NotNow); err != nil {
			return nil, err
		}
		list = append(list, out.Data...)
		after := next(out.Paging)
		if after == "" || len(out.Data) == 0 || at(out.Data[len(out.Data)-1]).Before(since) {
			return list, nil
		}
		query.Set("after", after)
		query.Set("limit", "100")
	}
	return list, nil
}

// Time is a time as the Graph API writes it: "2026-11-23T10:00:00+0000". One it cannot read is zero.
type Time struct{ time.Time }

// UnmarshalJSON never fails: a list is worth reading whatever one of its times looks like.
func (t *Time) UnmarshalJSON(b []byte) error {
	s := strings.Trim(string(b), `"`)
	for _, layout := range []string{"2006-01-02T15:04:05-0700", time.RFC3339} {
		if v, err := time.Parse(layout, s); err == nil {
			t.Time = v
			return nil
		}
	}
	if unix, err := strconv.ParseInt(s, 10, 64); err == nil {
		t.Time = time.Unix(unix, 0)
	}
	return nil
}
