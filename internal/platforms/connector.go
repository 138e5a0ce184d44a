package platforms

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/url"
)

// A Connector connects accounts through the platform's own consent page, with OAuth 2.
type Connector interface {
	// Logins are the platform's consent pages, the usual one first.
	Logins() []Login
	// AuthorizeURL is the address of the page for one visit.
	AuthorizeURL(v Visit) string
	// Exchange changes the code that the page gave for what its user permits: tokens, made as long-lived as the platform makes them, and the
	// accounts that they open. c has the login's App, and no account. A code that the platform does not take is Rejected.
	Exchange(ctx context.Context, c *Conn, v Visit, code string) (Grant, error)
}

// A Deauthorizer is told by the platform when a user takes back what they had permitted, or wants what is kept of them deleted.
type Deauthorizer interface {
	// Deauthorized reads the platform's form, and says of which user it speaks, by the ID that Account.GrantedBy has. Its error says that the form
	// is not the platform's.
	Deauthorized(app App, form url.Values) (userID string, err error)
}

// A Revoker can end at the platform what an account's user has permitted, which is done once the account is disconnected. By then its token is forgotten
// here but for that one call.
type Revoker interface {
	// Revokes says what Revoke ends for an account. It makes no remote call.
	Revokes(a Account) Revocation
	// Revoke ends it: c has the account's last token, the login's App, and Account.GrantedBy. What is dead already is a success, so that a call may be
	// repeated. Rejected gives up; of other errors the call is made again, later.
	Revoke(ctx context.Context, c *Conn) error
}

// Revocation is how much ends when an account's permission is taken back.
type Revocation string

// What a platform can end.
const (
	RevokesNothing Revocation = ""      // the platform has no such call for the account's login; Revoke is not called
	RevokesToken   Revocation = "token" // the account's own token, and nothing that another account lives on
	// RevokesGrant is everything that the user behind the account, Account.GrantedBy, permits the operator's app, of all accounts that they have connected
	// through it, at whichever of its platforms. So it is only done when none of these is connected any more.
	RevokesGrant Revocation = "grant"
)

// Login is one consent page of a platform.
type Login struct {
	Method string // the contract's loginMethod; empty where there is only one
	App    string // the name of the operator's registration: "instagram", "facebook"
	Scopes Scopes // what is asked for, all of it at once so that nobody is asked twice
	// Choose says that the login may open several accounts, of which the user picks one. Step is the contract's name of that: "select_account".
	Choose bool
	Step   string
	Noun   string // one of what is chosen from, for people: "Facebook Page"
	// Pending is for platforms whose choice a page of the caller's own reads with GET /v1/connect/pending-data, and is the contract's word for what is listed
	// there, which are the identities that have Listed: "organizations". Empty: the choice has a list of its own.
	Pending string
	// NoneCode and MissingCode are the contract's errors for a login that opens nothing, and for one that lacks permissions; empty: the
	// contract has none for this platform, and the general ones are given.
	NoneCode, MissingCode string
	// FaultCode is the contract's error for a login that opens one account alone, which cannot be connected; empty: that of a personal account.
	FaultCode string
}

// Visit is one visit to a consent page.
type Visit struct {
	Login       Login
	App         App
	State       string
	RedirectURL string // where the page sends its user back to
	Verifier    Secret // of PKCE, for platforms that have it: only who began the visit can redeem its code
}

// Challenge is what a consent page is told of the verifier. https://www.rfc-editor.org/rfc/rfc7636#section-4.2
func (v Visit) Challenge() string {
	sum := sha256.Sum256([]byte(v.Verifier.Reveal()))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// Grant is what a user permitted.
type Grant struct {
	Scopes     []string // what was granted; nil: the platform does not say
	Identities []Identity
	Person     *Person // who logged in, where there is a choice; nil: not known
}

// Person is the user of a platform who logged in, who may be none of the accounts that it opens.
type Person struct {
	ID          string `json:"id"`
	Username    string `json:"username"`
	DisplayName string `json:"displayName"`
	PictureURL  string `json:"profilePicture"`
}

// Identity is an account that a login opens, or would if Fault did not say why it cannot.
type Identity struct {
	ID      string // by which it is chosen
	Name    string // for people
	Account Account
	Token   Token
	Listed  json.RawMessage // how the contract lists it for a choice; without its token
	Fault   string          // why it cannot be connected, and what to do about it; empty: it can
}
