package blueskyfake

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// unusedLife is how long an uploaded file waits for a record to refer to it.
const unusedLife = 6 * time.Hour

// blob is an uploaded file. It becomes public with the first record that refers to it, and vanishes with the last.
type blob struct {
	cid   string
	mime  string
	data  []byte
	at    time.Time
	users map[string]int // by the uri of the record: how often
}

// blobRef is how a record refers to a blob.
type blobRef struct {
	cid  string
	mime string
	size int64
}

// ref is the reference as it goes into a record.
func (b *blob) ref() map[string]any {
	return map[string]any{"$type": "blob", "ref": link(b.cid), "mimeType": b.mime, "size": int64(len(b.data))}
}

// blobRefOf reads a reference, strictly: these four members and no other.
func blobRefOf(v any) (blobRef, bool) {
	m, _ := v.(map[string]any)
	cid, ok1 := m["ref"].(link)
	mime, ok2 := m["mimeType"].(string)
	size, ok3 := m["size"].(int64)
	codec, _, _ := parseCID(string(cid))
	ok := ok1 && ok2 && ok3 && len(m) == 4 && m["$type"] == "blob" && size >= 0 && codec == codecRaw
	return blobRef{cid: string(cid), mime: mime, size: size}, ok
}

// eachBlob calls do for all references within a value.
func eachBlob(v any, do func(blobRef)) {
	if ref, ok := blobRefOf(v); ok {
		do(ref)
		return
	}
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			eachBlob(item, do)
		}
	case map[string]any:
		for _, k := range keys(v) {
			eachBlob(v[k], do)
		}
	}
}

// upload keeps a file for an account; the same bytes give the same blob. What the bytes say of their type wins over what was declared.
func (f *Fake) upload(a *account, data []byte, declared string) *blob {
	cid := cidOf(codecRaw, data)
	if b := a.blobs[cid]; b != nil {
		if len(b.users) == 0 {
			b.at = f.now()
		}
		return b
	}
	b := &blob{cid: cid, mime: declared, data: data, at: f.now(), users: map[string]int{}}
	if found := sniff(data); found != "" {
		b.mime = found
	}
	a.blobs[cid] = b
	return b
}

// sniff tells the type of pictures, sounds and videos by their first bytes; of others it says nothing.
func sniff(data []byte) string {
	if len(data) >= 12 && string(data[4:8]) == "ftyp" {
		switch string(data[8:12]) {
		case "qt  ":
			return "video/quicktime"
		case "avif":
			return "image/avif"
		case "heic", "heix":
			return "image/heic"
		}
		return "video/mp4"
	}
	found, _, _ := strings.Cut(http.DetectContentType(data), ";")
	for _, family := range []string{"image/", "video/", "audio/"} {
		if strings.HasPrefix(found, family) {
			return found
		}
	}
	return ""
}

// checkBlobs says whether all that a record refers to is there and as described. What is in use already is not looked at again.
func (f *Fake) checkBlobs(a *account, value map[string]any) error {
	var err error
	eachBlob(value, func(ref blobRef) {
		b := a.blobs[ref.cid]
		if b != nil && len(b.users) == 0 && f.now().Sub(b.at) > unusedLife {
			delete(a.blobs, ref.cid)
			b = nil
		}
		switch {
		case err != nil:
		case b == nil:
			err = named("BlobNotFound", "Could not find blob: "+ref.cid)
		case len(b.users) > 0:
		case b.mime != ref.mime:
			err = named("InvalidMimeType", "Referenced Mimetype does not match stored blob. Expected: "+b.mime+", Got: "+ref.mime)
		case int64(len(b.data)) != ref.size:
			err = named("InvalidSize", "Referenced Size does not match stored blob. Expected: "+strconv.Itoa(len(b.data))+", Got: "+strconv.FormatInt(ref.size, 10))
		}
	})
	return err
}

func (a *account) keepBlobs(r *record) {
	eachBlob(r.value, func(ref blobRef) { a.blobs[ref.cid].users[r.uri()]++ })
}

func (a *account) releaseBlobs(r *record) {
	eachBlob(r.value, func(ref blobRef) {
		b := a.blobs[ref.cid]
		if b == nil {
			return
		}
		if b.users[r.uri()]--; b.users[r.uri()] <= 0 {
			delete(b.users, r.uri())
		}
		if len(b.users) == 0 {
			delete(a.blobs, ref.cid)
		}
	})
}

// public returns a file that some record refers to, or nil.
func (f *Fake) public(actor, cid string) *blob {
	a := f.byActor(actor)
	if a == nil || a.blobs[cid] == nil || len(a.blobs[cid].users) == 0 {
		return nil
	}
	return a.blobs[cid]
}

func uploadBlob(f *Fake, c *call) (any, error) {
	if err := f.spend(c, &f.limits.blobDay, c.account.did, 1); err != nil {
		return nil, err
	}
	declared := strings.ToLower(strings.TrimSpace(strings.Split(c.header.Get("Content-Type"), ";")[0]))
	return map[string]any{"blob": f.upload(c.account, c.body, declared).ref()}, nil
}

func getBlob(f *Fake, c *call) (any, error) {
	did, cid := c.query.Get("did"), c.query.Get("cid")
	if !validCID(cid) {
		return nil, invalid("Error: cid must be a cid string")
	}
	if f.byDID(did) == nil {
		return nil, named("RepoNotFound", "Could not find repo for DID: "+did)
	}
	b := f.public(did, cid)
	if b == nil {
		return nil, invalid("Blob not found")
	}
	return file{mime: b.mime, data: b.data, name: cid}, nil
}

// serveCDN serves pictures under /img/<size>/plain/<did>/<cid>@jpeg as the real one does, and under /img/<did>/<cid>.
func (f *Fake) serveCDN(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	var b *blob
	parts := strings.Split(strings.TrimPrefix(r.URL.Path, "/img/"), "/")
	if n := len(parts); n >= 2 {
		cid, _, _ := strings.Cut(parts[n-1], "@")
		b = f.public(parts[n-2], cid)
	}
	f.mu.Unlock()
	if b == nil || !strings.HasPrefix(b.mime, "image/") {
		refuse(w, notFound("Image not found"))
		return
	}
	w.Header().Set("Cache-Control", "public, max-age=604800")
	file{mime: b.mime, data: b.data}.write(w)
}
