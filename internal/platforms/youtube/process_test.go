package youtube_test

import (
	"strings"
	"testing"
	"time"

	"posthorn/internal/platforms"
	"posthorn/internal/platforms/youtube"
)

// TestVideosThatDoNotShow uploads what YouTube then fails to process, or does not let be shown: each ends as failed, with YouTube's reason.
func TestVideosThatDoNotShow(t *testing.T) {
	t.Parallel()
	for reason, rule := range map[string]string{"codec": "processing.failed", "conversion": "processing.failed", "invalidFile": "processing.failed", "emptyFile": "processing.failed", "tooSmall": "processing.failed", "uploadAborted": "processing.failed",
		"copyright": "video.rejected", "inappropriate": "video.rejected", "termsOfUse": "video.rejected", "uploaderAccountSuspended": "video.rejected", "length": "video.rejected", "claim": "video.rejected", "uploaderAccountClosed": "video.rejected",
		"trademark": "video.rejected", "legal": "video.rejected", "duplicate": "video.duplicate"} {
		f := newFar(t, 0)
		task := f.task("x [[sandbox:fail:"+reason+"]]", "")
		_, err := f.until(&task, "")
		e := platforms.AsError(err)
		if e == nil || e.Code != reason || e.Rule != "youtube."+rule || (e.Kind == platforms.Duplicate) != (reason == "duplicate") || e.Kind != platforms.Duplicate && e.Kind != platforms.Rejected || e.Category == "" || task.Published != nil {
			t.Errorf("%s: %+v", reason, e)
		} else if !strings.Contains(e.Message, ": ") {
			t.Errorf("%s is not explained: %s", reason, e.Message)
		}
	}
	f := newFar(t, 0)
	task := f.task("later [[sandbox:fail:codec]]", "")
	if _, err := f.until(&task, ""); err == nil {
		t.Fatal("it was published")
	}
	f.now = f.now.Add(time.Hour)
	task.Content.Text = "later" // the user has mended it, and retries
	if _, err := f.until(&task, ""); err != nil || len(f.Posts()) != 1 {
		t.Errorf("tried again: %v; the channel has %d videos", err, len(f.Posts()))
	}
	f = newFar(t, 0)
	f.RejectDuplicates()
	for i, text := range []string{"once", "twice"} {
		task := f.task(text, "")
		if _, err := f.until(&task, ""); (err != nil) != (i == 1) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// TestAnAppThatIsNotAudited uploads videos that YouTube keeps private: only one that was meant to be private is published.
func TestAnAppThatIsNotAudited(t *testing.T) {
	t.Parallel()
	for options, locked := range map[string]bool{"": true, `{"visibility":"unlisted"}`: true, `{"visibility":"private"}`: false, `{"publishAt":"2026-11-24T10:00:00Z"}`: true} {
		f := newFar(t, 0)
		f.Unaudited(true)
		task := f.task("locked", options)
		_, err := f.until(&task, "")
		if e := platforms.AsError(err); (e != nil) != locked || e != nil && (e.Kind != platforms.Rejected || e.Rule != "youtube.privacy.locked" || !strings.Contains(e.Message, f.Posts()[0].ID)) || (task.Published != nil) == locked {
			t.Errorf("%s: %v", options, err)
		}
		if !locked {
			continue
		}
		if _, err := f.until(&task, ""); err == nil || len(f.Posts()) != 1 { // a retry finds the same video
			t.Errorf("%s, tried again: %v; the channel has %d videos", options, err, len(f.Posts()))
		}
	}
}

// TestVideosForLater is private until its time; then it is published, and its first comment written. A time that has passed is none.
func TestVideosForLater(t *testing.T) {
	t.Parallel()
	f := newFar(t, 0)
	at := f.now.Add(26 * time.Hour)
	task := f.task("later", `{"publishAt":"`+at.Format(time.RFC3339)+`","firstComment":"now"}`)
	for task.Published == nil {
		s, err, _ := f.take(youtube.Platform{}, &task)
		if e := platforms.AsError(err); e != nil && e.Kind == platforms.TokenExpired {
			if f.conn.Token, err = (youtube.Platform{}).Refresh(t.Context(), f.conn); err == nil {
				continue
			}
		}
		if err != nil {
			t.Fatal(err)
		}
		if s.Done != nil && f.now.Before(at) {
			t.Fatalf("published at %v", f.now)
		}
		f.now = f.now.Add(s.Wait)
	}
	if late := f.now.Sub(at); late < 0 || late > time.Minute {
		t.Errorf("published %v after its time", late)
	}
	if s, err := f.until(&task, ""); err != nil || s.Done == nil || len(f.Posts()[0].Comments) != 1 {
		t.Errorf("%v; %d comments", err, len(f.Posts()[0].Comments))
	}
	past := f.task("past", `{"publishAt":"2026-11-01T10:00:00Z"}`)
	if _, err := f.until(&past, ""); err != nil || len(f.Posts()) != 2 || len(f.Posts()[0].Extra) != 0 {
		t.Errorf("%v: %+v", err, f.Posts())
	}
}

// TestRejectedLater rejects a video after it was processed: it stays a published one, and says what happened.
func TestRejectedLater(t *testing.T) {
	t.Parallel()
	f := newFar(t, 0)
	task := f.task("taken down", "")
	s, err := f.until(&task, "checking")
	if err != nil || s.Done == nil {
		t.Fatalf("%+v, %v", s, err)
	}
	f.Reject(s.Done.ID, "copyright")
	_, err = f.until(&task, "")
	if e := platforms.AsError(err); e == nil || e.Kind != platforms.Rejected || e.Rule != "youtube.video.rejected" || task.Published == nil {
		t.Errorf("%+v", e)
	}
}

// TestWhatIsMissed publishes a video with a playlist that is another channel's, captions that are twice there, a thumbnail that the channel may not set and a
// comment that YouTube refuses: the video is published, and all of it is told.
func TestWhatIsMissed(t *testing.T) {
	t.Parallel()
	f := newFar(t, 1)
	task := f.task("bare", `{"playlistId":"PLf4keTidewatchHarbours01","firstComment":"no [[sandbox:fail]]","captions":[{"language":"en","content":"-->"}]}`)
	task.Content.Media[0].Thumbnail = "https://example.com/cover.png"
	_, err := f.until(&task, "")
	e := platforms.AsError(err)
	if e == nil || e.Rule != "youtube.extras" || task.Published == nil {
		t.Fatalf("%+v", e)
	}
	for _, what := range []string{"thumbnail", "playlist", "first comment"} {
		if !strings.Contains(e.Message, what) {
			t.Errorf("nothing is said of the %s: %s", what, e.Message)
		}
	}
	if strings.Contains(e.Message, "captions") || !strings.Contains(strings.Join(f.Posts()[0].Extra, " "), "captions: en") {
		t.Errorf("the captions: %s; %v", e.Message, f.Posts()[0].Extra)
	}
}

// TestPermissionsThatWereNotGiven leaves out all but what uploading takes.
func TestPermissionsThatWereNotGiven(t *testing.T) {
	t.Parallel()
	f := newFar(t, 0)
	f.conn.Token.Scopes = []string{"https://www.googleapis.com/auth/youtube.upload", "https://www.googleapis.com/auth/youtube.readonly"}
	task := f.task("little", `{"playlistId":"PLf4keTidewatchHarbours01","firstComment":"first"}`)
	_, err := f.until(&task, "")
	if e := platforms.AsError(err); e == nil || e.Rule != "youtube.extras" || task.Published == nil || strings.Count(e.Message, "not granted") != 2 {
		t.Errorf("%+v", e)
	}
	if e := platforms.AsError((youtube.Platform{}).Delete(t.Context(), f.conn, platforms.Existing{Remote: *task.Published})); e == nil || e.Kind != platforms.Rejected || len(f.Posts()) != 1 {
		t.Errorf("deleted: %+v", e)
	}
}

// TestLimits waits for what is used up until it is there again: the project's day ends at midnight in California, whatever the clocks there do.
func TestLimits(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*far)
		text   string
		now    string
		want   string
	}{
		"uploads":           {func(f *far) { f.SetQuota(0, 10_000) }, "x", "2026-11-23T10:00:00Z", "2026-11-24T08:00:00Z"},
		"units":             {nil, "x [[sandbox:fail:quotaExceeded]]", "2026-11-23T07:59:00Z", "2026-11-23T08:00:00Z"},
		"in the summer":     {nil, "x [[sandbox:fail:quotaExceeded]]", "2026-07-01T08:00:00Z", "2026-07-02T07:00:00Z"},
		"the clocks go":     {nil, "x [[sandbox:fail:quotaExceeded]]", "2026-03-08T09:00:00Z", "2026-03-09T07:00:00Z"},
		"the channel's own": {func(f *far) { f.Capped(true) }, "x", "2026-11-23T10:00:00Z", "2026-11-24T10:00:00Z"},
	} {
		f := newFar(t, 0)
		f.now, _ = time.Parse(time.RFC3339, c.now)
		if fresh, err := (youtube.Platform{}).Refresh(t.Context(), f.conn); err == nil {
			f.conn.Token = fresh
		}
		if c.change != nil {
			c.change(f)
		}
		task := f.task(c.text, "")
		_, err, _ := f.take(youtube.Platform{}, &task)
		e := platforms.AsError(err)
		if e == nil || e.Kind != platforms.RateLimited || e.Category != platforms.QuotaExhausted || e.Reset.Format(time.RFC3339) != c.want || strings.Contains(e.Message, "<") {
			t.Errorf("%s: %+v", name, e)
		}
	}
}
