package http

import "testing"

func TestInitials(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{"Maison Lune Bakery": "ML", "Maison Lune (@maison.lune)": "ML", "@north_quay": "N", "coastline.daily": "C", "  ": "", "": "", "élan vital": "ÉV", "日本 放送": "日放", "_x_ y": "XY", "O'Brien & Sons": "OS", "7 seas": "7S", "👋 hello": "H"} {
		if got := initials(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}
