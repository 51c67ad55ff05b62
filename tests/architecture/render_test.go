package architecture_test

import (
	"bytes"
	"go/ast"
	"go/printer"
	"go/token"
)

// render returns a statement as source text.
func render(stmt ast.Stmt) string {
	var b bytes.Buffer
	if err := printer.Fprint(&b, token.NewFileSet(), stmt); err != nil {
		return err.Error()
	}
	return b.String()
}
