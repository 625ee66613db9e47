# METADATA
# scope: package
# schemas:
#   - input: schema.respond
package doors.respond

deny contains "no replay shows what it would break" if not input.object.proof

deny contains sprintf("it would have denied %d of %d normal events", [proof.denied, proof.replayed]) if {
	proof := input.object.proof
	proof.denied * 10000 > proof.replayed
}

deny contains "it does not stop what was found" if not input.object.proof.stops
