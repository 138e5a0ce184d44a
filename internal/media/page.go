package media

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net/url"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
	"golang.org/x/net/html/charset"

	"posthorn/internal/platforms"
)

const (
	maxPage        = 512 << 10
	maxTitle       = 300  // characters
	maxDescription = 1000 // characters
	maxImageURL    = 2048 // bytes
)

// Page reads what a web page says of itself from its first 512 KB: its OpenGraph data (https://ogp.me), else title and
// description; a page without a title is called by its host. Texts are trimmed to 300 and 1000 characters.
func (s *Source) Page(ctx context.Context, address string) (platforms.Page, error) {
	ctx, cancel := context.WithTimeout(ctx, orTime(s.prober.Timeout, probeTimeout))
	defer cancel()
	page, err := s.page(ctx, address)
	return page, platformError(err)
}

func (s *Source) page(ctx context.Context, address string) (platforms.Page, error) {
	a, err := get(ctx, s.prober.Client, address, 0, 0)
	if err != nil {
		return platforms.Page{}, err
	}
	defer a.body.Close()
	kind := a.resp.Header.Get("Content-Type")
	if kind != "" && !strings.Contains(kind, "html") {
		return platforms.Page{}, &Fault{Rule: RuleUnsupported, Message: a.host + " answered with a file, not with a web page", Remediation: "Attach the file as media."}
	}
	far := &farReader{r: a.body}
	text, err := charset.NewReader(io.LimitReader(far, maxPage), kind)
	if err != nil && !errors.Is(err, io.EOF) {
		return platforms.Page{}, a.fault(err)
	}
	var found said
	if err == nil {
		found = readPage(text)
	}
	if far.err != nil {
		return platforms.Page{}, a.fault(far.err)
	}
	return platforms.Page{
		URL:         address,
		Title:       trimmed(maxTitle, found.og["og:title"], found.title, a.host),
		Description: trimmed(maxDescription, found.og["og:description"], found.description),
		ImageURL:    imageURL(a.resp.Request.URL, found.base, cmp.Or(found.og["og:image:secure_url"], found.og["og:image"], found.og["og:image:url"])),
	}, nil
}

// said is what a page says of itself; of what it says twice, the first counts.
type said struct {
	title, description, base string
	og                       map[string]string
}

func readPage(r io.Reader) said {
	out := said{og: map[string]string{}}
	z := html.NewTokenizer(r)
	z.SetMaxBuf(maxPage)
	for inSVG := 0; ; {
		switch z.Next() {
		case html.ErrorToken: // the end, or all that is read of it
			return out
		case html.StartTagToken, html.SelfClosingTagToken:
			t := z.Token()
			switch {
			case t.DataAtom == atom.Svg && t.Type == html.StartTagToken: // has titles of its own
				inSVG++
			case t.DataAtom == atom.Title && inSVG == 0 && out.title == "":
				if z.Next() == html.TextToken {
					out.title = z.Token().Data
				}
			case t.DataAtom == atom.Base && out.base == "":
				out.base = attribute(t, "href")
			case t.DataAtom == atom.Meta:
				out.meta(t)
			}
		case html.EndTagToken:
			if name, _ := z.TagName(); string(name) == "svg" && inSVG > 0 {
				inSVG--
			}
		}
	}
}

func (s *said) meta(t html.Token) {
	name := strings.ToLower(strings.TrimSpace(attribute(t, "property")))
	if name == "" {
		name = strings.ToLower(strings.TrimSpace(attribute(t, "name")))
	}
	content := strings.TrimSpace(attribute(t, "content"))
	switch {
	case content == "":
	case strings.HasPrefix(name, "og:") && s.og[name] == "":
		s.og[name] = content
	case name == "description" && s.description == "":
		s.description = content
	}
}

func attribute(t html.Token, name string) string {
	for _, a := range t.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// trimmed is the first text that is not blank, on one line, with at most limit characters.
func trimmed(limit int, texts ...string) string {
	for _, t := range texts {
		t = strings.Join(strings.Fields(strings.ToValidUTF8(t, "")), " ")
		if t == "" {
			continue
		}
		if utf8.RuneCountInString(t) > limit {
			t = strings.TrimSpace(string([]rune(t)[:limit-1])) + "…"
		}
		return t
	}
	return ""
}

// imageURL resolves the address of a page's image; "" for none, and for one that is not http or https.
func imageURL(page *url.URL, base, ref string) string {
	if ref == "" || len(ref) > maxImageURL {
		return ""
	}
	if b, err := page.Parse(base); err == nil && base != "" {
		page = b
	}
	u, err := page.Parse(ref)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return ""
	}
	return u.String()
}
