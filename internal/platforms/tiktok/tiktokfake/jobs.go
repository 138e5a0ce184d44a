package tiktokfake

import (
	"cmp"
	"crypto/rand"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf16"

	"posthorn/internal/platforms/farside"
	"posthorn/internal/platforms/farside/graph"
)

// Limits. https://developers.tiktok.com/doc/content-posting-api-media-transfer-guide
const (
	mb             = 1_000_000
	maxCaption     = 2200
	maxTitle       = 90
	maxDescription = 4000
	maxPhotos      = 35
	maxVideo       = 4 << 30
	maxPending     = 5 // drafts that are not finished, in a day
	uploadLife     = time.Hour
	day            = 24 * time.Hour
)

// job is a post on its way, or there: what a publish_id names.
type job struct {
	id                 string
	acct               *account
	photos, draft      bool
	title, text, shown string // text steers it; shown is what the public reads
	privacy            string
	notes              []string
	directive          farside.Directive
	began              time.Time
	reading            bool     // somebody reads its addresses just now
	addresses          []string // that it reads; nil: it is sent
	secret, mime       string   // of the upload
	size, piece        int64
	pieces, got        int
	data               []byte    // so far, of an upload
	bytes              int64     // that it has got
	whole, ready       time.Time // it has all; it is out
	fault              string
	postID             string
	media              []*graph.Asset
}

// postInfo is what is said of a post; what is not in it is refused.
type postInfo struct {
	Title       string `json:"title"`
	Description string `json:"description"`
	Privacy     string `json:"privacy_level"`
	NoComment   bool   `json:"disable_comment"`
	NoDuet      bool   `json:"disable_duet"`
	NoStitch    bool   `json:"disable_stitch"`
	Cover       int32  `json:"video_cover_timestamp_ms"`
	Music       bool   `json:"auto_add_music"`
	Branded     bool   `json:"brand_content_toggle"`
	Organic     bool   `json:"brand_organic_toggle"`
	AI          bool   `json:"is_aigc"`
}

type videoSource struct {
	Source string `json:"source"`
	Size   int64  `json:"video_size"`
	Piece  int64  `json:"chunk_size"`
	Pieces int    `json:"total_chunk_count"`
	URL    string `json:"video_url"`
}

func units(s string) int { return len(utf16.Encode([]rune(s))) }

// options are the privacy levels of a creator.
func (a *account) options() []string {
	if a.private {
		return []string{"FOLLOWER_OF_CREATOR", "MUTUAL_FOLLOW_FRIENDS", "SELF_ONLY"}
	}
	return []string{"PUBLIC_TO_EVERYONE", "MUTUAL_FOLLOW_FRIENDS", "SELF_ONLY"}
}

// capped reports whether a creator's posts of a day are used up. The caller holds mu.
func (f *Fake) capped(a *account, now time.Time) bool {
	a.posted = slices.DeleteFunc(a.posted, func(t time.Time) bool { return now.Sub(t) >= day })
	return len(a.posted) >= f.settings.posts
}

// creatorInfo is POST /v2/post/publish/creator_info/query/. What keeps a creator from posting comes with success.
func (f *Fake) creatorInfo(c *call) {
	f.mu.Lock()
	a := c.t.acct
	capped := f.capped(a, c.now)
	f.mu.Unlock()
	if capped {
		f.refuse(c.w, failCap)
		return
	}
	f.ok(c.w, map[string]any{"creator_avatar_url": "https://" + hostCDN + "/" + a.username + ".jpg", "creator_username": a.username, "creator_nickname": a.name, "privacy_level_options": a.options(),
		"comment_disabled": a.noComment, "duet_disabled": a.private, "stitch_disabled": a.private, "max_video_post_duration_sec": a.seconds})
}

// checkPost holds a post that is published directly to what its creator may do. The caller holds mu.
func (f *Fake) checkPost(c *call, p postInfo) *failure {
	a := c.t.acct
	switch {
	case !slices.Contains(c.t.scopes, "video.publish"):
		return failScope
	case f.settings.unaudited && !a.private:
		return failUnaudited
	case f.capped(a, c.now):
		return failCap
	case p.Privacy == "":
		return invalid("privacy_level is required.")
	case !slices.Contains(a.options(), p.Privacy):
		return failPrivacy
	case p.Branded && p.Privacy == "SELF_ONLY":
		return invalid("Branded content cannot be private.")
	case !p.NoComment && a.noComment:
		return invalid("The creator has disabled comments.")
	}
	return nil
}

// checkDraft holds a draft to the number of those that are not finished. The caller holds mu.
func (f *Fake) checkDraft(c *call) *failure {
	pending := 0
	for _, j := range f.jobs {
		if j.draft && j.acct == c.t.acct && j.fault == "" && !j.whole.IsZero() && c.now.Sub(j.began) < day {
			pending++
		}
	}
	switch {
	case !slices.Contains(c.t.scopes, "video.upload"):
		return failScope
	case pending >= maxPending && !f.settings.generous:
		return failShares
	}
	return nil
}

// steered is the refusal that a post's own text asks for. The caller holds mu.
func (f *Fake) steered(j *job) *failure {
	key := j.acct.id + "\x00" + j.text
	switch code := j.directive.Code; {
	case f.flaked[key] < j.directive.Flaky:
		f.flaked[key]++
		return failServer
	case !j.directive.Fail || isReason(code):
		return nil
	case code == failCap.code:
		return failCap
	case code == failShares.code:
		return failShares
	case code == failRate.code:
		return failRate
	case code == failUnverified.code:
		return failUnverified
	case code == failUnaudited.code:
		return failUnaudited
	case code == failToken.code:
		return failToken
	default:
		return &failure{http.StatusBadRequest, code, "The post was refused, as its text asks."}
	}
}

var reasons = []string{"", "file_format_check_failed", "duration_check_failed", "frame_rate_check_failed", "picture_size_check_failed", "internal", "video_pull_failed", "photo_pull_failed",
	"publish_cancelled", "auth_removed", "spam_risk_user_banned_from_posting", "spam_risk_text", "spam_risk"}

// isReason reports whether a code is one that a post fails with after it was taken.
func isReason(code string) bool { return slices.Contains(reasons, code) }

// newJob is a post of the caller's. The caller holds mu.
func (f *Fake) newJob(c *call, prefix, text, title string) *job {
	return &job{id: prefix + "~v2-1." + f.nextID(), acct: c.t.acct, text: text, title: title, shown: text, directive: farside.ParseDirective(text), began: c.now, secret: rand.Text()}
}

// initVideo is POST /v2/post/publish/video/init/.
func (f *Fake) initVideo(c *call) {
	var in struct {
		Post   *postInfo   `json:"post_info"`
		Source videoSource `json:"source_info"`
	}
	if !f.decode(c, &in) {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if in.Post == nil {
		f.refuse(c.w, invalid("post_info is required."))
		return
	}
	p := *in.Post
	fail := f.checkPost(c, p)
	switch {
	case fail != nil:
	case units(p.Title) > maxCaption:
		fail = invalid("The title is too long.")
	case p.Description != "" || p.Music:
		fail = invalid("description and auto_add_music are for photos.")
	case p.Cover < 0:
		fail = invalid("video_cover_timestamp_ms is not valid.")
	}
	if fail != nil {
		f.refuse(c.w, fail)
		return
	}
	j := f.newJob(c, "v", p.Title, "")
	j.privacy, j.notes = p.Privacy, notesOf(p, p.AI, false)
	f.take(c, j, in.Source)
}

// initDraft is POST /v2/post/publish/inbox/video/init/. What is said of the post is read, and forgotten.
func (f *Fake) initDraft(c *call) {
	var in struct {
		Post   *postInfo   `json:"post_info"`
		Source videoSource `json:"source_info"`
	}
	if !f.decode(c, &in) {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if fail := f.checkDraft(c); fail != nil {
		f.refuse(c.w, fail)
		return
	}
	j := f.newJob(c, "v_inbox", "", "")
	j.draft = true
	f.take(c, j, in.Source)
}

// take keeps a video's job. The caller holds mu.
func (f *Fake) take(c *call, j *job, s videoSource) {
	fail := f.steered(j)
	if fail == nil {
		fail = f.checkSource(s)
	}
	if fail != nil {
		f.refuse(c.w, fail)
		return
	}
	if s.Source == "PULL_FROM_URL" {
		j.id = strings.Replace(j.id, "~", "_url~", 1)
		j.addresses = []string{s.URL}
		f.keep(c, j, map[string]any{"publish_id": j.id})
		return
	}
	j.id = strings.Replace(j.id, "~", "_file~", 1)
	j.size, j.piece, j.pieces = s.Size, s.Piece, s.Pieces
	f.keep(c, j, map[string]any{"publish_id": j.id, "upload_url": fmt.Sprintf("https://%s/video/?upload_id=%s&upload_token=%s", hostUpload, strings.TrimPrefix(j.id[strings.LastIndex(j.id, "."):], "."), j.secret)})
}

// keep answers with a job. One that reads its media itself commits its author: that is the answer that is dropped, where the text asks for it.
func (f *Fake) keep(c *call, j *job, data map[string]any) {
	f.jobs = append(f.jobs, j)
	if j.addresses != nil && f.drops(j) {
		panic(http.ErrAbortHandler)
	}
	f.ok(c.w, data)
}

// drops reports whether an answer is to be dropped, once. The caller holds mu.
func (f *Fake) drops(j *job) bool {
	key := j.acct.id + "\x00" + j.text
	if !j.directive.Drop || f.dropped[key] {
		return false
	}
	f.dropped[key] = true
	return true
}

func (f *Fake) checkSource(s videoSource) *failure {
	switch s.Source {
	case "PULL_FROM_URL":
		if s.Size != 0 || s.Piece != 0 || s.Pieces != 0 {
			return invalid("video_size, chunk_size and total_chunk_count are for FILE_UPLOAD.")
		}
		return f.checkAddress(s.URL)
	case "FILE_UPLOAD":
	default:
		return invalid("source must be FILE_UPLOAD or PULL_FROM_URL.")
	}
	bad := &failure{http.StatusBadRequest, "invalid_file_upload", "The chunk size or the total chunk count is invalid."}
	switch {
	case s.URL != "" || s.Size < 1 || s.Size > maxVideo || s.Piece < 1 || s.Pieces < 1 || s.Pieces > 1000 || int64(s.Pieces) != s.Size/s.Piece:
		return bad
	case s.Size < 5*mb && s.Piece != s.Size, s.Size >= 5*mb && s.Piece < 5*mb, s.Piece > 64<<20, s.Size-int64(s.Pieces-1)*s.Piece > 128<<20:
		return bad
	}
	return nil
}

// initPhotos is POST /v2/post/publish/content/init/.
func (f *Fake) initPhotos(c *call) {
	var in struct {
		Type   string    `json:"media_type"`
		Mode   string    `json:"post_mode"`
		Post   *postInfo `json:"post_info"`
		AI     bool      `json:"is_aigc"`
		Source struct {
			Source string   `json:"source"`
			Photos []string `json:"photo_images"`
			Cover  int      `json:"photo_cover_index"`
		} `json:"source_info"`
	}
	if !f.decode(c, &in) {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	p := postInfo{}
	if in.Post != nil {
		p = *in.Post
	}
	var fail *failure
	switch {
	case in.Type != "PHOTO" || in.Source.Source != "PULL_FROM_URL":
		fail = invalid("media_type must be PHOTO, and source PULL_FROM_URL.")
	case in.Mode != "DIRECT_POST" && in.Mode != "MEDIA_UPLOAD":
		fail = invalid("post_mode must be DIRECT_POST or MEDIA_UPLOAD.")
	case len(in.Source.Photos) < 1 || len(in.Source.Photos) > maxPhotos || in.Source.Cover < 0 || in.Source.Cover >= len(in.Source.Photos):
		fail = invalid("photo_images must have 1 to 35 entries, and photo_cover_index be one of them.")
	case units(p.Title) > maxTitle || units(p.Description) > maxDescription:
		fail = invalid("The title or the description is too long.")
	case p.AI || p.NoDuet || p.NoStitch || p.Cover != 0:
		fail = invalid("post_info holds what is for videos, or is_aigc, which stands beside it.")
	case in.Mode == "DIRECT_POST":
		fail = f.checkPost(c, p)
	default:
		fail = f.checkDraft(c)
	}
	for _, u := range in.Source.Photos {
		if fail == nil {
			fail = f.checkAddress(u)
		}
	}
	if fail != nil {
		f.refuse(c.w, fail)
		return
	}
	text := p.Title
	if p.Description != "" {
		text = p.Description
	}
	j := f.newJob(c, "p_pub_url", text, p.Title)
	j.photos, j.draft, j.addresses = true, in.Mode == "MEDIA_UPLOAD", in.Source.Photos
	j.privacy, j.notes = p.Privacy, notesOf(p, in.AI, true)
	if fail := f.steered(j); fail != nil {
		f.refuse(c.w, fail)
		return
	}
	f.keep(c, j, map[string]any{"publish_id": j.id})
}

// notesOf are what the public is told of a post beside its text.
func notesOf(p postInfo, ai, photos bool) (notes []string) {
	note := func(is bool, text string) {
		if is {
			notes = append(notes, text)
		}
	}
	note(p.Branded, "Paid partnership")
	note(p.Organic && !p.Branded, "Promotional content")
	note(ai, "AI-generated")
	note(p.NoComment, "no comments")
	note(!photos && p.NoDuet, "no duets")
	note(!photos && p.NoStitch, "no stitches")
	note(p.Music, "with music")
	note(p.Privacy == "SELF_ONLY", "only the creator sees it")
	note(p.Privacy == "MUTUAL_FOLLOW_FRIENDS", "friends see it")
	note(p.Privacy == "FOLLOWER_OF_CREATOR", "followers see it")
	return notes
}

// named is the body of a request that names a job.
type named struct {
	ID string `json:"publish_id"`
}

// findJob is the caller's job of an ID. The caller holds mu.
func (f *Fake) findJob(c *call, in named) (*job, *failure) {
	i := slices.IndexFunc(f.jobs, func(j *job) bool { return j.id == in.ID })
	switch {
	case i < 0:
		return nil, failPublishID
	case f.jobs[i].acct != c.t.acct:
		return nil, &failure{http.StatusBadRequest, "token_not_authorized_for_specified_publish_id", "The access token is not authorized for the publish_id."}
	}
	return f.jobs[i], nil
}

// status is POST /v2/post/publish/status/fetch/.
func (f *Fake) status(c *call) {
	var in named
	if !f.decode(c, &in) {
		return
	}
	f.catchUp(c.now)
	f.mu.Lock()
	defer f.mu.Unlock()
	j, fail := f.findJob(c, in)
	if fail != nil {
		f.refuse(c.w, fail)
		return
	}
	out := map[string]any{}
	switch out["status"] = j.status(c.now); out["status"] {
	case "FAILED":
		out["fail_reason"] = j.fault
	case "PUBLISH_COMPLETE":
		if f.tells(j, c.now) {
			out["publicaly_available_post_id"] = []any{jsonNumber(j.postID)}
		}
	}
	if j.addresses == nil {
		out["uploaded_bytes"] = j.bytes
	} else {
		out["downloaded_bytes"] = j.bytes
	}
	f.ok(c.w, out)
}

// tells reports whether the API speaks of a post: one that everybody sees, once TikTok has looked at it. The caller holds mu.
func (f *Fake) tells(j *job, now time.Time) bool {
	looked := j.ready.Add(cmp.Or(f.settings.moderation, f.usual(20*time.Second, 1)))
	return j.privacy == "PUBLIC_TO_EVERYONE" && !f.settings.unaudited && !now.Before(looked)
}

// jsonNumber is written as a number, which is larger than what a float holds.
type jsonNumber string

// MarshalJSON writes it without quotes.
func (n jsonNumber) MarshalJSON() ([]byte, error) { return []byte(n), nil }

// status is how far it is at a time.
func (j *job) status(now time.Time) string {
	waits := "PROCESSING_UPLOAD"
	if j.addresses != nil {
		waits = "PROCESSING_DOWNLOAD"
	}
	switch {
	case j.whole.IsZero() || now.Before(j.ready):
		return waits
	case j.fault != "":
		return "FAILED"
	case j.draft:
		return "SEND_TO_USER_INBOX"
	}
	return "PUBLISH_COMPLETE"
}

// cancel is POST /v2/post/publish/cancel/, for a job that reads its media and has not got all of it.
func (f *Fake) cancel(c *call) {
	var in named
	if !f.decode(c, &in) {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	j, fail := f.findJob(c, in)
	if fail == nil && (j.addresses == nil || !j.whole.IsZero()) {
		fail = &failure{http.StatusBadRequest, "publish_not_cancellable", "The publish cannot be cancelled."}
	}
	if fail != nil {
		f.refuse(c.w, fail)
		return
	}
	j.whole, j.ready, j.fault = c.now, c.now, "publish_cancelled"
	f.ok(c.w, map[string]any{})
}
