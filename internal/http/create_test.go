package http

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"posthorn/internal/errs"
	"posthorn/internal/platforms"
	"posthorn/internal/posts"
)

// ended makes a target that ended in a state.
func ended(status posts.Status, f *posts.Failure) posts.Target {
	t := aTarget(status)
	t.Open, t.Failure = false, f
	if status == posts.Published {
		t.RemoteID, t.RemoteURL, t.PublishedAt = "at://x", "https://bsky.app/x", &testNow
	}
	return t
}

func refused() *posts.Failure {
	return &posts.Failure{Kind: platforms.Rejected, Category: platforms.PlatformRejected, Source: "platform", Message: "Bluesky said no", Remediation: "Change it", Rule: "bluesky.text.max_length",
		Code: "InvalidRequest", Endpoint: "POST bsky.social/xrpc/x", HTTPStatus: 400, Body: `{"error":"InvalidRequest"}`, RequestID: "req", At: testNow}
}

// aDuePost is one that was to be published when it was made.
func aDuePost(targets ...posts.Target) posts.Post {
	p := aPost(posts.Scheduled, targets...)
	p.ScheduledFor = &p.CreatedAt
	return p
}

func TestCreatePostOutcomes(t *testing.T) {
	t.Parallel()
	later, soon := testNow.Add(time.Hour), testNow.Add(time.Minute)
	scheduled := aTarget(posts.Pending)
	scheduled.ScheduledFor = &later
	waiting := aTarget(posts.Pending)
	waiting.NextAt = soon
	waiting.Failure = &posts.Failure{Kind: platforms.Unavailable, Category: platforms.PlatformError, Source: "platform", Message: "Bluesky was away", WillRetry: true, RetryAt: &soon, At: testNow}
	due := aDuePost(aTarget(posts.Pending))
	tests := []struct {
		name           string
		created        posts.Created
		awaited        posts.Post
		waitErr        error
		status         int
		message, error string
		result         string // platformResults[0].error
	}{
		{name: "draft", created: posts.Created{Post: aPost(posts.Draft)}, status: 201, message: "Draft saved successfully"},
		{name: "scheduled", created: posts.Created{Post: aPost(posts.Scheduled, scheduled)}, status: 201, message: "Post scheduled successfully"},
		{name: "ended before it could be read back", created: posts.Created{Post: aDuePost(ended(posts.Published, nil))}, awaited: aPost(posts.Published, ended(posts.Published, nil)),
			status: 201, message: "Post published successfully"},
		{name: "replayed", created: posts.Created{Post: due, Replayed: true}, status: 200, message: "Post already exists (idempotent retry)"},
		{name: "published", created: posts.Created{Post: due}, awaited: aPost(posts.Published, ended(posts.Published, nil)), status: 201, message: "Post published successfully"},
		{name: "partial", created: posts.Created{Post: due}, awaited: aPost(posts.Partial, ended(posts.Failed, refused()), ended(posts.Published, nil)), status: 207,
			message: "Post published to some platforms", result: "Bluesky said no"},
		{name: "failed", created: posts.Created{Post: due}, awaited: aPost(posts.Failed, ended(posts.Failed, refused())), status: 207, message: "Post could not be published",
			error: "All platforms failed", result: "Bluesky said no"},
		{name: "tried again", created: posts.Created{Post: due}, awaited: aPost(posts.Scheduled, waiting), status: 207,
			message: "Publishing did not succeed yet; it is tried again automatically", result: "Bluesky was away"},
		{name: "still running", created: posts.Created{Post: due}, awaited: aPost(posts.Publishing, aTarget(posts.Processing)), status: 207,
			message: "Publishing takes longer and goes on in the background; read the post to see what comes of it"},
		{name: "nobody works on it", created: posts.Created{Post: due}, awaited: due, status: 207,
			message: "Publishing takes longer and goes on in the background; read the post to see what comes of it"},
		{name: "cancelled meanwhile", created: posts.Created{Post: due}, awaited: aPost(posts.Cancelled, ended(posts.Cancelled, nil)), status: 207, message: "Post was cancelled"},
		{name: "the database went away", created: posts.Created{Post: due}, waitErr: errAway, status: 207,
			message: "Publishing takes longer and goes on in the background; read the post to see what comes of it"},
		{name: "deleted meanwhile", created: posts.Created{Post: due}, waitErr: errs.New(errs.NotFound, "Post not found"), status: 404},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := newAPI(t)
			tt.created.Warnings = []string{"advice"}
			a.posts.created, a.posts.awaited, a.posts.waitErr = tt.created, &tt.awaited, tt.waitErr
			got := a.do("POST", "/v1/posts", `{"content":"a","publishNow":true,"platforms":[`+target+`]}`)
			body := got.json(t)
			if got.status != tt.status {
				t.Fatalf("status %d, want %d: %s", got.status, tt.status, got.body)
			}
			if tt.status >= 400 {
				return
			}
			if body["message"] != tt.message {
				t.Errorf("message %q, want %q", body["message"], tt.message)
			}
			if text, _ := body["error"].(string); text != tt.error {
				t.Errorf("error %q, want %q", text, tt.error)
			}
			if body["post"].(map[string]any)["_id"] != postID {
				t.Errorf("no post in %s", got.body)
			}
			if _, has := body["existingPost"]; has != tt.created.Replayed {
				t.Errorf("existingPost is there: %t, replayed: %t", has, tt.created.Replayed)
			}
			if _, has := body["warnings"]; has == tt.created.Replayed {
				t.Errorf("warnings are there: %t", has)
			}
			results, _ := body["platformResults"].([]any)
			if (len(results) > 0) != (tt.status == 207) {
				t.Errorf("platformResults: %v", results)
			}
			if len(results) > 0 {
				text, _ := results[0].(map[string]any)["error"].(string)
				if text != tt.result {
					t.Errorf("result %q, want %q", text, tt.result)
				}
			}
		})
	}
}

func TestWaitEndsWithTheCaller(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	ctx, leave := context.WithCancel(context.Background())
	a.posts.created.Post = aDuePost(aTarget(posts.Pending))
	a.posts.await = func(waiting context.Context) {
		leave()
		select {
		case <-waiting.Done():
		case <-time.After(5 * time.Second):
			t.Error("the wait went on without the caller")
		}
	}
	a.posts.waitErr = context.Canceled
	r := a.request("POST", "/v1/posts", `{"content":"a","publishNow":true,"platforms":[`+target+`]}`).WithContext(ctx)
	if got := a.send(r); got.status != 207 {
		t.Errorf("status %d: %s", got.status, got.body)
	}
}

func TestNewPost(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.do("POST", "/v1/posts", `{"title":"T","content":"C","publishNow":true,"timezone":"Europe/Berlin","tags":["t"],"hashtags":["h"],"mentions":["m"],"visibility":"unlisted",
		"crosspostingEnabled":false,"metadata":{"n":12345678901234567890, "s":"<b>"},
		"mediaItems":[{"url":""},{"url":" https://a.test/b.JPG?x ","altText":"alt","x":1},{"type":"image"},{"url":"https://a.test/c","type":"video","thumbnail":"https://a.test/t.jpg"},
			{"url":"https://a.test/d.gif","type":"image","instagramThumbnail":"https://a.test/i.jpg","thumbnail":"no"}],
		"tiktokSettings":{"privacyLevel":"ROOT","allowDuet":true,"draft":true},"facebookSettings":{"draft":true,"carouselLink":"root"},
		"platforms":[
			{"platform":"bluesky","accountId":"a1","customContent":"","platformSpecificData":{},"customMedia":[{"url":""}]},
			{"platform":"tiktok","accountId":"a2","customContent":"own","scheduledFor":"2027-01-01","platformSpecificData":{"allowDuet":false,"tiktokSettings":{"draft":false}}},
			{"platform":"facebook","accountId":"a3","platformSpecificData":{"pageId":"9","facebookSettings":{"carouselLink":"own"}}},
			{"platform":"facebook","accountId":"a4"}]}`, "X-Request-Id", "try-1")
	own := "own"
	want := posts.NewPost{
		Title: "T", Content: "C", Mode: posts.Now, Timezone: "Europe/Berlin", Tags: []string{"t"}, Hashtags: []string{"h"}, Mentions: []string{"m"}, Visibility: "unlisted",
		Metadata: json.RawMessage(`{"n":12345678901234567890, "s":"<b>"}`), RequestID: "try-1",
		Media: []posts.Media{
			{Type: platforms.Image, URL: "https://a.test/b.JPG?x", AltText: "alt", Raw: json.RawMessage(`{"altText":"alt","url":" https://a.test/b.JPG?x ","x":1}`)},
			{Type: platforms.Video, URL: "https://a.test/c", Thumbnail: "https://a.test/t.jpg", Raw: json.RawMessage(`{"thumbnail":"https://a.test/t.jpg","type":"video","url":"https://a.test/c"}`)},
			{Type: platforms.Image, URL: "https://a.test/d.gif", Thumbnail: "https://a.test/i.jpg",
				Raw: json.RawMessage(`{"instagramThumbnail":"https://a.test/i.jpg","thumbnail":"no","type":"image","url":"https://a.test/d.gif"}`)},
		},
		Targets: []posts.NewTarget{
			{Platform: "bluesky", AccountID: "a1"},
			{Platform: "tiktok", AccountID: "a2", CustomContent: &own, ScheduledFor: "2027-01-01",
				Options: json.RawMessage(`{"allowDuet":false,"privacyLevel":"ROOT","tiktokSettings":{"draft":false}}`)},
			{Platform: "facebook", AccountID: "a3", Options: json.RawMessage(`{"facebookSettings":{"carouselLink":"own","draft":true},"pageId":"9"}`)},
			{Platform: "facebook", AccountID: "a4", Options: json.RawMessage(`{"facebookSettings":{"carouselLink":"root","draft":true}}`)},
		},
	}
	if diff := cmp.Diff(want, a.posts.asked[0], cmp.Comparer(func(a, b json.RawMessage) bool { return sameJSON(a, b) }), cmpopts.IgnoreUnexported(posts.NewTarget{})); diff != "" {
		t.Errorf("NewPost (-want +got):\n%s", diff)
	}
	if got := string(a.posts.asked[0].Metadata); !strings.Contains(got, "12345678901234567890") || !strings.Contains(got, "<b>") {
		t.Errorf("metadata was changed: %s", got)
	}
}

// sameJSON compares JSON without its white space.
func sameJSON(a, b json.RawMessage) bool {
	strip := func(raw json.RawMessage) string { return strings.Join(strings.Fields(string(raw)), "") }
	return strip(a) == strip(b)
}

func TestRequestIDReachesCreateOnlyFromTheCaller(t *testing.T) {
	t.Parallel()
	for sent, want := range map[string]string{"": "", "a.b:c-D_9": "a.b:c-D_9", "with space": "", strings.Repeat("x", 129): "", strings.Repeat("x", 128): strings.Repeat("x", 128)} {
		a := newAPI(t)
		got := a.do("POST", "/v1/posts", `{}`, "X-Request-Id", sent)
		if a.posts.asked[0].RequestID != want {
			t.Errorf("sent %q: Create was told %q", sent, a.posts.asked[0].RequestID)
		}
		if told := got.header.Get("X-Request-Id"); told == "" || want != "" && told != want {
			t.Errorf("sent %q: answered %q", sent, told)
		}
	}
}

func TestCreateErrors(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		err    error
		status int
		rule   string
		want   string // a JSON object, without what tells of the rule
	}{
		{"rules", &errs.Error{Code: errs.Invalid, Field: "content", Message: "bluesky: too long", Details: map[string]any{"fields": map[string][]string{"content": {"too long"}},
			"problems": []posts.Problem{{Platform: "bluesky", Problem: platforms.Problem{Rule: "bluesky.text.max_length", Field: "content", Message: "too long"}}}}, Rule: "bluesky.text.max_length"}, 400, "bluesky.text.max_length",
			`{"error":"bluesky: too long","code":"invalid_field_value","type":"invalid_request_error","param":"content","details":{"fields":{"content":["too long"]},"problems":[{"rule":"bluesky.text.max_length","field":"content","message":"too long","platform":"bluesky","remediation":"Shorten the text, or give this target a shorter customContent. POST /v1/tools/validate/post-length counts a text for every platform.","docUrl":"https://posthorn.test/docs/rules/bluesky.text.max_length"}]}}`},
		{"one field", errs.Fieldf("timezone", "no such zone"), 400, "request.invalid_field_value",
			`{"error":"no such zone","code":"invalid_field_value","type":"invalid_request_error","param":"timezone","details":{"fields":{"timezone":["no such zone"]}}}`},
		{"duplicate", &errs.Error{Code: errs.Conflict, Wire: "duplicate_content", Message: "Again", Details: map[string]any{"accountId": accountID, "platform": "bluesky", "existingPostId": postID}}, 409, "post.duplicate_content",
			`{"error":"Again","code":"duplicate_content","type":"invalid_request_error","accountId":"` + accountID + `","platform":"bluesky","existingPostId":"` + postID +
				`","details":{"accountId":"` + accountID + `","platform":"bluesky","existingPostId":"` + postID + `"}}`},
		{"foreign account", &errs.Error{Code: errs.Forbidden, Wire: errs.NoWire, Field: "platforms[0].accountId", Message: "Not yours"}, 403, "request.forbidden",
			`{"error":"Not yours","type":"permission_error","param":"platforms[0].accountId"}`},
		{"disconnected", &errs.Error{Code: errs.Forbidden, Wire: "ACCOUNT_DISCONNECTED", Message: "Connect it"}, 403, "account.disconnected", `{"error":"Connect it","type":"permission_error","code":"ACCOUNT_DISCONNECTED"}`},
		{"limited", &errs.Error{Code: errs.Limited, RetryAfter: 1500 * time.Millisecond}, 429, "request.rate_limited", `{"error":"Too many requests","type":"rate_limit_error","code":"rate_limited"}`},
		{"unavailable", errs.New(errs.Unavailable, "Soon"), 503, "server.unavailable", `{"error":"Soon","type":"api_error","code":"unavailable"}`},
		{"the database is away", errAway, 503, "server.unavailable", `{"error":"The server cannot answer right now; try again","type":"api_error","code":"unavailable"}`},
		{"anything else", errors.New("password=hunter2"), 500, "server.internal", `{"error":"Internal server error","type":"api_error","code":"internal_error"}`},
		{"internal", &errs.Error{Code: errs.Internal, Message: "hunter2", Details: map[string]any{"hunter2": 1}}, 500, "server.internal", `{"error":"Internal server error","type":"api_error","code":"internal_error"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := newAPI(t)
			a.posts.err = tt.err
			got := a.do("POST", "/v1/posts", `{"content":"a"}`)
			var want map[string]any
			if err := json.Unmarshal([]byte(tt.want), &want); err != nil {
				t.Fatal(err)
			}
			body := got.json(t)
			if rule := body["rule"]; rule != tt.rule || body["docUrl"] != "https://posthorn.test/docs/rules/"+tt.rule || body["remediation"] == "" {
				t.Errorf("rule %v, docUrl %v, remediation %v; want %s", rule, body["docUrl"], body["remediation"], tt.rule)
			}
			for _, name := range []string{"rule", "docUrl", "remediation"} {
				delete(body, name)
			}
			if diff := cmp.Diff(want, body); got.status != tt.status || diff != "" {
				t.Errorf("status %d, want %d; body (-want +got):\n%s", got.status, tt.status, diff)
			}
			wait := map[string]string{"limited": "2", "unavailable": "5", "the database is away": "5"}[tt.name]
			if got.header.Get("Retry-After") != wait {
				t.Errorf("Retry-After %q, want %q", got.header.Get("Retry-After"), wait)
			}
			if logged := strings.Contains(a.log.String(), tt.err.Error()); logged != (tt.status >= 500) {
				t.Errorf("the error is in the log: %t", logged)
			}
		})
	}
}
