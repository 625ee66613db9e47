# METADATA
# scope: package
# schemas:
#   - input: schema.exec
package doors.exec

deny contains sprintf("%s runs %s, which has no lasting name", [input.subject.workload.name, input.object.path]) if {
	input.object.fileless
}
