# METADATA
# scope: package
# schemas:
#   - input: schema.bind
package doors.bind

deny contains sprintf("%s/%d is not a port of a web server", [input.object.protocol, input.object.port]) if {
	input.subject.workload.labels.tier == "front"
	not input.object.port in {80, 443, 8080}
}
