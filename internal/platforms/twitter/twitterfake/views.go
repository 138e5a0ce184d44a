package twitterfake

import (
	"cmp"
	"html"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"posthorn/internal/platforms/farside"
	"posthorn/internal/platforms/farside/page"
)

var address = regexp.MustCompile(`https?://[^\s]+`)

// weight counts as X does, for the texts that tests send: a link is 23, an emoji 2, and what is not of a light script 2.
func weight(s string) (n int) {
	n = 23 * len(address.FindAllString(s, -1))
	joined := false
	for _, r := range address.ReplaceAllString(s, "") {
		switch {
		case r == 0x200D:
			joined = true
			continue
		case r == 0xFE0F || (r >= 0x1F3FB && r <= 0x1F3FF) || (joined && r >= 0x1F000):
		case r <= 4351 || (r >= 8192 && r <= 8205) || (r >= 8208 && r <= 8223) || (r >= 8242 && r <= 8247):
			n++
		default:
			n += 2
		}
		joined = false
	}
	return n
}

// shown is the text as reads have it: escaped, with shortened addresses and one for the media.
func (p *post) shown() string {
	text, _ := p.rewritten()
	return text
}

func (p *post) rewritten() (text string, urls []any) {
	n := 0
	text = address.ReplaceAllStringFunc(p.text, func(u string) string {
		n++
		short := "https://t.co/" + p.id[max(0, len(p.id)-8):] + strconv.Itoa(n)
		urls = append(urls, map[string]any{"url": short, "expanded_url": u, "display_url": strings.TrimPrefix(u, "https://")})
		return short
	})
	text = html.EscapeString(text)
	text = strings.NewReplacer("&#34;", `"`, "&#39;", "'").Replace(text)
	if len(p.media) > 0 {
		short := "https://t.co/m" + p.id[max(0, len(p.id)-8):]
		text = strings.TrimSpace(text + " " + short)
		urls = append(urls, map[string]any{"url": short, "expanded_url": p.permalink() + "/photo/1"})
	}
	return text, urls
}

func (p *post) permalink() string {
	return "https://" + hostWeb + "/" + p.acct.username + "/status/" + p.id
}

// view is the post as reads have it.
func (p *post) view() map[string]any {
	text, urls := p.rewritten()
	out := map[string]any{"id": p.id, "text": text, "created_at": p.at.UTC().Format("2006-01-02T15:04:05.000Z"), "edit_history_tweet_ids": []string{p.id}}
	if len(urls) > 0 {
		out["entities"] = map[string]any{"urls": urls}
	}
	attached := map[string]any{}
	if len(p.media) > 0 {
		var keys []string
		for _, u := range p.media {
			keys = append(keys, u.key)
		}
		attached["media_keys"] = keys
	}
	if p.poll != nil {
		attached["poll_ids"] = []string{p.id}
	}
	if len(attached) > 0 {
		out["attachments"] = attached
	}
	var refs []any
	if p.replyTo != nil {
		refs = append(refs, map[string]any{"type": "replied_to", "id": p.replyTo.id})
	}
	if p.quote != "" {
		refs = append(refs, map[string]any{"type": "quoted", "id": p.quote})
	}
	if refs != nil {
		out["referenced_tweets"] = refs
	}
	return out
}

// lags tells whether timelines do not have a post yet.
func (f *Fake) lags(p *post, now time.Time) bool {
	n, _ := strconv.ParseInt(p.id, 10, 64)
	return now.Sub(p.at) < f.settings.lag*time.Duration(n/4099%1000)/1000
}

// timeline is GET /2/users/{id}/tweets, newest first, answers included.
func (f *Fake) timeline(c *call, id string) {
	q := c.r.URL.Query()
	limit, err := strconv.Atoi(cmp.Or(q.Get("max_results"), "10"))
	var since time.Time
	var err2 error
	if v := q.Get("start_time"); v != "" {
		since, err2 = time.Parse(time.RFC3339, v)
	}
	if err != nil || err2 != nil || limit < 5 || limit > 100 {
		refuse(c.w, invalid("max_results must be from 5 to 100, and start_time a time."))
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	var found []*post
	for _, p := range slices.Backward(f.posts) {
		if p.acct.id == id && !p.deleted && !p.at.Before(since) && !f.lags(p, c.now) {
			found = append(found, p)
		}
	}
	if token := q.Get("pagination_token"); token != "" {
		found = found[slices.IndexFunc(found, func(p *post) bool { return p.id == token })+1:]
	}
	page := found[:min(limit, len(found))]
	meta := map[string]any{"result_count": len(page)}
	out := map[string]any{"meta": meta}
	if len(page) > 0 {
		var data []any
		for _, p := range page {
			data = append(data, p.view())
		}
		out["data"] = data
	}
	if len(found) > len(page) {
		meta["next_token"] = page[len(page)-1].id
	}
	answer(c.w, 200, out)
}

// read is GET /2/tweets/{id}. What is not there is told with success, as an error beside no data.
func (f *Fake) read(c *call, id string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, p := range f.posts {
		if p.id == id && !p.deleted {
			answer(c.w, 200, map[string]any{"data": p.view()})
			return
		}
	}
	answer(c.w, 200, map[string]any{"errors": []any{map[string]any{"title": "Not Found Error", "detail": "Could not find tweet with id: [" + id + "].", "type": problems + "resource-not-found"}}})
}

// public is the post as the public sees it.
func (p *post) public() farside.Post {
	out := farside.Post{ID: p.id, Platform: "twitter", Account: p.acct.id, Username: p.acct.username, Kind: "text", Text: p.text, URL: p.permalink(), At: p.at, Comments: []farside.Comment{}, Extra: p.notes}
	if p.replyTo != nil {
		out.ReplyTo = p.replyTo.id
	}
	for _, u := range p.media {
		m := farside.Media{Type: "image", URL: "/" + hostCDN + "/media/" + u.id + ".bin", Alt: u.alt, MIME: u.mime}
		out.Kind = "images"
		if strings.HasPrefix(u.mime, "video/") {
			m.Type, out.Kind = "video", "video"
		}
		out.Media = append(out.Media, m)
	}
	return out
}

// servePosts is a post's page.
func (f *Fake) servePosts(w http.ResponseWriter, r *http.Request) {
	var found []farside.Post
	for _, p := range f.Posts() {
		if p.URL == "https://"+hostWeb+strings.TrimSuffix(r.URL.Path, "/") || "/"+p.Username == r.URL.Path {
			found = append(found, p)
		}
	}
	if len(found) == 0 {
		page.Write(w, http.StatusNotFound, "Hmm...this page doesn't exist", nil)
		return
	}
	page.Write(w, http.StatusOK, "X, in the sandbox", found)
}
