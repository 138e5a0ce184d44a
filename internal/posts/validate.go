package posts

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"posthorn/internal/errs"
	"posthorn/internal/platforms"
	"posthorn/internal/platforms/outline"
)

// Checked is what Validate found. A post without problems would be accepted.
type Checked struct {
	Problems []Problem
	Warnings []Warning
}

// Warning is what may be meant so, and should be looked at.
type Warning struct {
	Platform, Text string
}

// Validate holds a post to the rules of its platforms as Create does, and stores nothing. Accounts are not looked at, and may be missing.
// Platforms of the contract that this server has no adapter for are checked as far as their outline goes.
func (s *Service) Validate(ctx context.Context, p NewPost) (c Checked, err error) {
	defer errs.Wrap(&err, "posts.Validate()")
	post := Post{Title: p.Title, Content: p.Content, Media: slices.Clone(p.Media), Tags: p.Tags}
	if p.ScheduledFor != "" {
		if _, err := parseTime("scheduledFor", p.ScheduledFor, p.Timezone); err != nil {
			return Checked{}, err
		}
	}
	for i, t := range p.Targets {
		if info, _ := s.rulesOf(t.Platform); info.Name == "" {
			return Checked{}, &errs.Error{Code: errs.Invalid, Rule: "platform.unknown", Field: fmt.Sprintf("platforms[%d].platform", i),
				Message: fmt.Sprintf("platform %q does not exist; there are %s", clip(t.Platform, 40), strings.Join(s.platformNames(), ", "))}
		}
		if t.ScheduledFor != "" {
			if _, err := parseTime(fmt.Sprintf("platforms[%d].scheduledFor", i), t.ScheduledFor, p.Timezone); err != nil {
				return Checked{}, err
			}
		}
		post.Targets = append(post.Targets, Target{Platform: t.Platform, Account: Account{ID: t.AccountID}, CustomContent: t.CustomContent, CustomMedia: slices.Clone(t.CustomMedia), Options: t.Options})
	}
	problems, changes := s.examine(ctx, post)
	for _, problem := range problems {
		c.Problems = append(c.Problems, post.blamed(problem)...)
	}
	for _, t := range post.Targets {
		c.Warnings = append(c.Warnings, s.warnings(post, t)...)
	}
	for _, change := range changes {
		w := Warning{change.platform, fmt.Sprintf("%s: %s", change.Field, change.Text)}
		if !slices.Contains(c.Warnings, w) {
			c.Warnings = append(c.Warnings, w)
		}
	}
	return c, nil
}

// blamed tells a problem once for each platform that it stands in the way of: a file of the post's own is published by several.
func (p Post) blamed(problem Problem) []Problem {
	if problem.Platform != "" {
		return []Problem{problem}
	}
	var list []Problem
	for i, t := range p.Targets {
		own := strings.HasPrefix(problem.Field, fmt.Sprintf("platforms[%d].", i))
		if !own && (strings.HasPrefix(problem.Field, "platforms[") || t.CustomMedia != nil) {
			continue
		}
		told := slices.ContainsFunc(list, func(q Problem) bool { return q.Platform == t.Platform })
		if !told {
			problem.Platform = t.Platform
			list = append(list, problem)
		}
	}
	return list
}

// warnings are those of one target: a text that nearly fills its limit, and a platform that is known in outline alone.
func (s *Service) warnings(post Post, t Target) []Warning {
	var list []Warning
	info, _ := s.rulesOf(t.Platform)
	c := post.content(t)
	if kind, ok := info.Rules.Kind(c); ok && !kind.DisplayOnly {
		limit := info.Rules.TextLimitOf(kind)
		if n := limit.Count.Of(c.Text); n <= limit.Max && n*10 > limit.Max*9 {
			list = append(list, Warning{t.Platform, fmt.Sprintf("The text uses %d of the %d that %s allows", n, limit.Max, info.Title)})
		}
		if n := len(c.Text); n <= limit.MaxBytes && n*10 > limit.MaxBytes*9 {
			list = append(list, Warning{t.Platform, fmt.Sprintf("The text uses %d of the %d bytes that %s allows", n, limit.MaxBytes, info.Title)})
		}
	}
	if _, adapted := s.Platforms.Get(t.Platform); !adapted {
		list = append(list, Warning{t.Platform, fmt.Sprintf("This server cannot publish to %s yet; only the text's length and the number, types and sizes of the media were checked", info.Title)})
	}
	return list
}

// rulesOf is what is known of a platform: its adapter's word, or its outline. The name is empty when there is no such platform.
func (s *Service) rulesOf(name string) (platforms.Info, platforms.Validator) {
	if p, ok := s.Platforms.Get(name); ok {
		v, _ := p.(platforms.Validator)
		return p.Info(), v
	}
	info, _ := outline.Of(name)
	return info, nil
}

// platformNames lists every platform that something is known of, in alphabetical order.
func (s *Service) platformNames() []string {
	names := s.Platforms.Names()
	for _, info := range outline.All() {
		if !slices.Contains(names, info.Name) {
			names = append(names, info.Name)
		}
	}
	slices.Sort(names)
	return names
}

// Length is how long a text is for one platform.
type Length struct {
	Platform     string // or outline.Premium
	Count, Limit int
	Valid        bool
}

// Lengths counts a text for every platform as that platform does.
func (s *Service) Lengths(text string) []Length {
	list := []Length{lengthOf(outline.Premium, outline.PremiumText, text)}
	for _, name := range s.platformNames() {
		info, _ := s.rulesOf(name)
		list = append(list, lengthOf(name, info.Rules.Text, text))
	}
	return list
}

func lengthOf(name string, limit platforms.TextLimit, text string) Length {
	n := limit.Count.Of(text)
	return Length{Platform: name, Count: n, Limit: limit.Max, Valid: n <= limit.Max && (limit.MaxBytes == 0 || len(text) <= limit.MaxBytes)}
}

// FileLimits are the most bytes that any kind of post takes of one file of a type, by platform. Platforms without such a limit, or that do
// not take the type, are missing.
func (s *Service) FileLimits(t platforms.MediaType) map[string]int64 {
	limits := map[string]int64{}
	for _, name := range s.platformNames() {
		info, _ := s.rulesOf(name)
		for _, k := range info.Rules.Kinds {
			var most int64
			switch {
			case t == platforms.Video && k.Video != nil:
				most = k.Video.MaxBytes
			case (t == platforms.Image || t == platforms.GIF) && k.Image != nil:
				most = k.Image.MaxBytes
			}
			if most > limits[name] {
				limits[name] = most
			}
		}
	}
	return limits
}
