package e2e

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"posthorn/internal/sandbox/fault"
)

// road is one kind of post, all of whose requests go to hosts, or paths of one, that no other road uses, so that each of them can be held exactly.
type road struct {
	name    string
	account string // "platform/username"
	host    string // of the requests to hold; "*" stands for any run of characters
	path    string // of those, where several roads share a host; empty: any
	body    func(s *system, text string) map[string]any
	visible int // posts that the public sees of it
	comment bool
}

var roads = []road{
	{name: "Instagram photo with a first comment", account: "instagram/coastline.daily", host: "graph.instagram.com", visible: 1, comment: true,
		body: func(s *system, text string) map[string]any {
			return map[string]any{"content": text, "mediaItems": []any{s.photo("coast.jpg")}, "platforms": []any{map[string]any{
				"platform": "instagram", "accountId": s.accounts["instagram/coastline.daily"], "platformSpecificData": map[string]any{"firstComment": "first of " + text}}}}
		}},
	{name: "Instagram carousel by Facebook Login", account: "instagram/maison.lune", host: "graph.facebook.com", path: "*/17*", visible: 1,
		body: func(s *system, text string) map[string]any {
			return map[string]any{"content": text, "mediaItems": []any{s.photo("coast.jpg"), s.photo("peaks.jpg")}, "platforms": []any{map[string]any{
				"platform": "instagram", "accountId": s.accounts["instagram/maison.lune"]}}}
		}},
	{name: "Facebook photos with a first comment", account: "facebook/lighthousebakery", host: "graph.facebook.com", path: "*/112233445566778*", visible: 1, comment: true,
		body: func(s *system, text string) map[string]any {
			return map[string]any{"content": text, "mediaItems": []any{s.photo("coast.jpg"), s.photo("peaks.jpg")}, "platforms": []any{map[string]any{
				"platform": "facebook", "accountId": s.accounts["facebook/lighthousebakery"], "platformSpecificData": map[string]any{"firstComment": "first of " + text}}}}
		}},
	thread("bluesky", "lantern.bsky.social", "*.bsky.network"),
	thread("threads", "harbour.notes", "graph.threads.net"),
	thread("twitter", "lamplight_press", "api.x.com"),
	{name: "YouTube video with a first comment", account: "youtube/tidewatch_films", host: "www.googleapis.com", visible: 1, comment: true,
		body: func(s *system, text string) map[string]any {
			return map[string]any{"content": text, "mediaItems": []any{map[string]any{"type": "video", "url": s.film}}, "platforms": []any{map[string]any{
				"platform": "youtube", "accountId": s.accounts["youtube/tidewatch_films"], "platformSpecificData": map[string]any{"firstComment": "first of " + text}}}}
		}},
}

// thread is the road of two posts with a picture in the first.
func thread(platform, username, host string) road {
	account := platform + "/" + username
	return road{name: "thread with a picture at " + platform, account: account, host: host, visible: 2,
		body: func(s *system, text string) map[string]any {
			return map[string]any{"content": text, "platforms": []any{map[string]any{"platform": platform, "accountId": s.accounts[account],
				"platformSpecificData": map[string]any{"threadItems": []any{
					map[string]any{"content": text + " one", "mediaItems": []any{s.photo("coast.jpg")}}, map[string]any{"content": text + " two"}}}}}}
		}}
}

// point is a moment at which the worker is killed: at the n-th request of a road, before the platform has seen it or after.
type point struct {
	road    road
	request int
	when    fault.Moment
	text    string
	post    post
	hold    *fault.Handle
}

func (p *point) String() string {
	return fmt.Sprintf("%s, request %d, %s", p.road.name, p.request, p.when)
}

// TestKillAtEveryRequest holds a post at each request that its road takes, before the platform has seen it and after, kills the worker
// with all of them in hand, and starts another. Each must end as published, with exactly one post to be seen.
func TestKillAtEveryRequest(t *testing.T) {
	t.Parallel()
	s := newSystem(t, nil)
	victim := s.start(t, "worker")
	var mu sync.Mutex
	var points []*point
	var wg sync.WaitGroup
	for _, r := range roads {
		wg.Go(func() {
			n := s.requests(t, r)
			t.Logf("%s takes %d requests", r.name, n)
			for i := range n {
				for _, when := range []fault.Moment{fault.Before, fault.After} {
					p := &point{road: r, request: i, when: when, text: fmt.Sprintf("kill %s %d %s", r.account, i, when)}
					if s.hold(t, p) {
						mu.Lock()
						points = append(points, p)
						mu.Unlock()
					}
				}
			}
		})
	}
	wg.Wait()
	if t.Failed() {
		return
	}
	t.Logf("%d posts are held at their points; the worker is killed now", len(points))
	victim.kill()
	killed := time.Now()
	for _, p := range points { // what was held before the platform saw it must never reach it
		if err := p.hold.WaitGone(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
	}
	s.start(t, "worker")
	s.eventually(t, 4*time.Minute, "every post has ended", func() bool {
		for _, p := range points {
			p.post = s.get(t, p.post.ID)
			if st := p.post.Platforms[0].Status; st != "published" && st != "failed" {
				return false
			}
		}
		return true
	})
	t.Logf("all had ended %v after the kill", time.Since(killed).Round(100*time.Millisecond))
	for _, p := range points {
		s.judge(t, p)
	}
}

// requests publishes one post undisturbed and counts its requests to the road's hosts.
func (s *system) requests(t *testing.T, r road) int {
	count, err := s.sandbox.Add(fault.Rule{Host: r.host, Path: r.path, Action: fault.Delay, Delay: time.Microsecond, Times: fault.Forever})
	if err != nil {
		t.Error(err)
		return 0
	}
	defer count.Remove()
	p := s.create(t, r.body(s, "undisturbed "+r.account))
	s.eventually(t, time.Minute, "the undisturbed post is published", func() bool { return s.get(t, p.ID).Status == "published" })
	time.Sleep(500 * time.Millisecond) // what follows on the publication: permalink, first comment
	for last := -1; last != count.State().Matched; time.Sleep(time.Second) {
		last = count.State().Matched
	}
	return count.State().Matched
}

// hold makes a post and waits until its request is held. A post may take a poll less than the undisturbed one; then there is no such point.
func (s *system) hold(t *testing.T, p *point) bool {
	rule, err := s.sandbox.Add(fault.Rule{Host: p.road.host, Path: p.road.path, Skip: p.request, Action: fault.Hold, When: p.when})
	if err != nil {
		t.Error(err)
		return false
	}
	p.hold = rule
	p.post = s.create(t, p.road.body(s, p.text))
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
	defer cancel()
	if err := rule.Wait(ctx, 1); err != nil {
		rule.Remove()
		t.Logf("%v is never reached", p)
		return false
	}
	return true
}

func (s *system) judge(t *testing.T, p *point) {
	t.Helper()
	target := p.post.Platforms[0]
	// The rest of a thread comes after its post counts as published, and what may be under way at a platform is waited for before it is sent again.
	for until := time.Now().Add(4 * time.Minute); len(s.visible(p.text)) < p.road.visible && time.Now().Before(until); {
		time.Sleep(100 * time.Millisecond)
	}
	seen := s.visible(p.text)
	if p.post.Status != "published" || target.PlatformPostID == "" {
		t.Errorf("%v: it ended as %s, target %s: %s %s", p, p.post.Status, target.Status, target.ErrorMessage, target.Error)
	}
	if len(seen) != p.road.visible {
		t.Errorf("%v: the public sees %d posts, want %d", p, len(seen), p.road.visible)
	}
	if len(seen) > 0 && seen[len(seen)-1].ID != target.PlatformPostID {
		t.Errorf("%v: the post's ID is %s, the API says %s", p, seen[len(seen)-1].ID, target.PlatformPostID)
	}
	if p.road.comment {
		s.eventually(t, time.Minute, fmt.Sprintf("%v: the first comment is there", p), func() bool {
			seen = s.visible(p.text)
			return len(seen) > 0 && len(seen[0].Comments) > 0
		})
		if n := len(seen[0].Comments); n != 1 {
			t.Errorf("%v: there are %d comments", p, n)
		}
	}
}
