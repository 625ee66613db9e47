import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { describe, test } from 'node:test'
import { policyFromAllowlist } from '../ima/policy.ts'
import { judgeProgram } from './program.ts'
import { type MeasuredRun, RUN_PCR, readRuns, recordOf, replayRuns } from './record.ts'

const RUN: MeasuredRun = { path: '/usr/bin/env', digest: hash('sha256', 'env'), arguments: ['A=ü"\n', '\x00'] }
const OTHER: MeasuredRun = { ...RUN, arguments: [] }
const BANKS = ['sha1', 'sha256', 'sha384'] as const
const lineOf = (run: MeasuredRun, pcr = RUN_PCR) => recordOf(run, pcr, BANKS).line

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
      assert.deepEqual(replayRuns(records.slice(0, 1), bank, RUN_PCR), first)
    }
  })

  test('the order of runs is in the PCR, and runs in another PCR are not', () => {
    const [there, back] = [readRuns(lineOf(RUN) + lineOf(OTHER)), readRuns(lineOf(OTHER) + lineOf(RUN))]
    assert.notDeepEqual(replayRuns(there, 'sha256', RUN_PCR), replayRuns(back, 'sha256', RUN_PCR))
    assert.deepEqual(
      replayRuns(readRuns(lineOf(RUN) + lineOf(OTHER, 15)), 'sha256', RUN_PCR),
      replayRuns(readRuns(lineOf(RUN)), 'sha256', RUN_PCR),
    )
    assert.equal(replayRuns(there, 'sha512', RUN_PCR), undefined)
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
