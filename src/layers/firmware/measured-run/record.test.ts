import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { describe, test } from 'node:test'
import { policyFromAllowlist } from '../ima/policy.ts'
import { faultOf, judgeProgram } from './program.ts'
import { linesBeside, type MeasuredRun, RUN_PCR, readRuns, recordOf } from './record.ts'
import { walkRuns } from './replay.ts'
import { checkPrograms, verifyRuns } from './verify.ts'

const RUN: MeasuredRun = { path: '/usr/bin/env', digest: hash('sha256', 'env'), arguments: ['A=ü"\n', '\x00'] }
const OTHER: MeasuredRun = { ...RUN, arguments: [] }
const BANKS = ['sha1', 'sha256', 'sha384'] as const
const lineOf = (run: MeasuredRun, pcr = RUN_PCR) => recordOf(run, pcr, BANKS).line

const pcrAfter = (records: ReturnType<typeof readRuns>) =>
  records.reduce<Buffer>((value, { digests }) => hash('sha256', Buffer.concat([value, digests.get('sha256')!]), 'buffer'), Buffer.alloc(32))

describe('the log of runs', () => {
  test('says what each bank was extended with, and what was run', () => {
    const records = readRuns(lineOf(RUN) + lineOf(OTHER))
    assert.deepEqual(
      records.map(({ run }) => run),
      [RUN, OTHER],
    )
    for (const bank of BANKS) {
      const { digests } = recordOf(RUN, RUN_PCR, BANKS)
      const first = hash(bank, Buffer.concat([Buffer.alloc(digests.get(bank)!.length), digests.get(bank)!]), 'buffer')
      const { reached, attested, pending } = walkRuns(records, bank, RUN_PCR, first)
      assert.deepEqual([reached, attested, pending], [true, records.slice(0, 1), records.slice(1)])
    }
  })

  test('the order of runs is in the PCR, and runs in another PCR are not', () => {
    const there = readRuns(lineOf(RUN) + lineOf(OTHER))
    const back = readRuns(lineOf(OTHER) + lineOf(RUN))
    assert.equal(walkRuns(there, 'sha256', RUN_PCR, pcrAfter(there)).reached, true)
    assert.equal(walkRuns(back, 'sha256', RUN_PCR, pcrAfter(there)).reached, false)
    const mixed = readRuns(lineOf(RUN) + lineOf(OTHER, 15) + lineOf(OTHER))
    assert.equal(walkRuns(mixed, 'sha256', RUN_PCR, pcrAfter(there)).reached, true)
  })

  test('what came after the quote is pending, and a bank that a record lacks leads nowhere', () => {
    const records = readRuns(lineOf(RUN) + lineOf(OTHER))
    for (let count = 0; count <= records.length; count++) {
      const { reached, attested, pending } = walkRuns(records, 'sha256', RUN_PCR, pcrAfter(records.slice(0, count)))
      assert.deepEqual([reached, attested, pending], [true, records.slice(0, count), records.slice(count)])
    }
    assert.deepEqual(walkRuns(records, 'sha512', RUN_PCR, Buffer.alloc(64, 1)), { reached: false, attested: [], pending: records })
    assert.equal(walkRuns(records.slice(1), 'sha256', RUN_PCR, pcrAfter(records)).reached, false)
    assert.equal(walkRuns(records, 'sha256', RUN_PCR, pcrAfter(records).subarray(1)).reached, false)
  })

  test('of another start of the machine is forgotten one PCR at a time, with lines that nobody can read', () => {
    const text = `${lineOf(RUN)}{"pcr":\n${lineOf(OTHER, 14)}${lineOf(OTHER)}`
    assert.equal(linesBeside(text, RUN_PCR), lineOf(OTHER, 14))
    assert.equal(linesBeside('', RUN_PCR), '')
  })

  test('a line that was changed is refused with its number', () => {
    const line = lineOf(RUN)
    const changed = [
      line.replace('/usr/bin/env', '/usr/bin/sh'),
      line.replace(/"digest":"../, '"digest":"00'),
      line.replace('"pcr":13', '"pcr":16'),
      line.replace('sha384', 'sha385'),
      line.replace('sha384', 'sha256'),
      line.replace('thymus-run', 'systemd'),
      line.slice(0, -3),
      'null',
    ]
    for (const each of changed) assert.throws(() => readRuns(`${lineOf(OTHER)}${each}`), { code: 'FORMAT', at: 'line 2' }, each)
  })
})

test('a program is started if the policy knows its digest under its name', () => {
  const policy = policyFromAllowlist(`${RUN.digest}  ${RUN.path}`)
  assert.deepEqual(judgeProgram(RUN, policy), { is: 'allowed' })
  assert.deepEqual(judgeProgram({ ...RUN, path: '/tmp/env' }, policy), { is: 'unknown' })
  assert.deepEqual(judgeProgram({ ...RUN, digest: hash('sha256', 'evil') }, policy), { is: 'changed', known: [RUN.digest] })
})

describe('a log held to a quote', () => {
  const records = readRuns(lineOf(RUN) + lineOf(OTHER) + lineOf(OTHER, 14))
  const quoted = (bank: 'sha1' | 'sha256', values: readonly (readonly [number, Buffer])[]) => ({ bank, values: new Map(values) })
  const verdicts = (of: Parameters<typeof verifyRuns>) => verifyRuns(...of).checks.map(({ verdict }) => verdict.is)
  const both = [
    [RUN_PCR, pcrAfter(records.slice(0, 1))],
    [14, pcrAfter(records.slice(2))],
  ] as const

  test('is genuine where each of its PCRs is', () => {
    const { isGenuine, attested } = verifyRuns(records, quoted('sha256', both))
    assert.deepEqual([isGenuine, attested], [true, [records[0], records[2]]])
    assert.deepEqual(verdicts([records, quoted('sha256', [both[0], [14, Buffer.alloc(32, 1)]])]), ['pass', 'fail'])
    assert.deepEqual(verdicts([records, quoted('sha256', [both[0]])]), ['pass', 'unknown'])
    assert.deepEqual(verdicts([records, undefined]), ['unknown', 'unknown'])
  })

  test('that is empty says that nothing was measured, which the PCR of runs must confirm', () => {
    assert.deepEqual(verdicts([[], quoted('sha256', [[RUN_PCR, Buffer.alloc(32)]])]), ['pass'])
    assert.deepEqual(verdicts([[], quoted('sha256', [both[0]])]), ['fail'])
  })

  test('by SHA-1 alone is not told', () => {
    const one = records.slice(0, 1)
    const value = hash('sha1', Buffer.concat([Buffer.alloc(20), one[0]!.digests.get('sha1')!]), 'buffer')
    assert.deepEqual(verdicts([one, quoted('sha1', [[RUN_PCR, value]])]), ['unknown'])
    assert.deepEqual(verdicts([one, quoted('sha1', [[RUN_PCR, Buffer.alloc(20, 1)]])]), ['fail'])
  })

  test('is judged by name and digest, and names what is another', () => {
    const known = policyFromAllowlist(`${RUN.digest}  ${RUN.path}`)
    assert.equal(checkPrograms(records, known).verdict.is, 'pass')
    assert.equal(checkPrograms(records, undefined).verdict.is, 'unknown')
    const [evil] = readRuns(lineOf({ ...RUN, path: '/tmp/\x1b[2Jevil' }))
    const { verdict, got } = checkPrograms([evil!, evil!, ...records], known)
    assert.deepEqual([verdict.is, got], ['fail', `/tmp/\\u{1b}[2Jevil is sha256:${RUN.digest}, and is no program that is known`])
    assert.match(faultOf({ ...RUN, digest: hash('sha256', 'evil') }, known)!, new RegExp(`and ${RUN.digest} is known`))
  })
})
