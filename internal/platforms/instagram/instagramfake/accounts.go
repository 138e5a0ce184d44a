package instagramfake

// accountView is an account as reads see it.
type accountView struct {
	*account
	f *Fake
}

func (v accountView) nodeType() string { return "IGUser" }

func (v accountView) field(name string, _ []field) (any, bool, *failure) {
	switch name {
	case "user_id":
		return v.account.id, v.host == hostInstagram, nil
	case "account_type":
		return "BUSINESS", v.host == hostInstagram, nil
	case "username":
		return v.username, true, nil
	case "name":
		return v.name, true, nil
	case "profile_picture_url":
		return v.f.assets.url(v.picture), true, nil
	case "biography":
		return "An account of the sandbox.", true, nil
	case "website":
		return nil, true, nil
	case "followers_count":
		return 128, true, nil
	case "follows_count":
		return 64, true, nil
	case "media_count":
		n := 0
		for _, m := range v.f.posts {
			if m.acct == v.account && m.spec.kind != kindStory && !m.deleted {
				n++
			}
		}
		return n, true, nil
	}
	return nil, false, nil
}

// pageView is the Facebook Page that an account is linked to.
type pageView struct{ accountView }

func (v pageView) nodeType() string { return "Page" }

func (v pageView) field(name string, sub []field) (any, bool, *failure) {
	switch name {
	case "name":
		return v.account.name, true, nil
	case "access_token":
		return v.account.token, true, nil
	case "tasks":
		return []string{"ANALYZE", "ADVERTISE", "MODERATE", "MESSAGING", "CREATE_CONTENT", "MANAGE"}, true, nil
	case "instagram_business_account":
		linked, fail := selected(v.account.id, v.accountView, sub)
		return linked, true, fail
	}
	return nil, false, nil
}

// readAccount is GET /me or GET /{ig-user-id}; each answers with the ID it was asked by.
func (f *Fake) readAccount(c *call) (any, *failure) {
	fields, fail := c.parseFields("id")
	if fail != nil {
		return nil, fail
	}
	id := c.acct.id
	if c.node != id {
		id = c.acct.scopedID
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return selected(id, accountView{c.acct, f}, fields)
}

// readPage is GET /me or GET /{page-id} with a Page's token.
func (f *Fake) readPage(c *call) (any, *failure) {
	fields, fail := c.parseFields("id")
	if fail != nil {
		return nil, fail
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return selected(c.acct.pageID, pageView{accountView{c.acct, f}}, fields)
}

// listPages is GET /me/accounts: the Pages of who logged in with Facebook, each with its token.
func (f *Fake) listPages(c *call) (any, *failure) {
	fields, fail := c.parseFields("id,name,access_token,tasks")
	if fail != nil {
		return nil, fail
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	page, fail := selected(c.acct.pageID, pageView{accountView{c.acct, f}}, fields)
	if fail != nil {
		return nil, fail
	}
	return map[string]any{"data": []any{page}, "paging": c.paging(c.acct.pageID, c.acct.pageID, false)}, nil
}

// listPermissions is GET /me/permissions: nothing was unticked.
func (f *Fake) listPermissions(*call) (any, *failure) {
	data := []any{}
	for _, scope := range facebookScopes {
		data = append(data, map[string]any{"permission": scope, "status": "granted"})
	}
	return map[string]any{"data": data}, nil
}
