# METADATA
# scope: package
# schemas:
#   - input: schema.open
package doors.open

secrets := {"/etc/shadow", "/etc/gshadow"}

deny contains sprintf("%s is not for uid %d", [input.object.path, input.subject.process.user.euid]) if {
	input.object.path in secrets
	input.subject.process.user.euid != 0
}
