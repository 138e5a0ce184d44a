package posts

import (
	"context"
	"fmt"
	"strings"

	"posthorn/internal/auth"
	"posthorn/internal/errs"
)

// orders are the contract's sort orders. Each ends in the ID, so that pages neither overlap nor leave gaps.
var orders = map[string]string{
	"":               "sort_at desc, id desc",
	"scheduled-desc": "sort_at desc, id desc",
	"scheduled-asc":  "sort_at, id",
	"created-desc":   "created_at desc, id desc",
	"created-asc":    "created_at, id",
	"status":         "status, sort_at desc, id desc",
	"platform":       "platforms[1], sort_at desc, id desc", // they are sorted
}

// List reads the posts that a filter selects, and how many there are in all.
func (s *Service) List(ctx context.Context, by auth.Principal, f Filter) (list []Post, total int, err error) {
	defer errs.Wrap(&err, "posts.List")
	order, ok := orders[f.Sort]
	if !ok {
		return nil, 0, errs.Fieldf("sortBy", "sortBy %q is not known", clip(f.Sort, 40))
	}
	if f.ProfileID != "" {
		if f.accountIDs, err = s.Accounts.InProfiles(ctx, by.OwnerID, []string{f.ProfileID}); err != nil {
			return nil, 0, err
		}
	}
	if f.reach, err = s.reachOf(ctx, by); err != nil {
		return nil, 0, err
	}
	where, args := f.where(by.OwnerID)
	if total, err = s.count(ctx, by, f, where, args); err != nil || f.Offset >= total {
		return nil, total, err
	}
	args = append(args, f.Limit, f.Offset)
	rows, err := s.Pool.Query(ctx, fmt.Sprintf(`select %s from posts join (select id as hit from posts where %s order by %s limit $%d offset $%d) hits on id = hit order by %s`,
		postColumns, where, order, len(args)-1, len(args), order), args...)
	if err != nil {
		return nil, 0, err
	}
	list, err = s.collect(ctx, by, rows)
	return list, total, err
}

// where renders the filter; every value is a parameter.
func (f Filter) where(ownerID string) (string, []any) {
	conds, args := []string{"owner_id = $1"}, []any{ownerID}
	add := func(cond string, value any) {
		args = append(args, value)
		conds = append(conds, strings.ReplaceAll(cond, "?", fmt.Sprintf("$%d", len(args))))
	}
	if f.Status != "" {
		add("status = ?", f.Status)
	}
	if f.Platform != "" {
		add("platforms @> array[?]", f.Platform)
	}
	if !f.Hidden {
		add("hidden = ?", false)
	}
	if f.AccountID != "" {
		add("exists (select 1 from targets t where t.post_id = posts.id and t.account_id = ?)", f.AccountID)
	}
	if f.UserID != "" {
		add("coalesce(user_id, owner_id) = ?", f.UserID)
	}
	if f.reach.limited {
		add("not exists (select 1 from targets t where t.post_id = posts.id and t.account_id <> all(?))", f.reach.accountIDs)
		add("(exists (select 1 from targets t where t.post_id = posts.id) or key_id = ?)", f.reach.keyID)
	}
	if f.ProfileID != "" {
		args = append(args, f.accountIDs)
		add(fmt.Sprintf("(queued_from_profile = ? or exists (select 1 from targets t where t.post_id = posts.id and t.account_id = any($%d)))", len(args)), f.ProfileID)
	}
	if !f.From.IsZero() {
		add("sort_at >= ?", f.From)
	}
	if !f.To.IsZero() {
		add("sort_at < ?", f.To)
	}
	if f.Search != "" {
		add("(content ilike ? or title ilike ?)", "%"+strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(f.Search)+"%")
	}
	return strings.Join(conds, " and "), args
}
