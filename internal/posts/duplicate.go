package posts

import (
	"context"
	"encoding/json"

	"posthorn/internal/auth"
	"posthorn/internal/errs"
)

// internalMetadata are the keys in a post's metadata that are about that one post, and do not go with a copy.
var internalMetadata = []string{"usageCounted", "usageRefunded", "hidden"}

// Duplicate makes a draft with the content of a post, for the same accounts and without a time.
func (s *Service) Duplicate(ctx context.Context, by auth.Principal, postID string) (created Created, err error) {
	defer errs.Wrap(&err, "posts.Duplicate(%s)", clip(postID, 40))
	of, err := s.Get(ctx, by, postID)
	if err != nil {
		return Created{}, err
	}
	p := NewPost{Title: of.Title, Content: of.Content, Media: of.Media, Mode: AsDraft, Timezone: of.Timezone, Tags: of.Tags, Hashtags: of.Hashtags, Mentions: of.Mentions,
		Visibility: of.Visibility, Crossposting: of.Crossposting, Metadata: without(of.Metadata, internalMetadata)}
	for _, t := range of.Targets {
		p.Targets = append(p.Targets, NewTarget{Platform: t.Platform, AccountID: t.Account.ID, CustomContent: t.CustomContent, CustomMedia: t.CustomMedia, Options: t.Options, copied: true})
	}
	return s.Create(ctx, by, p)
}

// without is a JSON object without some of its keys; nil when none is left.
func without(object json.RawMessage, keys []string) json.RawMessage {
	var all map[string]json.RawMessage
	if json.Unmarshal(object, &all) != nil {
		return nil
	}
	for _, key := range keys {
		delete(all, key)
	}
	if len(all) == 0 {
		return nil
	}
	rest, err := json.Marshal(all)
	if err != nil { // it came out of a decoder
		panic("posts: metadata are not JSON: " + err.Error())
	}
	return rest
}
