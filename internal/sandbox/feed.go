package sandbox

import (
	"cmp"
	"encoding/json"
	"hash/fnv"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"posthorn/internal/platforms/farside"
)

// maxPosts bounds one listing of posts.
const maxPosts = 1000

// filter narrows the posts; an empty field matches everything.
type filter struct {
	Platform string
	Account  string // username or remote ID
	Query    string // part of the text, in any case
}

func filterOf(r *http.Request) filter {
	q := r.URL.Query()
	return filter{strings.ToLower(q.Get("platform")), q.Get("account"), strings.TrimSpace(q.Get("q"))}
}

func (f filter) matches(p farside.Post) bool {
	return (f.Platform == "" || p.Platform == f.Platform) &&
		(f.Account == "" || strings.EqualFold(f.Account, p.Username) || f.Account == p.Account) &&
		(f.Query == "" || strings.Contains(strings.ToLower(p.Text), strings.ToLower(f.Query)))
}

// posts lists the published posts of all fakes that a filter lets through, the newest first.
func (s *Sandbox) posts(f filter) []farside.Post {
	all := []farside.Post{}
	for _, platform := range s.names {
		for _, p := range s.fakes[platform].Posts() {
			p.Platform = platform
			if p.Media == nil {
				p.Media = []farside.Media{}
			}
			if p.Comments == nil {
				p.Comments = []farside.Comment{}
			}
			if f.matches(p) {
				all = append(all, p)
			}
		}
	}
	slices.SortStableFunc(all, func(a, b farside.Post) int { return b.At.Compare(a.At) })
	return all
}

// version is a short text that differs when the list of posts does.
func version(posts []farside.Post) string {
	h := fnv.New64a()
	_ = json.NewEncoder(h).Encode(posts) // neither the hash nor these types can fail
	return strconv.FormatUint(h.Sum64(), 36)
}

// thread is a post with the posts by which its author went on.
type thread struct {
	Root farside.Post
	More []farside.Post // oldest first
}

// threads joins answers to the posts that they answer. An answer whose post is not among them stands for itself.
func threads(posts []farside.Post) []thread {
	byID := make(map[string]farside.Post, len(posts))
	for _, p := range posts {
		byID[key(p.Platform, p.ID)] = p
	}
	rootOf := func(p farside.Post) farside.Post {
		root := p
		for range posts { // bounded: hostile IDs could answer each other in a ring
			parent, ok := byID[key(root.Platform, root.ReplyTo)]
			if root.ReplyTo == "" || !ok {
				return root
			}
			root = parent
		}
		return p
	}
	var list []thread
	at := map[string]int{}
	more := map[string][]farside.Post{}
	for _, p := range posts {
		root := rootOf(p)
		id := key(root.Platform, root.ID)
		if _, ok := at[id]; !ok {
			at[id] = len(list)
			list = append(list, thread{Root: root})
		}
		if key(p.Platform, p.ID) != id {
			more[id] = append(more[id], p)
		}
	}
	for id, answers := range more {
		slices.SortStableFunc(answers, func(a, b farside.Post) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.ID, b.ID)) })
		list[at[id]].More = answers
	}
	return list
}

func key(platform, id string) string { return platform + " " + id }
