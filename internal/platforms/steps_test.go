package platforms

import (
	"slices"
	"strings"
	"testing"
)

func TestStates(t *testing.T) {
	t.Parallel()
	type memory struct{ N int }
	s, err := Remember("waiting", memory{7})
	var got memory
	if err != nil || s.Step != "waiting" || s.Load(&got) != nil || got.N != 7 {
		t.Errorf("%+v, %v", got, err)
	}
	if err := (State{}).Load(&got); err != nil || got.N != 7 {
		t.Errorf("a first step changes it: %+v, %v", got, err)
	}
	for name, err := range map[string]error{"of another shape": State{Data: []byte(`[1]`)}.Load(&got), "not to be stored": func() error { _, err := Remember("", func() {}); return err }()} {
		if e := AsError(err); e == nil || e.Kind != Unavailable {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestOptionsOf(t *testing.T) {
	t.Parallel()
	type options struct {
		Title string `json:"title"`
	}
	if opts, err := OptionsOf[options]("demo", Content{Options: []byte(`{"title":"a"}`)}); err != nil || opts.Title != "a" {
		t.Errorf("%+v, %v", opts, err)
	}
	_, err := OptionsOf[options]("demo", Content{Options: []byte(`{"title":1}`)})
	if e := AsError(err); e == nil || e.Kind != Rejected || e.Rule != "demo.options.type" || e.Field != "platformSpecificData.title" || e.Remediation == "" {
		t.Errorf("%+v", e)
	}
}

func TestRenewing(t *testing.T) {
	t.Parallel()
	old := Token{Access: NewSecret("a"), Refresh: NewSecret("r"), Scopes: []string{"post"}}
	if got := (Token{Access: NewSecret("b")}).Renewing(old); got.Access.Reveal() != "b" || got.Refresh.Reveal() != "r" || !slices.Equal(got.Scopes, old.Scopes) {
		t.Errorf("what was not named: %+v", got)
	}
	if got := (Token{Refresh: NewSecret("s"), Scopes: []string{"read"}}).Renewing(old); got.Refresh.Reveal() != "s" || !slices.Equal(got.Scopes, []string{"read"}) {
		t.Errorf("what was named: %+v", got)
	}
}

func TestShorten(t *testing.T) {
	t.Parallel()
	if got := Shorten(strings.Repeat("é", 501)); got != strings.Repeat("é", 500)+"…" || Shorten("short") != "short" {
		t.Errorf("%d bytes", len(got))
	}
}
