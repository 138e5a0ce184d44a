package api

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

const bulkPath = "/v1/posts/bulk-upload"

// codes are the errors of a row, joined.
func (a answer) codes(row int) string {
	a.t.Helper()
	list, _ := a.at(fmt.Sprintf("results.%d.errors", row)).([]any)
	texts := make([]string, len(list))
	for i, code := range list {
		texts[i], _ = code.(string)
	}
	return strings.Join(texts, " ")
}

func TestBulkUpload(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	file := strings.Join([]string{
		"platforms,profiles,post_content,schedule_time,tz,media_urls,publish_now,is_draft,custom_content_bluesky,mood",
		"bluesky,Default,first,2026-02-01T10:00,Europe/Berlin,,,,,",
		`"bluesky,instagram",` + w.profile + `,both,2026-02-01T10:00:00Z,,` + w.photos + "coast.jpg,,,short,glad",
		"bluesky,Default,a draft,,,,,true,,",
		"bluesky,Default,now,,,,true,,,",
		"bluesky,Nobody,lost,2026-02-01T10:00:00Z,,,,,,",
		"bluesky,Second,no account,2026-02-01T10:00:00Z,,,,,,",
		"bluesky,Default,no time,,,,,,,",
		"bluesky,Default," + strings.Repeat("x", 301) + ",2026-02-01T10:00:00Z,,,,,,",
		"bluesky,Default,first,2026-03-01T10:00,,,,,,",
		"bluesky,Default,bad zone,2026-03-01T10:00,Mars/Base,,,,,",
		"bluesky,Default,bad time,soon,,,,,,",
		"instagram,Default,no media,2026-03-01T10:00,,,,,,",
	}, "\r\n")
	want := []string{"", "", "", "", "unknown_profile:Nobody", "no_account_for_platform:bluesky", "schedule_time_missing", "invalid:bluesky.text.max_length:post_content",
		"duplicate_content:row_1", "invalid:invalid_field_value:tz", "invalid:invalid_field_value:schedule_time", "invalid:instagram"}
	check := func(got answer, dry bool) {
		t.Helper()
		if got.at("total") != 12.0 || got.at("valid") != 4.0 || got.at("invalid") != 8.0 || got.text("warnings.0") != "unknown_columns:mood" {
			t.Fatalf("it says %s", got.body)
		}
		for i, code := range want {
			if i == 8 && !dry {
				code = "duplicate_content:" + got.text("results.0.createdPostId")
			}
			row := fmt.Sprintf("results.%d.", i)
			if codes := got.codes(i); !strings.HasPrefix(codes, code) || (code == "") != (codes == "") || got.at(row+"ok") != (code == "") || got.at(row+"rowIndex") != float64(i+1) {
				t.Errorf("row %d: %s, want %q", i+1, codes, code)
			}
			if made := got.text(row+"createdPostId") != ""; made != (code == "" && !dry) {
				t.Errorf("row %d has a post: %v", i+1, made)
			}
		}
	}
	check(w.upload(bulkPath+"?dryRun=true", "file", "posts.csv", file).want(207), true)
	if got := w.do("GET", "/v1/posts", nil).want(200); got.at("pagination.total") != 0.0 {
		t.Errorf("a dry run made posts: %s", got.body)
	}
	got := w.upload(bulkPath, "file", "posts.csv", file).want(207)
	check(got, false)
	first := w.do("GET", "/v1/posts/"+got.text("results.0.createdPostId"), nil).want(200)
	if first.text("post.scheduledFor") != "2026-02-01T09:00:00.000Z" || first.text("post.timezone") != "Europe/Berlin" || first.text("post.status") != "scheduled" {
		t.Errorf("the first is %s", first.body)
	}
	both := w.do("GET", "/v1/posts/"+got.text("results.1.createdPostId"), nil).want(200)
	if both.text("post.platforms.0.customContent") != "short" || both.text("post.platforms.1.platform") != "instagram" || both.text("post.mediaItems.0.type") != "image" {
		t.Errorf("the second is %s", both.body)
	}
	// What was made is refused when the file comes again; a draft is not.
	again := w.upload(bulkPath, "file", "posts.csv", file).want(207)
	if again.at("valid") != 1.0 || again.codes(0) != "duplicate_content:"+got.text("results.0.createdPostId") {
		t.Errorf("again it says %s", again.body)
	}
}

func TestBulkUploadPublishesInTheBackground(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.work()
	got := w.upload(bulkPath, "file", "posts.csv", "platforms;profiles;content;publish_now\nbluesky;Default;out at once;true").want(200)
	if got.at("valid") != 1.0 || len(got.at("warnings").([]any)) != 0 {
		t.Fatalf("it says %s", got.body)
	}
	for end := time.Now().Add(time.Minute); len(w.seenAt("bluesky")) == 0; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it was not published")
		}
	}
}

func TestBulkUploadIntoAQueue(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.do("POST", "/v1/queue/slots", map[string]any{"profileId": w.profile, "name": "Mornings", "timezone": "UTC", "slots": []any{map[string]any{"dayOfWeek": 5, "time": "09:00"}, map[string]any{"dayOfWeek": 6, "time": "09:00"}}}).want(201)
	var file strings.Builder
	file.WriteString("platforms,profiles,post_content,use_queue\n")
	for i := range 6 {
		fmt.Fprintf(&file, "bluesky,Default,number %d,true\n", i)
	}
	if dry := w.upload(bulkPath+"?dryRun=true", "file", "posts.csv", file.String()).want(200); dry.at("valid") != 6.0 {
		t.Fatalf("the dry run says %s", dry.body)
	}
	got := w.upload(bulkPath, "file", "posts.csv", file.String()).want(200)
	slots := []string{"2026-01-16", "2026-01-17", "2026-01-23", "2026-01-24", "2026-01-30", "2026-01-31"}
	for i, day := range slots {
		p := w.do("GET", "/v1/posts/"+got.text(fmt.Sprintf("results.%d.createdPostId", i)), nil).want(200)
		if p.text("post.scheduledFor") != day+"T09:00:00.000Z" || p.text("post.queuedFromProfile") != w.profile {
			t.Errorf("row %d: %s", i+1, p.body)
		}
	}
	if got := w.upload(bulkPath, "file", "posts.csv", "platforms,profiles,post_content,use_queue\nbluesky,Second,x,true").want(200); got.codes(0) == "" {
		t.Errorf("a profile without a queue: %s", got.body)
	}
}

func TestBulkUploadRefusesFiles(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, file := range map[string]string{"empty": "", "no CSV": "%PDF-1.7", "another encoding": "platforms,profiles\n\xff,x", "too many rows": "platforms,profiles\n" + strings.Repeat("a,b\n", 5001)} {
		if got := w.upload(bulkPath, "file", "posts.csv", file).want(400); got.text("param") != "file" {
			t.Errorf("%s: %s", name, got.body)
		}
	}
	if got := w.upload(bulkPath, "other", "posts.csv", "x").want(400); got.text("code") != "missing_required_field" {
		t.Errorf("no file: %s", got.body)
	}
	for name, body := range map[string]any{"JSON": map[string]any{"posts": []any{}}, "nothing": nil} {
		if got := w.do("POST", bulkPath, body).want(400); got.text("param") != "file" {
			t.Errorf("%s: %s", name, got.body)
		}
	}
	send := func(contentType, body string) answer {
		r := httptest.NewRequest(http.MethodPost, "http://posthorn.test"+bulkPath, strings.NewReader(body))
		r.Header.Set("Content-Type", contentType)
		return w.send(w.key, r)
	}
	send("multipart/form-data", "--x").want(400)
	send("multipart/form-data; boundary=x", "no boundary").want(400)
	send("multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nplatf").want(400)
	w.upload(bulkPath, "file", "posts.csv", strings.Repeat("x", 11<<20)).want(413)
	w.upload(bulkPath+"?dryRun=perhaps", "file", "posts.csv", "x").want(400)
}

// TestBulkUploadOfManyRows holds an upload to a time that a client waits for.
func TestBulkUploadOfManyRows(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rows := 600
	if !testing.Short() {
		rows = 1000
	}
	var file strings.Builder
	file.WriteString("platforms,profiles,post_content,schedule_time\n")
	for i := range rows {
		fmt.Fprintf(&file, "bluesky,Default,number %d,%s\n", i, w.clock().Add(time.Duration(i+1)*time.Hour).Format(time.RFC3339))
	}
	begun := time.Now()
	got := w.upload(bulkPath, "file", "posts.csv", file.String()).want(200)
	took := time.Since(begun)
	if got.at("valid") != float64(rows) || got.text("warnings.0") != "rows_exceed_advisory_limit:500" {
		t.Fatalf("it says %.500s", got.body)
	}
	if each := took / time.Duration(rows); each > 60*time.Second/1000 {
		t.Errorf("a row took %s", each)
	}
	t.Logf("%d rows took %s", rows, took)
}
