// Package http is the wire contract: routes, authentication, validation and rendering. It holds no SQL and no rules of publishing.
package http

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/go-chi/chi/v5"
	"github.com/rs/zerolog"

	"posthorn"
	"posthorn/internal/accounts"
	"posthorn/internal/auth"
	"posthorn/internal/platforms"
	"posthorn/internal/posts"
)

// Publisher takes new posts.
type Publisher interface {
	Create(ctx context.Context, by auth.Principal, p posts.NewPost) (posts.Created, error)
	// Await waits until nothing more will happen to a post within the given time, and returns it as it stands then.
	Await(ctx context.Context, by auth.Principal, postID string, longest time.Duration) (posts.Post, error)
}

// PostReader reads posts. One that does not exist, or that the principal does not reach, is NotFound.
type PostReader interface {
	Get(ctx context.Context, by auth.Principal, postID string) (posts.Post, error)
	List(ctx context.Context, by auth.Principal, f posts.Filter) (list []posts.Post, total int, err error)
}

// PostKeeper removes posts and tells their history.
type PostKeeper interface {
	Delete(ctx context.Context, by auth.Principal, postID string) error
	Timeline(ctx context.Context, by auth.Principal, postID string) ([]posts.Step, error)
}

// Posts is the domain of posts.
type Posts interface {
	Publisher
	PostReader
	PostKeeper
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

// Authenticator finds who stands behind an API key; for one that is unknown or expired it fails with Unauthorized.
type Authenticator interface {
	Authenticate(ctx context.Context, key string) (auth.Principal, error)
}

// Health checks what the server needs. The answer has an entry for each check, nil when it passed. The text of an *errs.Error is shown to
// anyone; any other error is logged, and shown as "failed".
type Health interface {
	Check(ctx context.Context) map[string]error
}

// Config is what a Server is made of. All fields without a default are required.
type Config struct {
	Posts         Posts
	Accounts      Accounts
	Webhooks      Webhooks
	Keys          Authenticator
	People        People
	Platforms     *platforms.Registry
	Health        Health
	Media         http.Handler // serves /media/*; nil: there is none
	Log           zerolog.Logger
	Now           func() time.Time
	PublicURL     string           // how the world reaches this server, for links; without a slash at the end
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
	cfg       Config
	doc       *openapi3.T
	docJSON   []byte
	platforms []byte // the answer of listPlatforms, which never changes
	router    *chi.Mux
	stop      sync.Once
	stopping  chan struct{} // closed by Stop
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
	s := &Server{cfg: cfg, stopping: make(chan struct{})}
	if err := s.load(); err != nil {
		return nil, fmt.Errorf("http: openapi.yaml: %w", err)
	}
	list, err := describe(cfg.Platforms)
	if err != nil {
		return nil, fmt.Errorf("http: platforms: %w", err)
	}
	if s.platforms, err = encode(list); err != nil {
		return nil, fmt.Errorf("http: platforms: %w", err)
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
	if s.doc, err = openapi3.NewLoader().LoadFromData(posthorn.OpenAPI); err != nil {
		return err
	}
	if err := s.doc.Validate(context.Background()); err != nil {
		return err
	}
	s.docJSON, err = encode(s.doc)
	return err
}
