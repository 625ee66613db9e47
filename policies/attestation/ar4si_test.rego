package thymus.ar4si_test

import data.thymus.ar4si

places := {
	"SIGNATURE": {"claim": "hardware", "pass": 2, "fail": 99, "base": true},
	"FRESH": {"claim": "hardware", "fail": 99, "base": true},
	"BOOT": {"claim": "executables", "pass": 3, "fail": 33},
	"FILES": {"claim": "executables", "pass": 2, "fail": 96},
	"OPTIONS": {"claim": "configuration", "pass": 2, "fail": 32},
}

none := {"claim": "hardware", "fail": 96, "base": true}

checks(verdicts) := {"object": {"checks": [check |
	some code, is in verdicts
	check := {"code": code, "verdict": {"is": is}}
]}}

answer(verdicts) := {"vector": vector, "status": status} if {
	vector := ar4si.vector with input as checks(verdicts) with data.thymus.places as places with data.thymus.noPlace as none
	status := ar4si.status with input as checks(verdicts) with data.thymus.places as places with data.thymus.noPlace as none
}

good := {"SIGNATURE": "pass", "FRESH": "pass", "BOOT": "pass", "OPTIONS": "pass"}

test_all_passed if answer(good) == {"vector": {"hardware": 2, "executables": 3, "configuration": 2}, "status": "affirming"}

test_nothing_was_looked_at if answer({}) == {"vector": {}, "status": "none"}

test_one_fail_is_the_claim if {
	answer(object.union(good, {"OPTIONS": "fail"})) == {"vector": {"hardware": 2, "executables": 3, "configuration": 32}, "status": "warning"}
}

test_the_worst_fail_is_the_status if {
	got := answer(object.union(good, {"OPTIONS": "fail", "BOOT": "fail", "FILES": "fail"}))
	got == {"vector": {"hardware": 2, "executables": 96, "configuration": 32}, "status": "contraindicated"}
}

test_one_unknown_leaves_the_claim_open if {
	answer(object.union(good, {"FILES": "unknown"})) == {"vector": {"hardware": 2, "executables": 0, "configuration": 2}, "status": "none"}
}

test_without_a_signature_nothing_stands if {
	got := answer(object.union(good, {"SIGNATURE": "fail"}))
	got == {"vector": {"hardware": 99, "executables": 99, "configuration": 99}, "status": "contraindicated"}
}

test_a_signature_that_is_not_known_affirms_nothing if {
	got := answer(object.union(good, {"FRESH": "unknown"}))
	got == {"vector": {"hardware": 0, "executables": 0, "configuration": 0}, "status": "none"}
}

test_a_check_without_a_place_takes_all if {
	got := answer(object.union(good, {"STRANGE": "fail"}))
	got == {"vector": {"hardware": 96, "executables": 96, "configuration": 96}, "status": "contraindicated"}
}

test_what_is_accepted_is_not_counted if {
	got := answer(object.union(good, {"FRESH": "unknown", "OPTIONS": "fail"})) with data.attestation.accepted as {"FRESH": "why", "OPTIONS": "why"}
	got == {"vector": {"hardware": 2, "executables": 3}, "status": "affirming"}
}
