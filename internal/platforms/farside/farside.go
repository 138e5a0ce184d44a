// Package farside is the vocabulary that the fakes of all platforms share with those who serve and inspect them. A fake imports this
// and nothing else of ours, lest it share an error with the adapter it is there to try.
package farside

import (
	"net"
	"net/http"
	"strings"
	"time"
)

// Server is one platform's far side in memory. It answers requests whose Host and path are those of the real platform.
type Server interface {
	http.Handler
	// Hosts are the real host names it answers for.
	Hosts() []string
	// Accounts are the accounts that exist from the start, each with a token that works.
	Accounts() []Account
	// Posts are the posts that the public would see now, newest first.
	Posts() []Post
}

// Options make a Server.
type Options struct {
	Now func() time.Time // its clock; required
	// Fetch reads the media that a platform fetches by URL; required by platforms that do.
	Fetch *http.Client
	// Processing is how long an image takes to be processed; a video takes ten times as long. Zero takes the platform's usual time.
	Processing time.Duration
	// TokenLifetime shortens the life of access tokens; zero takes the platform's usual one.
	TokenLifetime time.Duration
	// Generous lifts the daily and hourly limits far above the platform's, for a sandbox that people try their own load on.
	Generous bool
}

// Account is an account that a fake holds from the start. Its tokens open nothing but the fake.
type Account struct {
	RemoteID    string
	Username    string
	DisplayName string
	PictureURL  string
	ProfileURL  string
	Login       string // what the user types to connect, where the platform takes credentials
	Password    string
	Access      string
	Refresh     string
	ExpiresAt   time.Time      // of Access; zero: never
	GrantedBy   string         // the platform's ID of the user who permitted the app to use it; empty: there is none
	Data        map[string]any // what the adapter keeps with the account
}

// Post is a published post as the public sees it.
type Post struct {
	ID       string    `json:"id"`
	Platform string    `json:"platform"`
	Account  string    `json:"account"` // remote ID
	Username string    `json:"username"`
	Kind     string    `json:"kind"` // "photo", "carousel", "reel", "story", "text"
	Text     string    `json:"text"`
	Media    []Media   `json:"media"`
	URL      string    `json:"url"`
	At       time.Time `json:"at"`
	Link     *Link     `json:"link,omitempty"`
	Comments []Comment `json:"comments"`
	ReplyTo  string    `json:"replyTo,omitempty"` // ID of the post that this one answers, in a thread
	Extra    []string  `json:"extra,omitempty"`   // short notes for the viewer: "with @anna", "trial reel"
}

// Media is one item of a published post.
type Media struct {
	Type string `json:"type"` // "image" or "video"
	URL  string `json:"url"`  // absolute, or a path below the platform's host: "/cdn.example.com/abc.jpg"
	Alt  string `json:"alt,omitempty"`
	MIME string `json:"mimeType,omitempty"`
}

// Link is the card of a linked page.
type Link struct {
	URL         string `json:"url"`
	Title       string `json:"title"`
	Description string `json:"description,omitempty"`
	Thumb       string `json:"thumb,omitempty"`
}

// Comment is a comment under a post.
type Comment struct {
	ID       string    `json:"id"`
	Username string    `json:"username"`
	Text     string    `json:"text"`
	At       time.Time `json:"at"`
}

// HostOf is the host that a request is meant for, in lower case and without a port.
func HostOf(r *http.Request) string {
	host := r.Host
	if host == "" {
		host = r.URL.Host
	}
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	return strings.ToLower(host)
}
