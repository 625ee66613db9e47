// OPA's Go API as a peer that is timed on request: prepared query, parsed input.
// The first line on stdin is a file of sets; every further line a request: {"set":NAME,"results":true} or {"set":NAME,"evaluations":N}.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/util"
)

type set struct {
	Name    string            `json:"name"`
	Version string            `json:"version"`
	Modules map[string]string `json:"modules"`
	Data    map[string]any    `json:"data"`
	Query   string            `json:"query"`
	Inputs  []json.RawMessage `json:"inputs"`
}

type request struct {
	Set         string `json:"set"`
	Results     bool   `json:"results"`
	Compile     bool   `json:"compile"`
	Memory      bool   `json:"memory"`
	Evaluations int    `json:"evaluations"`
}

type prepared struct {
	query  rego.PreparedEvalQuery
	inputs []ast.Value
}

// The time that every evaluation is given, so that results can be compared.
var now = time.Date(2026, 1, 7, 16, 0, 0, 0, time.UTC)

func prepare(s set) prepared {
	version := ast.RegoV1
	if s.Version == "v0" {
		version = ast.RegoV0
	}
	data := s.Data
	if data == nil {
		data = map[string]any{}
	}
	options := []func(*rego.Rego){rego.Query(s.Query), rego.SetRegoVersion(version), rego.Store(inmem.NewFromObject(data))}
	for name, text := range s.Modules {
		options = append(options, rego.Module(name, text))
	}
	query, err := rego.New(options...).PrepareForEval(context.Background())
	must(err)
	p := prepared{query: query}
	for _, input := range s.Inputs {
		var x any
		must(util.UnmarshalJSON(input, &x))
		p.inputs = append(p.inputs, ast.MustInterfaceToValue(x))
	}
	return p
}

func main() {
	lines := bufio.NewReader(os.Stdin)
	path, err := lines.ReadString('\n')
	must(err)
	text, err := os.ReadFile(strings.TrimSpace(path))
	must(err)
	var sets []set
	must(json.Unmarshal(text, &sets))
	byName := map[string]set{}
	ready := map[string]prepared{}
	for _, s := range sets {
		byName[s.Name] = s
	}
	out := json.NewEncoder(os.Stdout)
	decoder := json.NewDecoder(lines)
	ctx := context.Background()
	for {
		var r request
		if decoder.Decode(&r) != nil {
			return
		}
		if r.Compile {
			begun := time.Now()
			p := prepare(byName[r.Set])
			_, err := p.query.Eval(ctx, rego.EvalParsedInput(p.inputs[0]), rego.EvalTime(now))
			must(err)
			must(out.Encode(map[string]any{"ns": time.Since(begun).Nanoseconds()}))
			continue
		}
		if r.Memory {
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			p := prepare(byName[r.Set])
			_, err := p.query.Eval(ctx, rego.EvalParsedInput(p.inputs[0]), rego.EvalTime(now))
			must(err)
			runtime.GC()
			runtime.ReadMemStats(&after)
			must(out.Encode(map[string]any{"bytes": int64(after.HeapAlloc) - int64(before.HeapAlloc)}))
			runtime.KeepAlive(p)
			continue
		}
		p, ok := ready[r.Set]
		if !ok {
			p = prepare(byName[r.Set])
			ready[r.Set] = p
		}
		if r.Results {
			values := []any{}
			for _, input := range p.inputs {
				results, err := p.query.Eval(ctx, rego.EvalParsedInput(input), rego.EvalTime(now))
				must(err)
				var value any = "undefined"
				if len(results) > 0 {
					value = results[0].Expressions[0].Value
				}
				values = append(values, value)
			}
			must(out.Encode(map[string]any{"results": values}))
			continue
		}
		begun := time.Now()
		for n := 0; n < r.Evaluations; n++ {
			if _, err := p.query.Eval(ctx, rego.EvalParsedInput(p.inputs[n%len(p.inputs)]), rego.EvalTime(now)); err != nil {
				must(err)
			}
		}
		must(out.Encode(map[string]any{"ns": time.Since(begun).Nanoseconds()}))
	}
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
