package rules_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"posthorn/internal/platforms/all"
	"posthorn/internal/platforms/outline"
)

// TestSourceNamesListedRules reads the source for every text that is given as a rule, and finds it in the list. It sees literals and
// constants in fields called Rule, in parameters and struct fields called rule; what is put together at run time is tried elsewhere.
func TestSourceNamesListedRules(t *testing.T) {
	t.Parallel()
	b := book(t)
	names := all.Registry().Names()
	for _, info := range outline.All() {
		names = append(names, info.Name)
	}
	listed := func(dir, rule string) bool {
		if _, ok := b.Find(rule); ok {
			return true
		}
		within, ok := strings.CutPrefix(dir, "platforms")
		return ok && slices.ContainsFunc(names, func(name string) bool {
			_, ok := b.Find(name + "." + rule)
			return ok && (within == "" || within == "/"+name || strings.HasPrefix(within, "/meta")) // what several share
		})
	}
	found := 0
	for dir, files := range packages(t) {
		s := scan{consts: map[string]string{}, params: map[string]int{}}
		for _, f := range files {
			ast.Inspect(f, s.declared)
		}
		for _, f := range files {
			ast.Inspect(f, s.used)
		}
		for _, rule := range s.found {
			found++
			if !listed(dir, rule) {
				t.Errorf("internal/%s: the rule %q is not in the list: describe it in internal/rules, or in the adapter's RuleDocs", dir, rule)
			}
		}
	}
	if found < 60 {
		t.Errorf("only %d rules were found in the source: the scan no longer sees them", found)
	}
}

// packages parses the packages below internal, tests left out.
func packages(t *testing.T) map[string][]*ast.File {
	t.Helper()
	list := map[string][]*ast.File{}
	err := filepath.WalkDir("..", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		dir := filepath.ToSlash(strings.TrimPrefix(filepath.Dir(path), ".."+string(filepath.Separator)))
		if dir == "rules" || strings.HasPrefix(dir, "sandbox") || strings.HasSuffix(dir, "fake") { // the list itself; rules of other kinds
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		list[dir] = append(list[dir], f)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

type scan struct {
	consts map[string]string
	params map[string]int // the place of the parameter rule, by function
	found  []string
}

// declared gathers constants and the functions that take a rule.
func (s *scan) declared(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.ValueSpec:
		for i, name := range n.Names {
			if i < len(n.Values) {
				if v, ok := s.text(n.Values[i]); ok {
					s.consts[name.Name] = v
				}
			}
		}
	case *ast.FuncDecl:
		i := 0
		for _, field := range n.Type.Params.List {
			for _, name := range field.Names {
				if name.Name == "rule" {
					s.params[n.Name.Name] = i
				}
				i++
			}
		}
	}
	return true
}

// used gathers the rules that are given.
func (s *scan) used(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.KeyValueExpr:
		if key, ok := n.Key.(*ast.Ident); ok && key.Name == "Rule" {
			s.take(n.Value)
		}
	case *ast.AssignStmt:
		for i, left := range n.Lhs {
			if field, ok := left.(*ast.SelectorExpr); ok && field.Sel.Name == "Rule" && i < len(n.Rhs) {
				s.take(n.Rhs[i])
			}
		}
	case *ast.CallExpr:
		name, fun := "", n.Fun
		if generic, ok := fun.(*ast.IndexExpr); ok {
			fun = generic.X
		}
		switch f := fun.(type) {
		case *ast.Ident:
			name = f.Name
		case *ast.SelectorExpr:
			name = f.Sel.Name
		}
		if i, ok := s.params[name]; ok && i < len(n.Args) {
			s.take(n.Args[i])
		}
	case *ast.CompositeLit:
		s.table(n)
	}
	return true
}

// table looks for a field called rule in a list of structs without a name.
func (s *scan) table(lit *ast.CompositeLit) {
	list, ok := lit.Type.(*ast.ArrayType)
	if !ok {
		return
	}
	row, ok := list.Elt.(*ast.StructType)
	if !ok {
		return
	}
	place, i := -1, 0
	for _, field := range row.Fields.List {
		for _, name := range field.Names {
			if name.Name == "rule" {
				place = i
			}
			i++
		}
	}
	for _, e := range lit.Elts {
		if values, ok := e.(*ast.CompositeLit); ok && place >= 0 && place < len(values.Elts) {
			s.take(values.Elts[place])
		}
	}
}

func (s *scan) take(e ast.Expr) {
	if v, ok := s.text(e); ok && v != "" {
		s.found = append(s.found, v)
	}
}

// text is the value of a constant expression.
func (s *scan) text(e ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		v, err := strconv.Unquote(e.Value)
		return v, err == nil && e.Kind == token.STRING
	case *ast.Ident:
		v, ok := s.consts[e.Name]
		return v, ok
	case *ast.BinaryExpr:
		left, ok := s.text(e.X)
		right, ok2 := s.text(e.Y)
		return left + right, ok && ok2
	}
	return "", false
}
