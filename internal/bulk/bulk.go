// Package bulk makes posts of the rows of a CSV file.
package bulk

import (
	"context"
	"fmt"
	"hash/fnv"
	"io"
	"strings"
	"sync"
	"time"

	"posthorn/internal/accounts"
	"posthorn/internal/auth"
	"posthorn/internal/errs"
	"posthorn/internal/platforms"
	"posthorn/internal/posts"
)

// Posts takes new posts, or only says what would become of them.
type Posts interface {
	Create(ctx context.Context, by auth.Principal, p posts.NewPost) (posts.Created, error)
	Try(ctx context.Context, by auth.Principal, p posts.NewPost) error
}

// Accounts lists what a principal reaches.
type Accounts interface {
	Profiles(ctx context.Context, by auth.Principal, f accounts.ProfileFilter) ([]accounts.Profile, int, error)
	List(ctx context.Context, by auth.Principal, f accounts.Filter) ([]accounts.Account, int, error)
}

// Budgets says until when an account is not to be used; zero: it may be used now.
type Budgets interface {
	BlockedUntil(ctx context.Context, accountID string) (time.Time, error)
}

// Service is the domain of uploads.
type Service struct {
	Posts     Posts
	Accounts  Accounts
	Budgets   Budgets
	Platforms *platforms.Registry
	Now       func() time.Time
	OnFault   func(error) // told of faults of this server that cost a row
}

// Result is what became of a file.
type Result struct {
	Rows     []Row
	Valid    int
	Warnings []string
	Limited  []Limited
}

// Row is what became of a row.
type Row struct {
	Index  int      // 1 is the first below the header; rows of blank cells do not count
	PostID string   // empty when none was made
	Errors []string // stable codes, each with what it is about after a colon; none when the row is in order
}

// Limited is an account that rows go to and that is over a limit of its platform or of this server.
type Limited struct {
	Account accounts.Account
	Until   time.Time
}

// lanes is how many posts are made at a time. A file shares the database with everybody else.
const lanes = 4

// Upload makes a post of each row that is in order; the others do not keep it from that. With dryRun it only says what would become of them.
// Posts that are due now are published in the background. Each row is stored by itself: when the caller goes away or the process ends, what
// was made until then stays, and the same file again makes the rest, since what is there already is refused as a duplicate.
func (s *Service) Upload(ctx context.Context, by auth.Principal, file []byte, dryRun bool) (result Result, err error) {
	defer errs.Wrap(&err, "bulk.Upload(%s)", by.OwnerID)
	table, err := readTable(file, s.Platforms.Names())
	if err != nil {
		return Result{}, err
	}
	m, err := s.maker(ctx, by, table)
	if err != nil {
		return Result{}, err
	}
	rows := make([]*row, len(table.records))
	for i, record := range table.records {
		rows[i] = m.row(i+1, record)
	}
	run := &run{Service: s, by: by, dry: dryRun, limited: map[string]time.Time{}, tried: map[string]int{}}
	run.all(ctx, rows)
	if err := ctx.Err(); err != nil {
		return Result{}, err
	}
	result = Result{Warnings: table.warnings()}
	for _, r := range rows {
		if len(r.codes) == 0 {
			result.Valid++
		}
		result.Rows = append(result.Rows, Row{Index: r.index, PostID: r.postID, Errors: r.codes})
	}
	result.Limited, err = run.limits(ctx, rows)
	return result, err
}

func (s *Service) maker(ctx context.Context, by auth.Principal, t *table) (maker, error) {
	m := maker{table: t, platforms: s.Platforms.Names(), accounts: map[string][]accounts.Account{}}
	var err error
	if m.profiles, _, err = s.Accounts.Profiles(ctx, by, accounts.ProfileFilter{}); err != nil {
		return maker{}, err
	}
	all, _, err := s.Accounts.List(ctx, by, accounts.Filter{})
	for _, a := range all {
		m.accounts[a.ProfileID] = append(m.accounts[a.ProfileID], a)
	}
	return m, err
}

func (t *table) warnings() []string {
	list := []string{}
	if len(t.records) > advisoryRows {
		list = append(list, fmt.Sprintf("rows_exceed_advisory_limit:%d", advisoryRows))
	}
	if len(t.unknown) > 0 {
		list = append(list, "unknown_columns:"+strings.Join(t.unknown, ","))
	}
	return list
}

// run is one upload at work.
type run struct {
	*Service
	by  auth.Principal
	dry bool

	mu      sync.Mutex
	limited map[string]time.Time // accounts that were over a limit of this server
	tried   map[string]int       // in a dry run: what the rows in order would publish where, and which row that is
}

// all makes posts of the rows that are in order so far, some at a time. Equal texts are made one after the other, so that the first row
// gets through and not the second; and so are those for queues, so that the slots come in the order of the rows.
func (x *run) all(ctx context.Context, rows []*row) {
	var work [lanes][]*row
	for _, r := range rows {
		if len(r.codes) == 0 {
			l := lane(r.post)
			work[l] = append(work[l], r)
		}
	}
	var group sync.WaitGroup
	for _, list := range work {
		group.Go(func() {
			for _, r := range list {
				if ctx.Err() != nil {
					return
				}
				x.one(ctx, r)
			}
		})
	}
	group.Wait()
}

func lane(p posts.NewPost) int {
	if p.Mode == posts.Queued {
		return 0
	}
	h := fnv.New32a()
	_, _ = io.WriteString(h, p.Content) // a hash takes all
	for _, m := range p.Media {
		_, _ = io.WriteString(h, "\x00"+m.URL)
	}
	return int(h.Sum32() % lanes)
}

func (x *run) one(ctx context.Context, r *row) {
	var err error
	if x.dry {
		err = x.Posts.Try(ctx, x.by, r.post)
	} else {
		var created posts.Created
		created, err = x.Posts.Create(ctx, x.by, r.post)
		r.postID = created.Post.ID
	}
	switch {
	case ctx.Err() != nil: // nobody will read it
	case err == nil && x.dry && r.post.Mode != posts.AsDraft:
		x.repeats(r)
	case err != nil:
		if id, until := limitedUntil(err, x.Now()); id != "" {
			x.mu.Lock()
			x.limited[id] = until
			x.mu.Unlock()
		}
		if fault := r.refused(err); fault != nil && x.OnFault != nil {
			x.OnFault(fault)
		}
	}
}

// repeats notes that a row would publish what an earlier one would: in a dry run there is no post yet that it could be a duplicate of.
func (x *run) repeats(r *row) {
	x.mu.Lock()
	defer x.mu.Unlock()
	keys := make([]string, len(r.post.Targets))
	for i, t := range r.post.Targets {
		text, media := r.post.Content, r.post.Media
		if t.CustomContent != nil {
			text = *t.CustomContent
		}
		if t.CustomMedia != nil {
			media = t.CustomMedia
		}
		keys[i] = t.AccountID + "\x00" + text
		for _, m := range media {
			keys[i] += "\x00" + m.URL
		}
		if first, ok := x.tried[keys[i]]; ok {
			r.fail(fmt.Sprintf("duplicate_content:row_%d", first))
		}
	}
	if len(r.codes) > 0 {
		return
	}
	for _, key := range keys {
		x.tried[key] = r.index
	}
}

// limits lists the accounts that rows go to and that are over a limit.
func (x *run) limits(ctx context.Context, rows []*row) (list []Limited, err error) {
	seen := map[string]bool{}
	for _, r := range rows {
		for _, a := range r.accounts {
			if seen[a.ID] {
				continue
			}
			seen[a.ID] = true
			until, err := x.Budgets.BlockedUntil(ctx, a.ID)
			if err != nil {
				return nil, err
			}
			if x.limited[a.ID].After(until) {
				until = x.limited[a.ID]
			}
			if !until.IsZero() {
				list = append(list, Limited{a, until})
			}
		}
	}
	return list, nil
}
