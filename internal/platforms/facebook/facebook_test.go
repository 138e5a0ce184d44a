package facebook_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"posthorn/internal/platforms"
	"posthorn/internal/platforms/facebook"
	"posthorn/internal/platforms/facebook/facebookfake"
	"posthorn/internal/platforms/farside/consent"
)

const bakery = "112233445566778"

// TestForms looks at what is sent for the kinds of post that differ in nothing but their form.
func TestForms(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		text, options string
		media         []platforms.Media
		want          url.Values
	}{
		"a text":                    {"Hello", "", nil, url.Values{"message": {"Hello"}, "published": {"false"}}},
		"a link":                    {"(See https://example.com/a_(b)), and https://b.example", "", nil, url.Values{"message": {"(See https://example.com/a_(b)), and https://b.example"}, "link": {"https://example.com/a_(b)"}, "published": {"false"}}},
		"a link to Facebook":        {"https://www.facebook.com/events/1", "", nil, url.Values{"message": {"https://www.facebook.com/events/1"}, "published": {"false"}}},
		"a link on a background":    {"https://a.example", `{"facebookSettings":{"textFormatPresetId":"106018623298955"}}`, nil, url.Values{"message": {"https://a.example"}, "text_format_preset_id": {"106018623298955"}, "published": {"false"}}},
		"a text for some countries": {"Servus", `{"geoRestriction":{"countries":["AT","DE"]}}`, nil, url.Values{"message": {"Servus"}, "targeting": {`{"geo_locations":{"countries":["AT","DE"]}}`}, "published": {"false"}}},
		"a carousel": {"", `{"facebookSettings":{"carouselCards":[{"link":"https://a.example","name":"A"},{"link":"https://b.example"}]}}`, slices.Repeat(onePicture, 2), url.Values{"link": {"https://a.example"}, "multi_share_end_card": {"false"}, "multi_share_optimized": {"false"}, "published": {"false"},
			"child_attachments": {`[{"link":"https://a.example","name":"A","picture":"https://pictures.example/a.gif"},{"link":"https://b.example","picture":"https://pictures.example/a.gif"}]`}}},
	} {
		f := newFar(t)
		step, err := f.publish(0, platforms.Content{Text: tt.text, Media: tt.media, Options: []byte(tt.options)})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := f.form("POST " + bakery + "/feed"); got.Encode() != tt.want.Encode() {
			t.Errorf("%s: it sent %v", name, got)
		}
		if seen := f.fake.Posts(); len(seen) != 1 || seen[0].ID != step.Done.ID || seen[0].URL != step.Done.URL {
			t.Errorf("%s: the public sees %+v, and it is %+v", name, seen, step.Done)
		}
	}
}

// TestDrafts makes drafts, which nobody sees.
func TestDrafts(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]platforms.Content{
		"text":  {Text: "Later", Options: []byte(`{"facebookSettings":{"draft":true}}`)},
		"photo": {Media: onePicture, Options: []byte(`{"facebookSettings":{"draft":true}}`)},
		"video": {Media: oneFilm, Options: []byte(`{"facebookSettings":{"draft":true}}`)},
		"reel":  {Media: oneFilm, Options: []byte(`{"contentType":"reel","facebookSettings":{"draft":true}}`)},
	} {
		f := newFar(t)
		step, err := f.publish(0, c)
		if err != nil || step.Done == nil || step.Done.ID == "" || !strings.HasPrefix(step.Done.URL, "https://www.facebook.com/") {
			t.Errorf("%s: %+v, %v", name, step, err)
		}
		if seen := f.fake.Posts(); len(seen) != 0 {
			t.Errorf("%s: the public sees %+v", name, seen)
		}
	}
}

// TestUploadGoesOn breaks a reel's upload off, and counts what is sent again.
func TestUploadGoesOn(t *testing.T) {
	t.Parallel()
	f := newFar(t)
	cut := len(film) * 6 / 10
	f.fake.CutUpload(int64(cut))
	if _, err := f.publish(0, platforms.Content{Text: "A reel", Media: oneFilm, Options: []byte(`{"contentType":"reel"}`)}); err != nil {
		t.Fatal(err)
	}
	var offsets []string
	total := 0
	for _, s := range f.sent {
		if s.size != "" {
			offsets = append(offsets, s.size)
			total += len(s.body)
		}
	}
	if !slices.Equal(offsets, []string{"0", strconv.Itoa(cut)}) || total != len(film)+len(film)-cut {
		t.Errorf("it went on from %v, and sent %d bytes", offsets, total)
	}
	if seen := f.fake.Posts(); len(seen) != 1 || seen[0].Kind != "reel" {
		t.Errorf("the public sees %+v", seen)
	}
}

// TestRefusals ends posts that nobody sees.
func TestRefusals(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		prepare func(*facebookfake.Fake)
		content platforms.Content
		kind    platforms.Kind
		rule    string
		words   string
	}{
		"a video that cannot be processed": {func(f *facebookfake.Fake) { f.BreakVideo("the sound is missing") }, platforms.Content{Media: oneFilm}, platforms.Rejected, "facebook.media.processing", "the sound is missing"},
		"a reel whose last word is lost": {func(f *facebookfake.Fake) { f.BreakVideo("too dark"); f.PublishThenDie(facebookfake.DropAnswer) },
			platforms.Content{Media: oneFilm, Options: []byte(`{"contentType":"reel"}`)}, platforms.Rejected, "facebook.media.processing", "too dark"},
		"a page that is not there":   {nil, platforms.Content{Text: "https://nowhere.invalid/"}, platforms.Rejected, "facebook.error.1609005", ""},
		"a refusal":                  {nil, platforms.Content{Text: "no [[sandbox:fail:1346003]]"}, platforms.Rejected, "facebook.error.1346003", ""},
		"another Page":               {nil, platforms.Content{Text: "x", Options: []byte(`{"pageId":"112233445566801"}`)}, platforms.Rejected, "facebook.page.other", ""},
		"the same as the last":       {nil, platforms.Content{Text: "twice"}, platforms.Duplicate, "facebook.error.506", ""},
		"a background without paint": {nil, platforms.Content{Text: strings.Repeat("x", 131), Options: []byte(`{"facebookSettings":{"textFormatPresetId":"1"}}`)}, platforms.Rejected, "facebook.error.100", "text_format_preset_id"},
	} {
		f := newFar(t)
		before := 0
		if tt.kind == platforms.Duplicate {
			before = 1
			if _, err := f.publish(0, tt.content); err != nil {
				t.Fatal(err)
			}
		}
		if tt.prepare != nil {
			tt.prepare(f.fake)
		}
		_, err := f.publish(0, tt.content)
		if e := platforms.AsError(err); e == nil || e.Kind != tt.kind || e.Rule != tt.rule || !strings.Contains(e.Message, tt.words) {
			t.Errorf("%s: %v", name, err)
		}
		if seen := f.fake.Posts(); len(seen) != before {
			t.Errorf("%s: the public sees %+v", name, seen)
		}
	}
}

// TestOldPhotos makes a post long after its photos were uploaded, when Facebook has forgotten them.
func TestOldPhotos(t *testing.T) {
	t.Parallel()
	f := newFar(t)
	task := platforms.Task{Content: platforms.Content{Media: onePicture}}
	for range 3 { // until the photo is there
		step, err := facebook.Platform{}.Publish(context.Background(), f.conn(0), task)
		if err != nil {
			t.Fatal(err)
		}
		task.State = step.State
	}
	f.now = f.now.Add(25 * time.Hour)
	for range 10 {
		step, err := facebook.Platform{}.Publish(context.Background(), f.conn(0), task)
		if err != nil {
			t.Fatal(err)
		}
		if task.State = step.State; step.Done != nil && step.State.Step == "" {
			break
		}
		f.now = f.now.Add(step.Wait)
	}
	if seen := f.fake.Posts(); len(seen) != 1 || f.times("POST "+bakery+"/photos") != 2 {
		t.Errorf("the public sees %+v, after %d uploads", seen, f.times("POST "+bakery+"/photos"))
	}
}

// TestEdit changes what is said of posts, and refuses where nothing is.
func TestEdit(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		content platforms.Content
		refused bool
	}{
		"text":  {platforms.Content{Text: "One"}, false},
		"photo": {platforms.Content{Text: "One", Media: onePicture}, false},
		"video": {platforms.Content{Text: "One", Media: oneFilm}, false},
		"reel":  {platforms.Content{Text: "One", Media: oneFilm, Options: []byte(`{"contentType":"reel"}`)}, false},
		"story": {platforms.Content{Media: onePicture, Options: []byte(`{"contentType":"story"}`)}, true},
	} {
		f := newFar(t)
		step, err := f.publish(1, tt.content)
		if err != nil {
			t.Fatal(name, err)
		}
		edit := platforms.Edit{Existing: platforms.Existing{Remote: *step.Done, Content: tt.content, State: step.State}, Text: "Two & more"}
		for range 2 { // it may be repeated
			remote, err := facebook.Platform{}.Edit(context.Background(), f.conn(1), edit)
			if e := platforms.AsError(err); tt.refused != (e != nil) || e != nil && e.Field != "content" || remote.ID != step.Done.ID {
				t.Errorf("%s: %+v, %v", name, remote, err)
			}
		}
		if seen := f.fake.Posts(); !tt.refused && (len(seen) != 1 || seen[0].Text != "Two & more") {
			t.Errorf("%s: the public sees %+v", name, seen)
		}
	}
}

// TestKinds names the kind of post that media and options ask for.
func TestKinds(t *testing.T) {
	t.Parallel()
	upright := platforms.Media{Type: platforms.Video, Width: 1080, Height: 1920, Duration: 20 * time.Second}
	with := func(change func(*platforms.Media)) []platforms.Media {
		m := upright
		change(&m)
		return []platforms.Media{m}
	}
	for name, tt := range map[string]struct {
		media   []platforms.Media
		options string
		want    string
	}{
		"nothing":                         {nil, "", "text"},
		"an image":                        {onePicture, "", "photos"},
		"a video that nobody measured":    {oneFilm, "", "video"},
		"a short upright video":           {with(func(*platforms.Media) {}), "", "reel"},
		"one that is meant to be a video": {with(func(*platforms.Media) {}), `{"contentType":"feed"}`, "video"},
		"one for some countries":          {with(func(*platforms.Media) {}), `{"geoRestriction":{"countries":["DE"]}}`, "video"},
		"a long one":                      {with(func(m *platforms.Media) { m.Duration = 91 * time.Second }), "", "video"},
		"a wide one":                      {with(func(m *platforms.Media) { m.Width = 3414 }), "", "video"},
		"a small one":                     {with(func(m *platforms.Media) { m.Width, m.Height = 360, 640 }), "", "video"},
		"a story":                         {onePicture, `{"contentType":"Story"}`, "story"},
		"cards":                           {onePicture, `{"facebookSettings":{"carouselCards":[{"link":"https://a.example"}]}}`, "carousel"},
		"something else":                  {onePicture, `{"contentType":"event"}`, ""},
	} {
		kind, _ := facebook.Platform{}.Info().Rules.Kind(platforms.Content{Media: tt.media, Options: []byte(tt.options)})
		if kind.Name != tt.want {
			t.Errorf("%s is a %q", name, kind.Name)
		}
	}
}

// TestLogin takes users through the consent page, and lists what they open.
func TestLogin(t *testing.T) {
	t.Parallel()
	var p facebook.Platform
	login := p.Logins()[0]
	for name, tt := range map[string]struct {
		user   string
		scopes []string // nil: all
		pages  []string // their names; those that cannot be connected in brackets
	}{
		"several Pages":                 {"nora.vance", nil, []string{"Lighthouse Bakery", "Kiosk Vinyl", "[Old Mill Archive]"}},
		"the Page of a client":          {"lea.moor", nil, []string{"Moor Gardens"}},
		"no Page":                       {"otto.blum", nil, nil},
		"without the business's Pages":  {"nora.vance", []string{"pages_show_list", "pages_manage_posts"}, nil},
		"without the permission to see": {"nora.vance", []string{"pages_manage_posts", "business_management"}, nil},
	} {
		f := newFar(t)
		c := f.conn(0)
		c.Account, c.Token = platforms.Account{}, platforms.Token{}
		v := platforms.Visit{Login: login, App: c.App, State: "s", RedirectURL: "https://post.example/connect/callback/facebook"}
		scopes := tt.scopes
		if scopes == nil {
			scopes = login.Scopes.All()
		}
		form := url.Values{consent.FieldUser: {tt.user}, consent.FieldDecision: {"allow"}, consent.FieldScope: scopes}
		req := httptest.NewRequest("POST", p.AuthorizeURL(v), strings.NewReader(form.Encode()))
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		f.fake.ServeHTTP(w, req)
		back, err := url.Parse(w.Header().Get("Location"))
		if err != nil || w.Code != http.StatusFound || back.Query().Get("state") != "s" {
			t.Fatalf("%s: the browser goes to %s (%d, %v)", name, back, w.Code, err)
		}
		code := back.Query().Get("code")
		if _, err := p.Exchange(context.Background(), c, platforms.Visit{Login: login, App: c.App, RedirectURL: "https://elsewhere.example/"}, code); platforms.AsError(err) == nil || platforms.AsError(err).Kind != platforms.Rejected {
			t.Errorf("%s: another redirect address: %v", name, err)
		}
		g, err := p.Exchange(context.Background(), c, v, code)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var got []string
		for _, i := range g.Identities {
			label := i.Name
			if i.Fault != "" {
				label = "[" + label + "]"
				if !i.Token.Access.IsZero() {
					t.Errorf("%s: %s cannot be connected, and has a token", name, i.Name)
				}
			} else if i.Account.GrantedBy == "" || !i.Token.ExpiresAt.IsZero() {
				t.Errorf("%s: %+v", name, i.Account)
			}
			if strings.Contains(string(i.Listed), "EAA") || !json.Valid(i.Listed) {
				t.Errorf("%s: it is listed as %s", name, i.Listed)
			}
			got = append(got, label)
		}
		slices.Sort(g.Scopes)
		want := slices.Sorted(slices.Values(scopes))
		if !slices.Equal(got, tt.pages) || !slices.Equal(g.Scopes, want) {
			t.Errorf("%s: it opens %q with %q", name, got, g.Scopes)
		}
		if _, err := p.Exchange(context.Background(), c, v, code); platforms.AsError(err) == nil || platforms.AsError(err).Kind != platforms.Rejected {
			t.Errorf("%s: the code is good twice: %v", name, err)
		}
	}
}

// TestThrottled holds calls to what the usage header and the refusals tell.
func TestThrottled(t *testing.T) {
	t.Parallel()
	f := newFar(t)
	f.fake.SetCallBudget(1)
	task := platforms.Task{Content: platforms.Content{Text: "x"}, State: platforms.State{Step: "creating"}}
	step, err := facebook.Platform{}.Publish(context.Background(), f.conn(0), task)
	if err != nil {
		t.Fatal(err)
	}
	task.State = step.State
	_, err = facebook.Platform{}.Publish(context.Background(), f.conn(0), task)
	e := platforms.AsError(err)
	if e == nil || e.Kind != platforms.RateLimited || e.Code != "80001" || e.Reset.Sub(f.now) < 5*time.Minute || e.APIVersion != "v25.0" {
		t.Errorf("over the limit: %+v", e)
	}
}

// TestRevoke takes a user out of the app, with all the Pages that they connected.
func TestRevoke(t *testing.T) {
	t.Parallel()
	f := newFar(t)
	c := f.conn(0)
	c.Account.GrantedBy = f.fake.Accounts()[0].GrantedBy
	if what := (facebook.Platform{}).Revokes(c.Account); what != platforms.RevokesGrant || c.Account.GrantedBy == "" {
		t.Errorf("it revokes %q of %q", what, c.Account.GrantedBy)
	}
	for range 2 { // a worker may die and another repeat it
		if err := (facebook.Platform{}).Revoke(t.Context(), c); err != nil {
			t.Error(err)
		}
	}
	if f.fake.Opens(c.Token.Access.Reveal()) {
		t.Error("the Page's token opens it still")
	}
}
