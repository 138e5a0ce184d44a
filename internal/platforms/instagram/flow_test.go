package instagram

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"posthorn/internal/platforms"
	"posthorn/internal/platforms/meta"
	"posthorn/internal/platforms/meta/containers"
)

func TestPhoto(t *testing.T) {
	t.Parallel()
	f := newFar(t, script(map[string][]answer{routeStatus: {status(containers.InProgress), status(containers.Finished)}}))
	content := photo()
	content.Text = "Grüße aus #Hamburg & 🌊 100%"
	content.Media[0].AltText = "Boats + gulls"
	content.Options = json.RawMessage(`{"collaborators":["@anna","ben"],"userTags":[{"username":"@cleo","x":0.25,"y":0.5}],"locationId":"7640348500","isAiGenerated":true,"shareToFeed":true}`)
	o := drive(t, f, f.conn(), content)
	if o.Failed || o.Remote == nil || *o.Remote != (platforms.Remote{ID: "m1", URL: "https://www.instagram.com/p/abc/"}) {
		t.Fatalf("got %+v, error %v", o.Remote, o.Error)
	}
	if diff := cmp.Diff([]string{"", containers.Processing, containers.Processing, containers.Publishing, containers.Reading}, o.steps); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]time.Duration{2 * time.Second, 5 * time.Second, 0, 0}, o.waits); diff != "" {
		t.Errorf("waits: %s", diff)
	}
	c := f.last(routeMedia)
	want := map[string][]string{
		"image_url": {"https://example.com/1.jpg?as=jpeg"}, "caption": {content.Text}, "alt_text": {"Boats + gulls"}, "location_id": {"7640348500"},
		"collaborators": {`["anna","ben"]`}, "user_tags": {`[{"username":"cleo","x":0.25,"y":0.5}]`}, "is_ai_generated": {"true"},
	}
	if diff := cmp.Diff(want, map[string][]string(c.values)); diff != "" {
		t.Error(diff)
	}
	if c.host != "graph.instagram.com" || c.version != "v25.0" || c.header.Get("Authorization") != "Bearer "+token {
		t.Errorf("host %s, version %s, authorization %q", c.host, c.version, c.header.Get("Authorization"))
	}
	if got := f.last(routePublish).values.Get("creation_id"); got != "c1" {
		t.Errorf("creation_id %q", got)
	}
	if got := f.last(routeStatus).values.Get("fields"); got != "status_code,status" {
		t.Errorf("fields %q", got)
	}
}

func TestFacebookLogin(t *testing.T) {
	t.Parallel()
	f := newFar(t, script(nil))
	c := f.conn()
	c.App.Version = "v26.0"
	c.Account.Data = json.RawMessage(`{"loginMethod":"facebook_login","pageId":"1"}`)
	content := photo()
	content.Options = json.RawMessage(`{"isPaidPartnership":true,"brandedContentSponsors":["11","22"]}`)
	if o := drive(t, f, c, content); o.Failed {
		t.Fatal(o.Error)
	}
	// printf IGAA-secret-access-token | openssl dgst -sha256 -hmac app-secret-0123456789
	const proof = "f7c40f2b70431d5f3601dbc7a3b560600a7f6237d2c39b891c83d132c2c1413c"
	for _, call := range f.calls {
		if call.host != "graph.facebook.com" || call.version != "v26.0" || call.values.Get("appsecret_proof") != proof {
			t.Errorf("%s: host %s, version %s, proof %q", call.route, call.host, call.version, call.values.Get("appsecret_proof"))
		}
	}
	form := f.last(routeMedia).values
	if form.Get("is_paid_partnership") != "true" || form.Get("branded_content_sponsor_ids") != `["11","22"]` {
		t.Errorf("got %v", form)
	}
}

func TestFacebookOnlyOptionsAreRefused(t *testing.T) {
	t.Parallel()
	for option, value := range map[string]string{"isPaidPartnership": `true`, "brandedContentSponsors": `["1"]`, "audioConfiguration": `{"audioId":"5"}`} {
		f := newFar(t, nil)
		content := platforms.Content{Media: []platforms.Media{video(1)}, Options: json.RawMessage(fmt.Sprintf(`{%q:%s}`, option, value))}
		o := drive(t, f, f.conn(), content)
		if !o.Failed || o.Error.Kind != platforms.Rejected || o.Error.Rule != "instagram.options.facebook_login" || len(f.calls) != 0 {
			t.Errorf("%s: %+v after %d calls", option, o.Error, len(f.calls))
		}
	}
}

func TestCarousel(t *testing.T) {
	t.Parallel()
	f := newFar(t, script(map[string][]answer{
		routeMedia: {ok(`{"id":"i1"}`), ok(`{"id":"i2"}`), ok(`{"id":"c1"}`)},
		"GET i1":   {status(containers.Finished)},
		"GET i2":   {status(containers.InProgress), status(containers.InProgress), status(containers.Finished)},
	}))
	content := platforms.Content{Text: "Two of them", Media: []platforms.Media{image(1), video(2)},
		Options: json.RawMessage(`{"userTags":[{"username":"cleo","mediaIndex":1}],"isAiGenerated":true}`)}
	content.Media[0].AltText = "A quay"
	o := drive(t, f, f.conn(), content)
	if o.Failed || o.Remote.ID != "m1" {
		t.Fatal(o.Error)
	}
	want := []string{"", containers.Items, containers.ItemsWait, containers.ItemsWait, containers.ItemsWait, containers.Assembling, containers.Processing, containers.Publishing, containers.Reading}
	if diff := cmp.Diff(want, o.steps); diff != "" {
		t.Error(diff)
	}
	var forms []map[string][]string
	for _, c := range f.calls {
		if c.route == routeMedia {
			forms = append(forms, c.values)
		}
	}
	wantForms := []map[string][]string{
		{"image_url": {"https://example.com/1.jpg?as=jpeg"}, "is_carousel_item": {"true"}, "alt_text": {"A quay"}},
		{"video_url": {"https://example.com/2.mp4?as=film"}, "media_type": {"VIDEO"}, "is_carousel_item": {"true"}, "user_tags": {`[{"username":"cleo"}]`}},
		{"media_type": {"CAROUSEL"}, "children": {"i1,i2"}, "caption": {"Two of them"}, "is_ai_generated": {"true"}},
	}
	if diff := cmp.Diff(wantForms, forms); diff != "" {
		t.Error(diff)
	}
	if n := f.count("GET i1"); n != 1 {
		t.Errorf("a finished item was polled %d times", n)
	}
}

func TestCarouselMakesOnlyTheFailedItemAgain(t *testing.T) {
	t.Parallel()
	f := newFar(t, script(map[string][]answer{
		routeMedia: {ok(`{"id":"i1"}`), ok(`{"id":"i2"}`), ok(`{"id":"i3"}`), ok(`{"id":"i4"}`), ok(`{"id":"c1"}`)},
		"GET i1":   {status(containers.Finished)},
		"GET i2":   {ok(`{"status_code":"ERROR","status":"Error: Media upload has failed with error code 2207053"}`)},
		"GET i3":   {status(containers.Finished)},
		"GET i4":   {status(containers.Finished)},
	}))
	o := drive(t, f, f.conn(), platforms.Content{Media: []platforms.Media{image(1), image(2), image(3)}})
	if o.Failed || o.Remote.ID != "m1" {
		t.Fatalf("%v %v", o.Error, o.steps)
	}
	if got := f.last(routeMedia).values.Get("children"); got != "i1,i4,i3" {
		t.Errorf("children %q", got)
	}
}

func TestReel(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, options, thumbnail string
		want                     map[string][]string
	}{
		{"plain", ``, "", map[string][]string{"share_to_feed": {"true"}}},
		{"not in the feed, a frame as cover", `{"shareToFeed":false,"thumbOffset":0,"audioName":"Quay sounds"}`, "",
			map[string][]string{"share_to_feed": {"false"}, "thumb_offset": {"0"}, "audio_name": {"Quay sounds"}}},
		{"the item's cover", ``, "https://example.com/item.png", map[string][]string{"share_to_feed": {"true"}, "cover_url": {"https://example.com/item.png?as=jpeg"}}},
		{"the target's cover wins", `{"reelCover":"https://example.com/own.png"}`, "https://example.com/item.png",
			map[string][]string{"share_to_feed": {"true"}, "cover_url": {"https://example.com/own.png?as=jpeg"}}},
		{"trial", `{"trialParams":{"graduationStrategy":"SS_PERFORMANCE"},"shareToFeed":true}`, "", map[string][]string{"trial_params": {`{"graduation_strategy":"SS_PERFORMANCE"}`}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := newFar(t, script(nil))
			m := video(1)
			m.Thumbnail = tt.thumbnail
			if o := drive(t, f, f.conn(), platforms.Content{Media: []platforms.Media{m}, Options: json.RawMessage(tt.options)}); o.Failed {
				t.Fatal(o.Error)
			}
			tt.want["media_type"], tt.want["video_url"] = []string{"REELS"}, []string{"https://example.com/1.mp4?as=film"}
			if diff := cmp.Diff(tt.want, map[string][]string(f.last(routeMedia).values)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestMusicIsForFacebookLogin(t *testing.T) {
	t.Parallel()
	f := newFar(t, script(nil))
	c := f.conn()
	c.Account.Data = json.RawMessage(`{"loginMethod":"facebook_login"}`)
	content := platforms.Content{Media: []platforms.Media{video(1)}, Options: json.RawMessage(`{"audioConfiguration":{"audioId":"5","audioVolume":0.5,"videoVolume":1},"muteAudio":true}`)}
	if o := drive(t, f, c, content); o.Failed {
		t.Fatal(o.Error)
	}
	if got := f.last(routeMedia).values.Get("audio_configuration"); got != `{"audio_id":"5","audio_volume":0.5,"video_volume":0}` {
		t.Errorf("got %s", got)
	}
}

func TestStory(t *testing.T) {
	t.Parallel()
	f := newFar(t, script(nil))
	content := photo()
	content.Media[0].AltText = "left out"
	content.Options = json.RawMessage(`{"contentType":"story","userTags":[{"username":"cleo"}]}`)
	o := drive(t, f, f.conn(), content)
	if o.Failed {
		t.Fatal(o.Error)
	}
	want := map[string][]string{"media_type": {"STORIES"}, "image_url": {"https://example.com/1.jpg?as=jpeg"}, "user_tags": {`[{"username":"cleo"}]`}}
	if diff := cmp.Diff(want, map[string][]string(f.last(routeMedia).values)); diff != "" {
		t.Error(diff)
	}
	if !strings.Contains(o.notes[0], "no caption") {
		t.Errorf("the note does not say that the text was left out: %q", o.notes[0])
	}
}

func TestPollsSlowDownAndGoOn(t *testing.T) {
	t.Parallel()
	// A video that takes forty minutes, and is not given up.
	answers := slices.Repeat([]answer{status(containers.InProgress)}, 55)
	f := newFar(t, script(map[string][]answer{routeStatus: append(answers, status(containers.Finished))}))
	o := drive(t, f, f.conn(), platforms.Content{Media: []platforms.Media{video(1)}})
	if o.Failed || f.count(routeMedia) != 1 {
		t.Fatalf("%v, %d containers", o.Error, f.count(routeMedia))
	}
	for i := 1; i < 55; i++ {
		if o.waits[i+1] < o.waits[i] || o.waits[i] > time.Minute {
			t.Fatalf("waits %v", o.waits)
		}
	}
	if o.waits[54] != time.Minute {
		t.Errorf("the last wait is %v", o.waits[54])
	}
	if took := f.clock().Sub(start); took < 40*time.Minute {
		t.Errorf("took only %v", took)
	}
}

func TestContainersAreMadeAgainAndGivenUp(t *testing.T) {
	t.Parallel()
	failure := func(code string) answer {
		return ok(`{"status_code":"ERROR","status":"Error: Media upload has failed with error code ` + code + `"}`)
	}
	tests := []struct {
		name       string
		script     map[string][]answer
		containers int
		kind       platforms.Kind // empty: published
		code       string
	}{
		{"a passing fault", map[string][]answer{routeStatus: {failure("2207053"), status(containers.Finished)}}, 2, "", ""},
		{"a lasting fault", map[string][]answer{routeStatus: {failure("2207082")}}, 2, platforms.Rejected, "2207082"},
		{"a final fault", map[string][]answer{routeStatus: {failure("2207026")}}, 1, platforms.Rejected, "2207026"},
		{"an unknown fault", map[string][]answer{routeStatus: {failure("2207999")}}, 2, platforms.Rejected, "2207999"},
		{"a fault without a code", map[string][]answer{routeStatus: {ok(`{"status_code":"ERROR","status":"Error"}`)}}, 2, platforms.Rejected, meta.CodeError},
		{"expired", map[string][]answer{routeStatus: {status(containers.Expired), status(containers.Finished)}}, 2, "", ""},
		{"stuck for a day", map[string][]answer{routeStatus: {status(containers.InProgress)}}, 2, platforms.Rejected, meta.CodeStuck},
		{"not shown for a moment", map[string][]answer{routeStatus: {refusal(24, 2207008), refusal(100, 33), status(containers.Finished)}}, 1, "", ""},
		{"never shown", map[string][]answer{routeStatus: {refusal(24, 2207008)}}, 3, platforms.Rejected, "24/2207008"},
		{"no longer ours to see", map[string][]answer{routeStatus: {refusal(24, 2207006)}}, 3, platforms.Unauthorized, "24/2207006"},
		{"media not fetched once", map[string][]answer{routeMedia: {refusal(9004, 2207052), ok(`{"id":"c1"}`)}}, 2, "", ""},
		{"media never fetched", map[string][]answer{routeMedia: {refusal(9004, 2207052)}}, 3, platforms.Rejected, "9004/2207052"},
		{"a ratio out of range", map[string][]answer{routeMedia: {refusal(36003, 2207009)}}, 1, platforms.Rejected, "36003/2207009"},
		{"a server error", map[string][]answer{routeMedia: {{status: 500, body: `{"error":{"code":2,"message":"oops"}}`}, {status: 502, body: "<html>"}, ok(`{"id":"c1"}`)}}, 3, "", ""},
		{"an answer without ID", map[string][]answer{routeMedia: {ok(`{}`), ok(`{"id":"c1"}`)}}, 2, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := newFar(t, script(tt.script))
			if tt.code == meta.CodeStuck { // a day of polls a minute apart is more than drive takes
				f.pace = time.Hour
			}
			o := drive(t, f, f.conn(), photo())
			if n := f.count(routeMedia); n != tt.containers {
				t.Errorf("%d containers, want %d", n, tt.containers)
			}
			switch {
			case tt.kind == "" && (o.Failed || o.Remote.ID != "m1"):
				t.Errorf("ended with %v", o.Error)
			case tt.kind != "" && (!o.Failed || o.Error.Kind != tt.kind || o.Error.Code != tt.code || o.Error.Message == ""):
				t.Errorf("ended with %+v, want %s %s", o.Error, tt.kind, tt.code)
			case tt.kind != "" && o.Unconfirmed():
				t.Error("ended as unconfirmed, though nothing was published")
			}
		})
	}
}

func TestARetryByTheUserStartsOver(t *testing.T) {
	t.Parallel()
	f := newFar(t, script(map[string][]answer{routeMedia: {refusal(9004, 2207052), refusal(9004, 2207052), refusal(9004, 2207052), ok(`{"id":"c1"}`)}}))
	o := drive(t, f, f.conn(), photo())
	if !o.Failed {
		t.Fatal("did not fail")
	}
	f.wait(time.Hour)
	s, err := Platform{}.Publish(context.Background(), f.conn(), platforms.Task{Content: photo(), State: o.State})
	if err != nil || s.State.Step != containers.Processing {
		t.Errorf("the retry gave %+v, %v", s, err)
	}
}

func TestPublishingLimit(t *testing.T) {
	t.Parallel()
	f := newFar(t, script(map[string][]answer{routeLimit: {limit(50, 50), limit(49, 50)}}))
	c := f.conn()
	task := platforms.Task{Content: photo(), State: saved(containers.Processing, state{State: containers.State{Container: "c1", CreatedAt: start}})}
	_, err := Platform{}.Publish(context.Background(), c, task)
	e := platforms.AsError(err)
	if e == nil || e.Kind != platforms.RateLimited || !e.Reset.Equal(start.Add(30*time.Minute)) || e.Category != platforms.QuotaExhausted || !strings.Contains(e.Message, "50") {
		t.Fatalf("got %+v", err)
	}
	s, err := Platform{}.Publish(context.Background(), c, task)
	if err != nil || s.State.Step != containers.Publishing {
		t.Fatalf("got %+v, %v", s, err)
	}
	if st := stateOf(t, s); st.Quota == nil || *st.Quota != 49 || !st.FirstTry.Equal(start) {
		t.Errorf("state %s", s.State.Data)
	}
}

func TestPublishingLimitIsBestEffort(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		answer answer
		kind   platforms.Kind // empty: goes on
	}{
		"unavailable":    {answer{status: 500, body: "oops"}, ""},
		"not offered":    {refusal(100, 0), ""},
		"empty":          {ok(`{"data":[]}`), ""},
		"garbled":        {ok(`{"data":[{}]}`), ""},
		"a dead token":   {refusal(190, 463), platforms.Unauthorized},
		"over the limit": {refusal(80002, 0), platforms.RateLimited},
	} {
		f := newFar(t, script(map[string][]answer{routeLimit: {tt.answer}}))
		s, err := Platform{}.Publish(context.Background(), f.conn(), platforms.Task{Content: photo(), State: saved(containers.Processing, state{State: containers.State{Container: "c1", CreatedAt: start}})})
		if tt.kind == "" {
			if err != nil || s.State.Step != containers.Publishing || stateOf(t, s).Quota != nil {
				t.Errorf("%s: %+v %v", name, s, err)
			}
		} else if platforms.AsError(err) == nil || platforms.AsError(err).Kind != tt.kind {
			t.Errorf("%s: %v, want %s", name, err, tt.kind)
		}
	}
}

func TestCancelledContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for _, step := range []string{"", containers.Items, containers.ItemsWait, containers.Assembling, containers.Processing, containers.Publishing, containers.Confirming, containers.Finding, containers.Reading, stepClosing, stepCommenting} {
		f := newFar(t, nil)
		content := photo()
		content.Options = json.RawMessage(`{"firstComment":"hi"}`)
		_, err := Platform{}.Publish(ctx, f.conn(), platforms.Task{Content: content, State: saved(step, state{State: containers.State{Items: []string{""}, Container: "c1"}, Media: "m1"})})
		if step != containers.ItemsWait && err == nil {
			t.Errorf("%q went on", step)
		}
		if len(f.calls) != 0 {
			t.Errorf("%q called %v", step, f.routes())
		}
	}
}

func saved(step string, st state) platforms.State {
	b, _ := json.Marshal(st)
	return platforms.State{Step: step, Data: b}
}

func stateOf(t *testing.T, s platforms.Step) state {
	t.Helper()
	var st state
	if err := json.Unmarshal(s.State.Data, &st); err != nil {
		t.Fatal(err)
	}
	return st
}
