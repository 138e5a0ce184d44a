// Package deps holds the project to its import rules.
package deps

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "posthorn"

// A rule says what the packages of one pattern may import.
type rule struct {
	packages string   // below the module; * stands for one element of the path
	ours     []string // the packages of ours that it may import, in the same form; "**" for all
	never    []string // what it may not import of others, by the beginning of the path
	inTests  bool     // the rule holds for its tests too
	noClock  bool     // it may not ask the system for the time
	why      string
}

// Libraries that only some may use.
var (
	sql     = []string{"database/sql", "github.com/jackc/"}
	river   = []string{"github.com/riverqueue/"}
	network = []string{"net/http"}
	world   = slices.Concat(sql, river, []string{"os", "os/exec", "gocloud.dev/", "github.com/rs/zerolog"}) // what an adapter has no business with
)

// rules has a row for each package; the first that fits counts.
var rules = []rule{
	// Those that bring the parts together.
	{packages: "cmd/*", ours: []string{"**"}, never: river, why: "commands wire the parts; jobs alone knows River"},
	{packages: "test/*", ours: []string{"**"}, why: "the end-to-end tests stand outside and see everything"},
	{packages: "internal/app", ours: []string{"**"}, never: river, why: "it wires the parts of the two processes; jobs alone knows River"},
	{packages: "internal/dev", ours: []string{"**"}, never: river, why: "it wires everything in one process; jobs alone knows River"},

	// The edges.
	{packages: "internal/http", ours: []string{"", "internal/accounts", "internal/apilimit", "internal/auth", "internal/budget", "internal/bulk", "internal/connect", "internal/errs", "internal/http/wire", "internal/id", "internal/idempotency", "internal/logs",
		"internal/media", "internal/openapi", "internal/platforms", "internal/portrait", "internal/posts", "internal/queues", "internal/rules", "internal/subreddit", "internal/usage", "internal/webhooks"},
		never: slices.Concat(sql, river), why: "the wire contract knows no SQL, no River and no adapter by name: it finds platforms in the registry"},
	{packages: "internal/http/wire", ours: []string{"internal/platforms", "internal/posts"}, never: slices.Concat(sql, river, network), why: "the shapes of the contract's bodies and nothing else"},
	{packages: "internal/http/wiretest", ours: []string{""}, never: slices.Concat(sql, river), why: "it holds answers against openapi.yaml and must not know the server that gave them"},
	{packages: "internal/openapi", ours: []string{""}, never: slices.Concat(sql, river, []string{"os"}), why: "the description is made of what is embedded, and knows no server"},
	{packages: "internal/jobs", ours: []string{"internal/accounts", "internal/gather", "internal/logs", "internal/platforms", "internal/postgres", "internal/posts", "internal/verdict", "internal/webhooks"}, never: network,
		why: "it moves targets along and owns the workers' table; rules are the domain's, and adapters come out of the registry"},

	// The domain.
	{packages: "internal/posts", ours: []string{"internal/accounts", "internal/auth", "internal/errs", "internal/events", "internal/gather", "internal/id", "internal/localtime", "internal/logs", "internal/media", "internal/platforms",
		"internal/platforms/outline", "internal/postgres", "internal/queues", "internal/verdict"},
		never: slices.Concat(river, network), why: "it stores what is due and what became of it, and knows neither who takes it nor HTTP"},
	{packages: "internal/queues", ours: []string{"internal/accounts", "internal/auth", "internal/errs", "internal/id", "internal/localtime", "internal/postgres"}, never: slices.Concat(river, network),
		noClock: true, why: "a queue is a timetable: it asks for the posts in its slots through an interface, so that posts may know it"},
	{packages: "internal/bulk", ours: []string{"internal/accounts", "internal/auth", "internal/errs", "internal/platforms", "internal/postgres", "internal/posts"},
		never: slices.Concat(sql, river, network), why: "it turns rows into new posts, and leaves the rules and the tables of those to posts"},
	{packages: "internal/accounts", ours: []string{"internal/auth", "internal/budget", "internal/errs", "internal/events", "internal/gather", "internal/id", "internal/logs", "internal/outbound",
		"internal/platforms", "internal/postgres", "internal/tokens"},
		never: river, why: "it turns an account into a platform and a connection; adapters come out of the registry"},
	{packages: "internal/connect", ours: []string{"internal/accounts", "internal/auth", "internal/errs", "internal/logs", "internal/outbound", "internal/platforms", "internal/tokens"},
		never: river, why: "it takes users to consent pages and back; what is connected then is the affair of accounts, and adapters come out of the registry"},
	{packages: "internal/portrait", ours: []string{"internal/errs"}, never: slices.Concat(sql, river), noClock: true, why: "it draws a picture and knows neither whose it is nor who looks"},
	{packages: "internal/webhooks", ours: []string{"internal/auth", "internal/errs", "internal/events", "internal/id", "internal/outbound", "internal/postgres", "internal/tokens"},
		never: river, why: "it tells what others say has happened; of posts and accounts it knows nothing"},
	{packages: "internal/media", ours: []string{"internal/auth", "internal/errs", "internal/id", "internal/outbound", "internal/platforms", "internal/postgres"}, never: river,
		why: "files are the same for every platform and every post"},
	{packages: "internal/media/mediatest", never: slices.Concat(sql, river, network), why: "files for tests are bytes"},
	{packages: "internal/rules", ours: []string{"internal/errs", "internal/platforms", "internal/platforms/outline"}, never: slices.Concat(sql, river, network),
		why: "the list of rules is data: what a platform's posts can break is read off the registry it is given"},
	{packages: "internal/subreddit", ours: []string{"internal/errs", "internal/outbound", "internal/platforms", "internal/platforms/rest"}, never: slices.Concat(sql, river),
		why: "it asks Reddit one question and keeps nothing"},
	{packages: "internal/verdict", ours: []string{"internal/platforms"}, never: slices.Concat(sql, river, network), noClock: true,
		why: "what an outcome means is a pure function: no clock, no database, no network"},

	{packages: "internal/usage", ours: []string{"internal/accounts", "internal/auth", "internal/errs", "internal/posts", "internal/postgres"}, never: slices.Concat(river, network),
		why: "it counts what accounts and posts tell it, and charges by a tariff"},
	{packages: "internal/logs", ours: []string{"internal/auth", "internal/errs", "internal/id", "internal/outbound", "internal/postgres"}, never: river,
		why: "everybody writes to the log, so it may know of nobody who does"},

	// Secrets and limits.
	{packages: "internal/apilimit", ours: []string{"internal/errs"}, never: slices.Concat(river, network), why: "it counts requests and knows nothing of what they ask"},
	{packages: "internal/tokens", ours: []string{"internal/errs", "internal/platforms", "internal/postgres"}, never: slices.Concat(river, network, []string{"log", "github.com/rs/zerolog"}),
		why: "the vault must not be able to log what it holds"},
	{packages: "internal/budget", ours: []string{"internal/errs", "internal/gather", "internal/id", "internal/platforms", "internal/postgres"}, never: slices.Concat(river, network),
		why: "budgets are asked by others and ask nobody"},
	{packages: "internal/idempotency", ours: []string{"internal/errs", "internal/id", "internal/postgres"}, never: slices.Concat(river, network),
		why: "it keeps answers without knowing what was asked"},
	{packages: "internal/auth", ours: []string{"internal/errs", "internal/gather", "internal/id", "internal/platforms", "internal/postgres"}, never: slices.Concat(river, network),
		why: "a key is checked without knowing what it opens, and without HTTP"},

	// The platforms. The far side and the adapter share nothing, lest they share an error.
	{packages: "internal/platforms", never: world, noClock: true, why: "the adapter contract is the lowest of ours"},
	{packages: "internal/platforms/rest", ours: []string{"internal/platforms"}, never: world, noClock: true, why: "the calls that all adapters share know the contract only"},
	{packages: "internal/platforms/meta", ours: []string{"internal/platforms", "internal/platforms/rest"}, never: world, noClock: true, why: "what the adapters of one company share is an adapter of nothing"},
	{packages: "internal/platforms/meta/containers", ours: []string{"internal/platforms", "internal/platforms/meta"}, never: slices.Concat(world, network), noClock: true,
		why: "how containers are published is the same for two platforms, and knows neither"},
	{packages: "internal/platforms/farside", never: world, why: "what the fakes share must not know the contract, as the platforms do not"},
	{packages: "internal/platforms/farside/consent", never: world, why: "a consent page is the platform's, and knows no adapter"},
	{packages: "internal/platforms/farside/page", ours: []string{"internal/platforms/farside"}, never: world, noClock: true, why: "a page of posts is any platform's"},
	{packages: "internal/platforms/farside/graph", never: world, noClock: true, why: "the Graph API is the platform's, and knows no adapter"},
	{packages: "internal/platforms/all", ours: []string{"internal/platforms", "internal/platforms/farside", "internal/platforms/*", "internal/platforms/*/*fake"}, never: world,
		why: "the one list of adapters and fakes"},
	{packages: "internal/platforms/platformtest", ours: []string{"internal/platforms", "internal/platforms/farside", "internal/platforms/rest", "internal/verdict"}, never: slices.Concat(sql, river),
		why: "the suite judges every adapter alike, so it knows none, and needs no database"},
	{packages: "internal/platforms/*/*fake", ours: []string{"internal/platforms/farside", "internal/platforms/farside/*"}, never: world, inTests: true, noClock: true,
		why: "a far side is written from the platform's documentation and may not know the adapter, lest they share an error; its clock is passed in"},
	{packages: "internal/platforms/*", ours: []string{"internal/platforms", "internal/platforms/meta", "internal/platforms/meta/containers", "internal/platforms/rest"}, never: world, noClock: true,
		why: "an adapter is one platform's words and rules: whatever it needs of the world, the clock too, is in the Conn it is handed"},
	{packages: "internal/sandbox", ours: []string{"internal/platforms/farside", "internal/sandbox/*"}, never: slices.Concat(sql, river),
		why: "it serves the far sides it is given; all is their only list"},
	{packages: "internal/sandbox/*", never: slices.Concat(sql, river), why: "parts of the sandbox that stand alone"},

	// The leaves.
	{packages: "internal/config", ours: []string{"internal/auth", "internal/platforms", "internal/tokens"}, never: slices.Concat(sql, river, network, []string{"os"}),
		why: "it checks settings, for which it borrows the forms of keys; the environment is passed in"},
	{packages: "internal/postgres", ours: []string{"migrations"}, never: network, why: "the database knows no domain; River's tables are migrated here with ours"},
	{packages: "internal/postgres/pgtest", ours: []string{"internal/devpg", "internal/postgres"}, never: river, why: "a database for any test, whatever it tests"},
	{packages: "internal/postgres/pgtest/which", ours: []string{"internal/postgres/pgtest"}, why: "it prints what pgtest says"},
	{packages: "internal/devpg", never: river, why: "it runs a server and does not care what is kept in it"},
	{packages: "internal/outbound", never: slices.Concat(sql, river), why: "the ways out of the machine are the same for all"},
	{packages: "internal/events", never: slices.Concat(sql, river, network), why: "a vocabulary"},
	{packages: "internal/gather", never: slices.Concat(sql, river, network), noClock: true, why: "it knows nothing of what it gathers"},
	{packages: "internal/errs", never: slices.Concat(sql, river, network), why: "the codes of our own faults; what they are called on the wire is http's affair"},
	{packages: "internal/id", never: slices.Concat(sql, river, network), noClock: true, why: "an ID is made of random digits and the time it is given"},
	{packages: "internal/localtime", ours: []string{"internal/errs"}, never: slices.Concat(sql, river, network), noClock: true, why: "what a wall clock shows is arithmetic"},
	{packages: "internal/deps", why: "it reads the others and uses none"},
	{packages: "internal/devtools/rulelist", ours: []string{"internal/platforms/all", "internal/rules"}, why: "it writes the list of rules of every adapter"},
	{packages: "internal/devtools/openapi", ours: []string{"internal/openapi"}, why: "it prints the description"},
	{packages: "internal/devtools/*", why: "tools for the developer stand alone"},
	{packages: "migrations", why: "SQL files"},
	{packages: "", why: "the contract, embedded"},
}

// goPackage is what `go list -json` says of a package, as far as it is of interest here.
type goPackage struct {
	ImportPath, Dir                    string
	Imports, TestImports, XTestImports []string
}

func TestImports(t *testing.T) {
	t.Parallel()
	for _, p := range list(t) {
		name := ours(p.ImportPath)
		t.Run("/"+name, func(t *testing.T) {
			t.Parallel()
			r := find(name)
			if r == nil {
				t.Fatalf("there is no rule for %q: add a row to rules in internal/deps/deps_test.go that says what it may import, and why", name)
			}
			imports := p.Imports
			if r.inTests {
				imports = slices.Concat(imports, p.TestImports, p.XTestImports)
			}
			for _, imported := range imports {
				if fault := r.check(name, imported); fault != "" {
					t.Errorf("%q imports %q, %s: %s", name, imported, fault, r.why)
				}
			}
			if r.noClock {
				for _, at := range clockReads(t, p.Dir) {
					t.Errorf("%s asks the system for the time: %s", at, r.why)
				}
			}
		})
	}
}

// TestRules shows that the rules can be broken: what they must refuse is refused.
func TestRules(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, imported string
		allowed        bool
	}{
		{"internal/platforms/bluesky", "posthorn/internal/platforms/rest", true},
		{"internal/platforms/bluesky", "posthorn/internal/platforms/instagram", false},
		{"internal/platforms/bluesky", "posthorn/internal/platforms/bluesky/blueskyfake", false},
		{"internal/platforms/bluesky", "posthorn/internal/config", false},
		{"internal/platforms/bluesky", "github.com/jackc/pgx/v5/pgxpool", false},
		{"internal/platforms/bluesky/blueskyfake", "posthorn/internal/platforms/farside", true},
		{"internal/platforms/bluesky/blueskyfake", "posthorn/internal/platforms/bluesky", false},
		{"internal/platforms/all", "posthorn/internal/platforms/bluesky/blueskyfake", true},
		{"internal/http", "posthorn", true},
		{"internal/http", "github.com/riverqueue/river", false},
		{"internal/http", "posthorn/internal/platforms/bluesky", false},
		{"internal/posts", "net/http/httptest", false},
		{"internal/posts", "net/url", true},
		{"internal/platforms/rest", "os", false},
		{"internal/platforms/rest", "posthorn/internal/postgres", false},
	} {
		r := find(tt.name)
		if r == nil {
			t.Errorf("no rule for %s", tt.name)
			continue
		}
		if fault := r.check(tt.name, tt.imported); (fault == "") != tt.allowed {
			t.Errorf("%s importing %s: got fault %q, allowed should be %v", tt.name, tt.imported, fault, tt.allowed)
		}
	}
	if r := find("internal/nowhere"); r != nil {
		t.Errorf("an unknown package falls under the rule of %q", r.packages)
	}
}

// check says what is wrong with an import, or nothing.
func (r *rule) check(name, imported string) string {
	if !isOurs(imported) {
		for _, n := range r.never {
			if imported == n || strings.HasPrefix(imported, strings.TrimSuffix(n, "/")+"/") {
				return "which it never may"
			}
		}
		return ""
	}
	imported = ours(imported)
	if imported == name { // its own external test
		return ""
	}
	if slices.ContainsFunc(r.ours, func(pattern string) bool { return matches(pattern, imported) }) {
		return ""
	}
	return "which is not among those of ours that it may import"
}

func find(name string) *rule {
	if i := slices.IndexFunc(rules, func(r rule) bool { return matches(r.packages, name) }); i >= 0 {
		return &rules[i]
	}
	return nil
}

func matches(pattern, name string) bool {
	if pattern == "**" {
		return true
	}
	ok, err := path.Match(pattern, name)
	return err == nil && ok
}

func isOurs(imported string) bool {
	return imported == module || strings.HasPrefix(imported, module+"/")
}

// ours is the path of a package of ours below the module; empty for its root.
func ours(imported string) string {
	return strings.TrimPrefix(strings.TrimPrefix(imported, module), "/")
}

// list asks the go command for all packages of the module.
func list(t *testing.T) []goPackage {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Dir,Imports,TestImports,XTestImports", module+"/...")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, &stderr)
	}
	var all []goPackage
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p goPackage
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("reading the answer of go list: %v", err)
		}
		all = append(all, p)
	}
	if len(all) == 0 {
		t.Fatal("go list names no package")
	}
	return all
}

// clockReads finds where the code of a folder, tests left out, asks the system for the time.
func clockReads(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		set := token.NewFileSet()
		parsed, err := parser.ParseFile(set, file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		name := localName(parsed, "time")
		ast.Inspect(parsed, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok && slices.Contains([]string{"Now", "Since", "Until"}, s.Sel.Name) {
				if x, ok := s.X.(*ast.Ident); ok && x.Name == name {
					found = append(found, fmt.Sprintf("%s:%d", filepath.Base(file), set.Position(s.Pos()).Line))
				}
			}
			return true
		})
	}
	return found
}

// localName is what a file calls a package it imports; empty when it does not.
func localName(f *ast.File, importPath string) string {
	for _, i := range f.Imports {
		if p, err := strconv.Unquote(i.Path.Value); err == nil && p == importPath {
			if i.Name != nil {
				return i.Name.Name
			}
			return path.Base(importPath)
		}
	}
	return ""
}
