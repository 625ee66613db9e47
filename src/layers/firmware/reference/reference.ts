// A boot that is known to be good, as a document: what each register was extended by, and what it may be extended by instead after an update.
// PCR values alone say that something changed, never what; so the measurements are kept, not only their result.
import { z } from 'zod'
import { conform } from '../../../formats/conform.ts'
import type { HashName } from '../../../formats/hash.ts'
import { bootOf } from '../boot/images.ts'
import type { Measurement } from '../boot/measurement.ts'
import { bootState } from '../boot/state.ts'
import type { EventLog } from '../tcg-log/event-log.ts'

const hex = z.string().regex(/^([0-9a-f]{2})+$/)
/** More than any log that is read has. */
const MAX_MEASUREMENTS = 65_536

const platform = z.strictObject({
  firmware: z.string().describe('What the firmware calls its version, or `unknown` where nothing bound says so.'),
  secureBoot: z.boolean().nullable().describe('Null where the log does not say.'),
  vcpus: z.int().positive().optional().describe('Of a virtual machine, whose tables name each of them.'),
})

const measurement = z.strictObject({
  register: z.int().nonnegative(),
  type: z.int().nonnegative().describe('The type of the event.'),
  kind: z.string().describe('What sort of thing was measured.'),
  subject: z.string().describe('What was measured, in words.'),
  allowed: z
    .array(
      z.strictObject({ digest: hex, from: z.string().describe('`recorded`, or the update that brings it.'), text: z.string().optional() }),
    )
    .min(1)
    .describe('Any one of these may be measured here.'),
  volatile: z
    .literal(true)
    .optional()
    .describe('It changes from boot to boot, as a file of counters does: whatever is measured here will do.'),
  data: z.base64().optional().describe('Of a variable of Secure Boot, so that a difference can be told entry by entry.'),
})

export const bootReference = z.strictObject({
  apiVersion: z.literal('thymus.dev/v1'),
  kind: z.literal('BootReference'),
  platform,
  registers: z.enum(['pcr', 'cc']),
  bank: z.enum(['sha1', 'sha256', 'sha384', 'sha512', 'sm3']),
  startupLocality: z.int().min(0).max(255),
  except: z.array(z.int().nonnegative()).optional().describe('Registers that no boot is held to, since they change from boot to boot.'),
  measurements: z.array(measurement).max(MAX_MEASUREMENTS),
})

export type BootReference = z.infer<typeof bootReference>
export type Reference = BootReference['measurements'][number]
export type Platform = BootReference['platform']

const RECORDED = 'recorded'

/** Records a boot. It is believed: hold its log to quoted registers first. */
export function recordBoot(log: EventLog, bank: HashName, vcpus?: number): BootReference {
  const all = bootOf(log, bank)
  return {
    apiVersion: 'thymus.dev/v1',
    kind: 'BootReference',
    platform: platformOf(all, vcpus),
    registers: log.registers,
    bank,
    startupLocality: log.startupLocality,
    measurements: all.map(({ event, kind, subject, digest, text, variable }) => ({
      register: event.register,
      type: event.type,
      kind,
      subject,
      allowed: [{ digest: digest.toString('hex'), from: RECORDED, ...(text !== undefined && { text }) }],
      ...(kind === 'secure-boot' && variable !== undefined && { data: variable.data.toString('base64') }),
    })),
  }
}

/** What the values of a boot depend on although nobody did anything wrong. */
export function platformOf(all: readonly Measurement[], vcpus?: number): Platform {
  const { firmwareVersion, secureBoot } = bootState(all)
  return { firmware: firmwareVersion ?? 'unknown', secureBoot: secureBoot ?? null, ...(vcpus !== undefined && { vcpus }) }
}

/** @throws ThymusError REFERENCE */
export const readReference = (document: unknown): BootReference => conform(bootReference, document, 'REFERENCE')

/** The one that was recorded of such a platform. A number of vCPUs that one of both does not know is no difference. */
export function referenceFor(references: readonly BootReference[], { firmware, secureBoot, vcpus }: Platform): BootReference | undefined {
  return references.find(
    ({ platform: own }) =>
      own.firmware === firmware && own.secureBoot === secureBoot && (own.vcpus === undefined || vcpus === undefined || own.vcpus === vcpus),
  )
}

/** Adds what an update brings to the measurements that it concerns. `digestsOf` gives what may be measured in place of one; nothing where it stays. */
export function allowing(
  reference: BootReference,
  from: string,
  digestsOf: (measurement: Reference) => readonly { readonly digest: Buffer; readonly text?: string }[],
): BootReference {
  return {
    ...reference,
    measurements: reference.measurements.map((each) => {
      const known = new Set(each.allowed.map(({ digest }) => digest))
      const more = digestsOf(each)
        .map(({ digest, text }) => ({ digest: digest.toString('hex'), from, ...(text !== undefined && { text }) }))
        .filter(({ digest }) => !known.has(digest))
      return more.length === 0 ? each : { ...each, allowed: [...each.allowed, ...more] }
    }),
  }
}

/** Takes back what was there before an update, once every machine has it: where the update brought something, only that is left. */
export function settled(reference: BootReference, from: string): BootReference {
  return {
    ...reference,
    measurements: reference.measurements.map((each) => {
      const brought = each.allowed.filter((one) => one.from === from)
      return brought.length === 0 ? each : { ...each, allowed: brought }
    }),
  }
}
