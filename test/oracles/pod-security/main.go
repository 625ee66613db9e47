// The Pod Security library of Kubernetes: one JSON question a line on stdin, one JSON answer a line on stdout.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"

	admissionv1 "k8s.io/api/admission/v1"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/pod-security-admission/admission"
	"k8s.io/pod-security-admission/admission/api/load"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/metrics"
	"k8s.io/pod-security-admission/policy"
	kjson "sigs.k8s.io/json"
)

// Either a pod with the policies to judge it by, or a request with the cluster that it meets.
type question struct {
	Pod      json.RawMessage `json:"pod"`
	Policies [][2]string     `json:"policies"`

	Request       *admissionv1.AdmissionRequest `json:"request"`
	Configuration json.RawMessage               `json:"configuration"`
	Namespaces    []*corev1.Namespace           `json:"namespaces"`
	Pods          []json.RawMessage             `json:"pods"`

	ClusterMinor *int `json:"clusterMinor"`
}

// Verdicts holds each different one once; Of has the index of a verdict for each policy.
type answer struct {
	Error    string                         `json:"error,omitempty"`
	Verdicts []verdict                      `json:"verdicts,omitempty"`
	Of       []int                          `json:"of,omitempty"`
	Response *admissionv1.AdmissionResponse `json:"response,omitempty"`
}

type verdict struct {
	Allowed bool     `json:"allowed"`
	Reasons []string `json:"reasons"`
	Details []string `json:"details"`
	Reason  string   `json:"reason"`
	Detail  string   `json:"detail"`
}

func main() {
	input := bufio.NewScanner(os.Stdin)
	input.Buffer(nil, 64<<20)
	output := bufio.NewWriter(os.Stdout)
	for input.Scan() {
		line, err := json.Marshal(reply(input.Bytes()))
		if err != nil {
			panic(err)
		}
		output.Write(append(line, '\n'))
		output.Flush()
	}
}

func reply(line []byte) answer {
	var q question
	if err := json.Unmarshal(line, &q); err != nil {
		return answer{Error: err.Error()}
	}
	var emulated *api.Version
	if q.ClusterMinor != nil {
		version := api.MajorMinorVersion(1, *q.ClusterMinor)
		emulated = &version
	}
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), emulated)
	if err != nil {
		panic(err)
	}
	if q.Request == nil && q.Pod == nil {
		_, err := configured(&q, evaluator)
		return failed(err)
	}
	if q.Request != nil {
		return admit(&q, evaluator)
	}
	return judge(&q, evaluator)
}

func failed(err error) answer {
	if err == nil {
		return answer{}
	}
	return answer{Error: err.Error()}
}

func judge(q *question, evaluator policy.Evaluator) answer {
	pod := &corev1.Pod{}
	if err := kjson.UnmarshalCaseSensitivePreserveInts(q.Pod, pod); err != nil {
		return failed(err)
	}
	var a answer
	seen := map[string]int{}
	for _, each := range q.Policies {
		level, err := api.ParseLevel(each[0])
		if err != nil {
			return failed(err)
		}
		version, err := api.ParseVersion(each[1])
		if err != nil {
			return failed(err)
		}
		results := evaluator.EvaluatePod(api.LevelVersion{Level: level, Version: version}, &pod.ObjectMeta, &pod.Spec)
		sum := policy.AggregateCheckResults(results)
		key := fmt.Sprintf("%q %q", sum.ForbiddenReasons, sum.ForbiddenDetails)
		at, ok := seen[key]
		if !ok {
			at = len(a.Verdicts)
			seen[key] = at
			a.Verdicts = append(a.Verdicts,
				verdict{sum.Allowed, sum.ForbiddenReasons, sum.ForbiddenDetails, sum.ForbiddenReason(), sum.ForbiddenDetail()})
		}
		a.Of = append(a.Of, at)
	}
	return a
}

func configured(q *question, evaluator policy.Evaluator) (*admission.Admission, error) {
	configuration, err := load.LoadFromData(q.Configuration)
	if err != nil {
		return nil, err
	}
	a := &admission.Admission{
		Configuration:   configuration,
		Evaluator:       evaluator,
		Metrics:         unrecorded{},
		NamespaceGetter: cluster{q},
		PodLister:       cluster{q},
	}
	if err := a.CompleteConfiguration(); err != nil {
		return nil, err
	}
	return a, a.ValidateConfiguration()
}

// As the plugin in the API server: other operations and resources do not come to the library.
func admit(q *question, evaluator policy.Evaluator) answer {
	a, err := configured(q, evaluator)
	if err != nil {
		return failed(err)
	}
	r := q.Request
	resource := schema.GroupResource{Group: r.Resource.Group, Resource: r.Resource.Resource}
	known := resource == corev1.Resource("namespaces") || a.PodSpecExtractor.HasPodSpec(resource)
	if !known || r.Operation != admissionv1.Create && r.Operation != admissionv1.Update {
		return answer{Response: &admissionv1.AdmissionResponse{Allowed: true}}
	}
	attributes := &api.AttributesRecord{
		Name:        r.Name,
		Namespace:   r.Namespace,
		Kind:        schema.GroupVersionKind(r.Kind),
		Resource:    schema.GroupVersionResource(r.Resource),
		Subresource: r.SubResource,
		Operation:   r.Operation,
		Username:    r.UserInfo.Username,
	}
	if attributes.Object, err = decode(r.Kind.Kind, r.Object.Raw); err != nil {
		return failed(err)
	}
	if attributes.OldObject, err = decode(r.Kind.Kind, r.OldObject.Raw); err != nil {
		return failed(err)
	}
	return answer{Response: a.Validate(context.Background(), attributes)}
}

func decode(kind string, raw []byte) (runtime.Object, error) {
	if raw == nil {
		return nil, nil
	}
	into, ok := map[string]runtime.Object{
		"Namespace":             &corev1.Namespace{},
		"Pod":                   &corev1.Pod{},
		"PodTemplate":           &corev1.PodTemplate{},
		"ReplicationController": &corev1.ReplicationController{},
		"ReplicaSet":            &appsv1.ReplicaSet{},
		"Deployment":            &appsv1.Deployment{},
		"StatefulSet":           &appsv1.StatefulSet{},
		"DaemonSet":             &appsv1.DaemonSet{},
		"Job":                   &batchv1.Job{},
		"CronJob":               &batchv1.CronJob{},
	}[kind]
	if !ok {
		return nil, fmt.Errorf("no such kind: %s", kind)
	}
	return into, kjson.UnmarshalCaseSensitivePreserveInts(raw, into)
}

type cluster struct{ *question }

func (c cluster) GetNamespace(_ context.Context, name string) (*corev1.Namespace, error) {
	for _, each := range c.Namespaces {
		if each.Name == name {
			return each, nil
		}
	}
	return nil, apierrors.NewNotFound(corev1.Resource("namespaces"), name)
}

func (c cluster) ListPods(_ context.Context, namespace string) ([]*corev1.Pod, error) {
	var found []*corev1.Pod
	for _, each := range c.Pods {
		pod := &corev1.Pod{}
		if err := kjson.UnmarshalCaseSensitivePreserveInts(each, pod); err != nil {
			return nil, err
		}
		if pod.Namespace == namespace {
			found = append(found, pod)
		}
	}
	return found, nil
}

type unrecorded struct{}

func (unrecorded) RecordEvaluation(metrics.Decision, api.LevelVersion, metrics.Mode, api.Attributes) {
}
func (unrecorded) RecordExemption(api.Attributes)   {}
func (unrecorded) RecordError(bool, api.Attributes) {}
