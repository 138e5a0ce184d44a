package media

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"posthorn/internal/platforms"
)

const (
	// gatePrefix is the path under which media behind gates is served.
	gatePrefix = Prefix + "for/"
	// gateWait is how long whoever comes before the gate is open waits for it. A platform comes while what it was told is being stored, a moment before.
	gateWait = 10 * time.Second
	gateLook = 100 * time.Millisecond
	// gateSeal is what the seals of addresses are good for.
	gateSeal = "address of media behind a gate"
)

// Sealer makes texts that nobody else can make or read.
type Sealer interface {
	Seal(plain []byte, associated string) []byte
	Open(sealed []byte, associated string) ([]byte, error)
}

// Gates is a Source with addresses that can be kept shut, and serves them. Such an address says by itself what lies behind it, so that nothing is stored.
type Gates struct {
	*Source
	Keys Sealer
	// IsOpen reports whether a gate stands open.
	IsOpen func(ctx context.Context, g platforms.Gate) (bool, error)
	Wait   time.Duration // for a gate to open; zero: 10 s
	Now    func() time.Time
}

var _ platforms.Gatekeeper = (*Gates)(nil)

// behind is what an address says of itself.
type behind struct {
	Address string `json:"a"`
	Target  string `json:"t"`
	Key     string `json:"k"`
	Until   int64  `json:"u"`
}

// GatedURL gives an address of our own, also of media that lies elsewhere.
func (g *Gates) GatedURL(ctx context.Context, m platforms.Media, fit platforms.Fit, gate platforms.Gate) (string, error) {
	address, err := g.fittedURL(ctx, m, fit)
	if err == nil {
		_, err = g.files.DeliveryURL(ctx, address) // sees that a file of ours lives long enough
	}
	if err != nil {
		return "", platformError(err)
	}
	plain, err := json.Marshal(behind{Address: address, Target: gate.TargetID, Key: gate.Key, Until: g.Now().Add(signedLife).Unix()})
	if err != nil {
		return "", platformError(err)
	}
	return g.files.Store.public + gatePrefix + base64.RawURLEncoding.EncodeToString(g.Keys.Seal(plain, gateSeal)), nil
}

// Handler serves what lies behind gates, and otherwise what others does.
func (g *Gates) Handler(others http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sealed, ok := strings.CutPrefix(r.URL.Path, gatePrefix)
		if !ok {
			others.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Cache-Control", "no-store") // what is shut now may be open in a moment
		b, ok := g.read(sealed)
		if !ok || (r.Method != http.MethodGet && r.Method != http.MethodHead) {
			http.NotFound(w, r)
			return
		}
		open, err := g.await(r.Context(), platforms.Gate{TargetID: b.Target, Key: b.Key})
		switch {
		case err != nil:
			unserved(w, r, err)
		case !open:
			http.NotFound(w, r)
		default:
			g.serve(w, r, b.Address, others)
		}
	})
}

func (g *Gates) read(sealed string) (b behind, ok bool) {
	raw, err := base64.RawURLEncoding.DecodeString(sealed)
	if err != nil {
		return b, false
	}
	plain, err := g.Keys.Open(raw, gateSeal)
	if err != nil || json.Unmarshal(plain, &b) != nil {
		return b, false
	}
	return b, g.Now().Unix() < b.Until
}

// await waits for a gate to open, for a while.
func (g *Gates) await(ctx context.Context, gate platforms.Gate) (bool, error) {
	wait := g.Wait
	if wait == 0 {
		wait = gateWait
	}
	end := time.NewTimer(wait)
	defer end.Stop()
	look := time.NewTicker(gateLook)
	defer look.Stop()
	for {
		if open, err := g.IsOpen(ctx, gate); open || err != nil {
			return open, err
		}
		select {
		case <-look.C:
		case <-end.C:
			return false, nil
		case <-ctx.Done():
			return false, ctx.Err()
		}
	}
}

// serve sends a file of ours as others does, and any other as its own server has it.
func (g *Gates) serve(w http.ResponseWriter, r *http.Request, address string, others http.Handler) {
	if key, ours := g.files.Store.KeyOf(address); ours {
		inner := r.Clone(r.Context())
		inner.URL.Path, inner.URL.RawPath, inner.RequestURI = Prefix+key, "", Prefix+key
		others.ServeHTTP(w, inner)
		return
	}
	f, err := g.Open(r.Context(), platforms.Media{URL: address}, platforms.Fit{})
	if err != nil {
		if e := platforms.AsError(err); e.Kind == platforms.Rejected {
			err = errors.Join(ErrNoFile, err)
		}
		unserved(w, r, err)
		return
	}
	defer f.Body.Close()
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("Content-Type", f.MIME)
	h.Set("Content-Length", strconv.FormatInt(f.Size, 10))
	if r.Method == http.MethodGet {
		_, _ = io.Copy(w, f.Body) // whoever reads it may be gone
	}
}
