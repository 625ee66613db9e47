# METADATA
# scope: package
# schemas:
#   - input: schema.connect
package doors.connect

deny contains "a shell has no business with the database" if {
	input.object.peer.workload.labels.app == "db"
	input.subject.process.executable in {"/usr/bin/dash", "/usr/bin/bash"}
}
