package accounts

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"posthorn/internal/errs"
	"posthorn/internal/events"
	"posthorn/internal/platforms"
	"posthorn/internal/postgres"
)

// warnings are how long before the end of a token it is told of, the last one last.
var warnings = []time.Duration{7 * 24 * time.Hour, 24 * time.Hour}

// warnAtOnce bounds the warnings of one round.
const warnAtOnce = 1000

// WarnOfEnds tells of accounts whose tokens end soon because they cannot be renewed, or could not be so far: a week before, and once more a day before. Tokens
// that are refreshed whenever they are used end all the time, and nobody is told.
func (s *Service) WarnOfEnds(ctx context.Context) (err error) {
	defer errs.Wrap(&err, "accounts.WarnOfEnds")
	var ids []string
	for _, name := range s.Platforms.Names() {
		p, _ := s.Platforms.Get(name)
		_, refreshed := p.(platforms.Refresher)
		if _, renewed := p.(platforms.Renewer); refreshed && !renewed {
			continue
		}
		usable, err := s.usable(ctx, name)
		if err != nil {
			return err
		}
		ids = append(ids, usable...)
	}
	var failed []error
	for level := len(warnings); level > 0; level-- { // who is late gets the last warning alone
		due, err := s.Vault.Unwarned(ctx, ids, s.Now().Add(warnings[level-1]), level, warnAtOnce)
		if err != nil {
			return err
		}
		for _, id := range due {
			failed = append(failed, s.warn(ctx, id, level))
		}
	}
	return errors.Join(failed...)
}

func (s *Service) warn(ctx context.Context, accountID string, level int) (err error) {
	defer errs.Wrap(&err, "accounts.warn(%s)", accountID)
	return postgres.InTx(ctx, s.Pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `select 1 from accounts where id = $1 for update`, accountID); err != nil {
			return err
		}
		ends, ok, err := s.Vault.Warned(ctx, tx, accountID, level)
		if err != nil || !ok {
			return err
		}
		return s.tell(ctx, tx, accountID, events.AccountExpiring, map[string]any{"expiresAt": events.Time(ends),
			"reason": "The account's token ends then and could not be renewed; connect the account again before"})
	})
}

// usable lists a platform's accounts that can be used.
func (s *Service) usable(ctx context.Context, platform string) ([]string, error) {
	rows, err := s.Pool.Query(ctx, `select id from accounts where platform = $1 and active and not needs_reconnection`, platform)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}
