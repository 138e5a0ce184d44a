package posts

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"posthorn/internal/auth"
	"posthorn/internal/errs"
	"posthorn/internal/id"
	"posthorn/internal/platforms"
	"posthorn/internal/postgres"
)

// NewText is what a caller wants a published post to say.
type NewText struct {
	Platform  string
	AccountID string // whose copy; empty is the first that is published
	Content   string
}

// Edit changes the text of a post that is published, at the platform and here. Every attempt is kept in target_edits; one that ends without
// an answer stays open there, so that the next edit knows of the doubt. The text that the post has already is a success at once.
func (s *Service) Edit(ctx context.Context, by auth.Principal, postID string, n NewText) (remote platforms.Remote, err error) {
	defer errs.Wrap(&err, "posts.Edit(%s)", clip(postID, 40))
	post, err := s.Get(ctx, by, postID)
	if err != nil {
		return platforms.Remote{}, err
	}
	editor, err := capable[platforms.Editor](s, n.Platform, "post.edit_unsupported", "%s does not let posts be edited through its API")
	if err != nil {
		return platforms.Remote{}, err
	}
	targets, err := publishedAt(post, n.Platform, n.AccountID)
	if err != nil {
		return platforms.Remote{}, err
	}
	t := targets[0]
	if err := s.checkText(post, t, n.Content); err != nil {
		return platforms.Remote{}, err
	}
	h, err := s.hold(ctx, post, t, false)
	if errors.Is(err, errNotPublished) {
		_, err = publishedAt(Post{}, n.Platform, n.AccountID)
	}
	if err != nil {
		return platforms.Remote{}, err
	}
	remote, err = s.edit(ctx, by, post, h, editor, n.Content)
	if err != nil {
		return platforms.Remote{}, errors.Join(err, s.release(context.WithoutCancel(ctx), h))
	}
	return remote, nil
}

// checkText holds a new text to the platform's rules for the text of a post.
func (s *Service) checkText(post Post, t Target, text string) error {
	platform, _ := s.Platforms.Get(t.Platform)
	c := post.content(t)
	c.Text = text
	var problems []Problem
	for _, p := range platforms.Check(platform, c) {
		if strings.HasPrefix(p.Field, "content") { // the rest is published and stays
			problems = append(problems, Problem{Problem: p, Platform: t.Platform, AccountID: t.Account.ID})
		}
	}
	return invalid(problems)
}

func (s *Service) edit(ctx context.Context, by auth.Principal, post Post, h hold, editor platforms.Editor, text string) (platforms.Remote, error) {
	begun := s.Now()
	inDoubt, err := s.editInDoubt(ctx, h)
	if err != nil {
		return platforms.Remote{}, err
	}
	if !inDoubt && text == h.existing.Content.Text {
		return h.existing.Remote, s.release(ctx, h)
	}
	editID, err := s.beginEdit(ctx, by, h, text, begun)
	if err != nil {
		return platforms.Remote{}, err
	}
	var remote platforms.Remote
	err = s.talk(about(ctx, h.target), h.target.Platform, h.target.Account.ID, h.until, func(ctx context.Context, c *platforms.Conn) (err error) {
		remote, err = editor.Edit(ctx, c, platforms.Edit{Existing: h.existing, Text: text, InDoubt: inDoubt})
		return err
	})
	ctx = context.WithoutCancel(ctx)
	if err != nil {
		kind := platforms.AsError(err).Kind
		if kind == platforms.Ambiguous || kind == platforms.Unknown {
			return platforms.Remote{}, err // the attempt stays open
		}
		return platforms.Remote{}, errors.Join(err, s.endEdit(ctx, editID))
	}
	if remote.URL == "" {
		remote.URL = h.existing.Remote.URL
	}
	return remote, postgres.InTx(ctx, s.Pool, func(tx pgx.Tx) error { return s.storeEdit(ctx, tx, post, h, editID, remote, text, begun) })
}

func (s *Service) editInDoubt(ctx context.Context, h hold) (doubt bool, err error) {
	err = s.Pool.QueryRow(ctx, `select exists (select 1 from target_edits where target_id = $1 and ended_at is null)`, h.target.ID).Scan(&doubt)
	return doubt, err
}

// beginEdit notes an attempt before the platform hears of it.
func (s *Service) beginEdit(ctx context.Context, by auth.Principal, h hold, text string, now time.Time) (editID string, err error) {
	editID = id.New(now)
	_, err = s.Pool.Exec(ctx, `
		insert into target_edits (id, owner_id, target_id, user_id, key_id, text_before, text_after, remote_id, remote_url, begun_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		editID, by.OwnerID, h.target.ID, by.UserID, by.KeyID, h.existing.Content.Text, text, h.existing.Remote.ID, h.existing.Remote.URL, now)
	return editID, err
}

// endEdit notes that an attempt changed nothing.
func (s *Service) endEdit(ctx context.Context, editID string) error {
	_, err := s.Pool.Exec(ctx, `update target_edits set ended_at = $2 where id = $1`, editID, s.Now())
	return err
}

// storeEdit makes the stored post say what the published one says. Where its other targets shared the text they keep the old one as their
// own.
func (s *Service) storeEdit(ctx context.Context, tx pgx.Tx, post Post, h hold, editID string, remote platforms.Remote, text string, begun time.Time) error {
	now := s.Now()
	if _, err := tx.Exec(ctx, `select 1 from targets where post_id = $1 order by id for update`, post.ID); err != nil {
		return err
	}
	edited, own := h.target, h.target.CustomContent != nil
	edited.CustomContent = &text
	tag, err := tx.Exec(ctx, `
		update targets set custom_content = case when $3 then $4 else custom_content end, fingerprint = $5, remote_id = $6, remote_url = $7, claimed_by = null, claimed_until = null, updated_at = $8
		where id = $1 and claim = $2`, h.target.ID, h.number, own, text, post.fingerprint(edited), remote.ID, remote.URL, now)
	if err != nil {
		return err
	}
	if tag.RowsAffected() == 0 {
		return errOvertaken()
	}
	if !own {
		if _, err := tx.Exec(ctx, `update targets set custom_content = $3, updated_at = $4 where post_id = $1 and id <> $2 and custom_content is null`, post.ID, h.target.ID, post.Content, now); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `update posts set content = $2, updated_at = $3 where id = $1`, post.ID, text, now); err != nil {
			return err
		}
	}
	if _, err := tx.Exec(ctx, `update target_edits set ended_at = $3, done = (id = $2) where target_id = $1 and ended_at is null`, h.target.ID, editID, now); err != nil {
		return err
	}
	return noteChange(ctx, tx, h, "edited", "the text was changed", begun, now)
}
