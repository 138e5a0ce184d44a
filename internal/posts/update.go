package posts

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"posthorn/internal/auth"
	"posthorn/internal/errs"
	"posthorn/internal/postgres"
)

// Change is what an update sets of a post; nil leaves a part as it is, and an empty value clears it.
type Change struct {
	Title, Content           *string
	Media                    *[]Media
	Targets                  *[]NewTarget // all of them; those that are published stay, named or not
	Tags, Hashtags, Mentions *[]string
	Visibility               *string
	Crossposting             *bool
	Metadata                 *json.RawMessage
	Timezone                 *string
	ScheduledFor             *string // as sent
	QueuedFromProfile        *string
	QueueID                  *string
	PublishNow               bool
	Recycling                *RecyclingChange // the only thing that may change of a published post
	Draft                    *bool            // true: it becomes a draft; false: a draft is to be published; nil: what is a draft stays one
}

// touches reports whether the change asks for anything that a published post does not allow.
func (c Change) touches() bool {
	return c.Title != nil || c.Content != nil || c.Media != nil || c.Targets != nil || c.Tags != nil || c.Hashtags != nil || c.Mentions != nil || c.Visibility != nil ||
		c.Crossposting != nil || c.Metadata != nil || c.Timezone != nil || c.ScheduledFor != nil || c.QueuedFromProfile != nil || c.QueueID != nil || c.PublishNow || or(c.Draft, false)
}

// changeTries is how often an update begins anew because the post was changed while it was worked out.
const changeTries = 5

// errChanged ends an update whose post is not any more what it was worked out from.
var errChanged = errors.New("the post was changed meanwhile")

// Update changes a post that is not published, all or nothing, by the same rules as Create. What is published already at some accounts
// stays as it is and is not published again; what may have been published keeps its doubt. While a worker is at the post, or it is not
// known whether its visible step took effect, it is a Conflict.
//
// A draft stays one unless Draft is false. Otherwise a new time, a queue or PublishNow decides when the targets that are not published are
// worked on, those that have failed again. Without any of these a scheduled post keeps its times, and one that has ended waits to be
// retried.
func (s *Service) Update(ctx context.Context, by auth.Principal, postID string, c Change) (updated Created, err error) {
	defer errs.Wrap(&err, "posts.Update(%s)", clip(postID, 40))
	for try := 1; ; try++ {
		updated, err = s.update(ctx, by, postID, c)
		switch {
		case postgres.IsUnique(err, "posts_slot"): // of a queue that is gone, so that nothing but the index guards its slots
			return Created{}, slotTaken(nil)
		case !errors.Is(err, errChanged):
			return updated, err
		case try == changeTries:
			return Created{}, publishing()
		}
	}
}

func (s *Service) update(ctx context.Context, by auth.Principal, postID string, c Change) (Created, error) {
	if c.Tags != nil {
		tags, err := cleanTags(*c.Tags)
		if err != nil {
			return Created{}, err
		}
		c.Tags = &tags
	}
	old, version, err := s.versioned(ctx, by, postID)
	if err != nil {
		return Created{}, err
	}
	if old.Status == Published && !c.touches() {
		return s.recycleOnly(ctx, by, old, c)
	}
	if err := editable(old); err != nil {
		return Created{}, err
	}
	u, err := merge(old, c)
	if err != nil {
		return Created{}, err
	}
	now := s.Now().Truncate(time.Microsecond) // as Postgres keeps it
	post, err := s.plan(ctx, by, u.NewPost, now)
	if err != nil {
		return Created{}, err
	}
	u.adopt(&post)
	var changes []string
	if u.Mode != AsDraft {
		if changes, err = s.check(ctx, post); err != nil {
			return Created{}, err
		}
	}
	err = postgres.InTx(ctx, s.Pool, func(tx pgx.Tx) error {
		if err := s.settleSlot(ctx, tx, by, &post, u); err != nil {
			return err
		}
		doubts, err := s.lockUnchanged(ctx, tx, old, version, now)
		if err != nil {
			return err
		}
		if err := keepDoubtful(old, post, doubts); err != nil {
			return err
		}
		if err := s.rewrite(ctx, tx, old, post, u, now); err != nil {
			return err
		}
		return s.SetRecycling(ctx, tx, old.ID, c.Recycling)
	})
	if err != nil {
		return Created{}, err
	}
	// Read as the owner: a draft whose last target was taken away may not be its editor's to read any more, but this answer is.
	saved, err := s.Get(ctx, auth.Root(by.OwnerID), postID)
	return Created{Post: saved, Warnings: append(u.advice(c), changes...), Due: u.revive && post.dueBy(now)}, err
}

// recycleOnly changes how a published post comes back.
func (s *Service) recycleOnly(ctx context.Context, by auth.Principal, old Post, c Change) (Created, error) {
	if c.Recycling == nil {
		return Created{Post: old}, nil
	}
	err := postgres.InTx(ctx, s.Pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `select 1 from targets where post_id = $1 order by id for update`, old.ID); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `select 1 from posts where id = $1 for update`, old.ID); err != nil {
			return err
		}
		return s.SetRecycling(ctx, tx, old.ID, c.Recycling)
	})
	if err != nil {
		return Created{}, err
	}
	saved, err := s.Get(ctx, by, old.ID)
	return Created{Post: saved}, err
}

// versioned reads a post with the version of its row. The version is read first, so that it is never newer than what was read.
func (s *Service) versioned(ctx context.Context, by auth.Principal, postID string) (post Post, version string, err error) {
	if err := s.reachable(ctx, by, postID); err != nil {
		return Post{}, "", err
	}
	if err := s.Pool.QueryRow(ctx, `select xmin::text from posts where id = $1`, postID).Scan(&version); err != nil {
		if errors.Is(err, pgx.ErrNoRows) {
			err = notFound()
		}
		return Post{}, "", err
	}
	post, err = s.Get(ctx, by, postID)
	return post, version, err
}

// editable refuses a post that is published, or that is being published.
func editable(p Post) error {
	if p.Status == Published {
		return &errs.Error{Code: errs.Invalid, Rule: "post.published", Message: "A published post cannot be changed; only its recycling can",
			Remedy: "Use edit where the platform allows it, or unpublish the post and make a new one."}
	}
	if p.Status == Publishing || slices.ContainsFunc(p.Targets, func(t Target) bool { return t.Open && t.Status != Pending }) {
		return publishing()
	}
	return nil
}

func publishing() error {
	return &errs.Error{Code: errs.Conflict, Wire: "post_publishing", Rule: "post.publishing", Message: "The post is being published right now; try again when it has ended"}
}

// keepDoubtful refuses other content for a target of which nobody knows whether it was published: the retry that finds out knows what to
// look for by the content, and goes on with what was prepared from it.
func keepDoubtful(old, post Post, doubts map[string]bool) error {
	for i, t := range post.Targets {
		was := old.target(t.ID)
		if was == nil || !doubts[t.ID] || t.Status == Published {
			continue
		}
		if string(old.fingerprint(*was)) != string(post.fingerprint(t)) || canonical(was.Options) != canonical(t.Options) {
			return &errs.Error{Code: errs.Conflict, Wire: "post_unconfirmed", Rule: "post.unconfirmed", Field: fmt.Sprintf("platforms[%d]", i),
				Message: fmt.Sprintf("it is not known whether this was published at the %s account %s, so its content cannot be changed", t.Platform, t.Account.ID),
				Remedy:  "Retry the post first, which looks whether it is there, or take the account out of platforms.",
				Details: map[string]any{"platform": t.Platform, "accountId": t.Account.ID}}
		}
	}
	return nil
}

// target finds a post's target by its ID; nil when it has none of that ID.
func (p Post) target(targetID string) *Target {
	for i := range p.Targets {
		if p.Targets[i].ID == targetID {
			return &p.Targets[i]
		}
	}
	return nil
}

func or[T any](set *T, otherwise T) T {
	if set != nil {
		return *set
	}
	return otherwise
}
