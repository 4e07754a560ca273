// SPDX-License-Identifier: GPL-2.0-or-later

// Package tap is what the validation programs of opencontainers/runtime-tools call of github.com/mndrix/tap-go, which Debian
// does not package: ci/runtime-tools has them built with this in its place.
package tap

import (
	"encoding/json"
	"fmt"
	"strings"
)

// T writes the results of one program, in the Test Anything Protocol.
type T struct {
	count *int
	todo  bool
}

// New is one program's results, of which there are none yet.
func New() *T {
	return &T{count: new(int)}
}

// Header begins: count is how many results there will be, or 0 where AutoPlan will say.
func (t *T) Header(count int) {
	fmt.Println("TAP version 13")
	if count > 0 {
		fmt.Printf("1..%d\n", count)
	}
}

// AutoPlan says how many results there were.
func (t *T) AutoPlan() {
	fmt.Printf("1..%d\n", *t.count)
}

func (t *T) result(test bool, what string) {
	*t.count++
	if !test {
		fmt.Print("not ")
	}
	fmt.Printf("ok %d%s\n", *t.count, what)
}

// Ok is a result.
func (t *T) Ok(test bool, description string) {
	if t.todo {
		description = "# TODO " + description
	} else {
		description = "- " + description
	}
	t.result(test, " "+description)
}

// Pass is a good one.
func (t *T) Pass(description string) {
	t.Ok(true, description)
}

// Fail is a bad one.
func (t *T) Fail(description string) {
	t.Ok(false, description)
}

// Skip is that many good ones, of what was not asked.
func (t *T) Skip(count int, description string) {
	for ; count > 0; count-- {
		t.result(true, " # SKIP "+description)
	}
}

// Todo has results whose failures do not count.
func (t *T) Todo() *T {
	return &T{count: t.count, todo: true}
}

// Diagnostic is a remark.
func (t *T) Diagnostic(message string) {
	fmt.Println("# " + strings.ReplaceAll(strings.TrimRight(message, "\n"), "\n", "\n# "))
}

// Diagnosticf is one with values in it.
func (t *T) Diagnosticf(format string, values ...interface{}) {
	t.Diagnostic(fmt.Sprintf(format, values...))
}

// YAML is what belongs to the last result. JSON is YAML, too.
func (t *T) YAML(message interface{}) error {
	text, err := json.MarshalIndent(message, "  ", "  ")
	if err != nil {
		return err
	}
	fmt.Printf("  ---\n  %s\n  ...\n", text)
	return nil
}
