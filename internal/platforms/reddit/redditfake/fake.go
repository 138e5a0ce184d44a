// Package redditfake is the far side of Reddit, as far as it is asked without an account: what subreddits there are.
package redditfake

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"

	"posthorn/internal/platforms/farside"
)

// Fake answers for www.reddit.com. https://www.reddit.com/dev/api#GET_r_{subreddit}_about
type Fake struct{}

// New makes a Fake. It has no clock and no accounts.
func New(farside.Options) *Fake { return &Fake{} }

// Hosts are the hosts it answers for.
func (*Fake) Hosts() []string { return []string{"www.reddit.com"} }

// Accounts are none: nobody signs in here.
func (*Fake) Accounts() []farside.Account { return nil }

// Posts are none.
func (*Fake) Posts() []farside.Post { return []farside.Post{} }

// subreddit is one that exists. Its fields are Reddit's.
type subreddit struct {
	Name        string `json:"display_name"`
	Title       string `json:"title"`
	Description string `json:"public_description"`
	Subscribers int64  `json:"subscribers"`
	Over18      bool   `json:"over18"`
	Type        string `json:"subreddit_type"`
	Images      bool   `json:"allow_images"`
	Videos      bool   `json:"allow_videos"`
}

var subreddits = []subreddit{
	{Name: "golang", Title: "The Go Programming Language", Description: "Ask questions and post articles about Go.", Subscribers: 312_000, Type: "public", Images: true},
	{Name: "programming", Title: "programming", Description: "Computer programming", Subscribers: 6_800_000, Type: "public"},
	{Name: "pics", Title: "Reddit Pics", Description: "A place for photographs and pictures.", Subscribers: 33_000_000, Type: "public", Images: true, Videos: true},
	{Name: "test", Title: "Testing", Description: "For all your testing needs.", Subscribers: 26_000, Type: "public", Images: true, Videos: true},
	{Name: "announcements", Title: "Announcements", Description: "Official announcements.", Subscribers: 300_000_000, Type: "restricted"},
	{Name: "sandbox_nsfw", Title: "For adults", Description: "Marked as not safe for work.", Subscribers: 12, Over18: true, Type: "public", Images: true, Videos: true},
}

var aboutPath = regexp.MustCompile(`^/r/([A-Za-z0-9_]+)/about(?:\.json)?/?$`)

// ServeHTTP answers /r/{name}/about.json. A caller without a name of its own is turned away, as Reddit does.
func (*Fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	agent := r.Header.Get("User-Agent")
	path := aboutPath.FindStringSubmatch(r.URL.Path)
	switch {
	case agent == "" || strings.HasPrefix(agent, "Go-http-client"):
		write(w, http.StatusTooManyRequests, map[string]any{"message": "Too Many Requests", "error": http.StatusTooManyRequests})
		return
	case path == nil || r.Method != http.MethodGet:
		write(w, http.StatusNotFound, map[string]any{"message": "Not Found", "error": http.StatusNotFound})
		return
	}
	switch name := strings.ToLower(path[1]); name {
	case "sandbox_private":
		write(w, http.StatusForbidden, map[string]any{"reason": "private", "message": "Forbidden", "error": http.StatusForbidden})
	case "sandbox_banned":
		write(w, http.StatusNotFound, map[string]any{"reason": "banned", "message": "Not Found", "error": http.StatusNotFound})
	default:
		for _, s := range subreddits {
			if strings.ToLower(s.Name) == name {
				write(w, http.StatusOK, map[string]any{"kind": "t5", "data": s})
				return
			}
		}
		w.Header().Set("Location", "https://www.reddit.com/subreddits/search.json?q="+path[1])
		w.WriteHeader(http.StatusFound)
	}
}

func write(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the caller may have gone
}
