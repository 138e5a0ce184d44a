package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/rs/zerolog"

	"posthorn/internal/app"
	"posthorn/internal/auth"
	"posthorn/internal/config"
	"posthorn/internal/platforms"
	"posthorn/internal/postgres"
	"posthorn/internal/tokens"
)

const targets = 3 // of every post

// system is a database with one owner, and the api on it.
type system struct {
	env      []string
	database string
	base     string
	key      string
	owner    string
	accounts [targets]string
	instants []string // the accounts at instant
	far      *farSide
	onePost  string
	next     atomic.Int64
}

// prepare migrates the database and makes an owner with accounts.
func prepare(ctx context.Context, dir, database string) (*system, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	addr := l.Addr().String()
	if err := l.Close(); err != nil {
		return nil, err
	}
	s := &system{database: database, base: "http://" + addr, key: auth.NewKey()}
	if s.far, err = newFarSide(); err != nil {
		return nil, err
	}
	s.env = []string{"DATABASE_URL=" + database, "POSTHORN_ADDR=" + addr, "POSTHORN_MASTER_KEYS=" + tokens.NewKey("k1"), "POSTHORN_DATA_DIR=" + dir,
		"POSTHORN_LOG_LEVEL=error", "POSTHORN_API_RATE_LIMIT=0", "POSTHORN_VELOCITY_LIMIT=0", "POSTHORN_DAILY_CAPS=*=0", "POSTHORN_PLATFORM_GATEWAY=" + s.far.url}
	pool, err := postgres.Open(ctx, database)
	if err != nil {
		return nil, err
	}
	defer pool.Close()
	if _, err := postgres.Migrate(ctx, pool); err != nil {
		return nil, err
	}
	c, err := config.Load(func(name string) string {
		for _, kv := range s.env {
			if len(kv) > len(name) && kv[:len(name)+1] == name+"=" {
				return kv[len(name)+1:]
			}
		}
		return ""
	}, false)
	if err != nil {
		return nil, err
	}
	a, err := app.Open(ctx, c, zerolog.Nop(), "bench", 2)
	if err != nil {
		return nil, err
	}
	defer a.Close()
	return s, postgres.InTx(ctx, pool, func(tx pgx.Tx) error { return s.seed(ctx, tx, a) })
}

func (s *system) seed(ctx context.Context, tx pgx.Tx, a *app.App) (err error) {
	if s.owner, _, err = a.Auth.EnsureOwner(ctx, tx, "bench"); err != nil {
		return err
	}
	if err := a.Auth.StoreKey(ctx, tx, s.owner, "bench", s.key); err != nil {
		return err
	}
	profile, err := a.Accounts.EnsureDefaultProfile(ctx, tx, s.owner)
	if err != nil {
		return err
	}
	for i := range s.accounts {
		s.accounts[i], err = a.Accounts.Connect(ctx, tx, s.owner, profile, "bluesky", platforms.Account{RemoteID: fmt.Sprintf("did:plc:%d", i), Username: fmt.Sprintf("bench%d.test", i)},
			platforms.Token{Access: platforms.NewSecret("none")})
		if err != nil {
			return err
		}
	}
	for i := range 100 {
		account, err := a.Accounts.Connect(ctx, tx, s.owner, profile, "instant", platforms.Account{RemoteID: fmt.Sprint(i), Username: fmt.Sprint("instant", i)},
			platforms.Token{Access: platforms.NewSecret("none")})
		if err != nil {
			return err
		}
		s.instants = append(s.instants, account)
	}
	return nil
}

// fill makes posts that were published long ago, one a minute, straight in the tables.
func (s *system) fill(ctx context.Context, posts int) error {
	pool, err := pgxpool.New(ctx, s.database)
	if err != nil {
		return err
	}
	defer pool.Close()
	begun := time.Now()
	const id = `lpad(to_hex(1700000000 + i), 8, '0') || lpad(to_hex(i), 16, '0')`
	for _, q := range []string{
		`insert into posts (id, owner_id, user_id, content, scheduled_for, published_at, status, created_at, updated_at, platforms)
			select ` + id + `, $1, $1, 'post number ' || i, at, at, 'published', at, at, '{bluesky}'
			from (select i, timestamptz '2024-01-01' + i * interval '1 minute' as at from generate_series(1, $2::int) i) n`,
		`insert into targets (id, owner_id, post_id, position, platform, account_id, status, open, next_at, remote_id, remote_url, published_at, created_at, updated_at)
			select lpad(to_hex(1700000000 + i), 8, '0') || lpad(to_hex(i * 4 + k), 16, '0'), $1, ` + id + `, k, 'bluesky', ($3::text[])[k + 1], 'published', false, at, 'at://' || i,
				'https://example.com/' || i, at, at, at
			from (select i, timestamptz '2024-01-01' + i * interval '1 minute' as at from generate_series(1, $2::int) i) n, generate_series(0, 2) k`,
	} {
		args := []any{s.owner, posts, s.accounts[:]}
		if _, err := pool.Exec(ctx, q, args[:countParams(q)]...); err != nil {
			return fmt.Errorf("filling the tables: %w", err)
		}
	}
	if _, err := pool.Exec(ctx, `vacuum (analyze) posts, targets`); err != nil {
		return err
	}
	if err := pool.QueryRow(ctx, `select id from posts order by id limit 1 offset $1`, posts/2).Scan(&s.onePost); err != nil {
		return err
	}
	fmt.Printf("filled the tables with %d posts in %v\n", posts, time.Since(begun).Round(time.Second))
	return nil
}

// countParams is how many parameters a statement takes.
func countParams(q string) (n int) {
	for i := range len(q) - 1 {
		if q[i] == '$' && q[i+1] >= '1' && q[i+1] <= '9' {
			n = max(n, int(q[i+1]-'0'))
		}
	}
	return n
}

// create is a post of three targets for a time far ahead, unlike any other.
func (s *system) create(n int64) call {
	type target struct {
		Platform  string `json:"platform"`
		AccountID string `json:"accountId"`
	}
	body := struct {
		Content      string          `json:"content"`
		ScheduledFor string          `json:"scheduledFor"`
		Platforms    [targets]target `json:"platforms"`
	}{Content: fmt.Sprintf("A post as people write them, with a few words and a link: https://example.com/%d", n),
		ScheduledFor: time.Date(2100, 1, 1, 0, 0, int(n), 0, time.UTC).Format(time.RFC3339)}
	for i, id := range s.accounts {
		body.Platforms[i] = target{"bluesky", id}
	}
	raw, err := json.Marshal(body)
	if err != nil {
		panic(err) // texts encode
	}
	return call{method: http.MethodPost, path: "/v1/posts", body: raw}
}

// process is the running api.
type process struct{ cmd *exec.Cmd }

// start runs a server, the api or bare, and waits until it answers.
func (s *system) start(ctx context.Context, dir, role string) (*process, error) {
	cmd := exec.CommandContext(ctx, filepath.Join(dir, "bench"))
	cmd.Env = append(append(os.Environ(), s.env...), "POSTHORN_BENCH_ROLE="+role)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{cmd}
	for range 200 {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.base+"/healthz", nil)
		if err != nil {
			return nil, errors.Join(err, p.stop())
		}
		resp, err := http.DefaultClient.Do(req)
		if err == nil {
			resp.Body.Close()
			return p, nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	return nil, errors.Join(errors.New("the api did not start"), p.stop())
}

func (p *process) stop() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	return p.cmd.Wait()
}
