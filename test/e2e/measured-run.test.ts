// A program that is verified, measured into a TPM and then started.
import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { chmodSync, existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { readPcrs } from '../../src/adapters/linux/tpm/pcrs.ts'
import { Tpm } from '../../src/adapters/linux/tpm/tpm.ts'
import { hashByName } from '../../src/formats/hash.ts'
import { RUN_PCR, readRuns } from '../../src/layers/firmware/measured-run/record.ts'
import { walkRuns } from '../../src/layers/firmware/measured-run/replay.ts'
import { parseEventLog } from '../../src/layers/firmware/tcg-log/event-log.ts'
import { EV } from '../../src/layers/firmware/tcg-log/event-types.table.ts'
import { pcrExtend } from '../../src/layers/hardware/tpm/commands/platform.ts'
import { type Place, placeText } from '../../src/layers/hardware/tpm/place.ts'
import { EMPTY } from '../../src/layers/hardware/tpm/session.ts'
import { certificate, newPair } from '../kit/certificates.ts'
import { thymus } from '../kit/cli.ts'
import { eventLog, linuxBoot } from '../kit/event-log.ts'
import { NONCE } from '../kit/machine.ts'
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

interface EvidenceBundle {
  readonly evidence: readonly { readonly name: string; readonly type: string; readonly parts: Readonly<Record<string, string>> }[]
}

/** The best that the emulator has, which is what is quoted. */
const BANK = 'sha512'

/** What firmware would do. Resolves to its log. */
async function boot(place: Place): Promise<Buffer> {
  const log = eventLog(linuxBoot({ db: [certificate({ subject: 'Maker', key: newPair() })] }), [BANK])
  await using tpm = await Tpm.open(place)
  for (const { register, type, digests } of parseEventLog(log).events)
    if (type !== EV.NO_ACTION) await tpm.run(pcrExtend(register, [{ hash: hashByName(BANK)!.id, digest: digests[0]!.value }]), [EMPTY])
  return log
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

  test('is attested: what ran is recorded, another program is named, and a log that was changed is found out', async (t) => {
    if (!needSwtpm(t)) return
    await using tpm = await startSwtpm()
    const log = await boot(tpm.place)
    const file = (name: string, document: unknown) => {
      writeFileSync(join(folder, name), JSON.stringify(document))
      return join(folder, name)
    }
    const attest = async (command: string, bundle: EvidenceBundle, ...words: string[]) =>
      thymus(['attest', command, file('bundle.json', bundle), ...words], { env })
    const collect = async (): Promise<EvidenceBundle> => {
      const ended = await thymus(['attest', 'collect', '--nonce', NONCE.toString('hex'), '--tpm', placeText(tpm.place), '-o', 'json'], {
        env,
      })
      const { evidence, ...rest } = JSON.parse(ended.stdout)
      // What the host of the test measured is no part of the machine whose TPM this is.
      const own = (evidence as EvidenceBundle['evidence']).filter(({ name }) => name === 'tpm' || name === 'runs')
      return { ...rest, evidence: [...own, { name: 'boot', type: 'tcg-log', parts: { log: log.toString('base64') } }] }
    }
    writeFileSync(programs, `${digest}  ${program}\n${hash('sha256', readFileSync('/bin/true'))}  ${realpathSync('/bin/true')}\n`)
    const before = await collect()
    assert.equal((await run(tpm.place, 'one')).status, 0)
    const good = await collect()
    const recorded = await attest('record', good, '-o', 'json')
    assert.equal(recorded.status, 0, recorded.stderr)
    const document = JSON.parse(recorded.stdout)
    assert.deepEqual(document.runs, [{ program, sha256: digest }])
    const asked = ['--reference', file('reference.json', document), '--nonce', NONCE.toString('hex')]
    const verified = await attest('verify', good, ...asked)
    assert.equal(verified.status, 0, verified.stdout)
    // The quote of before, beside the log of now.
    const [quote] = before.evidence
    assert.equal((await attest('verify', { ...good, evidence: [quote!, ...good.evidence.slice(1)] }, ...asked)).status, 0)
    const other = ['run', '--name', 'other', '--measured', '--programs', programs, '--tpm', placeText(tpm.place), '--', '/bin/true']
    assert.equal((await thymus(other, { env })).status, 0)
    const more = await collect()
    const explained = await attest('explain', more, ...asked)
    assert.equal(explained.status, 2)
    assert.match(explained.stdout, /RUN_PROGRAM/)
    assert.match(explained.stdout, new RegExp(`${realpathSync('/bin/true')} is sha256:`))
    const [at, runs, ...rest] = more.evidence
    const lines = Buffer.from(runs!.parts.log!, 'base64').toString().split('\n')
    const tampered = { ...runs!, parts: { log: Buffer.from(`${lines[0]}\n`).toString('base64') } }
    for (const evidence of [
      [at!, tampered, ...rest],
      [at!, ...rest],
    ]) {
      const { status, stdout } = await attest('explain', { ...good, evidence }, ...asked)
      assert.equal(status, 2)
      assert.match(stdout, /TCG_UNLOGGED/)
    }
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
