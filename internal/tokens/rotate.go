package tokens

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"posthorn/internal/errs"
)

// resealAtOnce bounds one statement of Reseal.
const resealAtOnce = 500

// Column is where sealed values are kept. Its fields are SQL, and none comes from outside.
type Column struct {
	Table  string
	Key    string // the primary key, a single column
	Type   string // of that: "text", "bytea"
	Sealed string // the column; null: nothing is sealed there
	Bound  string // what the values are bound to: an expression over the row
}

// Columns are those of this package.
func Columns() []Column {
	return []Column{{Table: "tokens", Key: "account_id", Type: "text", Sealed: "sealed", Bound: "account_id"}}
}

// Resealed is what Reseal found.
type Resealed struct {
	Changed int // sealed anew with the first key
	Already int // sealed with it before
	Lost    int // cannot be opened with any of the keys, and was left alone
}

// Reseal seals anew with the first key what older ones have sealed, while the programs go on: a value that changes meanwhile is left as it is then,
// and whoever changes it has the first key already.
func (k *Keys) Reseal(ctx context.Context, pool *pgxpool.Pool, c Column) (r Resealed, err error) {
	defer errs.Wrap(&err, "tokens.Reseal(%s.%s)", c.Table, c.Sealed)
	next := fmt.Sprintf(`select %[2]s::%[3]s::text, %[5]s, %[4]s from %[1]s where %[4]s is not null and ($1 = '' or %[2]s > $1::%[3]s) order by %[2]s limit %[6]d`,
		c.Table, c.Key, c.Type, c.Sealed, c.Bound, resealAtOnce)
	change := fmt.Sprintf(`
		update %[1]s t set %[4]s = u.fresh from unnest($1::text[], $2::bytea[], $3::bytea[]) as u (id, old, fresh)
		where t.%[2]s = any(array(select i::%[3]s from unnest($1::text[]) i)) and t.%[2]s = u.id::%[3]s and t.%[4]s = u.old`, c.Table, c.Key, c.Type, c.Sealed)
	type row struct {
		ID, Bound string
		Sealed    []byte
	}
	for last := ""; ; {
		rows, err := pool.Query(ctx, next, last)
		if err != nil {
			return r, err
		}
		list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[row])
		if err != nil || len(list) == 0 {
			return r, err
		}
		last = list[len(list)-1].ID
		var ids []string
		var old, fresh [][]byte
		for _, x := range list {
			if k.current(x.Sealed) {
				r.Already++
				continue
			}
			plain, err := k.open(x.Sealed, x.Bound)
			if err != nil {
				r.Lost++
				continue
			}
			ids, old, fresh = append(ids, x.ID), append(old, x.Sealed), append(fresh, k.seal(plain, x.Bound))
		}
		tag, err := pool.Exec(ctx, change, ids, old, fresh)
		if err != nil {
			return r, err
		}
		r.Changed += int(tag.RowsAffected())
		r.Already += len(ids) - int(tag.RowsAffected())
	}
}

// current reports whether the first key sealed it.
func (k *Keys) current(sealed []byte) bool {
	return len(sealed) > 0 && slices.Equal(sealed[1:min(len(sealed), 1+int(sealed[0]))], []byte(k.first))
}

// First is the ID of the key that seals.
func (k *Keys) First() string { return k.first }
