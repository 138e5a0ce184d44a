package blueskyfake

import (
	"net/http"
	"time"
)

// record is a stored record. Its value never changes: an update stores another record.
type record struct {
	owner      *account
	collection string
	key        string
	cid        string
	value      map[string]any
	valid      bool // fits its lexicon: the read service shows nothing else
	at         time.Time
	seq        int // order of storing, over all repositories
}

func (r *record) uri() string { return "at://" + r.owner.did + "/" + r.collection + "/" + r.key }

// text is what a post says.
func (r *record) text() string { s, _ := r.value["text"].(string); return s }

// write is a change to a repository that is ready to be made: value is nil for a deletion.
type write struct {
	create     bool // something there is a failure
	update     bool // nothing there is a failure
	collection string
	key        string
	value      map[string]any
	cid        string
	status     string // "valid", "unknown", or nothing when validation was switched off
	valid      bool
	swap       *string // cid that must be there now; empty: nothing may be there. nil: no condition
}

// get returns a stored record or nil.
func (a *account) get(collection, key string) *record { return a.records[collection][key] }

// prepare checks a record and works out its id; at is its place in the request, for messages.
func (f *Fake) prepare(collection, key string, value map[string]any, validate *bool, at string) (write, error) {
	w := write{collection: collection, key: key}
	switch t, present := value["$type"]; {
	case !present:
		typed := map[string]any{"$type": collection}
		for k, v := range value {
			typed[k] = v
		}
		value = typed
	case t != collection:
		name, _ := t.(string)
		return w, invalid("Invalid $type: expected " + collection + ", got " + name)
	}
	lex, known := f.lexicons[collection]
	err := lex.check(collection, key, value, at)
	w.valid = known && err == nil
	switch {
	case validate != nil && !*validate:
	case !known && validate != nil:
		return w, invalid("Unknown lexicon type: " + collection)
	case !known:
		w.status = "unknown"
	case err != nil:
		return w, err
	default:
		w.status = "valid"
	}
	w.value, w.cid = value, recordCID(value)
	return w, nil
}

func (l lexicon) check(collection, key string, value map[string]any, at string) error {
	if l.body == nil {
		return nil
	}
	if l.key == "tid" && !tidForm.MatchString(key) {
		return invalid("Invalid record key for " + collection + ": Invalid TID string (got " + got(key) + ") at $")
	}
	if l.key != "tid" && l.key != key {
		return invalid("Invalid record key for " + collection + `: Expected "` + l.key + `" (got ` + got(key) + ") at $")
	}
	if err := l.body(value, at); err != nil {
		return invalid("Invalid " + collection + " record: " + err.Error())
	}
	return nil
}

// prepared is prepare for records of the sandbox's own making, which are in order.
func (f *Fake) prepared(collection, key string, value map[string]any) write {
	w, err := f.prepare(collection, key, value, nil, "$.record")
	if err != nil {
		panic("blueskyfake: " + err.Error())
	}
	return w
}

// apply makes changes, all or none, as one commit. swapCommit, unless empty, must be the newest commit.
func (f *Fake) apply(a *account, writes []write, swapCommit string) error {
	if swapCommit != "" && swapCommit != a.head {
		return named("InvalidSwap", "Commit was at "+a.head)
	}
	there := map[string]string{} // what this commit has changed so far: path to cid, empty when deleted
	for _, w := range writes {
		path := w.collection + "/" + w.key
		current, touched := there[path]
		if r := a.get(w.collection, w.key); r != nil && !touched {
			current = r.cid
		}
		if err := w.fits(current); err != nil {
			return err
		}
		there[path] = w.cid
	}
	f.settleVideos()
	for _, w := range writes {
		if err := f.checkBlobs(a, w.value); err != nil {
			return err
		}
	}
	var gone []*record
	for _, w := range writes {
		if old := f.store(a, w); old != nil {
			gone = append(gone, old)
		}
	}
	for _, old := range gone { // last, for another record of this commit may go on to use the files
		a.releaseBlobs(old)
	}
	f.commit(a)
	return nil
}

// fits checks a change against what is there. An existing key under a create is nothing that the reference PDS foresees.
func (w write) fits(current string) error {
	if w.swap != nil && *w.swap != current {
		if current == "" {
			current = "null"
		}
		return named("InvalidSwap", "Record was at "+current)
	}
	if (w.create && current != "") || ((w.update || w.value == nil) && current == "") {
		return crash()
	}
	return nil
}

// store makes one change and returns the record that was there before.
func (f *Fake) store(a *account, w write) *record {
	old := a.get(w.collection, w.key)
	if w.value == nil {
		delete(a.records[w.collection], w.key)
	} else {
		f.lastSeq++
		r := &record{owner: a, collection: w.collection, key: w.key, cid: w.cid, value: w.value, valid: w.valid, at: f.now().UTC(), seq: f.lastSeq}
		if old != nil { // an edit stays where the post was
			r.at, r.seq = old.at, old.seq
		}
		if a.records[w.collection] == nil {
			a.records[w.collection] = map[string]*record{}
		}
		a.records[w.collection][w.key] = r
		a.keepBlobs(r)
	}
	return old
}

func (f *Fake) commit(a *account) {
	a.rev = f.nextTID()
	prev := any(nil)
	if a.head != "" {
		prev = link(a.head)
	}
	a.head = recordCID(map[string]any{"did": a.did, "rev": a.rev, "prev": prev, "version": int64(3)})
}

// nextTID is a timestamp id, rising even where the clock stands still: https://atproto.com/specs/tid.
func (f *Fake) nextTID() string {
	f.lastTID = max(f.now().UnixMicro(), f.lastTID+1)
	const digits = "234567abcdefghijklmnopqrstuvwxyz"
	var out [13]byte
	n := uint64(f.lastTID)<<10 | 22
	for i := len(out) - 1; i >= 0; i-- {
		out[i] = digits[n&31]
		n >>= 5
	}
	return string(out[:])
}

// own finds the repository that a request names, which must be the caller's.
func (f *Fake) own(c *call) (*account, error) {
	a := f.byActor(c.input["repo"].(string))
	if a == nil {
		return nil, &failure{Status: http.StatusForbidden, Name: "AccountNotFound", Message: "Account not found"}
	}
	if a != c.account {
		return nil, denied("AuthenticationRequired", "Authentication Required")
	}
	return a, nil
}
