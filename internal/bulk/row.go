package bulk

import (
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"

	"posthorn/internal/accounts"
	"posthorn/internal/posts"
)

// The bounds of a row, those of a post that is made by itself.
const (
	maxText  = 200_000
	maxTitle = 1000
	maxMedia = 100
	maxURL   = 4096
)

// row is one row on its way to a post.
type row struct {
	index    int // 1 is the first below the header
	post     posts.NewPost
	accounts []accounts.Account // those of its targets
	codes    []string           // why it cannot become one
	postID   string
}

func (r *row) fail(code string) {
	if !slices.Contains(r.codes, code) {
		r.codes = append(r.codes, code)
	}
}

// maker turns records into rows, for a caller whose profiles and accounts it knows.
type maker struct {
	table     *table
	platforms []string // of this server
	profiles  []accounts.Profile
	accounts  map[string][]accounts.Account // by profile, oldest first
}

// row reads a record. Its faults come all at once.
func (m maker) row(index int, record []string) *row {
	r := &row{index: index}
	cell := func(column string) string { return m.table.cell(record, column) }
	if m.table.overflows(record) {
		r.fail("too_many_cells")
	}
	r.post = posts.NewPost{Title: cell(colTitle), Content: cell(colContent), Timezone: cell(colZone), Crossposting: true}
	r.post.Media = r.media(colMedia, cell(colMedia))
	r.long(colTitle, r.post.Title, maxTitle)
	r.long(colContent, r.post.Content, maxText)
	if r.post.Content == "" && r.post.Title == "" && len(r.post.Media) == 0 {
		r.fail("content_missing")
	}
	profiles := m.profilesOf(r, cell(colProfiles))
	for _, platform := range m.platformsOf(r, cell(colPlatforms)) {
		for _, profile := range profiles {
			m.target(r, record, platform, profile)
		}
	}
	m.schedule(r, record, profiles)
	return r
}

// schedule decides when the post is due, by the order of precedence that posts have.
func (m maker) schedule(r *row, record []string, profiles []accounts.Profile) {
	draft, now, queue := r.flag(m.table, record, colDraft), r.flag(m.table, record, colNow), r.flag(m.table, record, colQueue)
	r.post.ScheduledFor = m.table.cell(record, colTime)
	own := len(r.post.Targets) > 0
	for _, t := range r.post.Targets {
		own = own && t.ScheduledFor != ""
	}
	switch {
	case draft:
		r.post.Mode = posts.AsDraft
	case now:
		r.post.Mode, r.post.ScheduledFor = posts.Now, ""
	case r.post.ScheduledFor != "" || own:
		r.post.Mode = posts.At
	case queue && len(profiles) > 0: // of several profiles, the first one's queue
		r.post.Mode, r.post.QueuedFromProfile = posts.Queued, profiles[0].ID
	case queue || len(r.codes) > 0 && len(r.post.Targets) == 0: // whose times are not known, as something worse is wrong
	default:
		r.fail("schedule_time_missing")
	}
}

// target adds the account of a platform within a profile: the oldest that can be used.
func (m maker) target(r *row, record []string, platform string, profile accounts.Profile) {
	var found *accounts.Account
	for i, a := range m.accounts[profile.ID] {
		if a.Platform == platform && (found == nil || better(a, *found)) {
			found = &m.accounts[profile.ID][i]
		}
	}
	switch {
	case found == nil:
		r.fail("no_account_for_platform:" + platform)
		return
	case !found.Active:
		r.fail("account_disconnected:" + platform + ":@" + found.Username)
		return
	}
	t := posts.NewTarget{Platform: platform, AccountID: found.ID, ScheduledFor: m.table.cell(record, colTime+"_"+platform)}
	if text := m.table.cell(record, colCustomContent+"_"+platform); text != "" {
		r.long(colCustomContent+"_"+platform, text, maxText)
		t.CustomContent = &text
	}
	t.CustomMedia = r.media(colCustomMedia+"_"+platform, m.table.cell(record, colCustomMedia+"_"+platform))
	r.post.Targets = append(r.post.Targets, t)
	r.accounts = append(r.accounts, *found)
}

// better reports whether one account can be used and an older one cannot, or not as well.
func better(a, than accounts.Account) bool {
	rank := func(a accounts.Account) int {
		switch {
		case !a.Active:
			return 0
		case a.NeedsReconnection:
			return 1
		}
		return 2
	}
	return rank(a) > rank(than)
}

// profilesOf finds the profiles that a cell names, by ID or name. A name may hold what separates names.
func (m maker) profilesOf(r *row, cell string) (list []accounts.Profile) {
	if cell == "" {
		r.fail("profiles_missing")
		return nil
	}
	names := []string{cell}
	if _, ok := m.profile(cell); !ok {
		names = split(cell)
	}
	for _, name := range names {
		p, ok := m.profile(name)
		switch {
		case !ok:
			r.fail("unknown_profile:" + clip(name))
		case !slices.ContainsFunc(list, func(other accounts.Profile) bool { return other.ID == p.ID }):
			list = append(list, p)
		}
	}
	return list
}

func (m maker) profile(name string) (accounts.Profile, bool) {
	for _, fits := range []func(accounts.Profile) bool{
		func(p accounts.Profile) bool { return p.ID == name },
		func(p accounts.Profile) bool { return p.Name == name },
		func(p accounts.Profile) bool { return strings.EqualFold(p.Name, name) },
	} {
		if i := slices.IndexFunc(m.profiles, fits); i >= 0 {
			return m.profiles[i], true
		}
	}
	return accounts.Profile{}, false
}

func (m maker) platformsOf(r *row, cell string) (list []string) {
	if cell == "" {
		r.fail("platforms_missing")
	}
	for _, name := range split(cell) {
		name = strings.ToLower(name)
		switch {
		case !slices.Contains(m.platforms, name):
			r.fail("unknown_platform:" + clip(name))
		case !slices.Contains(list, name):
			list = append(list, name)
		}
	}
	return list
}

// split takes a cell apart at commas, semicolons and bars.
func split(cell string) (list []string) {
	for _, part := range strings.FieldsFunc(cell, func(c rune) bool { return c == ',' || c == ';' || c == '|' || c == '\n' }) {
		if part = strings.TrimSpace(part); part != "" {
			list = append(list, part)
		}
	}
	return list
}

// media reads addresses. They may hold what separates them, so a cell is taken apart only where the next address begins.
func (r *row) media(column, cell string) (list []posts.Media) {
	for _, address := range addresses(cell) {
		if len(address) > maxURL {
			r.fail("too_long:" + column)
			return nil
		}
		raw, err := json.Marshal(map[string]string{"url": address})
		if err != nil {
			continue // a text always encodes
		}
		list = append(list, posts.Media{Type: posts.TypeByName(address), URL: address, Raw: raw})
	}
	if len(list) > maxMedia {
		r.fail("too_many_media:" + column)
		return nil
	}
	return list
}

func addresses(cell string) (list []string) {
	for _, part := range strings.FieldsFunc(cell, func(c rune) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }) {
		begin := 0
		for i := range part {
			if i > begin && strings.IndexByte(",;|", part[i-1]) >= 0 && (strings.HasPrefix(part[i:], "http://") || strings.HasPrefix(part[i:], "https://")) {
				list = append(list, part[begin:i])
				begin = i
			}
		}
		list = append(list, part[begin:])
	}
	for i := range list {
		list[i] = strings.Trim(list[i], ",;|")
	}
	return slices.DeleteFunc(list, func(address string) bool { return address == "" })
}

func (r *row) long(column, text string, most int) {
	if utf8.RuneCountInString(text) > most {
		r.fail("too_long:" + column)
	}
}

func (r *row) flag(t *table, record []string, column string) bool {
	switch strings.ToLower(t.cell(record, column)) {
	case "true", "1", "yes":
		return true
	case "", "false", "0", "no":
		return false
	}
	r.fail("invalid_boolean:" + column)
	return false
}
