package threadsfake

import (
	"bytes"
	"context"
	"errors"
	"image"
	_ "image/jpeg" // what images may be
	_ "image/png"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"posthorn/internal/platforms/farside"
	"posthorn/internal/platforms/farside/graph"
)

// The values of media_type when a container is made; kindChild is an item of a carousel.
const (
	kindText     = "TEXT"
	kindImage    = "IMAGE"
	kindVideo    = "VIDEO"
	kindCarousel = "CAROUSEL"
	kindChild    = "CHILD"
)

// Limits. https://developers.facebook.com/docs/threads/overview
const (
	maxText  = 500
	maxAlt   = 1000
	maxLinks = 5
	maxTopic = 50
	maxImage = 8 << 20
	maxVideo = 1 << 30
)

// container is a post, or an item of one, on its way to being published.
type container struct {
	id        string
	acct      *account
	kind      string
	text, alt string
	topic     string
	replyTo   *media
	asset     *graph.Asset
	children  []*container
	created   time.Time
	ready     time.Time // when processing ends, well or not
	fault     string    // error_message that it ends with; empty: well
	published time.Time // zero: not
	directive farside.Directive
}

// status is the container's at a time.
func (ct *container) status(now time.Time) string {
	switch {
	case !ct.published.IsZero():
		return "PUBLISHED"
	case now.Sub(ct.created) >= day:
		return "EXPIRED"
	case now.Before(ct.ready):
		return "IN_PROGRESS"
	case ct.fault != "":
		return "ERROR"
	}
	return "FINISHED"
}

// params are what a container can be made with; what is not among them is refused, lest a client believe in it.
var params = []string{"media_type", "text", "image_url", "video_url", "is_carousel_item", "children", "reply_to_id", "alt_text", "topic_tag", "access_token"}

// create is POST /me/threads. Media are fetched before the answer; an image's faults are errors of the call, a video's end the container.
func (f *Fake) create(c *call) (any, *graph.Failure) {
	for name := range c.Params {
		if !slices.Contains(params, name) {
			return nil, graph.BadParam("Param " + graph.Clip(name) + " is not supported here.")
		}
	}
	ct := &container{acct: c.acct, kind: c.Params["media_type"], text: c.Params["text"], alt: c.Params["alt_text"], topic: c.Params["topic_tag"], created: c.now}
	ct.directive = farside.ParseDirective(ct.text)
	child, fail := c.Flag("is_carousel_item")
	if fail != nil {
		return nil, fail
	}
	for _, check := range []func() *graph.Failure{func() *graph.Failure { return ct.checkTexts(child != nil && *child) }, func() *graph.Failure { return f.steer(ct) },
		func() *graph.Failure { return f.answering(c, ct) }, func() *graph.Failure { return f.adopt(c, ct) }, func() *graph.Failure { return f.load(c, ct) }} {
		if fail := check(); fail != nil {
			return nil, fail
		}
	}
	if child != nil && *child {
		ct.kind = kindChild
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if c.Context().Err() != nil {
		return nil, failTimeout // nobody listens any more
	}
	ct.id = f.nextID()
	ct.ready = f.now().Add(f.processingTime(ct))
	f.containers[ct.id] = ct
	return map[string]any{"id": ct.id}, nil
}

var link = regexp.MustCompile(`https?://\S+`)

func (ct *container) checkTexts(child bool) *graph.Failure {
	switch {
	case !slices.Contains([]string{kindText, kindImage, kindVideo, kindCarousel}, ct.kind):
		return graph.BadParam("Param media_type must be one of {TEXT, IMAGE, VIDEO, CAROUSEL}")
	case child && (ct.text != "" || (ct.kind != kindImage && ct.kind != kindVideo)):
		return graph.BadParam("An item of a carousel is an image or a video without a text.")
	case ct.kind == kindText && strings.TrimSpace(ct.text) == "":
		return graph.BadParam("Param text is required for media_type TEXT")
	case length(ct.text) > maxText:
		return graph.BadParam("Param text must be at most 500 characters long")
	case utf8.RuneCountInString(ct.alt) > maxAlt || (ct.alt != "" && ct.kind != kindImage && ct.kind != kindVideo):
		return graph.BadParam("Param alt_text must be at most 1000 characters long, for an image or a video")
	case utf8.RuneCountInString(ct.topic) > maxTopic || strings.ContainsAny(ct.topic, ".&"):
		return graph.BadParam("Param topic_tag must be at most 50 characters long, without . and &")
	}
	seen := map[string]bool{}
	for _, address := range link.FindAllString(ct.text, -1) {
		seen[address] = true
	}
	if len(seen) > maxLinks {
		return failLinks
	}
	return nil
}

// length counts as Threads does: an emoji is its bytes, any other character one.
func length(s string) (n int) {
	for _, r := range s {
		if r >= 0x1F000 || (r >= 0x2600 && r <= 0x27BF) || r == 0x200D || r == 0xFE0F {
			n += utf8.RuneLen(r)
		} else {
			n++
		}
	}
	return n
}

// steer does to a creation what its own text asks for.
func (f *Fake) steer(ct *container) *graph.Failure {
	f.mu.Lock()
	defer f.mu.Unlock()
	key := ct.acct.id + "\x00" + ct.text
	if f.flaked[key] < ct.directive.Flaky {
		f.flaked[key]++
		return failServer
	}
	if !ct.directive.Fail {
		return nil
	}
	if strings.Contains(ct.directive.Code, "_") { // a container's error_message
		ct.fault = ct.directive.Code
		return nil
	}
	return graph.Named(known, ct.directive.Code)
}

// answering finds the post that is answered. One that was published a moment ago is not known everywhere.
func (f *Fake) answering(c *call, ct *container) *graph.Failure {
	id := c.Params["reply_to_id"]
	if id == "" {
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	m := f.media[id]
	if m == nil || m.deleted || m.kind == kindChild {
		return graph.NoObject(http.MethodPost, id)
	}
	if c.now.Sub(m.at) < f.settings.hidden*chance(m.id)/1000 {
		return failNoMedia(id)
	}
	ct.replyTo = m
	return nil
}

// adopt finds the children of a carousel. One that is not finished spoils the carousel later, one that is gone at once.
func (f *Fake) adopt(c *call, ct *container) *graph.Failure {
	ids, fail := c.List("children")
	if fail != nil {
		return fail
	}
	if (ct.kind == kindCarousel) != (len(ids) > 0) || len(ids) == 1 || len(ids) > 20 {
		return graph.BadParam("A carousel has 2 to 20 children, and nothing else has any.")
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, id := range ids {
		child := f.containers[id]
		if child == nil || child.acct != ct.acct || child.kind != kindChild || slices.Contains(ct.children, child) || child.status(c.now) == "EXPIRED" {
			return failChildren
		}
		if child.status(c.now) != "FINISHED" {
			ct.fault = "UNKNOWN"
		}
		ct.children = append(ct.children, child)
	}
	return nil
}

// load fetches the medium of a container.
func (f *Fake) load(c *call, ct *container) (fail *graph.Failure) {
	picture, film := c.Params["image_url"], c.Params["video_url"]
	if (ct.kind == kindImage) != (picture != "") || (ct.kind == kindVideo) != (film != "") {
		return graph.BadParam("An IMAGE has an image_url, a VIDEO a video_url, and nothing else has either.")
	}
	switch {
	case picture != "":
		ct.asset, fail = f.fetchImage(c.Context(), picture)
	case film != "":
		var fault string
		if ct.asset, fault = f.fetchVideo(c.Context(), film); fault != "" {
			ct.fault = fault
		}
	}
	return fail
}

func (f *Fake) fetchImage(ctx context.Context, address string) (*graph.Asset, *graph.Failure) {
	data, declared, err := f.fetch.Download(ctx, address, maxImage)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return nil, failTimeout
	case errors.Is(err, graph.ErrTooLarge):
		return nil, failImageSize
	case err != nil || !strings.HasPrefix(declared, "image/"):
		return nil, failFetch.Saying("The media could not be fetched from this URI: " + graph.Clip(graph.WithoutQuery(address)))
	}
	size, format, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil || size.Width == 0 || size.Height == 0 {
		return nil, failImageType
	}
	if size.Width > 10*size.Height || size.Height > 10*size.Width {
		return nil, failRatio
	}
	return f.assets.Keep(data, "image/"+format, nil), nil
}

// fetchVideo fetches and checks a video; what is wrong with it is the container's error_message.
func (f *Fake) fetchVideo(ctx context.Context, address string) (*graph.Asset, string) {
	data, declared, err := f.fetch.Download(ctx, address, maxVideo)
	if err != nil || !strings.HasPrefix(declared, "video/") {
		return nil, "FAILED_DOWNLOADING_VIDEO"
	}
	film, mimeType := graph.ParseFilm(data)
	switch {
	case film == nil:
		return nil, "FAILED_PROCESSING_VIDEO"
	case film.Length > 5*time.Minute:
		return nil, "INVALID_DURATION"
	case !graph.TracksFit(data):
		return nil, "FAILED_PROCESSING_VIDEO"
	}
	return f.assets.Keep(data, mimeType, film), ""
}

// processingTime is how long a container takes.
func (f *Fake) processingTime(ct *container) time.Duration {
	video := ct.asset != nil && ct.asset.Film != nil
	least, more := time.Second, 2*time.Second
	switch {
	case ct.directive.Slow > 0:
		return ct.directive.Slow
	case f.processing > 0 && video:
		return 10 * f.processing
	case f.processing > 0 && ct.asset == nil:
		return f.processing / 4
	case f.processing > 0:
		return f.processing
	case video:
		least, more = 15*time.Second, 105*time.Second
	case ct.asset != nil:
		least, more = 3*time.Second, 5*time.Second
	}
	return least + more*chance(ct.id)/1000
}

// readContainer is GET /{container-id}.
func (f *Fake) readContainer(c *call, ct *container) (any, *graph.Failure) {
	fields, fail := c.ParseFields("id")
	if fail != nil {
		return nil, fail
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return graph.Selected(ct.id, containerView{ct, c.now}, fields)
}

// containerView is a container as reads see it at a time.
type containerView struct {
	*container
	now time.Time
}

// NodeType implements [graph.Object].
func (containerView) NodeType() string { return "ThreadsMediaContainer" }

// Field implements [graph.Object].
func (v containerView) Field(name string, _ []graph.Field) (any, bool, *graph.Failure) {
	switch name {
	case "status":
		return v.status(v.now), true, nil
	case "error_message":
		if v.status(v.now) != "ERROR" {
			return nil, true, nil
		}
		return v.fault, true, nil
	}
	return nil, false, nil
}
