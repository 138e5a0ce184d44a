package http

import (
	"net/http"

	"posthorn/internal/http/wire"
	"posthorn/internal/posts"
)

// dryRun tells whether the TikTok targets of a post could be published now, and stores nothing.
func (s *Server) dryRun(w http.ResponseWriter, r *http.Request, p posts.NewPost) error {
	verdicts, err := s.cfg.Posts.DryRun(r.Context(), principalOf(r), p)
	if err != nil {
		return err
	}
	out := wire.DryRun{DryRun: true, CanPublish: true, Tiktok: make([]wire.DryRunVerdict, 0, len(verdicts))}
	for _, v := range verdicts {
		out.CanPublish = out.CanPublish && v.CanPublish
		out.Tiktok = append(out.Tiktok, wire.DryRunVerdict{AccountID: v.AccountID, CanPublish: v.CanPublish, AlreadyPostedToday: v.PostedToday, Reason: v.Reason})
	}
	s.write(w, r, http.StatusOK, out)
	return nil
}
