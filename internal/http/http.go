// Package http is the wire contract: routes, authentication, validation and rendering. It holds no SQL and no rules of publishing.
package http

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/go-chi/chi/v5"
	"github.com/rs/zerolog"

	"posthorn/internal/accounts"
	"posthorn/internal/apilimit"
	"posthorn/internal/auth"
	"posthorn/internal/budget"
	"posthorn/internal/bulk"
	"posthorn/internal/logs"
	"posthorn/internal/media"
	"posthorn/internal/openapi"
	"posthorn/internal/platforms"
	"posthorn/internal/posts"
	"posthorn/internal/queues"
	"posthorn/internal/rules"
	"posthorn/internal/subreddit"
	"posthorn/internal/usage"
)

// Publisher takes new posts.
type Publisher interface {
	Create(ctx context.Context, by auth.Principal, p posts.NewPost) (posts.Created, error)
	DryRun(ctx context.Context, by auth.Principal, p posts.NewPost) ([]posts.DryRunVerdict, error)
	// Await waits until nothing more will happen to a post within the given time, and returns it as it stands then.
	Await(ctx context.Context, by auth.Principal, postID string, longest time.Duration) (posts.Post, error)
}

// PostReader reads posts. One that does not exist, or that the principal does not reach, is NotFound.
type PostReader interface {
	Get(ctx context.Context, by auth.Principal, postID string) (posts.Post, error)
	List(ctx context.Context, by auth.Principal, f posts.Filter) (list []posts.Post, total int, err error)
	Upcoming(ctx context.Context, accountID string, within time.Duration) (int, error)
}

// PostKeeper removes posts and tells their history.
type PostKeeper interface {
	Delete(ctx context.Context, by auth.Principal, postID string) error
	Timeline(ctx context.Context, by auth.Principal, postID string) ([]posts.Step, error)
}

// PostChanger changes posts that are not published. One that does not exist, or that the principal does not reach, is NotFound.
type PostChanger interface {
	Update(ctx context.Context, by auth.Principal, postID string, c posts.Change) (posts.Created, error)
	Retry(ctx context.Context, by auth.Principal, postID string) (posts.Post, error)
	Duplicate(ctx context.Context, by auth.Principal, postID string) (posts.Created, error)
}

// PostRemote changes what is published already. What a platform refuses is a *platforms.Error.
type PostRemote interface {
	Unpublish(ctx context.Context, by auth.Principal, postID, platform string) error
	Edit(ctx context.Context, by auth.Principal, postID string, n posts.NewText) (platforms.Remote, error)
	UpdateMetadata(ctx context.Context, by auth.Principal, u posts.VideoUpdate) (fields []string, videoID string, err error)
}

// CreatorReader asks a platform what an account's posts may be now. What it refuses is a *platforms.Error.
type CreatorReader interface {
	Creator(ctx context.Context, by auth.Principal, platform, accountID string) (platforms.Creator, error)
}

// Bulk makes posts of the rows of a CSV file.
type Bulk interface {
	Upload(ctx context.Context, by auth.Principal, file []byte, dryRun bool) (bulk.Result, error)
}

// PostChecker says what is wrong with a post, and how long a text or a file may be, without storing anything.
type PostChecker interface {
	Validate(ctx context.Context, p posts.NewPost) (posts.Checked, error)
	Lengths(text string) []posts.Length
	FileLimits(t platforms.MediaType) map[string]int64
}

// Posts is the domain of posts.
type Posts interface {
	Publisher
	PostChanger
	PostReader
	PostKeeper
	PostRemote
	PostChecker
	CreatorReader
}

// MediaLooker says what lies at an address. Its error is a *media.Fault where the address or the file is at fault.
type MediaLooker interface {
	Look(ctx context.Context, address string) (media.Look, error)
}

// Subreddits looks subreddits up; false when there is none of that name.
type Subreddits interface {
	Look(ctx context.Context, name string) (a subreddit.About, found bool, err error)
}

// Uploads takes files in.
type Uploads interface {
	Presign(ctx context.Context, by auth.Principal, n media.NewUpload) (media.Upload, error)
	Receive(ctx context.Context, key, token string, size int64, body io.Reader) (media.File, error)
	Take(ctx context.Context, by auth.Principal, filename, declared string, body io.Reader) (media.File, error)
	Drop(ctx context.Context, f media.File) error
}

// AccountReader reads accounts and profiles, and how many there are in all.
type AccountReader interface {
	List(ctx context.Context, by auth.Principal, f accounts.Filter) ([]accounts.Account, int, error)
	Profiles(ctx context.Context, by auth.Principal, f accounts.ProfileFilter) ([]accounts.Profile, int, error)
}

// ProfileKeeper reads and changes profiles. One that does not exist, or that the principal does not reach, is NotFound.
type ProfileKeeper interface {
	Profile(ctx context.Context, by auth.Principal, profileID string) (accounts.Profile, error)
	CreateProfile(ctx context.Context, by auth.Principal, n accounts.NewProfile) (accounts.Profile, error)
	UpdateProfile(ctx context.Context, by auth.Principal, profileID string, c accounts.ProfileChange) (accounts.Profile, error)
	DeleteProfile(ctx context.Context, by auth.Principal, profileID string) error
}

// AccountKeeper changes accounts. One that does not exist, or that the principal does not reach, is NotFound.
type AccountKeeper interface {
	Update(ctx context.Context, by auth.Principal, accountID string, c accounts.Change) (accounts.Account, error)
	Move(ctx context.Context, by auth.Principal, accountID, profileID string) error
	Disconnect(ctx context.Context, by auth.Principal, accountID string) error
}

// AccountDoctor tells how accounts stand.
type AccountDoctor interface {
	Health(ctx context.Context, by auth.Principal, accountID string) (accounts.Health, error)
	AccountBudgets(ctx context.Context, by auth.Principal, accountID string) (accounts.Account, []budget.State, error)
	AllHealth(ctx context.Context, by auth.Principal, f accounts.HealthFilter) ([]accounts.Health, accounts.HealthSummary, error)
}

// GroupKeeper keeps account groups. One that does not exist, or that the principal does not see, is NotFound.
type GroupKeeper interface {
	Groups(ctx context.Context, by auth.Principal) ([]accounts.Group, error)
	CreateGroup(ctx context.Context, by auth.Principal, name string, accountIDs []string) (accounts.Group, error)
	UpdateGroup(ctx context.Context, by auth.Principal, groupID string, c accounts.GroupChange) (accounts.Group, error)
	DeleteGroup(ctx context.Context, by auth.Principal, groupID string) error
}

// Connector connects accounts by what their users type. An empty profileID is the default profile.
type Connector interface {
	ConnectCredentials(ctx context.Context, by auth.Principal, profileID, platform string, fields map[string]platforms.Secret) (accounts.Account, error)
}

// Accounts is the domain of accounts.
type Accounts interface {
	AccountReader
	ProfileKeeper
	AccountKeeper
	AccountDoctor
	GroupKeeper
	Connector
}

// Users keeps the people of an owner. One that does not exist, or that the principal does not see, is NotFound.
type Users interface {
	Users(ctx context.Context, by auth.Principal) ([]auth.User, error)
	User(ctx context.Context, by auth.Principal, userID string) (auth.User, error)
	RemoveUser(ctx context.Context, by auth.Principal, userID string) error
}

// Invites invites people and takes them in. A token that is unknown is NotFound, one that is used or too old is Gone.
type Invites interface {
	Invite(ctx context.Context, by auth.Principal, n auth.NewInvite) (auth.Invite, error)
	OpenInvite(ctx context.Context, token string) (auth.Invite, error)
	Join(ctx context.Context, j auth.Joining) (auth.User, auth.APIKey, error)
}

// Keys keeps API keys.
type Keys interface {
	Keys(ctx context.Context, by auth.Principal) ([]auth.APIKey, error)
	CreateKey(ctx context.Context, by auth.Principal, n auth.NewAPIKey) (auth.APIKey, error)
	DeleteKey(ctx context.Context, by auth.Principal, keyID string) error
}

// Devices logs in programs that have no browser. A login that has expired or is over is Gone.
type Devices interface {
	StartDevice(ctx context.Context, name string) (auth.DeviceLogin, error)
	PollDevice(ctx context.Context, code string) (auth.DeviceState, platforms.Secret, error)
	FindDevice(ctx context.Context, by auth.Principal, userCode string) (auth.Device, error)
	DecideDevice(ctx context.Context, ticket string, letIn bool) (name string, err error)
}

// People is the domain of people and of what they identify themselves with.
type People interface {
	Users
	Invites
	Keys
	Devices
}

// Queues is the domain of queues. A profile or a queue that does not exist, or that the principal does not reach, is NotFound; an empty
// queueID is the profile's default queue, but all of its queues to Delete.
type Queues interface {
	List(ctx context.Context, by auth.Principal, profileID string) ([]queues.Queue, error)
	Find(ctx context.Context, by auth.Principal, profileID, queueID string) (queues.Queue, error)
	NextSlot(ctx context.Context, by auth.Principal, profileID, queueID string) (queues.Queue, time.Time, error)
	Create(ctx context.Context, by auth.Principal, in queues.Settings) (queues.Queue, error)
	Update(ctx context.Context, by auth.Principal, c queues.Change) (queues.Changed, error)
	Delete(ctx context.Context, by auth.Principal, profileID, queueID string) (int, error)
}

// Authenticator finds who stands behind an API key; for one that is unknown or expired it fails with Unauthorized.
type Authenticator interface {
	Authenticate(ctx context.Context, key string) (auth.Principal, error)
}

// Limiter says whether an owner may make one more request now.
type Limiter interface {
	Take(ctx context.Context, ownerID string) (apilimit.Decision, error)
	// Base is what callers are told of whom nobody knows yet whom they act for.
	Base() apilimit.Decision
}

// Recorder takes entries of the log that customers read. It never waits.
type Recorder interface{ Add(e logs.Entry) }

// LogReader reads that log.
type LogReader interface {
	List(ctx context.Context, by auth.Principal, f logs.Filter) (logs.Page, error)
	CallsOf(ctx context.Context, accountID string, since time.Time) ([]logs.Calls, error)
}

// Meter tells what an owner has used, and what that costs.
type Meter interface {
	Report(ctx context.Context, by auth.Principal, q usage.Query) (usage.Report, error)
}

// Health checks what the server needs. The answer has an entry for each check, nil when it passed. The text of an *errs.Error is shown to
// anyone; any other error is logged, and shown as "failed".
type Health interface {
	Check(ctx context.Context) map[string]error
}

// Config is what a Server is made of. All fields without a default are required.
type Config struct {
	Posts         Posts
	Bulk          Bulk
	Accounts      Accounts
	Connect       Connecter
	Queues        Queues
	Webhooks      Webhooks
	Keys          Authenticator
	People        People
	Idempotency   Idempotency
	Platforms     *platforms.Registry
	PublicURL     string // how the world reaches the server, for links to its own pages; without a slash at the end
	Health        Health
	MediaLooker   MediaLooker
	Subreddits    Subreddits
	Logs          LogReader
	Usage         Meter
	Limiter       Limiter      // nil: callers are not limited
	Record        Recorder     // nil: requests are not recorded for customers
	Media         http.Handler // serves /media/*; nil: there is none
	Uploads       Uploads
	Log           zerolog.Logger
	Now           func() time.Time
	Brand         Brand            // of the pages
	Portraits     Portraits        // nil: the pages show no pictures of accounts
	PublishWait   time.Duration    // how long a request waits for its post to be published; zero: 50 s
	MaxBody       int64            // bytes; zero: 10 MB
	IsUnavailable func(error) bool // says that an error means "try again later"; nil: none does
}

// The defaults of Config.
const (
	defaultPublishWait = 50 * time.Second
	defaultMaxBody     = 10 << 20
)

// Server answers the API. It is an http.Handler.
type Server struct {
	cfg         Config
	description *openapi.Description
	doc         *openapi3.T // openapi.yaml itself
	platforms   []byte      // the answer of listPlatforms, which never changes
	options     optionNames
	rules       *rules.Book
	look        look
	router      *chi.Mux
	stop        sync.Once
	stopping    chan struct{} // closed by Stop
}

// New makes a Server. It fails when openapi.yaml and the handlers do not fit together.
func New(cfg Config) (*Server, error) {
	if cfg.PublishWait <= 0 {
		cfg.PublishWait = defaultPublishWait
	}
	if cfg.MaxBody <= 0 {
		cfg.MaxBody = defaultMaxBody
	}
	if cfg.IsUnavailable == nil {
		cfg.IsUnavailable = func(error) bool { return false }
	}
	s := &Server{cfg: cfg, options: namesOfOptions(cfg.Platforms), stopping: make(chan struct{})}
	if err := s.load(); err != nil {
		return nil, fmt.Errorf("http: %w", err)
	}
	list, err := describe(cfg.Platforms)
	if err != nil {
		return nil, fmt.Errorf("http: platforms: %w", err)
	}
	if s.platforms, err = encode(list); err != nil {
		return nil, fmt.Errorf("http: platforms: %w", err)
	}
	if s.rules, err = rules.New(cfg.Platforms); err != nil {
		return nil, fmt.Errorf("http: %w", err)
	}
	if s.look, err = newLook(cfg.Brand); err != nil {
		return nil, fmt.Errorf("http: pages: %w", err)
	}
	if err := s.route(); err != nil {
		return nil, fmt.Errorf("http: %w", err)
	}
	return s, nil
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.router.ServeHTTP(w, r) }

// load reads the description.
func (s *Server) load() (err error) {
	if s.description, err = openapi.Load(); err != nil {
		return err
	}
	s.doc, err = openapi.Source()
	return err
}
