package instagram

import (
	"context"
	"encoding/json"
	"net/url"
	"strconv"
	"strings"

	"posthorn/internal/platforms"
)

// wholeForm is the container that is published.
func (f *flow) wholeForm(ctx context.Context, items []string) (url.Values, error) {
	if f.kind == kindCarousel {
		return f.carouselForm(items), nil
	}
	return f.singleForm(ctx)
}

// singleForm is the container of a photo, a reel or a story.
func (f *flow) singleForm(ctx context.Context) (url.Values, error) {
	m := f.t.Content.Media[0]
	form, err := f.mediumForm(ctx, m)
	if err != nil {
		return nil, err
	}
	setTags(form, f.opts.tagsOf(0))
	switch f.kind {
	case kindStory:
		form.Set("media_type", "STORIES")
		form.Del("alt_text")
		f.setExtras(form)
		return form, nil
	case kindReel:
		form.Set("media_type", "REELS")
		if err := f.setReel(ctx, form, m); err != nil {
			return nil, err
		}
	}
	f.setCommon(form)
	return form, nil
}

// itemForm is the container of one item of a carousel.
func (f *flow) itemForm(ctx context.Context, i int) (url.Values, error) {
	form, err := f.mediumForm(ctx, f.t.Content.Media[i])
	if err != nil {
		return nil, err
	}
	if f.t.Content.Media[i].Type == platforms.Video {
		form.Set("media_type", "VIDEO")
	}
	form.Set("is_carousel_item", "true")
	setTags(form, f.opts.tagsOf(i))
	return form, nil
}

func (f *flow) carouselForm(items []string) url.Values {
	form := url.Values{"media_type": {"CAROUSEL"}, "children": {strings.Join(items, ",")}}
	f.setCommon(form)
	return form
}

// mediumForm holds a fresh address of the medium, and what belongs to an image of its own.
func (f *flow) mediumForm(ctx context.Context, m platforms.Media) (url.Values, error) {
	form := url.Values{}
	if m.Type == platforms.Video {
		address, err := f.c.Media.URL(ctx, m, reelVideo.Fit()) // what is done to a video is the same for all kinds
		form.Set("video_url", address)
		return form, err
	}
	limits := feedImage
	if f.kind == kindStory {
		limits = storyImage
	}
	address, err := f.c.Media.URL(ctx, m, limits.Fit())
	form.Set("image_url", address)
	if m.AltText != "" {
		form.Set("alt_text", m.AltText)
	}
	return form, err
}

func (f *flow) setReel(ctx context.Context, form url.Values, m platforms.Media) error {
	if t := f.opts.TrialParams; t != nil {
		form.Set("trial_params", compact(map[string]string{"graduation_strategy": t.GraduationStrategy}))
	} else {
		form.Set("share_to_feed", strconv.FormatBool(f.opts.ShareToFeed == nil || *f.opts.ShareToFeed))
	}
	if cover := f.opts.cover(m); cover != "" {
		address, err := f.c.Media.URL(ctx, platforms.Media{Type: platforms.Image, URL: cover}, storyImage.Fit())
		if err != nil {
			return err
		}
		form.Set("cover_url", address)
	}
	if f.opts.ThumbOffset != nil {
		form.Set("thumb_offset", strconv.Itoa(*f.opts.ThumbOffset))
	}
	if f.opts.AudioName != "" {
		form.Set("audio_name", f.opts.AudioName)
	}
	if a := f.opts.AudioConfiguration; a != nil {
		audio := map[string]any{"audio_id": a.AudioID}
		if a.AudioVolume != nil {
			audio["audio_volume"] = *a.AudioVolume
		}
		if a.VideoVolume != nil {
			audio["video_volume"] = *a.VideoVolume
		}
		if f.opts.MuteAudio {
			audio["video_volume"] = 0
		}
		form.Set("audio_configuration", compact(audio))
	}
	return nil
}

// setCommon sets what photos, carousels and reels share.
func (f *flow) setCommon(form url.Values) {
	if f.t.Content.Text != "" {
		form.Set("caption", f.t.Content.Text)
	}
	if len(f.opts.Collaborators) > 0 {
		names := make([]string, len(f.opts.Collaborators))
		for i, n := range f.opts.Collaborators {
			names[i] = bare(n)
		}
		form.Set("collaborators", compact(names))
	}
	if f.opts.LocationID != "" {
		form.Set("location_id", f.opts.LocationID)
	}
	if f.opts.IsPaidPartnership {
		form.Set("is_paid_partnership", "true")
	}
	if len(f.opts.BrandedContentSponsors) > 0 {
		form.Set("branded_content_sponsor_ids", compact(f.opts.BrandedContentSponsors))
	}
	f.setExtras(form)
}

// setExtras sets what a story takes, too.
func (f *flow) setExtras(form url.Values) {
	if f.opts.IsAIGenerated {
		form.Set("is_ai_generated", "true")
	}
}

// remoteTag is a user tag as the Graph API takes it.
type remoteTag struct {
	Username string   `json:"username"`
	X        *float64 `json:"x,omitempty"`
	Y        *float64 `json:"y,omitempty"`
}

// tagsOf are the tags in one item.
func (o Options) tagsOf(item int) []remoteTag {
	var tags []remoteTag
	for _, t := range o.UserTags {
		if t.MediaIndex == item {
			tags = append(tags, remoteTag{Username: bare(t.Username), X: t.X, Y: t.Y})
		}
	}
	return tags
}

func setTags(form url.Values, tags []remoteTag) {
	if len(tags) > 0 {
		form.Set("user_tags", compact(tags))
	}
}

// compact writes one of our own values as JSON, which cannot fail.
func compact(v any) string {
	b, _ := json.Marshal(v)
	return string(b)
}
