import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { changed, type MachineRequest, machine, NONCE, NOW } from '../../../test/kit/machine.ts'
import type { Bundle } from '../../formats/evidence/bundle.ts'
import { compilePolicy } from '../../lang/rego/policy.ts'
import { type MeasuredRun, recordOf } from '../../layers/firmware/measured-run/record.ts'
import { verifyBoot, verifyGuestBoot } from '../measured-boot/verify-boot.ts'
import { appraise } from './appraise.ts'
import { appraisalPolicy } from './policy.ts'
import { referenceOf } from './record.ts'
import { readReference } from './reference.ts'
import { appraisers } from './technologies/appraisers.ts'

const POLICIES = join(import.meta.dirname, '../../../policies/attestation')
const sources = Object.fromEntries(['ar4si.rego', 'default.rego'].map((file) => [file, readFileSync(join(POLICIES, file), 'utf8')]))
const verifier = {
  appraisers: appraisers({ toQuote: verifyBoot, toGuest: verifyGuestBoot }),
  policy: appraisalPolicy('test', sources, compilePolicy, { now: 0n, clock: () => 0, random: () => 0 }),
  context: { mode: 'enforce' },
  validFor: 1000,
} as const

const runOf = (path: string, content = path): MeasuredRun => ({ path, digest: hash('sha256', content), arguments: ['--now'] })
const [JOB, TOOL, EVIL] = [runOf('/usr/bin/job'), runOf('/usr/bin/tool'), runOf('/tmp/evil')]
const ran = (runs: readonly MeasuredRun[], more: MachineRequest = {}) => machine({ runs, ...more })
const REFERENCE = readReference(JSON.parse(JSON.stringify(referenceOf(ran([JOB, TOOL, JOB]), NOW))))
const judged = (bundle: Bundle, reference = REFERENCE) => appraise(bundle, { now: NOW, nonce: NONCE, reference }, verifier)

/** Each submodule with its status and the codes that did not pass, `CODE?` where unknown. */
const told = (bundle: Bundle, reference = REFERENCE) =>
  Object.fromEntries(
    judged(bundle, reference).submodules.map(({ name, status, checks }) => {
      const faults = checks.flatMap(({ code, verdict }) => (verdict.is === 'pass' ? [] : [verdict.is === 'fail' ? code : `${code}?`]))
      return [name, [status, ...faults].join(' ')]
    }),
  )
const without = ({ evidence, ...rest }: Bundle, name: string): Bundle => ({
  ...rest,
  evidence: evidence.filter((each) => each.name !== name),
})
const good = { tpm: 'affirming', boot: 'affirming', ima: 'affirming', runs: 'affirming' }
const forged = (runs: readonly MeasuredRun[]) => Buffer.from(runs.map((run) => recordOf(run, 13, ['sha256']).line).join(''))

describe('a machine that started measured programs', () => {
  test('is affirmed with those of its reference, which records each once', () => {
    assert.deepEqual(REFERENCE.runs, [
      { program: JOB.path, sha256: JOB.digest },
      { program: TOOL.path, sha256: TOOL.digest },
    ])
    for (const runs of [[JOB], [TOOL, TOOL, JOB], []]) assert.deepEqual(told(ran(runs)), good)
    assert.equal(judged(ran([JOB])).status, 'affirming')
    assert.deepEqual(told(ran([JOB], { runPcr: 12 })), good)
  })

  test('is not affirmed with another program, which is named', () => {
    for (const [run, said] of [
      [EVIL, `/tmp/evil is sha256:${EVIL.digest}, and is no program that is known`],
      [runOf(JOB.path, 'another'), `/usr/bin/job is sha256:${hash('sha256', 'another')}, and ${JOB.digest} is known`],
    ] as const) {
      const bundle = ran([JOB, run, JOB])
      assert.deepEqual(told(bundle), { ...good, runs: 'warning RUN_PROGRAM' })
      assert.deepEqual(judged(bundle).submodules.find(({ name }) => name === 'runs')!.differences, [said])
    }
    const { runs: _, ...unasked } = REFERENCE
    assert.deepEqual(told(ran([JOB]), unasked), { ...good, runs: 'none RUN_PROGRAM?' })
  })

  test('fails with a log that is forged, cut short or not there', () => {
    const bundle = ran([JOB, EVIL])
    for (const runs of [[JOB, TOOL], [EVIL, JOB], [JOB], [EVIL], []]) {
      const { boot, runs: said } = told(changed(bundle, 'runs', { log: forged(runs) }))
      assert.match(boot!, /^\w+ TCG_UNLOGGED$/)
      assert.equal(said, 'contraindicated RUN_REPLAY')
    }
    assert.match(told(without(bundle, 'runs')).boot!, /^\w+ TCG_UNLOGGED$/)
    const broken = told(changed(bundle, 'runs', { log: forged([JOB, EVIL]).subarray(0, -9) }))
    assert.match(broken.boot!, /^\w+ TCG_UNLOGGED$/)
    assert.match(broken.runs!, /^\w+ ATTEST_FORMAT$/)
  })

  test('must present its log, whatever registers it has quoted', () => {
    const hidden = without(ran([EVIL], { quoted: (pcr) => pcr !== 13 }), 'runs')
    assert.deepEqual(told(hidden), { tpm: 'affirming', boot: 'affirming', ima: 'affirming', 'missing:runs': 'none ATTEST_PRESENTED?' })
    const empty = changed(ran([EVIL], { quoted: (pcr) => pcr !== 13 }), 'runs', { log: Buffer.alloc(0) })
    assert.match(told(empty).runs!, /^none RUN_REPLAY\?/)
  })

  test('is affirmed where systemd separated the register before the first of them', () => {
    const separated = (word: string) => ({ extended: new Map([[13, word]]) })
    for (const runs of [[], [JOB, TOOL]]) assert.deepEqual(told(ran(runs, separated('os-separator'))), good)
    assert.deepEqual(told(ran([JOB, EVIL], separated('os-separator'))).runs, 'warning RUN_PROGRAM')
    assert.match(told(ran([JOB], separated('another'))).runs!, /RUN_REPLAY/)
  })

  test('is not judged by what came after the quote, and does not record it', () => {
    const bundle = ran([JOB, EVIL], { unquoted: 1 })
    assert.deepEqual(told(bundle), good)
    assert.deepEqual(referenceOf(bundle, NOW).runs, [{ program: JOB.path, sha256: JOB.digest }])
    assert.deepEqual(told(ran([EVIL], { unquoted: 1 })), good)
  })

  test('accounts by its log for no register into which it measured nothing', () => {
    // After the start, 17 is all ones.
    const launched = { pcrs: new Map([[17, Buffer.alloc(32)]]) }
    for (const runs of [[], [JOB]]) assert.ok(told(ran(runs, launched)).boot!.endsWith('TCG_UNLOGGED'))
  })

  test('is told nothing by a log without a quote', () => {
    const alone = without(ran([JOB]), 'tpm')
    assert.equal(told(alone).runs, 'none ATTEST_QUOTED? RUN_REPLAY?')
    assert.deepEqual(referenceOf(alone, NOW).runs, [])
  })

  test('fails where the boot measured into the same register', () => {
    assert.match(told(ran([JOB], { runPcr: 9 })).runs!, /RUN_REPLAY/)
  })
})
