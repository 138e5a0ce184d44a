package http

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"posthorn/internal/platforms"
)

// optioned is a platform with options.
type optioned struct {
	bluesky
	name    string
	options any
}

func (o optioned) Info() platforms.Info {
	i := o.bluesky.Info()
	i.Name, i.Options = o.name, o.options
	return i
}

type shared struct {
	FirstComment string `json:"firstComment,omitempty"`
}

func TestMisplacedOptions(t *testing.T) {
	t.Parallel()
	a := newAPI(t, func(c *Config) {
		c.Platforms = platforms.NewRegistry(bluesky{},
			optioned{name: "instagram", options: struct {
				shared
				Collaborators []string `json:"collaborators"`
				Title         string   `json:"title"`
				Unsent        string   `json:"-"`
				Plain         bool
				hidden        bool
			}{}},
			optioned{name: "threads", options: &struct {
				TopicTag string `json:"topic_tag"`
				shared
			}{}})
	})
	on := func(platform, rest string) string {
		return fmt.Sprintf(`{"platform":%q,"accountId":%q%s}`, platform, accountID, rest)
	}
	tests := []struct {
		name, root, targets string
		want                []any
	}{
		{"all in place", `"title":"t","tags":[],"unknown":1`, on("instagram", `,"platformSpecificData":{"firstComment":"c","collaborators":[],"title":"t"}`), nil},
		{"in the root", `"firstComment":"c","topic_tag":"t"`, on("instagram", ``), []any{
			"firstComment in the post's root has no effect; set it in platforms[].platformSpecificData of a target at instagram or threads",
			"topic_tag in the post's root has no effect; set it in platforms[].platformSpecificData of a target at threads"}},
		{"in the root, of the contract's other platforms", `"contentType":"story"`, on("instagram", ``), []any{"contentType in the post's root has no effect; set it in platforms[].platformSpecificData"}},
		{"the data themselves", `"platformSpecificData":{}`, on("instagram", ``), []any{"platformSpecificData in the post's root has no effect; set it in platforms[].platformSpecificData"}},
		{"on the target", ``, on("bluesky", ``) + "," + on("instagram", `,"collaborators":["a"],"other":1,"Plain":true`), []any{
			"platforms[1].Plain has no effect; set it in platforms[1].platformSpecificData",
			"platforms[1].collaborators has no effect; set it in platforms[1].platformSpecificData"}},
		{"at another platform", ``, on("threads", `,"platformSpecificData":{"collaborators":[],"firstComment":"c","whatever":1}`),
			[]any{"platforms[0].platformSpecificData.collaborators has no effect: threads has no such option, but instagram"}},
	}
	for _, tt := range tests {
		root := tt.root
		if root != "" {
			root += ","
		}
		got := a.do("POST", "/v1/posts", `{"isDraft":true,`+root+`"platforms":[`+tt.targets+`]}`)
		if got.status != http.StatusCreated {
			t.Fatalf("%s: %s", tt.name, got.body)
		}
		warnings, _ := got.json(t)["warnings"].([]any)
		if diff := cmp.Diff(tt.want, warnings); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
	if got := a.do("POST", "/v1/posts", `{"isDraft":true}`); strings.Contains(string(got.body), "warnings") {
		t.Errorf("without platforms: %s", got.body)
	}
}
