package instagram

import (
	"context"
	"testing"
	"time"

	"posthorn/internal/platforms"
	"posthorn/internal/platforms/meta/containers"
)

// TestReconciliation takes one step after a publish whose outcome is unknown, for each thing that the far side may then say.
func TestReconciliation(t *testing.T) {
	t.Parallel()
	three := 3
	ours := listed("m1", "Harbour in  the morning\r\n", start)
	tests := []struct {
		name    string
		step    string
		certain bool          // the core holds no doubt
		after   time.Duration // since the publish
		state   func(*state)
		script  map[string][]answer
		done    string // ID of the post that was found; "?" one that is live under an unknown ID
		next    string // the step that follows
		kind    platforms.Kind
		wait    time.Duration // of the step, or until the error's reset
		publish int           // how often it published
	}{
		{name: "published and listed", script: map[string][]answer{routeStatus: {status(containers.Published)}, routeRecent: {list(ours)}}, done: "m1", next: containers.Reading},
		{name: "published, and much since", script: map[string][]answer{routeStatus: {status(containers.Published)}, routeRecent: {more(listed("m9", "another", start)), more(listed("m8", "another", start)), list(ours)}}, done: "m1", next: containers.Reading},
		{name: "published and not listed yet", script: map[string][]answer{routeStatus: {status(containers.Published)}, routeRecent: {list()}}, kind: platforms.NotReady, wait: 15 * time.Second},
		{name: "published and not listed yet, no doubt held", step: containers.Confirming, certain: true, script: map[string][]answer{routeStatus: {status(containers.Published)}, routeRecent: {list()}},
			kind: platforms.Ambiguous, wait: 15 * time.Second},
		{name: "published and never listed", after: 11 * time.Minute, script: map[string][]answer{routeStatus: {status(containers.Published)}, routeRecent: {list()}}, done: "?", next: containers.Finding, wait: time.Minute},
		{name: "published, two could be it", script: map[string][]answer{routeStatus: {status(containers.Published)}, routeRecent: {list(ours, listed("m2", "Harbour in the morning", start))}},
			done: "?", next: containers.Finding, wait: time.Minute},
		{name: "published, others listed", script: map[string][]answer{routeStatus: {status(containers.Published)}, routeRecent: {list(
			listed("m0", "Harbour in the morning", start.Add(-3*time.Minute)), listed("m9", "another", start))}}, kind: platforms.NotReady, wait: 15 * time.Second},
		{name: "finished", script: map[string][]answer{routeStatus: {status(containers.Finished)}}, next: containers.Confirming, wait: 30 * time.Second},
		{name: "finished after many tries", state: func(s *state) { s.Publishes = 8 }, script: map[string][]answer{routeStatus: {status(containers.Finished)}}, next: containers.Confirming, wait: 20 * time.Minute},
		{name: "finished, and a confirming call lost", step: containers.Confirming, after: time.Hour, script: map[string][]answer{routeStatus: {status(containers.Finished)}}, next: containers.Confirming, wait: 30 * time.Second},
		{name: "still finished", step: containers.Confirming, certain: true, after: 31 * time.Second, script: map[string][]answer{routeStatus: {status(containers.Finished)}}, done: "m1", next: containers.Reading, publish: 1},
		{name: "still finished, woken early", step: containers.Confirming, certain: true, after: 10 * time.Second, script: map[string][]answer{routeStatus: {status(containers.Finished)}}, next: containers.Confirming, wait: 20 * time.Second},
		{name: "published meanwhile", step: containers.Confirming, certain: true, after: 31 * time.Second, script: map[string][]answer{routeStatus: {status(containers.Published)}, routeRecent: {list(ours)}}, done: "m1", next: containers.Reading},
		{name: "published again without an answer", step: containers.Confirming, certain: true, after: 31 * time.Second,
			script: map[string][]answer{routeStatus: {status(containers.Finished)}, routePublish: {{drop: true}}}, kind: platforms.Ambiguous, publish: 1},
		{name: "in progress", script: map[string][]answer{routeStatus: {status(containers.InProgress)}}, kind: platforms.NotReady, wait: 30 * time.Second},
		{name: "an unknown status", script: map[string][]answer{routeStatus: {status("MOVED")}}, kind: platforms.Unavailable},
		{name: "failed, not listed", script: map[string][]answer{routeStatus: {ok(`{"status_code":"ERROR","status":"2207053"}`)}, routeRecent: {list()}}, next: containers.Creating, wait: 5 * time.Second},
		{name: "expired, not listed", script: map[string][]answer{routeStatus: {status(containers.Expired)}, routeRecent: {list()}}, next: containers.Creating, wait: 5 * time.Second},
		{name: "expired, listed", script: map[string][]answer{routeStatus: {status(containers.Expired)}, routeRecent: {list(ours)}}, done: "m1", next: containers.Reading},
		{name: "expired, two could be it", script: map[string][]answer{routeStatus: {status(containers.Expired)}, routeRecent: {list(ours, ours)}}, kind: platforms.Ambiguous, wait: containers.HoldWait},
		{name: "expired, the list fails", script: map[string][]answer{routeStatus: {status(containers.Expired)}, routeRecent: {{status: 500}}}, kind: platforms.Unavailable},
		{name: "gone, listed", script: map[string][]answer{routeStatus: {refusal(100, 33)}, routeRecent: {list(ours)}}, done: "m1", next: containers.Reading},
		{name: "gone, two could be it", script: map[string][]answer{routeStatus: {refusal(100, 33)}, routeRecent: {list(ours, ours)}}, kind: platforms.Ambiguous, wait: containers.HoldWait},
		{name: "gone, not listed", script: map[string][]answer{routeStatus: {refusal(100, 33)}, routeRecent: {list()}}, kind: platforms.NotReady, wait: time.Minute},
		{name: "gone, never listed, the limit did not move", after: 11 * time.Minute, script: map[string][]answer{routeStatus: {refusal(24, 2207006)}, routeRecent: {list()}, routeLimit: {limit(3, 50)}},
			next: containers.Creating, wait: 5 * time.Second},
		{name: "gone, never listed, the limit moved", after: 11 * time.Minute, script: map[string][]answer{routeStatus: {refusal(24, 2207006)}, routeRecent: {list()}, routeLimit: {limit(4, 50)}},
			kind: platforms.Ambiguous, wait: containers.HoldWait},
		{name: "gone, never listed, the limit unknown before", after: 11 * time.Minute, state: func(s *state) { s.Quota = nil },
			script: map[string][]answer{routeStatus: {refusal(100, 33)}, routeRecent: {list()}}, kind: platforms.Ambiguous, wait: containers.HoldWait},
		{name: "gone, never listed, the limit forgot", after: 25 * time.Hour, script: map[string][]answer{routeStatus: {refusal(100, 33)}, routeRecent: {list()}}, kind: platforms.Ambiguous, wait: containers.HoldWait},
		{name: "gone, never listed, the limit cannot be read", after: 11 * time.Minute, script: map[string][]answer{routeStatus: {refusal(100, 33)}, routeRecent: {list()}, routeLimit: {{status: 503}}},
			kind: platforms.Unavailable},
		{name: "the look fails", script: map[string][]answer{routeStatus: {{status: 502}}}, kind: platforms.Unavailable},
		{name: "the look fails, no doubt held", step: containers.Confirming, certain: true, script: map[string][]answer{routeStatus: {{status: 502}}}, kind: platforms.Ambiguous},
		{name: "the token died", script: map[string][]answer{routeStatus: {refusal(190, 463)}}, kind: platforms.Unauthorized},
		{name: "the token died, no doubt held", step: containers.Confirming, certain: true, script: map[string][]answer{routeStatus: {refusal(190, 463)}}, kind: platforms.Ambiguous},
		{name: "throttled, no doubt held", step: containers.Confirming, certain: true, script: map[string][]answer{routeStatus: {refusal(80002, 0)}}, kind: platforms.RateLimited},
		{name: "blocked a while ago", step: containers.Confirming, certain: true, after: time.Minute, state: func(s *state) { s.Blocks, s.BlockedAt = 1, start },
			script: map[string][]answer{routeStatus: {status(containers.Finished)}}, kind: platforms.RateLimited, wait: 119 * time.Minute},
		{name: "blocked long ago", step: containers.Confirming, certain: true, after: 121 * time.Minute, state: func(s *state) { s.Blocks, s.BlockedAt = 1, start },
			script: map[string][]answer{routeStatus: {status(containers.Finished)}}, done: "m1", next: containers.Reading, publish: 1},
		{name: "blocked, and live", step: containers.Confirming, certain: true, after: time.Minute, state: func(s *state) { s.Blocks, s.BlockedAt = 1, start },
			script: map[string][]answer{routeStatus: {status(containers.Published)}, routeRecent: {list(ours)}}, done: "m1", next: containers.Reading},
		{name: "too many tries", step: containers.Confirming, certain: true, after: time.Hour, state: func(s *state) { s.Publishes = containers.MaxPublishes + 1 },
			script: map[string][]answer{routeStatus: {status(containers.Finished)}}, next: containers.Confirming},
		{name: "given up", step: containers.Confirming, certain: true, after: time.Hour, state: func(s *state) { s.Publishes, s.GaveUpAt = containers.MaxPublishes+1, start.Add(time.Hour) },
			script: map[string][]answer{routeStatus: {status(containers.Finished)}}, kind: platforms.Rejected},
		{name: "given up, and retried by the user", step: containers.Confirming, certain: true, after: time.Hour, state: func(s *state) { s.Publishes, s.GaveUpAt = containers.MaxPublishes+1, start },
			script: map[string][]answer{routeStatus: {status(containers.Finished)}}, next: containers.Confirming, wait: containers.SettleTime},
		{name: "given up for blocks", step: containers.Confirming, certain: true, after: time.Hour, state: func(s *state) { s.Blocks, s.BlockedAt, s.GaveUpAt = containers.MaxBlocks, start, start.Add(time.Hour) },
			script: map[string][]answer{routeStatus: {status(containers.Finished)}}, kind: platforms.Rejected},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := newFar(t, tt.script)
			if tt.publish > 0 && f.script[routePublish] == nil {
				f.script[routePublish] = []answer{ok(`{"id":"m1"}`)}
			}
			f.now = start.Add(tt.after)
			st := state{State: containers.State{Container: "c1", CreatedAt: start.Add(-time.Minute), FirstTry: start, LastTry: start, Publishes: 1, Quota: &three}}
			if tt.state != nil {
				tt.state(&st)
			}
			step := tt.step
			if step == "" {
				step = containers.Publishing
			}
			s, err := Platform{}.Publish(context.Background(), f.conn(), platforms.Task{Content: photo(), State: saved(step, st), InDoubt: !tt.certain})
			if n := f.count(routePublish); n != tt.publish {
				t.Errorf("published %d times, want %d", n, tt.publish)
			}
			if tt.kind != "" {
				e := platforms.AsError(err)
				if e == nil || e.Kind != tt.kind {
					t.Fatalf("got %+v, %v; want %s", s, err, tt.kind)
				}
				if tt.wait > 0 && !e.Reset.Equal(f.clock().Add(tt.wait)) {
					t.Errorf("comes back at %v, want %v later", e.Reset, tt.wait)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if s.State.Step != tt.next || s.Wait != tt.wait {
				t.Errorf("goes on to %q after %v, want %q after %v", s.State.Step, s.Wait, tt.next, tt.wait)
			}
			switch {
			case (tt.done == "") != (s.Done == nil):
				t.Errorf("done is %+v, want %q", s.Done, tt.done)
			case s.Done != nil && tt.done != "?" && s.Done.ID != tt.done, s.Done != nil && tt.done == "?" && s.Done.ID != "":
				t.Errorf("done is %+v, want %q", s.Done, tt.done)
			}
		})
	}
}

// TestLostPublishes drives whole targets whose publish is answered badly, and counts the publishes.
func TestLostPublishes(t *testing.T) {
	t.Parallel()
	ours := list(listed("m1", "Harbour in the morning", start.Add(3*time.Second)))
	tests := []struct {
		name    string
		script  map[string][]answer
		publish int
		kind    platforms.Kind // empty: published
		unsure  bool           // ends as unconfirmed
	}{
		{"went through, the answer lost", map[string][]answer{routePublish: {{drop: true}}, routeStatus: {status(containers.Finished), status(containers.Published)}, routeRecent: {list(), ours}}, 1, "", false},
		{"did not go through", map[string][]answer{routePublish: {{drop: true}, ok(`{"id":"m1"}`)}}, 2, "", false},
		{"goes through late", map[string][]answer{routePublish: {{drop: true}}, routeStatus: {status(containers.Finished), status(containers.Finished), status(containers.Published)}, routeRecent: {ours}}, 1, "", false},
		{"a server error, twice", map[string][]answer{routePublish: {{status: 500, body: `{"error":{"code":2,"message":"oops"}}`}, refusal(-1, 2207001), ok(`{"id":"m1"}`)}}, 3, "", false},
		{"an answer without ID", map[string][]answer{routePublish: {ok(`{}`), ok(`{"id":"m1"}`)}}, 2, "", false},
		{"an unknown code", map[string][]answer{routePublish: {refusal(7777, 0), ok(`{"id":"m1"}`)}}, 2, "", false},
		{"not ready after all", map[string][]answer{routePublish: {refusal(9007, 2207027), ok(`{"id":"m1"}`)}}, 2, "", false},
		{"never ready", map[string][]answer{routePublish: {refusal(9007, 2207027)}}, 30, platforms.Rejected, false},
		{"blocked, and live", map[string][]answer{routePublish: {refusal(4, 2207051)}, routeStatus: {status(containers.Finished), status(containers.Published)}, routeRecent: {ours}}, 1, "", false},
		{"blocked for good", map[string][]answer{routePublish: {refusal(4, 2207051)}}, containers.MaxBlocks, platforms.Rejected, false},
		{"never answered", map[string][]answer{routePublish: {{drop: true}}}, containers.MaxPublishes, platforms.Rejected, false},
		{"throttled", map[string][]answer{routePublish: {refusal(80002, 0), ok(`{"id":"m1"}`)}}, 2, "", false},
		{"the daily limit", map[string][]answer{routePublish: {refusal(9, 2207042), ok(`{"id":"m1"}`)}}, 2, "", false},
		{"restricted", map[string][]answer{routePublish: {refusal(25, 2207050)}}, 1, platforms.Rejected, false},
		{"the token died at the publish", map[string][]answer{routePublish: {refusal(190, 463)}}, 1, platforms.Unauthorized, false},
		{"the token died after it", map[string][]answer{routePublish: {{drop: true}}, routeStatus: {status(containers.Finished), refusal(190, 463)}}, 1, platforms.Unauthorized, true},
		{"the token died while confirming", map[string][]answer{routePublish: {{drop: true}}, routeStatus: {status(containers.Finished), status(containers.Finished), refusal(190, 463)}}, 1, platforms.Unauthorized, true},
		{"nothing can be seen any more", map[string][]answer{routePublish: {{drop: true}}, routeStatus: {status(containers.Finished), refusal(100, 33)}, routeRecent: {list()}, routeLimit: {limit(3, 50), limit(4, 50)}},
			1, platforms.Ambiguous, true},
		{"live, never listed", map[string][]answer{routePublish: {{drop: true}}, routeStatus: {status(containers.Finished), status(containers.Published)}, routeRecent: {list()}}, 1, "", false},
		{"expired while the limit was used up", map[string][]answer{routeLimit: {limit(50, 50), limit(49, 50)}, routeStatus: {status(containers.Finished), status(containers.Expired), status(containers.Finished)}}, 1, "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := newFar(t, script(tt.script))
			o := drive(t, f, f.conn(), photo())
			if n := f.count(routePublish); n != tt.publish {
				t.Errorf("published %d times, want %d: %v", n, tt.publish, o.steps)
			}
			if o.Failed != (tt.kind != "") || (tt.kind != "" && o.Error.Kind != tt.kind) || o.Unconfirmed() != tt.unsure {
				t.Errorf("failed %t, unconfirmed %t, error %v; want %q, unconfirmed %t", o.Failed, o.Unconfirmed(), o.Error, tt.kind, tt.unsure)
			}
		})
	}
}

func TestMatching(t *testing.T) {
	t.Parallel()
	post := func(kind, product, caption string, children int) medium {
		m := medium{Type: kind, ProductType: product, Caption: caption}
		if children > 0 {
			m.Children = &struct {
				Data []struct {
					ID string `json:"id"`
				} `json:"data"`
			}{Data: make([]struct {
				ID string `json:"id"`
			}, children)}
		}
		return m
	}
	two := []platforms.Media{image(1), video(2)}
	tests := []struct {
		name, kind, text string
		media            []platforms.Media
		remote           medium
		want             bool
	}{
		{"photo", kindPhoto, "é  a\nb ", []platforms.Media{image(1)}, post("IMAGE", "FEED", "e\u0301 a\r\nb", 0), true},
		{"photo with another caption", kindPhoto, "a", []platforms.Media{image(1)}, post("IMAGE", "FEED", "b", 0), false},
		{"photo and a reel", kindPhoto, "a", []platforms.Media{image(1)}, post("VIDEO", "REELS", "a", 0), false},
		{"reel", kindReel, "", []platforms.Media{video(1)}, post("VIDEO", "REELS", "", 0), true},
		{"reel and an old video", kindReel, "", []platforms.Media{video(1)}, post("VIDEO", "FEED", "", 0), false},
		{"carousel", kindCarousel, "a", two, post("CAROUSEL_ALBUM", "FEED", "a", 2), true},
		{"carousel, items not told", kindCarousel, "a", two, post("CAROUSEL_ALBUM", "FEED", "a", 0), true},
		{"carousel of three", kindCarousel, "a", two, post("CAROUSEL_ALBUM", "FEED", "a", 3), false},
		{"story", kindStory, "never sent", []platforms.Media{video(1)}, post("VIDEO", "STORY", "", 0), true},
		{"story of a photo", kindStory, "", []platforms.Media{video(1)}, post("IMAGE", "STORY", "", 0), false},
	}
	for _, tt := range tests {
		f := flow{kind: tt.kind, t: platforms.Task{Content: platforms.Content{Text: tt.text, Media: tt.media}}}
		if got := f.isOurs(tt.remote); got != tt.want {
			t.Errorf("%s: %t", tt.name, got)
		}
	}
}

func TestStoriesAreSearchedAmongStories(t *testing.T) {
	t.Parallel()
	f := newFar(t, map[string][]answer{routeStatus: {status(containers.Published)},
		routeStories: {ok(`{"data":[{"id":"m1","media_type":"IMAGE","timestamp":"2026-11-23T10:00:00+0000"},{"id":"m0","media_type":"IMAGE","timestamp":"2026-11-23T09:00:00+0000"}]}`)}})
	content := photo()
	content.Options = []byte(`{"contentType":"story"}`)
	s, err := Platform{}.Publish(context.Background(), f.conn(), platforms.Task{Content: content, InDoubt: true,
		State: saved(containers.Publishing, state{State: containers.State{Container: "c1", FirstTry: start, LastTry: start}})})
	if err != nil || s.Done == nil || s.Done.ID != "m1" {
		t.Errorf("got %+v, %v", s, err)
	}
}

func TestTheListIsAskedFromTheFirstPublish(t *testing.T) {
	t.Parallel()
	f := newFar(t, map[string][]answer{routeStatus: {status(containers.Published)}, routeRecent: {list(listed("m1", "Harbour in the morning", start))}})
	_, err := Platform{}.Publish(context.Background(), f.conn(), platforms.Task{Content: photo(), InDoubt: true,
		State: saved(containers.Confirming, state{State: containers.State{Container: "c1", FirstTry: start, LastTry: start.Add(time.Hour)}})})
	if err != nil {
		t.Fatal(err)
	}
	if got := f.last(routeRecent).values.Get("since"); got != "1795427880" { // 2026-11-23 09:58:00
		t.Errorf("since %s", got)
	}
}
