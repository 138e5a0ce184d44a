package meta

import (
	"context"
	"time"

	"posthorn/internal/platforms"
)

const (
	// commentLag is how long Meta may take to list a comment.
	commentLag = time.Minute
	// MaxCommentTries bounds how often the first comment is sent.
	MaxCommentTries = 5
	// maxCommentPages bounds the search for our own comment under a busy post.
	maxCommentPages = 4
)

// CommentState is what is remembered of a first comment between two steps.
type CommentState struct {
	CommentAt    time.Time `json:"commentAt,omitzero"`     // just before it was sent
	CommentTries int       `json:"commentTries,omitempty"` // how often it was
}

// Begin notes that the comment is about to be sent. A step of its own comes between that and the sending.
func (s *CommentState) Begin(now time.Time) {
	s.CommentAt = now
	s.CommentTries++
}

// Remark is a comment under a post.
type Remark struct {
	Text string
	At   time.Time // zero: not told
	Own  bool      // the account wrote it, or may have
}

// FirstComment is the comment that an account writes under its own new post. A comment that is sent twice shows twice, so that one whose answer was
// lost is looked for before it is sent again.
type FirstComment struct {
	Conn *platforms.Conn
	Text string
	// App is where the user can add it, for people: "the Instagram app".
	App  string
	Send func(ctx context.Context) error
	// List reads a page of the post's comments, newest first, and gives the cursor of the next one; empty: there is none.
	List func(ctx context.Context, after string) (list []Remark, next string, err error)
}

// Take sends the comment or, in doubt, finds out whether an earlier call did. It is there once posted is true; without that and an error the comment
// did not arrive and is to be sent again, by a step of its own, which the state is ready for.
func (c FirstComment) Take(ctx context.Context, s *CommentState, inDoubt bool) (posted bool, err error) {
	if !inDoubt {
		if err := c.Send(ctx); err != nil {
			if IsMissing(platforms.AsError(err)) { // the new post does not show everywhere yet: nothing was written
				return false, err
			}
			return false, platforms.Answered(err)
		}
		return true, nil
	}
	if there, err := c.find(ctx, s.CommentAt.Add(-ClockSlack)); err != nil || there {
		return there, err
	}
	now := c.Conn.Now()
	if shown := s.CommentAt.Add(commentLag); now.Before(shown) {
		e := platforms.Errorf(platforms.NotReady, "waiting to see whether the first comment arrived")
		e.Reset = now.Add(min(15*time.Second, shown.Sub(now)))
		return false, e
	}
	if s.CommentTries >= MaxCommentTries {
		return false, &platforms.Error{Kind: platforms.Rejected, Category: platforms.PlatformError, Message: "the first comment could not be posted", Remediation: "Add it in " + c.App + "."}
	}
	s.Begin(now) // the step of its own clears the doubt, so that the time to wait starts with the comment that is sent next
	return false, nil
}

// find reports whether the comment is there.
func (c FirstComment) find(ctx context.Context, since time.Time) (bool, error) {
	after := ""
	for range maxCommentPages {
		list, next, err := c.List(ctx, after)
		if err != nil {
			return false, err
		}
		for _, r := range list {
			recent := r.At.IsZero() || !r.At.Before(since.Truncate(time.Second))
			if recent && r.Own && SameText(r.Text, c.Text) {
				return true, nil
			}
		}
		if next == "" {
			return false, nil
		}
		after = next
	}
	return false, nil
}
