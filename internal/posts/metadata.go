package posts

import (
	"context"
	"net/url"
	"unicode/utf8"

	"posthorn/internal/auth"
	"posthorn/internal/errs"
	"posthorn/internal/platforms"
)

// VideoUpdate is what a caller wants a video's page to say. The video is that of a post, or else it is named with its account.
type VideoUpdate struct {
	Platform  string
	PostID    string // empty: VideoID and AccountID tell
	VideoID   string
	AccountID string
	platforms.Metadata
}

// maxVideoTags is how many characters the tags of a video may have in all.
const maxVideoTags = 500

// UpdateMetadata changes what a video's page says of it and returns the names of the fields that were set, and the video's ID.
func (s *Service) UpdateMetadata(ctx context.Context, by auth.Principal, u VideoUpdate) (fields []string, videoID string, err error) {
	defer errs.Wrap(&err, "posts.UpdateMetadata(%s)", clip(u.PostID, 40))
	videoID, accountID, err := s.video(ctx, by, u)
	if err != nil {
		return nil, "", err
	}
	var post Post
	if videoID == "" {
		if post, err = s.Get(ctx, by, u.PostID); err != nil {
			return nil, "", err
		}
	}
	editor, err := capable[platforms.MetadataEditor](s, u.Platform, "post.metadata_unsupported", "%s has no videos whose metadata could be changed")
	if err != nil {
		return nil, "", err
	}
	if fields, err = u.fields(); err != nil {
		return nil, "", err
	}
	if videoID == "" {
		targets, err := publishedAt(post, u.Platform, "")
		if err != nil {
			return nil, "", err
		}
		videoID, accountID = targets[0].RemoteID, targets[0].Account.ID
		ctx = about(ctx, targets[0])
	}
	err = s.talk(ctx, u.Platform, accountID, s.Now().Add(remoteTimeout), func(ctx context.Context, c *platforms.Conn) error {
		return editor.UpdateMetadata(ctx, c, videoID, u.Metadata)
	})
	return fields, videoID, err
}

// video is the video that a caller names, with its account; empty when it is that of a post, which must be within the caller's reach.
func (s *Service) video(ctx context.Context, by auth.Principal, u VideoUpdate) (videoID, accountID string, err error) {
	if u.PostID != "" {
		return "", "", s.reachable(ctx, by, u.PostID)
	}
	switch {
	case u.VideoID == "":
		return "", "", &errs.Error{Code: errs.Invalid, Wire: "missing_required_field", Field: "videoId", Message: "videoId is required when the path names no post"}
	case u.AccountID == "":
		return "", "", &errs.Error{Code: errs.Invalid, Wire: "missing_required_field", Field: "accountId", Message: "accountId is required when the path names no post"}
	}
	return u.VideoID, u.AccountID, s.accountAt(ctx, by, u.Platform, u.AccountID)
}

// accountAt sees that an account is within the caller's reach, and one of a platform.
func (s *Service) accountAt(ctx context.Context, by auth.Principal, platform, accountID string) error {
	found, err := s.Accounts.Lookup(ctx, by, []string{accountID})
	if err != nil {
		return err
	}
	account, ok := found[accountID]
	switch {
	case !ok:
		return &errs.Error{Code: errs.NotFound, Wire: "account_not_found", Field: "accountId", Message: "Account not found"}
	case account.Platform != platform:
		e := errs.Fieldf("accountId", "account %s is an account of %s, not of %s", accountID, account.Platform, platform)
		e.Rule = "account.wrong_platform"
		return e
	}
	return nil
}

// fields names what is to be set; nothing, or what cannot be, is Invalid.
func (u VideoUpdate) fields() (list []string, err error) {
	for _, f := range []struct {
		name string
		set  bool
	}{
		{"title", u.Title != ""}, {"description", u.Description != nil}, {"tags", u.Tags != nil}, {"categoryId", u.CategoryID != ""}, {"privacyStatus", u.Privacy != ""},
		{"thumbnailUrl", u.ThumbnailURL != ""}, {"madeForKids", u.MadeForKids != nil}, {"containsSyntheticMedia", u.SyntheticWork != nil}, {"playlistId", u.PlaylistID != ""},
	} {
		if f.set {
			list = append(list, f.name)
		}
	}
	if len(list) == 0 {
		return nil, &errs.Error{Code: errs.Invalid, Wire: "missing_required_field", Rule: "video.nothing_to_update", Message: "Send at least one field to update"}
	}
	if u.Tags != nil {
		n := 0
		for _, tag := range *u.Tags {
			n += utf8.RuneCountInString(tag)
		}
		if n > maxVideoTags {
			e := errs.Fieldf("tags", "the tags have %d characters in all, %d are allowed", n, maxVideoTags)
			e.Rule = "video.max_tags"
			return nil, e
		}
	}
	if at, err := url.Parse(u.ThumbnailURL); u.ThumbnailURL != "" && (err != nil || at.Host == "" || at.Scheme != "https" && at.Scheme != "http") {
		return nil, errs.Fieldf("thumbnailUrl", "thumbnailUrl must be the public address of an image, beginning with https://")
	}
	return list, nil
}
