package bluesky

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"time"

	"posthorn/internal/platforms"
)

// record is an app.bsky.feed.post. The protocol knows no fractions: nothing in it may be a float.
type record struct {
	Type      string   `json:"$type"`
	Text      string   `json:"text"`
	CreatedAt string   `json:"createdAt"`
	Langs     []string `json:"langs,omitempty"`
	Facets    []facet  `json:"facets,omitempty"`
	Reply     *reply   `json:"reply,omitempty"`
	Embed     any      `json:"embed,omitempty"`
}

type reply struct {
	Root   ref `json:"root"`
	Parent ref `json:"parent"`
}

// record is the i-th post of the plan, a reply to the one before.
func (p *plan) record(i int) record {
	e := p.Posts[i]
	r := record{Type: collection, Text: e.Text, CreatedAt: e.CreatedAt, Langs: p.Langs, Facets: e.Facets, Embed: e.embed()}
	if i > 0 {
		r.Reply = &reply{Root: p.Posts[0].ref(), Parent: p.Posts[i-1].ref()}
	}
	return r
}

func (e entry) ref() ref { return ref{URI: e.URI, CID: e.CID} }

// maxRestarts bounds how often blobs that the host has lost are uploaded again.
const maxRestarts = 3

// write writes the first post of the plan that is not written yet.
func (p *plan) write(ctx context.Context, c *platforms.Conn, inDoubt bool) (platforms.Step, error) {
	i := 0
	for i < len(p.Posts)-1 && p.Posts[i].URI != "" {
		i++
	}
	e := &p.Posts[i]
	written, err := p.put(ctx, c, i, inDoubt)
	if err != nil {
		if platforms.AsError(err).Code == "BlobNotFound" && p.Restarts < maxRestarts {
			p.Restarts++
			e.forgetBlobs()
			return p.step(stepUpload, "the host no longer has the uploaded media, which is uploaded again")
		}
		return platforms.Step{}, err
	}
	e.URI, e.CID = written.URI, written.CID
	next := ""
	if i < len(p.Posts)-1 {
		next = stepWrite
	}
	note := ""
	if len(p.Posts) > 1 {
		note = fmt.Sprintf("post %d of %d of the thread is written", i+1, len(p.Posts))
	}
	s, err := p.step(next, note)
	s.Done = &platforms.Remote{ID: p.Posts[0].URI, URL: permalink(c.Account, p.Posts[0].Key)}
	return s, err
}

// put writes the i-th record. The same call again is harmless, so a doubt is settled by repeating it; where the host will not have
// that, the record that is there tells.
func (p *plan) put(ctx context.Context, c *platforms.Conn, i int, inDoubt bool) (ref, error) {
	host := xrpc{c, p.PDS}
	want := p.record(i)
	written, err := host.putRecord(ctx, p.Posts[i].Key, want)
	if err == nil {
		return written, nil
	}
	e := platforms.AsError(err)
	final := e.Kind == platforms.Rejected || e.Kind == platforms.Duplicate || e.Kind == platforms.Unauthorized
	if e.Code != codeInvalidSwap && !(inDoubt && final) {
		return ref{}, err
	}
	there, value, readErr := host.getRecord(ctx, p.Posts[i].Key)
	switch {
	case readErr != nil && e.Code == codeInvalidSwap:
		if platforms.AsError(readErr).Code == codeRecordNotFound { // deleted in between
			return ref{}, platforms.Errorf(platforms.Unavailable, "the record was changed while it was written")
		}
		return ref{}, readErr
	case readErr == nil && there.URI != "" && there.CID != "" && sameJSON(want, value):
		return there, nil
	}
	return ref{}, err
}

// sameJSON reports whether a stored value says what a record says, in whatever order of keys.
func sameJSON(want record, got json.RawMessage) bool {
	b, err := json.Marshal(want)
	if err != nil {
		return false
	}
	x, okX := decodeAny(b)
	y, okY := decodeAny(got)
	return okX && okY && reflect.DeepEqual(x, y)
}

func decodeAny(b []byte) (any, bool) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var v any
	err := d.Decode(&v)
	return v, err == nil
}

// permalink is the post's address in the web app, by the handle that people know.
func permalink(a platforms.Account, key string) string {
	who := a.Username
	if !isHandle(who) || who == "handle.invalid" {
		who = a.RemoteID
	}
	return "https://bsky.app/profile/" + who + "/post/" + key
}

const tidAlphabet = "234567abcdefghijklmnopqrstuvwxyz"

// newTIDs makes n rising record keys: 53 bits of microseconds since 1970 and 10 random bits, in 13 characters that sort as the
// numbers do (https://atproto.com/specs/tid). The microseconds within the millisecond are random too, so that posts of one instant
// do not collide.
func newTIDs(now time.Time, n int) []string {
	micros := uint64(now.UnixMilli())*1000 + rand.Uint64N(1000)
	clock := rand.Uint64N(1 << 10)
	keys := make([]string, n)
	for i := range keys {
		keys[i] = tid((micros+uint64(i))<<10 | clock)
	}
	return keys
}

func tid(v uint64) string {
	v &= 1<<63 - 1
	var b strings.Builder
	for shift := 60; shift >= 0; shift -= 5 {
		b.WriteByte(tidAlphabet[v>>shift&31])
	}
	return b.String()
}

// createdAt is the time of the i-th post of a thread. Each is a millisecond after the one before, so that feeds keep them in order.
func createdAt(now time.Time, i int) string {
	return now.UTC().Add(time.Duration(i) * time.Millisecond).Format("2006-01-02T15:04:05.000Z")
}
