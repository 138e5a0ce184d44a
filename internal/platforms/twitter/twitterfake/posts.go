package twitterfake

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"posthorn/internal/platforms/farside"
)

// post is a post.
type post struct {
	id      string
	acct    *account
	text    string
	media   []*upload
	replyTo *post
	quote   string
	poll    []string
	notes   []string
	at      time.Time
	deleted bool
}

// in is the body of a new post; what is not in it is refused.
type in struct {
	Text  string `json:"text"`
	Media *struct {
		IDs    []string `json:"media_ids"`
		Tagged []string `json:"tagged_user_ids"`
	} `json:"media"`
	Reply *struct {
		To string `json:"in_reply_to_tweet_id"`
	} `json:"reply"`
	Quote string `json:"quote_tweet_id"`
	Poll  *struct {
		Options []string `json:"options"`
		Minutes int      `json:"duration_minutes"`
	} `json:"poll"`
	Who  string `json:"reply_settings"`
	AI   bool   `json:"made_with_ai"`
	Paid bool   `json:"paid_partnership"`
}

// create is POST /2/tweets.
func (f *Fake) create(c *call) {
	raw := map[string]json.RawMessage{}
	var body in
	if !decodeBoth(c, &raw, &body) {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	a := c.t.acct
	a.posted = slices.DeleteFunc(a.posted, func(t time.Time) bool { return c.now.Sub(t) >= 15*time.Minute })
	f.showLimits(c, a)
	if len(a.posted) >= f.settings.posts {
		refuse(c.w, failMany)
		return
	}
	p := &post{acct: a, text: body.Text, quote: body.Quote, at: c.now}
	if fail := f.check(c, body, p); fail != nil {
		refuse(c.w, fail)
		return
	}
	a.posted = append(a.posted, c.now)
	p.id = f.nextID()
	f.posts = append(f.posts, p)
	directive := farside.ParseDirective(p.text)
	if key := a.id + "\x00" + p.text; directive.Drop && !f.dropped[key] {
		f.dropped[key] = true
		panic(http.ErrAbortHandler)
	}
	answer(c.w, 201, map[string]any{"data": map[string]any{"id": p.id, "text": p.shown(), "edit_history_tweet_ids": []string{p.id}}})
}

func decodeBoth(c *call, raw *map[string]json.RawMessage, body *in) bool {
	if !decode(c, raw) {
		return false
	}
	b, _ := json.Marshal(*raw)
	for name, v := range *raw {
		if string(v) == "null" {
			refuse(c.w, invalid("$."+name+": null found, a value expected"))
			return false
		}
	}
	dec := json.NewDecoder(strings.NewReader(string(b)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(body); err != nil {
		refuse(c.w, invalid(strings.TrimPrefix(err.Error(), "json: ")))
		return false
	}
	return true
}

// showLimits sets the headers of the three buckets.
func (f *Fake) showLimits(c *call, a *account) {
	h := c.w.Header()
	reset := c.now.Add(15 * time.Minute)
	if len(a.posted) > 0 {
		reset = a.posted[0].Add(15 * time.Minute)
	}
	for _, b := range []struct {
		name        string
		limit, left int
		reset       time.Time
	}{{"x-rate-limit-", f.settings.posts, f.settings.posts - len(a.posted), reset}, {"x-user-limit-24hour-", 100_000, 99_000, c.now.Add(24 * time.Hour)}, {"x-app-limit-24hour-", 10_000, 10_000 - min(len(f.posts), 9_000), c.now.Add(24 * time.Hour)}} {
		h.Set(b.name+"limit", strconv.Itoa(b.limit))
		h.Set(b.name+"remaining", strconv.Itoa(max(0, b.left)))
		h.Set(b.name+"reset", strconv.FormatInt(b.reset.Unix(), 10))
	}
}

// check holds a new post to X's rules and fills in what it refers to.
func (f *Fake) check(c *call, body in, p *post) *failure {
	directive := farside.ParseDirective(body.Text)
	key := p.acct.id + "\x00" + body.Text
	switch {
	case f.flaked[key] < directive.Flaky:
		f.flaked[key]++
		return failServer
	case directive.Fail && directive.Code == "":
		return failForbidden
	case directive.Fail:
		return named(directive.Code)
	case strings.TrimSpace(body.Text) == "" && body.Media == nil:
		return invalid("A post needs a text or media.")
	case weight(body.Text) > 280:
		return &failure{status: 403, title: "Forbidden", detail: "Your Tweet text is too long.", kind: "about:blank"}
	}
	if fail := f.attach(c, body, p); fail != nil {
		return fail
	}
	if body.Reply != nil {
		i := slices.IndexFunc(f.posts, func(o *post) bool { return o.id == body.Reply.To && !o.deleted })
		if i < 0 || f.posts[i].acct != p.acct {
			return failReply
		}
		p.replyTo = f.posts[i]
	}
	for _, o := range f.posts {
		if o.acct == p.acct && !o.deleted && o.text == p.text && o.replyTo == p.replyTo && len(o.media)+len(p.media) == 0 && c.now.Sub(o.at) < f.settings.repeats {
			return failDuplicate
		}
	}
	return nil
}

func (f *Fake) attach(c *call, body in, p *post) *failure {
	if body.Media != nil {
		n := len(body.Media.IDs)
		if n < 1 || n > 4 || body.Quote != "" || body.Poll != nil {
			return invalid("media_ids must have 1 to 4 entries, without a quote or a poll.")
		}
		for _, id := range body.Media.IDs {
			u := f.find(c, id)
			if u == nil || !u.whole || c.now.Before(u.ready) || u.fault == "InvalidMedia" {
				return &failure{status: 400, title: "Invalid Request", detail: "Your media IDs are invalid.", kind: problems + "invalid-request", parameters: true}
			}
			if u.fault != "" {
				return failLong
			}
			if n > 1 && u.kind != "tweet_image" {
				return invalid("Only images can be more than one.")
			}
			p.media = append(p.media, u)
		}
	}
	if poll := body.Poll; poll != nil {
		if len(poll.Options) < 2 || len(poll.Options) > 4 || poll.Minutes < 5 || poll.Minutes > 10080 || body.Quote != "" ||
			slices.ContainsFunc(poll.Options, func(o string) bool { return o == "" || utf8.RuneCountInString(o) > 25 }) {
			return invalid("The poll is not one that is taken.")
		}
		p.poll = poll.Options
	}
	if body.Who != "" && !slices.Contains([]string{"following", "mentionedUsers", "subscribers", "verified"}, body.Who) {
		return invalid("reply_settings is not one of the values.")
	}
	for note, applies := range map[string]bool{"answers: " + body.Who: body.Who != "", "made with AI": body.AI, "paid partnership": body.Paid, "quotes " + body.Quote: body.Quote != "", "poll: " + strings.Join(p.poll, " / "): p.poll != nil} {
		if applies {
			p.notes = append(p.notes, note)
		}
	}
	slices.Sort(p.notes)
	return nil
}

// named is a refusal that a text asks for.
func named(code string) *failure {
	switch code {
	case "401":
		return failUnauthorized
	case "402":
		return failCredits
	case "404":
		return failNotFound
	case "429":
		return failMany
	case "503":
		return failServer
	case "duplicate":
		return failDuplicate
	}
	return invalid("The post was refused, as its text asks.")
}

// delete is DELETE /2/tweets/{id}.
func (f *Fake) delete(c *call, id string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, p := range f.posts {
		if p.id == id && p.acct == c.t.acct {
			p.deleted = true
		}
	}
	answer(c.w, 200, map[string]any{"data": map[string]any{"deleted": true}})
}
