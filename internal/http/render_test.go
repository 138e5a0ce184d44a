package http

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"posthorn/internal/platforms"
	"posthorn/internal/posts"
)

func TestPostRendering(t *testing.T) {
	t.Parallel()
	s := newAPI(t).server
	at := time.Date(2026, 1, 15, 11, 0, 0, 123456789, time.FixedZone("", 3600))
	text := "own"
	full := aPost(posts.Partial)
	full.Title, full.Visibility, full.ScheduledFor, full.PublishedAt = "T", "private", &at, &at
	full.Tags, full.Metadata = []string{"t"}, json.RawMessage(`{"a":1}`)
	full.Media = []posts.Media{{Type: platforms.Image, Raw: json.RawMessage(`{"url":"https://a.test/?a&b","x":1}`)}, {Type: platforms.Video, Raw: json.RawMessage(`{"type":"video","url":"u"}`)}}
	published := ended(posts.Published, nil)
	published.CustomContent, published.Options, published.ScheduledFor = &text, json.RawMessage(`{"langs":["en"]}`), &at
	published.CustomMedia = []posts.Media{{Raw: json.RawMessage(`{"url":"u"}`)}}
	failed := ended(posts.Failed, refused())
	full.Targets = []posts.Target{published, failed}

	account := `{"_id":"` + accountID + `","platform":"bluesky","profileId":"` + profileID + `","username":"alice.test","displayName":"Alice","isActive":true}`
	tests := []struct {
		name string
		post posts.Post
		want string
	}{
		{"bare", aPost(posts.Draft), `{"_id":"` + postID + `","userId":"` + ownerID + `","content":"a <b> & c","mediaItems":[],"platforms":[],"timezone":"UTC","status":"draft","tags":[],
			"hashtags":[],"mentions":[],"crosspostingEnabled":true,"createdAt":"2026-01-15T10:00:00.000Z","updatedAt":"2026-01-15T10:00:00.000Z"}`},
		{"full", full, `{"_id":"` + postID + `","userId":"` + ownerID + `","title":"T","content":"a <b> & c","mediaItems":[{"type":"image","url":"https://a.test/?a&b","x":1},{"type":"video","url":"u"}],
			"platforms":[
				{"_id":"` + targetID + `","platform":"bluesky","accountId":` + account + `,"status":"published","customContent":"own","customMedia":[{"url":"u"}],
				 "scheduledFor":"2026-01-15T10:00:00.123Z","platformSpecificData":{"langs":["en"]},"platformPostId":"at://x","platformPostUrl":"https://bsky.app/x","publishedAt":"2026-01-15T10:00:00.000Z"},
				{"_id":"` + targetID + `","platform":"bluesky","accountId":` + account + `,"status":"failed","errorMessage":"Bluesky said no","errorCategory":"platform_rejected","errorSource":"platform",
				 "error":{"message":"Bluesky said no","remediation":"Change it","category":"platform_rejected","rule":"bluesky.text.max_length","docUrl":"https://posthorn.test/docs/rules/bluesky.text.max_length","code":"InvalidRequest","endpoint":"POST bsky.social/xrpc/x",
				 "httpStatus":400,"platformError":{"error":"InvalidRequest"},"platformRequestId":"req","willRetry":false,"platformDocUrl":"https://docs.bsky.app","at":"2026-01-15T10:00:00.000Z"}}],
			"timezone":"UTC","status":"partial","tags":["t"],"hashtags":[],"mentions":[],"visibility":"private","crosspostingEnabled":true,"metadata":{"a":1},
			"scheduledFor":"2026-01-15T10:00:00.123Z","publishedAt":"2026-01-15T10:00:00.123Z","createdAt":"2026-01-15T10:00:00.000Z","updatedAt":"2026-01-15T10:00:00.000Z"}`},
	}
	for _, tt := range tests {
		raw, err := encode(s.post(tt.post))
		if err != nil {
			t.Fatal(err)
		}
		var got, want any
		if err := json.Unmarshal([]byte(tt.want), &want); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(raw, &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
		if !strings.Contains(string(raw), "a <b> & c") {
			t.Errorf("%s: the text is escaped for HTML: %s", tt.name, raw)
		}
	}
}

func TestTargetErrors(t *testing.T) {
	t.Parallel()
	s := newAPI(t).server
	soon := testNow.Add(time.Minute)
	waiting := aTarget(posts.Pending)
	waiting.Failure = &posts.Failure{Category: platforms.PlatformRateLimit, Source: "platform", Message: "Slow down", WillRetry: true, RetryAt: &soon, Body: "<html>busy</html>", At: testNow}
	got := s.target(waiting)
	if got.ErrorMessage != "" || got.ErrorCategory != "" || got.ErrorSource != "" {
		t.Errorf("a target that waits is shown as failed: %+v", got)
	}
	if !got.Error.WillRetry || !got.Error.RetryAt.Equal(soon) || string(got.Error.PlatformError) != "\"<html>busy</html>\"\n" {
		t.Errorf("error %+v", got.Error)
	}
	published := ended(posts.Published, refused())
	if got := s.target(published); got.ErrorMessage != "" || got.Error.Message == "" {
		t.Errorf("a failed follow-up: %+v", got)
	}
	unknown := ended(posts.Failed, &posts.Failure{Message: "?", At: testNow})
	unknown.Platform = "gone"
	if got := s.target(unknown).Error; got.Category != platforms.UnknownCategory || got.PlatformDocURL != "" || got.Rule != "platform.not_supported" {
		t.Errorf("an unknown platform: %+v", got)
	}
}
