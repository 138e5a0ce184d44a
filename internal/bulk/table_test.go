package bulk

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"posthorn/internal/accounts"
	"posthorn/internal/errs"
	"posthorn/internal/posts"
)

var known = []string{"bluesky", "instagram"}

func TestReadTable(t *testing.T) {
	t.Parallel()
	want := [][]string{{"bluesky", "Acme", "hello, \"world\"\nagain"}, {"bluesky", "Acme", "second"}}
	for name, file := range map[string]string{
		"commas":           "platforms,profiles,post_content\nbluesky,Acme,\"hello, \"\"world\"\"\nagain\"\nbluesky,Acme,second\n",
		"CRLF and no end":  "platforms,profiles,post_content\r\nbluesky,Acme,\"hello, \"\"world\"\"\nagain\"\r\n\r\nbluesky,Acme,second",
		"semicolons":       "platforms;profiles;post_content\nbluesky;Acme;\"hello, \"\"world\"\"\nagain\"\nbluesky;Acme;second",
		"tabs":             "platforms\tprofiles\tpost_content\nbluesky\tAcme\t\"hello, \"\"world\"\"\nagain\"\nbluesky\tAcme\tsecond",
		"a mark and cases": "\xef\xbb\xbf Platforms , PROFILES,content\nbluesky,Acme,\"hello, \"\"world\"\"\nagain\"\n , ,\nbluesky,Acme,second",
		"another order":    "post_content,,platforms,profiles\n\"hello, \"\"world\"\"\nagain\",,bluesky,Acme\nsecond,,bluesky,Acme",
	} {
		table, err := readTable([]byte(file), known)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var got [][]string
		for _, r := range table.records {
			got = append(got, []string{table.cell(r, colPlatforms), table.cell(r, colProfiles), table.cell(r, colContent)})
		}
		if !slices.EqualFunc(got, want, slices.Equal) || len(table.unknown) > 0 {
			t.Errorf("%s: %q, unknown %q", name, got, table.unknown)
		}
	}
}

func TestReadTableRefuses(t *testing.T) {
	t.Parallel()
	long := "platforms,profiles\n" + strings.Repeat("bluesky,Acme\n", maxRows)
	if _, err := readTable([]byte(long), known); err != nil {
		t.Errorf("%d rows: %v", maxRows, err)
	}
	for name, file := range map[string]string{
		"nothing":           " \n",
		"a header alone":    "platforms,profiles\n,\n",
		"another encoding":  "platforms,profiles\n\xff\xfe,x\n",
		"NUL":               "platforms,profiles\n\x00,x\n",
		"JSON":              `{"posts":[]}`,
		"no platforms":      "profiles,post_content\nAcme,hello\n",
		"an open quote":     "platforms,profiles\nbluesky,\"Acme\nx",
		"a quote in a cell": "platforms,profiles\nblue\"sky,Acme\n",
		"a column twice":    "platforms,profiles,title,Title\nbluesky,Acme,a,b\n",
		"too many rows":     long + "bluesky,Acme\n",
	} {
		if _, err := readTable([]byte(file), known); errs.CodeOf(err) != errs.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestColumns(t *testing.T) {
	t.Parallel()
	table, err := readTable([]byte("content,platforms,profiles,post_content,mood,custom_content_bluesky,schedule_time_friendster, Colour \nalias,bluesky,Acme,,x,own,y,z\nalias,bluesky,Acme,real,x,,y,z\n"), known)
	if err != nil {
		t.Fatal(err)
	}
	if got := []string{table.cell(table.records[0], colContent), table.cell(table.records[1], colContent), table.cell(table.records[0], "custom_content_bluesky")}; !slices.Equal(got, []string{"alias", "real", "own"}) {
		t.Errorf("cells are %q", got)
	}
	if !slices.Equal(table.unknown, []string{"mood", "schedule_time_friendster", "Colour"}) {
		t.Errorf("unknown are %q", table.unknown)
	}
}

func TestRow(t *testing.T) {
	t.Parallel()
	profiles := []accounts.Profile{{ID: "p1", Name: "Acme"}, {ID: "p2", Name: "Smith, Jones"}, {ID: "p3", Name: "Empty"}}
	own := map[string][]accounts.Account{
		"p1": {{ID: "gone", Platform: "bluesky", Username: "old"}, {ID: "dead", Platform: "bluesky", Active: true, NeedsReconnection: true}, {ID: "a1", Platform: "bluesky", Active: true}, {ID: "a2", Platform: "bluesky", Active: true},
			{ID: "i1", Platform: "instagram", Active: true}},
		"p2": {{ID: "b1", Platform: "bluesky", Active: true}, {ID: "off", Platform: "instagram", Username: "off"}},
	}
	const head = "platforms|profiles|post_content|title|media_urls|schedule_time|schedule_time_bluesky|publish_now|use_queue|is_draft|tz|custom_content_bluesky|custom_media_instagram"
	tests := []struct {
		name, cells string
		targets     string // account IDs
		mode        posts.Mode
		codes       string
	}{
		{"one account", "BlueSky|p1|hi|||||true", "a1", posts.Now, ""},
		{"two of each", "bluesky,instagram|acme; Smith, Jones|hi|||2026-01-01T10:00", "a1 i1", posts.At, "unknown_profile:Smith unknown_profile:Jones"},
		{"a name with a comma", "bluesky|Smith, Jones|hi|||2026-01-01T10:00", "b1", posts.At, ""},
		{"disconnected", "instagram|p2|hi|||2026-01-01T10:00", "", posts.At, "account_disconnected:instagram:@off"},
		{"no account", "bluesky|Empty|hi|||2026-01-01T10:00", "", posts.At, "no_account_for_platform:bluesky"},
		{"no time", "bluesky|Acme|hi", "a1", "", "schedule_time_missing"},
		{"a time for one of two", "bluesky,instagram|Acme|hi||||2026-01-01T10:00", "a1 i1", "", "schedule_time_missing"},
		{"a time for each", "bluesky|Acme|hi||||2026-01-01T10:00", "a1", posts.At, ""},
		{"a draft before all", "bluesky|Acme|hi|||2026-01-01T10:00||true|true|true", "a1", posts.AsDraft, ""},
		{"now before a time", "bluesky|Acme|hi|||2026-01-01T10:00||true|true", "a1", posts.Now, ""},
		{"a time before a queue", "bluesky|Acme|hi|||2026-01-01T10:00|||true", "a1", posts.At, ""},
		{"a queue", "bluesky|Acme|hi||||||1", "a1", posts.Queued, ""},
		{"nothing to say", "bluesky|Acme||||2026-01-01T10:00", "a1", posts.At, "content_missing"},
		{"a title will do", "bluesky|Acme||hi||2026-01-01T10:00", "a1", posts.At, ""},
		{"nothing at all", "||hi", "", "", "profiles_missing platforms_missing"},
		{"an unknown platform", "friendster|Acme|hi|||2026-01-01T10:00", "", posts.At, "unknown_platform:friendster"},
		{"what is not true or false", "bluesky|Acme|hi|||||maybe", "a1", "", "invalid_boolean:publish_now schedule_time_missing"},
		{"too many cells", "bluesky|Acme|hi|||2026-01-01T10:00|||||||||more", "a1", posts.At, "too_many_cells"},
		{"a long title", "bluesky|Acme|hi|" + strings.Repeat("x", maxTitle+1) + "||2026-01-01T10:00", "a1", posts.At, "too_long:title"},
	}
	for _, tt := range tests {
		table := tableOf(t, head, tt.cells)
		r := maker{table: table, platforms: known, profiles: profiles, accounts: own}.row(1, table.records[0])
		var targets []string
		for _, target := range r.post.Targets {
			targets = append(targets, target.AccountID)
		}
		if got := strings.Join(targets, " "); got != tt.targets || r.post.Mode != tt.mode || strings.Join(r.codes, " ") != tt.codes {
			t.Errorf("%s: at %q, mode %q, codes %q", tt.name, got, r.post.Mode, r.codes)
		}
		if tt.mode == posts.Queued && r.post.QueuedFromProfile != "p1" {
			t.Errorf("%s: the queue is that of %q", tt.name, r.post.QueuedFromProfile)
		}
	}
}

// tableOf is a table of one record, whose cells are written with bars between them.
func tableOf(t *testing.T, head, cells string) *table {
	t.Helper()
	quoted := func(s string) string { return `"` + strings.ReplaceAll(s, "|", `","`) + `"` }
	table, err := readTable([]byte(quoted(head)+"\n"+quoted(cells)), known)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"https://a.example/1.jpg":                                                 "[https://a.example/1.jpg]",
		"https://a.example/1.jpg,https://a.example/2.jpg":                         "[https://a.example/1.jpg https://a.example/2.jpg]",
		"https://a.example/1.jpg; https://a.example/2.jpg |http://b.example/3":    "[https://a.example/1.jpg https://a.example/2.jpg http://b.example/3]",
		"https://a.example/w_100,h_100/1.jpg,https://a.example/2.jpg?a=1;b=2":     "[https://a.example/w_100,h_100/1.jpg https://a.example/2.jpg?a=1;b=2]",
		"https://a.example/1.jpg\nhttps://a.example/2.jpg,":                       "[https://a.example/1.jpg https://a.example/2.jpg]",
		"https://proxy.example/?u=https://a.example/1.jpg|https://a.example/2.jp": "[https://proxy.example/?u=https://a.example/1.jpg https://a.example/2.jp]",
		" , ": "[]",
	}
	for cell, want := range tests {
		if got := fmt.Sprint(addresses(cell)); got != want {
			t.Errorf("%q: %s, want %s", cell, got, want)
		}
	}
}
