# METADATA
# title: What checks say of the claims of AR4SI
# description: >-
#   A claim has the worst of the values that its checks have; one that is unknown leaves it open, however many others passed. Where a check
#   does not pass that all else stands on, as a signature, no claim of the evidence stands.
# scope: package
# schemas:
#   - input: schema.attest
package thymus.ar4si

# `data.thymus.places`: for each code its claim, and the values of pass and fail. `data.attestation.accepted`: codes that the policy takes as
# they are, and why.
place(code) := data.thymus.places[code]

place(code) := data.thymus.noPlace if not data.thymus.places[code]

value(check) := place(check.code).pass if check.verdict.is == "pass"

value(check) := place(check.code).fail if check.verdict.is == "fail"

value(check) := 0 if check.verdict.is == "unknown"

counted contains check if {
	some check in input.object.checks
	not accepted(check)
}

accepted(check) if {
	check.verdict.is != "pass"
	data.attestation.accepted[check.code]
}

values[place(check.code).claim] contains value(check) if some check in counted

values[claim] contains value(check) if {
	some check in counted
	place(check.code).base
	check.verdict.is != "pass"
	some other in counted
	claim := place(other.code).claim
}

vector[claim] := worst(found) if some claim, found in values

worst(found) := max(found) if {
	max(found) >= 32
} else := max(open) if {
	open := {each | some each in found; each < 2}
	count(open) > 0
} else := max(found)

default status := "none"

status := "contraindicated" if {
	some each in vector
	each >= 96
} else := "warning" if {
	some each in vector
	each >= 32
} else := "affirming" if {
	count(vector) > 0
	every each in vector { each >= 2 }
}
