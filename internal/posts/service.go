package posts

import (
	"context"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"posthorn/internal/accounts"
	"posthorn/internal/auth"
	"posthorn/internal/gather"
	"posthorn/internal/media"
	"posthorn/internal/platforms"
	"posthorn/internal/verdict"
)

// Accounts looks up the accounts of targets; those that do not exist, or that the principal does not reach, are missing from the answer.
type Accounts interface {
	Lookup(ctx context.Context, by auth.Principal, ids []string) (map[string]accounts.Account, error)
	InProfiles(ctx context.Context, ownerID string, profileIDs []string) ([]string, error)
	Within(ctx context.Context, tx pgx.Tx, ids []string) (map[string]accounts.Account, error)
}

// Prober measures media behind addresses before a post is accepted.
type Prober interface {
	ProbeAll(ctx context.Context, urls []string) map[string]media.Result
}

// Files keeps the uploaded files among some addresses until a post that is due at a time has been published.
type Files interface {
	Reserve(ctx context.Context, addresses []string, due time.Time) error
}

// Service is the domain of posts.
type Service struct {
	Pool      *pgxpool.Pool
	Platforms *platforms.Registry
	Accounts  Accounts
	Prober    Prober
	Files     Files // nil: there are none to be kept
	Queues    Queues
	Dialer    Dialer
	Now       func() time.Time
	Limits    verdict.Limits
	Pace      PaceLimits                              // of each account; zero: unlimited
	Budgets   func(platforms.Info) []platforms.Budget // of a platform, with the operator's limits; nil: nobody is warned of them
	Events    Events                                  // told what happens; nil: nobody is
	// ReconnectGrace is how long after its time a scheduled target waits for an account whose token is dead to be connected again; zero: it fails.
	ReconnectGrace time.Duration
	Ended          *Notifier // told when a target ends; nil tells nobody
	waiters        waiters

	once     sync.Once // makes gathered
	gathered *gather.Calls[saving, error]
}
