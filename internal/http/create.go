package http

import (
	"net/http"
	"slices"

	"posthorn/internal/errs"
	"posthorn/internal/http/wire"
	"posthorn/internal/posts"
)

// createPost stores a post, and when it is due now waits for it to be published.
func (s *Server) createPost(w http.ResponseWriter, r *http.Request) error {
	var in wire.CreatePostRequest
	if err := decode(r, &in); err != nil {
		return err
	}
	p, err := newPost(in)
	if err != nil {
		return err
	}
	if in.DryRun {
		return s.dryRun(w, r, p)
	}
	n := noteOf(r)
	if p.OnceID = n.onceID; n.fromCaller {
		p.RequestID = n.requestID
	}
	created, err := s.cfg.Posts.Create(r.Context(), principalOf(r), p)
	if err != nil {
		return err
	}
	if created.Resumed {
		w.Header().Set(replayedHeader, "true")
	}
	warnings := slices.Concat(created.Warnings, s.misplaced(r))
	post := s.post(created.Post)
	switch {
	case created.Replayed:
		s.write(w, r, http.StatusOK, wire.ReplayedPost{Message: "Post already exists (idempotent retry)", Post: post, ExistingPost: post})
	case created.Post.Status == posts.Draft:
		s.write(w, r, http.StatusCreated, wire.CreatedPost{Message: "Draft saved successfully", Post: post, Warnings: warnings})
	case !due(created.Post):
		s.write(w, r, http.StatusCreated, wire.CreatedPost{Message: "Post scheduled successfully", Post: post, Warnings: warnings})
	default:
		s.publish(w, r, created.Post, warnings, outcome{http.StatusCreated, "Post published successfully"})
	}
	return nil
}

// outcome is the answer of a post that was published to every target.
type outcome struct {
	status  int
	message string
}

// publish waits for a post that is due and tells what came of it.
func (s *Server) publish(w http.ResponseWriter, r *http.Request, post posts.Post, warnings []string, done outcome) {
	post, err := s.await(r, post)
	switch {
	case err != nil:
		s.fail(w, r, err)
	case post.Status == posts.Published:
		s.write(w, r, done.status, wire.CreatedPost{Message: done.message, Post: s.post(post), Warnings: warnings})
	default:
		out := incomplete(post)
		out.Post, out.Warnings = s.post(post), warnings
		s.write(w, r, http.StatusMultiStatus, out)
	}
}

// await waits for a post that is due. The post is stored: whatever happens from here on, it must not look as if it were not, or the caller
// would send it again. So the only error is that it was deleted meanwhile.
func (s *Server) await(r *http.Request, post posts.Post) (posts.Post, error) {
	latest, err := s.cfg.Posts.Await(r.Context(), principalOf(r), post.ID, s.cfg.PublishWait)
	switch {
	case err == nil:
		return latest, nil
	case errs.CodeOf(err) == errs.NotFound:
		return post, err
	default: // the caller went away, or the database is away; the publishing goes on
		noteOf(r).err = err
		return post, nil
	}
}

// incomplete tells what came of a post that is not published to every target. The post itself is left to the caller.
func incomplete(post posts.Post) wire.IncompletePost {
	out := wire.IncompletePost{PlatformResults: results(post)}
	switch post.Status {
	case posts.Partial:
		out.Message = "Post published to some platforms"
	case posts.Failed:
		out.Message, out.Error = "Post could not be published", "All platforms failed"
	case posts.Cancelled:
		out.Message = "Post was cancelled"
	default:
		out.Message = "Publishing takes longer and goes on in the background; read the post to see what comes of it"
		if post.Status == posts.Scheduled && tried(post) {
			out.Message = "Publishing did not succeed yet; it is tried again automatically"
		}
	}
	return out
}

// tried reports whether some target has failed before.
func tried(p posts.Post) bool {
	return slices.ContainsFunc(p.Targets, func(t posts.Target) bool { return t.Failure != nil })
}

// due reports whether something of a new post was to be published at once, as the request found it: checking media takes a while, and a
// worker may have begun, or even ended, since the post was stored.
func due(p posts.Post) bool {
	return slices.ContainsFunc(p.Targets, func(t posts.Target) bool {
		at := t.ScheduledFor
		if at == nil {
			at = p.ScheduledFor
		}
		return at != nil && !at.After(p.CreatedAt)
	})
}

// results sums up each target for callers that do not read the post.
func results(p posts.Post) []wire.TargetResult {
	list := make([]wire.TargetResult, 0, len(p.Targets))
	for _, t := range p.Targets {
		result := wire.TargetResult{Platform: t.Platform, AccountID: t.Account.ID, Status: t.Status}
		if t.Failure != nil && t.Status != posts.Published {
			result.Error = &t.Failure.Message
		}
		list = append(list, result)
	}
	return list
}
