package auth

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"posthorn/internal/errs"
	"posthorn/internal/id"
)

// EnsureOwner finds the owner of a name, and makes it, with its root user, when there is none.
func (s *Service) EnsureOwner(ctx context.Context, tx pgx.Tx, name string) (ownerID string, made bool, err error) {
	defer errs.Wrap(&err, "auth.EnsureOwner(%s)", name)
	err = tx.QueryRow(ctx, `select id from owners where name = $1 order by id limit 1`, name).Scan(&ownerID)
	if !errors.Is(err, pgx.ErrNoRows) {
		return ownerID, false, err
	}
	now := s.Now()
	ownerID = id.New(now)
	if _, err = tx.Exec(ctx, `insert into owners (id, name, created_at) values ($1, $2, $3)`, ownerID, name, now); err != nil {
		return "", false, err
	}
	_, err = tx.Exec(ctx, `insert into users (id, owner_id, name, role, created_at) values ($1, $1, $2, $3, $4)`, ownerID, name, RoleOwner, now)
	return ownerID, true, err
}

// SetEmail gives the root user of an owner an address, which people and keys are then shown with.
func (s *Service) SetEmail(ctx context.Context, tx pgx.Tx, ownerID, email string) (err error) {
	defer errs.Wrap(&err, "auth.SetEmail(%s)", ownerID)
	if email, err = cleanEmail(email); err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `update users set email = $2 where id = $1`, ownerID, email)
	return emailTaken(err)
}
