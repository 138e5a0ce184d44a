package http

import (
	"net/http"
	"net/url"
	"time"

	"posthorn/internal/errs"
	"posthorn/internal/http/wire"
	"posthorn/internal/logs"
	"posthorn/internal/posts"
)

func (s *Server) postHandlers() map[string]handler {
	return map[string]handler{
		"createPost":  s.createPost,
		"getPost":     s.getPost,
		"listPosts":   s.listPosts,
		"deletePost":  s.deletePost,
		"getPostLogs": s.getPostLogs,
	}
}

func (s *Server) getPost(w http.ResponseWriter, r *http.Request) error {
	p, err := s.cfg.Posts.Get(r.Context(), principalOf(r), pathParam(r, "postId"))
	if err != nil {
		return err
	}
	s.write(w, r, http.StatusOK, wire.PostReply{Post: s.post(p)})
	return nil
}

func (s *Server) deletePost(w http.ResponseWriter, r *http.Request) error {
	if err := s.cfg.Posts.Delete(r.Context(), principalOf(r), pathParam(r, "postId")); err != nil {
		return err
	}
	s.write(w, r, http.StatusOK, wire.Message{Message: "Post deleted successfully"})
	return nil
}

// getPostLogs tells every step that was taken for a post, and what was said to the platforms and answered.
func (s *Server) getPostLogs(w http.ResponseWriter, r *http.Request) error {
	by, id := principalOf(r), pathParam(r, "postId")
	p, err := s.cfg.Posts.Get(r.Context(), by, id)
	if err != nil {
		return err
	}
	steps, err := s.cfg.Posts.Timeline(r.Context(), by, id)
	if err != nil {
		return err
	}
	targets := make(map[string]posts.Target, len(p.Targets))
	for _, t := range p.Targets {
		targets[t.ID] = t
	}
	f := logs.Filter{Type: logs.Publishing, PostID: id, Limit: number(r.URL.Query(), "limit", 50), Offset: number(r.URL.Query(), "skip", 0)}
	page, err := s.cfg.Logs.List(r.Context(), by, f)
	if err != nil {
		return err
	}
	out := wire.PostLogs{Logs: make([]wire.PostLog, 0, len(steps)), Exchanges: logEntries(page.Entries), Pagination: logPagination(page, f)}
	for _, st := range steps {
		t := targets[st.TargetID]
		out.Logs = append(out.Logs, wire.PostLog{
			At: wire.At(&st.At), TargetID: st.TargetID, Platform: t.Platform, AccountID: t.Account.ID,
			Step: st.Step, Outcome: st.Outcome, Note: st.Note, WaitMs: st.Wait.Milliseconds(), TookMs: st.Took.Milliseconds(),
		})
	}
	s.write(w, r, http.StatusOK, out)
	return nil
}

func (s *Server) listPosts(w http.ResponseWriter, r *http.Request) error {
	return s.list(w, r, r.URL.Query())
}

// list answers with the page of posts that a query asks for.
func (s *Server) list(w http.ResponseWriter, r *http.Request, q url.Values) error {
	f, err := s.postFilter(q)
	if err != nil {
		return err
	}
	out := wire.PostList{Posts: []wire.Post{}}
	total := 0
	if q.Get("source") != "external" { // this server makes every post itself
		list, n, err := s.cfg.Posts.List(r.Context(), principalOf(r), f)
		if err != nil {
			return err
		}
		total = n
		for _, p := range list {
			out.Posts = append(out.Posts, s.post(p))
		}
	}
	out.Pagination = pagination(f.Offset/f.Limit+1, f.Limit, total)
	s.write(w, r, http.StatusOK, out)
	return nil
}

// postFilter reads the query of listPosts, which fits openapi.yaml already.
func (s *Server) postFilter(q url.Values) (posts.Filter, error) {
	f := posts.Filter{
		Status: posts.Status(q.Get("status")), Platform: q.Get("platform"), ProfileID: idFilter(q.Get("profileId")), AccountID: q.Get("accountId"), UserID: q.Get("createdBy"),
		Search: q.Get("search"), Sort: q.Get("sortBy"), Hidden: q.Get("includeHidden") == "true", Limit: number(q, "limit", 10),
	}
	f.Offset = number(q, "offset", (number(q, "page", 1)-1)*f.Limit)
	if err := s.knownPlatform(f.Platform); err != nil {
		return f, err
	}
	var err error
	if f.From, err = dateOf(q, "fromDate", "dateFrom", false); err != nil {
		return f, err
	}
	f.To, err = dateOf(q, "toDate", "dateTo", true)
	return f, err
}

// dateOf reads a date or an instant from a query under either of its names; zero when there is none. As an end, a date means the end
// of that day and an instant is included.
func dateOf(q url.Values, name, alias string, end bool) (time.Time, error) {
	text := q.Get(name)
	if text == "" {
		name, text = alias, q.Get(alias)
	}
	if text == "" {
		return time.Time{}, nil
	}
	if day, err := time.Parse(time.DateOnly, text); err == nil {
		if end {
			day = day.AddDate(0, 0, 1)
		}
		return day, nil
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05.999999999", "2006-01-02T15:04"} {
		if t, err := time.Parse(layout, text); err == nil {
			if end {
				t = t.Add(time.Millisecond) // times are told in milliseconds, so this is the least that includes t
			}
			return t.UTC(), nil
		}
	}
	return time.Time{}, errs.Fieldf(name, "%s %q is not a date; use YYYY-MM-DD, or RFC 3339 as in 2026-01-15T10:00:00Z", name, clip(text, 40))
}
