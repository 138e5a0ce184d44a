package posts

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"posthorn/internal/errs"
	"posthorn/internal/platforms"
)

// Claim is one worker's right to take the next step of a target. It ends with Deadline, and with the next claim, whose Number is higher.
type Claim struct {
	TargetID  string
	PostID    string
	OwnerID   string
	AccountID string
	RequestID string // of the request that made the post; empty: not known
	Platform  platforms.Platform
	Worker    string
	Number    int64
	Begun     time.Time
	Deadline  time.Time
	Attempts  int
	Task      platforms.Task
	status    Status
}

// ErrNothingToDo says that a target has ended or is gone.
var ErrNothingToDo = errors.New("the target has ended or is gone")

// NotYet says that a target cannot be claimed before a time: it is not due, or another worker has it.
type NotYet struct{ Until time.Time }

// Error is the text for logs.
func (n *NotYet) Error() string {
	return "the target cannot be claimed before " + n.Until.Format(time.RFC3339Nano)
}

// Claim takes a target that is due, for as long as hold. Before a step that the public could see it marks the target as in doubt, so
// that whoever comes after a crash looks before it acts. It returns ErrNothingToDo or a *NotYet when there is nothing to claim.
func (s *Service) Claim(ctx context.Context, targetID, worker string, hold time.Duration) (c Claim, err error) {
	defer func() {
		if err != nil && !errors.Is(err, ErrNothingToDo) && !errors.As(err, new(*NotYet)) {
			errs.Wrap(&err, "posts.Claim(%s)", targetID)
		}
	}()
	now := s.Now()
	var claimed []claimRow
	var read []contentRow
	batch := &pgx.Batch{}
	batch.Queue(`
		with old as (
			select * from targets where id = $1 for update
		), claimed as (
			update targets t set claim = t.claim + 1, claimed_by = $2, claimed_until = $4, updated_at = $3,
				in_doubt = t.in_doubt or (t.platform || ':' || t.step) = any($5),
				status = case when t.status = 'pending' then 'processing' else t.status end
			from old
			where t.id = old.id and old.open and old.next_at <= $3 and (old.claimed_until is null or old.claimed_until <= $3)
			returning t.claim, t.status
		), started as (
			update posts set status = 'publishing', updated_at = $3 from old, claimed
			where posts.id = old.post_id and posts.status = 'scheduled'
		)
		select claimed.claim, claimed.status, old.post_id, old.owner_id, old.account_id, old.platform, old.step, old.state, old.in_doubt, old.attempts, old.published_at is not null, old.remote_id, old.remote_url, coalesce(p.request_id, '')
		from old join claimed on true join posts p on p.id = old.post_id`,
		targetID, worker, now, now.Add(hold), s.visibleSteps()).Query(func(rows pgx.Rows) (err error) {
		claimed, err = pgx.CollectRows(rows, pgx.RowToStructByPos[claimRow])
		return err
	})
	// What is to be published is read by a second statement of the same transaction. The first may have waited for an update of the post,
	// and then it still sees the post's row as that was before.
	batch.Queue(`select t.custom_content, t.custom_media, t.options, p.title, p.content, p.media, p.tags from targets t join posts p on p.id = t.post_id where t.id = $1`,
		targetID).Query(func(rows pgx.Rows) (err error) {
		read, err = pgx.CollectRows(rows, pgx.RowToStructByPos[contentRow])
		return err
	})
	if err := s.Pool.SendBatch(ctx, batch).Close(); err != nil {
		return Claim{}, err
	}
	if len(claimed) == 0 || len(read) == 0 {
		return Claim{}, s.whyNot(ctx, targetID, now)
	}
	c = Claim{TargetID: targetID, Worker: worker, Begun: now, Deadline: now.Add(hold)}
	return c, claimed[0].into(&c, read[0], s.Platforms)
}

type claimRow struct {
	Number                               int64
	Status                               Status
	PostID, OwnerID, AccountID, Platform string
	Step                                 string
	State                                json.RawMessage
	InDoubt                              bool
	Attempts                             int
	Published                            bool
	RemoteID, RemoteURL                  string
	RequestID                            string
}

type contentRow struct {
	CustomContent        *string
	CustomMedia, Options json.RawMessage
	Title, Content       string
	Media                json.RawMessage
	Tags                 []string
}

func (r claimRow) into(c *Claim, read contentRow, registry *platforms.Registry) error {
	platform, ok := registry.Get(r.Platform)
	if !ok {
		return fmt.Errorf("this program has no adapter for %q", r.Platform)
	}
	content, err := read.content()
	if err != nil {
		return err
	}
	c.RequestID = r.RequestID
	c.PostID, c.OwnerID, c.AccountID, c.Platform, c.Number, c.Attempts, c.status = r.PostID, r.OwnerID, r.AccountID, platform, r.Number, r.Attempts, r.Status
	c.Task = platforms.Task{ID: c.TargetID, Content: content, State: platforms.State{Step: r.Step, Data: r.State}, InDoubt: r.InDoubt}
	if r.Published { // its ID may still be unknown
		c.Task.Published = &platforms.Remote{ID: r.RemoteID, URL: r.RemoteURL}
	}
	return nil
}

func (r contentRow) content() (c platforms.Content, err error) {
	post := Post{Title: r.Title, Content: r.Content, Tags: r.Tags}
	target := Target{CustomContent: r.CustomContent, Options: r.Options}
	if post.Media, err = readMedia(r.Media); err != nil {
		return c, err
	}
	if target.CustomMedia, err = readMedia(r.CustomMedia); err != nil {
		return c, err
	}
	return post.content(target), nil
}

// visibleSteps lists platform:step for all steps that the public could see.
func (s *Service) visibleSteps() []string {
	list := []string{}
	for _, name := range s.Platforms.Names() {
		p, _ := s.Platforms.Get(name)
		for _, step := range p.Info().Visible {
			list = append(list, name+":"+step)
		}
	}
	return list
}

func (s *Service) whyNot(ctx context.Context, targetID string, now time.Time) error {
	var open bool
	var next time.Time
	var held *time.Time
	err := s.Pool.QueryRow(ctx, `select open, next_at, claimed_until from targets where id = $1`, targetID).Scan(&open, &next, &held)
	switch {
	case errors.Is(err, pgx.ErrNoRows) || (err == nil && !open):
		return ErrNothingToDo
	case err != nil:
		return err
	}
	until := next
	if held != nil && held.After(until) {
		until = *held
	}
	if !until.After(now) { // it became free while we looked
		until = now.Add(50 * time.Millisecond)
	}
	return &NotYet{Until: until}
}

// HandBack frees what a worker had claimed and will not settle: it is dead, or cut off. Its claim numbers stay, so that a settle of its
// that comes late still counts as long as nobody else has begun.
func (s *Service) HandBack(ctx context.Context, worker string) (freed int64, err error) {
	defer errs.Wrap(&err, "posts.HandBack(%s)", worker)
	tag, err := s.Pool.Exec(ctx, `update targets set claimed_by = null, claimed_until = null where claimed_by = $1`, worker)
	return tag.RowsAffected(), err
}

// Overdue lists targets that should have been worked on before a time and are claimed by nobody, oldest first.
func (s *Service) Overdue(ctx context.Context, before time.Time, limit int) (due []Due, err error) {
	defer errs.Wrap(&err, "posts.Overdue")
	rows, err := s.Pool.Query(ctx, `
		select id, next_at from targets where open and next_at < $1 and (claimed_until is null or claimed_until < $1) order by next_at limit $2`, before, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Due])
}

func readMedia(stored []byte) ([]Media, error) {
	if stored == nil {
		return nil, nil
	}
	var rows []mediaRow
	if err := json.Unmarshal(stored, &rows); err != nil {
		return nil, fmt.Errorf("stored media: %w", err)
	}
	list := make([]Media, len(rows))
	for i, r := range rows {
		list[i] = Media{Type: platforms.MediaType(r.Type), URL: r.URL, Title: r.Title, AltText: r.AltText, Thumbnail: r.Thumbnail, Reshape: platforms.Reshape(r.Reshape), Raw: r.Raw}
	}
	return list, nil
}
