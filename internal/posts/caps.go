package posts

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"posthorn/internal/platforms"
)

// tightCap is the highest number of posts in a window that is a cap to warn of. Who schedules more than that is counted when the time comes.
const tightCap = 500

// capWarnings says which targets of a stored post will have to wait beyond their time, because their accounts have more scheduled around it
// than the platforms' budgets allow.
//
// The post is stored by then, so a failure of this is itself no more than a warning.
func (s *Service) capWarnings(ctx context.Context, post Post, now time.Time) (warnings []string) {
	if s.Budgets == nil {
		return nil
	}
	batch := &pgx.Batch{}
	for i, t := range post.Targets {
		p, ok := s.Platforms.Get(t.Platform)
		if !ok || !t.Open {
			continue
		}
		at := t.NextAt
		if at.Before(now) {
			at = now
		}
		for _, b := range s.Budgets(p.Info()) {
			if b.Scope != "account" || b.PerPost == 0 || b.Limit == 0 || b.Limit/b.PerPost > tightCap {
				continue
			}
			fit := b.Limit / b.PerPost
			batch.Queue(`
				select count(*) from (
					select 1 from targets where account_id = $1 and coalesce(published_at, next_at) > $2 and coalesce(published_at, next_at) <= $3 and (open or published_at is not null) limit $4) near`,
				t.Account.ID, at.Add(-b.Window), at, fit+1).QueryRow(func(row pgx.Row) error {
				var n int
				if err := row.Scan(&n); err != nil || n <= fit {
					return err
				}
				warnings = append(warnings, capWarning(i, t, p.Info().Title, b, fit))
				return nil
			})
		}
	}
	if batch.Len() == 0 {
		return nil
	}
	if s.Pool.SendBatch(ctx, batch).Close() != nil {
		return []string{"It could not be looked up whether the accounts' budgets have room at that time"}
	}
	return warnings
}

func capWarning(i int, t Target, title string, b platforms.Budget, fit int) string {
	return fmt.Sprintf("platforms[%d]: @%s has more scheduled around that time than %s allows (%d %s in %s, which is about %d posts); what is over goes out by itself when there is room",
		i, t.Account.Username, title, b.Limit, strings.ReplaceAll(b.Name, "_", " "), b.Per(), fit)
}
