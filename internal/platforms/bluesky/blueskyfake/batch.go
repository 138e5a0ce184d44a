package blueskyfake

import "strconv"

// maxWrites is how many changes one commit may have.
const maxWrites = 200

// The kinds of changes in applyWrites.
const (
	batchCreate = "com.atproto.repo.applyWrites#create"
	batchUpdate = "com.atproto.repo.applyWrites#update"
	batchDelete = "com.atproto.repo.applyWrites#delete"
)

var batchInput = object(repoField, validateField, field{"writes", true, list(0, oneOf(map[string]checker{
	batchCreate: object(collectionField, field{"rkey", false, isKey}, field{"value", true, object()}),
	batchUpdate: object(collectionField, keyField, field{"value", true, object()}),
	batchDelete: object(collectionField, keyField),
}))}, swapCommitField)

// oneOf is a union that takes only the types listed.
func oneOf(types map[string]checker) checker {
	open := union(types)
	return func(v any, at string) error {
		if m, ok := v.(map[string]any); ok {
			if name, ok := m["$type"].(string); ok && types[name] == nil {
				return misfit(`Expected one of "`+batchCreate+`", "`+batchUpdate+`" or "`+batchDelete+`" (got `+strconv.Quote(name)+")", at+".$type")
			}
		}
		return open(v, at)
	}
}

// applyWrites makes up to 200 changes in one commit, or none.
func applyWrites(f *Fake, c *call) (any, error) {
	if err := checkInput(batchInput, c.input); err != nil {
		return nil, err
	}
	items := c.input["writes"].([]any)
	points := 0
	for _, item := range items {
		points += map[any]int{batchCreate: createPoints, batchUpdate: updatePoints, batchDelete: deletePoints}[item.(map[string]any)["$type"]]
	}
	a, err := f.begin(c, batchInput, points)
	if err != nil {
		return nil, err
	}
	if len(items) > maxWrites {
		return nil, invalid("Too many writes. Max: " + strconv.Itoa(maxWrites))
	}
	writes := make([]write, 0, len(items))
	results := make([]any, 0, len(items))
	for i, item := range items {
		w, err := f.batched(c, item.(map[string]any), i)
		if err != nil {
			return nil, err
		}
		writes = append(writes, w)
		result := map[string]any{"$type": item.(map[string]any)["$type"].(string) + "Result"}
		if w.value != nil {
			for k, v := range a.written(w, false) {
				result[k] = v
			}
		}
		results = append(results, result)
	}
	if err := f.apply(a, writes, c.optional("swapCommit")); err != nil {
		return nil, err
	}
	f.stored(c, writes...)
	return map[string]any{"commit": a.lastCommit(), "results": results}, nil
}

// batched prepares one change of applyWrites. An update of what is not there fails like a create of what is.
func (f *Fake) batched(c *call, item map[string]any, i int) (write, error) {
	collection := item["collection"].(string)
	key, _ := item["rkey"].(string)
	if item["$type"] == batchDelete {
		return write{collection: collection, key: key}, nil
	}
	value := item["value"].(map[string]any)
	if err := f.obeyPost(collection, value); err != nil {
		return write{}, err
	}
	if key == "" {
		key = f.nextTID()
	}
	w, err := f.prepare(collection, key, value, c.flag("validate"), "$.writes["+strconv.Itoa(i)+"].record")
	w.create = item["$type"] == batchCreate
	w.update = !w.create
	return w, err
}
