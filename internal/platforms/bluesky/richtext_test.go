package bluesky

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestDetect(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, text string
		want       string // "part=value" for each facet, joined by spaces; the part alone where the value is the same
	}{
		{"nothing", "just words, 3.14 and e.g. this", ""},
		{"empty", "", ""},
		{"link", "see https://example.com/a?b=c#d now", "https://example.com/a?b=c#d"},
		{"link at both ends", "http://a.example https://b.example", "http://a.example https://b.example"},
		{"upper-case scheme", "HTTPS://Example.com", "HTTPS://Example.com"},
		{"emoji before a link", "👨‍👩‍👧‍👦🚀 https://example.com", "https://example.com"},
		{"Chinese around a link", "请看https://example.com/a。谢谢", "https://example.com/a"},
		{"Chinese right after the domain", "https://example.com谢谢", "https://example.com"},
		{"Chinese in the path", "https://zh.example.org/维基 好", "https://zh.example.org/维基"},
		{"a domain in another script", "https://münchen.example/ https://例え.テスト/a", "https://münchen.example/ https://例え.テスト/a"},
		{"full stop after a link", "Read https://example.com/a.", "https://example.com/a"},
		{"several marks after a link", "https://example.com/a?!...", "https://example.com/a"},
		{"a link in brackets", "(https://example.com/a) [https://example.com/b]", "https://example.com/a https://example.com/b"},
		{"brackets of the link's own", "https://example.com/Go_(game) (https://example.com/Go_(game))", "https://example.com/Go_(game) https://example.com/Go_(game)"},
		{"a link in quotes", `"https://example.com/a" “https://example.com/b”`, "https://example.com/a https://example.com/b"},
		{"a link in angle brackets", "<https://example.com/a>", "https://example.com/a"},
		{"an emoji after a link", "https://example.com/a🚀", "https://example.com/a"},
		{"a port", "http://localhost:3000/x and https://example.com:8443.", "http://localhost:3000/x https://example.com:8443"},
		{"a list of links", "https://a.example/1,https://b.example/2", "https://a.example/1,https://b.example/2"},
		{"no host", "https:// http://. https://?x", ""},
		{"within a word", "xhttps://example.com", ""},
		{"another scheme", "ftp://example.com javascript:alert(1)", ""},
		{"a bare domain", "see example.com, or www.example.co.uk/a.", "example.com=https://example.com www.example.co.uk/a=https://www.example.co.uk/a"},
		{"bare domains that are not", "main.rs readme.md e.g. thanks.it Hello.World foo.command", ""},
		{"a longer name than a domain", "example.com.invalid example.company example.com_x", ""},
		{"a mention", "hi @alice.example.com!", "@alice.example.com=alice.example.com"},
		{"a mention in capitals", "@Alice.Example.COM", "@Alice.Example.COM=alice.example.com"},
		{"mentions in brackets and after a script without spaces", "(@a.example.com) こんにちは@b.example.comさん", "@a.example.com=a.example.com @b.example.com=b.example.com"},
		{"a full stop after a mention", "ask @a.example.com. Now.", "@a.example.com=a.example.com"},
		{"no mentions", "@alice @ @.com @a..b @-a.com @a.1", ""},
		{"e-mail addresses", "bob@example.com first.last@mail.example.com info.com@example.com josé@example.com mailto:bob@example.com", ""},
		{"an account of another network", "@user@social.example @a.com@b.com", ""},
		{"tags", "#one #Two2 #émigré #日本語 ＃全角", "#one=one #Two2=Two2 #émigré=émigré #日本語=日本語 ＃全角=全角"},
		{"tags and punctuation", "#one, #two. (#three) #a-b #a_b #c!", "#one=one #two=two #three=three #a-b=a-b #a_b=a_b #c=c"},
		{"numbers are no tags", "#1 #2026 #1_2 #1st", "#1st=1st"},
		{"signs alone", "# ## #- #_ #️⃣ C# a#b &#39;", ""},
		{"a tag of emoji", "#🔥 #go🔥.", "#🔥=🔥 #go🔥=go🔥"},
		{"a tag within an address", "https://example.com/#top #top", "https://example.com/#top #top=top"},
		{"a mention within an address", "https://example.com/@a.example.com", "https://example.com/@a.example.com"},
		{"tags that touch", "#a#b #c", "#a=a #c=c"},
		{"the longest tag", "#" + strings.Repeat("x", 64), "#" + strings.Repeat("x", 64) + "=" + strings.Repeat("x", 64)},
		{"a tag too long", "#" + strings.Repeat("x", 65), ""},
		{"a tag of too many bytes", "#" + strings.Repeat("👨‍👩‍👧‍👦", 40), ""},
		{"invalid UTF-8", "\xff https://example.com/\xff #a\xff", "https://example.com/ #a=a"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			end := 0
			for _, s := range detect(tt.text) {
				if s.Start < end || s.End <= s.Start || s.End > len(tt.text) {
					t.Fatalf("%+v overlaps or lies outside", s)
				}
				end = s.End
				part := tt.text[s.Start:s.End]
				if utf8.ValidString(tt.text) && !utf8.ValidString(part) {
					t.Errorf("%q cuts a character", part)
				}
				if s.value != part {
					part += "=" + s.value
				}
				got = append(got, part)
			}
			if g := strings.Join(got, " "); g != tt.want {
				t.Errorf("got  %s\nwant %s", g, tt.want)
			}
		})
	}
}

func FuzzDetect(f *testing.F) {
	for _, s := range []string{"https://例え.テスト/a。", "@a.example.com #tag", "＃全角", "(https://a.b/(c)))", "\xff#\xff@"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		end := 0
		for _, s := range detect(text) {
			if s.Start < end || s.End <= s.Start || s.End > len(text) || s.value == "" {
				t.Fatalf("%+v in %q", s, text)
			}
			end = s.End
		}
	})
}
