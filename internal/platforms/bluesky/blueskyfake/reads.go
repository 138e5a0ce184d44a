package blueskyfake

import (
	"slices"
	"strings"
)

// repo finds the repository that a query names.
func (f *Fake) repo(c *call) (*account, error) {
	name := c.query.Get("repo")
	if !didForm.MatchString(name) && !handleForm.MatchString(name) {
		return nil, invalid("Error: repo must be a valid did or a handle")
	}
	a := f.byActor(name)
	if a == nil {
		return nil, invalid("Could not find repo: " + name)
	}
	return a, nil
}

func getRecord(f *Fake, c *call) (any, error) {
	a, err := f.repo(c)
	if err != nil {
		return nil, err
	}
	collection, key, cid := c.query.Get("collection"), c.query.Get("rkey"), c.query.Get("cid")
	if !nsidForm.MatchString(collection) || !validKey(key) {
		return nil, invalid("Error: collection and rkey must be given and valid")
	}
	r := a.get(collection, key)
	if r == nil || (cid != "" && cid != r.cid) {
		return nil, named("RecordNotFound", "Could not locate record: at://"+a.did+"/"+collection+"/"+key)
	}
	return r.view(), nil
}

func (r *record) view() map[string]any {
	return map[string]any{"uri": r.uri(), "cid": r.cid, "value": r.value}
}

// listRecords pages through a collection by key, newest first unless reversed.
func listRecords(f *Fake, c *call) (any, error) {
	a, err := f.repo(c)
	if err != nil {
		return nil, err
	}
	limit, err := c.number("limit", 50, 1, 100)
	if err != nil {
		return nil, err
	}
	collection, cursor, reverse := c.query.Get("collection"), c.query.Get("cursor"), c.query.Get("reverse") == "true"
	if !nsidForm.MatchString(collection) {
		return nil, invalid("Error: collection must be a valid nsid")
	}
	names := make([]string, 0, len(a.records[collection]))
	for key := range a.records[collection] {
		if order := strings.Compare(key, cursor); cursor == "" || (reverse && order > 0) || (!reverse && order < 0) {
			names = append(names, key)
		}
	}
	slices.Sort(names)
	if !reverse {
		slices.Reverse(names)
	}
	names = names[:min(limit, len(names))]
	views := make([]any, 0, len(names))
	for _, key := range names {
		views = append(views, a.get(collection, key).view())
	}
	out := map[string]any{"records": views}
	if len(names) > 0 {
		out["cursor"] = names[len(names)-1]
	}
	return out, nil
}

func describeRepo(f *Fake, c *call) (any, error) {
	a, err := f.repo(c)
	if err != nil {
		return nil, err
	}
	collections := []string{}
	for name, records := range a.records {
		if len(records) > 0 {
			collections = append(collections, name)
		}
	}
	slices.Sort(collections)
	return map[string]any{"handle": a.handle, "did": a.did, "didDoc": a.document(), "collections": collections, "handleIsCorrect": true}, nil
}
