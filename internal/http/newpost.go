package http

import (
	"encoding/json"
	"fmt"
	"strings"

	"posthorn/internal/errs"
	"posthorn/internal/http/wire"
	"posthorn/internal/platforms"
	"posthorn/internal/posts"
)

// newPost turns a valid request into what the domain takes.
func newPost(in wire.CreatePostRequest) (posts.NewPost, error) {
	media, err := mediaItems("mediaItems", in.MediaItems)
	if err != nil {
		return posts.NewPost{}, err
	}
	p := posts.NewPost{
		Title: in.Title, Content: in.Content, Media: media, Mode: mode(in), ScheduledFor: in.ScheduledFor, Timezone: in.Timezone,
		Tags: in.Tags, Hashtags: in.Hashtags, Mentions: in.Mentions, Visibility: in.Visibility, Crossposting: true, Metadata: object(in.Metadata),
		QueuedFromProfile: in.QueuedFromProfile, QueueID: in.QueueID,
	}
	if p.Recycling, err = recyclingChange(in.Recycling); err != nil {
		return posts.NewPost{}, err
	}
	if in.CrosspostingEnabled != nil {
		p.Crossposting = *in.CrosspostingEnabled
	}
	p.Targets, err = newTargets(in)
	return p, err
}

func newTargets(in wire.CreatePostRequest) (list []posts.NewTarget, err error) {
	for i, t := range in.Platforms {
		target, err := newTarget(i, t, in)
		if err != nil {
			return nil, err
		}
		list = append(list, target)
	}
	return list, nil
}

// mode is what the contract's order of precedence makes of the request.
func mode(in wire.CreatePostRequest) posts.Mode {
	switch {
	case in.IsDraft:
		return posts.AsDraft
	case in.PublishNow:
		return posts.Now
	case in.ScheduledFor != "":
		return posts.At
	case in.QueuedFromProfile != "":
		return posts.Queued
	}
	for _, t := range in.Platforms {
		if t.ScheduledFor != "" {
			return posts.At
		}
	}
	return posts.AsDraft
}

func newTarget(i int, in wire.NewTarget, post wire.CreatePostRequest) (posts.NewTarget, error) {
	t := posts.NewTarget{Platform: in.Platform, AccountID: in.AccountID, ScheduledFor: in.ScheduledFor, Options: object(in.PlatformSpecificData)}
	if in.CustomContent != "" {
		t.CustomContent = &in.CustomContent
	}
	var err error
	if t.CustomMedia, err = mediaItems(fmt.Sprintf("platforms[%d].customMedia", i), in.CustomMedia); err != nil {
		return posts.NewTarget{}, err
	}
	switch in.Platform { // the two platforms for which the contract has settings in the post's root
	case "tiktok":
		t.Options, err = withRoot(t.Options, post.TiktokSettings, "tiktokSettings", false)
	case "facebook":
		t.Options, err = withRoot(t.Options, post.FacebookSettings, "facebookSettings", true)
	}
	return t, err
}

// withRoot merges settings of the post's root into a target's options; the target's own values win. They go into the options
// themselves, or where nested is true into the object called name there.
func withRoot(options, root json.RawMessage, name string, nested bool) (json.RawMessage, error) {
	if object(root) == nil {
		return options, nil
	}
	var all, own, settings map[string]json.RawMessage
	if err := json.Unmarshal(root, &settings); err != nil {
		return nil, err
	}
	if options != nil {
		if err := json.Unmarshal(options, &all); err != nil {
			return nil, err
		}
	}
	if raw, ok := all[name]; ok {
		if err := json.Unmarshal(raw, &own); err != nil {
			return nil, errs.Fieldf("platformSpecificData."+name, "platformSpecificData.%s must be an object", name)
		}
	}
	into := map[string]json.RawMessage{}
	for key, value := range settings {
		if _, ok := own[key]; !ok {
			into[key] = value
		}
	}
	if nested {
		for key, value := range own {
			into[key] = value
		}
		merged, err := encode(into)
		if err != nil {
			return nil, err
		}
		into = map[string]json.RawMessage{}
		if all == nil {
			all = map[string]json.RawMessage{}
		}
		all[name] = merged
	}
	for key, value := range all {
		into[key] = value
	}
	return encode(into)
}

// object is a free-form object as it was sent; nil when it is absent, null or empty.
func object(raw json.RawMessage) json.RawMessage {
	if text := strings.Join(strings.Fields(string(raw)), ""); text == "" || text == "null" || text == "{}" {
		return nil
	}
	return raw
}

// mediaItems reads media items. Those without an address are dropped, as the contract has it; nil is returned when none is left.
func mediaItems(field string, items []wire.MediaItem) ([]posts.Media, error) {
	var list []posts.Media
	for i, m := range items {
		if m.URL = strings.TrimSpace(m.URL); m.URL == "" {
			continue
		}
		told, named := platforms.MediaType(m.Type), posts.TypeByName(m.URL)
		if told == "" {
			told = named
		}
		if named != "" && still(told) != still(named) {
			at := fmt.Sprintf("%s[%d].type", field, i)
			return nil, errs.Fieldf(at, "%s is %s, but by the end of its address it is %s; leave type out, or set it to what the file is", at, told, named)
		}
		thumbnail := m.InstagramThumbnail
		if thumbnail == "" {
			thumbnail = m.Thumbnail
		}
		list = append(list, posts.Media{Type: told, URL: m.URL, Title: m.Title, AltText: m.AltText, Thumbnail: thumbnail, Reshape: platforms.Reshape(m.Reshape), Raw: m.Raw})
	}
	return list, nil
}

// still takes a GIF for an image: clients that tell only videos from images send it as one.
func still(t platforms.MediaType) platforms.MediaType {
	if t == platforms.GIF {
		return platforms.Image
	}
	return t
}
