package instagramfake

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"posthorn/internal/platforms/farside"
	"posthorn/internal/platforms/farside/graph"
)

func FuzzParseVideo(f *testing.F) {
	for _, seed := range [][]byte{movie("isom", time.Second), movie("qt  ", 0), []byte("\x00\x00\x00\x01ftyp\xff\xff\xff\xff\xff\xff\xff\xff")} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if v, kind := graph.ParseFilm(data); (v == nil) != (kind == "") || (v != nil && v.Length < 0) {
			t.Errorf("%+v %q", v, kind)
		}
	})
}

// FuzzGraph sends whatever a stranger might, and asks for an answer in Graph's shape.
func FuzzGraph(f *testing.F) {
	for _, seed := range [][4]string{
		{"POST", "/v25.0/me/media?a=b", "application/json", `{"media_type":"CAROUSEL","children":[1,{}]}`},
		{"POST", "/v25.0/me/media", "application/json", `{"image_url":"http://[::1","user_tags":[null],"trial_params":[]}`},
		{"POST", "/v25.0/me/media", "multipart/form-data; boundary=x", "--x\r\n\r\n"},
		{"GET", "/v25.0/me?fields=id,a.b(c){d}", "", ""},
		{"GET", "/v25.0/me/media?limit=9223372036854775807&since=-1&after=%00", "", ""},
	} {
		f.Add(seed[0], seed[1], seed[2], seed[3])
	}
	f.Fuzz(func(t *testing.T, method, target, kind, body string) {
		fake := New(farside.Options{Now: func() time.Time { return time.Unix(1e9, 0) }})
		r, err := http.NewRequest(method, "http://"+hostInstagram+"/"+strings.TrimPrefix(target, "/"), strings.NewReader(body))
		if err != nil {
			t.Skip(err)
		}
		r.Header.Set("Content-Type", kind)
		r.Header.Set("Authorization", "Bearer "+fake.Accounts()[0].Access)
		w := httptest.NewRecorder()
		fake.ServeHTTP(w, r)
		if !strings.HasPrefix(w.Body.String(), "{") {
			t.Errorf("%d %q", w.Code, w.Body)
		}
	})
}
