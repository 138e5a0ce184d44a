package youtubefake

import (
	"bytes"
	"encoding/json"
	"errors"
	"image"
	_ "image/jpeg" // what thumbnails may be
	_ "image/png"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"posthorn/internal/platforms/farside"
)

const (
	maxThumbnail = 50 << 20
	maxTrack     = 100 << 20
	maxComment   = 10_000 // characters
	maxEntries   = 5000
)

func idIn(raw []byte) string {
	var in struct {
		ID string `json:"id"`
	}
	_ = json.Unmarshal(raw, &in) // what cannot be read names no video
	return in.ID
}

// setThumbnail is POST /upload/youtube/v3/thumbnails/set.
func (f *Fake) setThumbnail(c *call) {
	b, err := io.ReadAll(http.MaxBytesReader(c.w, c.r.Body, maxThumbnail))
	kind := c.r.Header.Get("Content-Type")
	f.mu.Lock()
	defer f.mu.Unlock()
	v, fail := f.own(c, c.param("videoId"))
	if fail == nil && !c.ch.verified {
		fail = failForbidden
	}
	if _, _, broken := image.DecodeConfig(bytes.NewReader(b)); fail == nil && (err != nil || broken != nil || !slices.Contains([]string{"image/jpeg", "image/png", "application/octet-stream"}, kind)) {
		fail = failImage
	}
	if fail != nil {
		refuse(c.w, fail)
		return
	}
	v.thumbnail = b
	answer(c.w, 200, map[string]any{"kind": "youtube#thumbnailSetResponse", "items": []any{map[string]any{"default": map[string]any{"url": "https://" + hostImages + "/vi/" + v.id + "/default.jpg", "width": 120, "height": 90}}}})
}

// insertCaptions is POST /upload/youtube/v3/captions.
func (f *Fake) insertCaptions(c *call) {
	var in struct {
		Snippet struct {
			VideoID  string `json:"videoId"`
			Language string `json:"language"`
			Name     string `json:"name"`
			Draft    bool   `json:"isDraft"`
		} `json:"snippet"`
	}
	meta, rest, err := related(c)
	if err == nil {
		err = json.Unmarshal(meta, &in)
	}
	var text []byte
	if err == nil {
		part, perr := rest.NextPart()
		if err = perr; err == nil {
			text, err = io.ReadAll(io.LimitReader(part, maxTrack))
		}
	}
	if err != nil || c.param("part") != "snippet" || c.param("uploadType") != "multipart" {
		refuse(c.w, failBad)
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	v, fail := f.own(c, in.Snippet.VideoID)
	switch {
	case fail != nil:
	case in.Snippet.Language == "" || runes(in.Snippet.Name) > 150 || !bytes.Contains(text, []byte("-->")):
		fail = failTrack
	case slices.ContainsFunc(v.tracks, func(t track) bool { return t.language == in.Snippet.Language && t.name == in.Snippet.Name }):
		fail = failCaption
	}
	if fail != nil {
		refuse(c.w, fail)
		return
	}
	t := track{"AUie" + f.named(20), in.Snippet.Language, in.Snippet.Name, string(text)}
	v.tracks = append(v.tracks, t)
	answer(c.w, 200, t.view(v))
}

func (t track) view(v *video) any {
	return map[string]any{"kind": "youtube#caption", "id": t.id, "snippet": map[string]any{"videoId": v.id, "language": t.language, "name": t.name, "trackKind": "standard", "isDraft": false, "status": "serving"}}
}

// listCaptions is GET /youtube/v3/captions.
func (f *Fake) listCaptions(c *call) {
	f.mu.Lock()
	defer f.mu.Unlock()
	v, fail := f.own(c, c.param("videoId"))
	if fail != nil {
		refuse(c.w, fail)
		return
	}
	items := []any{}
	for _, t := range v.tracks {
		items = append(items, t.view(v))
	}
	answer(c.w, 200, list("caption", items))
}

// listChannels is GET /youtube/v3/channels, of the caller's own.
func (f *Fake) listChannels(c *call) {
	if c.param("mine") != "true" && c.param("id") != c.ch.id {
		refuse(c.w, failParameter)
		return
	}
	if fail := checkParts(c.param("part"), []string{"id", "snippet", "contentDetails", "status", "statistics", "brandingSettings"}); fail != nil {
		refuse(c.w, fail)
		return
	}
	out := map[string]any{"kind": "youtube#channel", "id": c.ch.id}
	for name := range strings.SplitSeq(c.param("part"), ",") {
		switch name {
		case "snippet":
			out["snippet"] = map[string]any{"title": c.ch.title, "description": "", "customUrl": "@" + c.ch.handle, "thumbnails": map[string]any{"default": map[string]any{"url": "https://" + hostImages + "/channel/" + c.ch.handle + ".jpg", "width": 88, "height": 88}}}
		case "contentDetails":
			out["contentDetails"] = map[string]any{"relatedPlaylists": map[string]any{"likes": "LL", "uploads": c.ch.uploadsList()}}
		case "status":
			out["status"] = map[string]any{"privacyStatus": "public", "isLinked": true, "longUploadsStatus": map[bool]string{true: "allowed", false: "eligible"}[c.ch.verified], "madeForKids": false}
		case "statistics":
			out["statistics"] = map[string]any{"viewCount": "0", "subscriberCount": "0", "hiddenSubscriberCount": false, "videoCount": "0"}
		}
	}
	answer(c.w, 200, list("channel", []any{out}))
}

// listPlaylists is GET /youtube/v3/playlists, of the caller's own.
func (f *Fake) listPlaylists(c *call) {
	items := []any{}
	for _, l := range c.ch.lists {
		items = append(items, map[string]any{"kind": "youtube#playlist", "id": l.id, "snippet": map[string]any{"title": l.title, "channelId": c.ch.id}, "status": map[string]any{"privacyStatus": "public"}})
	}
	answer(c.w, 200, list("playlist", items))
}

// listEntries is GET /youtube/v3/playlistItems: of a playlist, or of all uploads, newest first.
func (f *Fake) listEntries(c *call) {
	limit, err := strconv.Atoi(or(c.param("maxResults"), "5"))
	offset, err2 := strconv.Atoi(or(strings.TrimPrefix(c.param("pageToken"), "CAo"), "0"))
	if fail := checkParts(c.param("part"), []string{"id", "snippet", "contentDetails", "status"}); fail != nil || err != nil || err2 != nil || limit < 0 || limit > 50 || offset < 0 {
		refuse(c.w, failBad)
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	var found []*entry
	if id := c.param("playlistId"); id == c.ch.uploadsList() {
		for _, v := range slices.Backward(f.videos) {
			if v.ch == c.ch && !v.deleted && !c.now.Before(v.at.Add(v.listLag)) {
				found = append(found, &entry{"UUitem" + v.id, v, v.at})
			}
		}
	} else if i := slices.IndexFunc(c.ch.lists, func(l *playlist) bool { return l.id == id }); i >= 0 {
		found = c.ch.lists[i].entries
	} else {
		refuse(c.w, failNoList)
		return
	}
	items := []any{}
	next := ""
	for i, e := range found {
		if i < offset || c.param("videoId") != "" && e.video.id != c.param("videoId") {
			continue
		}
		if len(items) == limit {
			next = "CAo" + strconv.Itoa(i)
			break
		}
		items = append(items, e.view(c.param("playlistId")))
	}
	out := list("playlistItem", items)
	if next != "" {
		out["nextPageToken"] = next
	}
	answer(c.w, 200, out)
}

func (e *entry) view(playlist string) any {
	return map[string]any{"kind": "youtube#playlistItem", "id": e.id, "contentDetails": map[string]any{"videoId": e.video.id, "videoPublishedAt": e.video.at.UTC().Format(time.RFC3339)},
		"snippet": map[string]any{"playlistId": playlist, "title": e.video.Snippet.Title, "description": e.video.Snippet.Description, "publishedAt": e.at.UTC().Format(time.RFC3339),
			"resourceId": map[string]string{"kind": "youtube#video", "videoId": e.video.id}}}
}

// insertEntry is POST /youtube/v3/playlistItems. The same video again stands there twice.
func (f *Fake) insertEntry(c *call) {
	var in struct {
		Snippet struct {
			PlaylistID string `json:"playlistId"`
			Position   *int   `json:"position"`
			Resource   struct {
				Kind    string `json:"kind"`
				VideoID string `json:"videoId"`
			} `json:"resourceId"`
		} `json:"snippet"`
	}
	if !decode(c, &in) {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	at := slices.IndexFunc(c.ch.lists, func(l *playlist) bool { return l.id == in.Snippet.PlaylistID })
	v := f.find(c, in.Snippet.Resource.VideoID)
	var fail *failure
	switch {
	case c.param("part") == "" || in.Snippet.Resource.Kind != "youtube#video":
		fail = failBad
	case at < 0 && f.foreign(in.Snippet.PlaylistID):
		fail = failNotList
	case at < 0:
		fail = failNoList
	case v == nil:
		fail = failNoVideo
	case len(c.ch.lists[at].entries) >= maxEntries:
		fail = &failure{403, "youtube.playlistItem", "playlistContainsMaximumNumberOfVideos", "The playlist already contains the maximum allowed number of items."}
	}
	if fail != nil {
		refuse(c.w, fail)
		return
	}
	e := &entry{"UEx" + f.named(16), v, c.now}
	c.ch.lists[at].entries = append(c.ch.lists[at].entries, e)
	answer(c.w, 200, e.view(in.Snippet.PlaylistID))
}

// foreign reports whether a playlist is another channel's.
func (f *Fake) foreign(id string) bool {
	return slices.ContainsFunc(f.channels, func(ch *channel) bool {
		return slices.ContainsFunc(ch.lists, func(l *playlist) bool { return l.id == id })
	})
}

// Entries are how often a video stands in a playlist.
func (f *Fake) Entries(playlistID, videoID string) (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, ch := range f.channels {
		for _, l := range ch.lists {
			for _, e := range l.entries {
				if l.id == playlistID && e.video.id == videoID {
					n++
				}
			}
		}
	}
	return n
}

func decode(c *call, into any) bool {
	dec := json.NewDecoder(http.MaxBytesReader(c.w, c.r.Body, maxMeta))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil && !errors.Is(err, io.EOF) {
		refuse(c.w, failBad.saying("Invalid JSON payload received. "+strings.TrimPrefix(err.Error(), "json: ")))
		return false
	}
	return true
}

// commentable is a video that takes comments. The caller holds mu.
func (f *Fake) commentable(c *call, id string) (*video, *failure) {
	v := f.find(c, id)
	switch {
	case v == nil:
		return nil, failNoVideo
	case v.kids() || v.privacy(c.now) == "private" || v.uploadStatus(c.now) != "processed":
		return nil, failNoComments
	}
	return v, nil
}

// insertComment is POST /youtube/v3/commentThreads.
func (f *Fake) insertComment(c *call) {
	var in struct {
		Snippet struct {
			ChannelID string `json:"channelId"`
			VideoID   string `json:"videoId"`
			Top       struct {
				Snippet struct {
					Text string `json:"textOriginal"`
				} `json:"snippet"`
			} `json:"topLevelComment"`
		} `json:"snippet"`
	}
	if !decode(c, &in) {
		return
	}
	text := in.Snippet.Top.Snippet.Text
	directive := farside.ParseDirective(text)
	f.mu.Lock()
	defer f.mu.Unlock()
	v, fail := f.commentable(c, in.Snippet.VideoID)
	key := "comment\x00" + c.ch.id + "\x00" + text
	switch {
	case fail != nil:
	case c.param("part") == "" || strings.TrimSpace(text) == "":
		fail = failBad
	case runes(text) > maxComment:
		fail = failLong
	case f.flaked[key] < directive.Flaky:
		f.flaked[key]++
		fail = failComment
	case directive.Fail:
		fail = failNotYours
	}
	if fail != nil {
		refuse(c.w, fail)
		return
	}
	m := &comment{id: "Ugx" + f.named(20), ch: c.ch, text: text, at: c.now}
	m.lag = spread(m.id, f.settings.commentLag)
	v.comments = append(v.comments, m)
	if directive.Drop && !f.dropped[key] {
		f.dropped[key] = true
		panic(http.ErrAbortHandler)
	}
	answer(c.w, 200, m.view(v, c.ch))
}

func (m *comment) view(v *video, reader *channel) any {
	s := map[string]any{"videoId": v.id, "textDisplay": m.text, "authorDisplayName": "@" + m.ch.handle, "authorChannelId": map[string]string{"value": m.ch.id}, "likeCount": 0, "canRate": true, "viewerRating": "none",
		"publishedAt": m.at.UTC().Format(time.RFC3339), "updatedAt": m.at.UTC().Format(time.RFC3339)}
	if reader == m.ch { // nobody else is told it
		s["textOriginal"] = m.text
	}
	return map[string]any{"kind": "youtube#commentThread", "id": m.id, "snippet": map[string]any{"channelId": v.ch.id, "videoId": v.id, "canReply": true, "isPublic": true, "totalReplyCount": 0,
		"topLevelComment": map[string]any{"kind": "youtube#comment", "id": m.id, "snippet": s}}}
}

// listComments is GET /youtube/v3/commentThreads, of a video, newest first.
func (f *Fake) listComments(c *call) {
	f.mu.Lock()
	defer f.mu.Unlock()
	v, fail := f.commentable(c, c.param("videoId"))
	moderation := or(c.param("moderationStatus"), "published")
	if n, err := strconv.Atoi(or(c.param("maxResults"), "20")); fail == nil && (err != nil || n < 1 || n > 100 || c.param("part") == "" || !slices.Contains([]string{"published", "heldForReview", "likelySpam", "rejected"}, moderation)) {
		fail = failBad
	}
	if fail == nil && moderation != "published" && v.ch != c.ch {
		fail = failNotYours
	}
	if fail != nil {
		refuse(c.w, fail)
		return
	}
	items := []any{}
	for _, m := range slices.Backward(v.comments) {
		if moderation == "published" && !c.now.Before(m.at.Add(m.lag)) {
			items = append(items, m.view(v, c.ch))
		}
	}
	answer(c.w, 200, list("commentThread", items))
}
