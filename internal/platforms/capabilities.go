package platforms

import (
	"context"
	"net/http"
	"slices"
	"time"
)

// A CredentialConnector connects an account by what its user types: an app password, a bot token.
type CredentialConnector interface {
	// Login checks the fields with the platform and returns the token and the accounts it opens. A wrong password is Unauthorized.
	Login(ctx context.Context, c *Conn, fields map[string]Secret) (Token, []Account, error)
}

// A Refresher renews tokens. The caller holds the account's row lock, and stores the result before anything uses it.
// Unauthorized means that the token is dead and the user must reconnect.
type Refresher interface {
	Refresh(ctx context.Context, c *Conn) (Token, error)
}

// A Validator finds the faults that Rules cannot say. It makes no remote call.
type Validator interface {
	Validate(c Content) []Problem
}

// A Renewer wants its tokens refreshed long before their end, since one that has ended cannot be.
type Renewer interface {
	Refresher
	// RenewBefore is how long before its end a token is refreshed, whether it is used or not.
	RenewBefore() time.Duration
}

// A UsageReader reads a platform's own account of how much of a budget is used off an answer's header.
type UsageReader interface {
	// Usage reports false when the header says nothing.
	Usage(h http.Header) (Usage, bool)
}

// An AppChooser has more than one registration with its platform, one per kind of login.
type AppChooser interface {
	// AppName is the name of the registration that an account was connected through: "instagram", "facebook". The operator's settings
	// POSTHORN_<NAME>_CLIENT_ID and so on follow from it.
	AppName(a Account) string
}

// A Deleter takes published posts away.
type Deleter interface {
	// Delete removes a post and what was published with it. One that is gone already is a success, so that a call may be repeated.
	Delete(ctx context.Context, c *Conn, x Existing) error
}

// An Editor changes the text of published posts.
type Editor interface {
	// Edit gives a post another text and returns its name after that, which may be a new one. What the platform's rules of editing
	// forbid it refuses before it sends anything, as Rejected with Field "content"; the text fits the rules of new posts already.
	Edit(ctx context.Context, c *Conn, e Edit) (Remote, error)
}

// A MetadataEditor changes what a video's page says of it.
type MetadataEditor interface {
	// UpdateMetadata sets what is given of a video, which may be one that was not published here. It may be repeated.
	UpdateMetadata(ctx context.Context, c *Conn, videoID string, m Metadata) error
}

// Existing is a post that is out.
type Existing struct {
	Remote  Remote
	Content Content // what was published, as it is known now
	State   State   // the last one of the target that published it, which may tell of more: the further posts of a thread
}

// Edit is a new text for a post that is out.
type Edit struct {
	Existing
	Text string
	// InDoubt says that an earlier edit never reported back, or could not know: the post may say something else than Content does.
	InDoubt bool
}

// Metadata is what a video's page says of it. What is nil or empty stays as it is.
type Metadata struct {
	Title         string
	Description   *string
	Tags          *[]string
	CategoryID    string
	Privacy       string // "public", "private", "unlisted"
	ThumbnailURL  string
	MadeForKids   *bool
	SyntheticWork *bool  // made with AI, and could be taken for real
	PlaylistID    string // a playlist to put it into
}

// A ScopeLister lets its users choose what they permit. A platform whose credentials permit everything or nothing is none.
type ScopeLister interface {
	// Scopes are what the login that an account came through can be asked to permit.
	Scopes(a Account) Scopes
}

// Scopes are a platform's own names of permissions, by what they are for.
type Scopes struct {
	Posting   []string // without one of these nothing can be published
	Analytics []string
	Optional  []string // for some options of a post, or for what this server does not do
	Source    string   // link to the page that states them
}

// All are those that are asked for.
func (s Scopes) All() []string { return slices.Concat(s.Posting, s.Analytics, s.Optional) }

// Missing lists what of granted nothing can be published without; nil stands for a platform that does not say what was granted.
func (s Scopes) Missing(granted []string) (missing []string) {
	for _, scope := range s.Posting {
		if granted != nil && !slices.Contains(granted, scope) {
			missing = append(missing, scope)
		}
	}
	return missing
}

// A Spender knows requests that spend more than every request does.
type Spender interface {
	// Costs is what a request spends of budgets, by their names in Info.Budgets. It must not read the request's body.
	Costs(req *http.Request) map[string]int
}

// Usage is a platform's word on one budget.
type Usage struct {
	Budget  string        // the name in Info.Budgets
	Percent float64       // of the limit; 100 and above means that calls are refused
	Regain  time.Duration // until calls are taken again; zero: not said
}

// Capabilities lists what a platform can do beside publishing, in the words of the API, sorted. It is the one place that asks.
func Capabilities(p Platform) []string {
	list := []string{}
	add := func(name string, has bool) {
		if has {
			list = append(list, name)
		}
	}
	_, login := p.(CredentialConnector)
	_, remove := p.(Deleter)
	_, edit := p.(Editor)
	_, metadata := p.(MetadataEditor)
	_, refresh := p.(Refresher)
	_, revoke := p.(Revoker)
	_, usage := p.(UsageReader)
	add("credentials", login)
	add("edit", edit)
	add("metadata", metadata)
	add("publish", true)
	add("refresh", refresh)
	add("revoke", revoke)
	add("unpublish", remove)
	add("usage", usage)
	return list
}
