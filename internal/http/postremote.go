package http

import (
	"fmt"
	"net/http"

	"posthorn/internal/http/wire"
	"posthorn/internal/platforms"
	"posthorn/internal/posts"
)

// postRemoteHandlers change what is published, and make posts in bulk.
func (s *Server) postRemoteHandlers() map[string]handler {
	return map[string]handler{
		"unpublishPost":      s.unpublishPost,
		"editPost":           s.editPost,
		"updatePostMetadata": s.updatePostMetadata,
		"bulkUploadPosts":    s.bulkUploadPosts,
	}
}

func (s *Server) unpublishPost(w http.ResponseWriter, r *http.Request) error {
	var in wire.UnpublishRequest
	if err := decode(r, &in); err != nil {
		return err
	}
	if err := s.cfg.Posts.Unpublish(r.Context(), principalOf(r), pathParam(r, "postId"), in.Platform); err != nil {
		return err
	}
	s.write(w, r, http.StatusOK, wire.Unpublished{Success: true, Message: fmt.Sprintf("Post removed from %s successfully", s.titleOf(in.Platform))})
	return nil
}

func (s *Server) editPost(w http.ResponseWriter, r *http.Request) error {
	var in wire.EditPostRequest
	if err := decode(r, &in); err != nil {
		return err
	}
	remote, err := s.cfg.Posts.Edit(r.Context(), principalOf(r), pathParam(r, "postId"), posts.NewText{Platform: in.Platform, AccountID: in.AccountID, Content: in.Content})
	if err != nil {
		return err
	}
	s.write(w, r, http.StatusOK, wire.EditedPost{Success: true, ID: remote.ID, URL: remote.URL, Message: fmt.Sprintf("Post edited on %s successfully", s.titleOf(in.Platform))})
	return nil
}

func (s *Server) updatePostMetadata(w http.ResponseWriter, r *http.Request) error {
	var in wire.UpdateMetadataRequest
	if err := decode(r, &in); err != nil {
		return err
	}
	u := posts.VideoUpdate{Platform: in.Platform, PostID: pathParam(r, "postId"), Metadata: platforms.Metadata{
		Title: in.Title, Description: in.Description, Tags: in.Tags, CategoryID: in.CategoryID, Privacy: in.PrivacyStatus, ThumbnailURL: in.ThumbnailURL,
		MadeForKids: in.MadeForKids, SyntheticWork: in.ContainsSyntheticMedia, PlaylistID: in.PlaylistID}}
	direct := u.PostID == "_"
	if direct {
		u.PostID, u.VideoID, u.AccountID = "", in.VideoID, in.AccountID
	}
	fields, videoID, err := s.cfg.Posts.UpdateMetadata(r.Context(), principalOf(r), u)
	if err != nil {
		return err
	}
	out := wire.UpdatedMetadata{Success: true, Message: "Video metadata updated successfully", UpdatedFields: fields}
	if direct {
		out.VideoID = videoID
	}
	s.write(w, r, http.StatusOK, out)
	return nil
}

// titleOf is a platform's name for people.
func (s *Server) titleOf(name string) string {
	if p, ok := s.cfg.Platforms.Get(name); ok {
		return p.Info().Title
	}
	return name
}
