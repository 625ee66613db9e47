// Gatekeeper's own mutation and expansion, asked line by line: a JSON request on stdin, its answer on stdout.
// The argument is the folder of Gatekeeper's custom resource definitions, by which the API server checks mutators.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sort"

	"github.com/google/uuid"
	expansiontypes "github.com/open-policy-agent/gatekeeper/v3/apis/expansion/unversioned"
	mutationtypes "github.com/open-policy-agent/gatekeeper/v3/apis/mutations/unversioned"
	"github.com/open-policy-agent/gatekeeper/v3/pkg/expansion"
	"github.com/open-policy-agent/gatekeeper/v3/pkg/externaldata"
	"github.com/open-policy-agent/gatekeeper/v3/pkg/mutation"
	"github.com/open-policy-agent/gatekeeper/v3/pkg/mutation/mutators"
	"github.com/open-policy-agent/gatekeeper/v3/pkg/mutation/path/parser"
	"github.com/open-policy-agent/gatekeeper/v3/pkg/mutation/types"
	admissionv1 "k8s.io/api/admission/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"
)

type request struct {
	Path      *string           `json:"path"`
	Templates []json.RawMessage `json:"templates"`
	Mutators  []json.RawMessage `json:"mutators"`
	Object    json.RawMessage   `json:"object"`
	Namespace *corev1.Namespace `json:"namespace"`
	Source    string            `json:"source"`
	Operation string            `json:"operation"`
	Annotate  string            `json:"annotate"`
}

type resultant struct {
	Template          string         `json:"template"`
	EnforcementAction string         `json:"enforcementAction"`
	Object            map[string]any `json:"object"`
}

type answer struct {
	Nodes      []map[string]any `json:"nodes,omitempty"`
	Rejected   []string         `json:"rejected"`
	Conflicts  []string         `json:"conflicts"`
	Mutated    bool             `json:"mutated"`
	Object     map[string]any   `json:"object,omitempty"`
	Resultants []resultant      `json:"resultants,omitempty"`
	Error      string           `json:"error,omitempty"`
}

type definition struct {
	structural *schema.Structural
	validator  validation.SchemaValidator
}

var definitions = map[string]definition{}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func loadDefinitions(folder string) {
	files, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
	must(err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		must(err)
		crd := &apiextensionsv1.CustomResourceDefinition{}
		must(yaml.Unmarshal(text, crd))
		for _, version := range crd.Spec.Versions {
			internal := &apiextensions.CustomResourceValidation{}
			must(apiextensionsv1.Convert_v1_CustomResourceValidation_To_apiextensions_CustomResourceValidation(version.Schema, internal, nil))
			structural, err := schema.NewStructural(internal.OpenAPIV3Schema)
			must(err)
			validator, _, err := validation.NewSchemaValidator(internal.OpenAPIV3Schema)
			must(err)
			definitions[crd.Spec.Group+"/"+version.Name+" "+crd.Spec.Names.Kind] = definition{structural, validator}
		}
	}
}

// What the API server does to a custom resource before it stores it, with unknown fields refused.
func admit(text []byte) (map[string]any, string, error) {
	object := map[string]any{}
	if err := utiljson.Unmarshal(text, &object); err != nil {
		return nil, "", err
	}
	u := unstructured.Unstructured{Object: object}
	found, ok := definitions[u.GetAPIVersion()+" "+u.GetKind()]
	if !ok {
		return nil, "", fmt.Errorf("no definition of %s %s", u.GetAPIVersion(), u.GetKind())
	}
	options := schema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true}
	if unknown := pruning.PruneWithOptions(object, found.structural, true, options); len(unknown) > 0 {
		return nil, "", fmt.Errorf("unknown fields %v", unknown)
	}
	defaulting.PruneNonNullableNullsWithoutDefaults(object, found.structural)
	defaulting.Default(object, found.structural)
	if errs := validation.ValidateCustomResource(nil, object, found.validator); len(errs) > 0 {
		return nil, "", errs.ToAggregate()
	}
	return object, u.GetKind(), nil
}

func into[T any](object map[string]any) (*T, error) {
	typed := new(T)
	return typed, runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(object, typed, true)
}

func readMutator(text []byte) (types.Mutator, error) {
	object, kind, err := admit(text)
	if err != nil {
		return nil, err
	}
	switch kind {
	case "Assign":
		typed, err := into[mutationtypes.Assign](object)
		if err != nil {
			return nil, err
		}
		return mutators.MutatorForAssign(typed)
	case "AssignMetadata":
		typed, err := into[mutationtypes.AssignMetadata](object)
		if err != nil {
			return nil, err
		}
		return mutators.MutatorForAssignMetadata(typed)
	case "ModifySet":
		typed, err := into[mutationtypes.ModifySet](object)
		if err != nil {
			return nil, err
		}
		return mutators.MutatorForModifySet(typed)
	case "AssignImage":
		typed, err := into[mutationtypes.AssignImage](object)
		if err != nil {
			return nil, err
		}
		return mutators.MutatorForAssignImage(typed)
	}
	return nil, fmt.Errorf("%s is no mutator", kind)
}

func parse(path string) answer {
	parsed, err := parser.Parse(path)
	if err != nil {
		return answer{Error: err.Error()}
	}
	nodes := []map[string]any{}
	for _, node := range parsed.Nodes {
		switch node := node.(type) {
		case *parser.Object:
			nodes = append(nodes, map[string]any{"field": node.Reference})
		case *parser.List:
			entry := map[string]any{"key": node.KeyField}
			switch value := node.KeyValue.(type) {
			case string:
				entry["value"] = value
			case int64:
				entry["number"] = fmt.Sprint(value)
			}
			nodes = append(nodes, entry)
		}
	}
	return answer{Nodes: nodes}
}

func ask(req request) (result answer) {
	defer func() {
		if fault := recover(); fault != nil {
			result.Error = fmt.Sprintf("panic: %v", fault)
		}
	}()
	if req.Path != nil {
		return parse(*req.Path)
	}
	result = answer{Rejected: []string{}, Conflicts: []string{}}
	*mutation.MutationAnnotationsEnabled = req.Annotate != ""
	system := mutation.NewSystem(mutation.SystemOpts{NewUUID: func() uuid.UUID { return uuid.MustParse(req.Annotate) }})
	if req.Annotate == "" {
		system = mutation.NewSystem(mutation.SystemOpts{})
	}
	var all []types.Mutator
	for _, text := range req.Mutators {
		mutator, err := readMutator(text)
		if err != nil {
			result.Rejected = append(result.Rejected, err.Error())
			continue
		}
		result.Rejected = append(result.Rejected, "")
		all = append(all, mutator)
		_ = system.Upsert(mutator)
	}
	conflicting := map[types.ID]bool{}
	for _, mutator := range all {
		// Those that are not applied are among their own conflicts; others only lie on the way of some.
		if id := mutator.ID(); system.GetConflicts(id)[id] && !conflicting[id] {
			conflicting[id] = true
			result.Conflicts = append(result.Conflicts, id.Kind+"/"+id.Name)
		}
	}
	sort.Strings(result.Conflicts)

	object := map[string]any{}
	must(utiljson.Unmarshal(req.Object, &object))
	mutable := &types.Mutable{
		Object:    &unstructured.Unstructured{Object: object},
		Namespace: req.Namespace,
		Source:    types.SourceType(req.Source),
		Operation: admissionv1.Operation(req.Operation),
	}
	if req.Templates != nil {
		return expand(req, system, mutable, result)
	}
	mutated, err := system.Mutate(context.Background(), mutable)
	if err != nil {
		result.Error = err.Error()
		return result
	}
	result.Mutated = mutated
	result.Object = mutable.Object.Object
	return result
}

func expand(req request, mutations *mutation.System, mutable *types.Mutable, result answer) answer {
	system := expansion.NewSystem(mutations)
	result.Rejected = []string{}
	for _, text := range req.Templates {
		object, _, err := admit(text)
		var template *expansiontypes.ExpansionTemplate
		if err == nil {
			template, err = into[expansiontypes.ExpansionTemplate](object)
		}
		if err == nil {
			err = expansion.ValidateTemplate(template)
		}
		if err != nil {
			result.Rejected = append(result.Rejected, err.Error())
			continue
		}
		result.Rejected = append(result.Rejected, "")
		_ = system.UpsertTemplate(template)
	}
	result.Conflicts = []string{}
	for name := range system.GetConflicts() {
		result.Conflicts = append(result.Conflicts, string(name))
	}
	sort.Strings(result.Conflicts)
	resultants, err := system.Expand(mutable)
	if err != nil {
		result.Error = err.Error()
		return result
	}
	for _, each := range resultants {
		result.Resultants = append(result.Resultants, resultant{each.TemplateName, each.EnforcementAction, each.Obj.Object})
	}
	return result
}

func main() {
	loadDefinitions(os.Args[1])
	*externaldata.ExternalDataEnabled = false
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := bufio.NewWriter(os.Stdout)
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	for {
		line, err := in.ReadBytes('\n')
		if len(bytes.TrimSpace(line)) > 0 {
			var req request
			must(json.Unmarshal(line, &req))
			must(encoder.Encode(ask(req)))
			if in.Buffered() == 0 {
				must(out.Flush())
			}
		}
		if err != nil {
			must(out.Flush())
			return
		}
	}
}
