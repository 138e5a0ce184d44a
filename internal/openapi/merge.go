package openapi

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// methods are the keys of a path that are operations.
var methods = []string{"get", "put", "post", "delete", "patch"}

// merge adds to each operation the statuses that it answers with and the examples that were seen.
func merge(root *yaml.Node, examples map[string]Example) error {
	paths := get(root, "paths")
	if paths == nil {
		return fmt.Errorf("there are no paths")
	}
	for i := 0; i+1 < len(paths.Content); i += 2 {
		for _, method := range methods {
			op := get(paths.Content[i+1], method)
			if op == nil {
				continue
			}
			m := merger{root: root, op: op}
			m.dropTwins()
			if err := m.merge(examples[text(op, "operationId")]); err != nil {
				return fmt.Errorf("%s %s: %w", method, paths.Content[i].Value, err)
			}
		}
	}
	prune(root)
	return nil
}

// prune takes out the shared responses and parameters that operations now have as their own.
func prune(root *yaml.Node) {
	used := map[string]bool{}
	var note func(n *yaml.Node)
	note = func(n *yaml.Node) {
		if ref := text(n, "$ref"); ref != "" {
			used[ref] = true
		}
		for _, child := range n.Content {
			note(child)
		}
	}
	note(root)
	for _, kind := range []string{"responses", "parameters"} {
		shared := get(get(root, "components"), kind)
		if shared == nil {
			continue
		}
		var kept []*yaml.Node
		for i := 0; i+1 < len(shared.Content); i += 2 {
			if used["#/components/"+kind+"/"+shared.Content[i].Value] {
				kept = append(kept, shared.Content[i], shared.Content[i+1])
			}
		}
		shared.Content = kept
	}
}

// keyScheme is the security scheme of what takes an API key, which is everything that does not say otherwise.
const keyScheme = "key"

// A merger works on one operation.
type merger struct{ root, op *yaml.Node }

func (m merger) merge(e Example) error {
	if err := m.request(e); err != nil {
		return err
	}
	// Whatever is wrong with a request, or with its key, every operation says so in the same way.
	refused := []int{http.StatusBadRequest}
	if security := get(m.op, "security"); security == nil || slices.ContainsFunc(security.Content, func(s *yaml.Node) bool { return get(s, keyScheme) != nil }) {
		refused = append(refused, http.StatusUnauthorized)
		if text(m.op, "x-resource-group") != "open" {
			refused = append(refused, http.StatusForbidden)
		}
	}
	for _, status := range refused {
		if _, err := m.response(strconv.Itoa(status)); err != nil {
			return err
		}
	}
	for _, status := range slices.Sorted(maps.Keys(e.Responses)) {
		if err := m.answer(status, e.Responses[status]); err != nil {
			return err
		}
	}
	m.inOrder()
	return nil
}

// dropTwins takes out the parameters that are there for old callers, under the name of another one with underscores in it: what is generated
// would have two fields of one name.
func (m merger) dropTwins() {
	parameters := get(m.op, "parameters")
	if parameters == nil {
		return
	}
	bare := func(name string) string { return strings.ToLower(strings.ReplaceAll(name, "_", "")) }
	names := map[string]bool{}
	for _, p := range parameters.Content {
		if name := text(m.resolve(p), "name"); !strings.Contains(name, "_") {
			names[bare(name)] = true
		}
	}
	parameters.Content = slices.DeleteFunc(parameters.Content, func(p *yaml.Node) bool {
		name := text(m.resolve(p), "name")
		return strings.Contains(name, "_") && names[bare(name)]
	})
}

// request adds the example of parameters and body.
func (m merger) request(e Example) error {
	if parameters := get(m.op, "parameters"); parameters != nil {
		for i, p := range parameters.Content {
			p = m.resolve(p)
			value, ok := e.Parameters[text(p, "name")]
			if !ok || get(p, "example") != nil {
				continue
			}
			p = copyOf(p)
			example := plain(value)
			switch text(m.resolve(get(p, "schema")), "type") {
			case "integer", "number", "boolean":
				example = &yaml.Node{Kind: yaml.ScalarNode, Value: value}
			case "array":
				example = &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
				for _, item := range strings.Split(value, ",") {
					example.Content = append(example.Content, plain(item))
				}
			}
			set(p, "example", example)
			parameters.Content[i] = p
		}
	}
	if e.Body == nil {
		return nil
	}
	body := get(m.op, "requestBody")
	if body == nil {
		return fmt.Errorf("its example has a body, and it takes none")
	}
	return m.example(get(body, "content"), e.Body)
}

// answer adds the example of a response.
func (m merger) answer(status string, body []byte) error {
	response, err := m.response(status)
	if err != nil || string(body) == "null" {
		return err
	}
	return m.example(get(response, "content"), body)
}

func (m merger) example(content *yaml.Node, body []byte) error {
	if content == nil || len(content.Content) < 2 {
		return fmt.Errorf("there is no content to give an example of")
	}
	node, err := fromJSON(body)
	if err != nil {
		return err
	}
	set(content.Content[1], "example", node)
	return nil
}

// response is the response of a status, as the operation's own. What it does not list itself is made from its default.
func (m merger) response(status string) (*yaml.Node, error) {
	responses := get(m.op, "responses")
	found := get(responses, status)
	if found == nil {
		if found = get(responses, "default"); found == nil {
			return nil, fmt.Errorf("it answers %s, which is not among its responses", status)
		}
		found = copyOf(m.resolve(found))
		n, err := strconv.Atoi(status)
		if err != nil {
			return nil, err
		}
		set(found, "description", plain(meaning(n)))
	}
	found = copyOf(m.resolve(found))
	set(responses, status, found)
	return found, nil
}

// meanings are what a status means in this API.
var meanings = map[int]string{
	http.StatusBadRequest:            "The request is wrong. `param` and `details.fields` name the fields at fault.",
	http.StatusUnauthorized:          "The key is missing, unknown or expired.",
	http.StatusForbidden:             "The key may not do this.",
	http.StatusNotFound:              "It does not exist, or this key does not reach it.",
	http.StatusConflict:              "Right in itself, but not in the present state.",
	http.StatusRequestEntityTooLarge: "The body is too large.",
	http.StatusUnsupportedMediaType:  "The body is of another type than the operation takes.",
	http.StatusUnprocessableEntity:   "The idempotency key came with another request before.",
	http.StatusTooManyRequests:       "Too much at once. `Retry-After` says when to come back.",
}

func meaning(status int) string {
	if m, ok := meanings[status]; ok {
		return m
	}
	return http.StatusText(status) + "."
}

// inOrder sorts the responses, the default last.
func (m merger) inOrder() {
	responses := get(m.op, "responses")
	type entry struct{ key, value *yaml.Node }
	var list []entry
	for i := 0; i+1 < len(responses.Content); i += 2 {
		list = append(list, entry{responses.Content[i], responses.Content[i+1]})
	}
	slices.SortStableFunc(list, func(a, b entry) int { return strings.Compare(a.key.Value, b.key.Value) })
	responses.Content = responses.Content[:0]
	for _, e := range list {
		responses.Content = append(responses.Content, e.key, e.value)
	}
}

// resolve follows a reference within the document.
func (m merger) resolve(n *yaml.Node) *yaml.Node {
	ref := text(n, "$ref")
	if ref == "" {
		return n
	}
	at := m.root
	for _, part := range strings.Split(strings.TrimPrefix(ref, "#/"), "/") {
		at = get(at, part)
	}
	return at
}
