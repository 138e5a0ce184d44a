package posts

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"posthorn/internal/accounts"
	"posthorn/internal/auth"
	"posthorn/internal/media"
	"posthorn/internal/platforms"
	"posthorn/internal/verdict"
)

// Queue takes the work that a transaction creates: a job for each target, in that same transaction.
type Queue interface {
	Publish(ctx context.Context, tx pgx.Tx, due []Due) error
	// Reschedule moves the job of each target to its new time, earlier or later, and makes one where there is none. Each target may be
	// named once. It is called after the targets' rows were changed, while they are locked.
	Reschedule(ctx context.Context, tx pgx.Tx, due []Due) error
}

// Due is a target and when to begin with it.
type Due struct {
	TargetID string
	At       time.Time
}

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
	Queue     Queue // nil in a process that only works on targets
	Dialer    Dialer
	Now       func() time.Time
	Limits    verdict.Limits
	Pace      PaceLimits // of each account; zero: unlimited
	Events    Events     // told what happens; nil: nobody is
	Ended     *Notifier  // told when a target ends; nil tells nobody
	waiters   waiters
}
