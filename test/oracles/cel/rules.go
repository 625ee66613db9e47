package main

import (
	"context"
	"encoding/json"

	v1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/util/version"
	"k8s.io/apiserver/pkg/admission"
	"k8s.io/apiserver/pkg/admission/plugin/cel"
	"k8s.io/apiserver/pkg/admission/plugin/policy/validating"
	"k8s.io/apiserver/pkg/admission/plugin/webhook/matchconditions"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/cel/environment"
)

// review is one policy asked about one request, beside what matches it.
type review struct {
	Spec      v1.ValidatingAdmissionPolicySpec `json:"spec"`
	Object    json.RawMessage                  `json:"object"`
	OldObject json.RawMessage                  `json:"oldObject"`
	Params    json.RawMessage                  `json:"params"`
	Namespace *corev1.Namespace                `json:"namespace"`
	Operation string                           `json:"operation"`
	User      string                           `json:"user"`
}

type decision struct {
	Action     string `json:"action"`
	Evaluation string `json:"evaluation"`
	Message    string `json:"message"`
	Reason     string `json:"reason"`
}

type annotation struct {
	Key    string `json:"key"`
	Action string `json:"action"`
	Value  string `json:"value"`
	Error  string `json:"error"`
}

type verdict struct {
	Decisions   []decision   `json:"decisions"`
	Annotations []annotation `json:"annotations"`
}

func object(raw json.RawMessage) runtime.Object {
	if len(raw) == 0 || string(raw) == "null" {
		return nil
	}
	fields := map[string]any{}
	if err := utiljson.Unmarshal(raw, &fields); err != nil {
		panic(err)
	}
	return &unstructured.Unstructured{Object: fields}
}

func judge(r review) verdict {
	declarations := cel.OptionalVariableDeclarations{HasParams: r.Spec.ParamKind != nil}
	compiler, err := cel.NewCompositedCompiler(environment.MustBaseEnvSet(version.MajorMinor(1, 35)))
	if err != nil {
		panic(err)
	}
	variables := []cel.NamedExpressionAccessor{}
	for _, variable := range r.Spec.Variables {
		variables = append(variables, &validating.Variable{Name: variable.Name, Expression: variable.Expression})
	}
	compiler.CompileAndStoreVariables(variables, declarations, environment.StoredExpressions)
	var matcher matchconditions.Matcher
	if len(r.Spec.MatchConditions) > 0 {
		conditions := []cel.ExpressionAccessor{}
		for i := range r.Spec.MatchConditions {
			conditions = append(conditions, (*matchconditions.MatchCondition)(&r.Spec.MatchConditions[i]))
		}
		compiled := compiler.CompileCondition(conditions, declarations, environment.StoredExpressions)
		matcher = matchconditions.NewMatcher(compiled, r.Spec.FailurePolicy, "policy", "validate", "policy")
	}
	validations, annotations := []cel.ExpressionAccessor{}, []cel.ExpressionAccessor{}
	messages := make([]cel.ExpressionAccessor, len(r.Spec.Validations))
	for i, one := range r.Spec.Validations {
		validations = append(validations, &validating.ValidationCondition{Expression: one.Expression, Message: one.Message, Reason: one.Reason})
		if one.MessageExpression != "" {
			messages[i] = &validating.MessageExpressionCondition{MessageExpression: one.MessageExpression}
		}
	}
	for _, one := range r.Spec.AuditAnnotations {
		annotations = append(annotations, &validating.AuditAnnotationCondition{Key: one.Key, ValueExpression: one.ValueExpression})
	}
	validator := validating.NewValidator(
		compiler.CompileCondition(validations, declarations, environment.StoredExpressions),
		matcher,
		compiler.CompileCondition(annotations, declarations, environment.StoredExpressions),
		compiler.CompileCondition(messages, declarations, environment.StoredExpressions),
		r.Spec.FailurePolicy,
		nil,
	)
	kind := schema.GroupVersionKind{Version: "v1", Kind: "Pod"}
	resource := schema.GroupVersionResource{Version: "v1", Resource: "pods"}
	current, old := object(r.Object), object(r.OldObject)
	record := admission.NewAttributesRecord(current, old, kind, "shop", "web", resource, "", admission.Operation(r.Operation), nil, false, &user.DefaultInfo{Name: r.User})
	attributes := &admission.VersionedAttributes{Attributes: record, VersionedKind: kind, VersionedObject: current, VersionedOldObject: old}
	result := validator.Validate(context.Background(), resource, attributes, object(r.Params), r.Namespace, celconfig.RuntimeCELCostBudget, nil)
	answer := verdict{Decisions: []decision{}, Annotations: []annotation{}}
	for _, one := range result.Decisions {
		answer.Decisions = append(answer.Decisions, decision{string(one.Action), string(one.Evaluation), one.Message, string(one.Reason)})
	}
	for _, one := range result.AuditAnnotations {
		answer.Annotations = append(answer.Annotations, annotation{one.Key, string(one.Action), one.Value, one.Error})
	}
	return answer
}
