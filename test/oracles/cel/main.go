// Command cel answers CEL expressions as Kubernetes' own environment does: a line of JSON in, a line of JSON out.
package main

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strconv"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/common/types/traits"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/util/version"
	"k8s.io/apiserver/pkg/cel/environment"
)

type question struct {
	Expression string          `json:"expression"`
	Variables  json.RawMessage `json:"variables"`
	// A whole policy instead of an expression: see rules.go.
	Review *review `json:"review"`
}

type answer struct {
	Value any    `json:"value,omitempty"`
	Type  string `json:"type,omitempty"`
	Cost  uint64 `json:"cost"`
	// "compile", "eval" or "limit".
	Error   string `json:"error,omitempty"`
	Message string `json:"message,omitempty"`
}

// plain tells the type of every value apart, as the test's own side writes it too.
func plain(value ref.Val) any {
	switch v := value.(type) {
	case types.Null:
		return nil
	case types.Bool:
		return bool(v)
	case types.String:
		return string(v)
	case types.Int:
		return "int:" + strconv.FormatInt(int64(v), 10)
	case types.Uint:
		return "uint:" + strconv.FormatUint(uint64(v), 10)
	case types.Double:
		f := float64(v)
		if math.IsNaN(f) {
			return "double:NaN"
		}
		return "double:" + strconv.FormatUint(math.Float64bits(f), 16)
	case types.Bytes:
		return "bytes:" + base64.StdEncoding.EncodeToString(v)
	case types.Timestamp:
		return fmt.Sprintf("timestamp:%d.%d", v.Unix(), v.Nanosecond())
	case types.Duration:
		return "duration:" + strconv.FormatInt(int64(v.Duration), 10)
	case *types.Optional:
		if !v.HasValue() {
			return map[string]any{"optional": false}
		}
		return map[string]any{"optional": true, "value": plain(v.GetValue())}
	case traits.Mapper:
		entries := map[string]any{}
		for it := v.Iterator(); it.HasNext() == types.True; {
			key := it.Next()
			name := key.Type().TypeName() + ":" + fmt.Sprint(key.Value())
			if key == types.NullValue {
				name = "null_type:null"
			}
			entries[name] = plain(v.Get(key))
		}
		return map[string]any{"map": entries}
	case traits.Lister:
		items := []any{}
		for it := v.Iterator(); it.HasNext() == types.True; {
			items = append(items, plain(it.Next()))
		}
		return items
	case *types.Type:
		return "type:" + v.TypeName()
	}
	return "opaque:" + value.Type().TypeName()
}

func main() {
	// The version before the library's own, which an API server of it is compatible with.
	set, err := environment.MustBaseEnvSet(version.MajorMinor(1, 35)).Extend(environment.VersionedOptions{
		IntroducedVersion: version.MajorMinor(1, 0),
		EnvOptions: []cel.EnvOption{
			cel.Variable("object", cel.DynType),
			cel.Variable("oldObject", cel.DynType),
			cel.Variable("request", cel.DynType),
			cel.Variable("params", cel.DynType),
			cel.Variable("namespaceObject", cel.DynType),
			cel.Variable("variables", cel.DynType),
		},
	}, environment.StrictCostOpt)
	if err != nil {
		panic(err)
	}
	env, err := set.Env(environment.StoredExpressions)
	if err != nil {
		panic(err)
	}
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := json.NewEncoder(os.Stdout)
	for {
		line, err := in.ReadBytes('\n')
		if err != nil {
			return
		}
		var q question
		if err := json.Unmarshal(line, &q); err != nil {
			panic(err)
		}
		var a any
		if q.Review != nil {
			a = judge(*q.Review)
		} else {
			a = ask(env, q)
		}
		if err := out.Encode(a); err != nil {
			panic(err)
		}
	}
}

func ask(env *cel.Env, q question) (result answer) {
	defer func() {
		if r := recover(); r != nil {
			result = answer{Error: "panic", Message: fmt.Sprint(r)}
		}
	}()
	variables := map[string]any{}
	for _, name := range []string{"object", "oldObject", "request", "params", "namespaceObject", "variables"} {
		variables[name] = nil
	}
	if len(q.Variables) > 0 {
		if err := utiljson.Unmarshal(q.Variables, &variables); err != nil {
			return answer{Error: "variables", Message: err.Error()}
		}
	}
	ast, issues := env.Compile(q.Expression)
	if issues.Err() != nil {
		return answer{Error: "compile", Message: issues.Err().Error()}
	}
	program, err := env.Program(ast)
	if err != nil {
		return answer{Error: "compile", Message: err.Error()}
	}
	value, details, err := program.Eval(variables)
	cost := uint64(0)
	if details != nil && details.ActualCost() != nil {
		cost = *details.ActualCost()
	}
	if err != nil {
		kind := "eval"
		if cost > 1000000 {
			kind = "limit"
		}
		return answer{Error: kind, Message: err.Error(), Cost: cost}
	}
	return answer{Value: plain(value), Type: ast.OutputType().String(), Cost: cost}
}
