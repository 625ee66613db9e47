// A program that is verified, measured into a TPM and then started.
import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { readPcrs } from '../../src/adapters/linux/tpm/pcrs.ts'
import { Tpm } from '../../src/adapters/linux/tpm/tpm.ts'
import { hashByName } from '../../src/formats/hash.ts'
import { RUN_PCR, readRuns } from '../../src/layers/firmware/measured-run/record.ts'
import { walkRuns } from '../../src/layers/firmware/measured-run/replay.ts'
import { type Place, placeText } from '../../src/layers/hardware/tpm/place.ts'
import { thymus } from '../kit/cli.ts'
import { needSwtpm, startSwtpm } from '../kit/swtpm.ts'

const folder = mkdtempSync(join(tmpdir(), 'thymus-measured-'))
after(() => rmSync(folder, { recursive: true }))
const [program, programs, proof] = ['job', 'programs', 'proof'].map((name) => join(folder, name)) as [string, string, string]
writeFileSync(program, `#!/bin/sh\necho "$1" > ${proof}\n`)
chmodSync(program, 0o755)
const digest = hash('sha256', readFileSync(program))

const env = { ...process.env, THYMUS_HOME: join(folder, 'home') }
const run = (place: Place, ...words: string[]) =>
  thymus(['run', '--name', 'job', '--measured', '--programs', programs, '--tpm', placeText(place), '--', program, ...words], { env })

async function pcr(place: Place): Promise<Buffer> {
  await using tpm = await Tpm.open(place)
  return (await readPcrs(tpm, [{ hash: hashByName('sha256')!.id, size: 3, pcrs: [RUN_PCR] }])).get('sha256')!.get(RUN_PCR)!
}

describe('thymus run --measured', () => {
  test('starts what the policy knows, and the log leads to the PCR', async (t) => {
    if (!needSwtpm(t)) return
    await using tpm = await startSwtpm()
    writeFileSync(programs, `${digest}  ${program}\n`)
    for (const word of ['one', 'two']) assert.equal((await run(tpm.place, word)).status, 0)
    assert.equal(readFileSync(proof, 'utf8'), 'two\n')
    const records = readRuns(readFileSync(join(folder, 'home/run/measured-runs.log'), 'utf8'))
    assert.deepEqual(
      records.map(({ run }) => run),
      ['one', 'two'].map((word) => ({ path: program, digest, arguments: [word] })),
    )
    assert.deepEqual(walkRuns(records, 'sha256', RUN_PCR, await pcr(tpm.place)), { reached: true, attested: records, pending: [] })
  })

  test('starts nothing that is another, or that nobody knows, and extends nothing then', async (t) => {
    if (!needSwtpm(t)) return
    await using tpm = await startSwtpm()
    rmSync(proof, { force: true })
    for (const [text, said] of [
      [`${hash('sha256', 'another')}  ${program}\n`, /is sha256:[0-9a-f]{64}, and [0-9a-f]{64} is known/],
      [`${digest}  /usr/bin/other\n`, /is no program that is known/],
    ] as const) {
      writeFileSync(programs, text)
      const { status, stderr } = await run(tpm.place, 'never')
      assert.equal(status, 1)
      assert.match(stderr, said)
    }
    assert.equal(existsSync(proof), false)
    assert.deepEqual(await pcr(tpm.place), Buffer.alloc(32))
  })

  test('starts nothing where there is no TPM', async () => {
    writeFileSync(programs, `${digest}  ${program}\n`)
    const { status, stderr } = await run({ kind: 'unix', path: join(folder, 'nothing') }, 'never')
    assert.equal(status, 1)
    assert.match(stderr, /TPM_ABSENT/)
    assert.equal(existsSync(proof), false)
  })
})
