package media

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"posthorn/internal/errs"
	"posthorn/internal/postgres"
)

const (
	sweepAtOnce = 500
	strayAge    = 24 * time.Hour      // a temporary file this old belongs to no upload that is still under way
	probeLife   = 60 * 24 * time.Hour // how long what was found in a file is remembered after it was last asked for
)

// Sweep removes uploads that never came to an end, files whose time is over, and what probing found in files that nobody asks for any
// more. Several processes may do it at once.
func (u *Uploads) Sweep(ctx context.Context) (err error) {
	defer errs.Wrap(&err, "media.Sweep")
	now := u.Now()
	_, probes := u.Pool.Exec(ctx, `delete from media_probes where seen_at < $1`, now.Add(-probeLife))
	return errors.Join(
		u.sweepFiles(ctx, `kept_at is null and open_until < $1`, now),
		u.sweepFiles(ctx, `expires_at < $1`, now),
		u.sweepTries(ctx, now),
		u.sweepMade(ctx, now), probes, u.Store.sweepStrays(now))
}

// sweepFiles removes the files that meet a condition. A file written straight to the store is taken in where it can be used, even though
// nobody has asked for it yet: its upload is not half done.
func (u *Uploads) sweepFiles(ctx context.Context, condition string, now time.Time) error {
	for {
		rows, err := u.Pool.Query(ctx, `select key, objects, declared, kept_at is null from media_files where `+condition+` limit 500`, now)
		if err != nil {
			return err
		}
		type ending struct {
			Key      string
			Objects  []string
			Declared string
			Waiting  bool
		}
		list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[ending])
		if err != nil || len(list) == 0 {
			return err
		}
		for _, e := range list {
			if e.Waiting && len(e.Objects) == 1 && e.Objects[0] == e.Key {
				switch _, err := u.discover(ctx, e.Key, e.Declared); {
				case err == nil:
					continue
				case !errors.Is(err, ErrNoFile):
					return err
				}
			}
			if err := u.discard(ctx, e.Key, condition, now); err != nil {
				return err
			}
		}
		if len(list) < sweepAtOnce {
			return nil
		}
	}
}

// discard removes a file that still meets a condition: a post may have reserved it meanwhile. Its row is locked until its bytes are gone, so
// that a failure leaves both.
func (u *Uploads) discard(ctx context.Context, key, condition string, now time.Time) error {
	return postgres.InTx(ctx, u.Pool, func(tx pgx.Tx) error {
		var objects []string
		err := tx.QueryRow(ctx, `delete from media_files where key = $2 and `+condition+` returning objects`, now, key).Scan(&objects)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		for _, object := range objects {
			err = errors.Join(err, u.Store.remove(ctx, object))
		}
		return err
	})
}

// sweepTries removes what lost uploads to an address left in the store beside the one that counts.
func (u *Uploads) sweepTries(ctx context.Context, now time.Time) error {
	rows, err := u.Pool.Query(ctx, `select key, object, objects from media_files where kept_at is not null and cardinality(objects) > 1 and open_until < $1 limit $2`, now, sweepAtOnce)
	if err != nil {
		return err
	}
	var key, object string
	var objects []string
	lost := map[string][]string{}
	if _, err := pgx.ForEachRow(rows, []any{&key, &object, &objects}, func() error {
		for _, o := range objects {
			if o != object {
				lost[key] = append(lost[key], o)
			}
		}
		return nil
	}); err != nil {
		return err
	}
	for key, objects := range lost {
		for _, o := range objects {
			if err := u.Store.remove(ctx, o); err != nil {
				return err
			}
		}
		if _, err := u.Pool.Exec(ctx, `update media_files set objects = array[object] where key = $1`, key); err != nil {
			return err
		}
	}
	return nil
}

func (u *Uploads) sweepMade(ctx context.Context, now time.Time) error {
	rows, err := u.Pool.Query(ctx, `delete from media_made where expires_at < $1 returning key`, now)
	if err != nil {
		return err
	}
	keys, err := pgx.CollectRows(rows, pgx.RowTo[string])
	for _, key := range keys {
		err = errors.Join(err, u.Store.remove(ctx, key))
	}
	return err
}

// sweepStrays removes the temporary files in a folder whose writer died.
func (s *Store) sweepStrays(now time.Time) error {
	if s.folder == "" {
		return nil
	}
	return filepath.WalkDir(s.folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			if errors.Is(err, fs.ErrNotExist) { // another process sweeps too
				return nil
			}
			return err
		}
		if d.IsDir() || !strings.HasSuffix(path, ".tmp") {
			return nil
		}
		if info, err := d.Info(); err != nil || now.Sub(info.ModTime()) < strayAge {
			return nil
		}
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	})
}
