package http

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"html/template"
)

// Brand is how the pages for users name the operator and look like him. The zero value is Posthorn's own.
type Brand struct {
	Name  string
	Color string // of buttons and links, as #rrggbb; dark enough to be read on white
}

// look is a server's pages: their templates in its operator's name and colour, and the policy that lets a page have that style and pictures from here, and send its
// form here, and nothing else.
type look struct {
	templates *template.Template
	policy    string
}

func newLook(b Brand) (look, error) {
	name := b.Name
	if name == "" {
		name = "Posthorn"
	}
	style, err := pageFiles.ReadFile("pages/style.css")
	if err != nil {
		return look{}, err
	}
	css := template.CSS(style) //nolint:gosec // it is embedded
	if b.Color != "" {
		css += template.CSS(fmt.Sprintf(":root { --act: %[1]s; --on-act: #fff; }\n@media (prefers-color-scheme: dark) { :root { --act: color-mix(in srgb, %[1]s 40%%, #fff); --on-act: #10151f; } }\n", b.Color)) //nolint:gosec // the config takes hex digits alone
	}
	templates, err := template.New("").Funcs(template.FuncMap{"style": func() template.CSS { return css }, "brand": func() string { return name }, "own": func() bool { return b.Name == "" }, "day": instant, "role": roleInWords}).
		ParseFS(pageFiles, "pages/*.html")
	if err != nil {
		return look{}, err
	}
	hash := sha256.Sum256([]byte(css))
	return look{templates, fmt.Sprintf("default-src 'none'; style-src 'sha256-%s'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'", base64.StdEncoding.EncodeToString(hash[:]))}, nil
}
