# METADATA
# scope: package
# schemas:
#   - input: schema.admit
package doors.admit

deny contains sprintf("container %s is privileged", [container.name]) if {
	some container in input.request.object.spec.containers
	container.securityContext.privileged
	not "admins" in input.subject.user.groups
}
