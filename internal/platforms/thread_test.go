package platforms

import "testing"

func TestMediaTypeFromAddress(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]MediaType{"https://e.com/a.MP4?x=1": Video, "https://e.com/a.gif": GIF, "https://e.com/a": Image, "::": Image} {
		if got := (ThreadItem{MediaItems: []ThreadMedia{{URL: in}}}).Part().Media[0].Type; got != want {
			t.Errorf("%q is %s, want %s", in, got, want)
		}
	}
	if got := (ThreadItem{MediaItems: []ThreadMedia{{Type: Image, URL: "https://e.com/a.mp4"}}}).Part().Media[0].Type; got != Image {
		t.Errorf("the stated type is %s", got)
	}
}
