# METADATA
# scope: package
# schemas:
#   - input: schema.attest
package doors.attest

# Not `== "fail"`: what is unknown is no pass.
deny contains sprintf("%s: %s", [check.code, check.verdict.is]) if {
	some check in input.object.checks
	check.verdict.is != "pass"
}

deny contains "it answers no challenge" if not input.object.nonce
