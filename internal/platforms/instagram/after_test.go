package instagram

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"posthorn/internal/platforms"
	"posthorn/internal/platforms/meta"
	"posthorn/internal/platforms/meta/containers"
)

const routeComments = "GET m1/comments"

func commented(username, text string, at time.Time) string {
	return fmt.Sprintf(`{"id":"k1","text":%q,"username":%q,"timestamp":%q}`, text, username, at.Format("2006-01-02T15:04:05-0700"))
}

func TestFollowUps(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, options string
		script        map[string][]answer
		steps         []string // after the publish
		url           string
		fails         platforms.Kind // of a follow-up; the post is published all the same
		comments      int
	}{
		{name: "nothing more", steps: []string{containers.Reading}, url: "https://www.instagram.com/p/abc/"},
		{name: "the permalink lags", script: map[string][]answer{routePost: {refusal(100, 33), ok(`{"id":"m1"}`), ok(`{"id":"m1","permalink":"https://x/"}`)}},
			steps: []string{containers.Reading, containers.Reading, containers.Reading}, url: "https://x/"},
		{name: "the permalink never comes", script: map[string][]answer{routePost: {{status: 500}}}, steps: []string{containers.Reading, containers.Reading, containers.Reading, containers.Reading}},
		{name: "the token dies", script: map[string][]answer{routePost: {refusal(190, 0)}}, steps: []string{containers.Reading}, fails: platforms.Unauthorized},
		{name: "a first comment", options: `{"firstComment":"More at #harbour & around"}`, script: map[string][]answer{routeComment: {ok(`{"id":"k1"}`)}},
			steps: []string{containers.Reading, stepCommenting}, url: "https://www.instagram.com/p/abc/", comments: 1},
		{name: "a comment without permission", options: `{"firstComment":"More"}`, script: map[string][]answer{routeComment: {refusal(10, 0)}},
			steps: []string{containers.Reading, stepCommenting}, url: "https://www.instagram.com/p/abc/", fails: platforms.Unauthorized, comments: 1},
		{name: "a comment on a post not shown yet", options: `{"firstComment":"More"}`, script: map[string][]answer{routeComment: {refusal(24, 2207006), ok(`{"id":"k1"}`)}},
			steps: []string{containers.Reading, stepCommenting, stepCommenting}, url: "https://www.instagram.com/p/abc/", comments: 2},
		{name: "comments off", options: `{"commentsEnabled":false}`, script: map[string][]answer{"POST m1": {{status: 503}, ok(`{"success":true}`)}},
			steps: []string{containers.Reading, stepClosing, stepClosing}, url: "https://www.instagram.com/p/abc/"},
		{name: "the comment's answer lost", options: `{"firstComment":"More"}`,
			script: map[string][]answer{routeComment: {{drop: true}}, routeComments: {list(), list(commented("harbour.coffee", "More", start))}},
			steps:  []string{containers.Reading, stepCommenting, stepCommenting, stepCommenting}, url: "https://www.instagram.com/p/abc/", comments: 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := newFar(t, script(tt.script))
			content := photo()
			content.Options = json.RawMessage(tt.options)
			o := drive(t, f, f.conn(), content)
			if o.Failed || o.Remote == nil || o.Remote.ID != "m1" || o.Remote.URL != tt.url {
				t.Errorf("got %+v, failed %t, error %v", o.Remote, o.Failed, o.Error)
			}
			if diff := cmp.Diff(tt.steps, o.steps[3:]); diff != "" {
				t.Error(diff)
			}
			if (tt.fails == "") != (o.Error == nil) || (tt.fails != "" && o.Error.Kind != tt.fails) {
				t.Errorf("error %v, want %q", o.Error, tt.fails)
			}
			if n := f.count(routeComment); n != tt.comments {
				t.Errorf("%d comments sent, want %d", n, tt.comments)
			}
		})
	}
}

func TestACommentInDoubt(t *testing.T) {
	t.Parallel()
	page := func(next bool, items ...string) answer {
		a := list(items...)
		if next {
			a.body = a.body[:len(a.body)-1] + `,"paging":{"cursors":{"after":"AFTER"},"next":"https://graph.instagram.com/next"}}`
		}
		return a
	}
	tests := []struct {
		name  string
		after time.Duration
		tries int
		pages []answer
		next  string // step; "end" when it is done
		kind  platforms.Kind
	}{
		{"there", 0, 1, []answer{page(false, commented("x", "hi", start), commented("harbour.coffee", " More\n", start))}, "end", ""},
		{"on the second page", 0, 1, []answer{page(true, commented("x", "hi", start)), page(false, commented("harbour.coffee", "More", start))}, "end", ""},
		{"somebody else's", 0, 1, []answer{page(false, commented("anna", "More", start))}, "", platforms.NotReady},
		{"an older one of ours", 0, 1, []answer{page(false, commented("harbour.coffee", "More", start.Add(-time.Hour)))}, "", platforms.NotReady},
		{"not there yet", 59 * time.Second, 1, []answer{page(false)}, "", platforms.NotReady},
		{"not there", 61 * time.Second, 1, []answer{page(false)}, stepCommenting, ""},
		{"not there after many tries", 61 * time.Second, meta.MaxCommentTries, []answer{page(false)}, "", platforms.Rejected},
		{"cannot be seen", 0, 1, []answer{{status: 500}}, "", platforms.Unavailable},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := newFar(t, map[string][]answer{routeComments: tt.pages})
			f.now = start.Add(tt.after)
			content := photo()
			content.Options = json.RawMessage(`{"firstComment":"More"}`)
			s, err := Platform{}.Publish(context.Background(), f.conn(), platforms.Task{Content: content, InDoubt: true, Published: &platforms.Remote{ID: "m1"},
				State: saved(stepCommenting, state{Media: "m1", CommentState: meta.CommentState{CommentAt: start, CommentTries: tt.tries}})})
			switch {
			case tt.kind != "":
				if e := platforms.AsError(err); e == nil || e.Kind != tt.kind {
					t.Errorf("got %+v, %v", s, err)
				}
			case err != nil || s.Done == nil || s.Done.ID != "m1":
				t.Errorf("got %+v, %v", s, err)
			case tt.next == "end" && s.State.Step != "":
				t.Errorf("goes on to %q", s.State.Step)
			case tt.next != "end":
				if st := stateOf(t, s); s.State.Step != tt.next || !st.CommentAt.Equal(f.clock()) || st.CommentTries != tt.tries+1 {
					t.Errorf("got %q with %s", s.State.Step, s.State.Data)
				}
			}
		})
	}
}

func TestAPostWithoutIDGetsNoFollowUp(t *testing.T) {
	t.Parallel()
	for _, options := range []string{`{"firstComment":"More"}`, `{"commentsEnabled":false}`} {
		f := newFar(t, script(map[string][]answer{routePublish: {{drop: true}}, routeStatus: {status(containers.Finished), status(containers.Published)}, routeRecent: {list()}}))
		content := photo()
		content.Options = json.RawMessage(options)
		o := drive(t, f, f.conn(), content)
		if o.Failed || o.Remote == nil || o.Remote.ID != "" || o.Error == nil || o.Error.Kind != platforms.Rejected {
			t.Errorf("%s: %+v, error %v", options, o.Remote, o.Error)
		}
	}
}
