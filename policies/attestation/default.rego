# METADATA
# title: What was shown is affirmed, and nothing else
# description: The policy that is asked where no other is named.
# scope: package
# schemas:
#   - input: schema.attest
package attestation

import data.thymus.ar4si

vector := ar4si.vector

status := ar4si.status
