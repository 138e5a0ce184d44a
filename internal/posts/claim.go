package posts

import (
	"context"
	"encoding/json"
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
	holdUntil time.Time // how long a dead token may hold it up; zero: not at all
	status    Status    // before the claim, as the post's own status has it
}

// clockSkew is how far the clocks of two workers may be apart.
const clockSkew = time.Minute

// Lane is what one owner has to publish at one platform: work that takes its turn beside other lanes.
type Lane struct {
	OwnerID  string
	Platform string
}

// Share is how many targets of a lane to claim.
type Share struct {
	Lane
	N int
}

// Claim takes due targets of some lanes, the longest due of each first, for as long as hold; uploads says whether those whose next step
// sends a file, or the others. Before a step that the public could see it marks the target as in doubt, so that whoever comes after a crash
// looks before it acts. Those that others are at are passed over.
func (s *Service) Claim(ctx context.Context, worker string, hold time.Duration, uploads bool, shares []Share) (list []Claim, err error) {
	defer errs.Wrap(&err, "posts.Claim")
	if len(shares) == 0 {
		return nil, nil
	}
	now := s.Now()
	owners, names, counts := make([]string, len(shares)), make([]string, len(shares)), make([]int, len(shares))
	for i, x := range shares {
		owners[i], names[i], counts[i] = x.OwnerID, x.Platform, x.N
	}
	until := now.Add(hold).Truncate(time.Microsecond)
	rows, err := s.Pool.Query(ctx, `
		with due as materialized (
			select d.* from unnest($1::text[], $2::text[], $3::int[]) as lane (owner_id, platform, n) cross join lateral (
				select id, in_doubt, status from targets t
				where t.open and t.uploads = $4 and t.owner_id = lane.owner_id and t.platform = lane.platform and t.next_at <= $5 and (t.claimed_until is null or t.claimed_until <= $5)
				order by t.next_at limit lane.n for update skip locked) d
		)
		update targets t set claim = t.claim + 1, claimed_by = $6, claimed_until = $7, updated_at = $5, in_doubt = t.in_doubt or (t.platform || ':' || t.step) = any($8),
			status = case when t.status = 'pending' then 'processing' else t.status end
		where t.id = any(array(select id from due)) -- and no join, for which all targets might be read
		returning t.id, t.claim, (select due.status from due where due.id = t.id), t.post_id, t.owner_id, t.account_id, t.platform, t.step, t.state, exists (select 1 from due where due.id = t.id and due.in_doubt), t.attempts, t.published_at is not null, t.remote_id, t.remote_url,
			t.custom_content, t.custom_media, t.options, t.scheduled_for`,
		owners, names, counts, uploads, now, worker, until, s.visibleSteps())
	if err != nil {
		return nil, err
	}
	claimed, err := pgx.CollectRows(rows, pgx.RowToStructByPos[claimRow])
	if err != nil || len(claimed) == 0 {
		return nil, err
	}
	read, err := s.readContents(ctx, claimed)
	if err != nil {
		return nil, err
	}
	for _, row := range claimed {
		content, ok := read[row.PostID]
		if !ok {
			continue // the post was deleted this very moment
		}
		c := Claim{Worker: worker, Begun: now, Deadline: until}
		if err := row.into(&c, content, s.Platforms); err != nil {
			return nil, err
		}
		c.holdUntil = s.holdUntil(row, content)
		list = append(list, c)
	}
	return list, nil
}

// readContents reads what the posts of claimed targets hold. It comes after the claims have been committed, for from then on nobody changes
// the posts; the statement that claims may still see them as they were before a change it waited for.
func (s *Service) readContents(ctx context.Context, claimed []claimRow) (contents map[string]contentRow, err error) {
	ids := make([]string, len(claimed))
	for i, row := range claimed {
		ids[i] = row.PostID
	}
	rows, err := s.Pool.Query(ctx, `select id, title, content, media, tags, coalesce(request_id, ''), scheduled_for, created_at from posts where id = any($1)`, ids)
	if err != nil {
		return nil, err
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[contentRow])
	contents = make(map[string]contentRow, len(list))
	for _, row := range list {
		contents[row.PostID] = row
	}
	return contents, err
}

// ShowPublishing shows posts as being published, of which some target is under way. A step that takes a moment needs no such word, and most
// take no longer: it is for the others.
func (s *Service) ShowPublishing(ctx context.Context, postIDs []string) (err error) {
	defer errs.Wrap(&err, "posts.ShowPublishing")
	_, err = s.Pool.Exec(ctx, `update posts set status = 'publishing', updated_at = $2 where id = any(array(select id from posts where id = any($1) and status = 'scheduled' order by id for update))`, postIDs, s.Now())
	return err
}

type claimRow struct {
	ID                                   string
	Number                               int64
	Status                               Status
	PostID, OwnerID, AccountID, Platform string
	Step                                 string
	State                                json.RawMessage
	InDoubt                              bool
	Attempts                             int
	Published                            bool
	RemoteID, RemoteURL                  string
	CustomContent                        *string
	CustomMedia, Options                 json.RawMessage
	ScheduledFor                         *time.Time
}

type contentRow struct {
	PostID, Title, Content string
	Media                  json.RawMessage
	Tags                   []string
	RequestID              string
	ScheduledFor           *time.Time
	CreatedAt              time.Time
}

func (r claimRow) into(c *Claim, read contentRow, registry *platforms.Registry) error {
	platform, ok := registry.Get(r.Platform)
	if !ok {
		return fmt.Errorf("this program has no adapter for %q", r.Platform)
	}
	content, err := r.content(read)
	if err != nil {
		return err
	}
	c.TargetID, c.PostID, c.OwnerID, c.AccountID, c.Platform, c.Number, c.Attempts, c.RequestID, c.status = r.ID, r.PostID, r.OwnerID, r.AccountID, platform, r.Number, r.Attempts, read.RequestID, r.Status
	c.Task = platforms.Task{ID: c.TargetID, Content: content, State: platforms.State{Step: r.Step, Data: r.State}, InDoubt: r.InDoubt}
	if r.Published { // its ID may still be unknown
		c.Task.Published = &platforms.Remote{ID: r.RemoteID, URL: r.RemoteURL}
	}
	return nil
}

func (r claimRow) content(read contentRow) (c platforms.Content, err error) {
	post := Post{Title: read.Title, Content: read.Content, Tags: read.Tags}
	target := Target{CustomContent: r.CustomContent, Options: r.Options}
	if post.Media, err = readMedia(read.Media); err != nil {
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

// HandBack frees what a worker had claimed and will not settle: it is dead, or cut off. Its claim numbers stay, so that a settle of its
// that comes late still counts as long as nobody else has begun.
func (s *Service) HandBack(ctx context.Context, worker string) (freed int64, err error) {
	defer errs.Wrap(&err, "posts.HandBack(%s)", worker)
	// Whatever is claimed by a worker was due when it was claimed, which is what the index goes by.
	tag, err := s.Pool.Exec(ctx, `update targets set claimed_by = null, claimed_until = null where open and uploads in (true, false) and next_at <= $2 and claimed_by = $1`, worker, s.Now().Add(clockSkew))
	return tag.RowsAffected(), err
}

// FreeForgotten frees what a worker has claimed without knowing: the answer of a Claim was lost, but the claim was made. inHand are those that it knows of.
func (s *Service) FreeForgotten(ctx context.Context, worker string, uploads bool, inHand []string) (freed int64, err error) {
	defer errs.Wrap(&err, "posts.FreeForgotten(%s)", worker)
	tag, err := s.Pool.Exec(ctx, `update targets set claimed_by = null, claimed_until = null where open and uploads = $2 and next_at <= $3 and claimed_by = $1 and id <> all($4)`,
		worker, uploads, s.Now().Add(clockSkew), inHand)
	return tag.RowsAffected(), err
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
