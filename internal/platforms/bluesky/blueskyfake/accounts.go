package blueskyfake

import (
	"bytes"
	"crypto/sha256"
	"encoding/base32"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"strconv"
	"strings"
	"time"

	"posthorn/internal/platforms/farside"
)

// The ways to log in as the connected account, lantern.bsky.social. With the main password the login asks for a second factor, which
// the sandbox never sends.
const (
	AppPassword  = "k3vn-q7wd-ty2m-ea5z"
	MainPassword = "lantern-main-password"
)

// account is one identity with its repository and its uploaded files.
type account struct {
	did         string
	handle      string
	name        string
	appPassword string // empty: nobody logs in here
	records     map[string]map[string]*record
	blobs       map[string]*blob
	head        string // cid of the newest commit
	rev         string
}

// lower is how DIDs, TIDs and cids are written.
var lower = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// seed makes an account whose ids are the same in every run, with a profile and a picture.
func (f *Fake) seed(name, display, appPassword string) *account {
	digest := sha256.Sum256([]byte("sandbox account " + name))
	a := &account{
		did:         "did:plc:" + lower.EncodeToString(digest[:15]),
		handle:      name + "." + entrywayHost,
		name:        display,
		appPassword: appPassword,
		records:     map[string]map[string]*record{},
		blobs:       map[string]*blob{},
	}
	f.accounts = append(f.accounts, a)
	picture := f.upload(a, portrait(digest), "image/png")
	err := f.apply(a, []write{f.prepared("app.bsky.actor.profile", "self", map[string]any{
		"$type": "app.bsky.actor.profile", "displayName": display, "avatar": picture.ref(),
		"description": "An account of the sandbox.", "createdAt": f.now().UTC().Format(time.RFC3339),
	})}, "")
	if err != nil {
		panic("blueskyfake: " + err.Error()) // only by a mistake right here
	}
	return a
}

// portrait is a picture in two colours that are the account's own.
func portrait(digest [32]byte) []byte {
	const size = 96
	img := image.NewPaletted(image.Rect(0, 0, size, size), color.Palette{
		color.RGBA{digest[0]/2 + 40, digest[1]/2 + 40, digest[2]/2 + 80, 255},
		color.RGBA{255 - digest[0]/4, 255 - digest[1]/3, 210, 255},
	})
	for y := range size {
		for x := range size {
			if dx, dy := x-size/2, y-size/2; dx*dx+dy*dy < size*size/9 {
				img.SetColorIndex(x, y, 1)
			}
		}
	}
	var out bytes.Buffer
	_ = png.Encode(&out, img) // a buffer takes everything
	return out.Bytes()
}

// connected is the account as its owner has connected it from the start.
func (f *Fake) connected(a *account) farside.Account {
	accessToken, refreshToken, expires := f.session(a, "seed-"+a.did)
	return farside.Account{
		RemoteID: a.did, Username: a.handle, DisplayName: a.name,
		PictureURL: "https://" + cdnHost + avatarPath(a), ProfileURL: "https://" + siteHost + "/profile/" + a.handle,
		Login: a.handle, Password: a.appPassword, Access: accessToken, Refresh: refreshToken, ExpiresAt: expires,
		Data: map[string]any{"pds": "https://" + pdsHost},
	}
}

func (f *Fake) byDID(did string) *account {
	for _, a := range f.accounts {
		if a.did == did {
			return a
		}
	}
	return nil
}

// byActor finds an account by DID or handle.
func (f *Fake) byActor(actor string) *account {
	for _, a := range f.accounts {
		if a.did == actor || strings.EqualFold(a.handle, actor) {
			return a
		}
	}
	return nil
}

// byLogin finds an account by what its owner may type: DID, handle or e-mail address.
func (f *Fake) byLogin(identifier string) *account {
	for _, a := range f.accounts {
		if strings.EqualFold(a.email(), identifier) {
			return a
		}
	}
	return f.byActor(identifier)
}

func (a *account) email() string {
	return strings.TrimSuffix(a.handle, "."+entrywayHost) + "@example.com"
}

// document is the DID document, https://www.w3.org/TR/did-core. Its key is for show: the sandbox signs with secrets of its own.
func (a *account) document() map[string]any {
	return map[string]any{
		"@context":    []string{"https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1", "https://w3id.org/security/suites/secp256k1-2019/v1"},
		"id":          a.did,
		"alsoKnownAs": []string{"at://" + a.handle},
		"verificationMethod": []any{map[string]any{
			"id": a.did + "#atproto", "type": "Multikey", "controller": a.did,
			"publicKeyMultibase": "zQ3shZc2QzApp2oymGvQbzP8eKheVshBHbU4ZYjeXqwSKEn6N",
		}},
		"service": []any{map[string]any{"id": "#atproto_pds", "type": "AtprotoPersonalDataServer", "serviceEndpoint": "https://" + pdsHost}},
	}
}

// serveDirectory is the PLC directory: GET /<did>, https://web.plc.directory.
func (f *Fake) serveDirectory(w http.ResponseWriter, r *http.Request) {
	did := strings.TrimPrefix(r.URL.Path, "/")
	a := f.byDID(did)
	if r.Method != http.MethodGet || a == nil {
		reply(w, http.StatusNotFound, map[string]any{"message": "DID not registered: " + did})
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	reply(w, http.StatusOK, a.document())
}

// serveHandle is how a handle's own host tells its DID.
func (f *Fake) serveHandle(w http.ResponseWriter, host string) {
	text, status := "User not found", http.StatusNotFound
	if a := f.byActor(host); a != nil {
		text, status = a.did, http.StatusOK
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text))
}

func resolveHandle(f *Fake, c *call) (any, error) {
	handle := c.query.Get("handle")
	if !handleForm.MatchString(handle) {
		return nil, invalid("Error: handle must be a valid handle")
	}
	a := f.byActor(handle)
	if a == nil {
		return nil, invalid("Unable to resolve handle")
	}
	return map[string]any{"did": a.did}, nil
}

func describeServer(*Fake, *call) (any, error) {
	return map[string]any{"did": "did:web:" + pdsHost, "availableUserDomains": []string{"." + entrywayHost}, "inviteCodeRequired": false,
		"links": map[string]any{}, "contact": map[string]any{}}, nil
}
