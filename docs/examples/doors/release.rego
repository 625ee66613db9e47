# METADATA
# scope: package
# schemas:
#   - input: schema.release
package doors.release

deny contains sprintf("%s in %s", [vulnerability.id, vulnerability["package"]]) if {
	some vulnerability in input.object.vulnerabilities
	vulnerability.severity == "critical"
	vulnerability.status == "affected"
}

deny contains "nobody has looked for vulnerabilities" if not input.object.vulnerabilities

deny contains "not signed by the builder" if not signed

signed if {
	some appraisal in input.object.appraisals
	appraisal.type == "signature"
	appraisal.verdict.is == "pass"
	startswith(appraisal.claims.subject, "https://git.example/shop/")
}
