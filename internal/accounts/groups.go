package accounts

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"posthorn/internal/auth"
	"posthorn/internal/errs"
	"posthorn/internal/id"
	"posthorn/internal/postgres"
)

// maxMembers is the most accounts of one group.
const maxMembers = 1000

// Group is a named set of an owner's accounts, of any profiles. A principal of some profiles sees those that lie in them altogether.
type Group struct {
	ID         string
	OwnerID    string
	Name       string
	CreatedBy  string // a user
	CreatedAt  time.Time
	UpdatedAt  time.Time
	AccountIDs []string // in the order they were given
}

// GroupChange is what is to be different about a group; nil leaves a field alone.
type GroupChange struct {
	Name       *string
	AccountIDs []string
}

const groupColumns = `g.id, g.owner_id, g.name, g.created_by, g.created_at, g.updated_at,
	array(select m.account_id from account_group_members m where m.group_id = g.id order by m.position)`

// groupInReach is the condition under which a principal of the owner $1 and the profiles $2 sees a group.
const groupInReach = `g.owner_id = $1 and ($2::text[] is null or not exists (
	select from account_group_members m join accounts a on a.id = m.account_id where m.group_id = g.id and a.profile_id <> all($2)))`

// Groups lists an owner's groups, oldest first.
func (s *Service) Groups(ctx context.Context, by auth.Principal) (list []Group, err error) {
	defer errs.Wrap(&err, "accounts.Groups")
	rows, err := s.Pool.Query(ctx, `select `+groupColumns+` from account_groups g where `+groupInReach+` order by g.created_at, g.id`, by.OwnerID, by.Profiles)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Group])
}

// CreateGroup makes a group. A name that the owner has already is a Conflict; of two at once one is made.
func (s *Service) CreateGroup(ctx context.Context, by auth.Principal, name string, accountIDs []string) (g Group, err error) {
	defer errs.Wrap(&err, "accounts.CreateGroup")
	if name, err = cleanName("name", name); err != nil {
		return Group{}, err
	}
	if accountIDs, err = s.members(ctx, by, accountIDs); err != nil {
		return Group{}, err
	}
	now := s.Now()
	g = Group{ID: id.New(now), OwnerID: by.OwnerID, Name: name, CreatedBy: by.UserID, CreatedAt: now, UpdatedAt: now, AccountIDs: accountIDs}
	err = postgres.InTx(ctx, s.Pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `insert into account_groups (id, owner_id, name, created_by, created_at, updated_at) values ($1, $2, $3, $4, $5, $5)`,
			g.ID, g.OwnerID, g.Name, g.CreatedBy, now); err != nil {
			return err
		}
		return storeMembers(ctx, tx, g.ID, accountIDs)
	})
	return g, groupNameTaken(err)
}

// UpdateGroup changes a group. One that does not exist, or that the principal does not see, is NotFound.
func (s *Service) UpdateGroup(ctx context.Context, by auth.Principal, groupID string, c GroupChange) (g Group, err error) {
	defer errs.Wrap(&err, "accounts.UpdateGroup(%s)", groupID)
	if c.Name == nil && c.AccountIDs == nil {
		return Group{}, &errs.Error{Code: errs.Invalid, Wire: "missing_required_field", Message: "Send at least one of name and accountIds"}
	}
	if c.Name != nil {
		name, err := cleanName("name", *c.Name)
		if err != nil {
			return Group{}, err
		}
		c.Name = &name
	}
	if c.AccountIDs != nil {
		if c.AccountIDs, err = s.members(ctx, by, c.AccountIDs); err != nil {
			return Group{}, err
		}
	}
	err = postgres.InTx(ctx, s.Pool, func(tx pgx.Tx) error {
		if g, err = lockGroup(ctx, tx, by, groupID); err != nil {
			return err
		}
		if c.Name != nil {
			g.Name = *c.Name
		}
		g.UpdatedAt = s.Now()
		if _, err := tx.Exec(ctx, `update account_groups set name = $2, updated_at = $3 where id = $1`, g.ID, g.Name, g.UpdatedAt); err != nil {
			return err
		}
		if c.AccountIDs == nil {
			return nil
		}
		g.AccountIDs = c.AccountIDs
		if _, err := tx.Exec(ctx, `delete from account_group_members where group_id = $1`, g.ID); err != nil {
			return err
		}
		return storeMembers(ctx, tx, g.ID, g.AccountIDs)
	})
	return g, groupNameTaken(err)
}

// DeleteGroup removes a group; its accounts stay.
func (s *Service) DeleteGroup(ctx context.Context, by auth.Principal, groupID string) (err error) {
	defer errs.Wrap(&err, "accounts.DeleteGroup(%s)", groupID)
	return postgres.InTx(ctx, s.Pool, func(tx pgx.Tx) error {
		if _, err := lockGroup(ctx, tx, by, groupID); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `delete from account_groups where id = $1`, groupID)
		return err
	})
}

// lockGroup locks a group and then reads it, so that what another has done to its accounts meanwhile is seen.
func lockGroup(ctx context.Context, tx pgx.Tx, by auth.Principal, groupID string) (g Group, err error) {
	notFound := &errs.Error{Code: errs.NotFound, Message: "Account group not found"}
	if !id.Valid(groupID) {
		return Group{}, notFound
	}
	if _, err := tx.Exec(ctx, `select from account_groups where owner_id = $1 and id = $2 for update`, by.OwnerID, groupID); err != nil {
		return Group{}, err
	}
	rows, err := tx.Query(ctx, `select `+groupColumns+` from account_groups g where `+groupInReach+` and g.id = $3`, by.OwnerID, by.Profiles, groupID)
	if err != nil {
		return Group{}, err
	}
	g, err = pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[Group])
	if errors.Is(err, pgx.ErrNoRows) {
		return Group{}, notFound
	}
	return g, err
}

// members are the accounts of a group without repeats. Each must be one that the principal reaches.
func (s *Service) members(ctx context.Context, by auth.Principal, accountIDs []string) ([]string, error) {
	found, err := s.Lookup(ctx, by, accountIDs)
	if err != nil {
		return nil, err
	}
	list, seen := []string{}, map[string]bool{}
	for i, accountID := range accountIDs {
		if _, ok := found[accountID]; !ok {
			return nil, &errs.Error{Code: errs.Invalid, Field: "accountIds", Rule: "group.foreign_account", Message: fmt.Sprintf("accountIds[%d] is not the ID of one of your accounts", i)}
		}
		if !seen[accountID] {
			list, seen[accountID] = append(list, accountID), true
		}
	}
	if len(list) == 0 || len(list) > maxMembers {
		return nil, errs.Fieldf("accountIds", "accountIds must name from 1 to %d accounts", maxMembers)
	}
	return list, nil
}

func storeMembers(ctx context.Context, tx pgx.Tx, groupID string, accountIDs []string) error {
	_, err := tx.Exec(ctx, `insert into account_group_members (group_id, position, account_id) select $1, m.position, m.account_id from unnest($2::text[]) with ordinality m (account_id, position)`,
		groupID, accountIDs)
	return err
}

func groupNameTaken(err error) error {
	if postgres.IsUnique(err, "account_groups_name") {
		return &errs.Error{Code: errs.Conflict, Field: "name", Rule: "group.name_taken", Message: "There is an account group of this name already: choose another name", Err: err}
	}
	return err
}
