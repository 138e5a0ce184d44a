// Package all lists every adapter with its fake. To add a platform is to add a line here.
package all

import (
	"posthorn/internal/platforms"
	"posthorn/internal/platforms/bluesky"
	"posthorn/internal/platforms/bluesky/blueskyfake"
	"posthorn/internal/platforms/facebook"
	"posthorn/internal/platforms/facebook/facebookfake"
	"posthorn/internal/platforms/farside"
	"posthorn/internal/platforms/instagram"
	"posthorn/internal/platforms/instagram/instagramfake"
	"posthorn/internal/platforms/reddit/redditfake"
	"posthorn/internal/platforms/threads"
	"posthorn/internal/platforms/threads/threadsfake"
	"posthorn/internal/platforms/tiktok"
	"posthorn/internal/platforms/tiktok/tiktokfake"
	"posthorn/internal/platforms/twitter"
	"posthorn/internal/platforms/twitter/twitterfake"
	"posthorn/internal/platforms/youtube"
	"posthorn/internal/platforms/youtube/youtubefake"
)

// Entry is one platform: our side and its far side.
type Entry struct {
	Platform platforms.Platform
	Fake     func(farside.Options) farside.Server
}

// Entries lists them in alphabetical order.
func Entries() []Entry {
	return []Entry{
		{bluesky.Platform{}, func(o farside.Options) farside.Server { return blueskyfake.New(o) }},
		{facebook.Platform{}, func(o farside.Options) farside.Server { return facebookfake.New(o) }},
		{instagram.Platform{}, func(o farside.Options) farside.Server { return instagramfake.New(o) }},
		{threads.Platform{}, func(o farside.Options) farside.Server { return threadsfake.New(o) }},
		{tiktok.Platform{}, func(o farside.Options) farside.Server { return tiktokfake.New(o) }},
		{twitter.Platform{}, func(o farside.Options) farside.Server { return twitterfake.New(o) }},
		{youtube.Platform{}, func(o farside.Options) farside.Server { return youtubefake.New(o) }},
	}
}

// Registry makes the registry of all adapters, and of others that the caller brings.
func Registry(others ...platforms.Platform) *platforms.Registry {
	list := others
	for _, e := range Entries() {
		list = append(list, e.Platform)
	}
	return platforms.NewRegistry(list...)
}

// Titles are the platforms' names for people, by the platforms' names.
func Titles() map[string]string {
	list := map[string]string{"reddit": "Reddit"}
	for _, e := range Entries() {
		list[e.Platform.Info().Name] = e.Platform.Info().Title
	}
	return list
}

// Fakes makes the far side of every platform, by the platform's name.
func Fakes(o farside.Options) map[string]farside.Server {
	list := map[string]farside.Server{}
	for _, e := range Entries() {
		list[e.Platform.Info().Name] = e.Fake(o)
	}
	list["reddit"] = redditfake.New(o) // asked for subreddits; nothing is published there yet
	return list
}
