# METADATA
# scope: package
# schemas:
#   - input: schema.accept
package doors.accept

deny contains sprintf("%s is outside", [input.object.peer.address]) if {
	not input.object.peer.workload
	not net.cidr_contains("10.0.0.0/8", input.object.peer.address)
}
