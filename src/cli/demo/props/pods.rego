package kubernetes.admission

# METADATA
# title: No container is privileged
deny contains msg if {
	input.request.kind.kind == "Pod"
	some container in input.request.object.spec.containers
	container.securityContext.privileged
	msg := sprintf("容器 %s 不允许以特权模式运行", [container.name])
}

# METADATA
# title: Every Pod says which environment it belongs to
deny contains msg if {
	input.request.kind.kind == "Pod"
	not has_env
	msg := sprintf("Pod %s 缺少标签 env", [input.request.object.metadata.name])
}

has_env if input.request.object.metadata.labels.env
