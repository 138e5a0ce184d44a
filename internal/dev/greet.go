package dev

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"posthorn/internal/config"
	"posthorn/internal/platforms"
	"posthorn/internal/platforms/all"
)

// samplePhoto is the sandbox's picture in the first command.
const samplePhoto = "/_sandbox/samples/coast.jpg"

// greet says what runs and how to begin.
func greet(out io.Writer, c *config.Config, box *sandboxServer, s seeded) {
	var b strings.Builder
	fmt.Fprintf(&b, "\nPosthorn is running.\n\n  API       %s/v1\n  Docs      %s/docs   every operation, to be read and tried\n", c.PublicURL, c.PublicURL)
	if box != nil {
		fmt.Fprintf(&b, "  Sandbox   %s   shows what has been published\n", box.url)
	} else {
		fmt.Fprintf(&b, "  Gateway   %s   takes every call to a platform\n", c.Gateway)
	}
	fmt.Fprintf(&b, "  API key   %s\n\n  Accounts\n", s.key)
	for _, a := range s.accounts {
		fmt.Fprintf(&b, "    %s  %-10s @%s\n", a.ID, a.Platform, a.Username)
	}
	command := firstPost(c, box, s)
	fmt.Fprintf(&b, "\nPublish to all that take it:\n\n%s\n\nStop with Ctrl-C.\n\n", indent(command, "  "))
	fmt.Fprint(out, b.String())
	if box != nil {
		box.hint.Store(&command)
	}
}

// firstPost is a command that works when pasted. Its text names the time, since the same text twice in a day is refused as a duplicate.
func firstPost(c *config.Config, box *sandboxServer, s seeded) string {
	type target struct {
		Platform  string `json:"platform"`
		AccountID string `json:"accountId"`
	}
	type item struct {
		Type    string `json:"type"`
		URL     string `json:"url"`
		AltText string `json:"altText,omitempty"`
	}
	body := struct {
		Content    string   `json:"content"`
		MediaItems []item   `json:"mediaItems,omitempty"`
		Platforms  []target `json:"platforms"`
		PublishNow bool     `json:"publishNow"`
	}{Content: "Hello from Posthorn, " + time.Now().Format("2 January 15:04:05") + " #firstpost", PublishNow: true}
	if box != nil {
		body.MediaItems = []item{{"image", box.url + samplePhoto, "A coast at sunset"}}
	}
	for _, a := range s.accounts {
		if Takes(a.Platform, box != nil) { // a gateway of the user's own has no picture of ours
			body.Platforms = append(body.Platforms, target{a.Platform, a.ID})
		}
	}
	b, err := json.Marshal(body)
	if err != nil {
		panic("dev: " + err.Error()) // plain strings always encode
	}
	return fmt.Sprintf("curl -s %s/v1/posts \\\n  -H 'Authorization: Bearer %s' \\\n  -H 'Content-Type: application/json' \\\n  -d '%s'", c.PublicURL, s.key, b)
}

// Takes reports whether a platform takes the first post, with the picture or without: YouTube takes videos alone, and Instagram no text alone.
func Takes(platform string, pictured bool) bool {
	p, ok := all.Registry().Get(platform)
	c := platforms.Content{Text: "Hello"}
	if pictured {
		c.Media = []platforms.Media{{Type: platforms.Image}}
	}
	return ok && len(platforms.Check(p, c)) == 0
}

func indent(text, by string) string {
	return by + strings.ReplaceAll(text, "\n", "\n"+by)
}
