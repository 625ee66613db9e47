// Quotes and collateral of every kind, sound and spoilt, are put to dcap-qvl as well: the same are accepted, with the same status and advisories.
// Where the two differ by intent, the scene leaves it out: that library does not look at the identity of the TDX module, at its versions, at
// signatures of revocation lists, at the PCE, nor at XFAM.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { together } from '../../../src/core/verdict.ts'
import { openCollateral, readCollateral } from '../../../src/layers/hardware/dcap/collateral.ts'
import { readQuote } from '../../../src/layers/hardware/dcap/quote.ts'
import { PUBLISHED_STATUSES, type PublishedStatus } from '../../../src/layers/hardware/dcap/tcb-status.ts'
import { type AllowedStatus, validateQuote } from '../../../src/layers/hardware/dcap/validate.ts'
import { QuoteVerifier } from '../../../src/layers/hardware/dcap/verify.ts'
import { NOW, QuoteAuthority } from '../../kit/dcap.ts'

const oracle = await import('@phala/dcap-qvl').catch((error: unknown) => `dcap-qvl is not installed: ${String(error).split('\n')[0]}`)
const authority = new QuoteAuthority()
const verifier = new QuoteVerifier(authority.anchors)
/** Each that can be allowed, for ever. */
const allow = PUBLISHED_STATUSES.filter((status) => status !== 'UpToDate' && status !== 'Revoked').map((status) => ({
  ...{ status: status as AllowedStatus['status'], until: Number.POSITIVE_INFINITY, minEvaluationNumber: 0 },
}))

type Answer = { readonly status: string; readonly advisoryIds: readonly string[] } | undefined

function ours(quote: Buffer, collateral: string, now: number): Answer {
  const opened = openCollateral(readCollateral(collateral), authority.anchors)
  const verified = verifier.verify(readQuote(quote), { now, collateral: opened })
  const checks = [...verified.checks, ...validateQuote(verified, { allow }, now)]
  return together(checks.map(({ verdict }) => verdict)).is === 'pass' ? verified.tcb : undefined
}

function theirs(quote: Buffer, collateral: string, now: number): Answer {
  if (typeof oracle === 'string') return undefined
  try {
    const report = oracle.QuoteVerifier.newWithRootCa(authority.certificates.root).verify(quote, JSON.parse(collateral), now / 1_000)
    return { status: report.status, advisoryIds: [...report.advisory_ids].sort() }
  } catch {
    return undefined
  }
}

const put = (to: object, at: string | number, value: unknown) => void Object.assign(to, { [at]: value })
const DAY = 86_400_000
const shift = fc.constantFrom(-1, 0, 0, 0, 0, 0, 0, 0, 1)
/** Mostly the sound one. */
const mostly = <T>(sound: T, ...others: readonly T[]) =>
  fc.oneof({ arbitrary: fc.constant(sound), weight: 8 }, ...others.map((each) => ({ arbitrary: fc.constant(each), weight: 1 })))

const scene = fc.record({
  form: fc.constantFrom({ version: 3 } as const, { version: 4 } as const, { version: 5 } as const, { version: 5, bodyType: 2 } as const),
  attributes: mostly(0, 0x01, 0x02, 0x04),
  septVeDisable: mostly(true, false),
  serviceTd: mostly(0, 1),
  components: fc.array(shift, { minLength: 16, maxLength: 16 }),
  tdComponents: fc.array(shift, { minLength: 14, maxLength: 14 }),
  pceSvn: fc.constantFrom(10, 11, 11, 11, 12),
  status: fc.constantFrom(...PUBLISHED_STATUSES),
  qeSvn: fc.constantFrom(3, 4, 4, 5),
  qeStatus: mostly<PublishedStatus>('UpToDate', 'OutOfDate', 'Revoked'),
  qe: mostly('', 'mrsigner', 'isvprodid', 'attributes', 'miscselect', 'report', 'signature', 'binding'),
  signedBy: mostly('', 'tcb_info', 'qe_identity', 'quote'),
  life: mostly(0, -3_650 * DAY, -20 * DAY, 20 * DAY, 3_650 * DAY),
  fmspc: mostly('00906EA10000', '00906EA10001'),
  id: mostly('', 'tcbInfo', 'qeIdentity'),
  revoked: mostly(0, 2, 3, 4),
})

describe('quotes beside dcap-qvl', { skip: typeof oracle === 'string' ? oracle : false }, () => {
  test('get the same answer', () => {
    const seen = { accepted: 0, refused: 0 }
    fc.assert(
      fc.property(scene, (each) => {
        const tee = each.form.version === 3 ? 'SGX' : 'TDX'
        const quote = authority.quote({
          ...each.form,
          body(body) {
            const at = tee === 'SGX' ? 48 : 120
            put(body, at, body[at]! | each.attributes)
            if (tee === 'TDX' && !each.septVeDisable) put(body, 123, 0)
            if (body.length === 648 && each.serviceTd !== 0) put(body, 647, each.serviceTd)
          },
          qeReport(report) {
            report.writeUInt16LE(each.qeSvn, 258)
            if (each.qe === 'report') put(report, 48, report[48]! | 0x02)
            if (each.qe === 'binding') put(report, 320, report[320]! ^ 1)
          },
          ...(each.qe === 'signature' && { pck: authority.signer.key }),
        })
        if (each.signedBy === 'quote') put(quote, 40, quote[40]! ^ 1)
        const collateral = authority.collateral(tee, {
          tcbInfo(info) {
            const [level] = info.tcbLevels
            const components = level!.tcb.sgxtcbcomponents as { svn: number }[]
            for (const [at, by] of each.components.entries()) components[at]!.svn = Math.max(0, components[at]!.svn + by)
            const tdComponents = (level!.tcb.tdxtcbcomponents ?? []) as { svn: number }[]
            for (const [at, component] of tdComponents.entries())
              component.svn = Math.max(0, component.svn + (each.tdComponents[at - 2] ?? 0))
            put(level!.tcb, 'pcesvn', each.pceSvn)
            put(level!, 'tcbStatus', each.status)
            put(level!, 'advisoryIDs', ['INTEL-SA-00007', 'INTEL-SA-00002'])
            put(info, 'fmspc', each.fmspc)
            if (each.id === 'tcbInfo') put(info, 'id', tee === 'SGX' ? 'TDX' : 'SGX')
          },
          qeIdentity(identity) {
            put(identity.tcbLevels[0]!, 'tcbStatus', each.qeStatus)
            if (each.id === 'qeIdentity') put(identity, 'id', tee === 'SGX' ? 'TD_QE' : 'QE')
            if (each.qe === 'mrsigner') put(identity, 'mrsigner', '00'.repeat(32))
            if (each.qe === 'isvprodid') put(identity, 'isvprodid', 9)
            if (each.qe === 'attributes') put(identity, 'attributes', '12000000000000000000000000000000')
            if (each.qe === 'miscselect') put(identity, 'miscselect', '01000000')
          },
          revokedPlatforms: each.revoked === 4 ? [4] : [],
          revokedAuthorities: each.revoked === 2 || each.revoked === 3 ? [each.revoked] : [],
          file: (file) => {
            if (each.signedBy in file) file[each.signedBy] = file[each.signedBy]!.replace('{', '{ ')
          },
        })
        const [own, other] = [ours(quote, collateral, NOW + each.life), theirs(quote, collateral, NOW + each.life)]
        seen[own === undefined ? 'refused' : 'accepted']++
        if (!isByIntel(own, other, each.status, each.qeStatus)) assert.equal(own?.status, other?.status)
        assert.deepEqual(own?.advisoryIds, other?.advisoryIds)
      }),
      { numRuns: 200 },
    )
    assert.ok(seen.accepted > 1 && seen.refused > 10, JSON.stringify(seen))
  })
})

/** Of two statuses that library takes the worse one; Intel's own lets what is out of date keep its need of configuration. */
const isByIntel = (own: Answer, other: Answer, platform: PublishedStatus, qe: PublishedStatus) =>
  own?.status === 'OutOfDateConfigurationNeeded' &&
  other?.status === 'OutOfDate' &&
  qe === 'OutOfDate' &&
  platform.startsWith('Configuration')
