package blueskyfake

// The points that a write costs of the account's hourly and daily budgets.
const (
	createPoints = 3
	updatePoints = 2
	deletePoints = 1
)

var (
	repoField       = field{"repo", true, isActor}
	collectionField = field{"collection", true, isNSID}
	keyField        = field{"rkey", true, isKey}
	recordField     = field{"record", true, object()}
	swapCommitField = field{"swapCommit", false, isCID}
	validateField   = field{"validate", false, boolean}

	createInput = object(repoField, collectionField, field{"rkey", false, isKey}, validateField, recordField, swapCommitField)
	putInput    = object(repoField, collectionField, keyField, validateField, recordField, field{"swapRecord", false, orNull(isCID)}, swapCommitField)
	deleteInput = object(repoField, collectionField, keyField, field{"swapRecord", false, isCID}, swapCommitField)
)

// spendPoints takes a write's points, whatever becomes of it.
func (f *Fake) spendPoints(c *call, points int) error {
	if err := f.spend(c, &f.limits.writeHour, c.account.did, points); err != nil {
		return err
	}
	return f.spend(c, &f.limits.writeDay, c.account.did, points)
}

// begin is what all writes start with: the input's form, the points, the repository.
func (f *Fake) begin(c *call, input checker, points int) (*account, error) {
	if err := checkInput(input, c.input); err != nil {
		return nil, err
	}
	if err := f.spendPoints(c, points); err != nil {
		return nil, err
	}
	return f.own(c)
}

// one prepares the single record of createRecord and putRecord, and lets its text have its say.
func (f *Fake) one(c *call, key string) (write, error) {
	value := c.input["record"].(map[string]any)
	if err := f.obeyPost(c.input["collection"].(string), value); err != nil {
		return write{}, err
	}
	return f.prepare(c.input["collection"].(string), key, value, c.flag("validate"), "$.record")
}

// obeyPost lets a post's text have its say before it is stored.
func (f *Fake) obeyPost(collection string, value map[string]any) error {
	text, _ := value["text"].(string)
	if collection != posts {
		return nil
	}
	return f.obey(text)
}

// stored lets the texts of posts have their say once they are stored.
func (f *Fake) stored(c *call, writes ...write) {
	for _, w := range writes {
		if text, ok := w.value["text"].(string); ok && w.collection == posts {
			f.obeyStored(c, text)
		}
	}
}

// flag is an optional boolean of the input.
func (c *call) flag(name string) *bool {
	if v, ok := c.input[name].(bool); ok {
		return &v
	}
	return nil
}

// optional is an optional string of the input; absent and null are nil.
func (c *call) optional(name string) string { s, _ := c.input[name].(string); return s }

func createRecord(f *Fake, c *call) (any, error) {
	a, err := f.begin(c, createInput, createPoints)
	if err != nil {
		return nil, err
	}
	key := c.optional("rkey")
	if key == "" {
		key = f.nextTID()
	}
	w, err := f.one(c, key)
	if err != nil {
		return nil, err
	}
	w.create = true
	writes := []write{w}
	if validate := c.flag("validate"); validate == nil || *validate {
		writes = append(a.rivals(w), w)
	}
	if err := f.apply(a, writes, c.optional("swapCommit")); err != nil {
		return nil, err
	}
	f.stored(c, w)
	return a.written(w, true), nil
}

// rivals are deletions of what a new like, repost or follow takes the place of: the one of the same subject.
func (a *account) rivals(w write) []write {
	var subject string
	switch w.collection {
	case "app.bsky.feed.like", "app.bsky.feed.repost", "app.bsky.graph.follow":
		subject = subjectOf(w.value)
	}
	if subject == "" {
		return nil
	}
	var out []write
	for key, r := range a.records[w.collection] {
		if subjectOf(r.value) == subject && key != w.key {
			out = append(out, write{collection: w.collection, key: key})
		}
	}
	return out
}

// subjectOf is what a like, repost or follow is about: a URI or DID.
func subjectOf(value map[string]any) string {
	switch s := value["subject"].(type) {
	case string:
		return s
	case map[string]any:
		uri, _ := s["uri"].(string)
		return uri
	}
	return ""
}

// putRecord stores under a chosen key. With swapRecord null it only creates; storing what is there already changes nothing, whatever
// swapRecord says, and is told by the missing commit.
func putRecord(f *Fake, c *call) (any, error) {
	a, err := f.begin(c, putInput, updatePoints)
	if err != nil {
		return nil, err
	}
	w, err := f.one(c, c.input["rkey"].(string))
	if err != nil {
		return nil, err
	}
	if r := a.get(w.collection, w.key); r != nil && r.cid == w.cid {
		return a.written(w, false), nil
	}
	if _, present := c.input["swapRecord"]; present {
		cid := c.optional("swapRecord")
		w.swap = &cid
	}
	if err := f.apply(a, []write{w}, c.optional("swapCommit")); err != nil {
		return nil, err
	}
	f.stored(c, w)
	return a.written(w, true), nil
}

// written answers a single write.
func (a *account) written(w write, changed bool) map[string]any {
	out := map[string]any{"uri": "at://" + a.did + "/" + w.collection + "/" + w.key, "cid": w.cid}
	if changed {
		out["commit"] = a.lastCommit()
	}
	if w.status != "" {
		out["validationStatus"] = w.status
	}
	return out
}

func (a *account) lastCommit() map[string]any { return map[string]any{"cid": a.head, "rev": a.rev} }

// deleteRecord is quiet about a record that is not there.
func deleteRecord(f *Fake, c *call) (any, error) {
	a, err := f.begin(c, deleteInput, deletePoints)
	if err != nil {
		return nil, err
	}
	w := write{collection: c.input["collection"].(string), key: c.input["rkey"].(string)}
	if a.get(w.collection, w.key) == nil {
		return map[string]any{}, nil
	}
	if cid := c.optional("swapRecord"); cid != "" {
		w.swap = &cid
	}
	if err := f.apply(a, []write{w}, c.optional("swapCommit")); err != nil {
		return nil, err
	}
	return map[string]any{"commit": a.lastCommit()}, nil
}
