package bluesky

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"posthorn/internal/platforms"
)

const (
	serviceAuth = "GET " + pdsHost + "/xrpc/com.atproto.server.getServiceAuth"
	videoUpload = "POST video.bsky.app/xrpc/app.bsky.video.uploadVideo"
	videoStatus = "GET video.bsky.app/xrpc/app.bsky.video.getJobStatus"

	videoBlob = `{"$type":"blob","ref":{"$link":"bafk-v"},"mimeType":"video/mp4","size":5}`
)

// videoWorld answers an upload with upload, and polls with polls in turn, the last one for ever.
func videoWorld(t *testing.T, upload http.HandlerFunc, polls ...string) *world {
	w := newWorld(t)
	w.on(serviceAuth, func(rw http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		if q.Get("aud") != "did:web:"+pdsHost || q.Get("lxm") != "com.atproto.repo.uploadBlob" || q.Get("exp") != fmt.Sprint(now.Add(30*time.Minute).Unix()) {
			t.Errorf("service token asked for with %v", q)
		}
		answer(200, `{"token":"service-token"}`)(rw, r)
	})
	w.on(videoUpload, func(rw http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		if r.Header.Get("Authorization") != "Bearer service-token" || r.Header.Get("Content-Type") != "video/mp4" || string(b) != "a.mp4" || r.ContentLength != 5 ||
			r.URL.Query().Get("did") != aliceDID || !strings.HasSuffix(r.URL.Query().Get("name"), ".mp4") {
			t.Errorf("upload of %q with %v", b, r.Header)
		}
		upload(rw, r)
	})
	n := 0
	w.on(videoStatus, func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("jobId") != "j1" || r.Header.Get("Authorization") != "" {
			t.Errorf("asked with %v %v", r.URL.Query(), r.Header)
		}
		answer(200, polls[min(n, len(polls)-1)])(rw, r)
		n++
	})
	return w
}

var videoContent = platforms.Content{Text: "look", Media: []platforms.Media{{Type: platforms.Video, URL: "https://example.com/a.mp4", AltText: "a film"}}}

func TestVideo(t *testing.T) {
	t.Parallel()
	const working, done = `{"jobStatus":{"jobId":"j1","state":"JOB_STATE_ENCODING","progress":40}}`, `{"jobStatus":{"jobId":"j1","state":"JOB_STATE_COMPLETED","blob":` + videoBlob + `}}`
	tests := []struct {
		name    string
		upload  http.HandlerFunc
		polls   []string
		uploads int
	}{
		{"bare answer", answer(200, `{"jobId":"j1","did":"x","state":"JOB_STATE_CREATED"}`), []string{working, `{"jobStatus":{"jobId":"j1","state":"JOB_STATE_SOMETHING_NEW"}}`, done}, 1},
		{"nested answer", answer(200, `{"jobStatus":{"jobId":"j1","state":"JOB_STATE_CREATED"}}`), []string{done}, 1},
		{"bare status", answer(200, `{"jobId":"j1"}`), []string{`{"jobId":"j1","state":"JOB_STATE_COMPLETED","blob":` + videoBlob + `}`}, 1},
		{"seen before", answer(409, `{"error":"already_exists","jobId":"j1","state":"JOB_STATE_COMPLETED","message":"Video already processed"}`), []string{done}, 1},
		{"seen before, with its blob", answer(409, `{"error":"already_exists","jobId":"j1","blob":`+videoBlob+`}`), []string{`{}`}, 1},
		{"a failure of the service", answer(200, `{"jobId":"j1"}`), []string{`{"jobStatus":{"jobId":"j1","state":"JOB_STATE_FAILED","failureCode":"pds_upload_failure"}}`, done}, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := videoWorld(t, tt.upload, tt.polls...)
			_, steps, err := publish(t, w.conn(t), videoContent)
			if err != nil {
				t.Fatal(err)
			}
			want := map[string]any{"$type": "app.bsky.embed.video", "alt": "a film", "aspectRatio": map[string]any{"width": 800.0, "height": 600.0},
				"video": map[string]any{"$type": "blob", "ref": map[string]any{"$link": "bafk-v"}, "mimeType": "video/mp4", "size": 5.0}}
			if diff := cmp.Diff(want, w.posts(t)[0]["embed"]); diff != "" {
				t.Errorf("embed (-want +got):\n%s", diff)
			}
			if n := w.count(videoUpload); n != tt.uploads {
				t.Errorf("%d uploads, want %d", n, tt.uploads)
			}
			for _, s := range steps {
				if s.State.Step == stepProcess && (s.Wait < 2*time.Second || s.Wait > 15*time.Second) {
					t.Errorf("waits %v", s.Wait)
				}
			}
		})
	}
}

func TestVideoFails(t *testing.T) {
	t.Parallel()
	started := answer(200, `{"jobId":"j1"}`)
	failed := func(code string) string {
		return `{"jobStatus":{"jobId":"j1","state":"JOB_STATE_FAILED","failureCode":"` + code + `","message":"cannot decode"}}`
	}
	tests := []struct {
		name   string
		upload http.HandlerFunc
		poll   string
		want   platforms.Kind
	}{
		{"a video that is none", started, failed("validation_failure"), platforms.Rejected},
		{"too big for the host", started, failed("pds_upload_unsupported_blob_size"), platforms.Rejected},
		{"the service fails for ever", started, failed("generic_failure"), platforms.Rejected},
		{"no confirmed address", answer(401, `{"error":"unconfirmed_email","message":"Confirm your email"}`), `{}`, platforms.Rejected},
		{"over the day's limit", answer(429, `{"error":"DailyLimitExceeded"}`), `{}`, platforms.RateLimited},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := videoWorld(t, tt.upload, tt.poll)
			done, _, err := publish(t, w.conn(t), videoContent)
			wantKind(t, err, tt.want)
			if done != nil || len(w.records) > 0 {
				t.Errorf("something was written: %v", w.records)
			}
		})
	}
}

func TestVideoJobThatNeverEnds(t *testing.T) {
	t.Parallel()
	w := videoWorld(t, answer(200, `{"jobId":"j1"}`), `{"jobStatus":{"jobId":"j1","state":"JOB_STATE_ENCODING"}}`)
	c := w.conn(t)
	task := platforms.Task{Content: videoContent}
	clock := now
	c.Now = func() time.Time { return clock }
	polls := 0
	for {
		s, err := Platform{}.Publish(context.Background(), c, task)
		if err != nil {
			wantKind(t, err, platforms.Rejected)
			break
		}
		task.State = s.State
		clock = clock.Add(s.Wait)
		if polls++; polls > 1000 {
			t.Fatal("no end")
		}
	}
	if waited := clock.Sub(now); waited < time.Hour || waited > 62*time.Minute || polls > 300 {
		t.Errorf("gave up after %v and %d polls", waited, polls)
	}
}

func TestVideoExpiredServiceToken(t *testing.T) {
	t.Parallel()
	w := videoWorld(t, answer(400, `{"error":"ExpiredToken","message":"service-token has expired"}`), `{}`)
	c := w.conn(t)
	s, err := Platform{}.Publish(context.Background(), c, platforms.Task{Content: videoContent})
	if err != nil {
		t.Fatal(err)
	}
	_, err = Platform{}.Publish(context.Background(), c, platforms.Task{Content: videoContent, State: s.State})
	e := wantKind(t, err, platforms.Unavailable)
	if strings.Contains(fmt.Sprintf("%v %s", e, e.Body), "service-token") {
		t.Errorf("the service's token shows in %v", e)
	}
}

func TestServiceDID(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"https://pds.example.com": "did:web:pds.example.com", "http://localhost:2583": "did:web:localhost%3A2583"} {
		if got := serviceDID(in); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}
