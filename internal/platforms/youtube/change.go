package youtube

import (
	"context"
	"maps"
	"strings"
	"unicode/utf8"

	"posthorn/internal/platforms"
)

// Delete removes a video, with its comments and captions.
func (Platform) Delete(ctx context.Context, c *platforms.Conn, x platforms.Existing) error {
	if err := permitted(c); err != nil {
		return err
	}
	return client{c}.remove(ctx, x.Remote.ID)
}

// Edit gives the video another description. It may be repeated.
func (Platform) Edit(ctx context.Context, c *platforms.Conn, e platforms.Edit) (platforms.Remote, error) {
	return e.Remote, Platform{}.UpdateMetadata(ctx, c, e.Remote.ID, platforms.Metadata{Description: &e.Text})
}

// What of a video's page can be set. YouTube replaces a part as a whole: what of it is not sent again is erased.
// https://developers.google.com/youtube/v3/docs/videos/update
var (
	ofSnippet = []string{"title", "description", "tags", "categoryId", "defaultLanguage", "defaultAudioLanguage"}
	ofStatus  = []string{"privacyStatus", "publishAt", "license", "embeddable", "publicStatsViewable", "selfDeclaredMadeForKids", "containsSyntheticMedia"}
)

// UpdateMetadata sets what is given of a video's page: what it says, its thumbnail, and a playlist that it is in. Each may be repeated.
func (Platform) UpdateMetadata(ctx context.Context, c *platforms.Conn, videoID string, m platforms.Metadata) error {
	if err := checkMetadata(m); err != nil {
		return err
	}
	if err := permitted(c); err != nil {
		return err
	}
	a := client{c}
	snippet, status := changesOf(m)
	if len(snippet)+len(status) > 0 {
		if err := a.merge(ctx, videoID, snippet, status); err != nil {
			return err
		}
	}
	if m.ThumbnailURL != "" {
		if err := setThumbnail(ctx, a, videoID, m.ThumbnailURL); err != nil {
			return err
		}
	}
	if m.PlaylistID == "" {
		return nil
	}
	found, _, err := a.entries(ctx, m.PlaylistID, videoID, "")
	if err != nil || len(found) > 0 {
		return err
	}
	return a.enlist(ctx, m.PlaylistID, videoID)
}

// checkMetadata finds what YouTube would refuse.
func checkMetadata(m platforms.Metadata) error {
	refuse := func(rule, field, message string) error {
		return &platforms.Error{Kind: platforms.Rejected, Category: platforms.UserContent, Rule: platformName + "." + rule, Field: field, Message: message}
	}
	switch {
	case utf8.RuneCountInString(m.Title) > maxTitle:
		return refuse("title.max_length", "title", "the title has more than 100 characters")
	case bracketed(m.Title):
		return refuse("title.characters", "title", "YouTube takes no < and > in a title")
	case m.Description != nil && len(*m.Description) > maxDescription:
		return refuse("text.max_length", "description", "the description has more than 5000 bytes")
	case m.Description != nil && bracketed(*m.Description):
		return refuse("text.characters", "description", "YouTube takes no < and > in a description")
	case m.Tags != nil && tagLength(*m.Tags) > maxTags:
		return refuse("tags.max_length", "tags", "the tags have more than 500 characters with their commas and quotes")
	case m.Tags != nil && strings.ContainsAny(strings.Join(*m.Tags, ""), "<>"):
		return refuse("tags.characters", "tags", "YouTube takes no < and > in a tag")
	case m.CategoryID != "" && !digits.MatchString(m.CategoryID):
		return refuse("category.id", "categoryId", "a category is a number, such as 22")
	case m.PlaylistID != "" && !listID.MatchString(m.PlaylistID):
		return refuse("playlist.id", "playlistId", "this is not the ID of a playlist")
	}
	return nil
}

// changesOf are the fields of the two parts that are to be set.
func changesOf(m platforms.Metadata) (snippet, status map[string]any) {
	snippet, status = map[string]any{}, map[string]any{}
	if m.Title != "" {
		snippet["title"] = m.Title
	}
	if m.Description != nil {
		snippet["description"] = *m.Description
	}
	if m.Tags != nil {
		snippet["tags"] = *m.Tags
	}
	if m.CategoryID != "" {
		snippet["categoryId"] = m.CategoryID
	}
	if m.Privacy != "" {
		status["privacyStatus"] = m.Privacy
	}
	if m.MadeForKids != nil {
		status["selfDeclaredMadeForKids"] = *m.MadeForKids
	}
	if m.SyntheticWork != nil {
		status["containsSyntheticMedia"] = *m.SyntheticWork
	}
	return snippet, status
}

// merge reads a video's page, changes it and writes it back. A time to publish at stays as long as the video is to be private until then.
func (a client) merge(ctx context.Context, id string, snippet, status map[string]any) error {
	var out struct {
		Items []struct {
			Snippet map[string]any `json:"snippet"`
			Status  map[string]any `json:"status"`
		} `json:"items"`
	}
	if err := a.get(ctx, "videos", map[string][]string{"part": {"snippet,status"}, "id": {id}}, &out); err != nil {
		return err
	}
	if len(out.Items) == 0 {
		return &platforms.Error{Kind: platforms.Rejected, Category: platforms.UserContent, Code: codeNoVideo, Rule: ruleOf(codeNoVideo), Message: table[codeNoVideo].message, Remediation: table[codeNoVideo].remedy}
	}
	body, parts := map[string]any{"id": id}, []string{}
	for _, p := range []struct {
		name           string
		fields         []string
		known, changes map[string]any
	}{{"snippet", ofSnippet, out.Items[0].Snippet, snippet}, {"status", ofStatus, out.Items[0].Status, status}} {
		if len(p.changes) == 0 {
			continue
		}
		merged := map[string]any{}
		for _, name := range p.fields {
			if v, ok := p.known[name]; ok {
				merged[name] = v
			}
		}
		maps.Copy(merged, p.changes)
		if merged["privacyStatus"] != private {
			delete(merged, "publishAt")
		}
		body[p.name], parts = merged, append(parts, p.name)
	}
	return a.update(ctx, strings.Join(parts, ","), body)
}
