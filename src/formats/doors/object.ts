// What is asked for: a file, traffic, an artifact, a response.
import { z } from 'zod'
import { SEVERITIES } from '../../core/finding.ts'
import { appraisal, digest } from './appraisal.ts'
import { port, rule, transport } from './rule.ts'
import { workload } from './subject.ts'
import { time } from './time.ts'

const text = z.string()

const file = {
  path: text.describe('From the root of the mount namespace; of a memfd its name, without a slash.'),
  digest: digest.exactOptional().describe('Of its content, where it is known.'),
}

export const image = z.strictObject({
  ...file,
  fileless: z.boolean().describe('It has no lasting name in any directory, or lies in /dev/shm on tmpfs.'),
  forms: z
    .array(z.enum(['unlinked', 'unhashed', 'shm', 'script-fd']))
    .exactOptional()
    .describe('How it is fileless, where the kernel looked.'),
  interpreter: text.exactOptional().describe('What runs it, if it is a script.'),
  arguments: z.array(text).exactOptional().describe('What it is started with, its own name first.'),
})

export const openedFile = z.strictObject({
  ...file,
  access: z
    .array(z.enum(['read', 'write', 'create', 'truncate']))
    .min(1)
    .describe('What is to be done with it.'),
})

const protocol = z.union([transport, z.int().min(0).max(255)])
const listening = {
  protocol: protocol.describe('By its name, or the number that IANA gives it.'),
  port: port.describe('The port that is spoken to; for accept and bind the own one. 0 where there is none.'),
}

export const local = z.strictObject(listening)

export const traffic = z.strictObject({
  ...listening,
  peer: z
    .strictObject({
      workload: workload.exactOptional().describe('Left out for what is no workload of ours.'),
      address: z.union([z.ipv4(), z.ipv6()]).exactOptional().describe('IPv4, or IPv6 as RFC 5952 writes it.'),
      port: port.exactOptional().describe('The port at that end.'),
    })
    .describe('The other end.'),
})

export const artifact = z.strictObject({
  digest: digest.describe('What it is, as `sha256:…`.'),
  names: z.array(text).describe('References by which it was asked for or found.'),
  mediaType: text.exactOptional().describe('As OCI has it.'),
  sbom: z
    .strictObject({
      packages: z
        .array(
          z.strictObject({
            name: text.describe('Its name.'),
            version: text.exactOptional().describe('Its version.'),
            purl: text.exactOptional().describe('Package URL.'),
            licenses: z.array(text).exactOptional().describe('SPDX expressions.'),
          }),
        )
        .describe('What is in it.'),
    })
    .exactOptional()
    .describe('Left out where there is none, which is not the same as an empty one.'),
  vulnerabilities: z
    .array(
      z.strictObject({
        id: text.describe('As `CVE-2026-1234`.'),
        severity: z.enum(SEVERITIES).exactOptional().describe('Left out where nobody has said.'),
        package: text.describe('Package URL of what it is in.'),
        fixed: text.exactOptional().describe('The first version without it.'),
        status: z.enum(['affected', 'not_affected', 'fixed', 'under_investigation']).describe('As VEX has it.'),
      }),
    )
    .exactOptional()
    .describe('Left out where nobody has looked, which is not the same as none.'),
  appraisals: z.array(appraisal).describe('Signatures, provenance, scans.'),
})

export const response = z.strictObject({
  cause: z
    .strictObject({
      id: text.describe('Of the finding.'),
      code: text.describe('Of its kind.'),
      severity: z.enum(SEVERITIES).describe('How urgent it is.'),
    })
    .describe('The finding that is answered.'),
  add: z.array(rule).describe('Rules that would be added.'),
  act: z.enum(['kill', 'pause', 'isolate']).exactOptional().describe('What would be done at once beside them.'),
  undo: text.describe('How it is taken back, in words.'),
  expires: time.describe('It ends then by itself.'),
  proof: z
    .strictObject({
      replayed: z.int().min(0).describe('Recorded events of normal behaviour that were put to the rules.'),
      denied: z.int().min(0).describe('How many of them the rules would have denied.'),
      stops: z.boolean().describe('The rules deny what was found.'),
      since: time.exactOptional().describe('When the record begins.'),
    })
    .exactOptional()
    .describe('What a replay showed; left out where there was none.'),
  state: z.enum(['proposed', 'shadow', 'enforced', 'kept', 'rolled-back', 'expired']).describe('How far it has come.'),
})
