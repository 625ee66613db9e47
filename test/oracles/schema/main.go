// What Kubernetes and Gatekeeper make of a schema and a value, line by line. A line asks {mode, schema, legacy, value}:
// mode `server`: the schema of a CustomResourceDefinition, the value an object of it, as the API server takes it;
// mode `gatekeeper`: the same, but every number a float, and validated as Gatekeeper does it;
// mode `constraint`: the schema of a template's parameters (null: none), the value a constraint of kind Thing.
package main

import (
	"bufio"
	"bytes"
	"context"
	stdjson "encoding/json"
	"fmt"
	"os"

	v1templates "github.com/open-policy-agent/frameworks/constraint/pkg/apis/templates/v1"
	"github.com/open-policy-agent/frameworks/constraint/pkg/client/crds"
	"github.com/open-policy-agent/frameworks/constraint/pkg/core/templates"
	"github.com/open-policy-agent/gatekeeper/v3/pkg/target"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	crdvalidation "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/objectmeta"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/utils/ptr"
)

type question struct {
	Mode   string             `json:"mode"`
	Schema stdjson.RawMessage `json:"schema"`
	Legacy bool               `json:"legacy"`
	Value  stdjson.RawMessage `json:"value"`
}

type answer struct {
	SchemaError string   `json:"schemaError,omitempty"`
	Problems    []string `json:"problems"`
	// Paths of what the API server checks beside the schema: sets, keys of lists, embedded objects.
	Beside    []string    `json:"beside"`
	Unknown   []string    `json:"unknown"`
	Defaulted interface{} `json:"defaulted"`
	// Of a constraint.
	Error string `json:"error,omitempty"`
}

func main() {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(make([]byte, 1<<20), 1<<28)
	out := bufio.NewWriter(os.Stdout)
	encoder := stdjson.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	for in.Scan() {
		encoder.Encode(safely(in.Bytes()))
		out.Flush()
	}
}

func safely(line []byte) (a answer) {
	defer func() {
		if r := recover(); r != nil {
			a = answer{Error: fmt.Sprintf("panic: %v", r)}
		}
	}()
	var q question
	if err := stdjson.Unmarshal(line, &q); err != nil {
		return answer{Error: "question: " + err.Error()}
	}
	var external *apiextensionsv1.JSONSchemaProps
	if !bytes.Equal(q.Schema, []byte("null")) {
		external = &apiextensionsv1.JSONSchemaProps{}
		if err := json.Unmarshal(q.Schema, external); err != nil {
			return answer{SchemaError: "decode: " + err.Error()}
		}
	}
	var value map[string]interface{}
	if err := json.Unmarshal(q.Value, &value); err != nil {
		return answer{Error: "value: " + err.Error()}
	}
	if q.Mode == "constraint" {
		return constraint(external, q.Legacy, value)
	}
	return object(external, value, q.Mode == "gatekeeper")
}

func object(external *apiextensionsv1.JSONSchemaProps, value map[string]interface{}, gatekeeper bool) answer {
	internal := &apiextensions.JSONSchemaProps{}
	if err := apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(external, internal, nil); err != nil {
		return answer{SchemaError: "convert: " + err.Error()}
	}
	crd := &apiextensions.CustomResourceDefinition{}
	crd.Name = "things.example.org"
	crd.Spec = apiextensions.CustomResourceDefinitionSpec{
		Group:                 "example.org",
		Names:                 apiextensions.CustomResourceDefinitionNames{Kind: "Thing", ListKind: "ThingList", Plural: "things", Singular: "thing"},
		Scope:                 apiextensions.ClusterScoped,
		PreserveUnknownFields: ptr.To(false),
		Validation:            &apiextensions.CustomResourceValidation{OpenAPIV3Schema: internal},
		Versions:              []apiextensions.CustomResourceDefinitionVersion{{Name: "v1", Served: true, Storage: true}},
		Conversion:            &apiextensions.CustomResourceConversion{Strategy: apiextensions.NoneConverter},
	}
	crd.Status.StoredVersions = []string{"v1"}
	if errs := crdvalidation.ValidateCustomResourceDefinition(context.Background(), crd); len(errs) > 0 {
		return answer{SchemaError: errs.ToAggregate().Error()}
	}
	validator, _, err := validation.NewSchemaValidator(internal)
	if err != nil {
		return answer{SchemaError: "validator: " + err.Error()}
	}
	structural, err := schema.NewStructural(internal)
	if err != nil {
		return answer{SchemaError: "structural: " + err.Error()}
	}
	a := answer{Problems: []string{}, Beside: []string{}, Unknown: []string{}}
	var validated interface{} = value
	if gatekeeper {
		validated = &unstructured.Unstructured{Object: value}
	}
	for _, each := range validator.Validate(validated).Errors {
		a.Problems = append(a.Problems, each.Error())
	}
	if !gatekeeper {
		var beside field.ErrorList
		beside = append(beside, listtype.ValidateListSetsAndMaps(nil, structural, value)...)
		beside = append(beside, objectmeta.Validate(nil, value, structural, false)...)
		for _, each := range beside {
			a.Beside = append(a.Beside, each.Field)
		}
	}
	copied := (&unstructured.Unstructured{Object: value}).DeepCopy().Object
	a.Unknown = append(a.Unknown, pruning.PruneWithOptions(copied, structural, true, schema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true})...)
	defaulting.PruneNonNullableNullsWithoutDefaults(value, structural)
	defaulting.Default(value, structural)
	a.Defaulted = value
	return a
}

func constraint(parameters *apiextensionsv1.JSONSchemaProps, legacy bool, value map[string]interface{}) answer {
	in := &v1templates.Validation{OpenAPIV3Schema: parameters, LegacySchema: &legacy}
	out := &templates.Validation{}
	if err := v1templates.Convert_v1_Validation_To_templates_Validation(in, out, nil); err != nil {
		return answer{SchemaError: err.Error()}
	}
	template := &templates.ConstraintTemplate{}
	template.Spec.CRD.Spec.Names.Kind = "Thing"
	template.Spec.CRD.Spec.Validation = out
	crd, err := crds.CreateCRD(template, crds.CreateSchema(template, &target.K8sValidationTarget{}))
	if err != nil {
		return answer{SchemaError: err.Error()}
	}
	if err := crds.ValidateCRD(context.Background(), crd); err != nil {
		return answer{SchemaError: err.Error()}
	}
	a := answer{}
	if err := crds.ValidateCR(&unstructured.Unstructured{Object: value}, crd); err != nil {
		a.Error = err.Error()
	}
	return a
}
